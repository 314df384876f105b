//! `%pxresult`: which run it shows, and what becomes of runs afterwards: their names, their place on the shelf.

use std::{collections::HashSet, sync::Arc};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{Actor, Message, RunEntry, runs::Sequence, send_back};
use crate::{
    cells::CellKind,
    render::GroupBy,
    run::{EngineRun, Run, RunId, RunState},
    session::{
        Asked, CellView, DocumentKey, DocumentView, Level, Notice, Recall, Recalled, RunHandle, Shelf,
    },
};

impl Actor {
    /// A document as faces see it, with what its `%pxresult` lines show and what is kept back.
    pub(super) fn view(&self, key: &DocumentKey) -> Option<DocumentView> {
        let mut view = self.documents.view(key)?;
        let home = self.documents.home(key);
        for at in 0..view.cells.len() {
            let cell = &view.cells[at];
            if cell.cell.kind == CellKind::Result {
                let newest = self.newest(&home, &cell.cell.magic.suffix, &HashSet::new());
                let recalled = self.recalled.get(&cell.id).and_then(|run| self.runs.get(run));
                let stale = recalled
                    .is_some_and(|shown| newest.is_some_and(|newest| newest.handle.id != shown.handle.id));
                let told = |entry: &RunEntry| self.told(&view, at, &entry.handle);
                let (recalls, recalled) = (newest.map(told), recalled.map(told));
                let cell = &mut view.cells[at];
                cell.run = recalled.as_ref().map(|recall| recall.run.clone());
                (cell.recalls, cell.recalled, cell.stale) = (recalls, recalled, stale);
            } else {
                view.cells[at].withheld = self.is_withheld(cell);
            }
        }
        Some(view)
    }

    /// A document with those of its px cells that have a run or show one, and nothing else of it.
    pub(super) fn view_of_runs(&self, key: &DocumentKey) -> Option<DocumentView> {
        if !self.recalled.is_empty() {
            let mut view = self.view(key)?;
            view.cells.retain(|cell| cell.run.is_some());
            (view.blocks, view.problems) = (Vec::new(), Vec::new());
            return Some(view);
        }
        let mut view = self.documents.view_of_runs(key)?;
        for cell in &mut view.cells {
            cell.withheld = self.is_withheld(cell);
        }
        Some(view)
    }

    fn is_withheld(&self, cell: &CellView) -> bool {
        let hides = |run: &Arc<RunHandle>| {
            !run.plan.blocking && self.runs.get(&run.id).is_some_and(|entry| !entry.asked_for)
        };
        cell.run.as_ref().is_some_and(hides)
    }

    /// The newest run in time of a suffix, in a document or in all cells of a notebook. One that never was sent has nothing
    /// to show, and to ipyparallel a `sync_imports` is no magic's result. Those in `but` are passed over.
    fn newest(&self, home: &DocumentKey, suffix: &str, but: &HashSet<RunId>) -> Option<&RunEntry> {
        let fits = |entry: &&RunEntry| {
            let handle = &entry.handle;
            handle.home == *home
                && handle.suffix == suffix
                && !but.contains(&handle.id)
                && handle.place.kind != CellKind::SyncImports
                && !handle.view.borrow().was_never_sent()
        };
        self.runs.values().rev().find(fits)
    }

    /// How a run is named to the reader of the `%pxresult` at this place of a document.
    fn told(&self, view: &DocumentView, at: usize, run: &Arc<RunHandle>) -> Recall {
        let by = &view.cells[at];
        let sends = |cell: &&CellView| {
            cell.cell.magic.suffix == by.cell.magic.suffix
                && matches!(cell.cell.kind, CellKind::CellMagic | CellKind::LineMagic | CellKind::AutopxCell)
        };
        let together = self.documents.together(&view.key);
        let here = together.iter().position(|key| *key == view.key).unwrap_or_default();
        let cell = |key: &DocumentKey| together.iter().position(|other| other == key).map(|at| at + 1);
        let named = |key: &DocumentKey, line: u32| match cell(key) {
            Some(cell) if *key != view.key => format!("line {} of cell {cell}", line + 1),
            _ => format!("line {}", line + 1),
        };
        let above = |index: usize| {
            let key = &together[index];
            let other = self.documents.view(key)?;
            other.cells.iter().rev().find(sends).map(|cell| (cell.id, named(key, cell.line)))
        };
        let nearest = view.cells[..at]
            .iter()
            .rev()
            .find(sends)
            .map(|cell| (cell.id, named(&view.key, cell.line)))
            .or_else(|| (0..here).rev().find_map(above));
        let line_now = if run.document == view.key {
            view.cells.iter().find(|cell| cell.id == run.cell).map(|cell| cell.line)
        } else {
            let other = self.documents.view(&run.document);
            other.and_then(|other| other.cells.iter().find(|cell| cell.id == run.cell).map(|cell| cell.line))
        };
        let place = match line_now {
            Some(line) => named(&run.document, line),
            None => format!("a cell that is gone, once line {}", run.line + 1),
        };
        let hint = nearest.filter(|(cell, _)| *cell != run.cell).map(|(cell, place)| {
            let ran = self.runs.values().any(|entry| entry.handle.cell == cell);
            let why = if ran { "ran before that" } else { "has not run" };
            format!("{place}, right above, {why}")
        });
        Recall { run: run.clone(), place, hint }
    }

