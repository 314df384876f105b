//! Shows the runs of one request until all have ended: cell after cell as text, or all at once as JSON.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::{
    Failure, Status,
    failures::Failures,
    output::{Form, Screen},
    quit::{Quit, Quits},
};
use crate::{
    cells::Dialect,
    engines::{Activity, RankSet},
    run::{Ending, LostReason, Run, RunState},
    session::{
        About, CellView, InterruptScope, NotRun, NotRunKind, PACE, RunHandle, RunResponse, Session, Snapshot,
    },
    signals::EndSignal,
};

/// How long pxlens waits for interrupted engines. What asks it to end by a signal kills it some seconds later (Slurm after 30,
/// PBS and LSF after 10), and by then the output must be printed and its own cluster gone.
fn patience(quit: Quit) -> Duration {
    match quit {
        Quit::Signal(EndSignal::Interrupt) => Duration::from_secs(10),
        Quit::Signal(_) | Quit::Unread => Duration::from_secs(3),
    }
}

/// How often the progress line is repainted.
const REPAINT: Duration = Duration::from_millis(250);

/// The runs to show, and where to show them.
pub(super) struct Show<'a> {
    pub(super) session: &'a Session,
    pub(super) snapshot: &'a Snapshot,
    pub(super) asked: &'a RunResponse,
    pub(super) screen: Screen,
    pub(super) quits: &'a mut Quits,
    pub(super) keep_going: bool,
    /// Whether all cells of the file were asked for, rather than one.
    pub(super) whole_file: bool,
}

/// How far the end that somebody asked for has gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nobody asked for it.
    No,
    /// The engines were interrupted, and are waited for until this moment.
    Until(Instant),
    /// Nothing is waited for.
    Now,
}

/// A step towards that end.
enum Step {
    /// Wait for the engines, which are interrupted.
    Wait(Quit),
    /// Leave them alone: somebody insists, or they had their time.
    Leave,
}

/// The state while a [`Show`] runs.
struct Follower<'a> {
    show: Show<'a>,
    stop: Stop,
    /// What failed on engines and was shown while others worked.
    failures: Failures,
    /// Runs that nothing has waited for yet.
    unshown: VecDeque<Arc<RunHandle>>,
}

impl Show<'_> {
    /// Shows everything, and says how it ended.
    pub(super) async fn all(self) -> Result<Status, Failure> {
        let (failures, unshown) = (Failures::default(), VecDeque::new());
        let mut follower = Follower { show: self, stop: Stop::No, failures, unshown };
        // By itself, since what is shown may wait for a reader.
        let interrupting =
            tokio::spawn(interrupt_when_asked(follower.show.session.clone(), follower.show.quits.clone()));
        let shown = match follower.show.screen.form() {
            Form::Json => follower.events().await,
            Form::Grouped | Form::Plain => follower.cells().await,
        };
        let ended = match shown {
            Ok(()) => follower.sum_up(),
            Err(failure) => Err(follower.give_up(failure).await),
        };
        interrupting.abort();
        ended
    }
}

