//! The session's values as the protocol's.

use std::collections::BTreeSet;

use lsp_types::{Position, Range};
use pxlens_protocol::{
    BlockLine, Cell, CellId, CellOutput, CellState, CellsResult, Cluster, ClusterState, Engine, EngineState,
    EnginesResult, Group, GroupState, Line, LineSeverity, LineStyle, Plan, Problem, ProblemSeverity,
    ResultResult, RunId,
};

use crate::{
    cells::{self, Placed},
    cluster::{
        ClusterStatus,
        discovery::{self, FoundCluster, Selection},
    },
    engines::{Activity, EngineId, EngineTable, RankSet},
    lsp::facade::{CellOutputs, EngineError, ErrorVariant, Problems},
    plan::Refusal,
    render::{self, GroupBy, Limits, Paint, Style},
    run::{Ending, Run, RunState},
    session::{self, AskError, CellView, ClusterView, DocumentView, Owner, ProblemsView, RunHandle, now},
    text::{self, Document, Encoding, TextRange},
};

/// What the answer about a document's cells depends on.
pub(super) struct Scene<'a> {
    pub(super) view: &'a DocumentView,
    pub(super) encoding: Encoding,
    pub(super) engines: &'a EngineTable,
    pub(super) connected: bool,
    /// How many engines running starts where no cluster is.
    /// `None`: it starts none, since the settings name a cluster.
    pub(super) starts: Option<u32>,
    pub(super) trusted: bool,
}

/// The name of a px cell in messages.
pub(super) fn cell_id(id: session::CellId) -> CellId {
    CellId(id.to_string())
}

impl Scene<'_> {
    /// The answer to `px/cells`.
    pub(super) fn cells(&self) -> CellsResult {
        let mut cells = Vec::with_capacity(self.view.cells.len());
        for (number, block) in (0u32..).zip(&self.view.blocks) {
            let outer = self.view.divided.then_some(number);
            cells.extend(self.view.cells[block.px_cells.clone()].iter().map(|cell| self.cell(outer, cell)));
        }
        let view = self.view;
        let problems = problem_list(&view.text, &view.problems, view.unreadable.as_deref(), self.encoding);
        CellsResult { version: self.view.text.version(), cells, problems }
    }

    fn cell(&self, outer: Option<u32>, view: &CellView) -> Cell {
        let cell = &view.cell;
        let (plan, refusal) = self.plan(view);
        Cell {
            id: cell_id(view.id),
            range: placed(view.places.range),
            magic_range: placed(view.places.magic),
            magic: format!("{}{}", cell.magic.name, cell.magic.suffix),
            outer,
            code: cell.code.to_string(),
            plan,
            refusal,
            state: state_of(view.run.as_deref()),
            stale: view.stale,
            run: view.run.as_ref().map(|run| RunId(run.id.0)),
        }
    }

    fn plan(&self, view: &CellView) -> (Option<Plan>, Option<String>) {
        let plan = match &view.plan {
            Ok(plan) => plan,
            Err(Refusal::RunsNothing(note)) => {
                return (Some(Plan { note: Some((*note).to_owned()), ..Plan::default() }), None);
            }
            Err(refusal) => return (None, Some(refusal.to_string())),
        };
        let decided_by = view.cell.view.decided_by.iter().filter_map(|by| self.view.line_of(by)).collect();
        if !self.trusted || !self.connected {
            let (ranks, refusal) = match self.starts {
                _ if !self.trusted => {
                    ("this workspace is not trusted".to_owned(), Some(AskError::Untrusted.to_string()))
                }
                Some(n) => (format!("{n} local engines"), None),
                None => {
                    let why = "the cluster that the setting pxlens.cluster names is not in reach";
                    ("its cluster is not in reach".to_owned(), Some(why.to_owned()))
                }
            };
            let starts = self.starts.filter(|_| refusal.is_none());
            let plan = Plan { ranks, block: plan.blocking, starts, decided_by, ..Plan::default() };
            return (Some(plan), refusal);
        }
        match plan.request(self.engines) {
            Err(error) => {
                let ranks = if self.engines.is_empty() { "no engine is there" } else { "no such engine" };
                let plan = Plan { ranks: ranks.into(), block: plan.blocking, decided_by, ..self.bare_plan() };
                (Some(plan), Some(error.to_string()))
            }
            Ok(request) => {
                let ranks: RankSet = request.engines.iter().copied().collect();
                let plan = Plan {
                    engines: request.engines.iter().map(|engine| engine.0).collect(),
                    ranks: ranks.to_string(),
                    block: plan.blocking,
                    decided_by,
                    ..self.bare_plan()
                };
                (Some(plan), None)
            }
        }
    }

    fn bare_plan(&self) -> Plan {
        Plan { alive: u32::try_from(self.engines.len()).unwrap_or(u32::MAX), ..Plan::default() }
    }
}

