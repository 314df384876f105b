//! The session owns documents, cells, the cluster and the index of runs. It is one task; faces send it messages and
//! await the answers.
//!
//! It never blocks: slow work runs in tasks of its own and comes back as a message. A notification has taken effect
//! before the next message is handled. The session hears when runs start and end, but never of their output: that stays
//! in each run's own task ([`RunHandle::view`]).

mod actor;
mod attach;
mod command;
mod consoles;
mod content;
mod documents;
mod export;
mod others;
mod parts;
mod pxresult;
mod queue;
mod read_back;
mod result_store;
mod run_task;
mod settings;
mod snapshot;
mod spill;
#[cfg(test)]
mod tests;
mod view;
mod wishes;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

pub(crate) use crate::clock::now;
pub(crate) use attach::{ClusterError, StartPolicy, start_cluster};
pub(crate) use command::{
    Conditional, NoCell, NotRun, NotRunKind, Place, RunCommand, RunError, RunResponse, Scope,
};
pub(crate) use consoles::ConsoleRequestError;
pub(crate) use content::{check, content, content_file};
pub(crate) use export::{Format, export, export_to};
pub(crate) use others::OthersInterruptError;
pub(crate) use parts::{InterruptScope, Only, Parts, parts};
pub(crate) use pxresult::{PastRun, ResultSource, ShownResult};
pub(crate) use result_store::{KeptHead, KeptResult, ResultStore, ResultStoreError};
pub(crate) use run_task::PACE;
pub(crate) use settings::{DEFAULT_ENGINES, Limits, Settings};
pub(crate) use snapshot::{About, Here, RunRecord, Runs, Snapshot};
pub(crate) use spill::SpillFolder;
pub(crate) use view::{BlockView, CellView, DocumentView, Places};
use wishes::FileWish;

use crate::{
    cells::{Dialect, Placed},
    cluster::{
        ClusterStatus, InterruptReport, Origins,
        discovery::{FoundCluster, Selection},
        local,
    },
    engines::{Activities, EngineId, EngineTable, ResolveError},
    plan::{Fingerprint, Overrides, Plan},
    render::GroupBy,
    run::{Run, RunId},
    text::{Change, Encoding},
};

/// The name of a document: the client's URI, opaque, compared byte for byte and given back unchanged.
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

/// Identifies a px cell in a session; stays the same while its text is edited and moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellId(pub u32);

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A change of a synchronised notebook, as LSP describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotebookChange {
    /// Cells removed and inserted: the first index, how many are removed, and the new ones. Texts stay with their keys.
    pub splice: Option<(usize, usize, Vec<DocumentKey>)>,
    /// Cell texts that were opened.
    pub opened: Vec<CellText>,
    /// Cell texts that were closed.
    pub closed: Vec<DocumentKey>,
    /// Edits of cell texts.
    pub edited: Vec<(DocumentKey, i32, Vec<Change>)>,
}

/// The text of one cell of a synchronised notebook.
#[derive(Clone, Debug)]
pub(crate) struct CellText {
    /// The cell's own URI.
    pub key: DocumentKey,
    pub version: i32,
    pub text: String,
}

/// A run, as its session knows it. Its output is read from `view`.
#[derive(Debug)]
pub(crate) struct RunHandle {
    pub id: RunId,
    /// The text that held its cell when it was asked for.
    pub document: DocumentKey,
    /// The notebook of that text, or else the text itself.
    pub home: DocumentKey,
    pub cell: CellId,
    /// The cell's ordinal among the px cells of its document, 1-based, as `pxlens cells` counts.
    pub number: u32,
    /// The 0-based line of the magic when the run was asked for.
    pub line: u32,
    /// The same as a reader calls it: `line 12`, in a raw notebook `cell 3, line 2`.
    pub place_name: String,
    /// The magic's line as text.
    pub title: String,
    /// The suffix of its magic: the view it belongs to.
    pub suffix: String,
    /// Its cell as it was when the run was asked for: it maps lines of the code to the document.
    pub px_cell: Placed,
    pub plan: Plan,
    /// Its engines, in the order of the requests.
    pub engines: Vec<EngineId>,
    /// The newest state.
    pub view: watch::Receiver<Arc<Run>>,
    /// Tells whether its cell has changed since.
    pub fingerprint: Fingerprint,
    /// The files with the text that is no longer in memory; they live as long as this handle.
    pub spilled: Arc<SpillFolder>,
    /// The grouping that somebody chose for it. Only the session's task changes it.
    pub regrouped: watch::Receiver<Option<GroupBy>>,
}

