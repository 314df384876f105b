//! `px/runLocal`: the local part of a `--local` cell.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellId, RunId};

/// Has the client run the body of a `--local` cell in a kernel of its own.
#[derive(Debug)]
pub enum RunLocal {}

impl Request for RunLocal {
    type Params = RunLocalParams;
    type Result = RunLocalResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/runLocal");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// What is to run, and which run it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLocalParams {
    /// The document; a notebook's cell is named by the cell's own URI.
    pub uri: String,
    /// The px cell.
    pub cell: CellId,
    /// Its run on the engines, which has begun.
    pub run: RunId,
    /// The body, as the engines got it.
    pub code: String,
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLocalResult {}
