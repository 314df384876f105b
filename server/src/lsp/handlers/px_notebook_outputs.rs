//! `px/notebookOutputs`: the outputs of runs so far, as outputs of a notebook cell.

use std::hash::{DefaultHasher, Hash, Hasher};

use pxlens_protocol::{NotebookOutputsParams, NotebookOutputsResult};
use tower_lsp::jsonrpc::Result;

use super::unknown::no_run;
use crate::{
    cells::CellKind,
    lsp::{from_proto, snapshot::Snapshot, to_proto::outputs::notebook_output},
    render::{self, NotebookOutput},
    run::RunState,
};

pub(crate) fn handle(snapshot: &Snapshot, params: NotebookOutputsParams) -> Result<NotebookOutputsResult> {
    let mut answer =
        NotebookOutputsResult { over: true, succeeded: true, seen: String::new(), outputs: None };
    let mut outputs = Vec::new();
    for id in params.runs {
        let id = from_proto::run_id(id);
        let handle = snapshot.runs.get(id).ok_or_else(|| no_run(id))?;
        let run = handle.excerpt(render::MOST_OF_NOTEBOOK_TEXT);
        answer.over &= run.is_over();
        answer.succeeded &= run.state() != RunState::Failed;
        if snapshot.runs.is_withheld(handle, &run) {
            let heading = render::heading(&run);
            let text = format!("{heading} · %pxresult{} shows its output", handle.suffix);
            outputs.push(NotebookOutput::note(text));
            continue;
        }
        let by = handle.group_by().unwrap_or(snapshot.settings.group_by);
        let is_plain = handle.px_cell.kind == CellKind::Plain;
        outputs.extend(render::notebook(&run, by, is_plain));
    }
    let mut hasher = DefaultHasher::new();
    outputs.hash(&mut hasher);
    answer.seen = format!("{:016x}", hasher.finish());
    if params.seen.as_ref() != Some(&answer.seen) {
        answer.outputs = Some(outputs.into_iter().map(notebook_output).collect());
    }
    Ok(answer)
}
