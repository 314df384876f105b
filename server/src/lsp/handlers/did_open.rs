//! `textDocument/didOpen`.

use lsp_types::DidOpenTextDocumentParams;

use crate::{
    lsp::{
        backend::Backend,
        facade::{Change, Session},
        tolerance::Lenient,
    },
    render::SCHEME,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<DidOpenTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didOpen") else { return };
    let document = params.text_document;
    // What engines wrote is shown, and nothing in it runs, whatever a client opens.
    if document.uri.0.starts_with(&format!("{SCHEME}:")) {
        return;
    }
    backend.session.tell(Change::Open {
        uri: document.uri.clone(),
        language: language(&document.language_id),
        version: document.version,
        text: document.text,
    });
    backend.opened(&document.uri);
}

/// The client's word for a language, as it sent it.
pub(super) fn language(kind: &lsp_types::LanguageKind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}
