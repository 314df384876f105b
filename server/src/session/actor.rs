//! The session's task: one message after the other changes the state; effects are spawned and come back as messages.

mod connection;
mod history;
mod recall;
mod runs;

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
    Ask, AskError, Asked, CellId, CellText, ClusterError, ClusterView, DocumentKey, DocumentView,
    Interrupted, Level, NotebookChange, Notice, PastRun, ProblemsView, RunHandle, Settings, StartPolicy,
    Starting, attach::Attached, documents::Documents, queue::Queue, run_task::Order,
};
use crate::{
    cells::Dialect,
    cluster::ClusterClient,
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
    Document {
        key: DocumentKey,
        reply: oneshot::Sender<Option<DocumentView>>,
    },
    Problems {
        key: DocumentKey,
        reply: oneshot::Sender<Option<ProblemsView>>,
    },
    RunsIn {
        key: DocumentKey,
        reply: oneshot::Sender<Option<DocumentView>>,
    },
    Together {
        key: DocumentKey,
        reply: oneshot::Sender<Vec<DocumentView>>,
    },
    Run {
        ask: Box<Ask>,
        reply: oneshot::Sender<Result<Asked, AskError>>,
    },
    Interrupt {
        run: Option<RunId>,
        engines: Option<RankSet>,
        signal: Option<String>,
        reply: oneshot::Sender<Interrupted>,
    },
    RunHandle {
        run: RunId,
        reply: oneshot::Sender<Option<Arc<RunHandle>>>,
    },
    NamedRun {
        name: String,
        reply: oneshot::Sender<Option<Arc<RunHandle>>>,
    },
    History {
        document: Option<DocumentKey>,
        reply: oneshot::Sender<Vec<PastRun>>,
    },
    /// Somebody asked to see what this run gave.
    AskedFor {
        run: RunId,
    },
    /// Somebody chose how this run is grouped.
    Regroup {
        run: RunId,
        group_by: GroupBy,
    },
    Cluster {
        reply: oneshot::Sender<ClusterView>,
    },
    /// Whether the cluster in use is about to be left.
    IsLeaving {
        reply: oneshot::Sender<bool>,
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
        connection_file: PathBuf,
        stopped: Option<bool>,
    },
    Shutdown {
        reply: oneshot::Sender<()>,
    },
    /// An attempt to find or start a cluster came to its end.
    Attached {
        policy: StartPolicy,
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

/// Something that waits for a cluster.
enum Waiter {
    Run(Ask, Vec<(DocumentKey, CellId)>, oneshot::Sender<Result<Asked, AskError>>),
    Connect(StartPolicy, oneshot::Sender<Result<ClusterView, ClusterError>>),
}

impl Waiter {
    /// What it lets be done where no cluster runs.
    fn start(&self) -> StartPolicy {
        match self {
            Self::Run(ask, ..) => ask.start,
            Self::Connect(start, _) => *start,
        }
    }
}

/// A run and the way to give it its order, until it had one.
struct RunEntry {
    handle: Arc<RunHandle>,
    order: Option<oneshot::Sender<Order>>,
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
    settings: Settings,
    trusted: bool,
    follow: bool,
    documents: Documents,
    queue: Queue,
    runs: BTreeMap<RunId, RunEntry>,
    next_run: u32,
    /// What each `%pxresult` that was run shows.
    recalled: HashMap<CellId, RunId>,
    /// The newest run of each name.
    named: BTreeMap<String, RunId>,
    keeper: recall::Keeper,
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
    this: mpsc::WeakUnboundedSender<Message>,
    notices: mpsc::UnboundedSender<Notice>,
}

/// The session's loop; ends with its last handle.
pub(super) async fn run(
    setup: Setup,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    this: mpsc::WeakUnboundedSender<Message>,
    notices: mpsc::UnboundedSender<Notice>,
) {
    let mut documents = Documents::new(setup.encoding);
    documents.set_views(&setup.settings.views);
    let mut actor = Actor {
        settings: setup.settings,
        trusted: setup.trusted,
        follow: setup.follow,
        documents,
        queue: Queue::default(),
        runs: BTreeMap::new(),
        next_run: 1,
        recalled: HashMap::new(),
        named: BTreeMap::new(),
        keeper: recall::Keeper::default(),
        cluster: None,
        generation: 0,
        attaching: None,
        starting: false,
        stopping: None,
        first_run: RunId(1),
        waiters: Vec::new(),
        this,
        notices,
    };
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
        if std::panic::catch_unwind(AssertUnwindSafe(|| self.handle(message))).is_err() {
            tracing::error!("the session panicked over a message; this is a bug in pxlens");
            let text = "pxlens met a bug and goes on without the last thing it was told; please report this";
            self.tell(Notice::Say(Level::Error, text.to_owned()));
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
                    self.tell(Notice::Cluster);
                }
            }
            Message::Encoding(encoding) => self.documents.set_encoding(encoding),
            Message::Clear { key, cell, reply } => drop(reply.send(self.clear(&key, cell))),
            Message::Document { key, reply } => drop(reply.send(self.view(&key))),
            Message::Problems { key, reply } => drop(reply.send(self.documents.problems(&key))),
            Message::RunsIn { key, reply } => drop(reply.send(self.view_of_runs(&key))),
            Message::Together { key, reply } => {
                let keys = self.documents.together(&key);
                drop(reply.send(keys.iter().filter_map(|key| self.view(key)).collect()));
            }
            Message::Run { ask, reply } => self.run(*ask, reply),
            Message::Interrupt { run, engines, signal, reply } => self.interrupt(run, engines, signal, reply),
            Message::RunHandle { run, reply } => {
                drop(reply.send(self.runs.get(&run).map(|entry| entry.handle.clone())));
            }
            Message::NamedRun { name, reply } => drop(reply.send(self.named_run(&name))),
            Message::History { document, reply } => drop(reply.send(self.history(document.as_ref()))),
            Message::AskedFor { run } => self.asked_for(run),
            Message::Regroup { run, group_by } => self.regroup(run, group_by),
            Message::Cluster { reply } => drop(reply.send(self.cluster_view())),
            Message::IsLeaving { reply } => drop(reply.send(self.is_leaving())),
            Message::Client { reply } => {
                let client = self.cluster.as_ref().map(|cluster| cluster.client.clone());
                drop(reply.send((self.trusted, client)));
            }
            Message::Connect { start, reply } => self.connect(start, reply),
            Message::Stopping { connection_file, stopped } => self.stopping(connection_file, stopped),
            Message::Shutdown { .. } => {}
            Message::Attached { policy, result } => self.attached(policy, *result),
            Message::ClusterChanged { generation, lost } => self.cluster_changed(generation, lost),
            Message::EnginesChanged { generation } => {
                if generation == self.generation {
                    self.tell(Notice::Engines);
                }
            }
            Message::Over { run, succeeded } => self.over(run, succeeded),
            Message::Late { run } => self.came_late(run),
            Message::Say(level, text) => self.tell(Notice::Say(level, text)),
            Message::Starting(how) => self.tell_starting(how),
            #[cfg(test)]
            Message::Panic => panic!("a test asked for it"),
        }
    }

    fn tell(&self, notice: Notice) {
        // A face that no longer listens needs no notices.
        let _ = self.notices.send(notice);
    }

    fn tell_all(&self, notices: Vec<Notice>) {
        notices.into_iter().for_each(|notice| self.tell(notice));
    }

    async fn end(&mut self) {
        let waiting: Vec<RunId> = self.queue.waiting().collect();
        for run in waiting {
            let steps = self.queue.withdraw(run, "the session ended");
            self.take(steps);
        }
        self.keep_last();
        self.keeper.finish().await;
        if let Some(cluster) = self.cluster.take() {
            cluster.client.close().await;
            if let Some(started) = cluster.started
                && let Err(error) = started.stop().await
            {
                self.tell(Notice::Say(Level::Error, format!("the cluster was not stopped: {error}")));
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
