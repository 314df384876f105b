//! `px/connect`: use another cluster.

use serde::{Deserialize, Serialize};

use crate::{Cluster, JsonSchema, TS};

message! {
    /// Uses this cluster from now on, until the setting `pxlens.cluster` changes or the server ends. One that is in use is left as soon as no
    /// run goes on there; until then the answer names that one, and says so. Nothing is started or stopped.
    ///
    /// **Example:** a cluster that does not run.
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

/// Which cluster, as in the setting `pxlens.cluster`. Nothing: the one that the settings choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectParams {
    /// An IPython profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub profile: Option<String>,
    /// A cluster id in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster_id: Option<String>,
    /// Or the path of a connection file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub connection_file: Option<String>,
}

/// What is used now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectResult {
    /// The cluster in use, with its engines; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster: Option<Cluster>,
    /// Why it is not the one that was asked for: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
