//! `%pxresult`: which run it shows, and what becomes of runs afterwards: their names, and what is kept on disk of named ones.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinHandle};

use super::{Actor, Message, RunEntry, runs::Sequence, send_back, wishes::PinnedCell};
use crate::{
    clock::now,
    render::GroupBy,
    run::{EngineRun, Run, RunId, RunState},
    session::{
        About, Asked, Level, Recalled, ResultStore, RunHandle, RunRecord, Runs, SessionEvent, Snapshot,
    },
};

impl Actor {
    /// The runs as faces see them.
    pub(super) fn shared_runs(&mut self) -> Arc<Runs> {
        let record = |entry: &RunEntry| RunRecord {
            handle: Arc::clone(&entry.handle),
            name: entry.names.last().cloned(),
            asked_for: entry.asked_for,
        };
        let make = || {
            Arc::new(Runs {
                records: self.runs.iter().map(|(id, entry)| (*id, record(entry))).collect(),
                recalled: self.recalled.clone(),
                named: self.named.clone(),
            })
        };
        Arc::clone(self.shared_runs.get_or_insert_with(make))
    }

    /// Everything that a request needs, as it is now.
    pub(super) fn snapshot(&mut self, about: &About) -> Snapshot {
        let key = match about {
            About::Nothing => None,
            About::Document(key) => Some(key.clone()),
            About::Run(run) => self.runs.get(run).map(|entry| entry.handle.document.clone()),
        };
        Snapshot {
            home: key.as_ref().map(|key| self.documents.home(key)),
            here: key.and_then(|key| self.documents.texts(&key)),
            cluster: Arc::new(self.cluster_view()),
            runs: self.shared_runs(),
            settings: Arc::clone(&self.settings),
            encoding: self.documents.encoding(),
            trusted: self.trusted,
            at: now(),
        }
    }

    /// Has a `%pxresult` show the newest run of its suffix, or give it a name. What follows waits for that run.
    ///
    /// # Errors
    /// Why it shows nothing: nothing has run yet.
    pub(super) fn recall(
        &mut self,
        pinned: &PinnedCell,
        sequence: &mut Sequence,
        asked: &mut Asked,
    ) -> Result<(), String> {
        let PinnedCell { key, home, view: cell, .. } = pinned;
        let magic = &cell.cell.magic;
        // What this ask runs before it is what it means, be it one that waited already.
        let before = asked.runs.iter().rev().find(|run| run.is_result_of(home, &magic.suffix)).cloned();
        // Runs of the same ask are among them.
        self.shared_runs = None;
        let runs = self.shared_runs();
        let Some(run) = before.or_else(|| runs.newest(home, &magic.suffix, &sequence.replaced).cloned())
        else {
            let suffix = &magic.suffix;
            return Err(format!(
                "%{}{suffix} recalls the last %px{suffix} result, and none of this document has run yet",
                magic.kind
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
        self.tell(SessionEvent::Recalled { document: key.clone(), recalled: recalled.clone() });
        asked.recalled.push(recalled);
        Ok(())
    }

    /// Notes that somebody asked to see a run.
    pub(super) fn asked_for(&mut self, run: RunId) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        if !std::mem::replace(&mut entry.asked_for, true) && !entry.handle.plan.blocking {
            let document = entry.handle.document.clone();
            self.tell(SessionEvent::Cells(document));
        }
    }

    /// Groups a run in this way where nobody asks for another: beside its cell, and beside each `%pxresult` that shows it.
    /// `false` where there is no such run.
    pub(super) fn regroup(&mut self, run: RunId, group_by: GroupBy) -> bool {
        let Some(entry) = self.runs.get(&run) else { return false };
        if entry.regroup.send_replace(Some(group_by)) != Some(group_by) {
            let texts = self.documents.notebook_cells(&entry.handle.document);
            self.tell_all(texts.into_iter().map(SessionEvent::Cells).collect());
        }
        true
    }

    /// A newer run makes what the `%pxresult` lines of its suffix show an old one.
    pub(super) fn outdate_recalled(&self, run: &RunHandle) {
        let alike = |shown: &RunId| {
            self.runs
                .get(shown)
                .is_some_and(|shown| shown.handle.home == run.home && shown.handle.suffix == run.suffix)
        };
        if self.recalled.values().any(alike) {
            let texts = self.documents.notebook_cells(&run.document);
            self.tell_all(texts.into_iter().map(SessionEvent::Cells).collect());
        }
    }

    /// Gives a run a name; the newest with a name has it.
    pub(super) fn name(&mut self, run: RunId, name: &str) {
        if let Err(error) = ResultStore::check(name) {
            self.tell(SessionEvent::Say(Level::Warning, format!("{run} got no name: {error}")));
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
                let kept = ResultStore::new(folder.as_deref()).and_then(|store| store.keep(&name, &handle));
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
