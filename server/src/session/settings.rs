//! The session's settings, whether they come from an editor or from flags of the shell.

use std::{path::PathBuf, sync::Arc};

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    render::GroupBy,
};

/// How many engines a started cluster gets by default.
pub(crate) const DEFAULT_ENGINES: u32 = 4;

/// The settings of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The Python that starts clusters; `None` for the project's.
    pub python: Option<PathBuf>,
    /// Which cluster to use; by default the one that is running.
    pub cluster: Selection,
    /// Whether connection files are used that are somebody else's, or that others can read.
    pub shared_connection_files: bool,
    /// How many engines a started cluster gets; `None` if the user does not say.
    pub engines: Option<u32>,
    /// How outputs are grouped if the cell does not say.
    pub group_by: GroupBy,
    /// Views that no line of a document makes, or that pxlens cannot read from it.
    pub views: Arc<Views>,
    /// The format that scripts are read in; `None` if pxlens decides for each.
    pub format: Option<Format>,
    /// The project's folder: its Python is looked for here, and engines start here.
    pub folder: PathBuf,
    /// How much output is kept.
    pub limits: Limits,
    /// Where named results are kept; `None` for the user's state folder.
    pub results: Option<PathBuf>,
}

/// How much output is kept in memory, and in files what is more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of text per engine of a run.
    pub engine_text: usize,
    /// Bytes of text per run; each engine has an equal share.
    pub run_text: usize,
    /// Bytes of output of all finished runs; beyond that the oldest runs are dropped.
    pub history: usize,
    /// Bytes of the files of all runs. For more, the files of the oldest finished runs make room.
    pub files: u64,
    /// The folder for the files; `None` for the user's cache folder.
    pub folder: Option<PathBuf>,
}

impl Limits {
    /// No limits, for a process that passes output on as it arrives.
    pub(crate) const NONE: Self = Self {
        engine_text: usize::MAX,
        run_text: usize::MAX,
        history: usize::MAX,
        files: u64::MAX,
        folder: None,
    };

    /// Bytes of text that each of this many engines may have.
    pub(super) fn of_engine(&self, engines: usize) -> usize {
        // With less than a screen of text, nobody could see what happened.
        self.engine_text.min(self.run_text / engines.max(1)).max(4096.min(self.engine_text))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            engine_text: 1_000_000,
            run_text: 64_000_000,
            history: 256_000_000,
            files: 1_000_000_000,
            folder: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            cluster: Selection::default(),
            shared_connection_files: false,
            engines: None,
            group_by: GroupBy::Fold,
            views: Arc::default(),
            format: None,
            folder: PathBuf::from("."),
            limits: Limits::default(),
            results: None,
        }
    }
}
