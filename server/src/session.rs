//! The session owns documents, cells, the cluster and the index of runs. It is one task; faces ask it through the methods of
//! [`Session`], which stand beside the work that they ask for: in `actor/`, in the file of their subject.
//!
//! It never blocks: slow work runs in tasks of its own and comes back as a message. A notification has taken effect
//! before the next message is handled. The session hears when runs start and end, but never of their output: that stays
//! in each run's own task ([`RunHandle::view`]).

mod actor;
mod attach;
mod cancellation;
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

use std::{
    cmp::Reverse,
    fmt,
    sync::{Arc, LazyLock},
};

use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use crate::clock::now;
use actor::{Actor, Message};
pub(crate) use attach::{ClusterError, NewCluster, StartPolicy, start_cluster};
pub(crate) use cancellation::Cancellation;
pub(crate) use command::{
    Conditional, NoCell, NotRun, NotRunKind, Place, RunCommand, RunError, RunResponse, Scope,
};
pub(crate) use consoles::ConsoleRequestError;
pub(crate) use content::{check, content, content_file};
pub(crate) use export::{Format, export, export_to};
pub(crate) use others::OthersInterruptError;
pub(crate) use parts::{InterruptScope, Only, Parts, parts};
pub(crate) use pxresult::{ResultSource, ShownResult};
pub(crate) use result_store::{KeptHead, KeptResult, ResultStore, ResultStoreError};
pub(crate) use run_task::PACE;
pub(crate) use settings::{DEFAULT_ENGINES, Limits, Settings};
pub(crate) use snapshot::{About, Here, RunRecord, Runs, Snapshot};
pub(crate) use spill::SpillFolder;
pub(crate) use view::{BlockView, CellView, DocumentView, Places};
use wishes::FileWish;

use crate::{
    cells::{LineName, Placed},
    cluster::{ClusterStatus, InterruptReport, Origins, discovery::FoundCluster},
    engines::{Activities, EngineId, EngineTable},
    plan::{Fingerprint, Plan},
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

    /// Whether it names a document that was never saved.
    pub(crate) fn is_untitled(&self) -> bool {
        self.0.starts_with("untitled:")
    }

    /// Its name after a file, or a folder that it is in, was renamed; `None` if it is neither that file nor in that folder.
    pub(crate) fn renamed(&self, old: &Self, new: &Self) -> Option<Self> {
        if self == old {
            return Some(new.clone());
        }
        let (old, new) = (old.0.trim_end_matches('/'), new.0.trim_end_matches('/'));
        // Some editors call a buffer without a name `file://`, and it is no folder of all others.
        let is_folder = !old.ends_with(':');
        let rest = self.0.strip_prefix(old).filter(|rest| is_folder && rest.starts_with('/'))?;
        Some(Self(format!("{new}{rest}").into()))
    }
}

/// The new names of files and folders that were renamed together: two may have got each other's.
#[derive(Clone, Debug)]
pub(crate) struct Renames {
    /// Old and new name; of a folder and what is in it, the latter first.
    names: Vec<(DocumentKey, DocumentKey)>,
}

impl Renames {
    pub(crate) fn new(mut names: Vec<(DocumentKey, DocumentKey)>) -> Self {
        names.sort_by_key(|(old, _)| Reverse(old.0.len()));
        Self { names }
    }

    /// The new name of a file; `None` if it keeps its name.
    pub(crate) fn new_name(&self, file: &DocumentKey) -> Option<DocumentKey> {
        self.names.iter().find_map(|(old, new)| file.renamed(old, new))
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
    /// Cells that are Markdown from now on, or still.
    pub markup: Vec<DocumentKey>,
    /// Cells that are code.
    pub code: Vec<DocumentKey>,
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

/// Identifies a text in a session, from when it is opened until it is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TextId(pub u32);

/// Where a px cell is. It changes when its text is opened again, and when its file is renamed or saved under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub text: TextId,
    /// The text that holds it, or held it last.
    pub document: DocumentKey,
    /// The notebook of that text, or else the text itself.
    pub home: DocumentKey,
}

/// A run, as its session knows it. Its output is read from `view`.
#[derive(Debug)]
pub(crate) struct RunHandle {
    pub id: RunId,
    /// Where its cell is. Only the session's task changes it.
    pub at: watch::Receiver<Whereabouts>,
    pub cell: CellId,
    /// The cell's ordinal among the px cells of its document, 1-based, as `pxlens cells` counts.
    pub number: u32,
    /// The 0-based line of the magic when the run was asked for.
    pub line: u32,
    /// The same as a reader calls it: `line 12`, in a raw notebook `cell 3, line 2`.
    pub place_name: LineName,
    /// The magic's line as it was, without blanks around it.
    pub magic_line: String,
    /// The suffix of its magic: the view it belongs to.
    pub suffix: String,
    /// Its cell as it was when the run was asked for: it maps lines of the code to the document.
    pub px_cell: Placed,
    pub plan: Plan,
    /// Its engines, in the order of the requests.
    pub engines: Vec<EngineId>,
    /// The newest state.
    pub view: watch::Receiver<Arc<Run>>,
    /// What its cell would have done by itself, whatever the command overrode: tells whether the cell has changed since.
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

