//! `notebookDocument/didClose`.

use lsp_types::DidCloseNotebookDocumentParams;

use crate::lsp::{
    backend::Backend,
    facade::{Change, Session},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: Lenient<DidCloseNotebookDocumentParams>,
) {
    let Some(params) = params.or_log("notebookDocument/didClose") else { return };
    backend.session.tell(Change::CloseNotebook { uri: params.notebook_document.uri });
    params.cell_text_documents.iter().for_each(|document| backend.closed(&document.uri));
}