    /// Has a `%pxresult` show the newest run of its suffix, or give it a name. What follows waits for that run.
    ///
    /// # Errors
    /// Why it shows nothing: nothing has run yet.
    pub(super) fn recall(
        &mut self,
        key: &DocumentKey,
        cell: &CellView,
        sequence: &mut Sequence,
        asked: &mut Asked,
    ) -> Result<(), String> {
        let magic = &cell.cell.magic;
        let home = self.documents.home(key);
        let newest = self.newest(&home, &magic.suffix, &sequence.replaced);
        let Some(run) = newest.map(|entry| entry.handle.clone()) else {
            let suffix = &magic.suffix;
            return Err(format!(
                "%{}{suffix} recalls the last %px{suffix} result, and none of this document has run yet",
                magic.name
            ));
        };
        if let Some(name) = &magic.options.out {
            // As in ipyparallel: it stores, shows nothing, and does not wait.
            self.name(run.id, name);
            return Ok(());
        }
        self.asked_for(run.id);
        self.recalled.insert(cell.id, run.id);
        match run.now().state() {
            RunState::Failed => {
                sequence.stop(format!("line {} before it shows a run that failed", cell.line + 1))
            }
            RunState::Succeeded => {}
            RunState::Queued | RunState::Running if self.queue.holds(run.id) => sequence.wait_for(run.id),
            RunState::Queued | RunState::Running => {}
        }
        let recalled = Recalled { cell: cell.id, run };
        self.tell(Notice::Recalled { document: key.clone(), recalled: recalled.clone() });
        asked.recalled.push(recalled);
        Ok(())
    }

