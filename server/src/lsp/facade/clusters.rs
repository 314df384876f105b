//! What the face asks of clusters and engines.

use std::future::Future;

use pxlens_protocol::{
    ClustersResult, ConnectParams, ConnectResult, EnginesResult, StopClusterParams, StopClusterResult,
};

/// The part of the session that knows clusters, chooses, starts and stops them.
pub trait Clusters {
    /// Clusters and engines; `patient`: once the engines told where they run, or did not in time.
    fn engines(&self, patient: bool) -> impl Future<Output = EnginesResult> + Send;

    /// All clusters that left files.
    fn clusters(&self) -> impl Future<Output = ClustersResult> + Send;

    /// Uses another cluster from now on.
    fn connect(&self, params: ConnectParams) -> impl Future<Output = ConnectResult> + Send;

    /// Starts a cluster and uses it.
    fn start_cluster(&self) -> impl Future<Output = ConnectResult> + Send;

    /// Stops a cluster.
    fn stop_cluster(&self, params: StopClusterParams) -> impl Future<Output = StopClusterResult> + Send;
}
