//! `px/run`.

use pxlens_protocol::{RunParams, RunResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: RunParams) -> Result<RunResult> {
    Ok(backend.session.run(params).await)
}
