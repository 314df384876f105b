//! `px/enginesChanged`: it is worth asking for the engines again.

use lsp_types::{LspNotificationMethod, MessageDirection, Notification};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Tells a client that announced `engines` that `px/engines` has another answer now.
#[derive(Debug)]
pub enum EnginesChanged {}

impl Notification for EnginesChanged {
    type Params = EnginesChangedParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("px/enginesChanged");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesChangedParams {}
