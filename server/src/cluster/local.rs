//! Starting and stopping clusters on this machine: one `ipcontroller` and some `ipengine`s of a given Python.
//!
//! Each process gets a session of its own, so that a Ctrl-C in the terminal does not reach an engine before pxlens has
//! interrupted it, and closing the terminal does not end it. An attached cluster is ended by the [`watch`]. Everything
//! listens on 127.0.0.1 only. A cluster file as ipyparallel writes it makes the cluster visible to `ipcluster list` and
//! `ipcluster stop`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{process::Child, time::Instant};

use super::{
    discovery::{self, ClusterState, DiscoveryError, FoundCluster, OUR_PREFIX, Selection, TEMPORARY_PREFIX},
    python::PythonEnv,
};
use crate::{json, private};

mod launch;
mod layout;
mod stop;
mod watch;

use layout::Layout;
pub(crate) use stop::{StopError, stop};
use watch::Watch;

/// How long a controller may take to write its connection file.
const CONTROLLER_LIMIT: Duration = Duration::from_secs(90);
/// How often to look for the connection file.
const POLL: Duration = Duration::from_millis(10);

/// The cluster to start.
#[derive(Clone, Debug)]
pub(crate) struct StartOptions {
    /// How many engines; at least one.
    pub n: u32,
    /// The Python that runs controller and engines; it has ipyparallel.
    pub python: PythonEnv,
    /// The IPython profile, or else `default`. It is created if it is missing.
    pub profile: Option<String>,
    /// The cluster id, or else a new one. It always begins with `pxlens-`, or `pxlens-run-` if attached.
    pub cluster_id: Option<String>,
    /// Whether the cluster outlives this process. If not, it ends when the [`StartedCluster`] is dropped, or pxlens ends.
    pub detached: bool,
    /// The IPython directory, else `$IPYTHONDIR`, else `~/.ipython`.
    pub ipython_dir: Option<PathBuf>,
    /// The folder that engines run in, else the current one.
    pub folder: Option<PathBuf>,
}

/// Why a cluster could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StartError {
    /// This system cannot start clusters.
    #[error(
        "pxlens cannot start clusters on this system yet; start one with `ipcluster start` and pxlens will connect to it"
    )]
    Unsupported,
    /// Zero engines were asked for.
    #[error("a cluster needs at least one engine; ask for 1 or more")]
    NoEngines,
    /// The Python has no ipyparallel.
    #[error("{} has no ipyparallel; install it with `{} -m pip install ipyparallel`", .0.display(), .0.display())]
    NoIpyparallel(PathBuf),
    /// The cluster id or the profile cannot be part of a file name.
    #[error("'{0}' cannot be the name of a cluster or a profile; use letters, digits, '.', '_' and '-'")]
    BadName(String),
    /// A cluster of that id is running already.
    #[error("the cluster {0} is running already; stop it first, or choose another id")]
    Exists(String),
    /// The IPython directory is not known.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// A file could not be written, or a program could not be run.
    #[error("pxlens cannot {doing}: {why}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's error.
        why: io::Error,
    },
    /// A process of the cluster ended without being asked to.
    #[error("{what} ended unexpectedly ({how}){}", tail(log))]
    Ended {
        /// `the controller`, `engine 2`.
        what: String,
        /// The exit status.
        how: String,
        /// The last lines of its log.
        log: String,
    },
    /// The controller did not write its connection file in time.
    #[error("the controller wrote no connection file within {} s{}", limit.as_secs(), tail(log))]
    TooSlow {
        /// How long pxlens waited.
        limit: Duration,
        /// The last lines of its log.
        log: String,
    },
}

fn tail(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("; the end of its log:\n{log}") }
}

fn doing<'a>(what: impl Into<String> + 'a) -> impl FnOnce(io::Error) -> StartError + 'a {
    move |why| StartError::Io { doing: what.into(), why }
}

/// A cluster that this process has started.
///
/// Dropping an attached one ends its processes; [`StartedCluster::stop`] does so and waits.
#[derive(Debug)]
pub(crate) struct StartedCluster {
    /// The client connection file; it is there.
    pub connection_file: PathBuf,
    /// The profile it is in.
    pub profile: String,
    /// Its id.
    pub cluster_id: String,
    /// The controller's process id.
    pub controller_pid: u32,
    /// The engines' process ids, by the engine ids they ask for.
    pub engine_pids: Vec<u32>,
    layout: Layout,
    /// Controller first, then the engines.
    children: Vec<Child>,
    /// `None`: detached.
    watch: Option<Watch>,
}

