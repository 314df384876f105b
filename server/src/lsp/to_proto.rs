//! Converts values of the session and of `ide` to types of LSP and of the protocol.

pub(super) mod clusters;
pub(super) mod commands;
pub(super) mod outputs;
pub(super) mod pictures;

use lsp_types::{DiagnosticSeverity, Position, Range, Uri};
use pxlens_protocol::{
    Cell, CellId, CellState, CellsResult, NotRun, Plan, Problem, ProblemSeverity, RunId, RunResult,
    ScriptFormat, ShownResult, StartedRun,
};

pub(super) use self::outputs::cell_output;
use crate::{
    engines::{EngineId, RankSet},
    ide, lint,
    render::GroupBy,
    run::{self, Run, RunState},
    session::{self, CellView, DocumentKey, DocumentView, Here, RunHandle, Snapshot},
    text,
};

pub(super) fn uri(key: &DocumentKey) -> Uri {
    Uri::from(&*key.0)
}

pub(super) fn position(position: text::Position) -> Position {
    Position { line: position.line, character: position.character }
}

pub(super) fn range(places: [text::Position; 2]) -> Range {
    let [start, end] = places.map(position);
    Range { start, end }
}

pub(super) fn cell_id(id: session::CellId) -> CellId {
    CellId(id.to_string())
}

pub(super) fn run_id(id: run::RunId) -> RunId {
    RunId(id.0)
}

pub(super) fn engines<'a>(engines: impl IntoIterator<Item = &'a EngineId>) -> Vec<u32> {
    engines.into_iter().map(|engine| engine.0).collect()
}

pub(super) fn ids(ranks: &RankSet) -> impl Iterator<Item = u32> + '_ {
    ranks.iter().map(|engine| engine.0)
}

pub(super) fn group_by(group_by: GroupBy) -> pxlens_protocol::GroupBy {
    match group_by {
        GroupBy::Fold => pxlens_protocol::GroupBy::Fold,
        GroupBy::Type => pxlens_protocol::GroupBy::Type,
        GroupBy::Engine => pxlens_protocol::GroupBy::Engine,
        GroupBy::Order => pxlens_protocol::GroupBy::Order,
    }
}

pub(super) fn run_state(run: &Run) -> CellState {
    match run.state() {
        RunState::Queued => CellState::Queued,
        RunState::Running => CellState::Running,
        RunState::Succeeded => CellState::Succeeded,
        RunState::Failed => CellState::Failed,
    }
}

/// The code of the problem that a document cannot be parsed at all.
pub(super) const UNREADABLE: &str = "unreadable";

pub(super) fn diagnostic_severity(severity: lint::Severity) -> DiagnosticSeverity {
    match severity {
        lint::Severity::Error => DiagnosticSeverity::Error,
        lint::Severity::Warning => DiagnosticSeverity::Warning,
        lint::Severity::Hint => DiagnosticSeverity::Hint,
    }
}

fn problem(snapshot: &Snapshot, document: &DocumentView, problem: &lint::Problem) -> Problem {
    Problem {
        range: range(ide::positions(document, snapshot, problem.range)),
        severity: match problem.severity {
            lint::Severity::Error => ProblemSeverity::Error,
            lint::Severity::Warning => ProblemSeverity::Warning,
            lint::Severity::Hint => ProblemSeverity::Hint,
        },
        code: problem.rule.code().to_owned(),
        message: problem.message.clone(),
    }
}

/// The answer to `px/cells`.
pub(super) fn cells(snapshot: &Snapshot, here: Here<'_>) -> CellsResult {
    let document = here.document();
    let mut outlooks = ide::Outlooks::new(snapshot);
    let mut all = Vec::with_capacity(document.cells.len());
    for block in &document.blocks {
        let number = u32::try_from(block.number).unwrap_or(u32::MAX);
        let outer = document.divided.then_some(number);
        let views = document.cells[block.px_cells.clone()].iter();
        all.extend(views.map(|view| Cell {
            outer,
            marker: block.marker,
            ..cell(snapshot, here, view, outlooks.of(view))
        }));
    }
    let unreadable = document.unreadable.iter().map(|why| Problem {
        range: Range::default(),
        severity: ProblemSeverity::Error,
        code: UNREADABLE.into(),
        message: why.clone(),
    });
    let found = ide::problems(snapshot);
    let problems = found.iter().map(|found| problem(snapshot, document, found)).chain(unreadable).collect();
    let format = document.format.map(|known| ScriptFormat {
        name: known.format.name().to_owned(),
        reason: known.reason().to_owned(),
    });
    CellsResult { version: document.text.version(), cells: all, problems, format }
}

fn cell(
    snapshot: &Snapshot,
    here: Here<'_>,
    view: &CellView,
    ide::Outlook { plan, refusal }: ide::Outlook,
) -> Cell {
    let cell = &view.cell;
    let shown = snapshot.shown(view);
    let decided_by = || here.decided(cell).iter().map(|(_, decider, _)| decider.line).collect();
    Cell {
        id: cell_id(view.id),
        range: range(view.places.range),
        magic_range: range(view.places.magic),
        magic: format!("{}{}", cell.magic.kind, cell.magic.suffix),
        outer: None,
        marker: None,
        code: cell.code.to_string(),
        plan: plan.map(|plan| Plan {
            engines: engines(&*plan.engines),
            ranks: plan.ranks.to_string(),
            alive: plan.alive,
            block: plan.blocking,
            starts: plan.starts,
            decided_by: if plan.note.is_none() { decided_by() } else { Vec::new() },
            note: plan.note.map(str::to_owned),
        }),
        refusal,
        state: shown.map_or(CellState::Idle, |run| run_state(&run.now())),
        stale: snapshot.is_stale(view),
        run: shown.map(|run| run_id(run.id)),
    }
}

/// The answer to a run command. `runs_local`: whether the client runs the local parts of `--local` cells.
pub(super) fn run_result(response: session::RunResponse, runs_local: bool) -> RunResult {
    let note = |handle: &RunHandle| {
        let changed = response.changed.then_some("the cell has changed since its last run");
        let notes: Vec<&str> = ide::note(handle, runs_local).into_iter().chain(changed).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    };
    let started = |handle: &std::sync::Arc<RunHandle>| StartedRun {
        run: run_id(handle.id),
        cell: cell_id(handle.cell),
        engines: engines(&handle.engines),
        note: note(handle),
    };
    let shown_result =
        |shown: &session::ShownResult| ShownResult { cell: cell_id(shown.cell), run: run_id(shown.run.id) };
    let not_run =
        |(one, reason): (&session::NotRun, String)| NotRun { cell: Some(cell_id(one.cell)), reason };
    RunResult {
        runs: response.runs.iter().map(started).collect(),
        shown_results: response.shown_results.iter().map(shown_result).collect(),
        not_run: response.reasons().into_iter().map(not_run).collect(),
        local_lines: response.local_lines,
        left_out: [response.local_lines(), response.conditional_lines()]
            .into_iter()
            .flatten()
            .map(|lines| format!("{lines} not run"))
            .collect(),
    }
}
