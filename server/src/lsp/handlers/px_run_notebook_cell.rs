//! `px/runNotebookCell`: runs a notebook cell as a kernel does: its px lines, or the whole cell if it has none and is
//! not set-up code.

use std::collections::HashSet;

use futures::FutureExt;
use pxlens_protocol::{NotRun, RunNotebookCellParams, RunNotebookCellResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    cells::{CellKind, Dialect},
    engines::RankSet,
    lsp::{
        backend::Backend,
        from_proto,
        to_proto::{self, outputs::notebook_output},
        wire::cancel::{self, unless_cancelled},
    },
    plan::Overrides,
    render::NotebookOutput,
    session::{BlockView, DocumentView, NotRunKind, RunCommand, RunError, RunResponse, Scope, StartPolicy},
};

pub(crate) async fn handle(
    backend: &Backend,
    params: RunNotebookCellParams,
) -> Result<RunNotebookCellResult> {
    let document = from_proto::key(&params.uri);
    backend.session.send_plain(document.clone());
    let command = RunCommand {
        document: document.clone(),
        scope: Scope::Lines(0, u32::MAX),
        overrides: Overrides::default(),
        only: None,
        canary: false,
        keep_going: false,
        start: StartPolicy::Detached,
    };
    let cancellation = cancel::current();
    let run = backend.session.run_unless(command, cancellation.clone());
    Ok(match unless_cancelled(&cancellation, run.map(Ok)).await? {
        Ok(response) => ran(response, backend.capabilities().extension.run_local),
        Err(RunError::NoCell(_)) => {
            let snapshot = backend.snapshot(document).await;
            nothing_sent(snapshot.document().map(AsRef::as_ref))
        }
        Err(error) => refused(error.to_string()),
    })
}

fn ran(response: RunResponse, runs_local: bool) -> RunNotebookCellResult {
    let plain = response.runs.iter().find(|handle| handle.px_cell.kind == CellKind::Plain);
    let ran_on = plain.map(|handle| handle.engines.iter().copied().collect::<RankSet>().to_string());
    let waits = response.runs.is_empty() || response.runs.iter().any(|handle| handle.plan.blocking);
    let mut failed = false;
    let mut notes = Vec::new();
    let mut said = HashSet::new();
    for (one, reason) in response.reasons() {
        let runs_nothing = one.kind == NotRunKind::RunsNothing;
        failed |= !runs_nothing;
        if said.insert(reason.clone()) {
            notes.push(if runs_nothing {
                NotebookOutput::note(reason)
            } else {
                NotebookOutput::failure(&reason)
            });
        }
    }
    let result = to_proto::run_result(response, runs_local);
    notes.extend(result.runs.iter().filter_map(|run| run.note.as_ref()).map(NotebookOutput::note));
    notes.extend(result.left_out.into_iter().map(NotebookOutput::note));
    RunNotebookCellResult {
        failed,
        runs: result.runs,
        shown_results: result.shown_results,
        not_run: result.not_run,
        local_lines: result.local_lines,
        set_up: None,
        ran_on,
        waits,
        notes: notes.into_iter().map(notebook_output).collect(),
    }
}

/// The answer for a cell with nothing to send.
fn nothing_sent(document: Option<&DocumentView>) -> RunNotebookCellResult {
    let Some(cell) = document.filter(|document| document.dialect == Dialect::NotebookCell) else {
        return refused("This is not a code cell of an open notebook".to_owned());
    };
    match cell.blocks.first() {
        Some(&BlockView { set_up: Some(line), local_lines, .. }) => {
            let note = format!(
                "Set-up code because of line {}: pxlens reads it for views and does not send it to the engines",
                line + 1
            );
            RunNotebookCellResult {
                set_up: Some(line),
                local_lines,
                waits: true,
                notes: vec![notebook_output(NotebookOutput::note(note))],
                ..RunNotebookCellResult::default()
            }
        }
        _ => RunNotebookCellResult { waits: true, ..RunNotebookCellResult::default() },
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
