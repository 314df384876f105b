//! `px/runNotebookCell`: run a cell of a notebook whose kernel are the engines.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{JsonSchema, NotRun, NotebookOutput, RecalledRun, StartedRun, TS};

message! {
    /// Runs a code cell of a synchronised notebook, for a client that offers the engines as the notebook's kernel. A cell with px magics runs
    /// its px lines, as with [`px/run`](#run). A plain cell that reads as set-up is not sent: it imports `ipyparallel`, calls `Client(…)`,
    /// `Cluster(…)`, `….activate(…)` or what else makes a client or view, takes a part of a client as `rc[…]` does, sets `….block`, or uses a
    /// client or view that was made in the notebook (`dview.targets = [0]`), outside of functions and classes. It is read for views, as all of a document is. Any other plain cell runs on all engines. From then on it is a px
    /// cell as long as it reads so, with `plain` as its `magic`: it has a result, a hover, diagnostics and a history, and `px/interrupt` stops it; but neither a lens, nor a
    /// part in [`px/run`](#run) with scope `above`, `below` or `all`.
    ///
    /// The answer comes as that of `px/run` does. What the cell shows are the outputs of the `runs` and `recalled` runs, in the order of the
    /// cell, which [`px/notebookOutputs`](#notebook-outputs) gives, and below them `notes`.
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
    ///     "recalled": [], "notRun": [], "failed": false, "localLines": 0, "ranOn": "[0-3]", "waits": true, "notes": []
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** one that makes a view.
    ///
    /// ```json
    /// { "method": "px/runNotebookCell", "params": { "uri": "vscode-notebook-cell:/home/ada/tour.ipynb#W0sZmlsZQ%3D%3D" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "runs": [], "recalled": [], "notRun": [], "failed": false, "localLines": 2, "setUp": 1, "waits": true,
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

/// What became of the cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunNotebookCellResult {
    /// The runs, in order.
    pub runs: Vec<StartedRun>,
    /// `%pxresult` lines, and the run that each shows.
    pub recalled: Vec<RecalledRun>,
    /// What does not run, and why.
    pub not_run: Vec<NotRun>,
    /// Whether any of that was meant to run and cannot; a line that sets something runs nothing.
    pub failed: bool,
    /// How many lines of ordinary Python stood beside the px lines, and did not run.
    pub local_lines: u32,
    /// Of a plain cell that was not sent: the 0-based line by which it reads as set-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub set_up: Option<u32>,
    /// Of a plain cell that was sent: the engines as a rank set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ran_on: Option<String>,
    /// Whether the cell after it waits for it: not where all of it is `--noblock`.
    pub waits: bool,
    /// What to show below what the runs give: which lines did not run, and why.
    pub notes: Vec<NotebookOutput>,
}
