//! `px/ackOutputs`: I have painted that.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Says how far the client has painted. It counts for everything up to that `seq`.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/ackOutputs", "params": { "seq": 12 } }
    /// ```
    notification AckOutputs "px/ackOutputs" client_to_server (AckOutputsParams) announced as "`ack`"
}

/// How far the client is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AckOutputsParams {
    /// The `seq` of the last `px/outputs` painted; those before it count as painted.
    pub seq: u32,
}
