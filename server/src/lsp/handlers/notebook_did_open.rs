//! `notebookDocument/didOpen`.

use lsp_types::{DidOpenNotebookDocumentParams, NotebookCell, NotebookCellKind, TextDocumentItem};

use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    session::{CellText, DocumentKey},
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidOpenNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didOpen") else { return };
    let notebook = params.notebook_document;
    let uris: Vec<_> = params.cell_text_documents.iter().map(|text| text.uri.clone()).collect();
    let order = notebook.cells.iter().map(|cell| from_proto::key(&cell.document)).collect();
    let texts = python(params.cell_text_documents);
    let [_, markup] = by_kind(&notebook.cells);
    backend.session.open_notebook(from_proto::key(&notebook.uri), order, texts, markup);
    uris.iter().for_each(|uri| backend.opened(uri));
}

/// The texts that are Python, whatever else a client sends: it was asked for nothing else, but not all look at that.
pub(super) fn python(texts: Vec<TextDocumentItem>) -> Vec<CellText> {
    let text =
        |TextDocumentItem { uri, version, text, .. }| CellText { key: from_proto::key(&uri), version, text };
    texts.into_iter().filter(|text| text.language_id.as_str() == "python").map(text).collect()
}

/// The cells of code, and those of Markdown, which must never run, whatever their language is.
pub(super) fn by_kind<'a>(cells: impl IntoIterator<Item = &'a NotebookCell>) -> [Vec<DocumentKey>; 2] {
    let (markup, code): (Vec<_>, Vec<_>) =
        cells.into_iter().partition(|cell| cell.kind == NotebookCellKind::Markup);
    [code, markup].map(|cells| cells.into_iter().map(|cell| from_proto::key(&cell.document)).collect())
}
