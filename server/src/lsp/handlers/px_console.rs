//! `px/console`.

use pxlens_protocol::{ConsoleParams, ConsoleResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ConsoleParams) -> Result<ConsoleResult> {
    Ok(backend.session.console(params).await)
}
