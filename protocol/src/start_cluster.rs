//! `px/startCluster`: starts a cluster on this machine.

use serde::{Deserialize, Serialize};

use crate::{ConnectResult, JsonSchema, TS};

message! {
    /// Starts a cluster on this machine, with as many engines as the setting `pxlens.engines` says, even if another cluster is running, and uses it.
    /// The answer comes when its engines are there, or when the start has failed. The cluster outlives the server. Progress comes as `$/progress`
    /// for a client that shows progress, otherwise as messages. The request is refused while a run goes on on the cluster in use.
    ///
    /// **Example:** the configured Python has no ipyparallel.
    ///
    /// ```json
    /// { "method": "px/startCluster", "params": {} }
    /// ```
    ///
    /// ```json
    /// { "result": { "message": "/usr/bin/python3 has no ipyparallel; install it with `/usr/bin/python3 -m pip install ipyparallel`" } }
    /// ```
    request StartCluster "px/startCluster" client_to_server (StartClusterParams) -> ConnectResult
}

/// No parameters yet; an object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartClusterParams {}
