//! `%pxresult`: which run it shows; the names of runs, and keeping named results on disk.

use tokio::{sync::mpsc, task::JoinHandle};

use super::{Actor, Message, commands::PinnedCell, run_index::RunEntry, runs::Sequence, send_back};
use crate::{
    run::{EngineRun, Run, RunId, RunState},
    session::{Level, ResultStore, RunHandle, RunResponse, SessionEvent, ShownResult, Whereabouts},
};

impl Actor {
    /// Makes a `%pxresult` show the newest run of its suffix, or give that run a name. Later cells wait for that run.
    ///
    /// # Errors
    /// A sentence, if no run of this suffix exists yet.
    pub(super) fn show_result(
        &mut self,
        pinned: &PinnedCell,
        sequence: &mut Sequence,
        response: &mut RunResponse,
    ) -> Result<(), String> {
        let PinnedCell { at: Whereabouts { document, home, .. }, view: cell, place_name, .. } = pinned;
        let magic = &cell.cell.magic;
        // It means the run that this command queued before it, even if that one was in the queue already.
        let before = response.runs.iter().rev().find(|run| run.is_result_of(home, &magic.suffix)).cloned();
        let runs = self.index.shared();
        let Some(run) = before.or_else(|| runs.newest(home, &magic.suffix, &sequence.replaced).cloned())
        else {
            let suffix = &magic.suffix;
            return Err(format!(
                "%{}{suffix} shows the last result of %px{suffix}, and no such cell of this document has run yet",
                magic.kind
            ));
        };
        if let Some(name) = &magic.options.own.out {
            // As in ipyparallel, it stores the result, shows nothing, and does not wait.
            self.name(run.id, name);
            return Ok(());
        }
        self.reveal(run.id);
        self.index.shown_by.insert(cell.id, run.id);
        match run.now().state() {
            RunState::Failed => sequence.stop(format!("{place_name} above shows a run that failed")),
            RunState::Succeeded => {}
            RunState::Queued | RunState::Running if self.queue.holds(run.id) => sequence.wait_for(run.id),
            RunState::Queued | RunState::Running => {}
        }
        let shown = ShownResult { cell: cell.id, run };
        self.notify(SessionEvent::ResultShown { document: document.clone(), shown: shown.clone() });
        response.shown_results.push(shown);
        Ok(())
    }

    /// Refreshes the `%pxresult` lines of a run's suffix: what they show is outdated once a newer run exists.
    pub(super) fn refresh_pxresults(&self, run: &RunHandle) {
        let home = run.home();
        let alike = |shown: &RunId| {
            self.index
                .runs
                .get(shown)
                .is_some_and(|shown| shown.handle.home() == home && shown.handle.suffix == run.suffix)
        };
        if self.index.shown_by.values().any(alike) {
            let texts = self.documents.notebook_cells(&run.document());
            self.notify_all(texts.into_iter().map(SessionEvent::Cells).collect());
        }
    }

    /// Gives a run a name. A name belongs to the newest run that was given it.
    pub(super) fn name(&mut self, run: RunId, name: &str) {
        if let Err(error) = ResultStore::check(name) {
            self.notify(SessionEvent::Say(Level::Warning, format!("Run {} was not named: {error}", run.0)));
            return;
        }
        let index = &mut *self.index;
        let Some(entry) = index.runs.get_mut(&run) else { return };
        entry.names.retain(|old| old != name);
        entry.names.push(name.to_owned());
        index.named.insert(name.to_owned(), run);
        if entry.over {
            self.keep_named(run);
        }
    }

    /// If a finished run was never sent, gives its names back to the runs that had them before.
    pub(super) fn take_names_back(&mut self, run: RunId) {
        let index = &mut *self.index;
        let Some(entry) = index.runs.get_mut(&run) else { return };
        if entry.handle.view.borrow().parts().any(|part| part.sent.is_some()) {
            return;
        }
        for name in std::mem::take(&mut entry.names) {
            if index.named.get(&name) != Some(&run) {
                continue;
            }
            let had = index.runs.values().rev().find(|entry| entry.names.contains(&name));
            match had.map(|entry| entry.handle.id) {
                Some(before) => index.named.insert(name, before),
                None => index.named.remove(&name),
            };
        }
    }

    /// Writes a finished run to disk under each of its names.
    pub(super) fn keep_named(&mut self, run: RunId) {
        let index = &mut *self.index;
        let Some(entry) = index.runs.get_mut(&run) else { return };
        entry.kept = amount(&entry.handle.view.borrow());
        for name in entry.names.iter().filter(|name| index.named.get(*name) == Some(&run)) {
            let (name, handle) = (name.clone(), entry.handle.clone());
            let (folder, this) = (self.settings.results.clone(), self.this.clone());
            let reading = handle.spilled.reading();
            self.keeper.keep(Box::new(move || {
                let _reading = reading;
                let kept = ResultStore::new(folder.as_deref()).and_then(|store| store.keep(&name, &handle));
                let text = match kept {
                    Ok(missing) if missing.is_empty() => return,
                    Ok(missing) => {
                        let why = missing.join("; ");
                        format!("The result '{name}' was kept without some of its text: {why}")
                    }
                    Err(error) => format!("The result '{name}' was not kept: {error}"),
                };
                send_back(&this, Message::Say(Level::Warning, text));
            }));
        }
    }

    /// Writes a named run again if it has grown, unless the new output can wait until the session ends.
    pub(super) fn keep_late(&mut self, run: RunId) {
        let worth = |entry: &RunEntry| is_worth_it(entry.kept, amount(&entry.handle.view.borrow()));
        if self.index.runs.get(&run).is_some_and(worth) {
            self.keep_named(run);
        }
    }

    /// Writes, at the end of the session, the named runs whose end or last output has not been written yet.
    pub(super) fn keep_last(&mut self) {
        let unkept = |entry: &&RunEntry| {
            let run = entry.handle.view.borrow();
            run.is_over() && (!entry.over || amount(&run) > entry.kept)
        };
        let runs: Vec<RunId> = self.index.runs.values().filter(unkept).map(|entry| entry.handle.id).collect();
        for run in runs {
            self.take_names_back(run);
            self.keep_named(run);
        }
    }
}

/// The size of a run's output; grows with every output ([`EngineRun::amount`]).
fn amount(run: &Run) -> usize {
    run.parts().map(EngineRun::amount).sum()
}

/// Whether to write a result again, of which `kept` bytes were written before. A small one always; a large one only if
/// it has grown by a quarter, since otherwise a thread that prints a line now and then would have gigabytes copied
/// again and again.
fn is_worth_it(kept: usize, now: usize) -> bool {
    const SMALL: usize = 1_000_000;
    now > kept && (now <= SMALL || now - kept >= kept / 4)
}

type Work = Box<dyn FnOnce() + Send>;

/// Writes results in a task of its own, one after the other, so that of two results with one name the newer is written
/// last.
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
                    // It is cancelled when the process is told to end at once.
                    if tokio::task::spawn_blocking(work).await.is_err_and(|error| error.is_panic()) {
                        tracing::error!("keeping a result panicked; this is a bug in pxlens");
                    }
                }
            });
            (sender, task)
        });
        // This cannot fail: the task ends only after the sender is dropped.
        let _ = sender.send(work);
    }

    /// Waits until all is written.
    pub(super) async fn finish(&mut self) {
        if let Some((sender, task)) = self.running.take() {
            drop(sender);
            // A panic in it was logged where it happened.
            let _ = task.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_results_are_rewritten_at_once_and_large_ones_rarely() {
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
