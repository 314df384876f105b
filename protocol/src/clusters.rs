//! `px/clusters`, `px/connect`, `px/startCluster`, `px/stopCluster`: which clusters there are, and which one is used.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Cluster;

/// Lists clusters. Starts nothing, and speaks to none.
#[derive(Debug)]
pub enum Clusters {}

impl Request for Clusters {
    type Params = ClustersParams;
    type Result = ClustersResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/clusters");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
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

/// Uses another cluster.
#[derive(Debug)]
pub enum Connect {}

impl Request for Connect {
    type Params = ConnectParams;
    type Result = ConnectResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/connect");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
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

/// Starts a cluster on this machine, and uses it.
#[derive(Debug)]
pub enum StartCluster {}

impl Request for StartCluster {
    type Params = StartClusterParams;
    type Result = ConnectResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/startCluster");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartClusterParams {}

/// Stops a cluster.
#[derive(Debug)]
pub enum StopCluster {}

impl Request for StopCluster {
    type Params = StopClusterParams;
    type Result = StopClusterResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/stopCluster");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopClusterParams {
    /// Its connection file, as `px/clusters` names it.
    pub connection_file: String,
    /// Whether the user agreed that one is stopped that pxlens did not start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub not_ours: bool,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopClusterResult {
    /// Whether it is gone.
    pub stopped: bool,
    /// Why not: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}
