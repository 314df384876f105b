//! Synchronised notebooks: their cells come, go, change their kind and are edited.

use super::{Documents, Notebook, Unit};
use crate::{
    cells::Dialect,
    session::{CellText, DocumentKey, NotebookChange, SessionEvent},
    text::{Change, Document},
};

impl Documents {
    /// `markup`: the cells of Markdown.
    pub(in crate::session) fn open_notebook(
        &mut self,
        key: DocumentKey,
        order: Vec<DocumentKey>,
        cells: Vec<CellText>,
        markup: Vec<DocumentKey>,
    ) -> Vec<SessionEvent> {
        let markup = markup.into_iter().collect();
        self.notebooks.insert(key.clone(), Notebook { order: order.clone(), markup, ..Notebook::default() });
        self.add_cells(&key, cells);
        self.pass_on(&key, &order)
    }

    pub(in crate::session) fn change_notebook(
        &mut self,
        key: &DocumentKey,
        change: NotebookChange,
    ) -> Vec<SessionEvent> {
        let Some(notebook) = self.notebooks.get_mut(key) else { return Vec::new() };
        let mut touched: Vec<DocumentKey> = change.opened.iter().map(|cell| cell.key.clone()).collect();
        touched.extend(change.edited.iter().map(|(cell, ..)| cell.clone()));
        let mut is_edit = change.opened.is_empty() && change.splice.is_none() && change.closed.is_empty();
        if let Some((start, gone, come)) = change.splice {
            let start = start.min(notebook.order.len());
            let end = (start + gone).min(notebook.order.len());
            notebook.order.splice(start..end, come);
        }
        let mut events = Vec::new();
        change.closed.iter().for_each(|cell| drop(notebook.unread.remove(cell)));
        for cell in change.closed {
            if self.units.contains_key(&cell) {
                self.put_away(&cell);
                events.push(SessionEvent::Cells(cell));
            }
        }
        let changed_kind = self.set_kinds(key, change.markup, change.code);
        is_edit &= changed_kind.is_empty();
        touched.extend(changed_kind.iter().cloned());
        events.extend(changed_kind.into_iter().map(SessionEvent::Cells));
        self.add_cells(key, change.opened);
        for (cell, version, changes) in change.edited {
            match self.units.get_mut(&cell) {
                Some(unit) => unit.edit(version, &changes, self.encoding, &mut self.next_cell),
                None => self.edit_unread(&cell, version, &changes),
            }
        }
        let passes_on = |cell: &DocumentKey| self.units.get(cell).is_some_and(Unit::passes_on_change);
        if is_edit && !touched.iter().any(passes_on) {
            touched.iter().for_each(|cell| self.outdate(cell));
            return touched.into_iter().map(SessionEvent::Cells).collect();
        }
        events.extend(self.pass_on(key, &touched));
        events
    }

    /// Notes which cells are Markdown and which are code; returns those with a text for which that is new. The px cells of a
    /// cell that becomes Markdown go, and come back with it.
    fn set_kinds(
        &mut self,
        key: &DocumentKey,
        markup: Vec<DocumentKey>,
        code: Vec<DocumentKey>,
    ) -> Vec<DocumentKey> {
        let mut changed = Vec::new();
        for cell in markup {
            let text = self.units.get(&cell).filter(|unit| unit.notebook.as_ref() == Some(key));
            let text = text.map(|unit| unit.text.clone());
            if text.is_some() {
                self.put_away(&cell);
                changed.push(cell.clone());
            }
            let Some(notebook) = self.notebooks.get_mut(key) else { continue };
            notebook.unread.extend(text.map(|text| (cell.clone(), text)));
            notebook.markup.insert(cell);
        }
        for cell in code {
            let Some(notebook) = self.notebooks.get_mut(key) else { continue };
            notebook.markup.remove(&cell);
            if let Some(text) = notebook.unread.remove(&cell) {
                let (version, text) = (text.version(), text.rope().to_string());
                self.add(cell.clone(), Dialect::NotebookCell, version, &text, Some(key.clone()));
                changed.push(cell);
            }
        }
        changed
    }

    pub(in crate::session) fn close_notebook(&mut self, key: &DocumentKey) -> Vec<SessionEvent> {
        let Some(notebook) = self.notebooks.remove(key) else { return Vec::new() };
        let mut gone: Vec<DocumentKey> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.notebook.as_ref() == Some(key))
            .map(|(cell, _)| cell.clone())
            .collect();
        let order = |cell: &DocumentKey| notebook.order.iter().position(|other| other == cell);
        gone.sort_by_key(order);
        let closed = gone.iter().filter_map(|cell| self.units.get(cell)).map(Unit::id).max();
        let mut renamed = false;
        gone.iter().for_each(|cell| renamed |= self.put_away(cell));
        let mut events: Vec<SessionEvent> = gone.into_iter().map(SessionEvent::Cells).collect();
        events.extend(self.go_on_after(key, closed, renamed));
        events
    }

    fn add_cells(&mut self, notebook: &DocumentKey, cells: Vec<CellText>) {
        for CellText { key, version, text } in cells {
            match self.notebooks.get_mut(notebook).filter(|notebook| notebook.markup.contains(&key)) {
                Some(notebook) => {
                    // Some clients also open it as a document.
                    self.units.remove(&key);
                    notebook.unread.insert(key, Document::new(&text, version));
                }
                None => self.add(key, Dialect::NotebookCell, version, &text, Some(notebook.clone())),
            }
        }
    }

    /// Whether this is a cell of Markdown in a notebook.
    pub(super) fn is_markup(&self, key: &DocumentKey) -> bool {
        self.notebooks.values().any(|notebook| notebook.markup.contains(key))
    }

    /// Edits the text of a cell of Markdown.
    pub(super) fn edit_unread(&mut self, key: &DocumentKey, version: i32, changes: &[Change]) {
        if let Some(text) = self.notebooks.values_mut().find_map(|notebook| notebook.unread.get_mut(key)) {
            text.apply(changes, version, self.encoding);
        }
    }
}
