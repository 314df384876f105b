//! What editors say about documents and notebooks.

use super::Actor;
use crate::{
    cells::Dialect,
    session::{
        CellText, DocumentKey, NotebookChange, Renames, Session, SessionEvent,
        documents::{Documents, Moved},
    },
    text::{Change, Encoding},
};

impl Session {
    /// A document was opened.
    pub(crate) fn open(&self, key: DocumentKey, dialect: Dialect, version: i32, text: String) {
        self.edit(move |documents| documents.open(key, dialect, version, &text));
    }

    /// A document was edited.
    pub(crate) fn change(&self, key: DocumentKey, version: i32, changes: Vec<Change>) {
        self.edit(move |documents| documents.change(&key, version, &changes));
    }

    /// A document was closed. Its runs go on.
    pub(crate) fn close(&self, key: DocumentKey) {
        self.close_with(move |documents| documents.close(&key));
    }

    /// Files or folders were renamed. Editors say so before or after they close what is open under an old name and open it again.
    pub(crate) fn rename(&self, files: Renames) {
        self.edit(move |documents| documents.rename(&files));
    }

    /// A notebook was opened: the keys of all its cells in order, texts in Python, and the cells that are Markdown all the
    /// same.
    pub(crate) fn open_notebook(
        &self,
        key: DocumentKey,
        order: Vec<DocumentKey>,
        cells: Vec<CellText>,
        markup: Vec<DocumentKey>,
    ) {
        self.edit(move |documents| documents.open_notebook(key, order, cells, markup));
    }

    /// A notebook was edited.
    pub(crate) fn change_notebook(&self, key: DocumentKey, change: NotebookChange) {
        self.edit(move |documents| documents.change_notebook(&key, change));
    }

    /// A notebook was closed.
    pub(crate) fn close_notebook(&self, key: DocumentKey) {
        self.close_with(move |documents| documents.close_notebook(&key));
    }

    /// Makes a notebook cell run on the engines even if it holds no px magic, unless it looks like set-up code.
    pub(crate) fn send_plain(&self, key: DocumentKey) {
        self.edit(move |documents| documents.send_plain(&key));
    }

    /// Sets the unit in which columns are counted from now on.
    pub(crate) fn set_encoding(&self, encoding: Encoding) {
        self.tell(move |actor| actor.documents.set_encoding(encoding));
    }

    fn edit(&self, edit: impl FnOnce(&mut Documents) -> Vec<SessionEvent> + Send + 'static) {
        self.tell(|actor| {
            let events = edit(&mut actor.documents);
            actor.follow_names();
            actor.notify_all(events);
        });
    }

    fn close_with(&self, close: impl FnOnce(&mut Documents) -> Vec<SessionEvent> + Send + 'static) {
        self.tell(|actor| {
            let events = close(&mut actor.documents);
            actor.follow_names();
            actor.forget_old_runs();
            actor.notify_all(events);
        });
    }
}

impl Actor {
    /// Passes on to runs under which names their documents go on.
    fn follow_names(&mut self) {
        for Moved { from, to } in self.documents.take_moved() {
            let of_it = self.index.runs.values().filter(|entry| entry.at.borrow().text == from);
            of_it.for_each(|entry| drop(entry.at.send_replace(to.clone())));
        }
    }
}