/// What is wrong in a document.
pub(super) fn problems(view: &ProblemsView, encoding: Encoding) -> Problems {
    let ProblemsView { text, problems, unreadable } = view;
    Problems {
        version: text.version(),
        problems: problem_list(text, problems, unreadable.as_deref(), encoding),
    }
}

fn problem_list(
    text: &Document,
    problems: &[cells::Problem],
    unreadable: Option<&str>,
    encoding: Encoding,
) -> Vec<Problem> {
    let problem = |problem: &cells::Problem| Problem {
        range: range(text, problem.range, encoding),
        severity: match problem.severity {
            cells::Severity::Error => ProblemSeverity::Error,
            cells::Severity::Warning => ProblemSeverity::Warning,
            cells::Severity::Hint => ProblemSeverity::Hint,
        },
        code: problem.code.to_owned(),
        message: problem.message.clone(),
    };
    let why = unreadable.map(|why| Problem {
        range: Range::default(),
        severity: ProblemSeverity::Error,
        code: "unreadable".into(),
        message: why.to_owned(),
    });
    problems.iter().map(problem).chain(why).collect()
}

/// What to paint beside the cells that have something to show.
pub(super) fn outputs(
    view: &DocumentView,
    group_by: GroupBy,
    only: Option<&BTreeSet<CellId>>,
) -> CellOutputs {
    let wanted = |cell: &&CellView| only.is_none_or(|only| only.contains(&cell_id(cell.id)));
    let cells = view.cells.iter().filter(wanted).filter_map(|cell| {
        let handle = cell.run.as_ref()?;
        let run = handle.now();
        let line = render::inline(&run, now());
        let by = handle.plan.group_by.unwrap_or(group_by);
        Some(CellOutput {
            id: cell_id(cell.id),
            run: Some(RunId(handle.id.0)),
            range: placed(cell.places.range),
            state: run_state(&run),
            stale: cell.stale,
            line: Some(Line { text: line.text, severity: severity(line.severity) }),
            block: Some(render::block(&run, by, Limits::default()).iter().map(block_line).collect()),
        })
    });
    CellOutputs { version: view.text.version(), cells: cells.collect() }
}

/// What the engines raised in the newest runs of a document's cells.
pub(super) fn errors(view: &DocumentView, encoding: Encoding) -> Vec<EngineError> {
    let mut errors = Vec::new();
    for cell in &view.cells {
        let Some(handle) = &cell.run else { continue };
        let run = handle.now();
        for group in render::errors(&run, &run.request.code) {
            // The map belongs to the code as it is now; of other code the line would be a guess.
            let line = group.code_line.filter(|_| run.request.code == cell.cell.code);
            let at = line.and_then(|line| place(&cell.cell, line, group.column));
            let at = at.unwrap_or(cell.cell.magic_range());
            errors.push(EngineError {
                cell: cell_id(cell.id),
                run: RunId(handle.id.0),
                range: range(&view.text, at, encoding),
                ranks: group.ranks.to_string(),
                title: group.title(),
                // What an engine sent is text, and stays so in whatever shows it.
                name: render::settle(&group.ename, false),
                variants: group
                    .variants
                    .into_iter()
                    .map(|variant| ErrorVariant {
                        ranks: variant.ranks.to_string(),
                        value: render::settle(&variant.evalue, false),
                        traceback: variant.traceback,
                    })
                    .collect(),
                stale: cell.stale,
            });
        }
    }
    errors
}

/// The answer to `px/result`.
pub(super) fn result(handle: &RunHandle, group_by: GroupBy) -> ResultResult {
    let run = handle.now();
    let groups = render::fold(&run)
        .into_iter()
        .map(|group| Group {
            ranks: group.ranks.to_string(),
            engines: group.ranks.iter().map(|engine| engine.0).collect(),
            state: match group.ending {
                None => GroupState::Pending,
                Some(Ending::Ok) => GroupState::Ok,
                Some(Ending::Error(_)) => GroupState::Error,
                Some(Ending::Aborted) => GroupState::Aborted,
                Some(Ending::Lost(_)) => GroupState::Lost,
            },
            text: render::part_text(&run, group.representative),
        })
        .collect();
    ResultResult {
        run: RunId(handle.id.0),
        state: run_state(&run),
        groups,
        text: render::terminal(&run, group_by, Style::default()),
        markdown: render::markdown(&run, group_by, Limits::default()),
    }
}

