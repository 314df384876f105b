//! Cells of notebooks, run as a kernel does, and what they show.

use std::hash::{DefaultHasher, Hash, Hasher};

use pxlens_protocol as protocol;
use pxlens_protocol::{
    NotRun, NotebookOutputsParams, NotebookOutputsResult, RunNotebookCellParams, RunNotebookCellResult,
};

use super::{Bridge, aside, key};
use crate::{
    cells::CellKind,
    lsp::facade::Notebooks,
    plan::Overrides,
    render::{self, NotebookOutput},
    run::{self, RunState},
    session::{Ask, AskError, Asked, BlockView, NotRunKind, RunHandle, Scope, StartPolicy},
};

impl Notebooks for Bridge {
    async fn run_notebook_cell(&self, params: RunNotebookCellParams) -> RunNotebookCellResult {
        let document = key(&params.uri);
        self.session().send_plain(document.clone());
        let ask = Ask {
            document: document.clone(),
            scope: Scope::Lines(0, u32::MAX),
            overrides: Overrides::default(),
            keep_going: false,
            start: StartPolicy::Detached,
        };
        match self.session().run(ask).await {
            Ok(asked) => self.ran(asked),
            Err(AskError::NoCell) => {
                let view = self.session().document(document).await;
                nothing_sent(view.and_then(|view| view.blocks.into_iter().next()))
            }
            Err(error) => refused(error.to_string()),
        }
    }

    async fn notebook_outputs(&self, params: NotebookOutputsParams) -> Result<NotebookOutputsResult, String> {
        let mut runs = Vec::new();
        for id in params.runs {
            let handle = self.session().run_handle(run::RunId(id.0)).await;
            let handle = handle.ok_or_else(|| format!("there is no run {}", id.0))?;
            let is_kept = self.is_kept(&handle).await;
            runs.push((handle, is_kept));
        }
        let by = self.group_by();
        let work = move || {
            let mut answer =
                NotebookOutputsResult { over: true, succeeded: true, seen: String::new(), outputs: None };
            let mut outputs = Vec::new();
            for (handle, is_kept) in runs {
                let run = handle.now();
                answer.over &= run.is_over();
                answer.succeeded &= run.state() != RunState::Failed;
                if is_kept && run.state() != RunState::Failed {
                    let heading = render::heading(&run);
                    let text = format!("{heading} · %pxresult{} shows what it gives", handle.suffix);
                    outputs.push(NotebookOutput::note(text));
                    continue;
                }
                let by = handle.group_by().unwrap_or(by);
                let is_plain = handle.place.kind == CellKind::Plain;
                outputs.extend(render::notebook(&run, by, is_plain));
            }
            let mut hasher = DefaultHasher::new();
            outputs.hash(&mut hasher);
            answer.seen = format!("{:016x}", hasher.finish());
            if params.seen.as_ref() != Some(&answer.seen) {
                answer.outputs = Some(outputs.into_iter().map(told).collect());
            }
            answer
        };
        Ok(aside(work).await)
    }
}

impl Bridge {
    fn ran(&self, asked: Asked) -> RunNotebookCellResult {
        let plain = asked.runs.iter().find(|handle| handle.place.kind == CellKind::Plain);
        let ran_on = plain.map(|handle| {
            let engines: crate::engines::RankSet = handle.engines.iter().copied().collect();
            engines.to_string()
        });
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
        let result = self.run_result(asked);
        notes.extend(result.runs.iter().filter_map(|run| run.note.as_ref()).map(NotebookOutput::note));
        if result.local_lines > 0 {
            let lines = if result.local_lines == 1 { "line" } else { "lines" };
            notes.push(NotebookOutput::note(format!("{} local {lines} not run", result.local_lines)));
        }
        RunNotebookCellResult {
            failed,
            runs: result.runs,
            recalled: result.recalled,
            not_run: result.not_run,
            local_lines: result.local_lines,
            set_up: None,
            ran_on,
            waits,
            notes: notes.into_iter().map(told).collect(),
        }
    }

    /// Whether what a run gives is kept until somebody asks for it.
    async fn is_kept(&self, handle: &RunHandle) -> bool {
        if handle.plan.blocking {
            return false;
        }
        let view = self.session().runs_in(handle.document.clone()).await;
        let is_it = |cell: &crate::session::CellView| {
            cell.withheld && cell.run.as_ref().is_some_and(|run| run.id == handle.id)
        };
        view.is_some_and(|view| view.cells.iter().any(is_it))
    }
}

/// A cell that holds nothing to send.
fn nothing_sent(block: Option<BlockView>) -> RunNotebookCellResult {
    match block {
        Some(BlockView { set_up: Some(line), local_lines, .. }) => {
            let note = format!("set-up by line {}: read for views, not sent to engines", line + 1);
            RunNotebookCellResult {
                set_up: Some(line),
                local_lines,
                waits: true,
                notes: vec![told(NotebookOutput::note(note))],
                ..RunNotebookCellResult::default()
            }
        }
        Some(BlockView { local_lines: 0, .. }) => {
            RunNotebookCellResult { waits: true, ..RunNotebookCellResult::default() }
        }
        _ => refused("this is no code cell of a notebook that is open".to_owned()),
    }
}

fn refused(reason: String) -> RunNotebookCellResult {
    RunNotebookCellResult {
        notes: vec![told(NotebookOutput::failure(&reason))],
        not_run: vec![NotRun { cell: None, reason }],
        failed: true,
        waits: true,
        ..RunNotebookCellResult::default()
    }
}

fn told(output: NotebookOutput) -> protocol::NotebookOutput {
    let item = |item: render::NotebookItem| protocol::NotebookItem {
        mime: item.mime.to_owned(),
        data: item.data,
        base64: item.base64,
    };
    protocol::NotebookOutput { items: output.items.into_iter().map(item).collect() }
}
