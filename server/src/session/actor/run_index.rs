//! The index of runs: which runs the session keeps, and where they are shown.

use std::{
    collections::{BTreeMap, HashMap},
    ops::{Deref, DerefMut},
    sync::Arc,
};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    render::GroupBy,
    run::RunId,
    session::{CellId, Only, RunHandle, RunRecord, Runs, Whereabouts, run_task::Dispatch},
};

/// The runs, with the value in which they are shared with faces. Changing the runs drops that value; the next snapshot makes
/// a new one. So what comes with each keystroke must not change them.
#[derive(Default)]
pub(super) struct RunIndex {
    entries: RunEntries,
    shared: Option<Arc<Runs>>,
}

/// The runs that are kept.
#[derive(Default)]
pub(super) struct RunEntries {
    pub(super) runs: BTreeMap<RunId, RunEntry>,
    /// What each `%pxresult` that was run shows.
    pub(super) shown_by: HashMap<CellId, RunId>,
    /// The newest run of each name.
    pub(super) named: BTreeMap<String, RunId>,
}

/// What the session knows of a run.
pub(super) struct RunEntry {
    pub(super) handle: Arc<RunHandle>,
    /// Where its cell is.
    pub(super) at: watch::Sender<Whereabouts>,
    /// Where it is said what becomes of it; `None` once it was said.
    pub(super) dispatch: Option<oneshot::Sender<Dispatch>>,
    /// The part of an earlier run's engines that it is for.
    pub(super) only: Option<Only>,
    /// If its first engine runs it before the others: cancelled when the others must not follow.
    pub(super) canary: Option<CancellationToken>,
    pub(super) over: bool,
    /// Whether its result was cleared.
    pub(super) dismissed: bool,
    /// Whether the user asked to see it, if it is a non-blocking run.
    pub(super) revealed: bool,
    /// How the user wants it grouped.
    pub(super) regroup: watch::Sender<Option<GroupBy>>,
    /// The names that `-o` gave it, the newest last.
    pub(super) names: Vec<String>,
    /// The size of its output when it was last written under its names.
    pub(super) kept: usize,
    /// About how many bytes of memory it takes, once it is over.
    pub(super) bytes: usize,
    /// A task that ends when the run's task has ended.
    pub(super) task: Option<JoinHandle<()>>,
}

impl RunIndex {
    /// The runs, as they are shared with faces.
    pub(super) fn shared(&mut self) -> Arc<Runs> {
        let record = |entry: &RunEntry| RunRecord {
            handle: Arc::clone(&entry.handle),
            name: entry.names.last().cloned(),
            revealed: entry.revealed,
            dismissed: entry.dismissed,
        };
        let make = || {
            Arc::new(Runs {
                records: self.entries.runs.iter().map(|(id, entry)| (*id, record(entry))).collect(),
                shown_by: self.entries.shown_by.clone(),
                named: self.entries.named.clone(),
            })
        };
        Arc::clone(self.shared.get_or_insert_with(make))
    }
}

impl Deref for RunIndex {
    type Target = RunEntries;

    fn deref(&self) -> &RunEntries {
        &self.entries
    }
}

impl DerefMut for RunIndex {
    fn deref_mut(&mut self) -> &mut RunEntries {
        self.shared = None;
        &mut self.entries
    }
}