impl Follower<'_> {
    /// Shows cell after cell in the order of the document. The result of a `--noblock` cell is shown where a `%pxresult` asks
    /// for it, or else at the end.
    async fn cells(&mut self) -> Result<(), Failure> {
        let Some(view) = self.show.snapshot.document() else { return Ok(()) };
        let asked = self.show.asked;
        // The cell of the file in which something failed: nothing more of it is run.
        let mut failed = None;
        for (at, cell) in view.cells.iter().enumerate() {
            if self.stop != Stop::No {
                break;
            }
            let block = view.block_of(at).map(|block| block.number);
            if failed.is_some() && failed == block && asked.runs.iter().any(|handle| handle.cell == cell.id) {
                continue;
            }
            let shown = if let Some(handle) = asked.runs.iter().find(|handle| handle.cell == cell.id) {
                self.show.screen.announce(handle)?;
                if !handle.plan.blocking {
                    self.unshown.push_back(handle.clone());
                    continue;
                }
                self.wait(handle).await?;
                self.show.screen.result(handle)?;
                handle
            } else if let Some(shown) = asked.shown_results.iter().find(|shown| shown.cell == cell.id) {
                self.unshown.retain(|other| other.id != shown.run.id);
                self.wait(&shown.run).await?;
                if let Some(source) = self.show.snapshot.shown_result(cell) {
                    self.show.screen.pxresult(&source, cell)?;
                }
                &shown.run
            } else {
                if let Some(not_run) = asked.not_run.iter().find(|not_run| not_run.cell == cell.id) {
                    self.not_run(cell, not_run)?;
                }
                continue;
            };
            if shown.now().state() == RunState::Failed {
                if !self.show.keep_going {
                    break;
                }
                failed = block;
            }
        }
        if self.show.screen.form() == Form::Grouped && !self.unshown.is_empty() {
            // Before waiting, which may take long.
            self.show.screen.heading_of_unshown(self.unshown.len())?;
        }
        while let Some(handle) = self.unshown.pop_front() {
            self.wait(&handle).await?;
            if self.stop != Stop::No && handle.now().was_never_sent() {
                continue;
            }
            self.show.screen.unshown_result(&handle)?;
        }
        // The session drops what follows a failed cell a moment after the failure can be seen here.
        self.wait_for_all().await;
        // What came in the last moment is not there to be read before.
        tokio::time::sleep(2 * PACE).await;
        asked.runs.iter().try_for_each(|handle| self.show.screen.late_output(handle))
    }

    /// Interrupts the engines after something could not be written, since nobody would see what they compute. Returns why pxlens
    /// ends.
    async fn give_up(&mut self, failure: Failure) -> Failure {
        if self.stop == Stop::No {
            self.stop = Stop::Until(Instant::now() + patience(Quit::Unread));
            let session = self.show.session.clone();
            tokio::spawn(async move { session.interrupt(None, InterruptScope::All, None).await });
        }
        self.wait_for_all().await;
        match self.show.quits.why() {
            // A terminal that closes takes the output with it.
            Some(quit) if failure.status == Status::Quit(Quit::Unread) => {
                Failure { status: Status::Quit(quit), ..failure }
            }
            _ => failure,
        }
    }

    /// Waits until every run is over, without showing any.
    async fn wait_for_all(&mut self) {
        for handle in &self.show.asked.runs {
            let mut view = handle.view.clone();
            while self.stop != Stop::Now {
                tokio::select! {
                    biased;
                    // An error means that the run's task has ended.
                    _ = view.wait_for(|run| run.is_over()) => break,
                    step = next_step(self.stop, self.show.quits) => self.take(step),
                }
            }
        }
    }

    /// Reports a cell that was not sent.
    fn not_run(&mut self, cell: &CellView, not_run: &NotRun) -> Result<(), Failure> {
        match not_run.kind {
            // In a whole file there is nothing to say about such a line.
            NotRunKind::RunsNothing if self.show.whole_file => Ok(()),
            // These are counted at the end.
            NotRunKind::Skipped => Ok(()),
            _ => self.show.screen.not_run(cell, &not_run.why),
        }
    }

    /// Waits until a run is over, and meanwhile shows its output if its cell streams. Who asks pxlens to end interrupts the
    /// engines, whose last output is still waited for.
    async fn wait(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let (mut view, mut changes) = (handle.view.clone(), handle.view.clone());
        let live = handle.plan.blocking && self.show.screen.begin_live(handle)?;
        let mut tick = tokio::time::interval(REPAINT);
        while self.stop != Stop::Now {
            tokio::select! {
                biased;
                // An error means that the run's task has ended.
                _ = view.wait_for(|run| run.is_over()) => break,
                step = next_step(self.stop, self.show.quits) => self.take(step),
                Ok(()) = changes.changed(), if live => self.show.screen.live(handle)?,
                _ = tick.tick() => {
                    let run = handle.now();
                    self.show_failures(handle)?;
                    let busy = self.busy_with_other_work(&run).await;
                    self.show.screen.progress(&run, &busy, handle.plan.progress)?;
                }
            }
        }
        self.show.screen.end_progress()
    }

    /// Shows what has failed on engines of the run that is waited for, and of those that nothing has waited for yet.
    fn show_failures(&mut self, waited_for: &RunHandle) -> Result<(), Failure> {
        if self.stop != Stop::No {
            // That engines are interrupted is no news.
            return Ok(());
        }
        for handle in std::iter::once(waited_for).chain(self.unshown.iter().map(Arc::as_ref)) {
            let due = self.failures.due(&handle.now());
            if !due.is_empty() {
                self.show.screen.failures(handle, &due)?;
            }
        }
        Ok(())
    }

    /// The engines that have not begun with this run, since they are busy with something else.
    async fn busy_with_other_work(&self, run: &Run) -> RankSet {
        let connection = self.show.session.snapshot(About::Nothing).await.connection;
        // Nothing is known of an engine that has been busy since before pxlens connected.
        let idle =
            |id| connection.cluster().is_some_and(|cluster| *cluster.activities.of(id) == Activity::Idle);
        let waiting = run
            .parts()
            .filter(|part| part.sent.is_some() && part.started.is_none() && part.ending().is_none());
        waiting.map(|part| part.engine).filter(|id| !idle(*id)).collect()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait(quit) => {
                self.stop = Stop::Until(Instant::now() + patience(quit));
                if quit == Quit::Signal(EndSignal::Interrupt) {
                    self.show.screen.hint("interrupting the engines; press Ctrl-C again to exit at once");
                }
            }
            Step::Leave => self.stop = Stop::Now,
        }
    }

    /// Shows all runs at once, each event as it comes.
    async fn events(&mut self) -> Result<(), Failure> {
        let runs = &self.show.asked.runs;
        let (changed, mut changes) = mpsc::channel(64);
        let watchers: Vec<JoinHandle<()>> =
            runs.iter().enumerate().map(|(index, handle)| watch(index, handle, changed.clone())).collect();
        drop(changed);
        for not_run in &self.show.asked.not_run {
            let cell = self
                .show
                .snapshot
                .document()
                .and_then(|view| view.cells.iter().find(|view| view.id == not_run.cell));
            if let Some(cell) = cell.filter(|_| not_run.kind != NotRunKind::RunsNothing) {
                self.not_run(cell, not_run)?;
            }
        }
        while self.stop != Stop::Now {
            tokio::select! {
                index = changes.recv() => match index {
                    Some(index) => self.show.screen.events(&runs[index])?,
                    None => break,
                },
                step = next_step(self.stop, self.show.quits) => self.take(step),
            }
        }
        watchers.iter().for_each(JoinHandle::abort);
        for handle in runs {
            self.show.screen.last_events(handle)?;
        }
        Ok(())
    }

    fn sum_up(&mut self) -> Result<Status, Failure> {
        let Show { snapshot, asked, screen, whole_file, keep_going, quits, .. } = &mut self.show;
        let dropped = asked.runs.iter().filter(|handle| handle.now().was_never_sent()).count();
        let is = |kind| move |not_run: &&NotRun| not_run.kind == kind;
        let unsent = dropped + asked.not_run.iter().filter(is(NotRunKind::Skipped)).count();
        // A request that came when all was done and written changes nothing.
        if let Some(quit) = quits.why().filter(|_| self.stop != Stop::No) {
            let not_over = asked.runs.iter().map(|handle| handle.now()).filter(|run| !run.is_over());
            let working: RankSet =
                not_over.flat_map(|run| run.pending().iter().collect::<Vec<_>>()).collect();
            let mut rest = String::new();
            if !working.is_empty() {
                rest += &format!("; {working} may still be running");
            }
            if unsent > 0 {
                rest += &format!("; {}", not_run(unsent, "px cell was", "px cells were"));
            }
            // Programs that lose their reader end without a word.
            if quit != Quit::Unread || !working.is_empty() {
                screen.note(&format!("{}{rest}", quit.cause()))?;
            }
            return Ok(Status::Quit(quit));
        }
        if unsent > 0 && *whole_file {
            let text = match keep_going {
                true => {
                    let cells = not_run(unsent, "px cell was", "px cells were");
                    format!("{cells}: what fails ends its cell of the file")
                }
                false => {
                    let cells = not_run(unsent, "px cell after it was", "px cells after it were");
                    format!("{cells}; use --keep-going to continue after a failure")
                }
            };
            screen.note(&text)?;
        }
        // Somebody who asks for one px cell expects nothing else to run.
        if let Some(lines) = asked.local_lines().filter(|_| *whole_file) {
            screen.note(&format!("{lines} not run: pxlens runs only px cells"))?;
        }
        if let Some(lines) = asked.conditional_lines() {
            // The lines of a notebook's file are not what people see.
            let is_notebook = snapshot.document().is_some_and(|view| view.dialect == Dialect::NotebookJson);
            let flag = if is_notebook { "--cell N" } else { "--line N" };
            screen.note(&format!(
                "{lines} not run: pxlens cannot tell whether Python would; {flag} runs one"
            ))?;
        }
        let refused = asked.not_run.iter().any(|not_run| match not_run.kind {
            NotRunKind::Refused => true,
            NotRunKind::NothingYet => !*keep_going,
            NotRunKind::RunsNothing | NotRunKind::Skipped | NotRunKind::Replaced => false,
        });
        let refusals = if refused { Status::Usage } else { Status::Ok };
        let shown = asked.shown_results.iter().map(|shown| &shown.run);
        Ok(asked.runs.iter().chain(shown).map(|handle| status_of(&handle.now())).fold(refusals, worse))
    }
}

