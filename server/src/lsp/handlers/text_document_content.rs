//! `workspace/textDocumentContent` and `px/content`: an output as a document.

use lsp_types::TextDocumentContentParams;
use pxlens_protocol::ContentParams;
use serde_json::json;
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session, written::Written};

/// As LSP has it. While there may be more of the document, the client is told to ask again.
pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: TextDocumentContentParams,
) -> Result<Written> {
    let content = backend.session.content(&params.uri.0).await.map_err(Error::invalid_params)?;
    if backend.capabilities().text_document_content {
        backend.watch(params.uri, content.more);
    }
    backend.shelf.put(&json!({ "text": content.result.text }))
}

/// For other clients.
pub(crate) async fn px<S: Session>(backend: &Backend<S>, params: ContentParams) -> Result<Written> {
    let content = backend.session.content(&params.uri).await.map_err(Error::invalid_params)?;
    backend.shelf.put(&content.result)
}
