//! `px/trust`: the workspace is trusted now.

use lsp_types::{LspNotificationMethod, MessageDirection, Notification};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Ends the restrictions that `initializationOptions.trusted: false` began.
#[derive(Debug)]
pub enum Trust {}

impl Notification for Trust {
    type Params = TrustParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("px/trust");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustParams {}
