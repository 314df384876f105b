//! `px/enginesChanged`: tells that the answer to `px/engines` has changed.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Tells the client that `px/engines` now has another answer than before: a cluster or an engine came or went, an engine told where it runs,
    /// an engine began or ended something, or a cluster does not answer. The notification carries no data. It comes at most every 100 ms, and not
    /// again until the client has asked `px/engines`. So the client sets the pace, and a client that shows no engines gets a single message,
    /// whatever the engines do. Clusters that others start or stop are not reported unless they are in use.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/enginesChanged", "params": {} }
    /// ```
    notification EnginesChanged "px/enginesChanged" server_to_client (EnginesChangedParams) announced as "`engines`"
}

/// No parameters yet; an object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesChangedParams {}
