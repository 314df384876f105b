//! Finding a cluster, or starting one if the caller allows it, and connecting to it. Runs in a task of its own.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use super::{ClusterView, DEFAULT_ENGINES, Level, Owner, Settings, wishes::Ask};
use crate::{
    blocking,
    cluster::{
        ClientOptions, ClusterClient, ConnectionInfo, Identity,
        discovery::{self, DiscoveryError, FoundCluster, Selection},
        local::{self, StartOptions, StartedCluster},
        python,
    },
    render,
    run::RunId,
};

/// What to do if no cluster is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartPolicy {
    /// Fail.
    Never,
    /// Start one that ends with this process.
    Attached,
    /// Start one that outlives this process and is found by the next one.
    Detached,
    /// Start one that outlives this process, even if another is running.
    Another,
}

/// Why there is no cluster to run on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    /// None is running, and none was to be started.
    #[error("No cluster is running; start one with `pxlens start` or `ipcluster start -n 4`")]
    None,
    /// A cluster was found or named, but cannot be used.
    #[error("{0}")]
    Unreachable(String),
    /// The file asks for something else than the cluster in use has.
    #[error("{0}")]
    Unsuited(String),
    /// A cluster could not be started.
    #[error("{0}")]
    NotStarted(String),
    /// Another cluster cannot be started while runs are going on.
    #[error(
        "Runs are going on on the cluster {0}; wait for them or interrupt them before you start another cluster"
    )]
    Busy(String),
    /// The user interrupted the start.
    #[error("Interrupted; nothing is left running")]
    GivenUp,
    /// The cluster is running but has no engines.
    #[error(
        "The cluster has no engines, and none registered within {0} s; see its logs, or start engines with `ipcluster engines`"
    )]
    NoEngines(u64),
}

/// A cluster that the session is connected to.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) client: ClusterClient,
    pub(super) found: FoundCluster,
    pub(super) owner: Owner,
    /// The selection of the settings when it was found.
    pub(super) selection: Selection,
    /// Whether this attempt started it.
    pub(super) is_new: bool,
    /// The cluster that the session stops when it ends, if it started one for itself alone.
    pub(super) started: Option<StartedCluster>,
}

impl Attached {
    /// `first_run`: the number of the first run that may be on it.
    pub(super) fn view(&self, first_run: RunId) -> ClusterView {
        ClusterView {
            owner: self.owner,
            found: self.found.clone(),
            engines: self.client.engines().borrow().clone(),
            activities: self.client.activities().borrow().clone(),
            origins: self.client.origins().clone(),
            status: self.client.status().borrow().clone(),
            first_run,
        }
    }
}

/// How long the engines of a running cluster may take to register.
const ENGINES_LIMIT: Duration = Duration::from_secs(30);

/// How long a controller that was found starting may take until it can be connected to.
const CONTROLLER_LIMIT: Duration = Duration::from_secs(30);

/// How often to check whether it can.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long to wait for one more engine once some have registered: they do so within a few heartbeats of one another.
const GROWTH: Duration = Duration::from_secs(8);

/// The engines of a cluster younger than this may still be registering.
const NEW: Duration = Duration::from_secs(60);

/// How long the engines of a cluster that was just started may take to register.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A report while a cluster is looked for or started.
#[derive(Clone, Debug)]
pub(super) enum Report {
    /// A message for the user.
    Say(Level, String),
    /// The current step of starting one.
    Step(String),
    /// The cluster is ready.
    Ready(String),
}

/// Finds the cluster that is asked for and connects to it; if none is running, does what `start` says.
async fn find_or_start(
    settings: Settings,
    ask: Ask,
    start: StartPolicy,
    report: impl Fn(Report) + Send + Sync,
    launched: &OnceLock<FoundCluster>,
) -> Result<Attached, ClusterError> {
    if start == StartPolicy::Another {
        return start_one(settings, ask.engines, true, report, launched).await;
    }
    if let Some(missing) = ask.missing.clone().filter(|_| ask.is_elsewhere) {
        return Err(ClusterError::Unreachable(missing));
    }
    let chosen = match (choose(&ask.selection).await, &ask.missing) {
        (Err(DiscoveryError::NotRunning { .. } | DiscoveryError::NoConnectionFile(_)), Some(missing)) => {
            let why = format!("{missing}; {}", running_instead(&settings).await);
            return Err(ClusterError::Unreachable(why));
        }
        (chosen, _) => chosen.map_err(|error| ClusterError::Unreachable(error.to_string()))?,
    };
    match chosen {
        Some(found) => {
            let owner = if found.ours { Owner::Pxlens } else { Owner::Other };
            let client = connect(found.connection_file.clone(), settings.shared_connection_files).await?;
            if start != StartPolicy::Never {
                wait_for_engines(&client, expected(&found), ENGINES_LIMIT).await?;
            }
            // Only once it answers, since one that does not is tried again and again.
            if let Some(note) = &found.note {
                report(Report::Say(Level::Info, note.clone()));
            }
            let selection = settings.cluster;
            Ok(Attached { client, found, owner, selection, is_new: false, started: None })
        }
        None if ask.not_started.is_some() => {
            let running = running_instead(&settings).await;
            Err(ClusterError::NotStarted(format!("{}; {running}", ask.not_started.unwrap_or_default())))
        }
        None if start == StartPolicy::Never => Err(ClusterError::None),
        None => {
            let detached = start == StartPolicy::Detached;
            start_one(settings, ask.engines, detached, report, launched).await
        }
    }
}

