//! A session made for tests: it keeps what it was told, answers from it, and can be asked to hang or to panic.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use lsp_types::{Position, Range, Uri};
use pxlens_protocol::{
    Cell, CellId, CellOutput, CellState, CellsResult, ConsoleCommand, ConsoleParams, ConsoleResult,
    GroupParams, GroupResult, InterruptParams, InterruptResult, Line, LineSeverity, PageParams, PageResult,
    Plan, Problem, ProblemSeverity, ResultParams, ResultResult, RunId, RunParams, RunResult, RunsParams,
    RunsResult, StartedRun,
};
use tokio::sync::mpsc;

use crate::lsp::{
    CardForm, CardWish, CellOutputs, Change, Completion, EngineError, ErrorVariant, Explanation, Fold,
    Happening, Hint, LensCell, Lenses, Pages, Parts, Problems, Purpose, Session, Suggestion, Suggestions,
    Symbol, TextChange, Token, Wanted,
};

/// A document with this in its URI panics when it is told of.
pub(super) const PANICS_WHEN_TOLD: &str = "panics-when-told";
/// A document with this in its URI panics when it is asked for.
pub(super) const PANICS_WHEN_ASKED: &str = "panics-when-asked";
/// Targets with which a run is never answered.
pub(super) const HANGS: &str = "hangs";
/// A run whose interruption is never answered.
pub(super) const HANGING_RUN: RunId = RunId(666);
/// A run that is not there any more.
pub(super) const FORGOTTEN_RUN: RunId = RunId(999);

#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    told: Vec<Change>,
    documents: BTreeMap<String, Document>,
    tellers: Vec<mpsc::UnboundedSender<Happening>>,
    interrupted: Vec<InterruptParams>,
    runs: Vec<RunParams>,
}

#[derive(Clone, Default)]
struct Document {
    version: i32,
    text: String,
    line: Option<String>,
    errors: Vec<EngineError>,
}

impl Fake {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// What it was told, oldest first.
    pub(super) fn told(&self) -> Vec<Change> {
        self.with(|state| state.told.clone())
    }

    pub(super) fn interrupted(&self) -> Vec<InterruptParams> {
        self.with(|state| state.interrupted.clone())
    }

    pub(super) fn runs(&self) -> Vec<RunParams> {
        self.with(|state| state.runs.clone())
    }

    /// Something happens.
    pub(super) fn happen(&self, happening: Happening) {
        self.with(|state| {
            state.tellers.retain(|teller| teller.send(happening.clone()).is_ok());
        });
    }

    /// The one px cell of a document gives this.
    pub(super) fn output(&self, uri: &str, line: &str) {
        self.with(|state| state.documents.entry(uri.into()).or_default().line = Some(line.into()));
        self.happen(Happening::StateChanged { uri: uri.into(), cell: "c".into() });
    }

    /// The one px cell of a document raised.
    pub(super) fn raise(&self, uri: &str, name: &str, value: &str) {
        let error = EngineError {
            cell: "c".into(),
            run: RunId(1),
            range: line_range(1),
            ranks: "[0]".into(),
            name: name.into(),
            title: if value.is_empty() { name.into() } else { format!("{name}: {value}") },
            variants: vec![ErrorVariant {
                ranks: "[0]".into(),
                value: value.into(),
                traceback: format!("Traceback\n{name}: {value}"),
            }],
            related: Vec::new(),
            interrupted: false,
            stale: false,
        };
        self.with(|state| state.documents.entry(uri.into()).or_default().errors = vec![error]);
        self.happen(Happening::StateChanged { uri: uri.into(), cell: "c".into() });
    }
}

fn line_range(line: u32) -> Range {
    Range { start: Position { line, character: 0 }, end: Position { line, character: 9 } }
}

