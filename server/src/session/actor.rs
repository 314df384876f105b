//! The session's task: one message after the other changes the state; effects are spawned and come back as messages.

mod connection;
mod history;
mod pxresult;
mod runs;
mod wishes;

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    About, Ask, CellId, CellText, ClusterError, ClusterView, DocumentKey, InterruptScope, Interrupted, Level,
    NotebookChange, Only, PreviousChoice, RunHandle, Runs, SessionEvent, Settings, Snapshot, StartPolicy,
    Starting, attach::Attached, documents::Documents, queue::Queue, run_task::Order,
};
use crate::{
    cells::Dialect,
    cluster::{
        ClusterClient,
        discovery::{FoundCluster, Selection},
    },
    engines::RankSet,
    render::GroupBy,
    run::RunId,
    text::{Change, Encoding},
};

/// How often a session that follows looks whether a cluster has come up.
const LOOK: Duration = Duration::from_secs(2);

/// How long the tasks of runs may take to end after the cluster is left.
const LAST: Duration = Duration::from_millis(500);

/// What a session is started with.
pub(super) struct Setup {
    pub(super) settings: Settings,
    pub(super) encoding: Encoding,
    pub(super) trusted: bool,
    pub(super) follow: bool,
}

/// Every cause of change.
pub(super) enum Message {
    Open {
        key: DocumentKey,
        dialect: Dialect,
        version: i32,
        text: String,
    },
    Change {
        key: DocumentKey,
        version: i32,
        changes: Vec<Change>,
    },
    Close {
        key: DocumentKey,
    },
    OpenNotebook {
        key: DocumentKey,
        order: Vec<DocumentKey>,
        cells: Vec<CellText>,
    },
    ChangeNotebook {
        key: DocumentKey,
        change: Box<NotebookChange>,
    },
    CloseNotebook {
        key: DocumentKey,
    },
    SendPlain {
        key: DocumentKey,
    },
    Configure(Box<Settings>),
    Trust(bool),
    Encoding(Encoding),
    Clear {
        key: DocumentKey,
        cell: Option<CellId>,
        reply: oneshot::Sender<Option<usize>>,
    },
    Snapshot {
        about: About,
        reply: oneshot::Sender<Snapshot>,
    },
    Run {
        ask: Box<Ask>,
        reply: wishes::Reply,
    },
    Interrupt {
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
        reply: oneshot::Sender<Option<Interrupted>>,
    },
    /// Somebody asked to see what this run gave.
    AskedFor {
        run: RunId,
    },
    /// Somebody chose how this run is grouped.
    Regroup {
        run: RunId,
        group_by: GroupBy,
        reply: oneshot::Sender<bool>,
    },
    /// Uses another cluster than the settings name, or that again.
    Choose {
        choice: Option<Selection>,
        reply: oneshot::Sender<PreviousChoice>,
    },
    /// A choice led to no cluster: what was chosen before is in force again, unless somebody chose another meanwhile.
    TakeBack {
        choice: Option<Selection>,
        before: Option<Selection>,
    },
    /// Whether the workspace is trusted, and the client of the cluster in use.
    Client {
        reply: oneshot::Sender<(bool, Option<ClusterClient>)>,
    },
    Connect {
        start: StartPolicy,
        reply: oneshot::Sender<Result<ClusterView, ClusterError>>,
    },
    /// A cluster is being stopped, was, or was not after all.
    Stopping {
        cluster: Box<FoundCluster>,
        stopped: Option<bool>,
    },
    Shutdown {
        reply: oneshot::Sender<()>,
    },
    /// An attempt to find or start a cluster came to its end; `selection` is what it was made by.
    Attached {
        policy: StartPolicy,
        selection: Selection,
        result: Box<Result<Attached, ClusterError>>,
    },
    /// The engine table or the state of this connection changed.
    ClusterChanged {
        generation: u64,
        lost: Option<String>,
    },
    /// What the engines of this connection do, or where they run, is another.
    EnginesChanged {
        generation: u64,
    },
    /// Which engines' output differs was looked at; `None` where that met a bug.
    Compared {
        number: u64,
        engines: Option<RankSet>,
    },
    /// A run ended.
    Over {
        run: RunId,
        succeeded: bool,
    },
    /// More output came of a run that is over.
    Late {
        run: RunId,
    },
    /// Something running beside the session has a word for the user.
    Say(Level, String),
    /// How far a cluster is that is being started.
    Starting(Starting),
    /// A bug, for tests of what it costs.
    #[cfg(test)]
    Panic,
}

impl Message {
    /// Whether a run, or what is shown of it, may be another afterwards. Not so for what comes at each key and with each word
    /// of an engine.
    fn may_change_runs(&self) -> bool {
        !matches!(
            self,
            Self::Snapshot { .. }
                | Self::Open { .. }
                | Self::Change { .. }
                | Self::ChangeNotebook { .. }
                | Self::EnginesChanged { .. }
                | Self::Starting(_)
                | Self::Say(..)
        )
    }
}

