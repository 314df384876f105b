//! `pxlens start`: a cluster on this machine that outlives the command.

use std::{
    cell::RefCell,
    io::Write,
    path::{Path, PathBuf},
};

use super::clusters::ClusterCommandError;
use crate::cluster::{
    local::{self, StartOptions, StartedCluster},
    python,
};

/// Arguments of `pxlens start`.
#[derive(Clone, Debug)]
pub struct StartArgs {
    /// How many engines.
    pub n: u32,
    /// The Python to use.
    pub python: Option<PathBuf>,
    /// The IPython profile.
    pub profile: Option<String>,
    /// The cluster id.
    pub cluster_id: Option<String>,
    /// The IPython directory.
    pub ipython_dir: Option<PathBuf>,
}

/// Starts the cluster; progress goes to `log`, what it is to `out`. The engines may still be registering afterwards.
pub async fn run(
    args: StartArgs,
    out: &mut impl Write,
    log: &mut impl Write,
) -> Result<StartedCluster, ClusterCommandError> {
    let log = RefCell::new(log);
    // Progress that cannot be shown is no reason to give up.
    let say = |text: &str| drop(writeln!(log.borrow_mut(), "{text}"));
    let python = python::ready_python(args.python.as_deref(), Path::new("."), say).await?;
    let options = StartOptions {
        n: args.n,
        python,
        profile: args.profile,
        cluster_id: args.cluster_id,
        detached: true,
        ipython_dir: args.ipython_dir,
        folder: None,
    };
    let started = local::start(options, say).await?;
    writeln!(out, "Started the cluster {}.", started.found().label())?;
    writeln!(out, "Connection file: {}", started.connection_file.display())?;
    writeln!(out, "Stop it with: pxlens stop --cluster-id {}", started.cluster_id)?;
    Ok(started)
}