impl Session for Fake {
    fn tell(&self, change: Change) {
        self.with(|state| {
            match &change {
                Change::Open { uri, version, text, .. } => {
                    assert!(!uri.0.contains(PANICS_WHEN_TOLD), "told of {uri}");
                    let document = Document { version: *version, text: text.clone(), ..Document::default() };
                    state.documents.insert(uri.0.clone(), document);
                }
                Change::Edit { uri, version, changes } => {
                    let document = state.documents.entry(uri.0.clone()).or_default();
                    document.version = *version;
                    changes.iter().for_each(|change| document.text.push_str(&change.text));
                }
                Change::Close { uri } => drop(state.documents.remove(&uri.0)),
                Change::OpenNotebook { texts, .. } => {
                    for text in texts {
                        let document = Document {
                            version: text.version,
                            text: text.text.clone(),
                            ..Document::default()
                        };
                        state.documents.insert(text.uri.0.clone(), document);
                    }
                }
                _ => {}
            }
            state.told.push(change);
        });
    }

    fn happenings(&self) -> mpsc::UnboundedReceiver<Happening> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|state| state.tellers.push(sender));
        receiver
    }

    async fn cells(&self, uri: &Uri) -> Option<CellsResult> {
        assert!(!uri.0.contains(PANICS_WHEN_ASKED), "asked for {uri}");
        let document = self.with(|state| state.documents.get(&uri.0).cloned())?;
        let cell = Cell {
            id: "c".into(),
            range: Range {
                start: Position { line: 0, character: 0 },
                end: Position { line: 2, character: 3 },
            },
            magic_range: line_range(0),
            magic: "px".into(),
            outer: None,
            code: document.text,
            plan: Some(Plan {
                engines: vec![0, 1],
                ranks: "[0-1]".into(),
                alive: 2,
                block: true,
                ..Default::default()
            }),
            refusal: None,
            state: if document.line.is_some() { CellState::Succeeded } else { CellState::Idle },
            stale: false,
            run: document.line.is_some().then_some(RunId(1)),
        };
        Some(CellsResult { version: document.version, cells: vec![cell], problems: vec![] })
    }

    async fn problems(&self, uri: &Uri) -> Option<Problems> {
        let CellsResult { version, problems, .. } = self.cells(uri).await?;
        Some(Problems { version, problems })
    }

    async fn suggestions(&self, uri: &Uri, range: Range, wanted: Wanted) -> Option<Suggestions> {
        let document = self.with(|state| state.documents.get(&uri.0).cloned())?;
        let suggestion = |title: &str, purpose| Suggestion {
            title: title.into(),
            purpose,
            edits: vec![TextChange { range: Some(range), text: "%px".into() }],
            elsewhere: Vec::new(),
        };
        let problem = Problem {
            range: line_range(0),
            severity: ProblemSeverity::Error,
            code: "line-magic".into(),
            message: "two signs".into(),
        };
        let disabled = Some("no".to_owned());
        let mut all = vec![
            suggestion("Mend", Purpose::Fix { problem, only: true }),
            suggestion("Rewrite", Purpose::Rewrite { disabled: None }),
            suggestion("Never", Purpose::Rewrite { disabled }),
        ];
        all.retain(|suggestion| match suggestion.purpose {
            Purpose::Fix { .. } => wanted.fixes,
            Purpose::Rewrite { .. } => wanted.rewrites,
        });
        Some(Suggestions { version: document.version, all })
    }

    async fn outputs(&self, uri: &Uri, _: Option<BTreeSet<CellId>>) -> Option<CellOutputs> {
        let document = self.with(|state| state.documents.get(&uri.0).cloned())?;
        let output = |text: String| CellOutput {
            id: "c".into(),
            run: Some(RunId(1)),
            range: line_range(0),
            state: CellState::Succeeded,
            stale: false,
            line: Some(Line { text, severity: LineSeverity::Ok }),
            line_at: 2,
            block: None,
        };
        Some(CellOutputs {
            version: document.version,
            cells: document.line.map(output).into_iter().collect(),
        })
    }

    async fn errors(&self, uri: &Uri) -> Vec<EngineError> {
        self.with(|state| Some(state.documents.get(&uri.0)?.errors.clone())).unwrap_or_default()
    }

    async fn complete(&self, _: &Uri, _: Position) -> Vec<Completion> {
        Vec::new()
    }

    async fn explain(&self, _: &Uri, _: Position) -> Option<Explanation> {
        None
    }

    async fn tokens(&self, _: &Uri, _: Option<Range>) -> Vec<Token> {
        Vec::new()
    }

    async fn folds(&self, _: &Uri) -> Vec<Fold> {
        Vec::new()
    }

    async fn symbols(&self, _: &Uri) -> Vec<Symbol> {
        Vec::new()
    }

    async fn hints(&self, uri: &Uri, _: Range, results: bool) -> Vec<Hint> {
        let line = self.with(|state| state.documents.get(&uri.0).and_then(|document| document.line.clone()));
        let (at, plan) = (line_range(0).end, Some("→ [0-1]".to_owned()));
        let tooltip = "this line".to_owned();
        vec![Hint { at, plan, tooltip, result: line.filter(|_| results) }]
    }

    async fn lenses(&self, uri: &Uri) -> Option<Lenses> {
        let cells = self.cells(uri).await?.cells.into_iter();
        let cells = cells.map(|cell| LensCell { cell, shows: false }).collect();
        Some(Lenses { cells, regions: Vec::new() })
    }

    async fn run(&self, params: RunParams) -> RunResult {
        if params.targets.as_deref() == Some(HANGS) {
            std::future::pending::<()>().await;
        }
        let run = self.with(|state| {
            state.runs.push(params);
            RunId(u32::try_from(state.runs.len()).unwrap())
        });
        let started = StartedRun { run, cell: "c".into(), engines: vec![0, 1], note: None };
        RunResult { runs: vec![started], ..Default::default() }
    }

    async fn interrupt(&self, params: InterruptParams) -> Option<InterruptResult> {
        let run = params.run;
        self.with(|state| state.interrupted.push(params));
        if run == HANGING_RUN {
            std::future::pending::<()>().await;
        }
        (run != FORGOTTEN_RUN).then(InterruptResult::default)
    }

    async fn parts(&self, _: RunId) -> Parts {
        Parts::default()
    }

    async fn result(&self, params: ResultParams) -> Option<ResultResult> {
        Some(ResultResult {
            run: params.run?,
            state: CellState::Succeeded,
            groups: vec![],
            text: "plain".into(),
            markdown: "**marked**".into(),
            images: vec![],
            contact_sheet: None,
        })
    }

    async fn card(&self, wish: CardWish) -> Option<String> {
        let result = self.result(wish.of).await?;
        Some(match wish.form {
            CardForm::Plain => result.text,
            CardForm::Markdown { commands, images, .. } => {
                let links = commands.iter().map(|command| format!(" {command}")).collect::<String>();
                format!("{}{links}{}", result.markdown, if images { " images" } else { "" })
            }
        })
    }

    async fn group(&self, params: GroupParams) -> Option<GroupResult> {
        let GroupParams { run, group_by } = params;
        (run == RunId(1)).then_some(GroupResult { run, group_by })
    }

    async fn why_no_result(&self, _: ResultParams) -> String {
        "there is no such run".into()
    }

    async fn runs(&self, _: RunsParams) -> RunsResult {
        RunsResult::default()
    }

    async fn console(&self, params: ConsoleParams) -> ConsoleResult {
        let command = ConsoleCommand {
            title: "Jupyter console".into(),
            argv: vec!["jupyter".into(), "console".into(), format!("kernel {}.json", params.engine)],
        };
        ConsoleResult { file: Some("kernel.json".into()), commands: vec![command], message: None }
    }

    async fn close(&self) {}
}

impl Pages for Fake {
    async fn page(&self, params: PageParams) -> Result<PageResult, String> {
        let run = params.run.ok_or("there is no such run")?;
        Ok(PageResult {
            run,
            uri: Uri::from("file:///w/demo.py"),
            title: "%%px".into(),
            state: CellState::Succeeded,
            summary: "1 engine".into(),
            group_by: params.group_by.unwrap_or_default(),
            ranks: "[0]".into(),
            engines: vec![0],
            has_earlier: false,
            sections: vec![],
            across: None,
            errors: vec![],
            tables: vec![],
            images: vec![],
            note: None,
        })
    }
}
