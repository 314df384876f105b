//! `px/connect`: switches to another cluster.

use serde::{Deserialize, Serialize};

use crate::{Cluster, JsonSchema, TS};

message! {
    /// Uses this cluster from now on, until the setting `pxlens.cluster` changes or the server ends. If runs still go on on the cluster in use, the
    /// server switches once they are over; until then the answer names the old cluster, and its message says so. Nothing is started or stopped.
    ///
    /// **Example:** a cluster that is not running.
    ///
    /// ```json
    /// { "method": "px/connect", "params": { "profile": "mpi", "clusterId": "night" } }
    /// ```
    ///
    /// ```json
    /// { "result": { "message": "no cluster is running in profile 'mpi' with the id 'night'; running instead: default" } }
    /// ```
    request Connect "px/connect" client_to_server (ConnectParams) -> ConnectResult
}

/// Which cluster, as in the setting `pxlens.cluster`. Without any field: the one that the settings choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectParams {
    /// An IPython profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub profile: Option<String>,
    /// A cluster id in that profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster_id: Option<String>,
    /// Instead of these, the path of a connection file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub connection_file: Option<String>,
}

/// Which cluster is used now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectResult {
    /// The cluster in use, with its engines; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster: Option<Cluster>,
    /// Why it is not the requested one: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