/// Something that waits for a cluster.
enum Waiter {
    Run(wishes::Wish),
    Connect(StartPolicy, oneshot::Sender<Result<ClusterView, ClusterError>>),
}

impl Waiter {
    /// What it lets be done where no cluster runs.
    fn start(&self) -> StartPolicy {
        match self {
            Self::Run(wish) => wish.start,
            Self::Connect(start, _) => *start,
        }
    }
}

/// A run and the way to give it its order, until it had one.
struct RunEntry {
    handle: Arc<RunHandle>,
    order: Option<oneshot::Sender<Order>>,
    /// The part of an earlier run's engines that it is for.
    only: Option<Only>,
    /// Where its first engine goes first: cancelled when the others are not to follow.
    canary: Option<CancellationToken>,
    over: bool,
    /// Whether somebody asked to see it, where it is one that nobody waits for.
    asked_for: bool,
    /// How somebody wants it grouped.
    regroup: watch::Sender<Option<GroupBy>>,
    /// What `-o` calls it, the newest name last.
    names: Vec<String>,
    /// How much there was of it when it was written under its names.
    kept: usize,
    /// About how many bytes it takes, once it is over.
    bytes: usize,
    /// What ends when its task has.
    task: Option<JoinHandle<()>>,
}

struct Actor {
    /// What the user set.
    wanted: Settings,
    /// The cluster that was chosen since the settings named one.
    chosen: Option<Selection>,
    /// What of it is in force: `python`, `cluster` and `views` count only where the workspace is trusted.
    settings: Arc<Settings>,
    trusted: bool,
    follow: bool,
    documents: Documents,
    queue: Queue,
    runs: BTreeMap<RunId, RunEntry>,
    /// The same as faces see them, until something about them may have changed.
    shared_runs: Option<Arc<Runs>>,
    next_run: u32,
    /// What each `%pxresult` that was run shows.
    recalled: HashMap<CellId, RunId>,
    /// The newest run of each name.
    named: BTreeMap<String, RunId>,
    keeper: pxresult::Keeper,
    cluster: Option<Attached>,
    /// Tells messages about the present connection from those about an earlier one.
    generation: u64,
    attaching: Option<StartPolicy>,
    /// Whether a cluster is being started, as far as was told.
    starting: bool,
    /// The connection file of a cluster that is being stopped.
    stopping: Option<PathBuf>,
    /// The first run that may be on the cluster in use.
    first_run: RunId,
    waiters: Vec<Waiter>,
    /// What waits until it is known which engines' output differs.
    comparing: Vec<wishes::Comparing>,
    next_comparison: u64,
    this: mpsc::WeakUnboundedSender<Message>,
    notices: mpsc::UnboundedSender<SessionEvent>,
}

/// The session's loop; ends with its last handle.
pub(super) async fn run(
    setup: Setup,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    this: mpsc::WeakUnboundedSender<Message>,
    notices: mpsc::UnboundedSender<SessionEvent>,
) {
    let mut actor = Actor {
        wanted: setup.settings,
        chosen: None,
        settings: Arc::default(),
        trusted: setup.trusted,
        follow: setup.follow,
        documents: Documents::new(setup.encoding),
        queue: Queue::default(),
        shared_runs: None,
        runs: BTreeMap::new(),
        next_run: 1,
        recalled: HashMap::new(),
        named: BTreeMap::new(),
        keeper: pxresult::Keeper::default(),
        cluster: None,
        generation: 0,
        attaching: None,
        starting: false,
        stopping: None,
        first_run: RunId(1),
        waiters: Vec::new(),
        comparing: Vec::new(),
        next_comparison: 0,
        this,
        notices,
    };
    actor.apply_settings();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = inbox.recv() => match message {
                Some(Message::Shutdown { reply }) => {
                    actor.end().await;
                    // Whoever asked may be gone.
                    let _ = reply.send(());
                    return;
                }
                Some(message) => actor.survive(message),
                None => return actor.end().await,
            },
            _ = look.tick(), if actor.wants_cluster() => actor.attach(StartPolicy::Never),
        }
    }
}

impl Actor {
    /// Handles a message. A panic in it is a bug, and costs that message and nothing else.
    fn survive(&mut self, message: Message) {
        let may_change_runs = message.may_change_runs();
        if std::panic::catch_unwind(AssertUnwindSafe(|| self.handle(message))).is_err() {
            tracing::error!("the session panicked over a message; this is a bug in pxlens");
            let text = "pxlens met a bug and goes on without the last thing it was told; please report this";
            self.tell(SessionEvent::Say(Level::Error, text.to_owned()));
        }
        // Not before it was handled: that may look at the runs, and change them afterwards.
        if may_change_runs {
            self.shared_runs = None;
        }
    }

