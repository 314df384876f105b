//! The session owns documents, cells, the cluster and the index of runs. One task; faces send it messages and await an
//! answer.
//!
//! It never blocks: what takes long runs beside it and comes back as a message. A notification's effect is in place
//! before the next message is looked at. It hears of the life of runs (started, over), never of their output: that stays
//! in each run's own task ([`RunHandle::view`]).

mod actor;
mod attach;
mod consoles;
mod content;
mod documents;
mod export;
mod parts;
mod pxresult;
mod queue;
mod result_store;
mod run_task;
mod settings;
mod snapshot;
mod spill;
#[cfg(test)]
mod tests;
mod view;
mod whole;

use std::{fmt, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

pub(crate) use crate::clock::now;
pub(crate) use attach::{ClusterError, Owner, StartPolicy, start_cluster};
pub(crate) use consoles::NoConsole;
pub(crate) use content::{check, content, content_file};
pub(crate) use export::{Format, export, export_to};
pub(crate) use parts::{InterruptScope, Only, Parts, parts};
pub(crate) use pxresult::{PastRun, Recall, Recalled};
pub(crate) use result_store::{KeptHead, KeptResult, ResultStore, ResultStoreError};
pub(crate) use settings::{Limits, Settings};
pub(crate) use snapshot::{About, Here, RunRecord, Runs, Snapshot};
pub(crate) use spill::SpillFolder;
pub(crate) use view::{BlockView, CellView, DocumentView, Places};

use crate::{
    cells::{CellKind, Dialect, Placed},
    cluster::{
        ClusterStatus, InterruptReport,
        discovery::{FoundCluster, Selection},
        local,
    },
    engines::{Activities, EngineId, EngineTable, ResolveError},
    plan::{Fingerprint, Overrides, Plan},
    render::GroupBy,
    run::{Run, RunId},
    text::{Change, Encoding},
};

/// What names a document: the client's URI, opaque, compared byte for byte and given back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DocumentKey(pub Arc<str>);

impl DocumentKey {
    /// Whether it names a file with this extension.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        let path = self.0.split(['?', '#']).next().unwrap_or_default();
        path.rsplit_once('.').is_some_and(|(_, own)| own == extension)
    }
}

impl From<&str> for DocumentKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A px cell of a session, the same while its text is edited and moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellId(pub u32);

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A change of a synchronised notebook, as LSP tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotebookChange {
    /// Cells taken out and put in: first index, how many go, which come. Texts stay with their keys.
    pub splice: Option<(usize, usize, Vec<DocumentKey>)>,
    /// Cell texts that are new.
    pub opened: Vec<CellText>,
    /// Cell texts that are gone.
    pub closed: Vec<DocumentKey>,
    /// Edits of cell texts.
    pub edited: Vec<(DocumentKey, i32, Vec<Change>)>,
}

/// The text of one cell of a synchronised notebook.
#[derive(Clone, Debug)]
pub(crate) struct CellText {
    /// The cell's own URI.
    pub key: DocumentKey,
    /// Its version.
    pub version: i32,
    /// Its text.
    pub text: String,
}

/// Which px cells to run. The session looks for them when it takes the wish: an edit that was sent before is in place then,
/// and one that is sent behind it changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One px cell.
    Cell(CellId),
    /// The px cells whose lines touch these, first and last, 0-based.
    Lines(u32, u32),
    /// The px cells that end before this place, in the document or in the cells of its notebook; never the one that is there.
    Above(Place),
    /// The px cell at this place, and those after it.
    Below(Place),
    /// All px cells of the document; of a synchronised notebook, all its cells.
    All,
}

/// Where "above" ends and "below" begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this px cell, wherever it stands by now.
    Cell(CellId),
    /// At this line of the document, 0-based.
    Line(u32),
}

/// A wish to run cells.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The document, or the cell of a notebook.
    pub document: DocumentKey,
    /// Which of its cells.
    pub scope: Scope,
    /// What the face asks for on top.
    pub overrides: Overrides,
    /// Only these engines of the last run of the one px cell that is meant. Goes before what `overrides` say of it.
    pub only: Option<Only>,
    /// Whether later cells are run after one that failed.
    pub keep_going: bool,
    /// What to do where no cluster runs.
    pub start: StartPolicy,
}

/// What became of an [`Ask`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The runs, in order.
    pub runs: Vec<Arc<RunHandle>>,
    /// `%pxresult` lines, and the run that each shows.
    pub recalled: Vec<Recalled>,
    /// Cells that run nothing, with the reason, in order.
    pub not_run: Vec<NotRun>,
    /// Lines of local code beside the px lines, which only a local Python could run.
    pub local_lines: u32,
    /// Whether a cell that runs again on a part of its engines has changed since its last run.
    pub changed: bool,
}

