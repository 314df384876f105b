//! Shows the runs of one ask until all have ended: cell after cell as text, or all at once as JSON.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::{
    Failure, Status,
    interrupts::Interrupts,
    output::{Form, Screen},
};
use crate::{
    cells::CellKind,
    engines::{Activity, RankSet},
    plan::Refusal,
    render::GroupBy,
    run::{Ending, LostReason, Run, RunState},
    session::{Asked, CellView, DocumentView, RunHandle, Session},
};

/// How long engines may take to end after Ctrl-C, before pxlens leaves without them.
const INTERRUPT_LIMIT: Duration = Duration::from_secs(10);

/// How often the progress line is painted anew.
const REPAINT: Duration = Duration::from_millis(250);

/// What to show, and where.
pub(super) struct Show<'a> {
    pub(super) session: &'a Session,
    pub(super) view: &'a DocumentView,
    pub(super) asked: &'a Asked,
    pub(super) screen: Screen,
    pub(super) interrupts: &'a mut Interrupts,
    pub(super) keep_going: bool,
    /// Whether all cells of the file were asked for, rather than one.
    pub(super) whole_file: bool,
}

/// How far the engines were told to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Ctrl-C was not pressed.
    No,
    /// The engines were interrupted, and may answer until then.
    Until(Instant),
    /// Nothing is waited for any more.
    Now,
}

/// [`Show`], at work.
struct Follower<'a> {
    show: Show<'a>,
    /// Runs that nothing waits for, and that were not shown yet, in the order of the document.
    later: Vec<Arc<RunHandle>>,
    stop: Stop,
}

impl Show<'_> {
    /// Shows everything, and says how it ended.
    pub(super) async fn all(self) -> Result<Status, Failure> {
        let mut follower = Follower { show: self, later: Vec::new(), stop: Stop::No };
        match follower.show.screen.form() {
            Form::Json => follower.events().await?,
            Form::Grouped | Form::Plain => follower.cells().await?,
        }
        follower.sum_up()
    }
}

impl Follower<'_> {
    /// Cell after cell in the order of the document; those that do not block are shown when they end, at the latest at
    /// the end of the file.
    async fn cells(&mut self) -> Result<(), Failure> {
        let mut newest: HashMap<String, Arc<RunHandle>> = HashMap::new();
        let (view, asked) = (self.show.view, self.show.asked);
        for cell in &view.cells {
            if self.stop != Stop::No {
                break;
            }
            if let Some(handle) = asked.runs.iter().find(|handle| handle.cell == cell.id) {
                newest.insert(handle.suffix.clone(), handle.clone());
                if !handle.plan.blocking {
                    self.show.screen.submitted(handle)?;
                    self.later.push(handle.clone());
                    continue;
                }
                self.wait(handle).await?;
                self.show.screen.result(handle)?;
                if !self.show.keep_going && handle.now().state() == RunState::Failed {
                    break;
                }
            } else if let Some((_, why)) = asked.not_run.iter().find(|(id, _)| *id == cell.id) {
                self.not_run(cell, why, newest.get(&cell.cell.magic.suffix)).await?;
            }
        }
        while !self.later.is_empty() && self.stop != Stop::Now {
            let handle = self.later.remove(0);
            self.wait(&handle).await?;
            self.show.screen.result(&handle)?;
        }
        Ok(())
    }

    /// A cell that sends nothing. `newest` is the newest run of its suffix.
    async fn not_run(
        &mut self,
        cell: &CellView,
        why: &str,
        newest: Option<&Arc<RunHandle>>,
    ) -> Result<(), Failure> {
        match (cell.cell.kind, newest) {
            (CellKind::Result, Some(handle)) if !is_refused(cell) => {
                // Shown here instead of when it ends.
                self.later.retain(|other| other.id != handle.id);
                self.wait(handle).await?;
                let group_by = cell.cell.magic.options.group_outputs.map(GroupBy::from);
                self.show.screen.result_again(handle, cell, group_by)
            }
            (CellKind::Result, None) if !is_refused(cell) => {
                self.show.screen.not_run(cell, "no cell above has run, so there is no result to show")
            }
            // In a whole file such a line does what it is there for; nothing is to be said about it.
            (CellKind::Config | CellKind::Autopx, _) if self.show.whole_file && !is_refused(cell) => Ok(()),
            _ => self.show.screen.not_run(cell, why),
        }
    }

    /// Waits until a run is over, and shows meanwhile what ends beside it. Ctrl-C interrupts the engines first, and waits
    /// on for what they still say.
    async fn wait(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let mut view = handle.view.clone();
        let mut tick = tokio::time::interval(REPAINT);
        while self.stop != Stop::Now {
            tokio::select! {
                biased;
                index = first_over(&self.later) => {
                    let handle = self.later.remove(index);
                    self.show.screen.end_progress()?;
                    self.show.screen.result(&handle)?;
                }
                // Where its task has ended there is nothing more to wait for.
                _ = view.wait_for(|run| run.is_over()) => break,
                () = self.show.interrupts.next() => self.interrupt()?,
                () = passed(self.stop) => self.stop = Stop::Now,
                _ = tick.tick() => {
                    let run = handle.now();
                    let behind = self.behind_other_work(&run).await;
                    self.show.screen.progress(&run, &behind)?;
                }
            }
        }
        self.show.screen.end_progress()
    }

    /// Engines that have not begun with a run that was sent to them, since they work on something else.
    async fn behind_other_work(&self, run: &Run) -> RankSet {
        let activities = self.show.session.cluster().await.activities;
        // An engine that became busy before we connected never told us so.
        let idle = |id| *activities.of(id) == Activity::Idle;
        let waiting = run
            .parts()
            .filter(|part| part.sent.is_some() && part.started.is_none() && part.ending().is_none());
        waiting.map(|part| part.engine).filter(|id| !idle(*id)).collect()
    }

    /// The first Ctrl-C interrupts the engines, the second leaves them.
    fn interrupt(&mut self) -> Result<(), Failure> {
        if self.stop != Stop::No {
            self.stop = Stop::Now;
            return Ok(());
        }
        self.stop = Stop::Until(Instant::now() + INTERRUPT_LIMIT);
        let session = self.show.session.clone();
        tokio::spawn(async move { session.interrupt(None, None, "SIGINT".to_owned()).await });
        self.show.screen.aside("interrupting the engines; Ctrl-C again leaves at once")
    }

    /// All runs at once: each event as it comes.
    async fn events(&mut self) -> Result<(), Failure> {
        let runs = &self.show.asked.runs;
        let (changed, mut changes) = mpsc::channel(64);
        let watchers: Vec<JoinHandle<()>> =
            runs.iter().enumerate().map(|(index, handle)| watch(index, handle, changed.clone())).collect();
        drop(changed);
        for (id, why) in &self.show.asked.not_run {
            let cell = self.show.view.cells.iter().find(|view| view.id == *id);
            if let Some(cell) = cell.filter(|cell| is_refused(cell)) {
                self.show.screen.not_run(cell, why)?;
            }
        }
        while self.stop != Stop::Now {
            tokio::select! {
                index = changes.recv() => match index {
                    Some(index) => self.show.screen.events(&runs[index])?,
                    None => break,
                },
                () = self.show.interrupts.next() => self.interrupt()?,
                () = passed(self.stop) => self.stop = Stop::Now,
            }
        }
        watchers.iter().for_each(JoinHandle::abort);
        for handle in runs {
            self.show.screen.events(handle)?;
        }
        Ok(())
    }

    fn sum_up(&mut self) -> Result<Status, Failure> {
        let Show { asked, view, screen, whole_file, .. } = &mut self.show;
        let unsent = asked.runs.iter().filter(|handle| was_never_sent(&handle.now())).count();
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        if self.stop != Stop::No {
            let not_over = asked.runs.iter().map(|handle| handle.now()).filter(|run| !run.is_over());
            let working: RankSet =
                not_over.flat_map(|run| run.pending().iter().collect::<Vec<_>>()).collect();
            let mut rest = String::new();
            if !working.is_empty() {
                rest += &format!("; {working} may still be at work");
            }
            if unsent > 0 {
                rest += &format!("; {} not run", count(unsent, "px cell"));
            }
            screen.note(&format!("interrupted{rest}"))?;
            return Ok(Status::Interrupted);
        }
        if unsent > 0 && *whole_file {
            screen
                .note(&format!("{} after it not run (--keep-going runs them)", count(unsent, "px cell")))?;
        }
        // Who asks for one px cell expects nothing else to run.
        if asked.local_lines > 0 && *whole_file {
            let lines = count(asked.local_lines as usize, "local line");
            screen.note(&format!("{lines} beside px magics not run: only px cells run"))?;
        }
        let refused = asked
            .not_run
            .iter()
            .any(|(id, _)| view.cells.iter().any(|cell| cell.id == *id && is_refused(cell)));
        let refusals = if refused { Status::Usage } else { Status::Ok };
        Ok(asked.runs.iter().map(|handle| status_of(&handle.now())).fold(refusals, worse))
    }
}

