//! `textDocument/codeLens`: what running each px cell would do, and the button that does it.

use lsp_types::{CodeLensParams, Range, Uri};
use pxlens_protocol::{
    Cell, CellId, CellState, InterruptParams, Plan, ResultParams, RunParams, Scope, commands,
};
use serde::Serialize;
use tower_lsp::jsonrpc::Result;

use super::hover::shows_results;
use crate::lsp::{
    backend::Backend,
    facade::{LensCell, Lenses, Session},
    written::Written,
};

/// A lens, as LSP has it. There may be thousands, so they are written without a detour over JSON values.
#[derive(Debug, Serialize)]
pub(crate) struct Lens<'a> {
    range: Range,
    command: Command<'a>,
}

#[derive(Debug, Serialize)]
struct Command<'a> {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tooltip: Option<String>,
    /// Empty for a lens that says something and does nothing.
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<[Argument<'a>; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Argument<'a> {
    Run(RunArgument<'a>),
    Interrupt(InterruptParams),
    ShowResult(ResultParams),
}

/// [`RunParams`] that borrows what is the same in thousands of lenses.
#[derive(Debug, Serialize)]
struct RunArgument<'a> {
    uri: &'a Uri,
    #[serde(skip_serializing_if = "is_cell")]
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<&'a CellId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

impl<'a> RunArgument<'a> {
    fn of(uri: &'a Uri, cell: &'a Cell) -> Self {
        Self { uri, scope: Scope::Cell, cell: Some(&cell.id), range: None }
    }
}

fn is_cell(scope: &Scope) -> bool {
    *scope == Scope::Cell
}

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: CodeLensParams,
) -> Result<Option<Written>> {
    let uri = params.text_document.uri;
    let Some(found) = backend.session.lenses(&uri).await else { return Ok(None) };
    backend.shelf.put(&lenses(&uri, &found)).map(Some)
}

/// The lenses of a document. Px lines that stand in one cell of a script or notebook share one.
fn lenses<'a>(uri: &'a Uri, Lenses { cells, regions }: &'a Lenses) -> Vec<Lens<'a>> {
    let mut lenses = Vec::with_capacity(2 * cells.len() + regions.len());
    let says = |end: &crate::lsp::RegionEnd| Lens {
        range: end.at,
        command: Command { title: end.title.clone(), tooltip: None, command: "", arguments: None },
    };
    lenses.extend(regions.iter().map(says));
    let mut above = false;
    for group in cells.chunk_by(|one, next| one.cell.outer.is_some() && one.cell.outer == next.cell.outer) {
        above |= run_lenses(uri, group, above, &mut lenses);
        for LensCell { cell, .. } in group.iter().filter(|lens| lens.shows) {
            let title = "Show result".to_owned();
            lenses.push(if shows_results(cell) {
                // To run such a line is to show the newest result there.
                lens(cell.magic_range, title, None, commands::RUN, Argument::Run(RunArgument::of(uri, cell)))
            } else {
                let params = ResultParams { run: cell.run, ..ResultParams::default() };
                let argument = Argument::ShowResult(params);
                lens(cell.magic_range, title, None, commands::SHOW_RESULT, argument)
            });
        }
    }
    lenses
}

/// What runs a group of px cells, if anything does; `above`: whether one before it can be run.
fn run_lenses<'a>(uri: &'a Uri, group: &'a [LensCell], above: bool, lenses: &mut Vec<Lens<'a>>) -> bool {
    let runnable: Vec<&Cell> = group.iter().map(|lens| &lens.cell).filter(|cell| runs(cell)).collect();
    let Some(first) = runnable.first() else { return false };
    let at = first.magic_range;
    if let Some(run) = group.iter().find_map(|lens| busy_run(&lens.cell)) {
        let argument =
            Argument::Interrupt(InterruptParams { run, engines: None, stragglers: false, signal: None });
        lenses.push(lens(at, "■ Interrupt".into(), None, commands::INTERRUPT, argument));
    }
    let mut params = RunArgument::of(uri, first);
    if runnable.len() > 1 {
        // The whole of the cell: each of its px lines, in order.
        params.cell = None;
        params.range = Some(Range {
            start: group[0].cell.range.start,
            end: group.last().map_or(first.range.end, |last| last.cell.range.end),
        });
    }
    let tooltip = first.refusal.clone().or_else(|| first.plan.as_ref().and_then(tooltip));
    lenses.push(lens(at, run_title(&runnable), tooltip, commands::RUN, Argument::Run(params)));
    if above {
        let params = RunArgument { scope: Scope::Above, ..RunArgument::of(uri, first) };
        lenses.push(lens(at, "▶ Run cells above".into(), None, commands::RUN_ABOVE, Argument::Run(params)));
    }
    true
}

