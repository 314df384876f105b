//! `px/export`: a run as Markdown or JSON, for other people and other programs.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::RunId;

/// Gives a run as one text, or writes it into a file. Sends nothing to engines.
#[derive(Debug)]
pub enum Export {}

impl Request for Export {
    type Params = ExportParams;
    type Result = ExportResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/export");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
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
