//! What the language server needs of the session, and nothing more: a seam, so that the face can be tested without a
//! cluster and the session without an editor.
//!
//! Values are those of the protocol; positions are in the encoding that [`Change::Encoding`] told.

mod assist;
mod card;
mod clusters;
mod contents;
mod history;
mod notebooks;
mod pages;

use lsp_types::{Position, PositionEncodingKind, Range, Uri};
use pxlens_protocol::{
    CellId, CellOutput, CellsResult, ConsoleParams, ConsoleResult, GroupParams, GroupResult, InterruptParams,
    InterruptResult, Problem, ResultParams, ResultResult, RunId, RunLocalParams, RunParams, RunResult,
    RunsParams, RunsResult,
};
use std::{collections::BTreeSet, future::Future, time::Duration};
use tokio::sync::mpsc;

pub use assist::{
    Completion, Explanation, Fold, Hint, LensCell, Lenses, RegionEnd, Symbol, SymbolKind, Token,
};

pub use card::{CardForm, CardWish};
pub use clusters::Clusters;
pub use contents::{Content, Contents};
pub use history::History;
pub use notebooks::Notebooks;
pub use pages::Pages;

use super::Settings;

/// A handle of the session. Cloning is cheap.
pub trait Session: Clusters + Contents + History + Notebooks + Pages + Clone + Send + Sync + 'static {
    /// Tells of a change. Synchronous: its effect is in place before anything that is asked afterwards is answered.
    fn tell(&self, change: Change);

    /// What happens from now on. Asked once, when the face starts.
    fn happenings(&self) -> mpsc::UnboundedReceiver<Happening>;

    /// The px cells of a document; `None` if it is not open.
    fn cells(&self, uri: &Uri) -> impl Future<Output = Option<CellsResult>> + Send;

    /// What is wrong in a document; `None` if it is not open.
    fn problems(&self, uri: &Uri) -> impl Future<Output = Option<Problems>> + Send;

    /// What could be changed about the px cells of a document that these lines touch; `None` if it is not open.
    fn suggestions(
        &self,
        uri: &Uri,
        range: Range,
        wanted: Wanted,
    ) -> impl Future<Output = Option<Suggestions>> + Send;

    /// What to paint beside px cells, those of `only` or all; cells without anything to show are not in it. `None` if the
    /// document is not open.
    fn outputs(
        &self,
        uri: &Uri,
        only: Option<BTreeSet<CellId>>,
    ) -> impl Future<Output = Option<CellOutputs>> + Send;

    /// What the engines raised in the newest runs of a document's px cells.
    fn errors(&self, uri: &Uri) -> impl Future<Output = Vec<EngineError>> + Send;

    /// What may stand at a position, the likeliest first.
    fn complete(&self, uri: &Uri, position: Position) -> impl Future<Output = Vec<Completion>> + Send;

    /// What the option or the magic at a position means.
    fn explain(&self, uri: &Uri, position: Position) -> impl Future<Output = Option<Explanation>> + Send;

    /// The coloured parts of magics' lines, in order; those of px cells that touch `range`, or all.
    fn tokens(&self, uri: &Uri, range: Option<Range>) -> impl Future<Output = Vec<Token>> + Send;

    /// What can be folded.
    fn folds(&self, uri: &Uri) -> impl Future<Output = Vec<Fold>> + Send;

    /// The px cells by name, in order.
    fn symbols(&self, uri: &Uri) -> impl Future<Output = Vec<Symbol>> + Send;

    /// What to say behind magics' lines in a range: plans, and `results` in one line.
    fn hints(&self, uri: &Uri, range: Range, results: bool) -> impl Future<Output = Vec<Hint>> + Send;

    /// What lenses are made of; `None` if the document is not open.
    fn lenses(&self, uri: &Uri) -> impl Future<Output = Option<Lenses>> + Send;

    /// Runs px cells.
    fn run(&self, params: RunParams) -> impl Future<Output = RunResult> + Send;

    /// Interrupts a run; `None` if there is no such run.
    fn interrupt(&self, params: InterruptParams) -> impl Future<Output = Option<InterruptResult>> + Send;

    /// The engines of a run for which there is something to do.
    fn parts(&self, run: RunId) -> impl Future<Output = Parts> + Send;

    /// Shows a run; `None` if there is none.
    fn result(&self, params: ResultParams) -> impl Future<Output = Option<ResultResult>> + Send;

    /// The card of a run; `None` if there is none. Whoever asks for it has seen what the run kept back.
    fn card(&self, wish: CardWish) -> impl Future<Output = Option<String>> + Send;

    /// Groups a run otherwise from now on; `None` if there is no such run.
    fn group(&self, params: GroupParams) -> impl Future<Output = Option<GroupResult>> + Send;

    /// Why [`Session::result`] has none: a sentence for the user.
    fn why_no_result(&self, params: ResultParams) -> impl Future<Output = String> + Send;

    /// The history, newest first.
    fn runs(&self, params: RunsParams) -> impl Future<Output = RunsResult> + Send;

    /// Binds the kernel of an engine and writes its connection file.
    fn console(&self, params: ConsoleParams) -> impl Future<Output = ConsoleResult> + Send;

    /// Lets go of clusters and files.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// Engines of a run for which there is something to do, as rank sets; `None` where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Those that failed and are there, unless these are all that the run was sent to. Absent while it goes on.
    pub failed: Option<String>,
    /// Those whose output is not like that of the largest group, unless these are those that failed. Absent while it goes on.
    pub differing: Option<String>,
    /// Those that are still at it while at least half have ended.
    pub stragglers: Option<String>,
}

