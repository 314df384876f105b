//! `px/engines`.

use pxlens_protocol::{EnginesParams, EnginesResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, _: EnginesParams) -> Result<EnginesResult> {
    // What changes from here on may not be in the answer.
    let is_told = backend.engines_asked();
    Ok(backend.session.engines(!is_told).await)
}
