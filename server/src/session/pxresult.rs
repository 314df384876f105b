//! What a `%pxresult` shows, and what is left of earlier runs: values that the session tells its faces.

use std::sync::Arc;

use super::{CellId, RunHandle};

/// The run that a `%pxresult` shows, or would show, and where that came from.
#[derive(Clone, Debug)]
pub(crate) struct Recall {
    /// The run.
    pub run: Arc<RunHandle>,
    /// Where its cell stands now, seen from the `%pxresult`: `line 12`, `line 1 of cell 3`.
    pub place: String,
    /// Where that is not the nearest px cell of its suffix above: which that is, and why not.
    pub hint: Option<String>,
}

impl Recall {
    /// One line that names the cell: `result of line 12: %%px -t 0,2`.
    pub(crate) fn line(&self) -> String {
        let title = self.run.title.trim();
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("result of {}: {title}{hint}", self.place)
    }
}

/// A `%pxresult` that was run.
#[derive(Clone, Debug)]
pub(crate) struct Recalled {
    /// Its own cell.
    pub cell: CellId,
    /// What it shows.
    pub run: Arc<RunHandle>,
}

/// A run of the history.
#[derive(Clone, Debug)]
pub(crate) struct PastRun {
    /// The run.
    pub run: Arc<RunHandle>,
    /// The name that `-o` gave it, the newest if there were several.
    pub name: Option<String>,
}