/// What an editor tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The unit of positions, negotiated once before anything else.
    Encoding(PositionEncodingKind),
    /// The folders of the window.
    Folders(Vec<Uri>),
    /// Other settings are in force.
    Configure(Box<Settings>),
    /// Whether the workspace may be more than parsed. While it may not, nothing of it is read or asked, and of the settings
    /// `python`, `cluster` and `views` do not count.
    Trust(bool),
    /// Whether the editor runs the local parts of `--local` cells. Until it is told, it does not.
    RunsLocal(bool),
    /// A document was opened.
    Open {
        /// Its key.
        uri: Uri,
        /// The client's word for its language.
        language: String,
        /// Its version.
        version: i32,
        /// All of it.
        text: String,
    },
    /// A document was edited.
    Edit {
        /// Its key.
        uri: Uri,
        /// The version after the edits.
        version: i32,
        /// Each applies to what the one before left.
        changes: Vec<TextChange>,
    },
    /// A document was closed.
    Close {
        /// Its key.
        uri: Uri,
    },
    /// A notebook was opened.
    OpenNotebook {
        /// Its key.
        uri: Uri,
        /// Its version.
        version: i32,
        /// All its cells, in order.
        cells: Vec<NotebookCell>,
        /// The texts of cells.
        texts: Vec<CellText>,
    },
    /// A notebook changed.
    ChangeNotebook {
        /// Its key.
        uri: Uri,
        /// The version afterwards.
        version: i32,
        /// What changed, in this order.
        change: NotebookChange,
    },
    /// A notebook was closed, with all its cells.
    CloseNotebook {
        /// Its key.
        uri: Uri,
    },
}

/// An edit of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// What is replaced; `None` for all of it.
    pub range: Option<Range>,
    /// What is there instead.
    pub text: String,
}

/// A cell of a notebook: its place in the order, not its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookCell {
    /// The key of its text. The only tie between the two.
    pub uri: Uri,
    /// Whether it holds code.
    pub code: bool,
    /// The nbformat id, where the client tells it in the metadata.
    pub id: Option<String>,
}

/// The text of a notebook's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellText {
    /// Its key.
    pub uri: Uri,
    /// The client's word for its language.
    pub language: String,
    /// Its version.
    pub version: i32,
    /// All of it.
    pub text: String,
}

/// What changed in a notebook. A client moves a cell by deleting and inserting it, without sending its text again; so a text
/// is dropped only when it is in `closed`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NotebookChange {
    /// Cells taken out of, and put into, the order.
    pub splice: Option<NotebookSplice>,
    /// Texts of cells that are new.
    pub opened: Vec<CellText>,
    /// Texts of cells that are no more.
    pub closed: Vec<Uri>,
    /// Cells whose kind or metadata changed.
    pub data: Vec<NotebookCell>,
    /// Edits of cells' texts: key, version, edits.
    pub texts: Vec<(Uri, i32, Vec<TextChange>)>,
}

/// Cells taken out of, and put into, the order of a notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookSplice {
    /// 0-based place of the first that goes.
    pub start: u32,
    /// How many go.
    pub delete: u32,
    /// What comes in their place.
    pub insert: Vec<NotebookCell>,
}

/// Which suggestions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What mends problems.
    pub fixes: bool,
    /// What writes px cells in another way.
    pub rewrites: bool,
}

/// Changes of one version of a document that somebody may want.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The version that the edits are of.
    pub version: i32,
    /// Fixes of one problem stand side by side, the likeliest first.
    pub all: Vec<Suggestion>,
}

