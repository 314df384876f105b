//! "Open a console on engine N", for the engines of the px cells at the cursor.

use lsp_types::Command;
use pxlens_protocol::{Cell, ConsoleParams, commands};
use serde_json::json;

/// How many engines are offered: one looks into one or two, and a cell may run on hundreds.
const MOST: usize = 3;

/// The first engines of what would run. None while no cluster is there: a console starts none.
pub(super) fn console_actions(here: &[&Cell]) -> Vec<Command> {
    let plans = here.iter().filter_map(|cell| cell.plan.as_ref());
    let mut engines: Vec<u32> = Vec::new();
    for engine in plans.flat_map(|plan| &plan.engines) {
        if engines.len() < MOST && !engines.contains(engine) {
            engines.push(*engine);
        }
    }
    engines.into_iter().map(action).collect()
}

fn action(engine: u32) -> Command {
    Command {
        title: format!("Open a console on engine {engine}"),
        tooltip: None,
        command: commands::CONSOLE.into(),
        arguments: Some(vec![json!(ConsoleParams { engine })]),
    }
}

#[cfg(test)]
mod tests {
    use pxlens_protocol::{CellState, Plan};

    use super::*;

    fn cell(engines: &[u32]) -> Cell {
        Cell {
            id: "c".into(),
            range: lsp_types::Range::default(),
            magic_range: lsp_types::Range::default(),
            magic: "px".into(),
            outer: None,
            code: String::new(),
            plan: Some(Plan { engines: engines.into(), ..Plan::default() }),
            refusal: None,
            state: CellState::Idle,
            stale: false,
            run: None,
        }
    }

    fn titles(cells: &[&Cell]) -> Vec<String> {
        console_actions(cells).into_iter().map(|action| action.title).collect()
    }

    #[test]
    fn the_first_engines_of_the_plan_are_offered_once_each() {
        let offered =
            ["Open a console on engine 2", "Open a console on engine 0", "Open a console on engine 1"];
        assert_eq!(titles(&[&cell(&[2, 2]), &cell(&[0, 1, 2, 3])]), offered);
        assert!(titles(&[&cell(&[])]).is_empty());
    }
}
