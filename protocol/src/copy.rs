//! `px/copy`: put this into the clipboard; and the command that asks for it.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{GroupBy, RunId};

/// Asks a client that announced `copy` to put a text into the clipboard. Sent only when the user asked for it.
#[derive(Debug)]
pub enum CopyText {}

impl Request for CopyText {
    type Params = CopyTextParams;
    type Result = CopyTextResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/copy");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// What to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyTextParams {
    /// Plain text.
    pub text: String,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyTextResult {
    /// Whether it is in the clipboard.
    #[serde(default)]
    pub copied: bool,
}

/// The argument of [`COPY`](crate::commands::COPY): the run whose output is to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyParams {
    /// The run.
    pub run: RunId,
    /// The grouping; the one in which the run is shown if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
}

/// The answer of [`COPY`](crate::commands::COPY).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyResult {
    /// Whether the client copied it.
    #[serde(default)]
    pub copied: bool,
    /// The text, for a client that cannot copy, or did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
}