/// A change of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it does, as an order.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What replaces what; none touches another.
    pub edits: Vec<TextChange>,
    /// The same of other cells of the notebook.
    pub elsewhere: Vec<Elsewhere>,
}

/// Changes of another text than the one that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its key.
    pub uri: Uri,
    /// The version that the edits are of.
    pub version: i32,
    /// What replaces what; none touches another.
    pub edits: Vec<TextChange>,
}

/// What a [`Suggestion`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It mends a problem.
    Fix {
        /// The problem.
        problem: Problem,
        /// Whether it is the only fix.
        only: bool,
    },
    /// It writes px cells in another way, unless there is a reason why it cannot.
    Rewrite {
        /// The reason.
        disabled: Option<String>,
    },
}

/// What to paint beside the px cells of one version of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellOutputs {
    /// The version that the ranges are of.
    pub version: i32,
    /// Those that have something to show, with `block` lines.
    pub cells: Vec<CellOutput>,
}

/// What is wrong in one version of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The version that the ranges are of.
    pub version: i32,
    /// By their place.
    pub problems: Vec<Problem>,
}

/// What engines raised alike in the newest run of a px cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// Which px cell.
    pub cell: CellId,
    /// Which run.
    pub run: RunId,
    /// The line that raised, or the magic's if that is not known.
    pub range: Range,
    /// The engines as a rank set.
    pub ranks: String,
    /// The exception's name, in one short line.
    pub name: String,
    /// The exception in one line of at most 300 characters, without its text where engines differ in it.
    pub title: String,
    /// What exactly was raised, by engines; the largest first. One entry, unless the texts differ.
    pub variants: Vec<ErrorVariant>,
    /// What else belongs to it: exceptions that led to it, calls outside of the cell.
    pub related: Vec<Related>,
    /// Whether somebody stopped it, so that nothing is wrong with the code.
    pub interrupted: bool,
    /// Whether the run was of another code or plan than what would run now.
    pub stale: bool,
}

/// Something that belongs to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file, as the engine names it, and its 0-based line; none for the line of the error itself.
    pub file: Option<(String, u32)>,
    /// In words.
    pub message: String,
}

/// What some of the engines of an [`EngineError`] raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorVariant {
    /// The engines as a rank set.
    pub ranks: String,
    /// What the exception says.
    pub value: String,
    /// The whole traceback, plain.
    pub traceback: String,
}

impl EngineError {
    /// Whether the error is on the line of this position.
    pub(super) fn is_at(&self, position: Position) -> bool {
        (self.range.start.line..=self.range.end.line).contains(&position.line)
    }
}

/// When the progress of a run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// When it has taken as long as anything may take without a word.
    #[default]
    Usual,
    /// After so long; zero is at once.
    After(Duration),
    /// Not at all.
    Never,
}

/// How far a cluster is that is being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starting {
    /// What is being done, as a sentence.
    Step(String),
    /// It is there; how many engines, as a sentence.
    Ready(String),
    /// It is not; whoever asked for it is told why.
    Failed,
}

/// What happens in a session that an editor may have to hear of.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The px cells of a document, their plans, or their staleness changed.
    CellsChanged {
        /// The document.
        uri: Uri,
    },
    /// A run of a px cell began, ended, or lost an engine.
    StateChanged {
        /// The document.
        uri: Uri,
        /// The px cell.
        cell: CellId,
    },
    /// There is more output of a px cell. May come as often as it likes.
    OutputGrew {
        /// The document.
        uri: Uri,
        /// The px cell.
        cell: CellId,
    },
    /// Engines came or went, so that any plan may be another.
    EnginesChanged,
    /// Engines began or ended something, or there is more to say of them; no plan is another for that.
    EnginesWorked,
    /// How far a cluster is that is being started.
    ClusterStarting(Starting),
    /// A run was made.
    RunStarted {
        /// Which.
        run: RunId,
        /// What to call it.
        title: String,
        /// When to show how far it is.
        progress: Progress,
    },
    /// It was queued, sent, or some of its engines began or ended.
    RunAdvanced {
        /// Which.
        run: RunId,
        /// How many of its requests ended.
        ended: u32,
        /// Of how many.
        of: u32,
        /// That, and which are waited for, in a few words.
        message: String,
    },
    /// It is over.
    RunEnded {
        /// Which.
        run: RunId,
        /// How, in a few words.
        summary: String,
    },
    /// A run with a local part has begun on its engines.
    LocalPart(RunLocalParams),
    /// The user is to be told something.
    Said {
        /// How important it is.
        severity: lsp_types::MessageType,
        /// A sentence.
        text: String,
    },
}
