//! The lenses' commands as code actions, for clients that show no lenses.

use lsp_types::{Command, Range, Uri};
use pxlens_protocol::{Cell, InterruptParams, RunParams, Scope, commands};
use serde_json::{Value, json};

use super::console;
use crate::lsp::handlers::{
    code_lens::{busy_run, run_params, run_title, runs},
    hover::shows_results,
};

/// What can be run at a selection.
pub(super) fn actions(uri: &Uri, cells: &[Cell], range: Range) -> Vec<Command> {
    let here: Vec<&Cell> = cells.iter().filter(|cell| runs(cell) && touch(cell.range, range)).collect();
    let Some(first) = here.first() else { return recalls(uri, cells, range) };
    let mut actions = Vec::new();
    if let Some(run) = here.iter().copied().find_map(busy_run) {
        let argument = json!(InterruptParams { run, engines: None, signal: None });
        actions.push(command("■ Interrupt", commands::INTERRUPT, argument));
    }
    let one = run_params(uri, first);
    let selected = RunParams { cell: None, range: Some(range), ..one.clone() };
    let params = if here.len() == 1 { one.clone() } else { selected };
    actions.push(command(&run_title(&here), commands::RUN, json!(params)));
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
