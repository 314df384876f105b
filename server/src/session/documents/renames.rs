//! Texts that are closed, and go on under the same name or another.

use std::collections::HashSet;

use super::{Documents, Moved, Unit};
use crate::session::{CellId, DocumentKey, Renames, SessionEvent, TextId, Whereabouts};

/// Why texts are open already that go on with the results of closed ones.
enum NewName<'a> {
    /// Their files were renamed.
    Renamed,
    /// An untitled document or notebook was saved as the one that was opened last.
    SavedAs { untitled: &'a DocumentKey, saved_as: DocumentKey },
}

impl Documents {
    pub(in crate::session) fn close(&mut self, key: &DocumentKey) -> Vec<SessionEvent> {
        if self.units.get(key).is_some_and(|unit| unit.notebook.is_some()) {
            return Vec::new();
        }
        let closed = self.units.get(key).map(Unit::id);
        let renamed = self.put_away(key);
        let mut events = vec![SessionEvent::Cells(key.clone())];
        events.extend(self.go_on_after(key, closed, renamed));
        events
    }

    /// Takes a text away, and remembers its px cells that have run until it is opened again. Returns whether it may be open
    /// already under a new name that its file got.
    pub(super) fn put_away(&mut self, key: &DocumentKey) -> bool {
        let Some(unit) = self.units.remove(key) else { return false };
        let at = unit.whereabouts(key);
        let Unit { mut cut, blocks, .. } = unit;
        cut.remember(blocks.into_iter().flatten());
        let is_deleted = self.notebooks.contains_key(&at.home);
        self.closed.put(at, is_deleted, cut)
    }

    /// Gives files, or all files in folders, other names.
    pub(in crate::session) fn rename(&mut self, files: &Renames) -> Vec<SessionEvent> {
        let scripts = self.units.iter().filter(|(_, unit)| unit.notebook.is_none()).map(|(key, _)| key);
        let open = scripts.chain(self.notebooks.keys());
        let may_be_open = self.closed.rename(files, open);
        if may_be_open { self.go_on_with_open(&NewName::Renamed) } else { Vec::new() }
    }

    /// A document or notebook was closed: lets texts go on with its results that are open already under another name. `closed`:
    /// the last of its texts that was opened.
    pub(super) fn go_on_after(
        &mut self,
        home: &DocumentKey,
        closed: Option<TextId>,
        renamed: bool,
    ) -> Vec<SessionEvent> {
        // An editor opens the file as which an untitled document is saved, and then closes the untitled one.
        let newest = self.units.iter().max_by_key(|(_, unit)| unit.id());
        let newest = newest.filter(|(_, unit)| closed.is_some_and(|closed| unit.id() > closed));
        let saved_as = newest.filter(|_| home.is_untitled()).map(|(key, unit)| unit.whereabouts(key).home);
        let mut events = Vec::new();
        if renamed {
            events.extend(self.go_on_with_open(&NewName::Renamed));
        }
        if let Some(saved_as) = saved_as {
            events.extend(self.go_on_with_open(&NewName::SavedAs { untitled: home, saved_as }));
        }
        self.closed.was_closed(home);
        events
    }

    /// Lets open texts that have no results go on with those of the closed texts that they are. A text that is to get another
    /// name itself is not what has its name now.
    fn go_on_with_open(&mut self, name: &NewName<'_>) -> Vec<SessionEvent> {
        let mut open: Vec<(Whereabouts, usize)> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.cells().all(|cell| cell.run.is_none()))
            .map(|(key, unit)| (unit.whereabouts(key), unit.nth))
            .filter(|(at, _)| match name {
                NewName::Renamed => !self.closed.is_to_be_renamed(&at.home),
                NewName::SavedAs { saved_as, .. } => at.home == *saved_as,
            })
            .collect();
        open.sort_by(|(one, nth), (other, other_nth)| (&one.home, nth).cmp(&(&other.home, other_nth)));
        let mut events = Vec::new();
        for (at, _) in open {
            let Some(unit) = self.units.get_mut(&at.document) else { continue };
            let cells = unit.px_cells();
            let taken = match name {
                NewName::Renamed => self.closed.take(&at, &cells),
                NewName::SavedAs { untitled, .. } => self.closed.take_saved(untitled, &at, &cells),
            };
            let Some(cut) = taken else { continue };
            unit.cut = cut;
            for cell in unit.blocks.iter_mut().flatten() {
                if let Some(before) = unit.cut.take(&cell.cell) {
                    cell.go_on_as(before);
                }
            }
            self.outdate(&at.document);
            events.push(SessionEvent::Cells(at.document));
        }
        events
    }

    /// The texts whose runs are under another name since this was last asked.
    pub(in crate::session) fn take_moved(&mut self) -> Vec<Moved> {
        self.closed.take_moved()
    }

    /// Where a px cell is, or was when its text was closed.
    pub(in crate::session) fn whereabouts(&self, cell: CellId) -> Option<Whereabouts> {
        let has_it = |unit: &Unit| unit.cells().any(|other| other.id == cell);
        let open = self.units.iter().find(|(_, unit)| has_it(unit));
        open.map(|(key, unit)| unit.whereabouts(key)).or_else(|| self.closed.whereabouts(cell).cloned())
    }

    /// Whether a text was closed: by itself, or together with its notebook. A cell that left a notebook which is open was deleted.
    pub(in crate::session) fn is_closed(&self, at: &Whereabouts) -> bool {
        !self.units.contains_key(&at.document) && !self.notebooks.contains_key(&at.home)
    }

    /// Forgets the closed texts of which nothing is remembered and that have no runs. `with_runs`: the texts that have some.
    pub(in crate::session) fn forget_closed(&mut self, with_runs: &HashSet<TextId>) {
        self.closed.forget_empty(with_runs);
    }
}

impl Unit {
    /// Of two texts the greater one was opened later.
    pub(super) fn id(&self) -> TextId {
        TextId(self.index.text())
    }

    pub(super) fn whereabouts(&self, key: &DocumentKey) -> Whereabouts {
        let home = self.notebook.as_ref().unwrap_or(key).clone();
        Whereabouts { text: self.id(), document: key.clone(), home }
    }
}