    fn handle(&mut self, message: Message) {
        // An asker that has gone away does not want its answer: sends to it may fail.
        match message {
            Message::Open { key, dialect, version, text } => {
                let notices = self.documents.open(key, dialect, version, &text);
                self.tell_all(notices);
            }
            Message::Change { key, version, changes } => {
                let notices = self.documents.change(&key, version, &changes);
                self.tell_all(notices);
            }
            Message::Close { key } => {
                let notices = self.documents.close(&key);
                self.tell_all(notices);
            }
            Message::OpenNotebook { key, order, cells } => {
                let notices = self.documents.open_notebook(key, order, cells);
                self.tell_all(notices);
            }
            Message::ChangeNotebook { key, change } => {
                let notices = self.documents.change_notebook(&key, *change);
                self.tell_all(notices);
            }
            Message::CloseNotebook { key } => {
                let notices = self.documents.close_notebook(&key);
                self.tell_all(notices);
            }
            Message::SendPlain { key } => {
                let notices = self.documents.send_plain(&key);
                self.tell_all(notices);
            }
            Message::Configure(settings) => self.configure(*settings),
            Message::Trust(trusted) => {
                // What every cell would do, or why it does nothing, is another now.
                if std::mem::replace(&mut self.trusted, trusted) != trusted {
                    self.apply_settings();
                    self.tell(SessionEvent::Cluster);
                }
            }
            Message::Encoding(encoding) => self.documents.set_encoding(encoding),
            Message::Clear { key, cell, reply } => drop(reply.send(self.clear(&key, cell))),
            Message::Snapshot { about, reply } => drop(reply.send(self.snapshot(&about))),
            Message::Run { ask, reply } => self.run(&ask, reply),
            Message::Interrupt { run, stop, signal, reply } => self.interrupt(run, stop, signal, reply),
            Message::AskedFor { run } => self.asked_for(run),
            Message::Regroup { run, group_by, reply } => drop(reply.send(self.regroup(run, group_by))),
            Message::Choose { choice, reply } => drop(reply.send(self.choose(choice))),
            Message::TakeBack { choice, before } => self.take_back(&choice, before),
            Message::Client { reply } => {
                let client = self.cluster.as_ref().map(|cluster| cluster.client.clone());
                drop(reply.send((self.trusted, client)));
            }
            Message::Connect { start, reply } => self.connect(start, reply),
            Message::Stopping { cluster, stopped } => self.stopping(&cluster, stopped),
            Message::Shutdown { .. } => {}
            Message::Attached { policy, selection, result } => self.attached(policy, &selection, *result),
            Message::ClusterChanged { generation, lost } => self.cluster_changed(generation, lost),
            Message::EnginesChanged { generation } => {
                if generation == self.generation {
                    self.tell(SessionEvent::Engines);
                }
            }
            Message::Compared { number, engines } => self.compared(number, engines),
            Message::Over { run, succeeded } => self.over(run, succeeded),
            Message::Late { run } => self.came_late(run),
            Message::Say(level, text) => self.tell(SessionEvent::Say(level, text)),
            Message::Starting(how) => self.tell_starting(how),
            #[cfg(test)]
            Message::Panic => panic!("a test asked for it"),
        }
    }

    fn tell(&self, notice: SessionEvent) {
        // A face that no longer listens needs no notices.
        let _ = self.notices.send(notice);
    }

    fn tell_all(&self, notices: Vec<SessionEvent>) {
        notices.into_iter().for_each(|notice| self.tell(notice));
    }

    async fn end(&mut self) {
        let waiting: Vec<RunId> = self.queue.waiting().collect();
        let steps = self.queue.withdraw(&waiting, "the session ended");
        self.take(steps);
        self.keep_last();
        self.keeper.finish().await;
        if let Some(cluster) = self.cluster.take() {
            cluster.client.close().await;
            if let Some(started) = cluster.started
                && let Err(error) = started.stop().await
            {
                self.tell(SessionEvent::Say(Level::Error, format!("the cluster was not stopped: {error}")));
            }
        }
        self.clear_files().await;
    }

    /// Takes away what runs left in files, though others may still hold them: a process that ends drops nothing.
    async fn clear_files(&mut self) {
        let tasks: Vec<_> = self.runs.values_mut().filter_map(|entry| entry.task.take()).collect();
        // Without the cluster they are at their end; what still writes would put a folder back.
        if tokio::time::timeout(LAST, join_all(tasks)).await.is_err() {
            tracing::debug!("a run goes on behind the end of its session");
        }
        let runs = std::mem::take(&mut self.runs);
        let clear = move || runs.values().for_each(|entry| entry.handle.spilled.clear());
        if tokio::task::spawn_blocking(clear).await.is_err() {
            tracing::error!("files of runs stay; this is a bug in pxlens");
        }
    }
}

/// Sends a message to the session from something that runs beside it; a session that has ended does not want it.
fn send_back(session: &mpsc::WeakUnboundedSender<Message>, message: Message) {
    if let Some(session) = session.upgrade() {
        let _ = session.send(message);
    }
}
