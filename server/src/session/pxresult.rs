//! What a `%pxresult` shows, and the runs of the history, as values for faces.

use std::sync::Arc;

use super::{CellId, RunHandle};

/// The run that a `%pxresult` shows or would show, and the cell it came from.
#[derive(Clone, Debug)]
pub(crate) struct ResultSource {
    pub run: Arc<RunHandle>,
    /// Where its cell is now, seen from the `%pxresult`: `line 12`, `cell 3, line 1`.
    pub place: String,
    /// If that is not the nearest px cell of its suffix above: which cell that is, and why it is not the one shown.
    pub hint: Option<String>,
}

impl ResultSource {
    /// One line that names the cell: `result of line 12: %%px -t 0,2`.
    pub(crate) fn line(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("result of {}: {}{hint}", self.place, self.run.magic_line)
    }
}

/// A `%pxresult` that was run.
#[derive(Clone, Debug)]
pub(crate) struct ShownResult {
    /// The cell of the `%pxresult`.
    pub cell: CellId,
    /// The run that it shows.
    pub run: Arc<RunHandle>,
}
