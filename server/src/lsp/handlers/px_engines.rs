//! `px/engines`.

use pxlens_protocol::{EnginesParams, EnginesResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, _: EnginesParams) -> Result<EnginesResult> {
    Ok(backend.session.engines().await)
}
