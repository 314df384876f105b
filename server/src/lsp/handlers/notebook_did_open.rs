//! `notebookDocument/didOpen`.

use lsp_types::{DidOpenNotebookDocumentParams, NotebookCellKind, TextDocumentItem};

use super::did_open::language;
use crate::lsp::{
    backend::Backend,
    facade::{CellText, Change, NotebookCell, Session},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<DidOpenNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didOpen") else { return };
    let notebook = params.notebook_document;
    let texts: Vec<CellText> = params.cell_text_documents.into_iter().map(text).collect();
    let keys: Vec<_> = texts.iter().map(|text| text.uri.clone()).collect();
    backend.session.tell(Change::OpenNotebook {
        uri: notebook.uri,
        version: notebook.version,
        cells: notebook.cells.into_iter().map(cell).collect(),
        texts,
    });
    keys.iter().for_each(|uri| backend.opened(uri));
}

pub(super) fn cell(cell: lsp_types::NotebookCell) -> NotebookCell {
    let id = cell.metadata.as_ref().and_then(|metadata| metadata.get("id")?.as_str().map(String::from));
    NotebookCell { uri: cell.document, code: cell.kind == NotebookCellKind::Code, id }
}

pub(super) fn text(item: TextDocumentItem) -> CellText {
    CellText { language: language(&item.language_id), uri: item.uri, version: item.version, text: item.text }
}