/// A cell that runs nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRun {
    /// Which.
    pub cell: CellId,
    /// What kind of reason there is.
    pub kind: NotRunKind,
    /// The reason, as a sentence.
    pub why: String,
}

/// What kind of reason there is for a cell not to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRunKind {
    /// It is one of those that run nothing, such as a `%pxconfig`.
    RunsNothing,
    /// A `%pxresult`, and nothing has run that it could show.
    NothingYet,
    /// It is wrong in itself, its targets choose nothing, or it is gone.
    Refused,
    /// One before it could not run, or a `%pxresult` before it shows a run that failed.
    Behind,
    /// It was asked for again, in another way or with other code, before it was sent.
    Replaced,
}

/// Why nothing was run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum AskError {
    /// The document is not open.
    #[error("{0} is not open")]
    NoDocument(DocumentKey),
    /// The document cannot be read as what it is.
    #[error("{0}")]
    Unreadable(String),
    /// The scope holds no px cell.
    #[error("there is no px cell here")]
    NoCell,
    /// A cell is wrong in itself.
    #[error("line {line}: {why}")]
    Refused {
        /// The magic's line, 1-based.
        line: u32,
        /// The sentence.
        why: String,
    },
    /// The targets choose nothing.
    #[error("line {line}: {source}")]
    Targets {
        /// The magic's line, 1-based.
        line: u32,
        /// What is wrong with them.
        source: ResolveError,
    },
    /// A part of the last run's engines is meant, and there is none.
    #[error("{0}")]
    NothingAgain(String),
    /// There is no cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The workspace is not trusted.
    #[error("this workspace is not trusted, so nothing is run; trust it first")]
    Untrusted,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// A run, as its session knows it. Its output is read from `view`.
#[derive(Debug)]
pub(crate) struct RunHandle {
    /// Its number.
    pub id: RunId,
    /// Where its cell stood when it was asked for.
    pub document: DocumentKey,
    /// The notebook of that text; the document itself where it has none.
    pub home: DocumentKey,
    /// Its cell.
    pub cell: CellId,
    /// The cell's place among the px cells of its document, 1-based, as `pxlens cells` counts.
    pub number: u32,
    /// The magic's line, 0-based, at the time of asking.
    pub line: u32,
    /// The magic's line as text.
    pub title: String,
    /// The suffix of its magic: the view it belongs to.
    pub suffix: String,
    /// Its cell where it stood at the time of asking: the way from lines of the code to the document.
    pub place: Placed,
    /// What was planned.
    pub plan: Plan,
    /// The engines, in order.
    pub engines: Vec<EngineId>,
    /// The newest state.
    pub view: watch::Receiver<Arc<Run>>,
    /// To tell whether its cell has changed since.
    pub fingerprint: Fingerprint,
    /// What it wrote and is no longer in memory; there as long as this is.
    pub spilled: Arc<SpillFolder>,
    /// The grouping that somebody chose for it. Only the session's task changes it.
    pub regrouped: watch::Receiver<Option<GroupBy>>,
}

impl RunHandle {
    /// The newest state.
    pub(crate) fn now(&self) -> Arc<Run> {
        self.view.borrow().clone()
    }

    /// Whether a `%pxresult` of this suffix may mean it, in a document or in the cells of a notebook. To ipyparallel a
    /// `sync_imports` is no magic's result.
    pub(crate) fn is_result_of(&self, home: &DocumentKey, suffix: &str) -> bool {
        self.home == *home && self.suffix == suffix && self.place.kind != CellKind::SyncImports
    }

    /// How it is grouped where nobody asks for a grouping: as somebody chose, or as its cell says.
    pub(crate) fn group_by(&self) -> Option<GroupBy> {
        self.regrouped.borrow().or(self.plan.group_by)
    }
}

/// What a session tells its face without being asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub(crate) enum SessionEvent {
    /// Cells of this document came, went or changed.
    Cells(DocumentKey),
    /// What is told of cells is another though their text is the same: an edit elsewhere changed what they would do, as a
    /// `%pxconfig` in an earlier cell of a notebook does; or their results were cleared.
    Plans,
    /// A run was asked for.
    Started(Arc<RunHandle>),
    /// A `%pxresult` shows a run from now on.
    Recalled {
        /// The text it stands in.
        document: DocumentKey,
        /// The `%pxresult`, and what it shows.
        recalled: Recalled,
    },
    /// Engines came or went, or the cluster did, or what decides about it.
    Cluster,
    /// Engines began or ended something, told where they run, or the cluster is being started: no plan is another for that.
    Engines,
    /// How far a cluster is that somebody had started.
    Starting(Starting),
    /// A sentence for the user.
    Say(Level, String),
}

/// How far a cluster is that is being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Starting {
    /// What is being done, as a sentence.
    Step(String),
    /// It is there; how many engines, as a sentence.
    Ready(String),
    /// It is not, which whoever asked for it is told.
    Failed,
}

