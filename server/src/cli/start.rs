//! `pxlens start`: a cluster on this machine that outlives the command.

use super::{Failure, Status, args::StartArgs, no_cluster, output::say, print, quit::Quits};
use crate::session::{ClusterError, Settings, start_cluster};

/// Starts a cluster, even if others are running, and waits until its engines have registered.
pub(super) async fn start(args: StartArgs) -> Result<Status, Failure> {
    let settings = Settings {
        engines: args.local.n,
        cluster: args.selection(),
        folder: std::env::current_dir()?,
        python: args.local.python,
        ..Settings::default()
    };
    let mut quits = Quits::listen();
    let started = start_cluster(settings, say, async { _ = quits.asked().await }).await;
    let cluster = match (started, quits.why()) {
        (Err(error @ ClusterError::GivenUp), Some(quit)) => {
            return Err(Failure::new(Status::Quit(quit), error));
        }
        (started, _) => started.map_err(no_cluster)?,
    };
    let count = cluster.engines.len();
    let engines = if count == 1 { "engine" } else { "engines" };
    print(&format!("Started the cluster {} with {count} {engines}.\n", cluster.name))?;
    if let Some(found) = cluster.found {
        print(&format!("Stop it with: pxlens stop --cluster-id {}\n", found.cluster_id))?;
    }
    Ok(Status::Ok)
}
