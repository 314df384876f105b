//! `px/startCluster`: start a cluster on this machine.

use serde::{Deserialize, Serialize};

use crate::{ConnectResult, JsonSchema, TS};

message! {
    /// Starts a cluster on this machine, with as many engines as the setting `pxlens.engines` says, whatever else runs, and uses it. The answer
    /// comes when its engines are there, or when it is clear why they are not. The cluster outlives the server. How far it is comes as `$/progress`
    /// for a client that shows progress, else as messages. Refused while a run goes on on the cluster in use.
    ///
    /// **Example:** the Python that is set has no ipyparallel.
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

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartClusterParams {}
