//! `px/runs`: the history, newest first.

use pxlens_protocol::{RunsParams, RunsResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    lsp::{from_proto, snapshot::Snapshot, to_proto::outputs::past_run},
    session::RunRecord,
};

pub(crate) fn handle(snapshot: &Snapshot, params: RunsParams) -> Result<RunsResult> {
    let cell = params.cell.as_ref().map(from_proto::cell_id);
    let fits = |past: &&RunRecord| cell.is_none_or(|cell| cell == Some(past.handle.cell));
    let runs = snapshot.history().rev().filter(fits).map(|past| past_run(past, snapshot.at));
    Ok(RunsResult { runs: runs.collect() })
}
