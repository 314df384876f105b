//! Runs that are over: how long they are kept, and cells that are to show them no more.

use std::collections::{HashMap, HashSet};

use super::Actor;
use crate::{
    run::{EngineRun, RunId},
    session::{CellId, DocumentKey, SessionEvent},
};

/// How many runs of one cell are kept, besides those that cells still show.
const HISTORY: usize = 20;

/// Whose runs are counted together.
#[derive(PartialEq, Eq, Hash)]
enum Owner {
    Cell(CellId),
    /// The cells that are gone of a document or notebook: edits may leave any number of them.
    Gone(DocumentKey),
}

impl Actor {
    /// Keeps the newest runs of each cell, as far as there is memory for them, all that have not ended, and those that a cell
    /// shows or a name stands for: what can be seen can be asked for.
    pub(super) fn forget_old_runs(&mut self) {
        let mut wanted: HashSet<RunId> = self.named.values().copied().collect();
        let mut cells = HashSet::new();
        for (cell, run) in self.documents.shown() {
            cells.insert(cell);
            wanted.extend(run);
        }
        self.recalled.retain(|cell, _| cells.contains(cell));
        wanted.extend(self.recalled.values());
        let mut kept: HashMap<Owner, usize> = HashMap::new();
        let mut bytes = 0usize;
        let mut gone = Vec::new();
        // The newest first: what is too much then are the oldest.
        for (id, entry) in self.runs.iter().rev() {
            let handle = &entry.handle;
            let owner = match cells.contains(&handle.cell) {
                true => Owner::Cell(handle.cell),
                false => Owner::Gone(handle.home.clone()),
            };
            let count = kept.entry(owner).or_default();
            *count += 1;
            let may_go = entry.over && !wanted.contains(id);
            if may_go && *count > HISTORY {
                gone.push(*id);
                continue;
            }
            bytes = bytes.saturating_add(entry.bytes);
            if may_go && bytes > self.settings.limits.history {
                gone.push(*id);
            }
        }
        for id in gone {
            self.runs.remove(&id);
            if let Some(cluster) = &self.cluster {
                cluster.client.forget(id);
            }
        }
    }

    /// Notes how much memory a run takes that is over.
    pub(super) fn weigh(&mut self, run: RunId) {
        if let Some(entry) = self.runs.get_mut(&run) {
            entry.bytes = entry.handle.view.borrow().parts().map(EngineRun::weight).sum();
        }
    }

    /// There is more of a run that is over.
    pub(super) fn came_late(&mut self, run: RunId) {
        self.weigh(run);
        self.keep_late(run);
        self.forget_old_runs();
    }

    /// Has the cells of a document, of all of a notebook, or one cell show no run any more; how many showed one. A run that
    /// goes on does so, and is not shown again; the next one of its cell is.
    pub(super) fn clear(&mut self, key: &DocumentKey, cell: Option<CellId>) -> Option<usize> {
        let mut found = false;
        let mut cleared = 0;
        let texts = self.documents.meant(key);
        for text in &texts {
            let mut cells = self.documents.cell_ids(text);
            cells.retain(|id| cell.is_none_or(|cell| cell == *id));
            found |= !cells.is_empty();
            let recalled = cells.iter().filter(|cell| self.recalled.remove(*cell).is_some()).count();
            let shown = self.documents.clear(text, &cells) + recalled;
            if shown > 0 {
                self.tell(SessionEvent::Cells(text.clone()));
            }
            cleared += shown;
        }
        if cleared > 0 {
            // Hints and lenses told of them.
            self.tell(SessionEvent::Plans);
        }
        let known = if cell.is_some() { found } else { !texts.is_empty() };
        known.then_some(cleared)
    }
}