impl RunHandle {
    /// The newest state.
    pub(crate) fn now(&self) -> Arc<Run> {
        self.view.borrow().clone()
    }

    /// The newest state for an editor, which shows at most about so many bytes of it: of longer values, displays and errors the
    /// beginning.
    pub(crate) fn excerpt(&self, bytes: usize) -> Arc<Run> {
        self.now().excerpt(bytes)
    }

    /// Whether a `%pxresult` of this suffix in this document or notebook may show it.
    pub(crate) fn is_result_of(&self, home: &DocumentKey, suffix: &str) -> bool {
        self.home == *home && self.suffix == suffix && self.px_cell.kind.gives_result()
    }

    /// How it is grouped unless a request says otherwise: as the user chose, or as its cell says.
    pub(crate) fn group_by(&self) -> Option<GroupBy> {
        self.regrouped.borrow().or(self.plan.group_by)
    }
}

/// An event that a session reports to its face.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub(crate) enum SessionEvent {
    /// Cells of this document came, went or changed.
    Cells(DocumentKey),
    /// The cells' state changed although their text did not: an edit elsewhere changed what they would do, such as a
    /// `%pxconfig` in an earlier cell of a notebook, or their results were cleared.
    Plans,
    /// A run was asked for.
    Started(Arc<RunHandle>),
    /// A `%pxresult` shows a run from now on.
    ResultShown {
        /// The text that holds the `%pxresult`.
        document: DocumentKey,
        shown: ShownResult,
    },
    /// Engines, the cluster, or the settings that choose it changed.
    Cluster,
    /// Engines became busy or idle, their hosts became known, or the cluster is being started: no plan differs because
    /// of it.
    Engines,
    /// The progress of a cluster that is being started.
    Starting(Starting),
    /// A message for the user.
    Say(Level, String),
    /// A console waits for an engine that is busy; a message for the user, who may give up.
    ConsoleWaits(String),
}

/// The progress of a cluster that is being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Starting {
    /// The current step, as a sentence.
    Step(String),
    /// It is ready; the sentence says with how many engines.
    Ready(String),
    /// It did not start. Whoever asked for it gets the error.
    Failed,
}

/// The severity of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Progress.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

/// How long to wait for the next engine to report its host; some never do.
const HOSTS_QUIET: Duration = Duration::from_secs(2);

/// How long to wait for the hosts of all engines at most.
const HOSTS_LIMIT: Duration = Duration::from_secs(5);

/// Who started the cluster, and so who may stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This session; the cluster ends with it.
    Session,
    /// pxlens, now or earlier; the cluster outlives the session.
    Pxlens,
    /// Somebody else.
    Other,
}

/// The cluster of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterView {
    /// Where it was found, and who started it; `None` while there is none.
    pub owner: Option<Owner>,
    /// How it is named in sentences and in the setting `pxlens.cluster`.
    pub name: String,
    /// Its files, as discovery found them.
    pub found: Option<FoundCluster>,
    pub engines: Arc<EngineTable>,
    /// Whether each engine is idle or busy.
    pub activities: Arc<Activities>,
    /// Whose work the busy ones do.
    pub origins: Origins,
    /// Whether it answers.
    pub status: Option<ClusterStatus>,
    /// Whether a cluster is being started while there is none.
    pub starting: bool,
    /// The first run that may have been on this cluster. Earlier runs were on others, whose engines may have had the
    /// same ids.
    pub first_run: RunId,
}

/// The outcome of choosing a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// The chosen cluster is in use.
    InUse(ClusterView),
    /// The chosen cluster will be used once the runs on this one are over.
    Waits(ClusterView),
}

/// The choice that was in force before.
#[derive(Debug, Default)]
struct PreviousChoice {
    choice: Option<Selection>,
    /// The cluster in use, if it is left only once its runs are over.
    waits: Option<ClusterView>,
}

