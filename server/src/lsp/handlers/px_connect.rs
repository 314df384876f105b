//! `px/connect`.

use pxlens_protocol::{ConnectParams, ConnectResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ConnectParams) -> Result<ConnectResult> {
    Ok(backend.session.connect(params).await)
}
