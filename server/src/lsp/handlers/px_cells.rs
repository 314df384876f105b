//! `px/cells`.

use pxlens_protocol::{CellsParams, CellsResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: CellsParams) -> Result<CellsResult> {
    backend
        .session
        .cells(&params.uri)
        .await
        .ok_or_else(|| Error::invalid_params(format!("the document {} is not open", params.uri)))
}
