//! The command that copies the output of a run, and the request `px/copy` behind it.

use pxlens_protocol::{CopyParams, CopyResult, CopyText, CopyTextParams, ResultParams};
use tower_lsp::jsonrpc::Result;

use super::px_result;
use crate::lsp::{backend::Backend, snapshot::shows, tasks};

/// Asks the client to copy the text of `px/result`, or returns the text.
pub(super) async fn copy(backend: &Backend, params: CopyParams) -> Result<CopyResult> {
    let CopyParams { run, group_by } = params;
    let wanted = ResultParams { run: Some(run), group_by, ..ResultParams::default() };
    let text = shows(px_result::handle)(backend, wanted).await?.text;
    if backend.capabilities().extension.copy {
        let params = CopyTextParams { text: text.clone() };
        match tasks::request(backend.client.send_request::<CopyText>(params)).await {
            Ok(result) if result.copied => return Ok(CopyResult { copied: true, text: None }),
            Ok(_) => tracing::warn!("the client did not copy the text"),
            Err(error) => tracing::warn!(%error, "the client did not copy the text"),
        }
    }
    Ok(CopyResult { copied: false, text: Some(text) })
}
