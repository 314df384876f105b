//! `notebookDocument/didOpen`.

use lsp_types::{DidOpenNotebookDocumentParams, TextDocumentItem};

use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    session::CellText,
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidOpenNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didOpen") else { return };
    let notebook = params.notebook_document;
    let uris: Vec<_> = params.cell_text_documents.iter().map(|text| text.uri.clone()).collect();
    let order = notebook.cells.iter().map(|cell| from_proto::key(&cell.document)).collect();
    let texts = params.cell_text_documents.into_iter().map(text).collect();
    backend.session.open_notebook(from_proto::key(&notebook.uri), order, texts);
    uris.iter().for_each(|uri| backend.opened(uri));
}

pub(super) fn text(item: TextDocumentItem) -> CellText {
    CellText { key: from_proto::key(&item.uri), version: item.version, text: item.text }
}
