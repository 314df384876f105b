//! The seam between this face and the session: answers the facade's questions from the session's, in the protocol's
//! values, and turns the session's notices into happenings.

mod again;
mod answers;
mod assisting;
mod cards;
mod clusters;
mod contents;
mod edits;
mod happenings;
mod history;
mod notebooks;
mod pages;
mod pictures;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lsp_types::{Position, PositionEncodingKind, Range, Uri};
use pxlens_protocol::{
    CellId, CellsResult, ConsoleCommand, ConsoleParams, ConsoleResult, GroupParams, GroupResult,
    InterruptParams, InterruptResult, NotRun, RecalledRun, ResultParams, ResultResult, RunId, RunParams,
    RunResult, RunsParams, RunsResult, Scope as AskedScope, StartedRun,
};
use tokio::sync::mpsc;

use self::{
    contents::kept,
    edits::{cell_text, edit, notebook_change},
};
use super::{
    ClusterChoice, Settings,
    facade::{
        self, CardWish, CellOutputs, Change, Completion, EngineError, Explanation, Fold, Happening, Hint,
        Lenses, Parts, Suggestions, Symbol, Token, Wanted,
    },
    file_path,
};
use crate::{
    cells::{CellKind, Dialect},
    cluster::{console::FrontEnd, discovery::Selection},
    engines::{EngineId, RankSet, Targets},
    plan::Overrides,
    render::GroupBy,
    run,
    session::{
        self, Ask, AskError, ClusterView, DocumentKey, DocumentView, NotRunKind, Notice, RunHandle, Scope,
        Session, StartPolicy,
    },
    text::Encoding,
};

/// How long a busy engine is waited for that is to give a console.
const CONSOLE_LIMIT: Duration = Duration::from_secs(60);

/// The facade over a real session.
#[derive(Clone, Debug)]
pub struct Bridge {
    session: Session,
    state: Arc<Mutex<State>>,
}

/// What the face told, and what its answers depend on.
#[derive(Debug)]
struct State {
    encoding: Encoding,
    trusted: bool,
    /// Whether the client runs the local parts of `--local` cells.
    runs_local: bool,
    settings: Settings,
    /// The cluster that was chosen since the settings named one.
    chosen: Option<ClusterChoice>,
    folder: Option<PathBuf>,
    /// Taken by the face when it starts.
    notices: Option<mpsc::UnboundedReceiver<Notice>>,
}

impl Bridge {
    /// Starts a session that follows its documents: it looks for a cluster while one with px cells is open. Nothing is
    /// trusted before the client said so.
    pub fn start() -> Self {
        let (session, notices) = Session::start(session::Settings::default(), Encoding::Utf16, false, true);
        let state = State {
            encoding: Encoding::Utf16,
            trusted: false,
            runs_local: false,
            settings: Settings::default(),
            chosen: None,
            folder: None,
            notices: Some(notices),
        };
        Self { session, state: Arc::new(Mutex::new(state)) }
    }

    /// The session behind it.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Looks at the state, or changes it. The lock is held no longer than `look` takes.
    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        // A change is one assignment, so even after a panic the state is whole.
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn configure(&self, change: impl FnOnce(&mut State)) {
        let settings = self.state(|state| {
            change(state);
            to_session(state)
        });
        self.session.configure(settings);
    }

    /// How results are grouped where neither the question nor the cell says.
    fn group_by(&self) -> GroupBy {
        from_protocol(self.state(|state| state.settings.group_by))
    }

    /// What became of a wish, and whether it is for a part of the last run of a cell that has changed since.
    async fn ask(&self, params: &RunParams) -> Result<(session::Asked, bool), AskError> {
        let key = key(&params.uri);
        let targets = params.targets.as_deref().map(Targets::parse_flag).transpose();
        let targets = targets.map_err(|error| AskError::Unreadable(error.to_string()))?;
        let line = params.position.map(|position| position.line);
        let cell = params.cell.as_ref().and_then(session_cell);
        let line = match (line, cell) {
            (None, Some(cell)) => self.line_of(&key, cell).await,
            (line, _) => line,
        };
        let scope = match (params.scope, cell, params.range, line) {
            (AskedScope::All, ..) => Scope::All,
            (AskedScope::Above, _, _, Some(line)) => Scope::Above(line),
            (AskedScope::Below, _, _, Some(line)) => Scope::Below(line),
            (AskedScope::Cell, Some(cell), ..) => Scope::Cell(cell),
            (AskedScope::Cell, None, Some(range), _) => {
                // A range that ends before the first column of a line does not touch it.
                let ends_before = range.end.character == 0 && range.end.line > range.start.line;
                Scope::Lines(range.start.line, range.end.line - u32::from(ends_before))
            }
            (AskedScope::Cell, None, None, Some(line)) => Scope::Lines(line, line),
            _ => return Err(AskError::NoCell),
        };
        let again = match params.only {
            Some(only) => Some(self.again(&key, &scope, only).await?),
            None => None,
        };
        let changed = again.as_ref().is_some_and(|again| again.changed);
        let only = again.map(|again| again.engines);
        let overrides = Overrides { targets, block: params.block, only, canary: params.canary };
        let ask = Ask { document: key, scope, overrides, keep_going: false, start: StartPolicy::Detached };
        Ok((self.session.run(ask).await?, changed))
    }

