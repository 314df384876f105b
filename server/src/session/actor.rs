//! The session's task: it handles one message after the other. Slow effects are spawned, and come back as messages.

mod commands;
mod connection;
mod history;
mod missing_modules;
mod pxresult;
mod runs;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
    About, CellId, CellText, ClusterError, ClusterView, DocumentKey, FileWish, InterruptScope, Interrupted,
    Level, NotebookChange, Only, PreviousChoice, RunCommand, RunHandle, Runs, SessionEvent, Settings,
    Snapshot, StartPolicy, Starting, attach::Attached, documents::Documents, queue::Queue, run_task::Order,
    spill::SpillSpace,
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

/// How often the session looks for a running cluster, if it follows.
const LOOK: Duration = Duration::from_secs(2);

/// How long the tasks of runs may take to end after the connection was closed.
const RUNS_END_LIMIT: Duration = Duration::from_millis(500);

/// The initial state of a session.
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
        command: Box<RunCommand>,
        reply: commands::Reply,
    },
    Interrupt {
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
        reply: oneshot::Sender<Option<Interrupted>>,
    },
    /// The user asked to see the output of this run.
    Reveal {
        run: RunId,
    },
    /// The user chose how this run is grouped.
    Regroup {
        run: RunId,
        group_by: GroupBy,
        reply: oneshot::Sender<bool>,
    },
    /// Uses another cluster than the settings name, or that one again.
    Choose {
        choice: Option<Selection>,
        reply: oneshot::Sender<PreviousChoice>,
    },
    /// A choice led to no cluster: puts the previous one in force again, unless another choice has been made since.
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
    /// A cluster is being stopped, or the attempt to stop it has ended.
    Stopping {
        cluster: Box<FoundCluster>,
        stopped: Option<bool>,
    },
    Shutdown {
        reply: oneshot::Sender<()>,
    },
    /// An attempt to find or start a cluster has ended; `selection` is what it looked for.
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
    /// The activity or the hosts of this connection's engines changed.
    EnginesChanged {
        generation: u64,
    },
    /// The engines whose output differs are known; `None` if the comparison panicked.
    Compared {
        number: u64,
        engines: Option<RankSet>,
    },
    /// A run ended.
    Over {
        run: RunId,
        succeeded: bool,
    },
    /// More output of a finished run arrived.
    Late {
        run: RunId,
    },
    /// Another task has a message for the user.
    Say(Level, String),
    /// A console waits for an engine that is busy.
    ConsoleWaits(String),
    /// The progress of a cluster that is being started.
    Starting(Starting),
    /// Panics, for tests of what a panic costs.
    #[cfg(test)]
    Panic,
}

impl Message {
    /// Whether handling it may change the runs or where they are shown. It never does for the messages that come with
    /// every keystroke or with every message of an engine.
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
                | Self::ConsoleWaits(_)
        )
    }
}

/// Something that waits for a cluster.
enum Waiter {
    Run(commands::ResolvedCommand),
    Connect(StartPolicy, oneshot::Sender<Result<ClusterView, ClusterError>>),
}

impl Waiter {
    /// The command that waits, if it is one.
    fn command(&self) -> Option<&commands::ResolvedCommand> {
        match self {
            Self::Run(command) => Some(command),
            Self::Connect(..) => None,
        }
    }

    /// What it allows to do if no cluster is running.
    fn start(&self) -> StartPolicy {
        match self {
            Self::Run(command) => command.start,
            Self::Connect(start, _) => *start,
        }
    }
}

/// What the session knows of a run.
struct RunEntry {
    handle: Arc<RunHandle>,
    /// Where its order goes; `None` once it was given.
    order: Option<oneshot::Sender<Order>>,
    /// The part of an earlier run's engines that it is for.
    only: Option<Only>,
    /// If its first engine runs it before the others: cancelled when the others must not follow.
    canary: Option<CancellationToken>,
    over: bool,
    /// Whether its result was cleared.
    dismissed: bool,
    /// Whether the user asked to see it, if it is a non-blocking run.
    revealed: bool,
    /// How the user wants it grouped.
    regroup: watch::Sender<Option<GroupBy>>,
    /// The names that `-o` gave it, the newest last.
    names: Vec<String>,
    /// The size of its output when it was last written under its names.
    kept: usize,
    /// About how many bytes of memory it takes, once it is over.
    bytes: usize,
    /// A task that ends when the run's task has ended.
    task: Option<JoinHandle<()>>,
}