/// How much a sentence matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Progress.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

/// How long to wait for engines to tell where they run when none does any more; some never do.
const PLACES_QUIET: Duration = Duration::from_secs(2);

/// How long to wait for it at most, where there are many.
const PLACES_LIMIT: Duration = Duration::from_secs(5);

/// The cluster of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterView {
    /// Where it was found, and who started it; `None` while there is none.
    pub owner: Option<Owner>,
    /// How it is named in sentences and in the setting `pxlens.cluster`.
    pub name: String,
    /// Its files, as discovery sees them.
    pub found: Option<FoundCluster>,
    /// Its engines.
    pub engines: Arc<EngineTable>,
    /// What they do.
    pub activities: Arc<Activities>,
    /// Whether it answers.
    pub status: Option<ClusterStatus>,
    /// Whether one is being started, while there is none.
    pub starting: bool,
    /// Runs before this one were not on it: its engines may have the ids of others.
    pub first_run: RunId,
}

/// What became of the choice of a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// It is in use.
    InUse(ClusterView),
    /// It will be once the runs on this one are over.
    Waits(ClusterView),
}

/// What was chosen before.
#[derive(Debug, Default)]
struct PreviousChoice {
    choice: Option<Selection>,
    /// The cluster in use, where it is left only once its runs are over.
    waits: Option<ClusterView>,
}

/// What became of an interrupt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// Why none of the engines was meant; then nothing was done.
    pub refused: Option<String>,
    /// Runs that waited and will not be sent.
    pub dropped: Vec<RunId>,
    /// What was done to engines, run by run.
    pub reports: Vec<(RunId, InterruptReport)>,
}

/// The handle of a session. Cheap to clone; the session ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    messages: mpsc::UnboundedSender<actor::Message>,
}

impl Session {
    /// Starts a session. What it says unasked comes out of the receiver.
    ///
    /// `follow`: whether it looks for a cluster by itself as long as a document with px cells is open.
    pub(crate) fn start(
        settings: Settings,
        encoding: Encoding,
        trusted: bool,
        follow: bool,
    ) -> (Self, mpsc::UnboundedReceiver<SessionEvent>) {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (notices, heard) = mpsc::unbounded_channel();
        tokio::spawn(actor::run(
            actor::Setup { settings, encoding, trusted, follow },
            inbox,
            messages.downgrade(),
            notices,
        ));
        (Self { messages }, heard)
    }

    /// A document was opened.
    pub(crate) fn open(&self, key: DocumentKey, dialect: Dialect, version: i32, text: String) {
        self.tell(actor::Message::Open { key, dialect, version, text });
    }

    /// A document was edited.
    pub(crate) fn change(&self, key: DocumentKey, version: i32, changes: Vec<Change>) {
        self.tell(actor::Message::Change { key, version, changes });
    }

    /// A document was closed. Its runs go on.
    pub(crate) fn close(&self, key: DocumentKey) {
        self.tell(actor::Message::Close { key });
    }

    /// A notebook was opened: the keys of all its cells in order, and the texts of those that hold code.
    pub(crate) fn open_notebook(&self, key: DocumentKey, order: Vec<DocumentKey>, cells: Vec<CellText>) {
        self.tell(actor::Message::OpenNotebook { key, order, cells });
    }

    /// A notebook was edited.
    pub(crate) fn change_notebook(&self, key: DocumentKey, change: NotebookChange) {
        self.tell(actor::Message::ChangeNotebook { key, change: Box::new(change) });
    }

    /// A notebook was closed.
    pub(crate) fn close_notebook(&self, key: DocumentKey) {
        self.tell(actor::Message::CloseNotebook { key });
    }

    /// Takes a cell of a notebook for one that runs on the engines also where it holds no px magic, unless it reads as set-up.
    pub(crate) fn send_plain(&self, key: DocumentKey) {
        self.tell(actor::Message::SendPlain { key });
    }

    /// New settings.
    pub(crate) fn configure(&self, settings: Settings) {
        self.tell(actor::Message::Configure(Box::new(settings)));
    }

    /// Whether the workspace is trusted from now on. Where it is not, nothing is run and no cluster is looked for.
    pub(crate) fn set_trust(&self, trusted: bool) {
        self.tell(actor::Message::Trust(trusted));
    }

    /// The unit of columns in what is told from now on.
    pub(crate) fn set_encoding(&self, encoding: Encoding) {
        self.tell(actor::Message::Encoding(encoding));
    }

    /// Has the cells of a document, of all of a notebook, or one cell show their runs no more; the runs stay in the history,
    /// and go on. Says how many showed one; `None` where there is no such document or cell.
    pub(crate) async fn clear(&self, key: DocumentKey, cell: Option<CellId>) -> Option<usize> {
        self.ask(|reply| actor::Message::Clear { key, cell, reply }).await.flatten()
    }

