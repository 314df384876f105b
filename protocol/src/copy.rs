//! `px/copy`: put this into the clipboard; and the command that asks for it.

use serde::{Deserialize, Serialize};

use crate::{GroupBy, JsonSchema, RunId, TS};

message! {
    /// The user wants the output of a run in the clipboard, after following a link of its card (`pxlens.server.copy`). A client that did not
    /// announce this, or did not copy, gets the text as the command's answer.
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

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyTextResult {
    /// Whether it is in the clipboard.
    #[serde(default)]
    pub copied: bool,
}

/// The argument of `pxlens.server.copy`: the run whose output is to be copied.
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

/// The answer of `pxlens.server.copy`.
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
