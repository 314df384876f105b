//! `px/interrupt`: stop a run.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::RunId;

/// Drops what a run has not sent, aborts its waiting requests, and signals the engines that work on it.
#[derive(Debug)]
pub enum Interrupt {}

impl Request for Interrupt {
    type Params = InterruptParams;
    type Result = InterruptResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/interrupt");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// What is to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptParams {
    /// The run.
    pub run: RunId,
    /// Only its part on these engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engines: Option<Vec<u32>>,
    /// Only its part on engines that are still at it while at least half of its engines have ended. With `engines`, those of
    /// them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub stragglers: bool,
    /// The signal's name, such as `SIGTERM`; if it is absent, the one that the cell names with `--signal-on-interrupt`, else
    /// `SIGINT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signal: Option<String>,
}

/// What became of each engine of the run that had not ended. An engine is in one list at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptResult {
    /// Engines that work on this run and were signalled.
    #[serde(default)]
    pub signalled: Vec<u32>,
    /// Engines that will not begin it: its request was dropped or aborted.
    #[serde(default)]
    pub aborted: Vec<u32>,
    /// Engines that are busy for somebody else, and were not touched.
    #[serde(default)]
    pub left_alone: Vec<u32>,
    /// Engines that were signalled or asked, and did not answer in time.
    #[serde(default)]
    pub unanswered: Vec<u32>,
    /// Why nothing was done: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refused: Option<String>,
}
