//! `px/ackOutputs`: I have painted that.

use lsp_types::{LspNotificationMethod, MessageDirection, Notification};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Gives the server credit for further `px/outputs`. Only from a client that announced `ack`.
#[derive(Debug)]
pub enum AckOutputs {}

impl Notification for AckOutputs {
    type Params = AckOutputsParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("px/ackOutputs");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// How far the client is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AckOutputsParams {
    /// The `seq` of the last `px/outputs` painted; those before it count as painted.
    pub seq: u32,
}