/// The same. If `given_up` completes first, nothing that it started is left running.
pub(super) async fn attach(
    settings: Settings,
    ask: Ask,
    start: StartPolicy,
    report: impl Fn(Report) + Send + Sync,
    given_up: impl Future<Output = ()>,
) -> Result<Attached, ClusterError> {
    let launched = OnceLock::new();
    tokio::select! {
        attached = find_or_start(settings, ask, start, report, &launched) => attached,
        () = given_up => {
            stop_launched(&launched).await?;
            Err(ClusterError::GivenUp)
        }
    }
}

/// Stops a cluster that was launched; one that was not fully launched ends by itself, since nothing holds it any more.
async fn stop_launched(launched: &OnceLock<FoundCluster>) -> Result<(), ClusterError> {
    let Some(found) = launched.get() else { return Ok(()) };
    local::stop(found, true).await.map_err(|error| ClusterError::NotStarted(error.to_string()))
}

/// Says which clusters run, where none of them is the one that a file asks for.
async fn running_instead(settings: &Settings) -> String {
    let any = Selection { ipython_dir: settings.cluster.ipython_dir.clone(), ..Selection::default() };
    let all = blocking::run(move || discovery::find(&any)).await.unwrap_or_default();
    let running: Vec<String> =
        all.iter().filter(|found| found.alive() && !found.is_temporary()).map(FoundCluster::label).collect();
    match running.as_slice() {
        [] => "no other cluster is running".to_owned(),
        running => format!("running instead: {}", running.join(", ")),
    }
}

/// A cluster that was started and runs on by itself.
#[derive(Debug)]
pub(crate) struct NewCluster {
    pub(crate) found: FoundCluster,
    /// How many engines it has.
    pub(crate) engines: usize,
}

/// Starts a cluster that outlives this process, even if others are running, and disconnects from it. If `given_up`
/// completes first, nothing is left running.
///
/// # Errors
/// See [`ClusterError`].
pub(crate) async fn start_cluster(
    settings: Settings,
    say: impl Fn(Level, &str) + Send + Sync,
    given_up: impl Future<Output = ()>,
) -> Result<NewCluster, ClusterError> {
    let launched = OnceLock::new();
    let engines = settings.engines.unwrap_or(DEFAULT_ENGINES);
    let attached = tokio::select! {
        attached = start_one(settings, engines, true, |report| match report {
            Report::Say(level, text) => say(level, &text),
            Report::Step(text) | Report::Ready(text) => say(Level::Info, &text),
        }, &launched) => attached?,
        () = given_up => {
            stop_launched(&launched).await?;
            return Err(ClusterError::GivenUp);
        }
    };
    let engines = attached.client.engines().borrow().len();
    attached.client.close().await;
    Ok(NewCluster { found: attached.found, engines })
}

