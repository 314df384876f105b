//! `pxlens start`: a cluster on this machine that outlives the command.

use std::io::{self, Write};

use super::{Failure, Status, args::StartArgs, no_cluster, output::say};
use crate::session::{Settings, start_cluster};

/// Starts a cluster, whatever else runs, and waits until its engines are there.
pub(super) async fn start(args: StartArgs) -> Result<Status, Failure> {
    let settings = Settings {
        engines: args.local.engines(),
        cluster: args.selection(),
        folder: std::env::current_dir()?,
        python: args.local.python,
        ..Settings::default()
    };
    let cluster = start_cluster(settings, say).await.map_err(no_cluster)?;
    let count = cluster.engines.len();
    let engines = if count == 1 { "engine" } else { "engines" };
    writeln!(io::stdout(), "Started the cluster {} with {count} {engines}.", cluster.name)?;
    if let Some(found) = cluster.found {
        writeln!(io::stdout(), "Stop it with: pxlens stop --cluster-id {}", found.cluster_id)?;
    }
    Ok(Status::Ok)
}
