//! Finding a cluster, or starting one if asked to, and connecting to it. Runs beside the session.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use super::{ClusterView, Level, Settings};
use crate::{
    blocking,
    cluster::{
        ClientOptions, ClusterClient, ConnectionInfo,
        discovery::{self, DiscoveryError, FoundCluster, Selection},
        local::{self, StartOptions, StartedCluster},
        python,
    },
    render,
    run::RunId,
};

/// What to do where no cluster runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartPolicy {
    /// Say so.
    Never,
    /// Start one that ends with this process.
    Attached,
    /// Start one that goes on without this process and is found again by the next.
    Detached,
    /// Start one such, also where another runs.
    Another,
}

/// Who started the cluster, and so who may stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
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
pub(crate) enum ClusterError {
    /// Nothing runs, and nothing was to be started.
    #[error("no cluster is running; start one with `pxlens start` or `ipcluster start -n 4`")]
    None,
    /// One was found or named, and cannot be used.
    #[error("{0}")]
    Unreachable(String),
    /// One was to be started, and was not.
    #[error("{0}")]
    NotStarted(String),
    /// Another was to be started while runs go on.
    #[error(
        "a run goes on on the cluster {0}; wait for it, or interrupt it, before another cluster is started"
    )]
    Busy(String),
    /// Whoever asked for one changed their mind.
    #[error("interrupted; nothing is left running")]
    GivenUp,
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
    pub(super) found: FoundCluster,
    pub(super) owner: Owner,
    /// By which it was found.
    pub(super) selection: Selection,
    /// Whether the attempt that found it started it.
    pub(super) is_new: bool,
    /// What the session stops when it ends: nothing, unless it started a cluster for itself alone.
    pub(super) started: Option<StartedCluster>,
}

impl Attached {
    /// `first_run`: the number of the first run that may be on it.
    pub(super) fn view(&self, first_run: RunId) -> ClusterView {
        ClusterView {
            owner: Some(self.owner),
            name: self.found.label(),
            found: Some(self.found.clone()),
            engines: self.client.engines().borrow().clone(),
            activities: self.client.activities().borrow().clone(),
            status: Some(self.client.status().borrow().clone()),
            starting: false,
            first_run,
        }
    }
}

/// How long engines of a running cluster may take to register.
const ENGINES_LIMIT: Duration = Duration::from_secs(30);

/// How long a controller that was found starting may take until it can be connected to.
const CONTROLLER_LIMIT: Duration = Duration::from_secs(30);

/// How often to look for that.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long to wait for one more engine where some are there: they register within a few heartbeats of one another.
const GROWTH: Duration = Duration::from_secs(8);

/// A cluster that is younger may still be getting its engines.
const NEW: Duration = Duration::from_secs(60);

/// How long a cluster that was just started may take until all engines are there.
const START_LIMIT: Duration = Duration::from_secs(90);

/// What is said while a cluster is looked for or started.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// What the user has to know.
    Say(Level, String),
    /// What is being done to start one.
    Step(String),
    /// It is there.
    Ready(String),
}

/// Finds a cluster by the settings and connects; where none runs, does what `start` says.
pub(super) async fn attach(
    settings: Settings,
    start: StartPolicy,
    say: impl Fn(Word) + Send + Sync,
) -> Result<Attached, ClusterError> {
    if start == StartPolicy::Another {
        return start_one(settings, true, say, &OnceLock::new()).await;
    }
    let chosen = choose(&settings.cluster).await;
    match chosen.map_err(|error| ClusterError::Unreachable(error.to_string()))? {
        Some(found) => {
            let owner = if found.ours { Owner::Pxlens } else { Owner::Other };
            let client = connect(found.connection_file.clone()).await?;
            if start != StartPolicy::Never {
                wait_for_engines(&client, expected(&found), ENGINES_LIMIT).await?;
            }
            // Only of one that answers, since one that does not is tried again and again.
            if let Some(note) = &found.note {
                say(Word::Say(Level::Info, note.clone()));
            }
            let selection = settings.cluster;
            Ok(Attached { client, found, owner, selection, is_new: false, started: None })
        }
        None if start == StartPolicy::Never => Err(ClusterError::None),
        None => start_one(settings, start == StartPolicy::Detached, say, &OnceLock::new()).await,
    }
}

