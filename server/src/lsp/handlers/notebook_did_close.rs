//! `notebookDocument/didClose`.

use lsp_types::DidCloseNotebookDocumentParams;

use crate::lsp::{backend::Backend, from_proto, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidCloseNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didClose") else { return };
    backend.session.close_notebook(from_proto::key(&params.notebook_document.uri));
    params.cell_text_documents.iter().for_each(|document| backend.closed(&document.uri));
}
