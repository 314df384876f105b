//! `px/notebookOutputs`: the output of runs, as outputs of a notebook's cell.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// Returns what runs have answered so far, laid out as the outputs of a notebook's cell: text in groups, images, each with the engines that show
    /// it, and errors, once per stack. The client replaces what the cell showed. While runs go on it asks again, at most a few times a second,
    /// preferably after a [`px/outputs`](#outputs) about one of them, until they are `over`; the outputs that come with that are the last. The
    /// answer is the error `-32602` if there is no such run.
    ///
    /// The images of one answer take 16 MB at most. Keys of kernels are hidden.
    ///
    /// **Example:** a finished run; engine 2 raised.
    ///
    /// ```json
    /// { "method": "px/notebookOutputs", "params": { "runs": [7], "seen": "5d41402abc4b2a76" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "over": true,
    ///     "succeeded": false,
    ///     "seen": "7d793037a0760186",
    ///     "outputs": [
    ///       { "items": [{ "mime": "text/plain", "data": "ran on engines [0-3]" }] },
    ///       { "items": [{ "mime": "application/vnd.code.notebook.stdout", "data": "[0-3] ready\n" }] },
    ///       {
    ///         "items": [
    ///           {
    ///             "mime": "application/vnd.code.notebook.error",
    ///             "data": "{\"name\":\"ZeroDivisionError\",\"message\":\"division by zero\",\"stack\":\"✗ [2] ZeroDivisionError: division by zero · line 2\"}"
    ///           }
    ///         ]
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** nothing new.
    ///
    /// ```json
    /// { "method": "px/notebookOutputs", "params": { "runs": [8], "seen": "7d793037a0760186" } }
    /// ```
    ///
    /// ```json
    /// { "result": { "over": false, "succeeded": true, "seen": "7d793037a0760186" } }
    /// ```
    request NotebookOutputs "px/notebookOutputs" client_to_server (NotebookOutputsParams) -> NotebookOutputsResult
}

/// Which runs.
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
    /// Whether all of them have succeeded so far.
    pub succeeded: bool,
    /// Identifies these outputs; for the next request.
    pub seen: String,
    /// All outputs; absent if they have not changed since they were `seen`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outputs: Option<Vec<NotebookOutput>>,
}

/// One output of a notebook's cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookOutput {
    /// The same output in several forms, the best first.
    pub items: Vec<NotebookItem>,
}

/// An output in one form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotebookItem {
    /// Its MIME type. Text of engines is `application/vnd.code.notebook.stdout`; an error is `application/vnd.code.notebook.error`,
    /// and its data a JSON object of `name`, `message` and `stack`.
    pub mime: String,
    /// The data, as text or as base64.
    pub data: String,
    /// Whether `data` is base64.
    #[serde(default, skip_serializing_if = "is_false")]
    #[ts(as = "Option<bool>", optional)]
    pub base64: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}