    async fn line_of(&self, key: &DocumentKey, cell: session::CellId) -> Option<u32> {
        let view = self.session.document(key.clone()).await?;
        view.cells.iter().find(|view| view.id == cell).map(|view| view.line)
    }

    /// The run that a question is about.
    async fn find_run(&self, params: &ResultParams) -> Option<Found> {
        if let Some(run) = params.run {
            return Some(self.session.run_handle(run::RunId(run.0)).await?.into());
        }
        if let Some(name) = &params.name {
            return Some(self.session.named_run(name.clone()).await?.into());
        }
        let document = params.uri.as_ref().map(key);
        let (Some(key), Some(position)) = (&document, params.position) else {
            return Some(self.newest(document, params.suffix.as_deref()).await?.into());
        };
        let view = self.session.document(key.clone()).await?;
        let cell = view.cells.iter().find(|cell| (cell.line..=cell.last_line).contains(&position.line))?;
        if cell.cell.kind == CellKind::Result {
            let recall = cell.recalls.as_ref()?;
            let group_by = cell.cell.magic.options.group_outputs.map(GroupBy::from);
            return Some(Found { run: recall.run.clone(), group_by, line: Some(recall.line()) });
        }
        Some(cell.run.clone()?.into())
    }

    fn page<'a>(&self, view: &'a DocumentView) -> assisting::Page<'a> {
        assisting::Page { view, encoding: self.state(|state| state.encoding) }
    }

    /// What the answer about a document's cells depends on.
    fn scene<'a>(&self, view: &'a DocumentView, cluster: &'a ClusterView) -> answers::Scene<'a> {
        self.state(|state| answers::Scene {
            view,
            encoding: state.encoding,
            engines: &cluster.engines,
            connected: cluster.owner.is_some(),
            starts: (!to_session(state).cluster.is_explicit()).then_some(state.settings.engines),
            trusted: state.trusted,
        })
    }

    /// All texts that belong together with a document, and which of them it is.
    async fn texts(&self, uri: &Uri) -> Option<(Vec<DocumentView>, usize)> {
        let view = self.session.document(key(uri)).await?;
        if view.dialect == Dialect::NotebookCell {
            let texts = self.session.together(key(uri)).await;
            if let Some(at) = texts.iter().position(|text| text.key == view.key) {
                return Some((texts, at));
            }
        }
        Some((vec![view], 0))
    }

    /// What the card of a run says besides what engines did.
    fn note(&self, handle: &RunHandle) -> Option<&'static str> {
        answers::note(handle, self.state(|state| state.runs_local))
    }

    fn run_result(&self, asked: session::Asked) -> RunResult {
        let started = |handle: &Arc<RunHandle>| StartedRun {
            run: RunId(handle.id.0),
            cell: answers::cell_id(handle.cell),
            engines: handle.engines.iter().map(|engine| engine.0).collect(),
            note: self.note(handle).map(str::to_owned),
        };
        let recalled = |recalled: &session::Recalled| RecalledRun {
            cell: answers::cell_id(recalled.cell),
            run: RunId(recalled.run.id.0),
        };
        // Among cells that run, those that run nothing anyway were not meant.
        let nothing_else = asked.runs.is_empty() && asked.recalled.is_empty();
        let meant = |one: &session::NotRun| nothing_else || one.kind != NotRunKind::RunsNothing;
        RunResult {
            runs: asked.runs.iter().map(started).collect(),
            recalled: asked.recalled.iter().map(recalled).collect(),
            not_run: asked
                .not_run
                .into_iter()
                .filter(meant)
                .map(|one| NotRun { cell: Some(answers::cell_id(one.cell)), reason: one.why })
                .collect(),
            local_lines: asked.local_lines,
        }
    }
}

/// The run that a question is about.
struct Found {
    run: Arc<RunHandle>,
    /// How the line that asks wants it grouped.
    group_by: Option<GroupBy>,
    /// What names it, where it is not the run of the cell that was asked about.
    line: Option<String>,
}

