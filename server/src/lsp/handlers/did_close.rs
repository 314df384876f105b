//! `textDocument/didClose`.

use lsp_types::DidCloseTextDocumentParams;

use crate::lsp::{
    backend::Backend,
    facade::{Change, Session},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<DidCloseTextDocumentParams>) {
    let Some(params) = params.or_log("textDocument/didClose") else { return };
    let uri = params.text_document.uri;
    backend.session.tell(Change::Close { uri: uri.clone() });
    backend.closed(&uri);
}