/// The outcome of an interrupt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interrupted {
    /// Why no engine qualified; then nothing was done.
    pub refused: Option<String>,
    /// Queued runs that will not be sent.
    pub dropped: Vec<RunId>,
    /// What was done to the engines of each run.
    pub reports: Vec<(RunId, InterruptReport)>,
}

/// The handle of a session. Cheap to clone; the session ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    messages: mpsc::UnboundedSender<actor::Message>,
}

impl Session {
    /// Starts a session. Its events come out of the receiver.
    ///
    /// `follow`: whether it looks for a cluster by itself while a document with px cells is open.
    pub(crate) fn start(
        settings: Settings,
        encoding: Encoding,
        trusted: bool,
        follow: bool,
    ) -> (Self, mpsc::UnboundedReceiver<SessionEvent>) {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::unbounded_channel();
        tokio::spawn(actor::run(
            actor::Setup { settings, encoding, trusted, follow },
            inbox,
            messages.downgrade(),
            sender,
        ));
        (Self { messages }, events)
    }

    /// A document was opened.
    pub(crate) fn open(&self, key: DocumentKey, dialect: Dialect, version: i32, text: String) {
        self.send(actor::Message::Open { key, dialect, version, text });
    }

    /// A document was edited.
    pub(crate) fn change(&self, key: DocumentKey, version: i32, changes: Vec<Change>) {
        self.send(actor::Message::Change { key, version, changes });
    }

    /// A document was closed. Its runs go on.
    pub(crate) fn close(&self, key: DocumentKey) {
        self.send(actor::Message::Close { key });
    }

    /// A notebook was opened: the keys of all its cells in order, and the texts of those that hold code.
    pub(crate) fn open_notebook(&self, key: DocumentKey, order: Vec<DocumentKey>, cells: Vec<CellText>) {
        self.send(actor::Message::OpenNotebook { key, order, cells });
    }

    /// A notebook was edited.
    pub(crate) fn change_notebook(&self, key: DocumentKey, change: NotebookChange) {
        self.send(actor::Message::ChangeNotebook { key, change: Box::new(change) });
    }

    /// A notebook was closed.
    pub(crate) fn close_notebook(&self, key: DocumentKey) {
        self.send(actor::Message::CloseNotebook { key });
    }

    /// Makes a notebook cell run on the engines even if it holds no px magic, unless it looks like set-up code.
    pub(crate) fn send_plain(&self, key: DocumentKey) {
        self.send(actor::Message::SendPlain { key });
    }

    /// Puts new settings in force.
    pub(crate) fn configure(&self, settings: Settings) {
        self.send(actor::Message::Configure(Box::new(settings)));
    }

    /// Sets whether the workspace is trusted. In an untrusted one nothing is run and no cluster is looked for.
    pub(crate) fn set_trust(&self, trusted: bool) {
        self.send(actor::Message::Trust(trusted));
    }

    /// Sets the unit in which columns are counted from now on.
    pub(crate) fn set_encoding(&self, encoding: Encoding) {
        self.send(actor::Message::Encoding(encoding));
    }

    /// Clears the shown results of a document, of a whole notebook, or of one cell; the runs go on and stay in the
    /// history. Returns how many cells showed one; `None` if there is no such document or cell.
    pub(crate) async fn clear(&self, key: DocumentKey, cell: Option<CellId>) -> Option<usize> {
        self.request(|reply| actor::Message::Clear { key, cell, reply }).await.flatten()
    }

