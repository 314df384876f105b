//! What a user can set, however a face reads it: editor settings or shell flags.

use std::{path::PathBuf, sync::Arc};

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    render::GroupBy,
};

/// What a user can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The Python that starts clusters; `None`: the project's.
    pub python: Option<PathBuf>,
    /// Which cluster; nothing set: the one that runs.
    pub cluster: Selection,
    /// How many engines a started cluster gets.
    pub engines: u32,
    /// How outputs are grouped where the cell does not say.
    pub group_by: GroupBy,
    /// Views that no line of a document makes, or that cannot be read.
    pub views: Arc<Views>,
    /// The format that scripts are read in; `None`: the one each seems to be in.
    pub format: Option<Format>,
    /// Where the project lies: where its Python is looked for, and where engines start.
    pub folder: PathBuf,
    /// How much of what engines write is kept in memory.
    pub limits: Limits,
    /// Where named results are kept; `None`: in the user's state folder.
    pub results: Option<PathBuf>,
}

/// How much of what engines write is kept in memory; the rest is in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of text per engine of a run.
    pub engine_text: usize,
    /// Bytes of text per run; each engine has an equal share.
    pub run_text: usize,
    /// Bytes of what engines gave in all runs that are over; the oldest are forgotten beyond it.
    pub history: usize,
    /// Where the files are put; `None`: in the user's cache folder.
    pub folder: Option<PathBuf>,
}

impl Limits {
    /// All is kept in memory: for a process that passes output on as it comes.
    pub(crate) const NONE: Self =
        Self { engine_text: usize::MAX, run_text: usize::MAX, history: usize::MAX, folder: None };

    /// Bytes of text that one of so many engines may have.
    pub(super) fn of_engine(&self, engines: usize) -> usize {
        // Less than a screen would not show what happened.
        self.engine_text.min(self.run_text / engines.max(1)).max(4096.min(self.engine_text))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { engine_text: 1_000_000, run_text: 64_000_000, history: 256_000_000, folder: None }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            cluster: Selection::default(),
            engines: 4,
            group_by: GroupBy::Fold,
            views: Arc::default(),
            format: None,
            folder: PathBuf::from("."),
            limits: Limits::default(),
            results: None,
        }
    }
}
