//! `px/interrupt`.

use pxlens_protocol::{InterruptParams, InterruptResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: InterruptParams,
) -> Result<InterruptResult> {
    let run = params.run;
    backend
        .session
        .interrupt(params)
        .await
        .ok_or_else(|| Error::invalid_params(format!("there is no run {}", run.0)))
}