    /// Everything that a request needs, as it is when the session handles this message. The message is sent before this
    /// returns, so that snapshots are taken in the order of the calls.
    pub(crate) fn snapshot(&self, about: impl Into<About>) -> BoxFuture<'static, Snapshot> {
        let about = about.into();
        let answer = self.send_request(|reply| actor::Message::Snapshot { about, reply });
        // A session that has ended has nothing.
        async move { answer.await.unwrap_or_default() }.boxed()
    }

    /// Runs cells. Answers once they are planned and queued, which may need a cluster to be found or started first.
    ///
    /// # Errors
    /// See [`RunError`]; then nothing was run.
    pub(crate) async fn run(&self, command: RunCommand) -> Result<RunResponse, RunError> {
        self.request(|reply| actor::Message::Run { command: Box::new(command), reply })
            .await
            .unwrap_or(Err(RunError::Ended))
    }

    /// Interrupts a run on some or all of its engines; without a run, everything that runs or waits. Without a signal,
    /// each run gets the one that its cell names, or else `SIGINT`. `None` if there is no such run.
    pub(crate) async fn interrupt(
        &self,
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
    ) -> Option<Interrupted> {
        self.request(|reply| actor::Message::Interrupt { run, stop, signal, reply }).await.flatten()
    }

    /// Notes that the user asked to see this run, so that its output is no longer withheld.
    pub(crate) fn reveal(&self, run: RunId) {
        self.send(actor::Message::Reveal { run });
    }

    /// Groups a run in this way until its cell runs again. Every later request sees the new grouping. `false` if there is no
    /// such run.
    pub(crate) async fn regroup(&self, run: RunId, group_by: GroupBy) -> bool {
        self.request(|reply| actor::Message::Regroup { run, group_by, reply }).await.unwrap_or_default()
    }

    /// Waits until every engine has reported its host, or the time limit has passed.
    pub(crate) async fn places(&self) {
        if let Some((_, Some(client))) = self.request(|reply| actor::Message::Client { reply }).await {
            // After a timeout the caller goes on with the hosts that are known.
            let _ = timeout(HOSTS_LIMIT, client.settled(HOSTS_QUIET)).await;
        }
    }

    /// Uses another cluster than the settings name, or (`None`) that one again. While runs are going on, the switch
    /// waits until they are over, and the answer is the cluster that is in use until then.
    ///
    /// # Errors
    /// See [`ClusterError`]; then the choice is as it was.
    pub(crate) async fn choose(&self, choice: Option<Selection>) -> Result<Choice, ClusterError> {
        let chosen = choice.clone();
        let before = self.request(|reply| actor::Message::Choose { choice, reply }).await.unwrap_or_default();
        if let Some(cluster) = before.waits {
            return Ok(Choice::Waits(cluster));
        }
        let connected = self.connect(StartPolicy::Never).await;
        if connected.is_err() {
            // Go back to the choice that worked.
            self.send(actor::Message::TakeBack { choice: chosen, before: before.choice });
        }
        connected.map(Choice::InUse)
    }

    /// Stops a cluster. `not_ours`: even one that pxlens did not start. It runs to the end even if the caller is
    /// dropped, since half a cluster is of no use.
    ///
    /// # Errors
    /// A sentence that says why it was not stopped.
    pub(crate) async fn stop(&self, cluster: FoundCluster, not_ours: bool) -> Result<(), String> {
        let session = self.clone();
        let stopping = tokio::spawn(async move {
            let cluster = Box::new(cluster);
            session.send(actor::Message::Stopping { cluster: cluster.clone(), stopped: None });
            let stopped = local::stop(&cluster, not_ours).await;
            session.send(actor::Message::Stopping { cluster, stopped: Some(stopped.is_ok()) });
            stopped
        });
        match stopping.await {
            Ok(stopped) => stopped.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Finds a cluster, or starts one if `start` allows it, and connects to it.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub(crate) async fn connect(&self, start: StartPolicy) -> Result<ClusterView, ClusterError> {
        self.request(|reply| actor::Message::Connect { start, reply })
            .await
            .unwrap_or(Err(ClusterError::Unreachable(RunError::Ended.to_string())))
    }

    /// Ends the session: drops queued runs, closes the sockets, and stops a cluster that was started for this session
    /// alone.
    pub(crate) async fn shutdown(&self) {
        self.request(|reply| actor::Message::Shutdown { reply }).await;
    }

    /// Makes the session's task panic while it handles a message.
    #[cfg(test)]
    pub(crate) fn panic(&self) {
        self.send(actor::Message::Panic);
    }

    fn send(&self, message: actor::Message) {
        // This fails only after the session has ended, when the message could change nothing.
        let _ = self.messages.send(message);
    }

    async fn request<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> actor::Message) -> Option<T> {
        self.send_request(message).await.ok()
    }

    /// Sends a request at once; the answer can be awaited later.
    fn send_request<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> actor::Message,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply));
        answer
    }
}
