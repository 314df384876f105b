//! `px/runNotebookCell`: runs the px lines of a cell as a kernel does, or all of one that holds none and is no set-up.

use pxlens_protocol::{NotRun, RunNotebookCellParams, RunNotebookCellResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    cells::CellKind,
    engines::RankSet,
    lsp::{
        backend::Backend,
        from_proto,
        to_proto::{self, outputs::notebook_output},
    },
    plan::Overrides,
    render::NotebookOutput,
    session::{Ask, AskError, Asked, BlockView, NotRunKind, Scope, StartPolicy},
};

pub(crate) async fn handle(
    backend: &Backend,
    params: RunNotebookCellParams,
) -> Result<RunNotebookCellResult> {
    let document = from_proto::key(&params.uri);
    backend.session.send_plain(document.clone());
    let ask = Ask {
        document: document.clone(),
        scope: Scope::Lines(0, u32::MAX),
        overrides: Overrides::default(),
        only: None,
        keep_going: false,
        start: StartPolicy::Detached,
    };
    Ok(match backend.session.run(ask).await {
        Ok(asked) => ran(asked, backend.capabilities().extension.run_local),
        Err(AskError::NoCell) => {
            let snapshot = backend.snapshot(document).await;
            nothing_sent(snapshot.document().and_then(|view| view.blocks.first()))
        }
        Err(error) => refused(error.to_string()),
    })
}

fn ran(asked: Asked, runs_local: bool) -> RunNotebookCellResult {
    let plain = asked.runs.iter().find(|handle| handle.place.kind == CellKind::Plain);
    let ran_on = plain.map(|handle| handle.engines.iter().copied().collect::<RankSet>().to_string());
    let waits = asked.runs.is_empty() || asked.runs.iter().any(|handle| handle.plan.blocking);
    let mut failed = false;
    let mut notes = Vec::new();
    let nothing_else = asked.runs.is_empty() && asked.recalled.is_empty();
    for one in &asked.not_run {
        match one.kind {
            NotRunKind::RunsNothing if nothing_else => notes.push(NotebookOutput::note(one.why.as_str())),
            NotRunKind::RunsNothing => {}
            _ => {
                failed = true;
                notes.push(NotebookOutput::failure(&one.why));
            }
        }
    }
    let result = to_proto::run_result(asked, runs_local);
    notes.extend(result.runs.iter().filter_map(|run| run.note.as_ref()).map(NotebookOutput::note));
    if result.local_lines > 0 {
        let lines = if result.local_lines == 1 { "line" } else { "lines" };
        notes.push(NotebookOutput::note(format!("{} local {lines} not run", result.local_lines)));
    }
    notes.extend(result.conditional.map(NotebookOutput::note));
    RunNotebookCellResult {
        failed,
        runs: result.runs,
        recalled: result.recalled,
        not_run: result.not_run,
        local_lines: result.local_lines,
        set_up: None,
        ran_on,
        waits,
        notes: notes.into_iter().map(notebook_output).collect(),
    }
}

/// A cell that holds nothing to send.
fn nothing_sent(block: Option<&BlockView>) -> RunNotebookCellResult {
    match block {
        Some(&BlockView { set_up: Some(line), local_lines, .. }) => {
            let note = format!("set-up by line {}: read for views, not sent to engines", line + 1);
            RunNotebookCellResult {
                set_up: Some(line),
                local_lines,
                waits: true,
                notes: vec![notebook_output(NotebookOutput::note(note))],
                ..RunNotebookCellResult::default()
            }
        }
        Some(&BlockView { local_lines: 0, .. }) => {
            RunNotebookCellResult { waits: true, ..RunNotebookCellResult::default() }
        }
        _ => refused("this is no code cell of a notebook that is open".to_owned()),
    }
}

fn refused(reason: String) -> RunNotebookCellResult {
    RunNotebookCellResult {
        notes: vec![notebook_output(NotebookOutput::failure(&reason))],
        not_run: vec![NotRun { cell: None, reason }],
        failed: true,
        waits: true,
        ..RunNotebookCellResult::default()
    }
}
