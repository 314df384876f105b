//! What can be done with the result of a px cell, for clients whose cards have no links.

use lsp_types::{Command, Uri};
use pxlens_protocol::{Cell, ClearParams, GroupBy, RunId, ShowOutputParams, commands};
use serde_json::json;

use super::command;

/// For the px cell and its last run: all of what it gave, as a document, and its end.
pub(super) fn actions(uri: &Uri, cell: &Cell, run: RunId) -> Vec<Command> {
    let output = |group_by| json!(ShowOutputParams::whole(run, group_by));
    let clear = json!(ClearParams { uri: uri.clone(), cell: Some(cell.id.clone()) });
    vec![
        command("Open the whole output", commands::SHOW_OUTPUT, output(None)),
        command("Open the output by engine", commands::SHOW_OUTPUT, output(Some(GroupBy::Engine))),
        command("Clear this result", commands::CLEAR, clear),
    ]
}
