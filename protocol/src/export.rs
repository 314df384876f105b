//! `px/export`: a run as Markdown or JSON, for other people and other programs.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// A run as Markdown, a report to read; or as JSON, all that the engines sent, one [event](../docs/json.md) per line. With a path it is written
    /// there, whole or not at all, and a file that is there already is left alone unless `overwrite` says otherwise. Beside a report go the
    /// pictures that engines showed, each once. Without a path the answer holds the text: of a report at most 5,000,000 bytes, of JSON all or, where
    /// that is more, a message that asks for a path. In an untrusted workspace nothing is written. The result is `-32602` if there is no such run.
    ///
    /// A report hides keys of kernels; JSON does not.
    ///
    /// **Example:** a report, into a file.
    ///
    /// ```json
    /// { "method": "px/export", "params": { "run": 7, "format": "markdown", "path": "/home/ada/run-7.md", "overwrite": false } }
    /// ```
    ///
    /// ```json
    /// { "result": { "file": "/home/ada/run-7.md", "images": ["/home/ada/run-7-1.png"] } }
    /// ```
    ///
    /// **Example:** the file is there already.
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

/// As what a run is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// A report to read: the code, who answered what, the errors.
    Markdown,
    /// All that the engines sent, one JSON object per line, as `pxlens run --json` prints it.
    Json,
}

/// What to export, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportParams {
    /// The run.
    pub run: RunId,
    /// As what.
    pub format: ExportFormat,
    /// An absolute path or a `file:` URI to write to; without it the answer holds the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub path: Option<String>,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub overwrite: bool,
}

/// The export, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportResult {
    /// The text, where no path was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// The file that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
    /// Pictures that were written beside it.
    #[serde(default)]
    pub images: Vec<String>,
    /// What the user has to know: why nothing was written, or what is missing in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
