//! `px/refreshOutputs`: send me all outputs of a document again.

use lsp_types::{LspNotificationMethod, MessageDirection, Notification, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for a `px/outputs` with `full: true`, as after a reload of the client.
#[derive(Debug)]
pub enum RefreshOutputs {}

impl Notification for RefreshOutputs {
    type Params = RefreshOutputsParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("px/refreshOutputs");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshOutputsParams {
    /// The document.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
}
