//! The space on disk that the files of a session's runs take: counted, and kept within a budget.
//!
//! If a run needs room, the files of runs that have ended go, those of the oldest run first. If that is not enough, the run
//! gets none.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::SpillFolder;
use crate::{render::Files, run::RunId};

/// The folders of a session's runs, the oldest run first.
#[derive(Debug, Default)]
pub(crate) struct SpillSpace(Mutex<BTreeMap<RunId, Weak<SpillFolder>>>);

impl SpillSpace {
    /// Counts `bytes` for a folder if all files together, those included, take no more than its limits say; deletes the
    /// files of other runs for that. Blocking.
    pub(super) fn take(&self, folder: &Arc<SpillFolder>, bytes: u64) -> bool {
        let most = folder.limits.files;
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folders.entry(folder.run).or_insert_with(|| Arc::downgrade(folder));
        // What is upgraded here may be the last holder of a folder by the end; its drop does not come back here.
        let all: Vec<Arc<SpillFolder>> = folders.values().filter_map(Weak::upgrade).collect();
        folders.retain(|_, folder| folder.strong_count() > 0);
        let mut total = all.iter().map(|folder| folder.usage().bytes).fold(bytes, u64::saturating_add);
        for other in all.iter().filter(|other| !Arc::ptr_eq(other, folder)) {
            if total <= most {
                break;
            }
            total = total.saturating_sub(other.discard_if_idle());
        }
        let fits = total <= most;
        if fits {
            folder.usage().bytes += bytes;
        }
        fits
    }
}

/// What a run's files take, and who needs them.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Bytes of its files.
    pub(super) bytes: u64,
    /// Whether the run has ended.
    pub(super) is_over: bool,
    /// How many are about to read the files.
    pub(super) readers: usize,
    /// What they hold of the text that is not in memory.
    pub(super) hold: Files,
}

/// Keeps a run's files from being deleted to make room.
#[derive(Debug)]
pub(crate) struct Reading(pub(super) Arc<SpillFolder>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.usage().readers -= 1;
    }
}

pub(super) fn lock(usage: &Mutex<Usage>) -> MutexGuard<'_, Usage> {
    usage.lock().unwrap_or_else(PoisonError::into_inner)
}
