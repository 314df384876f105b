//! `px/enginesChanged`: it is worth asking for the engines again.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// `px/engines` has another answer than before: a cluster or an engine came, went or told where it runs, an engine began or ended
    /// something, or a cluster does not answer. It says no more than that. It comes at most every 100 ms, and after one there is none until the
    /// client has asked `px/engines` again: so a client sets the pace, and one that shows no engines pays for one message, however many
    /// engines there are and whatever they do. Clusters that others start or stop, and that are not in use, are not heard of.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/enginesChanged", "params": {} }
    /// ```
    notification EnginesChanged "px/enginesChanged" server_to_client (EnginesChangedParams) announced as "`engines`"
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesChangedParams {}
