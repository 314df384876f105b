//! `px/runs`.

use pxlens_protocol::{RunsParams, RunsResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: RunsParams) -> Result<RunsResult> {
    Ok(backend.session.runs(params).await)
}
