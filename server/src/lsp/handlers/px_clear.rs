//! `px/clear`, and the command of that name.

use pxlens_protocol::{ClearParams, ClearResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ClearParams) -> Result<ClearResult> {
    backend.session.clear(params).await.map_err(Error::invalid_params)
}