/// Starts a cluster that goes on without this process, whatever else runs, and lets go of it. Where `given_up` ends first,
/// nothing is left running.
///
/// # Errors
/// See [`ClusterError`].
pub(crate) async fn start_cluster(
    settings: Settings,
    say: impl Fn(Level, &str) + Send + Sync,
    given_up: impl Future<Output = ()>,
) -> Result<ClusterView, ClusterError> {
    let launched = OnceLock::new();
    let attached = tokio::select! {
        attached = start_one(settings, true, |word| match word {
            Word::Say(level, text) => say(level, &text),
            Word::Step(text) | Word::Ready(text) => say(Level::Info, &text),
        }, &launched) => attached?,
        () = given_up => {
            // What was not launched whole ends by itself: nobody holds it any more.
            if let Some(found) = launched.get() {
                local::stop(found, true).await.map_err(|error| ClusterError::NotStarted(error.to_string()))?;
            }
            return Err(ClusterError::GivenUp);
        }
    };
    let view = attached.view(RunId::default());
    attached.client.close().await;
    Ok(view)
}

async fn start_one(
    settings: Settings,
    detached: bool,
    say: impl Fn(Word) + Send + Sync,
    launched: &OnceLock<FoundCluster>,
) -> Result<Attached, ClusterError> {
    let not_started = |why: String| ClusterError::NotStarted(why);
    let info = |text: &str| say(Word::Step(text.to_owned()));
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
    let begun = Instant::now();
    let mut started = local::start(options, &info).await.map_err(|error| not_started(error.to_string()))?;
    launched.get_or_init(|| started.found());
    let wanted = settings.engines as usize;
    let client = match come_up(&mut started, wanted).await {
        Ok(client) => client,
        Err(error) => {
            // The part of it that came up would be taken for a cluster, and used by the next run.
            if detached && let Err(error) = local::stop(&started.found(), true).await {
                tracing::warn!(%error, "a cluster that did not come up whole is left");
            }
            return Err(error);
        }
    };
    say(readiness(client.engines().borrow().len(), wanted, begun.elapsed(), &started));
    let owner = if detached { Owner::Pxlens } else { Owner::Session };
    let found = started.found();
    // What is kept here ends with the session.
    let started = (!detached).then_some(started);
    Ok(Attached { client, found, owner, selection: settings.cluster, is_new: true, started })
}

/// Connects to a cluster that was launched, and waits for its engines.
async fn come_up(started: &mut StartedCluster, wanted: usize) -> Result<ClusterClient, ClusterError> {
    let client = connect(started.connection_file.clone()).await?;
    tokio::select! {
        ready = wait_for_engines(&client, wanted, START_LIMIT) => ready.map(|()| client),
        // An engine that cannot even be started would be waited for in vain.
        error = started.ended() => Err(ClusterError::NotStarted(error.to_string())),
    }
}

/// How many of the engines are there, and after which time.
fn readiness(there: usize, wanted: usize, took: Duration, started: &StartedCluster) -> Word {
    let took = render::duration(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    if there < wanted {
        // `profile/security/client.json`, and beside it `profile/log`.
        let logs = started.connection_file.ancestors().nth(2).map(|profile| profile.join("log"));
        let logs = logs.map(|logs| format!("; the logs are in {}", logs.display())).unwrap_or_default();
        return Word::Say(
            Level::Warning,
            format!("only {there} of {wanted} engines came up in {took}{logs}"),
        );
    }
    let engines = if there == 1 { "1 engine is".to_owned() } else { format!("{there} engines are") };
    Word::Ready(format!("{engines} ready after {took}"))
}

/// How many engines to wait for: all of a cluster that has just been started, one of any other, since engines may have left
/// it for good.
fn expected(found: &FoundCluster) -> usize {
    let age = found.written.and_then(|written| written.elapsed().ok());
    let is_new = age.is_some_and(|age| age < NEW);
    found.engines_expected.filter(|_| is_new).map_or(1, |engines| engines as usize)
}

/// Chooses a cluster; waits for one that is still starting.
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

async fn connect(file: PathBuf) -> Result<ClusterClient, ClusterError> {
    let unreachable = |why: String| ClusterError::Unreachable(why);
    let info = blocking::run(move || ConnectionInfo::read(&file))
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    ClusterClient::connect(info, ClientOptions::default())
        .await
        .map_err(|error| unreachable(error.to_string()))
}

/// Waits until at least `wanted` engines are there. Fewer will do where the limit passes with some, or where no more have
/// come for [`GROWTH`].
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