impl StartedCluster {
    /// The same cluster as discovery sees it.
    pub(crate) fn found(&self) -> FoundCluster {
        FoundCluster {
            profile: self.profile.clone(),
            cluster_id: self.cluster_id.clone(),
            connection_file: self.connection_file.clone(),
            cluster_file: Some(self.layout.cluster_file()),
            pid: Some(self.controller_pid),
            state: ClusterState::Running,
            engines_expected: u32::try_from(self.engine_pids.len()).ok(),
            launcher: Some("local".to_owned()),
            ours: true,
            written: discovery::files::written(&self.connection_file),
            note: None,
        }
    }

    /// Waits until a process of the cluster ends unexpectedly, and returns which and why. Cancel safe.
    ///
    /// For callers that wait for the engines to register, which an engine that has ended never will.
    pub(crate) async fn ended(&mut self) -> StartError {
        let first = {
            let waits =
                self.children.iter_mut().enumerate().map(async |(index, child)| (index, child.wait().await));
            let mut waits: FuturesUnordered<_> = waits.collect();
            waits.next().await
        };
        // A cluster that was started has a controller.
        let Some((index, status)) = first else { return std::future::pending().await };
        let pid = if index == 0 { Some(&self.controller_pid) } else { self.engine_pids.get(index - 1) };
        if let (Some(watch), Some(pid)) = (&mut self.watch, pid) {
            // A watch that is gone watches nothing.
            let _ = watch.remove(*pid);
        }
        match u32::try_from(index).unwrap_or_default().checked_sub(1) {
            None => ended("the controller", status, &self.layout.controller_log()),
            Some(engine) => ended(format!("engine {engine}"), status, &self.layout.engine_log(engine)),
        }
    }

    /// Stops it, waits until its processes have ended, and removes its files.
    pub(crate) async fn stop(self) -> Result<(), StopError> {
        let stopped = stop(&self.found(), true).await;
        if let (Ok(()), Some(watch)) = (&stopped, self.watch) {
            let _ = watch.release();
        }
        stopped
    }
}

/// Starts a controller, waits until its connection file is there, and starts the engines; does not wait for those.
///
/// If it is cancelled half-way, the processes that were started are ended.
pub(crate) async fn start(
    options: StartOptions,
    progress: impl Fn(&str),
) -> Result<StartedCluster, StartError> {
    if cfg!(not(unix)) {
        return Err(StartError::Unsupported);
    }
    if options.n == 0 {
        return Err(StartError::NoEngines);
    }
    let Some(version) = options.python.ipyparallel.clone() else {
        return Err(StartError::NoIpyparallel(options.python.program.clone()));
    };
    let profile = checked_name(options.profile.as_deref().unwrap_or("default"))?.to_owned();
    let ipython_dir = discovery::ipython_dir(options.ipython_dir.as_deref())?;
    let ipython_dir = std::path::absolute(&ipython_dir).unwrap_or(ipython_dir);
    let cluster_id = cluster_id(&options)?;
    let folder = working_folder(&options)?;
    let layout = Layout::new(&ipython_dir, &profile, cluster_id.clone());
    check_not_running(&options, &ipython_dir, &profile, &cluster_id)?;
    layout.create_folders().map_err(doing(format!("create the profile {}", layout.profile_dir.display())))?;
    stop::remove(layout.state_files());

    let engines = if options.n == 1 { "1 engine".to_owned() } else { format!("{} engines", options.n) };
    progress(&format!(
        "starting a controller and {engines} with {} (ipyparallel {version})",
        options.python.program.display()
    ));
    let mut watch = Watch::start(&layout.all_files(options.n))
        .map_err(doing("start the watch on the cluster's processes"))?;
    let python = options.python.program.display();
    let mut controller = launch::controller(&options, &layout).map_err(doing(format!("run {python}")))?;
    let controller_pid = watch_child(&mut watch, &controller)?;
    // Already now, so that another pxlens sees that a cluster is starting.
    write_cluster_file(&layout, controller_pid, &[])?;
    wait_for_connection_files(&layout, &mut controller).await?;
    progress("the controller is up; its engines are starting");

    let mut children = vec![controller];
    let mut engine_pids = Vec::new();
    for index in 0..options.n {
        let engine = launch::engine(&options, &layout, &folder, index);
        let engine = engine.map_err(doing(format!("run {python}")))?;
        engine_pids.push(watch_child(&mut watch, &engine)?);
        children.push(engine);
    }
    write_cluster_file(&layout, controller_pid, &engine_pids)?;
    let watch = if options.detached {
        watch.release().map_err(doing("detach the cluster"))?;
        None
    } else {
        Some(watch)
    };
    let connection_file = layout.client_file();
    Ok(StartedCluster {
        connection_file,
        profile,
        cluster_id,
        controller_pid,
        engine_pids,
        layout,
        children,
        watch,
    })
}

