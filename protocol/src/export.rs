//! `px/export`: exports a run as Markdown or JSON, for other people and other programs.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// Exports a run as Markdown, a report to read, or as JSON, all that the engines sent, one [event](../docs/json.md) per line. With a path, the
    /// export is written there, whole or not at all; an existing file is left alone unless `overwrite` is `true`. The pictures that engines showed
    /// are written beside a report, each once. Without a path, the answer contains the text. A report is then cut to at most 5,000,000 bytes; JSON
    /// that is longer is not returned, and a message asks for a path. In an untrusted workspace nothing is written. The answer is the error
    /// `-32602` if there is no such run.
    ///
    /// A report hides keys of kernels; JSON does not.
    ///
    /// **Example:** a report, written to a file.
    ///
    /// ```json
    /// { "method": "px/export", "params": { "run": 7, "format": "markdown", "path": "/home/ada/run-7.md", "overwrite": false } }
    /// ```
    ///
    /// ```json
    /// { "result": { "file": "/home/ada/run-7.md", "images": ["/home/ada/run-7-1.png"] } }
    /// ```
    ///
    /// **Example:** the file exists already.
    ///
    /// ```json
    /// { "method": "px/export", "params": { "run": 7, "format": "json", "path": "/home/ada/run-7.json", "overwrite": false } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "images": [],
    ///     "message": "/home/ada/run-7.json already exists and was left alone; choose another name, or allow it to be replaced"
    ///   }
    /// }
    /// ```
    request Export "px/export" client_to_server (ExportParams) -> ExportResult
}

/// The format in which a run is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// A report to read: the code, which engines answered what, the errors.
    Markdown,
    /// All that the engines sent, one JSON object per line, as `pxlens run --json` prints it.
    Json,
}

/// What to export, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// The format to write it in.
    pub format: ExportFormat,
    /// An absolute path or a `file:` URI to write to; without it, the answer contains the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub path: Option<String>,
    /// Whether to replace an existing file.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub overwrite: bool,
}

/// The export, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportResult {
    /// The text, if no path was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// The file that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
    /// The pictures that were written beside it.
    #[serde(default)]
    pub images: Vec<String>,
    /// What the user has to know: why nothing was written, or what the export lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