impl From<Arc<RunHandle>> for Found {
    fn from(run: Arc<RunHandle>) -> Self {
        Self { run, group_by: None, line: None }
    }
}

impl facade::Session for Bridge {
    fn tell(&self, change: Change) {
        match change {
            Change::Encoding(kind) => {
                let encoding = match kind {
                    PositionEncodingKind::UTF8 => Encoding::Utf8,
                    PositionEncodingKind::UTF32 => Encoding::Utf32,
                    _ => Encoding::Utf16,
                };
                self.state(|state| state.encoding = encoding);
                self.session.set_encoding(encoding);
            }
            Change::Folders(folders) => {
                let folder = folders.iter().find_map(file_path);
                self.configure(|state| state.folder = folder);
            }
            Change::Configure(settings) => self.configure(|state| {
                // One that the settings name no more takes no place.
                if settings.cluster.is_some() && settings.cluster != state.settings.cluster {
                    state.chosen = None;
                }
                state.settings = *settings;
            }),
            Change::Trust(trusted) => {
                // Python, cluster and views count only where the workspace is trusted.
                self.configure(|state| state.trusted = trusted);
                self.session.set_trust(trusted);
            }
            Change::RunsLocal(runs) => self.state(|state| state.runs_local = runs),
            Change::Open { uri, language, version, text } => {
                self.session.open(key(&uri), dialect(&uri, &language), version, text);
            }
            Change::Edit { uri, version, changes } => {
                self.session.change(key(&uri), version, changes.into_iter().map(edit).collect());
            }
            Change::Close { uri } => self.session.close(key(&uri)),
            Change::OpenNotebook { uri, version: _, cells, texts } => {
                let order = cells.iter().map(|cell| key(&cell.uri)).collect();
                self.session.open_notebook(key(&uri), order, texts.into_iter().map(cell_text).collect());
            }
            Change::ChangeNotebook { uri, version: _, change } => {
                self.session.change_notebook(key(&uri), notebook_change(change));
            }
            Change::CloseNotebook { uri } => self.session.close_notebook(key(&uri)),
        }
    }

    fn happenings(&self) -> mpsc::UnboundedReceiver<Happening> {
        let (sender, happenings) = mpsc::unbounded_channel();
        if let Some(notices) = self.state(|state| state.notices.take()) {
            tokio::spawn(happenings::translate(notices, sender));
        }
        happenings
    }

    async fn cells(&self, uri: &Uri) -> Option<CellsResult> {
        let view = self.session.document(key(uri)).await?;
        let cluster = self.session.cluster().await;
        Some(self.scene(&view, &cluster).cells())
    }

    async fn complete(&self, uri: &Uri, position: Position) -> Vec<Completion> {
        let Some((texts, at)) = self.texts(uri).await else { return Vec::new() };
        let engines = self.session.cluster().await.engines.ids();
        self.page(&texts[at]).complete(position, engines, &texts)
    }

    async fn explain(&self, uri: &Uri, position: Position) -> Option<Explanation> {
        let view = self.session.document(key(uri)).await?;
        self.page(&view).explain(position)
    }

    async fn tokens(&self, uri: &Uri, range: Option<Range>) -> Vec<Token> {
        let view = self.session.document(key(uri)).await;
        view.map(|view| self.page(&view).tokens(range)).unwrap_or_default()
    }

    async fn folds(&self, uri: &Uri) -> Vec<Fold> {
        let Some((texts, at)) = self.texts(uri).await else { return Vec::new() };
        self.page(&texts[at]).folds(&texts)
    }

    async fn symbols(&self, uri: &Uri) -> Vec<Symbol> {
        let Some((texts, at)) = self.texts(uri).await else { return Vec::new() };
        let cluster = self.session.cluster().await;
        self.scene(&texts[at], &cluster).symbols(&texts)
    }

    async fn hints(&self, uri: &Uri, range: Range, results: bool) -> Vec<Hint> {
        let Some((texts, at)) = self.texts(uri).await else { return Vec::new() };
        let cluster = self.session.cluster().await;
        let bridge = self.clone();
        // A result in one line is folded from all that its engines said.
        aside(move || bridge.scene(&texts[at], &cluster).hints(range, results, &texts)).await
    }

    async fn lenses(&self, uri: &Uri) -> Option<Lenses> {
        let (texts, at) = self.texts(uri).await?;
        let cluster = self.session.cluster().await;
        Some(self.scene(&texts[at], &cluster).lenses(&texts))
    }

