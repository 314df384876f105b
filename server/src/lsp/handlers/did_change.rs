//! `textDocument/didChange`.

use lsp_types::{DidChangeTextDocumentParams, TextDocumentContentChangeEvent as Event};

use crate::lsp::{
    backend::Backend,
    facade::{Change, Session, TextChange},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<DidChangeTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didChange") else { return };
    backend.session.tell(Change::Edit {
        uri: params.text_document.text_document_identifier.uri,
        version: params.text_document.version,
        changes: params.content_changes.into_iter().map(change).collect(),
    });
}

pub(super) fn change(event: Event) -> TextChange {
    match event {
        Event::TextDocumentContentChangePartial(part) => {
            TextChange { range: Some(part.range), text: part.text }
        }
        Event::TextDocumentContentChangeWholeDocument(whole) => TextChange { range: None, text: whole.text },
    }
}
