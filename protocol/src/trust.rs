//! `px/trust`: the workspace is trusted now.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// The user trusts the workspace now. Until then, if `initializationOptions.trusted` is `false`, the server parses and nothing else: no
    /// Python is asked, no connection file is read, and the settings `path`, `python`, `cluster` and `views` do not count.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/trust", "params": {} }
    /// ```
    notification Trust "px/trust" client_to_server (TrustParams)
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustParams {}
