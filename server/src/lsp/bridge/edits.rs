//! Edits of documents and notebooks, from the face's values to the session's.

use lsp_types::Position;

use super::key;
use crate::{
    lsp::facade::{CellText, NotebookChange, TextChange},
    session, text,
};

pub(super) fn edit(change: TextChange) -> text::Change {
    let at = |position: Position| text::Position { line: position.line, character: position.character };
    text::Change { range: change.range.map(|range| (at(range.start), at(range.end))), text: change.text }
}

pub(super) fn cell_text(cell: CellText) -> session::CellText {
    session::CellText { key: key(&cell.uri), version: cell.version, text: cell.text }
}

pub(super) fn notebook_change(change: NotebookChange) -> session::NotebookChange {
    session::NotebookChange {
        splice: change.splice.map(|splice| {
            let come = splice.insert.iter().map(|cell| key(&cell.uri)).collect();
            (splice.start as usize, splice.delete as usize, come)
        }),
        opened: change.opened.into_iter().map(cell_text).collect(),
        closed: change.closed.iter().map(key).collect(),
        edited: change
            .texts
            .into_iter()
            .map(|(uri, version, changes)| (key(&uri), version, changes.into_iter().map(edit).collect()))
            .collect(),
    }
}
