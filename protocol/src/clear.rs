//! `px/clear`: results that are not to be seen any more.

use lsp_types::{LspRequestMethod, MessageDirection, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::CellId;

/// Has px cells show their results no more; the runs stay in the history. Sends nothing to engines and stops nothing.
#[derive(Debug)]
pub enum Clear {}

impl Request for Clear {
    type Params = ClearParams;
    type Result = ClearResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/clear");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// What to clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearParams {
    /// The document; a notebook's own URI means all its cells.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// Only this px cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
}

/// What was cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearResult {
    /// How many px cells showed a result and do no more.
    #[serde(default)]
    pub cleared: u32,
}
