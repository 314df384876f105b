//! Finding a cluster, or starting one if asked to, and connecting to it. Runs beside the session.

use std::{path::PathBuf, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{ClusterView, Level, Settings};
use crate::cluster::{
    ClientOptions, ClusterClient, ConnectionInfo,
    discovery::{self, DiscoveryError, FoundCluster, Selection},
    local::{self, StartOptions, StartedCluster},
    python,
};

/// What to do where no cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPolicy {
    /// Say so.
    Never,
    /// Start one that ends with this process.
    Attached,
    /// Start one that goes on without this process and is found again by the next.
    Detached,
}

/// Who started the cluster, and so who may stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This session; it ends with it.
    Session,
    /// pxlens, now or earlier; it goes on.
    Pxlens,
    /// Somebody else.
    Other,
}

/// Why there is no cluster to run on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Nothing runs, and nothing was to be started.
    #[error("no cluster is running; start one with `pxlens start` or `ipcluster start -n 4`")]
    None,
    /// One was found or named, and cannot be used.
    #[error("{0}")]
    Unreachable(String),
    /// One was to be started, and was not.
    #[error("{0}")]
    NotStarted(String),
    /// It runs and has no engines.
    #[error(
        "the cluster has no engines, and none registered within {0} s; see its logs, or start engines with `ipcluster engines`"
    )]
    NoEngines(u64),
}

/// A cluster that answers.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) client: ClusterClient,
    pub(super) name: String,
    pub(super) owner: Owner,
    /// Stops the cluster when dropped, if it is to end with the session.
    pub(super) started: Option<StartedCluster>,
}

impl Attached {
    pub(super) fn view(&self) -> ClusterView {
        ClusterView {
            owner: Some(self.owner),
            name: self.name.clone(),
            engines: self.client.engines().borrow().clone(),
            activities: self.client.activities().borrow().clone(),
            status: Some(self.client.status().borrow().clone()),
        }
    }
}

/// How long engines of a running cluster may take to register.
const ENGINES_LIMIT: Duration = Duration::from_secs(30);

/// How long a controller that was found starting may take until it can be connected to.
const CONTROLLER_LIMIT: Duration = Duration::from_secs(30);

/// How often to look for that.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long a cluster that was just started may take until all engines are there.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Finds a cluster by the settings and connects; where none runs, does what `start` says.
pub(super) async fn attach(
    settings: Settings,
    start: StartPolicy,
    say: impl Fn(Level, String) + Send + Sync,
) -> Result<Attached, ClusterError> {
    let chosen = choose(&settings.cluster).await;
    match chosen.map_err(|error| ClusterError::Unreachable(error.to_string()))? {
        Some(found) => {
            if let Some(note) = &found.note {
                say(Level::Info, note.clone());
            }
            let owner = if found.ours { Owner::Pxlens } else { Owner::Other };
            let client = connect(found.connection_file.clone()).await?;
            if start != StartPolicy::Never {
                wait_for_engines(&client, 1, ENGINES_LIMIT).await?;
            }
            Ok(Attached { client, name: found.label(), owner, started: None })
        }
        None if start == StartPolicy::Never => Err(ClusterError::None),
        None => start_one(settings, start == StartPolicy::Detached, say).await,
    }
}

/// Starts a cluster that goes on without this process, whatever else runs, and lets go of it.
///
/// # Errors
/// See [`ClusterError`].
pub async fn start_cluster(
    settings: Settings,
    say: impl Fn(Level, &str) + Send + Sync,
) -> Result<ClusterView, ClusterError> {
    let attached = start_one(settings, true, |level, text| say(level, &text)).await?;
    let view = attached.view();
    attached.client.close().await;
    Ok(view)
}

async fn start_one(
    settings: Settings,
    detached: bool,
    say: impl Fn(Level, String) + Send + Sync,
) -> Result<Attached, ClusterError> {
    let not_started = |why: String| ClusterError::NotStarted(why);
    let info = |text: &str| say(Level::Info, text.to_owned());
    let python = python::ready_python(settings.python.as_deref(), &settings.folder, &info)
        .await
        .map_err(|error| not_started(error.to_string()))?;
    let options = StartOptions {
        n: settings.engines,
        python,
        profile: None,
        cluster_id: None,
        detached,
        ipython_dir: settings.cluster.ipython_dir.clone(),
        folder: Some(settings.folder.clone()),
    };
    let mut started = local::start(options, &info).await.map_err(|error| not_started(error.to_string()))?;
    let client = connect(started.connection_file.clone()).await?;
    let wanted = settings.engines as usize;
    tokio::select! {
        ready = wait_for_engines(&client, wanted, START_LIMIT) => ready?,
        // An engine that cannot even be started would be waited for in vain.
        error = started.ended() => return Err(not_started(error.to_string())),
    }
    let owner = if detached { Owner::Pxlens } else { Owner::Session };
    Ok(Attached { client, name: started.cluster_id.clone(), owner, started: Some(started) })
}

/// Chooses a cluster; waits for one that is still starting.
async fn choose(selection: &Selection) -> Result<Option<FoundCluster>, DiscoveryError> {
    let until = Instant::now() + CONTROLLER_LIMIT;
    loop {
        let selection = selection.clone();
        match blocking(move || discovery::choose(&selection)).await {
            Err(DiscoveryError::Starting(_)) if Instant::now() < until => sleep(LOOK_AGAIN).await,
            chosen => return chosen,
        }
    }
}

async fn connect(file: PathBuf) -> Result<ClusterClient, ClusterError> {
    let unreachable = |why: String| ClusterError::Unreachable(why);
    let info = blocking(move || ConnectionInfo::read(&file))
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    ClusterClient::connect(info, ClientOptions::default())
        .await
        .map_err(|error| unreachable(error.to_string()))
}

/// Waits until at least `wanted` engines are there; fewer will do where the limit passes with some.
async fn wait_for_engines(
    client: &ClusterClient,
    wanted: usize,
    limit: Duration,
) -> Result<(), ClusterError> {
    let mut engines = client.engines();
    let enough = engines.wait_for(|table| table.len() >= wanted);
    match timeout(limit, enough).await {
        Ok(Ok(_)) => Ok(()),
        _ if !client.engines().borrow().is_empty() => Ok(()),
        _ => Err(ClusterError::NoEngines(limit.as_secs())),
    }
}

/// Runs something that reads files where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("reading files does not panic")
}
