//! `notebookDocument/didChange`.

use lsp_types::{DidChangeNotebookDocumentParams, NotebookDocumentCellChanges};

use super::{
    did_change::change,
    notebook_did_open::{cell, text},
};
use crate::lsp::{
    backend::Backend,
    facade::{Change, NotebookChange, NotebookSplice, Session},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: Lenient<DidChangeNotebookDocumentParams>,
) {
    let Some(params) = params.or_log("notebookDocument/didChange") else { return };
    let changed = params.change.cells.map(notebook_change).unwrap_or_default();
    let opened: Vec<_> = changed.opened.iter().map(|text| text.uri.clone()).collect();
    let closed = changed.closed.clone();
    backend.session.tell(Change::ChangeNotebook {
        uri: params.notebook_document.uri,
        version: params.notebook_document.version,
        change: changed,
    });
    closed.iter().for_each(|uri| backend.closed(uri));
    opened.iter().for_each(|uri| backend.opened(uri));
}

fn notebook_change(changes: NotebookDocumentCellChanges) -> NotebookChange {
    let structure = changes.structure.unwrap_or_default();
    let splice = NotebookSplice {
        start: structure.array.start,
        delete: structure.array.delete_count,
        insert: structure.array.cells.unwrap_or_default().into_iter().map(cell).collect(),
    };
    let empty = splice.delete == 0 && splice.insert.is_empty();
    NotebookChange {
        splice: (!empty).then_some(splice),
        opened: structure.did_open.unwrap_or_default().into_iter().map(text).collect(),
        closed: structure.did_close.unwrap_or_default().into_iter().map(|document| document.uri).collect(),
        data: changes.data.unwrap_or_default().into_iter().map(cell).collect(),
        texts: changes
            .text_content
            .unwrap_or_default()
            .into_iter()
            .map(|content| {
                let edits = content.changes.into_iter().map(change).collect();
                (content.document.text_document_identifier.uri, content.document.version, edits)
            })
            .collect(),
    }
}
