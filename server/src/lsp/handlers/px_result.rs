//! `px/result`.

use pxlens_protocol::{ResultParams, ResultResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ResultParams) -> Result<ResultResult> {
    match backend.session.result(params.clone()).await {
        Some(result) => Ok(result),
        None => Err(Error::invalid_params(backend.session.why_no_result(params).await)),
    }
}
