//! `textDocument/didOpen`.

use lsp_types::DidOpenTextDocumentParams;

use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    render::SCHEME,
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidOpenTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didOpen") else { return };
    let document = params.text_document;
    // Outputs of engines must never be run, even if a client opens them as documents.
    if document.uri.0.starts_with(&format!("{SCHEME}:")) {
        return;
    }
    let dialect = from_proto::dialect(&document.uri, &language(&document.language_id));
    backend.session.open(from_proto::key(&document.uri), dialect, document.version, document.text);
    backend.opened(&document.uri);
}

/// The language id as the client sent it.
fn language(kind: &lsp_types::LanguageKind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}