    /// The text that holds its cell, or held it last.
    pub(crate) fn document(&self) -> DocumentKey {
        self.at.borrow().document.clone()
    }

    /// The notebook of that text, or else the text itself.
    pub(crate) fn home(&self) -> DocumentKey {
        self.at.borrow().home.clone()
    }

    /// Whether a `%pxresult` of this suffix in this document or notebook may show it.
    pub(crate) fn is_result_of(&self, home: &DocumentKey, suffix: &str) -> bool {
        self.at.borrow().home == *home && self.suffix == suffix && self.px_cell.kind.gives_result()
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

/// The connection of a session to a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) enum ConnectionView {
    /// There is none, and none is looked for.
    #[default]
    None,
    /// A cluster is looked for.
    Looking,
    /// A cluster is being started.
    Starting,
    /// A cluster is in use.
    InUse(Box<ClusterView>),
}

impl ConnectionView {
    /// The cluster in use.
    pub(crate) fn cluster(&self) -> Option<&ClusterView> {
        match self {
            Self::InUse(cluster) => Some(cluster),
            Self::None | Self::Looking | Self::Starting => None,
        }
    }

    /// The engines of the cluster in use.
    pub(crate) fn engines(&self) -> &EngineTable {
        static NONE: LazyLock<EngineTable> = LazyLock::new(EngineTable::default);
        self.cluster().map_or(&NONE, |cluster| &cluster.engines)
    }
}

/// The cluster that a session uses.
#[derive(Clone, Debug)]
pub(crate) struct ClusterView {
    /// Who started it.
    pub owner: Owner,
    /// Its files, as discovery found them.
    pub found: FoundCluster,
    pub engines: Arc<EngineTable>,
    /// Whether each engine is idle or busy.
    pub activities: Arc<Activities>,
    /// Whose work the busy ones do.
    pub origins: Origins,
    /// Whether it answers.
    pub status: ClusterStatus,
    /// The first run that may have been on this cluster. Earlier runs were on others, whose engines may have had the
    /// same ids.
    pub first_run: RunId,
}

impl ClusterView {
    /// How it is named in sentences and in the setting `pxlens.cluster`.
    pub(crate) fn name(&self) -> String {
        self.found.label()
    }
}

/// The outcome of choosing a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// The chosen cluster is in use.
    InUse(ClusterView),
    /// The chosen cluster will be used once the runs on this one are over.
    Waits(ClusterView),
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
    messages: mpsc::UnboundedSender<Message>,
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

    /// Ends the session: drops queued runs, closes the sockets, and stops a cluster that was started for this session
    /// alone.
    pub(crate) async fn shutdown(&self) {
        let (reply, ended) = oneshot::channel();
        self.send(Message::Shutdown { reply });
        // Fails if it had ended already.
        let _ = ended.await;
    }

    /// Makes the session's task panic while it handles a message.
    #[cfg(test)]
    pub(crate) fn panic(&self) {
        self.tell(|_| panic!("a test asked for it"));
    }

    /// Has the session's task do something to its state, after everything that was asked before.
    fn tell(&self, request: impl FnOnce(&mut Actor) + Send + 'static) {
        self.send(Message::Request(Box::new(request)));
    }

    /// The same, with an answer. The request is sent before this returns. There is no answer if the session has ended, or
    /// panicked at it.
    fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(&mut Actor) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        self.ask_for(|actor, reply| {
            // Fails if the caller was dropped, which is fine.
            let _ = reply.send(request(actor));
        })
    }

    /// The same, with an answer that may come later than the request has been handled.
    fn ask_for<T: Send + 'static>(
        &self,
        request: impl FnOnce(&mut Actor, oneshot::Sender<T>) + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(|actor| request(actor, reply));
        answer
    }

    /// Why there was no answer.
    fn unanswered(&self) -> RunError {
        if self.messages.is_closed() { RunError::Ended } else { RunError::Bug }
    }

    fn send(&self, message: Message) {
        // This fails only after the session has ended, when the message could change nothing.
        let _ = self.messages.send(message);
    }
}