/// `1 px cell was not run`.
fn not_run(count: usize, one: &str, several: &str) -> String {
    format!("{count} {} not run", if count == 1 { one } else { several })
}

/// Interrupts everything that runs or waits once pxlens is asked to end.
async fn interrupt_when_asked(session: Session, mut quits: Quits) {
    quits.asked().await;
    session.interrupt(None, InterruptScope::All, None).await;
}

/// Waits for the next step towards the end.
async fn next_step(stop: Stop, quits: &mut Quits) -> Step {
    match stop {
        Stop::No => return Step::Wait(quits.asked().await),
        Stop::Until(limit) => tokio::select! {
            () = quits.insisted() => {}
            () = tokio::time::sleep_until(limit) => {}
        },
        Stop::Now => std::future::pending().await,
    }
    Step::Leave
}

/// Sends `index` whenever the run has changed, until it is over.
fn watch(index: usize, handle: &RunHandle, changed: mpsc::Sender<usize>) -> JoinHandle<()> {
    let mut view = handle.view.clone();
    tokio::spawn(async move {
        loop {
            let over = view.borrow_and_update().is_over();
            if changed.send(index).await.is_err() || over || view.changed().await.is_err() {
                return;
            }
        }
    })
}

/// The exit status of one run.
fn status_of(run: &Run) -> Status {
    let of_part = |ending: Option<&Ending>| match ending {
        Some(Ending::Ok) => Status::Ok,
        Some(Ending::Lost(LostReason::ControllerLost)) => Status::NoCluster,
        _ => Status::EngineFailed,
    };
    run.parts().map(|part| of_part(part.ending())).fold(Status::Ok, worse)
}

