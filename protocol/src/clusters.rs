//! `px/clusters`: lists the clusters of this machine.

use serde::{Deserialize, Serialize};

use crate::{Cluster, JsonSchema, TS};

message! {
    /// Lists all clusters that have connection files on this machine: those that are running, and those that are gone. Nothing is started, and
    /// no cluster is contacted.
    ///
    /// **Example:** a running cluster.
    ///
    /// ```json
    /// { "method": "px/clusters", "params": {} }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "clusters": [
    ///       {
    ///         "profile": "mpi",
    ///         "clusterId": "night",
    ///         "connectionFile": "/home/ada/.ipython/profile_mpi/security/ipcontroller-night-client.json",
    ///         "state": "found",
    ///         "inUse": false,
    ///         "ours": false,
    ///         "engines": []
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    request Clusters "px/clusters" client_to_server (ClustersParams) -> ClustersResult
}

/// No parameters yet; an object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClustersParams {}

/// The clusters that have files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClustersResult {
    /// The one in use first, those that are gone (`down`) last; without engines.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Why the server could not look for clusters: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