    async fn suggestions(&self, uri: &Uri, range: Range, wanted: Wanted) -> Option<Suggestions> {
        let view = self.session.document(key(uri)).await?;
        let mut suggestions = Suggestions { version: view.text.version(), all: Vec::new() };
        if wanted.fixes {
            let cluster = self.session.cluster().await;
            suggestions.all = self.scene(&view, &cluster).fixes(range);
        }
        if wanted.rewrites && !view.cells.is_empty() {
            let encoding = self.state(|state| state.encoding);
            let spread = match view.dialect {
                Dialect::NotebookCell => self.texts(uri).await,
                _ => None,
            };
            suggestions.all.extend(aside(move || answers::rewrites(&view, encoding, range)).await);
            if let Some((texts, at)) = spread {
                let work = move || answers::rewrites_in_notebook(&texts, at, encoding, range);
                suggestions.all.extend(aside(work).await);
            }
        }
        Some(suggestions)
    }

    async fn problems(&self, uri: &Uri) -> Option<facade::Problems> {
        let view = self.session.problems(key(uri)).await?;
        let cluster = self.session.cluster().await;
        let (encoding, trusted) = self.state(|state| (state.encoding, state.trusted));
        let engines = (trusted && cluster.owner.is_some()).then_some(&*cluster.engines);
        Some(answers::problems(&view, engines, encoding))
    }

    async fn outputs(&self, uri: &Uri, only: Option<BTreeSet<CellId>>) -> Option<CellOutputs> {
        let view = self.session.runs_in(key(uri)).await?;
        let group_by = self.group_by();
        if view.cells.is_empty() {
            return Some(CellOutputs { version: view.text.version(), cells: Vec::new() });
        }
        let runs_local = self.state(|state| state.runs_local);
        Some(aside(move || answers::outputs(&view, group_by, runs_local, only.as_ref())).await)
    }

    async fn errors(&self, uri: &Uri) -> Vec<EngineError> {
        let Some(view) = self.session.runs_in(key(uri)).await else { return Vec::new() };
        let encoding = self.state(|state| state.encoding);
        if view.cells.is_empty() {
            return Vec::new();
        }
        aside(move || answers::errors(&view, encoding)).await
    }

    async fn run(&self, params: RunParams) -> RunResult {
        match self.ask(&params).await {
            Ok((asked, changed)) => again::noted(self.run_result(asked), changed),
            Err(error) => RunResult {
                not_run: vec![NotRun { cell: None, reason: error.to_string() }],
                ..RunResult::default()
            },
        }
    }

    async fn interrupt(&self, params: InterruptParams) -> Option<InterruptResult> {
        let run = run::RunId(params.run.0);
        let handle = self.session.run_handle(run).await?;
        let mut engines = params.engines.map(|ids| ids.into_iter().map(EngineId).collect::<RankSet>());
        if params.stragglers {
            match again::stragglers(&handle.now(), engines.as_ref()) {
                Ok(found) => engines = Some(found),
                Err(why) => {
                    return Some(InterruptResult { refused: Some(why), ..InterruptResult::default() });
                }
            }
        }
        let outcome = self.session.interrupt(Some(run), engines, params.signal).await;
        Some(self.told(outcome).await)
    }

    async fn parts(&self, run: RunId) -> Parts {
        self.parts_of(run).await
    }

    async fn result(&self, params: ResultParams) -> Option<ResultResult> {
        let asked = params.group_by.map(from_protocol);
        let wanted = pictures::Wanted::of(&params);
        let Some(found) = self.find_run(&params).await else {
            let kept = kept(params.name.filter(|_| params.run.is_none())?).await.ok()?;
            let group_by = asked.or(kept.head.wish()).unwrap_or_else(|| self.group_by());
            let work = move || {
                let run = kept.run()?;
                let mut result = answers::result(RunId(0), &run, group_by, None, None);
                pictures::add(
                    &mut result,
                    &run,
                    wanted,
                    &format!("{} · {}", kept.head.name, kept.head.title),
                );
                Some(result)
            };
            return aside(work).await;
        };
        let handle = found.run;
        if !handle.plan.blocking {
            self.session.asked_for(handle.id);
        }
        let group_by = asked.or(found.group_by).or(handle.group_by()).unwrap_or_else(|| self.group_by());
        let (id, run, note) = (RunId(handle.id.0), handle.now(), self.note(&handle));
        let line = found.line;
        let work = move || {
            let mut result = answers::result(id, &run, group_by, line.as_deref(), note);
            pictures::add(&mut result, &run, wanted, handle.title.trim());
            result
        };
        Some(aside(work).await)
    }

    async fn card(&self, wish: CardWish) -> Option<String> {
        self.card_of(wish).await
    }

