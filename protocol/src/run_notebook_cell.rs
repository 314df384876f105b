//! `px/runNotebookCell`: runs a cell of a notebook whose kernel is the engines.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{JsonSchema, NotRun, NotebookOutput, ShownResult, StartedRun, TS};

message! {
    /// Runs a code cell of a synchronised notebook, for a client that offers the engines as the notebook's kernel.
    ///
    /// * A cell with px magics runs its px lines, as with [`px/run`](#run).
    /// * A plain cell that looks like set-up is not sent, but only read for views, like the rest of the document. It is set-up if, outside of
    ///   functions and classes, it imports `ipyparallel`; calls `Client(…)`, `Cluster(…)`, `….activate(…)` or anything else that makes a client or
    ///   view; takes a part of a client, as `rc[…]` does; sets `….block`; or uses a client or view that was made in the notebook
    ///   (`dview.targets = [0]`).
    /// * Any other plain cell runs on all engines. From then on, as long as it is such a cell, it is a px cell with the `magic` `plain`: it
    ///   has a result, a hover, diagnostics and a history, and `px/interrupt` stops it. It has no lens, and [`px/run`](#run) with scope `above`,
    ///   `below` or `all` does not run it.
    ///
    /// The answer comes at the same time as that of `px/run`. The client then shows the outputs of the `runs` and of those in `shownResults`, in the order of
    /// the cell, which it gets from [`px/notebookOutputs`](#notebook-outputs), and below them the `notes`.
    ///
    /// **Example:** a plain cell.
    ///
    /// ```json
    /// { "method": "px/runNotebookCell", "params": { "uri": "vscode-notebook-cell:/home/ada/tour.ipynb#W1sZmlsZQ%3D%3D" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "runs": [{ "run": 7, "cell": "c2", "engines": [0, 1, 2, 3] }],
    ///     "shownResults": [], "notRun": [], "failed": false, "localLines": 0, "ranOn": "[0-3]", "waits": true, "notes": []
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** a cell that makes a view.
    ///
    /// ```json
    /// { "method": "px/runNotebookCell", "params": { "uri": "vscode-notebook-cell:/home/ada/tour.ipynb#W0sZmlsZQ%3D%3D" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "runs": [], "shownResults": [], "notRun": [], "failed": false, "localLines": 2, "setUp": 1, "waits": true,
    ///     "notes": [
    ///       { "items": [{ "mime": "text/plain", "data": "Set-up code because of line 2: pxlens reads it for views and does not send it to the engines" }] }
    ///     ]
    ///   }
    /// }
    /// ```
    request RunNotebookCell "px/runNotebookCell" client_to_server (RunNotebookCellParams) -> RunNotebookCellResult
}

/// Which cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunNotebookCellParams {
    /// The cell's own URI, in a notebook that is synchronised.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
}

/// Which parts of the cell run, and which do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunNotebookCellResult {
    /// The runs, in order.
    pub runs: Vec<StartedRun>,
    /// The `%pxresult` lines, and the run that each shows.
    pub shown_results: Vec<ShownResult>,
    /// What does not run, and why.
    pub not_run: Vec<NotRun>,
    /// Whether any of that was supposed to run but cannot. A line that only sets something is not.
    pub failed: bool,
    /// How many lines of ordinary Python beside the px lines did not run.
    pub local_lines: u32,
    /// For a plain cell that was not sent: the 0-based line that makes it set-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub set_up: Option<u32>,
    /// For a plain cell that was sent: the engines as a rank set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ran_on: Option<String>,
    /// Whether the next cell waits for this one; `false` if all of it is `--noblock`.
    pub waits: bool,
    /// What to show below the outputs of the runs: which lines did not run, and why.
    pub notes: Vec<NotebookOutput>,
}