struct Actor {
    /// The settings as the user made them.
    wanted: Settings,
    /// The cluster that the user chose since the settings last named one.
    chosen: Option<Selection>,
    /// The settings in force: `python`, `cluster` and `views` count only if the workspace is trusted.
    settings: Arc<Settings>,
    trusted: bool,
    follow: bool,
    documents: Documents,
    queue: Queue,
    runs: BTreeMap<RunId, RunEntry>,
    /// What the files of all runs take on disk.
    space: Arc<SpillSpace>,
    /// The runs as they are shared with faces, until something about them may have changed.
    shared_runs: Option<Arc<Runs>>,
    next_run: u32,
    /// What each `%pxresult` that was run shows.
    shown_by: HashMap<CellId, RunId>,
    /// The newest run of each name.
    named: BTreeMap<String, RunId>,
    keeper: pxresult::Keeper,
    cluster: Option<Attached>,
    /// What the file that was run last asks of the cluster; before that, what the open documents ask.
    wished: FileWish,
    /// Which clusters would do for the newest attempt to find one.
    asked: Selection,
    /// What was said of files that ask for something else than the user chose; it is said once.
    overruled: HashSet<String>,
    /// The number of the current connection, to tell its messages from those of an earlier one.
    generation: u64,
    attaching: Option<StartPolicy>,
    /// Whether a cluster is being started, as last reported.
    starting: bool,
    /// The connection file of a cluster that is being stopped.
    stopping: Option<PathBuf>,
    /// The connection files of clusters of which it was said why a module is missing there.
    explained: HashSet<PathBuf>,
    /// The first run that may be on the cluster in use.
    first_run: RunId,
    waiters: Vec<Waiter>,
    /// Commands that wait until it is known which engines' output differs.
    comparing: Vec<commands::Comparing>,
    next_comparison: u64,
    this: mpsc::WeakUnboundedSender<Message>,
    events: mpsc::UnboundedSender<SessionEvent>,
}

/// The session's loop; it ends with the last handle.
pub(super) async fn run(
    setup: Setup,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    this: mpsc::WeakUnboundedSender<Message>,
    events: mpsc::UnboundedSender<SessionEvent>,
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
        space: Arc::default(),
        next_run: 1,
        shown_by: HashMap::new(),
        named: BTreeMap::new(),
        keeper: pxresult::Keeper::default(),
        cluster: None,
        wished: FileWish::default(),
        asked: Selection::default(),
        overruled: HashSet::new(),
        generation: 0,
        attaching: None,
        starting: false,
        stopping: None,
        explained: HashSet::new(),
        first_run: RunId(1),
        waiters: Vec::new(),
        comparing: Vec::new(),
        next_comparison: 0,
        this,
        events,
    };
    actor.apply_settings();
    actor.sweep_files();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = inbox.recv() => match message {
                Some(Message::Shutdown { reply }) => {
                    actor.end().await;
                    // Fails if the caller was dropped.
                    let _ = reply.send(());
                    return;
                }
                Some(message) => actor.handle_guarded(message),
                None => return actor.end().await,
            },
            _ = look.tick(), if actor.wants_cluster() => actor.attach(StartPolicy::Never),
        }
    }
}

impl Actor {
    /// Handles a message. A panic is a bug, and costs that message and nothing else.
    fn handle_guarded(&mut self, message: Message) {
        let may_change_runs = message.may_change_runs();
        if std::panic::catch_unwind(AssertUnwindSafe(|| self.handle(message))).is_err() {
            tracing::error!("the session panicked while handling a message; this is a bug in pxlens");
            let text = "pxlens hit a bug and ignored the last request or edit; please report this";
            self.notify(SessionEvent::Say(Level::Error, text.to_owned()));
        }
        // After the message was handled, since that may read the runs and then change them.
        if may_change_runs {
            self.shared_runs = None;
        }
    }