    async fn group(&self, params: GroupParams) -> Option<GroupResult> {
        let run = run::RunId(params.run.0);
        self.session.run_handle(run).await?;
        self.session.regroup(run, from_protocol(params.group_by));
        Some(GroupResult { run: params.run, group_by: params.group_by })
    }

    async fn why_no_result(&self, params: ResultParams) -> String {
        let unknown = match params.name.filter(|_| params.run.is_none()) {
            Some(name) => kept(name).await.err(),
            None => None,
        };
        let generic = || "there is no such run; nothing was run there yet".to_owned();
        unknown.map_or_else(generic, |error| error.to_string())
    }

    async fn runs(&self, params: RunsParams) -> RunsResult {
        self.past_runs(params).await
    }

    async fn console(&self, params: ConsoleParams) -> ConsoleResult {
        let opened =
            self.session.console(EngineId(params.engine), Some(CONSOLE_LIMIT), std::future::pending()).await;
        match opened {
            Ok(console) => ConsoleResult {
                file: Some(console.file.display().to_string()),
                commands: [
                    ("Jupyter console", FrontEnd::Console),
                    ("Jupyter QtConsole", FrontEnd::QtConsole),
                ]
                .map(|(title, front_end)| ConsoleCommand {
                    title: title.to_owned(),
                    argv: console.argv(front_end),
                })
                .into(),
                message: console.note(),
            },
            Err(error) => ConsoleResult { message: Some(error.to_string()), ..ConsoleResult::default() },
        }
    }

    async fn close(&self) {
        self.session.shutdown().await;
    }
}

/// Works on a thread of its own: laying out megabytes of output takes a while, and all handlers share one task.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            // The guard round the handler makes an answer of it.
            Ok(panic) => std::panic::resume_unwind(panic),
            // It is only cancelled when the whole process ends.
            Err(_) => std::future::pending().await,
        },
    }
}

/// A client's URI is a key as it stands.
fn key(uri: &Uri) -> DocumentKey {
    DocumentKey::from(uri.as_ref())
}

/// How a document that was opened by itself is read.
fn dialect(uri: &Uri, language: &str) -> Dialect {
    // A client without notebook synchronisation opens the cells of one as documents.
    if uri.0.starts_with("vscode-notebook-cell:") {
        return Dialect::NotebookCell;
    }
    // Some editors show a notebook as a script, under its own name.
    if language.contains("python") {
        return Dialect::Script;
    }
    let path = uri.0.split(['?', '#']).next().unwrap_or_default();
    if path.to_ascii_lowercase().ends_with(".ipynb") { Dialect::NotebookJson } else { Dialect::Script }
}

fn session_cell(id: &CellId) -> Option<session::CellId> {
    id.0.strip_prefix('c')?.parse().ok().map(session::CellId)
}

fn ids(ranks: &RankSet) -> impl Iterator<Item = u32> + '_ {
    ranks.iter().map(|engine| engine.0)
}

fn from_protocol(group_by: pxlens_protocol::GroupBy) -> GroupBy {
    match group_by {
        pxlens_protocol::GroupBy::Fold => GroupBy::Fold,
        pxlens_protocol::GroupBy::Type => GroupBy::Type,
        pxlens_protocol::GroupBy::Engine => GroupBy::Engine,
        pxlens_protocol::GroupBy::Order => GroupBy::Order,
    }
}

fn to_protocol(group_by: GroupBy) -> pxlens_protocol::GroupBy {
    match group_by {
        GroupBy::Fold => pxlens_protocol::GroupBy::Fold,
        GroupBy::Type => pxlens_protocol::GroupBy::Type,
        GroupBy::Engine => pxlens_protocol::GroupBy::Engine,
        GroupBy::Order => pxlens_protocol::GroupBy::Order,
    }
}

/// What the session is to know of the settings. Python, cluster and views may come from the workspace, so they count only where
/// that is trusted.
fn to_session(state: &State) -> session::Settings {
    let settings = &state.settings;
    let choice = state
        .chosen
        .clone()
        .or_else(|| settings.cluster.clone())
        .filter(|_| state.trusted)
        .unwrap_or_default();
    let ClusterChoice { name, profile, cluster_id, connection_file } = choice;
    session::Settings {
        python: settings.python.clone().filter(|_| state.trusted),
        cluster: Selection { name, profile, cluster_id, connection_file, ..Selection::default() },
        engines: settings.engines,
        group_by: from_protocol(settings.group_by),
        views: if state.trusted { settings.views.clone() } else { Arc::default() },
        folder: state.folder.clone().unwrap_or_else(|| PathBuf::from(".")),
        limits: settings.limits.clone(),
        results: None,
    }
}