fn worse(one: Status, other: Status) -> Status {
    let rank = |status| match status {
        Status::Ok => 0,
        Status::EngineFailed => 1,
        Status::Usage => 2,
        Status::NoCluster => 3,
        Status::Quit(_) => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engines::EngineId,
        jupyter::content::{ErrorContent, ExecuteReply},
        run::{Event, EventKind, RunId, RunRequest, Slot, Time},
    };

    /// A run on as many engines as there are endings.
    fn ended(endings: &[EventKind]) -> Run {
        let engines = (0..endings.len()).map(|id| EngineId(u32::try_from(id).expect("few"))).collect();
        let request = RunRequest { code: "code".into(), engines, single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        for (slot, kind) in (0u32..).zip(endings) {
            let event = |kind| Event { slot: Slot(slot), at: Time(1), kind };
            run.apply(event(kind.clone()));
            run.apply(event(EventKind::Idle));
        }
        run
    }

    fn ok() -> EventKind {
        EventKind::Reply(ExecuteReply::Ok { execution_count: Some(1), payload: Vec::new() })
    }

    fn raised() -> EventKind {
        let error = ErrorContent { ename: "E".to_owned(), evalue: String::new(), traceback: Vec::new() };
        EventKind::Reply(ExecuteReply::Error { error, execution_count: None })
    }

    fn lost(why: LostReason) -> EventKind {
        EventKind::Lost(why)
    }

    #[test]
    fn the_worst_engine_decides_the_status_of_a_run() {
        let dead = || lost(LostReason::EngineDied);
        let gone = || lost(LostReason::ControllerLost);
        let aborted = EventKind::Reply(ExecuteReply::Aborted {});
        for (endings, expected) in [
            (vec![ok(), ok()], Status::Ok),
            (vec![ok(), raised()], Status::EngineFailed),
            (vec![aborted, ok()], Status::EngineFailed),
            (vec![dead(), ok()], Status::EngineFailed),
            (vec![gone(), raised()], Status::NoCluster),
        ] {
            assert_eq!(status_of(&ended(&endings)), expected, "{endings:?}");
        }
    }

    #[test]
    fn of_two_statuses_the_worse_one_counts() {
        let rising = [
            Status::Ok,
            Status::EngineFailed,
            Status::Usage,
            Status::NoCluster,
            Status::Quit(Quit::Signal(EndSignal::Terminate)),
        ];
        for (at, one) in rising.into_iter().enumerate() {
            for other in &rising[..=at] {
                assert_eq!((worse(one, *other), worse(*other, one)), (one, one));
            }
        }
    }

    #[test]
    fn a_run_that_was_dropped_from_the_queue_was_never_sent() {
        let dropped = || lost(LostReason::NotSent("a cell before it failed".to_owned()));
        assert!(ended(&[dropped(), dropped()]).was_never_sent());
        assert!(!ended(&[lost(LostReason::EngineDied), dropped()]).was_never_sent());
    }
}
