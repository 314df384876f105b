//! `notebookDocument/didChange`.

use lsp_types::{DidChangeNotebookDocumentParams, NotebookCell, NotebookDocumentCellChanges, Uri};

use super::notebook_did_open::{by_kind, python};
use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    session::NotebookChange,
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidChangeNotebookDocumentParams>) {
    let Some(params) = params.or_log("notebookDocument/didChange") else { return };
    let changes = params.change.cells.unwrap_or_default();
    let structure = changes.structure.as_ref();
    let uris = |of: Option<Vec<Uri>>| of.unwrap_or_default();
    let opened = uris(structure.and_then(|structure| {
        Some(structure.did_open.as_ref()?.iter().map(|text| text.uri.clone()).collect())
    }));
    let closed = uris(structure.and_then(|structure| {
        Some(structure.did_close.as_ref()?.iter().map(|document| document.uri.clone()).collect())
    }));
    backend.session.change_notebook(from_proto::key(&params.notebook_document.uri), notebook_change(changes));
    closed.iter().for_each(|uri| backend.closed(uri));
    opened.iter().for_each(|uri| backend.opened(uri));
}

/// A client moves a cell by deleting and inserting it without sending its text again, so a text is only dropped when it
/// is closed. The kind of a cell
/// comes with the cell when it is inserted, and as `data` when it changes.
fn notebook_change(changes: NotebookDocumentCellChanges) -> NotebookChange {
    let structure = changes.structure.unwrap_or_default();
    let array = structure.array;
    let cells = array.cells.unwrap_or_default();
    let data = changes.data.unwrap_or_default();
    // What changed is named once more behind what was inserted, and counts.
    let is_renamed = |cell: &&NotebookCell| data.iter().any(|new| new.document == cell.document);
    let [code, markup] = by_kind(cells.iter().filter(|cell| !is_renamed(cell)).chain(&data));
    let inserted: Vec<_> = cells.iter().map(|cell| from_proto::key(&cell.document)).collect();
    let empty = array.delete_count == 0 && inserted.is_empty();
    NotebookChange {
        splice: (!empty).then_some((array.start as usize, array.delete_count as usize, inserted)),
        opened: python(structure.did_open.unwrap_or_default()),
        closed: structure
            .did_close
            .unwrap_or_default()
            .iter()
            .map(|document| from_proto::key(&document.uri))
            .collect(),
        markup,
        code,
        edited: changes
            .text_content
            .unwrap_or_default()
            .into_iter()
            .map(|content| {
                let edits = content.changes.into_iter().map(from_proto::change).collect();
                let document = content.document;
                let key = from_proto::key(&document.text_document_identifier.uri);
                (key, document.version, edits)
            })
            .collect(),
    }
}
