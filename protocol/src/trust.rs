//! `px/trust`: tells that the user trusts the workspace.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Tells the server that the user trusts the workspace now. If `initializationOptions.trusted` is there and is not `true`, the server only parses until
    /// then: it runs no Python, reads no connection file, and ignores the settings `path`, `python`, `cluster`, `sharedConnectionFiles` and `views`.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/trust", "params": {} }
    /// ```
    notification Trust "px/trust" client_to_server (TrustParams)
}

/// An object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustParams {
    /// Not needed; with `false` the message changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trusted: Option<bool>,
}