async fn start_one(
    settings: Settings,
    engines: u32,
    detached: bool,
    report: impl Fn(Report) + Send + Sync,
    launched: &OnceLock<FoundCluster>,
) -> Result<Attached, ClusterError> {
    let not_started = |why: String| ClusterError::NotStarted(why);
    let info = |text: &str| report(Report::Step(text.to_owned()));
    let warn = |text: &str| report(Report::Say(Level::Warning, text.to_owned()));
    let python = python::ready_python(settings.python.as_deref(), &settings.folder, &warn, &info)
        .await
        .map_err(|error| not_started(error.to_string()))?;
    let options = StartOptions {
        n: engines,
        python,
        profile: None,
        cluster_id: None,
        detached,
        ipython_dir: settings.cluster.ipython_dir.clone(),
        folder: Some(settings.folder.clone()),
    };
    let begun = Instant::now();
    let mut started = local::start(options, &info).await.map_err(|error| not_started(error.to_string()))?;
    launched.get_or_init(|| started.found());
    let wanted = engines as usize;
    let client = match wait_until_ready(&mut started, wanted).await {
        Ok(client) => client,
        Err(error) => {
            // What did start would be taken for a cluster, and used by the next run.
            if detached && let Err(error) = local::stop(&started.found(), true).await {
                tracing::warn!(%error, "a cluster that did not start completely could not be stopped");
            }
            return Err(error);
        }
    };
    report(start_report(client.engines().borrow().len(), wanted, begun.elapsed(), &started));
    let owner = if detached { Owner::Pxlens } else { Owner::Session };
    let found = started.found();
    // Only a cluster that ends with the session is kept here.
    let started = (!detached).then_some(started);
    Ok(Attached { client, found, owner, selection: settings.cluster, is_new: true, started })
}

/// Connects to a cluster that was launched, and waits for its engines.
async fn wait_until_ready(
    started: &mut StartedCluster,
    wanted: usize,
) -> Result<ClusterClient, ClusterError> {
    let client = connect(started.connection_file.clone(), false).await?;
    tokio::select! {
        ready = wait_for_engines(&client, wanted, START_LIMIT) => ready.map(|()| client),
        // If a process cannot even start, waiting for the engines is in vain.
        error = started.ended() => Err(ClusterError::NotStarted(error.to_string())),
    }
}

/// Reports how many of the engines have registered, and how long that took.
fn start_report(there: usize, wanted: usize, took: Duration, started: &StartedCluster) -> Report {
    let took = render::duration(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    if there < wanted {
        // `profile/security/client.json`, and beside it `profile/log`.
        let logs = started.connection_file.ancestors().nth(2).map(|profile| profile.join("log"));
        let logs = logs.map(|logs| format!("; the logs are in {}", logs.display())).unwrap_or_default();
        return Report::Say(
            Level::Warning,
            format!("Only {there} of {wanted} engines started in {took}{logs}"),
        );
    }
    let engines = if there == 1 { "1 engine is".to_owned() } else { format!("{there} engines are") };
    Report::Ready(format!("{engines} ready after {took}"))
}

/// How many engines to wait for: all of a cluster that was just started, but only one of any other, since engines may
/// have left it for good.
fn expected(found: &FoundCluster) -> usize {
    let age = found.written.and_then(|written| written.elapsed().ok());
    let is_new = age.is_some_and(|age| age < NEW);
    found.engines_expected.filter(|_| is_new).map_or(1, |engines| engines as usize)
}

/// Chooses a cluster; waits if it is still starting.
async fn choose(selection: &Selection) -> Result<Option<FoundCluster>, DiscoveryError> {
    let until = Instant::now() + CONTROLLER_LIMIT;
    loop {
        let selection = selection.clone();
        match blocking::run(move || discovery::choose(&selection)).await {
            Err(DiscoveryError::Starting(_)) if Instant::now() < until => sleep(LOOK_AGAIN).await,
            chosen => return chosen,
        }
    }
}

/// `shared`: also if the file is not the user's alone.
async fn connect(file: PathBuf, shared: bool) -> Result<ClusterClient, ClusterError> {
    let unreachable = |why: String| ClusterError::Unreachable(why);
    let read = if shared { ConnectionInfo::read_shared } else { ConnectionInfo::read };
    let (info, identity) = blocking::run(move || (read(&file), Identity::of_user())).await;
    let info = info.map_err(|error| unreachable(error.to_string()))?;
    ClusterClient::connect(info, ClientOptions { identity, ..ClientOptions::default() })
        .await
        .map_err(|error| unreachable(error.to_string()))
}

/// Waits until at least `wanted` engines have registered. Fewer will do if the limit passes, or if no more have
/// registered for [`GROWTH`].
async fn wait_for_engines(
    client: &ClusterClient,
    wanted: usize,
    limit: Duration,
) -> Result<(), ClusterError> {
    let mut engines = client.engines();
    let until = Instant::now() + limit;
    loop {
        let there = engines.borrow_and_update().len();
        if there >= wanted {
            return Ok(());
        }
        let patience = if there == 0 { until } else { until.min(Instant::now() + GROWTH) };
        let changed = timeout_at(patience, engines.wait_for(|table| table.len() > there)).await;
        match changed {
            Ok(Ok(_)) => {}
            _ if there > 0 => return Ok(()),
            _ => return Err(ClusterError::NoEngines(limit.as_secs())),
        }
    }
}
