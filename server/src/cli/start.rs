//! `pxlens start`: a cluster on this machine that outlives the command.

use super::{Failure, Status, args::StartArgs, no_cluster, output::say, print, quit::Quits};
use crate::{
    cluster::discovery::FoundCluster,
    session::{ClusterError, NewCluster, Settings, start_cluster},
};

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
    let NewCluster { found, engines } = match (started, quits.why()) {
        (Err(error @ ClusterError::GivenUp), Some(quit)) => {
            return Err(Failure::new(Status::Quit(quit), error));
        }
        (started, _) => started.map_err(no_cluster)?,
    };
    let noun = if engines == 1 { "engine" } else { "engines" };
    print(&format!("Started the cluster {} with {engines} {noun}.\n", found.label()))?;
    print(&format!("Connect to it from Python with: {}\n", client_call(&found)))?;
    print(&format!("Stop it with: pxlens stop --cluster-id {}\n", found.cluster_id))?;
    Ok(Status::Ok)
}

/// What makes a client of a cluster. A bare `ipp.Client()` looks only for one without an id.
fn client_call(found: &FoundCluster) -> String {
    let profile = match found.profile.as_str() {
        "default" => String::new(),
        profile => format!("profile={profile:?}, "),
    };
    format!("ipp.Client({profile}cluster_id={:?})", found.cluster_id)
}

#[cfg(test)]
mod tests {
    use super::{super::clusters::tests::cluster, *};
    use crate::cluster::discovery::ClusterState;

    #[test]
    fn a_client_is_made_with_the_id_of_the_cluster_and_its_profile() {
        let call = |profile| client_call(&cluster(profile, "pxlens-0a1b2c3d", ClusterState::Running));
        assert_eq!(call("default"), r#"ipp.Client(cluster_id="pxlens-0a1b2c3d")"#);
        assert_eq!(call("mpi"), r#"ipp.Client(profile="mpi", cluster_id="pxlens-0a1b2c3d")"#);
    }
}
