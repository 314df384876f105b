//! The history of runs: what the user does to them (clears, reveals, regroups), and how long they are kept.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Actor;
use crate::{
    memory,
    render::{Files, GroupBy},
    run::{EngineRun, RunId},
    session::{CellId, DocumentKey, Limits, RunHandle, Session, SessionEvent, spill},
};

/// How many runs of one cell are kept, in addition to those that cells still show or that have a name.
const HISTORY: usize = 20;

/// What runs have in common that are counted together.
#[derive(PartialEq, Eq, Hash)]
enum CountedWith {
    Cell(CellId),
    /// The deleted cells of a document or notebook, all together: edits may leave any number of them.
    Gone(DocumentKey),
}

impl Session {
    /// Clears the shown results of a document, of a whole notebook, or of one cell; the runs go on and stay in the
    /// history. Returns how many cells showed one; `None` if there is no such document or cell.
    pub(crate) async fn clear(&self, key: DocumentKey, cell: Option<CellId>) -> Option<usize> {
        self.ask(move |actor| actor.clear(&key, cell)).await.ok().flatten()
    }

    /// Notes that the user asked to see this run, so that its output is no longer withheld.
    pub(crate) fn reveal(&self, run: RunId) {
        self.tell(move |actor| actor.reveal(run));
    }

    /// Groups a run in this way until its cell runs again. Every later request sees the new grouping. `false` if there is no
    /// such run.
    pub(crate) async fn regroup(&self, run: RunId, group_by: GroupBy) -> bool {
        self.ask(move |actor| actor.regroup(run, group_by)).await.unwrap_or_default()
    }
}

impl Actor {
    /// Drops the oldest runs of each cell, and more of them if memory is short. Runs that have not ended, that a cell
    /// shows, or that have a name are kept: whatever can be seen can be asked for.
    pub(super) fn forget_old_runs(&mut self) {
        let mut wanted: HashSet<RunId> = self.index.named.values().copied().collect();
        let mut cells = HashSet::new();
        for (cell, run) in self.documents.shown() {
            cells.insert(cell);
            wanted.extend(run);
        }
        let shown_by = self.index.shown_by.iter().filter(|(cell, _)| cells.contains(cell));
        wanted.extend(shown_by.map(|(_, run)| *run));
        // What left its text may come back with its runs, which go only where memory is short.
        cells.extend(self.documents.cut());
        self.index.shown_by.retain(|cell, _| cells.contains(cell));
        let mut kept: HashMap<CountedWith, usize> = HashMap::new();
        let mut bytes = 0usize;
        let mut gone = HashSet::new();
        // The newest first, so that the oldest are the ones that exceed the limits.
        for (id, entry) in self.index.runs.iter().rev() {
            let handle = &entry.handle;
            let owner = match cells.contains(&handle.cell) {
                true => CountedWith::Cell(handle.cell),
                false => CountedWith::Gone(handle.home()),
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
        self.forget(&gone);
        let with_runs = self.index.runs.values().map(|entry| entry.at.borrow().text).collect();
        self.documents.forget_closed(&with_runs);
        let unseen = self.index.runs.iter().filter(|(id, entry)| {
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

    /// Forgets runs, wherever they are kept. Their files go with the last handle.
    fn forget(&mut self, gone: &HashSet<RunId>) {
        if gone.is_empty() {
            return;
        }
        let index = &mut *self.index;
        index.runs.retain(|run, _| !gone.contains(run));
        memory::give_back_soon();
        index.shown_by.retain(|_, run| !gone.contains(run));
        index.named.retain(|_, run| !gone.contains(run));
        self.documents.forget(|run| gone.contains(&run));
        if let Some(cluster) = self.cluster() {
            gone.iter().for_each(|run| cluster.client.forget(*run));
        }
    }

    /// Gives up the files of these runs, now or when they end, unless a cell still shows them or a name stands for them:
    /// the user is done with them. The runs stay in the history, with both ends of their text.
    pub(super) fn dismiss(&mut self, which: impl Fn(&RunHandle) -> bool) {
        for entry in self.index.runs.values_mut().filter(|entry| which(&entry.handle)) {
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
        if let Some(entry) = self.index.runs.get_mut(&run) {
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
    fn clear(&mut self, key: &DocumentKey, cell: Option<CellId>) -> Option<usize> {
        let mut found = false;
        let mut cleared = 0;
        let texts = self.documents.texts_under(key);
        for text in &texts {
            let mut cells = self.documents.cell_ids(text);
            cells.retain(|id| cell.is_none_or(|cell| cell == *id));
            found |= !cells.is_empty();
            let results = cells.iter().filter(|cell| self.index.shown_by.remove(*cell).is_some()).count();
            let shown = match cell {
                Some(_) => self.documents.clear_cells(text, &cells),
                None => self.documents.clear(text),
            };
            let shown = shown + results;
            if shown > 0 {
                self.notify(SessionEvent::Cells(text.clone()));
            }
            cleared += shown;
        }
        if cleared > 0 {
            memory::give_back_soon();
            self.dismiss(|run| match cell {
                Some(cell) => run.cell == cell,
                None => texts.contains(&run.document()),
            });
            // Hints and lenses showed them.
            self.notify(SessionEvent::Plans);
        }
        let known = if cell.is_some() { found } else { !texts.is_empty() };
        known.then_some(cleared)
    }

    /// Notes that somebody asked to see a run.
    pub(super) fn reveal(&mut self, run: RunId) {
        let Some(entry) = self.index.runs.get_mut(&run) else { return };
        if !std::mem::replace(&mut entry.revealed, true) && !entry.handle.plan.blocking {
            let document = entry.handle.document();
            self.notify(SessionEvent::Cells(document));
        }
    }

    /// Sets the grouping of a run: beside its cell, and beside each `%pxresult` that shows it. `false` if there is no such
    /// run.
    fn regroup(&mut self, run: RunId, group_by: GroupBy) -> bool {
        let Some(entry) = self.index.runs.get(&run) else { return false };
        if entry.regroup.send_replace(Some(group_by)) != Some(group_by) {
            let texts = self.documents.notebook_cells(&entry.handle.document());
            self.notify_all(texts.into_iter().map(SessionEvent::Cells).collect());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_users_read_says_how_many_runs_are_kept() {
        let pages = [
            include_str!("../../../../README.md"),
            include_str!("../../../../docs/results.md"),
            include_str!("../../../../docs/magics.md"),
            include_str!("../../../../protocol/README.md"),
        ];
        let said = format!("the last {} runs of each ", super::HISTORY);
        for page in pages {
            assert!(page.to_lowercase().contains(&said), "{said:?} is not in {:?}", page.lines().next());
        }
    }
}
