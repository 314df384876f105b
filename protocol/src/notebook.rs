//! `px/runNotebookCell` and `px/notebookOutputs`: a notebook whose kernel are the engines.

use lsp_types::{LspRequestMethod, MessageDirection, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{NotRun, RecalledRun, RunId, StartedRun};

/// Runs a code cell of a notebook as its kernel would: its px lines, or all of it on all engines.
#[derive(Debug)]
pub enum RunNotebookCell {}

impl Request for RunNotebookCell {
    type Params = RunNotebookCellParams;
    type Result = RunNotebookCellResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/runNotebookCell");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
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

/// What runs gave so far, as outputs of a notebook's cell.
#[derive(Debug)]
pub enum NotebookOutputs {}

impl Request for NotebookOutputs {
    type Params = NotebookOutputsParams;
    type Result = NotebookOutputsResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/notebookOutputs");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Of which runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookOutputsParams {
    /// The runs, in the order in which they are to be shown.
    pub runs: Vec<RunId>,
    /// What the last answer gave as `seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seen: Option<String>,
}

/// The runs as they stand now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookOutputsResult {
    /// Whether all of them are over, so that these are the last outputs.
    pub over: bool,
    /// Whether all of them went well so far.
    pub succeeded: bool,
    /// A word for these outputs, for the next request.
    pub seen: String,
    /// All there are; absent if they are as they were when they were last `seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outputs: Option<Vec<NotebookOutput>>,
}

/// One output of a notebook's cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookOutput {
    /// The same in several forms, the best first.
    pub items: Vec<NotebookItem>,
}

/// An output in one form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookItem {
    /// Its MIME type. Text of engines is `application/vnd.code.notebook.stdout`; an error is `application/vnd.code.notebook.error`,
    /// and its data a JSON object of `name`, `message` and `stack`.
    pub mime: String,
    /// A text.
    pub data: String,
    /// Whether that is base64.
    #[serde(default, skip_serializing_if = "is_false")]
    #[ts(as = "Option<bool>", optional)]
    pub base64: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}
