//! `px/copy`: has the client copy a text to the clipboard; and the command that asks for it.

use serde::{Deserialize, Serialize};

use crate::{GroupBy, JsonSchema, RunId, TS};

message! {
    /// Asks the client to copy the output of a run to the clipboard, because the user followed a link in its card (`pxlens.server.copy`). If the
    /// client did not announce this, or did not copy, the command's answer contains the text.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/copy", "params": { "text": "Parallel execution on engine(s): [0-1]\n[0-1] Out: 42\n" } }
    /// ```
    ///
    /// ```json
    /// { "result": { "copied": true } }
    /// ```
    request CopyText "px/copy" server_to_client (CopyTextParams) -> CopyTextResult announced as "`copy`"
}

/// What to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyTextParams {
    /// Plain text.
    pub text: String,
}

/// Whether the client copied it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyTextResult {
    /// Whether the text is in the clipboard.
    #[serde(default)]
    pub copied: bool,
}

/// The argument of `pxlens.server.copy`: the run whose output is to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// The grouping; if absent, the one in which the run is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
}

/// The answer of `pxlens.server.copy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyResult {
    /// Whether the client copied it.
    #[serde(default)]
    pub copied: bool,
    /// The text, if the client cannot copy or did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
}
