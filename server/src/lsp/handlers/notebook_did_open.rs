//! `notebookDocument/didOpen`.

use lsp_types::{DidOpenNotebookDocumentParams, NotebookCell, NotebookCellKind, TextDocumentItem};

use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    session::CellText,
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidOpenNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didOpen") else { return };
    let notebook = params.notebook_document;
    let uris: Vec<_> = params.cell_text_documents.iter().map(|text| text.uri.clone()).collect();
    let order = notebook.cells.iter().map(|cell| from_proto::key(&cell.document)).collect();
    let texts = code(params.cell_text_documents, &notebook.cells);
    backend.session.open_notebook(from_proto::key(&notebook.uri), order, texts);
    uris.iter().for_each(|uri| backend.opened(uri));
}

/// The texts that are Python, whatever else a client sends: it was asked for nothing else, but not all look at that, and Markdown
/// must never run.
pub(super) fn code(texts: Vec<TextDocumentItem>, cells: &[NotebookCell]) -> Vec<CellText> {
    let is_markup = |text: &TextDocumentItem| {
        cells.iter().any(|cell| cell.document == text.uri && cell.kind == NotebookCellKind::Markup)
    };
    let is_code = |text: &TextDocumentItem| text.language_id.as_str() == "python" && !is_markup(text);
    let text =
        |TextDocumentItem { uri, version, text, .. }| CellText { key: from_proto::key(&uri), version, text };
    texts.into_iter().filter(is_code).map(text).collect()
}
