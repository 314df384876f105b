//! `pxlens start`: a cluster on this machine that outlives the command.

use std::io::{self, Write};

use super::{Failure, Status, args::StartArgs, no_cluster, output::say};
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
    let given_up = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // This system delivers no Ctrl-C.
            std::future::pending::<()>().await;
        }
    };
    let cluster = match start_cluster(settings, say, given_up).await {
        Err(error @ ClusterError::GivenUp) => return Err(Failure::new(Status::Interrupted, error)),
        started => started.map_err(no_cluster)?,
    };
    let count = cluster.engines.len();
    let engines = if count == 1 { "engine" } else { "engines" };
    writeln!(io::stdout(), "Started the cluster {} with {count} {engines}.", cluster.name)?;
    if let Some(found) = cluster.found {
        writeln!(io::stdout(), "Stop it with: pxlens stop --cluster-id {}", found.cluster_id)?;
    }
    Ok(Status::Ok)
}
