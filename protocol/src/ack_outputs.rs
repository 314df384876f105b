//! `px/ackOutputs`: the client tells how far it has painted.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Tells the server how far the client has painted. It acknowledges everything up to that `seq`.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/ackOutputs", "params": { "seq": 12 } }
    /// ```
    notification AckOutputs "px/ackOutputs" client_to_server (AckOutputsParams) announced as "`ack`"
}

/// How far the client has painted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AckOutputsParams {
    /// The `seq` of the last `px/outputs` painted; those before it count as painted.
    pub seq: u32,
}
