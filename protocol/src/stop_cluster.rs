//! `px/stopCluster`: stops a cluster.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Stops a cluster: its engines, then its controller, by their process ids; runs on it end as lost. A cluster that pxlens did not start is
    /// stopped only with `notOurs`, which a client sets after asking its user.
    ///
    /// **Example:** a cluster that somebody else started.
    ///
    /// ```json
    /// {
    ///   "method": "px/stopCluster",
    ///   "params": { "connectionFile": "/home/ada/.ipython/profile_mpi/security/ipcontroller-night-client.json" }
    /// }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "stopped": false,
    ///     "message": "pxlens did not start the cluster mpi:night; stopping it needs your confirmation"
    ///   }
    /// }
    /// ```
    request StopCluster "px/stopCluster" client_to_server (StopClusterParams) -> StopClusterResult
}

/// Which cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopClusterParams {
    /// Its connection file, as `px/clusters` names it.
    pub connection_file: String,
    /// Whether the user agreed to stop a cluster that pxlens did not start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub not_ours: bool,
}

/// Whether the cluster was stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopClusterResult {
    /// Whether it has stopped.
    pub stopped: bool,
    /// Why it has not: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