    /// Notes that somebody asked to see a run.
    pub(super) fn asked_for(&mut self, run: RunId) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        if !std::mem::replace(&mut entry.asked_for, true) && !entry.handle.plan.blocking {
            let document = entry.handle.document.clone();
            self.tell(Notice::Cells(document));
        }
    }

    /// Groups a run in this way where nobody asks for another: beside its cell, and beside each `%pxresult` that shows it.
    pub(super) fn regroup(&mut self, run: RunId, group_by: GroupBy) {
        let Some(entry) = self.runs.get(&run) else { return };
        if entry.regroup.send_replace(Some(group_by)) != Some(group_by) {
            let texts = self.documents.together(&entry.handle.document);
            self.tell_all(texts.into_iter().map(Notice::Cells).collect());
        }
    }

    /// A newer run makes what the `%pxresult` lines of its suffix show an old one.
    pub(super) fn outdate_recalled(&self, run: &RunHandle) {
        let alike = |shown: &RunId| {
            self.runs
                .get(shown)
                .is_some_and(|shown| shown.handle.home == run.home && shown.handle.suffix == run.suffix)
        };
        if self.recalled.values().any(alike) {
            let texts = self.documents.together(&run.document);
            self.tell_all(texts.into_iter().map(Notice::Cells).collect());
        }
    }

    /// Gives a run a name; the newest with a name has it.
    pub(super) fn name(&mut self, run: RunId, name: &str) {
        if let Err(error) = Shelf::check(name) {
            self.tell(Notice::Say(Level::Warning, format!("{run} got no name: {error}")));
            return;
        }
        let Some(entry) = self.runs.get_mut(&run) else { return };
        entry.names.retain(|old| old != name);
        entry.names.push(name.to_owned());
        self.named.insert(name.to_owned(), run);
        if entry.over {
            self.keep_named(run);
        }
    }

    /// Takes the names from a run that is over and was never sent, and gives them to those that had them before.
    pub(super) fn take_names_back(&mut self, run: RunId) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        if !entry.handle.view.borrow().was_never_sent() {
            return;
        }
        for name in std::mem::take(&mut entry.names) {
            if self.named.get(&name) != Some(&run) {
                continue;
            }
            let had = self.runs.values().rev().find(|entry| entry.names.contains(&name));
            match had.map(|entry| entry.handle.id) {
                Some(before) => self.named.insert(name, before),
                None => self.named.remove(&name),
            };
        }
    }

    /// Writes a run that is over under each name that stands for it.
    pub(super) fn keep_named(&mut self, run: RunId) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        entry.kept = amount(&entry.handle.view.borrow());
        for name in entry.names.iter().filter(|name| self.named.get(*name) == Some(&run)) {
            let (name, handle) = (name.clone(), entry.handle.clone());
            let (folder, this) = (self.settings.results.clone(), self.this.clone());
            self.keeper.keep(Box::new(move || {
                let kept = Shelf::new(folder.as_deref()).and_then(|shelf| shelf.keep(&name, &handle));
                let text = match kept {
                    Ok(missing) if missing.is_empty() => return,
                    Ok(missing) => {
                        let why = missing.join("; ");
                        format!("the result '{name}' was kept without all of its text: {why}")
                    }
                    Err(error) => format!("a result was not kept for later: {error}"),
                };
                send_back(&this, Message::Say(Level::Warning, text));
            }));
        }
    }

    /// Writes a named run once more, of which there is more than before, unless what is new can wait until the session ends.
    pub(super) fn keep_late(&mut self, run: RunId) {
        let worth = |entry: &RunEntry| is_worth_it(entry.kept, amount(&entry.handle.view.borrow()));
        if self.runs.get(&run).is_some_and(worth) {
            self.keep_named(run);
        }
    }

    /// Writes named runs that are over, of which the session was not told any more, or not of all their output.
    pub(super) fn keep_last(&mut self) {
        let unkept = |entry: &&RunEntry| {
            let run = entry.handle.view.borrow();
            run.is_over() && (!entry.over || amount(&run) > entry.kept)
        };
        let runs: Vec<RunId> = self.runs.values().filter(unkept).map(|entry| entry.handle.id).collect();
        for run in runs {
            self.take_names_back(run);
            self.keep_named(run);
        }
    }

    pub(super) fn named_run(&self, name: &str) -> Option<Arc<RunHandle>> {
        let run = self.named.get(name)?;
        self.runs.get(run).map(|entry| entry.handle.clone())
    }
}

/// How much there is of a run.
fn amount(run: &Run) -> usize {
    run.parts().map(EngineRun::amount).sum()
}

/// Whether a result is to be written whole once more, of which so much was written before. A small one always; a large one when
/// it has grown by a share of itself: otherwise a thread that writes a line now and then has GBs copied again and again.
fn is_worth_it(kept: usize, now: usize) -> bool {
    const SMALL: usize = 1_000_000;
    now > kept && (now <= SMALL || now - kept >= kept / 4)
}

type Work = Box<dyn FnOnce() + Send>;

/// Writes results beside the session, one after the other: of two with one name the newer is written last.
#[derive(Default)]
pub(super) struct Keeper {
    running: Option<(mpsc::UnboundedSender<Work>, JoinHandle<()>)>,
}

impl Keeper {
    fn keep(&mut self, work: Work) {
        let (sender, _) = self.running.get_or_insert_with(|| {
            let (sender, mut works) = mpsc::unbounded_channel::<Work>();
            let task = tokio::spawn(async move {
                while let Some(work) = works.recv().await {
                    if tokio::task::spawn_blocking(work).await.is_err() {
                        tracing::error!("a result was not kept; this is a bug in pxlens");
                    }
                }
            });
            (sender, task)
        });
        // The task ends after the sender is dropped, not before.
        let _ = sender.send(work);
    }

    /// Waits until all is written.
    pub(super) async fn finish(&mut self) {
        if let Some((sender, task)) = self.running.take() {
            drop(sender);
            // A panic in it was told where it happened.
            let _ = task.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_lines_of_a_small_result_are_written_at_once_and_those_of_a_large_one_seldom() {
        assert!(is_worth_it(20, 21) && !is_worth_it(20, 20));
        let (mut written, mut kept) = (0, 0);
        for now in (10_000_000..100_000_000).step_by(100) {
            if is_worth_it(kept, now) {
                written += now;
                kept = now;
            }
        }
        assert!(written < 6 * 100_000_000, "{written}");
    }
}