/// The folder that the engines run in, as an absolute path: their processes start elsewhere.
fn working_folder(options: &StartOptions) -> Result<PathBuf, StartError> {
    let folder = options.folder.as_deref().unwrap_or(Path::new("."));
    let in_folder = || format!("run engines in {}", folder.display());
    // Also says why a folder cannot be entered.
    fs::read_dir(folder).map_err(doing(in_folder()))?;
    std::path::absolute(folder).map_err(doing(in_folder()))
}

fn write_cluster_file(layout: &Layout, controller: u32, engines: &[u32]) -> Result<(), StartError> {
    let state = layout.cluster_state(controller, engines).to_string();
    let written = private::write_file(&layout.cluster_file(), |out| out.write_all(state.as_bytes()));
    written.map_err(doing("write the cluster file"))
}

/// Names go into file names and command lines.
fn checked_name(name: &str) -> Result<&str, StartError> {
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let good = !name.is_empty() && name.len() <= 100 && name.chars().all(plain);
    if good { Ok(name) } else { Err(StartError::BadName(name.to_owned())) }
}

fn cluster_id(options: &StartOptions) -> Result<String, StartError> {
    let prefix = if options.detached { OUR_PREFIX } else { TEMPORARY_PREFIX };
    match &options.cluster_id {
        Some(id) => {
            let name = checked_name(id)?;
            Ok(if name.starts_with(prefix) { name.to_owned() } else { format!("{prefix}{name}") })
        }
        None => {
            let random = uuid::Uuid::new_v4().simple().to_string();
            Ok(format!("{prefix}{}", &random[..8]))
        }
    }
}

fn check_not_running(
    options: &StartOptions,
    ipython_dir: &Path,
    profile: &str,
    cluster_id: &str,
) -> Result<(), StartError> {
    if options.cluster_id.is_none() {
        return Ok(());
    }
    let same = Selection {
        profile: Some(profile.to_owned()),
        cluster_id: Some(cluster_id.to_owned()),
        ipython_dir: Some(ipython_dir.to_owned()),
        ..Selection::default()
    };
    match discovery::find(&same)?.iter().find(|cluster| cluster.state != ClusterState::Gone) {
        Some(running) => Err(StartError::Exists(running.label())),
        None => Ok(()),
    }
}

/// Puts a process under the watch, and returns its id.
fn watch_child(watch: &mut Watch, child: &Child) -> Result<u32, StartError> {
    let gone = || StartError::Io { doing: "watch a process".to_owned(), why: io::ErrorKind::NotFound.into() };
    let pid = child.id().ok_or_else(gone)?;
    watch.add(pid).map_err(doing("watch a process"))?;
    Ok(pid)
}

/// Waits until both connection files exist and are complete: the controller writes them in place.
async fn wait_for_connection_files(layout: &Layout, controller: &mut Child) -> Result<(), StartError> {
    let deadline = Instant::now() + CONTROLLER_LIMIT;
    let log = layout.controller_log();
    loop {
        if is_complete(&layout.client_file()).await && is_complete(&layout.engine_file()).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(StartError::TooSlow { limit: CONTROLLER_LIMIT, log: last_lines(&log) });
        }
        tokio::select! {
            status = controller.wait() => return Err(ended("the controller", status, &log)),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn is_complete(path: &Path) -> bool {
    tokio::fs::read(path).await.is_ok_and(|text| json::read::<serde::de::IgnoredAny>(&text).is_ok())
}

fn ended(what: impl Into<String>, status: io::Result<ExitStatus>, log: &Path) -> StartError {
    let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    StartError::Ended { what: what.into(), how, log: last_lines(log) }
}

/// The last lines of a log, as many as help in a message.
fn last_lines(log: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read(log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(all(test, unix))]
mod tests;
