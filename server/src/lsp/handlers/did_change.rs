//! `textDocument/didChange`.

use lsp_types::DidChangeTextDocumentParams;

use crate::lsp::{backend::Backend, from_proto, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidChangeTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didChange") else { return };
    let document = params.text_document;
    let changes = params.content_changes.into_iter().map(from_proto::change).collect();
    backend.session.change(
        from_proto::key(&document.text_document_identifier.uri),
        document.version,
        changes,
    );
}
