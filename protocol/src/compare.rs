//! `px/compare`: what a run gave otherwise than the one before it.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::RunId;

/// Compares a run with another one, engine by engine. Sends nothing to engines.
#[derive(Debug)]
pub enum Compare {}

impl Request for Compare {
    type Params = CompareParams;
    type Result = CompareResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/compare");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// What to compare with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareParams {
    /// The run.
    pub run: RunId,
    /// The other run, of whatever cell; the run before of the same px cell that was sent if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
}

/// How the engines of a run did, compared with the other run; or why there is nothing to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareResult {
    /// The run.
    pub run: RunId,
    /// The other run; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
    /// One line: `3 engines as before, [2] changed`. Plain text.
    #[serde(default)]
    pub summary: String,
    /// Every engine of both runs, in one group.
    #[serde(default)]
    pub groups: Vec<ComparedGroup>,
    /// The summary and the groups that are not as before, as plain text.
    #[serde(default)]
    pub text: String,
    /// The same as Markdown, at most 50,000 bytes; what engines wrote stands in code fences.
    #[serde(default)]
    pub markdown: String,
    /// Why there is nothing to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// How engines did, compared with the other run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineChange {
    /// The same output and the same end, to the letter.
    Same,
    /// Other output, other numbers in it, or another end.
    Changed,
    /// The other run was not on these engines.
    New,
    /// Only the other run was on these engines.
    Gone,
}

/// Engines that changed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparedGroup {
    /// The engines as a rank set.
    #[serde(default)]
    pub ranks: String,
    /// The engines.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// How they did.
    pub change: EngineChange,
    /// What changed, with words as `‹old → new›` and lines that are the same counted; of new engines what they gave. Plain
    /// text, without keys of kernels.
    #[serde(default)]
    pub text: String,
}