/// Whether running a px cell asks engines for something: not so for `%pxconfig` and the like, nor for what is refused.
pub(super) fn runs(cell: &Cell) -> bool {
    cell.plan.as_ref().is_some_and(|plan| plan.note.is_none())
}

/// The newest run of a px cell, if it is not over.
pub(super) fn busy_run(cell: &Cell) -> Option<pxlens_protocol::RunId> {
    matches!(cell.state, CellState::Queued | CellState::Running).then_some(cell.run).flatten()
}

pub(super) fn run_params(uri: &Uri, cell: &Cell) -> RunParams {
    RunParams {
        uri: uri.clone(),
        scope: Scope::Cell,
        cell: Some(cell.id.clone()),
        range: None,
        position: None,
        targets: None,
        block: None,
        only: None,
        canary: false,
    }
}

/// What the lens of one or more px cells says.
pub(super) fn run_title(cells: &[&Cell]) -> String {
    let [first, rest @ ..] = cells else { return String::new() };
    let Some(plan) = &first.plan else { return String::new() };
    let same = rest.iter().all(|cell| {
        cell.plan.as_ref().is_some_and(|other| other.engines == plan.engines && other.starts == plan.starts)
    });
    let what = if rest.is_empty() { String::new() } else { format!(" {} px lines", cells.len()) };
    if !same {
        return format!("▶ Run{what}");
    }
    format!("▶ Run{what} {}", on(plan))
}

/// What the lens of a px cell with this plan says.
pub(crate) fn plan_title(plan: &Plan) -> String {
    format!("▶ Run {}", on(plan))
}

fn on(plan: &Plan) -> String {
    match (plan.starts, plan.engines.len()) {
        (Some(1), _) => "(starts 1 local engine)".into(),
        (Some(n), _) => format!("(starts {n} local engines)"),
        (None, 0) => format!("({})", plan.ranks),
        (None, 1) => format!("on engine {}", plan.engines[0]),
        (None, n) if n as u64 == u64::from(plan.alive) || plan.ranks.chars().count() > 16 => {
            format!("on {n} engines")
        }
        (None, _) => format!("on {}", plan.ranks),
    }
}

/// What the title does not say. Which line decided it is told by the hint behind the magic.
fn tooltip(plan: &Plan) -> Option<String> {
    if plan.starts.is_some() {
        return Some("No cluster is running; one is started on this machine.".to_owned());
    }
    let runs_on_all = plan.engines.len() as u64 == u64::from(plan.alive);
    let text = || format!("Runs on {} of {} engines: {}.", plan.engines.len(), plan.alive, plan.ranks);
    (!runs_on_all).then(text)
}

