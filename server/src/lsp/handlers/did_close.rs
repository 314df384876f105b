//! `textDocument/didClose`.

use lsp_types::DidCloseTextDocumentParams;

use crate::lsp::{backend::Backend, from_proto, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidCloseTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didClose") else { return };
    let uri = params.text_document.uri;
    backend.session.close(from_proto::key(&uri));
    backend.closed(&uri);
}
