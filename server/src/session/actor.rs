//! The session's task: it handles one message after the other. Slow effects are spawned, and come back as messages.

mod commands;
mod connection;
mod documents;
mod history;
mod missing_modules;
mod pxresult;
mod run_index;
mod runs;
mod snapshot;

use std::{
    collections::HashSet, ops::ControlFlow, panic::AssertUnwindSafe, path::PathBuf, sync::Arc, time::Duration,
};

use futures::future::join_all;
use tokio::{
    sync::{mpsc, oneshot},
    time::MissedTickBehavior,
};

use super::{
    ClusterError, ClusterView, FileWish, Level, SessionEvent, Settings, StartPolicy, Starting,
    attach::Attached, documents::Documents, queue::Queue, spill::SpillSpace,
};
use crate::{cluster::discovery::Selection, engines::RankSet, run::RunId, text::Encoding};
use connection::Connection;
use run_index::RunIndex;

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

/// Work on the session's state that a face asks for.
type Request = Box<dyn FnOnce(&mut Actor) + Send>;

/// Every cause of change.
pub(super) enum Message {
    Request(Request),
    /// A face ends the session.
    Shutdown {
        reply: oneshot::Sender<()>,
    },
    /// The attempt to find or start a cluster has ended.
    Attached(Box<Result<Attached, ClusterError>>),
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
    /// The progress of a cluster that is being started.
    Starting(Starting),
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

/// The session's state.
pub(super) struct Actor {
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
    index: RunIndex,
    /// What the files of all runs take on disk.
    space: Arc<SpillSpace>,
    next_run: u32,
    keeper: pxresult::Keeper,
    connection: Connection,
    /// What the file that was run last asks of the cluster; before that, what the open documents ask.
    wished: FileWish,
    /// What was said of files that ask for something else than the user chose; it is said once.
    overruled: HashSet<String>,
    /// The number of the current connection, to tell its messages from those of an earlier one.
    generation: u64,
    /// The connection files of clusters that are being stopped: that in use, or others.
    stopping: HashSet<PathBuf>,
    /// The connection files of clusters of which it was said why a module is missing there.
    explained: HashSet<PathBuf>,
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
        index: RunIndex::default(),
        space: Arc::default(),
        next_run: 1,
        keeper: pxresult::Keeper::default(),
        connection: Connection::default(),
        wished: FileWish::default(),
        overruled: HashSet::new(),
        generation: 0,
        stopping: HashSet::new(),
        explained: HashSet::new(),
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
                Some(message) => {
                    if let ControlFlow::Break(reply) = actor.handle_guarded(message) {
                        actor.end().await;
                        // Fails if the caller was dropped.
                        let _ = reply.send(());
                        return;
                    }
                }
                None => return actor.end().await,
            },
            _ = look.tick(), if actor.wants_cluster() => actor.attach(StartPolicy::Never),
        }
    }
}

impl Actor {
    /// Handles a message. A panic is a bug, and costs that message and nothing else.
    fn handle_guarded(&mut self, message: Message) -> ControlFlow<oneshot::Sender<()>> {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.handle(message))).unwrap_or_else(|_| {
            tracing::error!("the session panicked while handling a message; this is a bug in pxlens");
            let text = "pxlens hit a bug and ignored the last request or edit; please report this";
            self.notify(SessionEvent::Say(Level::Error, text.to_owned()));
            ControlFlow::Continue(())
        })
    }

    /// Breaks if the session is to end, with what to tell then.
    fn handle(&mut self, message: Message) -> ControlFlow<oneshot::Sender<()>> {
        match message {
            Message::Request(request) => request(self),
            Message::Shutdown { reply } => return ControlFlow::Break(reply),
            Message::Attached(result) => self.attached(*result),
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
            Message::Starting(how) => self.report_starting(how),
        }
        ControlFlow::Continue(())
    }

    pub(super) fn notify(&self, event: SessionEvent) {
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
        self.give_up_start().await;
        self.keep_last();
        self.keeper.finish().await;
        if let Some(cluster) = self.connection.take_cluster() {
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
        let tasks: Vec<_> = self.index.runs.values_mut().filter_map(|entry| entry.task.take()).collect();
        // Without the connection they are about to end; one that still writes would make its folder again.
        if tokio::time::timeout(RUNS_END_LIMIT, join_all(tasks)).await.is_err() {
            tracing::debug!("the task of a run outlives its session");
        }
        let runs = std::mem::take(&mut self.index.runs);
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
