//! Stopping a cluster: its engines, then its controller, by their own process ids, and nothing else.
//!
//! Engines are stopped first, so that their nannies can still notify the Hub and end by themselves.

use std::{fs, path::PathBuf, time::Duration};

use tokio::time::Instant;

use super::layout::Layout;
use crate::{
    blocking,
    cluster::{
        discovery::{ClusterState, FoundCluster, files::ClusterFile},
        process::{self, EndSignal, IPYPARALLEL, ProcessState},
    },
};

/// How long a process may take to end after SIGTERM.
const TERM_LIMIT: Duration = Duration::from_secs(5);
/// How long a process may take to end after SIGKILL.
const KILL_LIMIT: Duration = Duration::from_secs(15);
/// How often to look whether a process that is no child of ours has ended.
const POLL: Duration = Duration::from_millis(25);

/// Why a cluster was not stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StopError {
    /// pxlens did not start it, and the user did not confirm.
    #[error("pxlens did not start the cluster {0}; stopping it needs your confirmation")]
    NotConfirmed(String),
    /// There is no process id to signal.
    #[error(
        "pxlens does not know the processes of the cluster {label}; stop it where it was started, e.g. with `{command}`"
    )]
    NoProcesses {
        /// The cluster.
        label: String,
        /// What stops it.
        command: String,
    },
    /// Some process is still running.
    #[error("the cluster {label} has processes that do not end; end them yourself: {}", pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))]
    StillRunning {
        /// The cluster.
        label: String,
        /// The processes that are left.
        pids: Vec<u32>,
    },
}

/// Stops this cluster and waits until its processes have ended, then removes what they left behind.
///
/// A cluster that pxlens did not start is stopped only if `confirmed`. Of one that is gone, only the files are removed.
pub(crate) async fn stop(cluster: &FoundCluster, confirmed: bool) -> Result<(), StopError> {
    let label = cluster.label();
    if !cluster.ours && !confirmed {
        return Err(StopError::NotConfirmed(label));
    }
    let file = cluster.cluster_file.as_deref().and_then(ClusterFile::read);
    // Process ids are only valid on the machine that wrote them, and of launchers that start processes there.
    let known = match cluster.state {
        ClusterState::Gone => true,
        ClusterState::Running | ClusterState::Starting => cluster.pid.is_some(),
        ClusterState::Unknown => false,
    };
    if !known {
        return Err(StopError::NoProcesses { command: by_ipcluster(cluster), label });
    }
    let file = file.unwrap_or_default();
    // Only engines that pxlens started have the cluster id in their command lines.
    let words: &[&str] = if cluster.ours { &[&cluster.cluster_id] } else { &IPYPARALLEL };
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let (engines, controller) = (file.engine_pids(), file.controller_pid());
    let (engines, controller) = blocking::run(move || {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let its = |pids: Vec<u32>| -> Vec<u32> {
            pids.into_iter().filter(|pid| process::state_of(*pid).mentions(&words)).collect()
        };
        (its(engines), its(controller.into_iter().collect()))
    })
    .await;
    let mut left = still_running(end(&engines, &controller).await).await;
    if cluster.ours {
        left.extend(end_orphans(&cluster.cluster_id).await);
    }
    if !left.is_empty() {
        return Err(StopError::StillRunning { label, pids: left });
    }
    remove_files(cluster, &file);
    Ok(())
}

fn by_ipcluster(cluster: &FoundCluster) -> String {
    let mut command = "ipcluster stop".to_owned();
    if !cluster.profile.is_empty() && cluster.profile != "default" {
        command += &format!(" --profile={}", cluster.profile);
    }
    if !cluster.cluster_id.is_empty() {
        command += &format!(" --cluster-id={}", cluster.cluster_id);
    }
    command
}

/// Ends engines and controller, each with its helper processes, and returns those that did not end.
pub(super) async fn end(engines: &[u32], controller: &[u32]) -> Vec<u32> {
    let helpers = async |pids: &[u32]| -> Vec<u32> {
        let pids = pids.to_vec();
        let of_cluster = |pid: &u32| process::state_of(*pid).mentions(&IPYPARALLEL);
        blocking::run(move || process::descendants(&pids).into_iter().filter(of_cluster).collect()).await
    };
    let nannies = helpers(engines).await;
    let schedulers = helpers(controller).await;
    let mut left = end_leaders(engines, &nannies).await;
    left.extend(end_leaders(controller, &schedulers).await);
    left
}

/// Ends the schedulers of a cluster that pxlens started and whose controller is gone, and returns those that did not end.
///
/// A controller leaves them behind if it was killed, or asked to end while it was still starting them. They have its command
/// line, with the cluster id.
async fn end_orphans(cluster_id: &str) -> Vec<u32> {
    let orphans = async || {
        let id = cluster_id.to_owned();
        blocking::run(move || process::matching(&["ipyparallel.controller", &id])).await
    };
    let deadline = Instant::now() + KILL_LIMIT;
    loop {
        let left = orphans().await;
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        for pid in left {
            signal(pid, EndSignal::Kill, process::end_process);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Asks the leaders to end, waits for them and their helpers, and kills those that are left.
async fn end_leaders(leaders: &[u32], helpers: &[u32]) -> Vec<u32> {
    for pid in leaders {
        signal(*pid, EndSignal::Term, process::end_process);
    }
    let all: Vec<u32> = leaders.iter().chain(helpers).copied().collect();
    for pid in still_running_after(&all, TERM_LIMIT).await {
        let by = if leaders.contains(&pid) { process::end_group } else { process::end_process };
        signal(pid, EndSignal::Kill, by);
    }
    still_running_after(&all, KILL_LIMIT).await
}

fn signal(pid: u32, signal: EndSignal, by: fn(u32, EndSignal) -> std::io::Result<()>) {
    if let Err(error) = by(pid, signal) {
        tracing::warn!(pid, %error, "a process of the cluster cannot be signalled");
    }
}

/// Those of these processes that have not ended.
async fn still_running(mut pids: Vec<u32>) -> Vec<u32> {
    blocking::run(move || {
        pids.retain(|pid| process::state_of(*pid) != ProcessState::Gone);
        pids
    })
    .await
}

/// Waits until these processes have ended, and returns those that have not when time is up.
async fn still_running_after(pids: &[u32], limit: Duration) -> Vec<u32> {
    let deadline = Instant::now() + limit;
    let mut left = pids.to_vec();
    loop {
        left = still_running(left).await;
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn remove_files(cluster: &FoundCluster, file: &ClusterFile) {
    let Some(layout) = Layout::of_client_file(&cluster.connection_file, &cluster.cluster_id) else { return };
    if cluster.profile.is_empty() {
        return;
    }
    remove(layout.state_files());
    // The logs of other clusters belong to those who started them.
    if cluster.ours {
        remove(file.logs().into_iter().filter(|log| log.parent() == Some(layout.log_dir().as_ref())));
    }
}

pub(super) fn remove(files: impl IntoIterator<Item = PathBuf>) {
    for path in files {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "a file of the cluster cannot be removed");
            }
            _ => {}
        }
    }
}
