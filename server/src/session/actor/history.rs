//! Finished runs: how long they are kept, and clearing them from their cells.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Actor;
use crate::{
    render::Files,
    run::{EngineRun, RunId},
    session::{CellId, DocumentKey, Limits, RunHandle, SessionEvent, spill},
};

/// How many runs of one cell are kept, in addition to those that cells still show.
const HISTORY: usize = 20;

/// What runs have in common that are counted together.
#[derive(PartialEq, Eq, Hash)]
enum CountedWith {
    Cell(CellId),
    /// The deleted cells of a document or notebook, all together: edits may leave any number of them.
    Gone(DocumentKey),
}

impl Actor {
    /// Drops the oldest runs of each cell, and more of them if memory is short. Runs that have not ended, that a cell
    /// shows, or that have a name are kept: whatever can be seen can be asked for.
    pub(super) fn forget_old_runs(&mut self) {
        let mut wanted: HashSet<RunId> = self.named.values().copied().collect();
        let mut cells = HashSet::new();
        for (cell, run) in self.documents.shown() {
            cells.insert(cell);
            wanted.extend(run);
        }
        self.shown_by.retain(|cell, _| cells.contains(cell));
        wanted.extend(self.shown_by.values());
        // What left its text may come back with its runs, which go only where memory is short.
        cells.extend(self.documents.cut());
        let mut kept: HashMap<CountedWith, usize> = HashMap::new();
        let mut bytes = 0usize;
        let mut gone = HashSet::new();
        // The newest first, so that the oldest are the ones that exceed the limits.
        for (id, entry) in self.runs.iter().rev() {
            let handle = &entry.handle;
            let owner = match cells.contains(&handle.cell) {
                true => CountedWith::Cell(handle.cell),
                false => CountedWith::Gone(handle.home.clone()),
            };
            let count = kept.entry(owner).or_default();
            *count += 1;
            let may_go = entry.over && !wanted.contains(id);
            if may_go && *count > HISTORY {
                gone.insert(*id);
                continue;
            }
            bytes = bytes.saturating_add(entry.bytes);
            if may_go && bytes > self.settings.limits.history {
                gone.insert(*id);
            }
        }
        self.documents.forget(|run| gone.contains(&run));
        for id in gone {
            self.runs.remove(&id);
            if let Some(cluster) = &self.cluster {
                cluster.client.forget(id);
            }
        }
        let unseen = self.runs.iter().filter(|(id, entry)| {
            entry.over
                && entry.dismissed
                && !wanted.contains(*id)
                && entry.handle.spilled.files() != Files::Gone
        });
        for spilled in unseen.map(|(_, entry)| Arc::clone(&entry.handle.spilled)) {
            // It may be gigabytes.
            tokio::task::spawn_blocking(move || spilled.discard());
        }
    }

    /// Gives up the files of these runs, now or when they end, unless a cell still shows them or a name stands for them:
    /// the user is done with them. The runs stay in the history, with both ends of their text.
    pub(super) fn dismiss(&mut self, which: impl Fn(&RunHandle) -> bool) {
        for entry in self.runs.values_mut().filter(|entry| which(&entry.handle)) {
            entry.dismissed = true;
        }
        self.forget_old_runs();
    }

    /// Deletes what killed processes left in the folder for spilled text.
    pub(super) fn sweep_files(&self) {
        let limits = &self.settings.limits;
        if *limits != Limits::NONE {
            let folder = limits.folder.clone();
            tokio::task::spawn_blocking(move || spill::sweep_left_behind(folder.as_deref()));
        }
    }

    /// Notes how much memory a finished run takes.
    pub(super) fn weigh(&mut self, run: RunId) {
        if let Some(entry) = self.runs.get_mut(&run) {
            entry.bytes = entry.handle.view.borrow().parts().map(EngineRun::weight).sum();
        }
    }

    /// Handles output that came after the end of a run.
    pub(super) fn late_output(&mut self, run: RunId) {
        self.weigh(run);
        self.keep_late(run);
        self.forget_old_runs();
    }

    /// Clears the shown results of a document, of a whole notebook, or of one cell; returns how many cells showed one.
    /// A run that is going on is not interrupted, and not shown again; the cell's next run is.
    pub(super) fn clear(&mut self, key: &DocumentKey, cell: Option<CellId>) -> Option<usize> {
        let mut found = false;
        let mut cleared = 0;
        let texts = self.documents.texts_under(key);
        for text in &texts {
            let mut cells = self.documents.cell_ids(text);
            cells.retain(|id| cell.is_none_or(|cell| cell == *id));
            found |= !cells.is_empty();
            let results = cells.iter().filter(|cell| self.shown_by.remove(*cell).is_some()).count();
            let shown = self.documents.clear(text, &cells, cell.is_none()) + results;
            if shown > 0 {
                self.notify(SessionEvent::Cells(text.clone()));
            }
            cleared += shown;
        }
        if cleared > 0 {
            self.dismiss(|run| match cell {
                Some(cell) => run.cell == cell,
                None => texts.contains(&run.document),
            });
            // Hints and lenses showed them.
            self.notify(SessionEvent::Plans);
        }
        let known = if cell.is_some() { found } else { !texts.is_empty() };
        known.then_some(cleared)
    }
}