fn lens<'a>(
    range: Range,
    title: String,
    tooltip: Option<String>,
    command: &'static str,
    argument: Argument<'a>,
) -> Lens<'a> {
    Lens { range, command: Command { title, tooltip, command, arguments: Some([argument]) } }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use lsp_types::Position;
    use pxlens_protocol::RunId;

    use super::*;

    fn cell(line: u32, engines: &[u32], alive: u32) -> Cell {
        let range =
            Range { start: Position { line, character: 0 }, end: Position { line: line + 1, character: 0 } };
        Cell {
            id: format!("c{line}").as_str().into(),
            range,
            magic_range: range,
            magic: "px".into(),
            outer: None,
            code: String::new(),
            plan: Some(Plan {
                ranks: format!("{engines:?}").replace(", ", ","),
                engines: engines.into(),
                alive,
                block: true,
                ..Default::default()
            }),
            refusal: None,
            state: CellState::Idle,
            stale: false,
            run: None,
        }
    }

    #[test]
    fn what_a_lens_borrows_is_written_as_what_the_command_takes() {
        let (uri, cell) = ("file:///a.py".into(), cell(3, &[0], 1));
        let range = Some(cell.range);
        let borrowed = RunArgument { scope: Scope::Above, range, ..RunArgument::of(&uri, &cell) };
        let whole = RunParams { scope: Scope::Above, range, ..run_params(&uri, &cell) };
        assert_eq!(serde_json::to_value(borrowed).unwrap(), serde_json::to_value(whole).unwrap());
        let plain = serde_json::to_value(RunArgument::of(&uri, &cell)).unwrap();
        assert_eq!(plain, serde_json::to_value(run_params(&uri, &cell)).unwrap());
    }

    fn check(cells: &[Cell], expected: Expect) {
        let cells = cells.iter().map(|cell| LensCell { cell: cell.clone(), shows: false }).collect();
        let found = Lenses { cells, regions: Vec::new() };
        let text: String = lenses(&"file:///a.py".into(), &found)
            .into_iter()
            .map(|Lens { range, command }| {
                let tooltip = command.tooltip.unwrap_or_default();
                format!("{}: {} | {tooltip}\n", range.start.line, command.title)
            })
            .collect();
        expected.assert_eq(&text);
    }

    #[test]
    fn a_lens_says_on_which_engines() {
        let mut starting = cell(9, &[], 0);
        starting.plan.as_mut().unwrap().starts = Some(4);
        check(
            &[cell(0, &[0, 1, 2, 3], 4), cell(3, &[0, 2], 4), cell(5, &[3], 4), starting],
            expect![[r#"
                0: ▶ Run on 4 engines | 
                3: ▶ Run on [0,2] | Runs on 2 of 4 engines: [0,2].
                3: ▶ Run cells above | 
                5: ▶ Run on engine 3 | Runs on 1 of 4 engines: [3].
                5: ▶ Run cells above | 
                9: ▶ Run (starts 4 local engines) | No cluster is running; one is started on this machine.
                9: ▶ Run cells above | 
            "#]],
        );
    }

    #[test]
    fn several_px_lines_of_a_script_cell_share_one_lens() {
        let lines = [0, 1, 2].map(|line| Cell { outer: Some(0), ..cell(line, &[0, 1], 2) });
        check(
            &lines,
            expect![[r#"
                0: ▶ Run 3 px lines on 2 engines | 
            "#]],
        );
    }

    #[test]
    fn a_running_cell_can_be_interrupted() {
        let running = Cell { state: CellState::Running, run: Some(RunId(1)), ..cell(0, &[0, 1], 2) };
        check(
            &[running],
            expect![[r#"
                0: ■ Interrupt | 
                0: ▶ Run on 2 engines | 
            "#]],
        );
    }

    #[test]
    fn a_cell_that_cannot_run_yet_says_why() {
        let mut untrusted = cell(0, &[], 0);
        untrusted.plan.as_mut().unwrap().ranks = "this workspace is not trusted".into();
        untrusted.refusal = Some("trust it first".into());
        check(
            &[untrusted],
            expect![[r#"
            0: ▶ Run (this workspace is not trusted) | trust it first
        "#]],
        );
    }

    #[test]
    fn what_runs_nothing_has_no_lens() {
        let refused = Cell { plan: None, refusal: Some("no such view".into()), ..cell(0, &[], 2) };
        let mut config = cell(1, &[], 2);
        config.plan.as_mut().unwrap().note = Some("sets the targets below to ::2".into());
        check(&[refused, config], expect![""]);
    }

    #[test]
    fn a_tooltip_names_the_lines_that_decided_counted_from_1() {
        let mut decided = cell(4, &[0], 2);
        decided.plan.as_mut().unwrap().decided_by = vec![0, 2];
        check(
            &[decided],
            expect![[r#"
                4: ▶ Run on engine 0 | Runs on 1 of 2 engines: [0].
            "#]],
        );
    }
}