/// Whether a cell that was not run should have been: it is wrong in itself, or its targets choose nothing.
fn is_refused(cell: &CellView) -> bool {
    !matches!(cell.plan, Err(Refusal::RunsNothing(_)))
}

/// Waits until one of the runs is over, and gives its index; for ever where there are none.
async fn first_over(runs: &[Arc<RunHandle>]) -> usize {
    let wait = async |index: usize, handle: &RunHandle| {
        // Where its task has ended there is nothing more to wait for.
        let _ = handle.view.clone().wait_for(|run| run.is_over()).await;
        index
    };
    let mut waits: FuturesUnordered<_> =
        runs.iter().enumerate().map(|(index, handle)| wait(index, handle)).collect();
    match waits.next().await {
        Some(index) => index,
        None => std::future::pending().await,
    }
}

async fn passed(stop: Stop) {
    match stop {
        Stop::Until(limit) => tokio::time::sleep_until(limit).await,
        Stop::No | Stop::Now => std::future::pending().await,
    }
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

fn was_never_sent(run: &Run) -> bool {
    run.parts().all(|part| matches!(part.ending(), Some(Ending::Lost(LostReason::NotSent(_)))))
}

/// How one run counts for the exit status.
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
        Status::Interrupted => 4,
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
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0));
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
    fn of_two_statuses_the_worse_is_told() {
        let rising =
            [Status::Ok, Status::EngineFailed, Status::Usage, Status::NoCluster, Status::Interrupted];
        for (at, one) in rising.into_iter().enumerate() {
            for other in &rising[..=at] {
                assert_eq!((worse(one, *other), worse(*other, one)), (one, one));
            }
        }
    }

    #[test]
    fn a_run_that_was_dropped_from_the_queue_was_never_sent() {
        let dropped = || lost(LostReason::NotSent("a cell before it failed".to_owned()));
        assert!(was_never_sent(&ended(&[dropped(), dropped()])));
        assert!(!was_never_sent(&ended(&[lost(LostReason::EngineDied), dropped()])));
    }
}
