//! `px/result`.

use pxlens_protocol::{ResultParams, ResultResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ResultParams) -> Result<ResultResult> {
    backend
        .session
        .result(params)
        .await
        .ok_or_else(|| Error::invalid_params("there is no such run; nothing was run there yet"))
}