/// The answer to `px/engines`: the cluster in use first, then others in reach.
pub(super) async fn engines(cluster: ClusterView, selection: Selection) -> EnginesResult {
    let selection = Selection { ipython_dir: selection.ipython_dir, ..Selection::default() };
    let found = tokio::task::spawn_blocking(move || discovery::find(&selection)).await;
    let (found, message) = match found {
        Ok(Ok(found)) => (found, None),
        Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let mut clusters: Vec<Cluster> = Vec::new();
    if let (Some(owner), Some(found)) = (cluster.owner, &cluster.found) {
        clusters.push(Cluster {
            state: match cluster.status {
                Some(ClusterStatus::NotResponding) => ClusterState::NotResponding,
                Some(ClusterStatus::Down { .. } | ClusterStatus::Lost { .. }) => ClusterState::Down,
                _ => ClusterState::Up,
            },
            in_use: true,
            ours: owner != Owner::Other,
            engines: cluster.engines.iter().map(|engine| self::engine(engine.id, &cluster)).collect(),
            ..found_cluster(found)
        });
    }
    let in_use = |other: &FoundCluster| {
        cluster.found.as_ref().is_some_and(|found| found.connection_file == other.connection_file)
    };
    clusters.extend(found.iter().filter(|found| found.alive() && !in_use(found)).map(found_cluster));
    EnginesResult { clusters, message }
}

fn engine(id: EngineId, cluster: &ClusterView) -> Engine {
    let state = match cluster.activities.of(id) {
        Activity::Unknown => EngineState::Unknown,
        Activity::Idle => EngineState::Idle,
        Activity::Busy(_) => EngineState::Busy,
    };
    Engine { id: id.0, state, host: None, pid: None }
}

fn found_cluster(found: &FoundCluster) -> Cluster {
    Cluster {
        profile: (!found.profile.is_empty()).then(|| found.profile.clone()),
        cluster_id: (!found.cluster_id.is_empty()).then(|| found.cluster_id.clone()),
        connection_file: Some(found.connection_file.display().to_string()),
        state: ClusterState::Found,
        in_use: false,
        ours: found.ours,
        engines: Vec::new(),
    }
}

fn state_of(handle: Option<&RunHandle>) -> CellState {
    handle.map_or(CellState::Idle, |handle| run_state(&handle.now()))
}

fn run_state(run: &Run) -> CellState {
    match run.state() {
        RunState::Queued => CellState::Queued,
        RunState::Running => CellState::Running,
        RunState::Succeeded => CellState::Succeeded,
        RunState::Failed => CellState::Failed,
    }
}

fn severity(severity: render::Severity) -> LineSeverity {
    match severity {
        render::Severity::Pending => LineSeverity::Info,
        render::Severity::Ok => LineSeverity::Ok,
        render::Severity::Warning => LineSeverity::Warning,
        render::Severity::Error => LineSeverity::Error,
    }
}

/// A line has one style in the protocol: that of what it says, not of the label or the rule beside it.
fn block_line(line: &render::BlockLine) -> BlockLine {
    let says = |paint: &Paint| !matches!(paint, Paint::Ranks | Paint::Rule | Paint::Note);
    let paint = line
        .spans
        .iter()
        .map(|span| span.paint)
        .find(says)
        .or_else(|| line.spans.first().map(|span| span.paint));
    let style = match paint {
        Some(Paint::Ranks | Paint::Rule | Paint::Pending) => LineStyle::Label,
        Some(Paint::Stderr) => LineStyle::Stderr,
        Some(Paint::Display | Paint::Result) => LineStyle::Result,
        Some(Paint::FailedRanks | Paint::Error | Paint::Traceback) => LineStyle::Error,
        Some(Paint::Note) => LineStyle::Note,
        Some(Paint::Stdout) | None => LineStyle::Stdout,
    };
    BlockLine { text: line.text(), style }
}

fn range(text: &Document, range: TextRange, encoding: Encoding) -> Range {
    placed([range.start, range.end].map(|offset| text.position(offset, encoding)))
}

fn placed(places: [text::Position; 2]) -> Range {
    let [start, end] = places.map(|position| Position { line: position.line, character: position.character });
    Range { start, end }
}

/// From a line of the code, or a column of it in characters, to the end of the line in the document.
fn place(cell: &Placed, line: u32, column: Option<u32>) -> Option<TextRange> {
    let code = cell.code.lines().nth(line as usize).unwrap_or_default();
    let indent = code.len() - code.trim_start().len();
    let from = match column {
        Some(column) => code.char_indices().nth(column as usize).map_or(indent, |(at, _)| at),
        None => indent,
    };
    let whole = cell.code_range(line)?;
    let start = cell.code_offset(line, from)?;
    Some(TextRange::new(start.min(whole.end), whole.end))
}
