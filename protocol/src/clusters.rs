//! `px/clusters`: which clusters there are.

use serde::{Deserialize, Serialize};

use crate::{Cluster, JsonSchema, TS};

message! {
    /// All clusters that left files on this machine: those that run, and those that are gone. Nothing is started, and none is spoken to.
    ///
    /// **Example:** one that runs.
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

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClustersParams {}

/// The clusters that left files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClustersResult {
    /// The one in use first, those that are gone (`down`) last; without engines.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Why none could be looked for: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
