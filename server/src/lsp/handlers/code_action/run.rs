//! The lenses' commands as code actions, for clients that show no lenses.

use lsp_types::{Command, Range, Uri};
use pxlens_protocol::{Cell, InterruptParams, Only, RunParams, Scope, commands};
use serde_json::{Value, json};

use super::console;
use crate::lsp::{
    facade::Parts,
    handlers::{
        code_lens::{busy_run, run_params, run_title, runs},
        hover::shows_results,
    },
};

/// What can be run at a selection.
pub(super) fn actions(uri: &Uri, cells: &[Cell], range: Range) -> Vec<Command> {
    let here: Vec<&Cell> = cells.iter().filter(|cell| runs(cell) && touch(cell.range, range)).collect();
    let Some(first) = here.first() else { return recalls(uri, cells, range) };
    let mut actions = Vec::new();
    if let Some(run) = here.iter().copied().find_map(busy_run) {
        let argument = json!(InterruptParams { run, engines: None, stragglers: false, signal: None });
        actions.push(command("■ Interrupt", commands::INTERRUPT, argument));
    }
    let one = run_params(uri, first);
    let selected = RunParams { cell: None, range: Some(range), ..one.clone() };
    let params = if here.len() == 1 { one.clone() } else { selected };
    actions.push(command(&run_title(&here), commands::RUN, json!(params)));
    if let [cell] = here[..]
        && let Some(plan) = &cell.plan
        && let Some(engine) = plan.engines.first()
        && plan.engines.len() > 1
    {
        let canary = RunParams { canary: true, ..one.clone() };
        actions.push(command(&format!("▶ Run on engine {engine} first"), commands::RUN, json!(canary)));
    }
    if cells.iter().any(|cell| runs(cell) && cell.range.end <= first.range.start) {
        let above = RunParams { scope: Scope::Above, ..one.clone() };
        actions.push(command("▶ Run cells above", commands::RUN_ABOVE, json!(above)));
    }
    if cells.iter().any(|cell| runs(cell) && cell.range.start >= first.range.end) {
        let below = RunParams { scope: Scope::Below, ..one };
        actions.push(command("▶ Run this cell and those below", commands::RUN_BELOW, json!(below)));
    }
    actions.extend(console::console_actions(&here));
    actions
}

/// The one px cell at a selection that was run.
pub(super) fn that_ran(cells: &[Cell], range: Range) -> Option<&Cell> {
    let mut here = cells.iter().filter(|cell| runs(cell) && touch(cell.range, range));
    here.next().filter(|cell| cell.run.is_some() && here.next().is_none())
}

/// What can be done with some engines of the px cell's last run.
pub(super) fn parts(uri: &Uri, cell: &Cell, parts: &Parts) -> Vec<Command> {
    let again = |ranks: &str, word: &str, only| {
        let params = RunParams { only: Some(only), ..run_params(uri, cell) };
        command(&format!("▶ Re-run on {ranks} only ({word})"), commands::RUN, json!(params))
    };
    let mut actions = Vec::new();
    if let (Some(ranks), Some(run)) = (&parts.stragglers, cell.run) {
        let argument = json!(InterruptParams { run, engines: None, stragglers: true, signal: None });
        actions.push(command(&format!("■ Interrupt the stragglers {ranks}"), commands::INTERRUPT, argument));
    }
    actions.extend(parts.failed.as_ref().map(|ranks| again(ranks, "failed", Only::Failed)));
    actions.extend(parts.differing.as_ref().map(|ranks| again(ranks, "differing", Only::Differing)));
    actions
}

/// For `%pxresult` lines, which run nothing on engines.
fn recalls(uri: &Uri, cells: &[Cell], range: Range) -> Vec<Command> {
    let shows = |cell: &&Cell| cell.refusal.is_none() && shows_results(cell);
    let here = cells.iter().filter(|cell| touch(cell.range, range)).find(shows);
    let title = "▶ Show the newest result here";
    here.map(|cell| command(title, commands::RUN, json!(run_params(uri, cell)))).into_iter().collect()
}

pub(in crate::lsp::handlers) fn command(title: &str, id: &str, argument: Value) -> Command {
    Command { title: title.into(), tooltip: None, command: id.into(), arguments: Some(vec![argument]) }
}

/// Whether a selection, or a cursor, is in a px cell. What ends before the first column of a line does not touch it.
pub(in crate::lsp::handlers) fn touch(cell: Range, selection: Range) -> bool {
    let last = |range: Range| {
        range.end.line - u32::from(range.end.character == 0 && range.end.line > range.start.line)
    };
    cell.start.line <= last(selection) && selection.start.line <= last(cell)
}

#[cfg(test)]
mod tests {
    use lsp_types::Position;

    use super::*;

    fn range(start: (u32, u32), end: (u32, u32)) -> Range {
        let at = |(line, character)| Position { line, character };
        Range { start: at(start), end: at(end) }
    }

    #[test]
    fn a_cursor_is_in_one_cell_and_selected_lines_end_where_they_end() {
        let (first, second) = (range((0, 0), (2, 0)), range((2, 0), (4, 0)));
        let cursor = range((2, 0), (2, 0));
        assert!(!touch(first, cursor) && touch(second, cursor));
        let lines = range((0, 0), (2, 0));
        assert!(touch(first, lines) && !touch(second, lines));
        assert!(touch(first, range((1, 5), (2, 1))) && touch(second, range((1, 5), (2, 1))));
    }
}