    fn handle(&mut self, message: Message) {
        // Sending an answer fails if the caller was dropped, which is fine.
        match message {
            Message::Open { key, dialect, version, text } => {
                let events = self.documents.open(key, dialect, version, &text);
                self.notify_all(events);
            }
            Message::Change { key, version, changes } => {
                let events = self.documents.change(&key, version, &changes);
                self.notify_all(events);
            }
            Message::Close { key } => {
                let events = self.documents.close(&key);
                self.forget_old_runs();
                self.notify_all(events);
            }
            Message::OpenNotebook { key, order, cells } => {
                let events = self.documents.open_notebook(key, order, cells);
                self.notify_all(events);
            }
            Message::ChangeNotebook { key, change } => {
                let events = self.documents.change_notebook(&key, *change);
                self.notify_all(events);
            }
            Message::CloseNotebook { key } => {
                let events = self.documents.close_notebook(&key);
                self.forget_old_runs();
                self.notify_all(events);
            }
            Message::SendPlain { key } => {
                let events = self.documents.send_plain(&key);
                self.notify_all(events);
            }
            Message::Configure(settings) => self.configure(*settings),
            Message::Trust(trusted) => {
                // Trust changes what every cell would do, or why it does nothing.
                if std::mem::replace(&mut self.trusted, trusted) != trusted {
                    self.apply_settings();
                    self.notify(SessionEvent::Cluster);
                }
            }
            Message::Encoding(encoding) => self.documents.set_encoding(encoding),
            Message::Clear { key, cell, reply } => drop(reply.send(self.clear(&key, cell))),
            Message::Snapshot { about, reply } => drop(reply.send(self.snapshot(&about))),
            Message::Run { command, reply } => self.run(&command, reply),
            Message::Interrupt { run, stop, signal, reply } => self.interrupt(run, stop, signal, reply),
            Message::Reveal { run } => self.reveal(run),
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
                    self.notify(SessionEvent::Engines);
                }
            }
            Message::Compared { number, engines } => self.compared(number, engines),
            Message::Over { run, succeeded } => self.over(run, succeeded),
            Message::Late { run } => self.late_output(run),
            Message::Say(level, text) => self.notify(SessionEvent::Say(level, text)),
            Message::ConsoleWaits(text) => self.notify(SessionEvent::ConsoleWaits(text)),
            Message::Starting(how) => self.report_starting(how),
            #[cfg(test)]
            Message::Panic => panic!("a test asked for it"),
        }
    }

    fn notify(&self, event: SessionEvent) {
        // A face that no longer listens needs no events.
        let _ = self.events.send(event);
    }

    fn notify_all(&self, events: Vec<SessionEvent>) {
        events.into_iter().for_each(|event| self.notify(event));
    }

    async fn end(&mut self) {
        let waiting: Vec<RunId> = self.queue.waiting().collect();
        let steps = self.queue.withdraw(&waiting, "the session ended");
        self.apply_steps(steps);
        self.keep_last();
        self.keeper.finish().await;
        if let Some(cluster) = self.cluster.take() {
            cluster.client.close().await;
            if let Some(started) = cluster.started
                && let Err(error) = started.stop().await
            {
                self.notify(SessionEvent::Say(Level::Error, format!("The cluster was not stopped: {error}")));
            }
        }
        self.clear_files().await;
    }

    /// Deletes the files of runs even if others still hold them: a process that ends drops nothing.
    async fn clear_files(&mut self) {
        let tasks: Vec<_> = self.runs.values_mut().filter_map(|entry| entry.task.take()).collect();
        // Without the connection they are about to end; one that still writes would make its folder again.
        if tokio::time::timeout(RUNS_END_LIMIT, join_all(tasks)).await.is_err() {
            tracing::debug!("the task of a run outlives its session");
        }
        let runs = std::mem::take(&mut self.runs);
        let clear = move || runs.values().for_each(|entry| entry.handle.spilled.clear());
        // It is cancelled when the process is told to end at once.
        if tokio::task::spawn_blocking(clear).await.is_err_and(|error| error.is_panic()) {
            tracing::error!("deleting the files of runs panicked; this is a bug in pxlens");
        }
    }
}

/// Sends a message to the session from another task; does nothing if the session has ended.
fn send_back(session: &mpsc::WeakUnboundedSender<Message>, message: Message) {
    if let Some(session) = session.upgrade() {
        let _ = session.send(message);
    }
}