    /// Everything that a request needs, as it is when the session comes to this message. The message is sent before this
    /// returns, so that the order of calls is the order of moments.
    pub(crate) fn snapshot(&self, about: impl Into<About>) -> BoxFuture<'static, Snapshot> {
        let about = about.into();
        let answer = self.question(|reply| actor::Message::Snapshot { about, reply });
        // A session that has ended has nothing.
        async move { answer.await.unwrap_or_default() }.boxed()
    }

    /// Runs cells. Answers when they are planned and queued, which may need a cluster to be found or started first.
    ///
    /// # Errors
    /// See [`AskError`]; then nothing was run.
    pub(crate) async fn run(&self, ask: Ask) -> Result<Asked, AskError> {
        self.ask(|reply| actor::Message::Run { ask: Box::new(ask), reply })
            .await
            .unwrap_or(Err(AskError::Ended))
    }

    /// Interrupts a run on some or all of its engines; without a run, everything that runs or waits. Without a signal, each
    /// run gets the one that its cell names, else `SIGINT`. `None` where there is no such run.
    pub(crate) async fn interrupt(
        &self,
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
    ) -> Option<Interrupted> {
        self.ask(|reply| actor::Message::Interrupt { run, stop, signal, reply }).await.flatten()
    }

    /// Somebody asked to see this run: its cell need not keep the output back any more.
    pub(crate) fn asked_for(&self, run: RunId) {
        self.tell(actor::Message::AskedFor { run });
    }

    /// Groups a run in this way from now on, until its cell runs again. In place before anything that is asked afterwards
    /// is answered.
    pub(crate) fn regroup(&self, run: RunId, group_by: GroupBy) {
        self.tell(actor::Message::Regroup { run, group_by });
    }

    /// Waits until each engine told where it runs, or did not in time.
    pub(crate) async fn places(&self) {
        if let Some((_, Some(client))) = self.ask(|reply| actor::Message::Client { reply }).await {
            // Whether in time or not: what is known then is known.
            let _ = timeout(PLACES_LIMIT, client.settled(PLACES_QUIET)).await;
        }
    }

    /// Uses another cluster than the settings name, or (`None`) that again. Where runs go on, it is used once they are over,
    /// and the answer is the cluster that is in use until then.
    ///
    /// # Errors
    /// See [`ClusterError`]; then the choice is as it was.
    pub(crate) async fn choose(&self, choice: Option<Selection>) -> Result<Choice, ClusterError> {
        let before = self.ask(|reply| actor::Message::Choose { choice, reply }).await.unwrap_or_default();
        if let Some(cluster) = before.waits {
            return Ok(Choice::Waits(cluster));
        }
        let connected = self.connect(StartPolicy::Never).await;
        if connected.is_err() {
            // The one that was in use is the better choice.
            self.ask(|reply| actor::Message::Choose { choice: before.choice, reply }).await;
        }
        connected.map(Choice::InUse)
    }

    /// Stops a cluster. `not_ours`: also one that pxlens did not start. It goes on where the asker takes the question back:
    /// half a cluster is of no use.
    ///
    /// # Errors
    /// A sentence; then it was not stopped.
    pub(crate) async fn stop(&self, cluster: FoundCluster, not_ours: bool) -> Result<(), String> {
        let session = self.clone();
        let stopping = tokio::spawn(async move {
            let cluster = Box::new(cluster);
            session.tell(actor::Message::Stopping { cluster: cluster.clone(), stopped: None });
            let stopped = local::stop(&cluster, not_ours).await;
            session.tell(actor::Message::Stopping { cluster, stopped: Some(stopped.is_ok()) });
            stopped
        });
        match stopping.await {
            Ok(stopped) => stopped.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Finds, or by `start` starts, a cluster, and connects to it.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub(crate) async fn connect(&self, start: StartPolicy) -> Result<ClusterView, ClusterError> {
        self.ask(|reply| actor::Message::Connect { start, reply })
            .await
            .unwrap_or(Err(ClusterError::Unreachable("the session has ended".to_owned())))
    }

    /// Ends the session: drops what waits, closes the sockets, and stops a cluster that was to end with it.
    pub(crate) async fn shutdown(&self) {
        self.ask(|reply| actor::Message::Shutdown { reply }).await;
    }

    /// Makes the session's task panic over a message.
    #[cfg(test)]
    pub(crate) fn panic(&self) {
        self.tell(actor::Message::Panic);
    }

    fn tell(&self, message: actor::Message) {
        // The session has ended: there is nothing left that the message could change.
        let _ = self.messages.send(message);
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> actor::Message) -> Option<T> {
        self.question(message).await.ok()
    }

    /// Sends a question at once; its answer can be waited for.
    fn question<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> actor::Message,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply));
        answer
    }
}
