//! Follows each run, and updates what the editor shows of it: painted outputs, diagnostics, progress, engines.

use std::{sync::Arc, time::Duration};

use lsp_types::Uri;
use pxlens_protocol::CellId;
use tokio::{sync::watch, time::timeout};

use super::{
    diagnostics::Diagnostics,
    engines::EnginesMarks,
    outputs::{Mark, Marks},
    progress::{self, Progress},
    refresh::RefreshMarks,
};
use crate::{
    engines::RankSet,
    lsp::{to_proto, wire::lifetime::Lifetime},
    render,
    run::{Ending, Phase, Run, RunState},
    session::{DocumentKey, RunHandle, ShownResult, Whereabouts},
};

/// How often the elapsed time of a run is updated while nothing else happens.
const TICK: Duration = Duration::from_secs(1);

/// What follows runs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Followers {
    pub(super) client: tower_lsp::Client,
    pub(super) lifetime: Lifetime,
    pub(super) marks: Option<Marks>,
    pub(super) engines: Option<EnginesMarks>,
    pub(super) diagnostics: Diagnostics,
    pub(super) refresh: RefreshMarks,
    /// Whether the client shows progress.
    pub(super) shows_progress: bool,
}

/// A px cell whose document may be renamed.
#[derive(Clone, Debug)]
struct Cell {
    /// Where the cell of the run is that it shows.
    run: watch::Receiver<Whereabouts>,
    /// Its own text, if it is in another one.
    other: Option<DocumentKey>,
    id: CellId,
}

impl Cell {
    fn uri(&self) -> Uri {
        to_proto::uri(self.other.as_ref().unwrap_or(&self.run.borrow().document))
    }
}

impl Followers {
    /// Follows one run until no more output can come, not even late output.
    pub(super) async fn follow(self, handle: Arc<RunHandle>) {
        let cell = Cell { run: handle.at.clone(), other: None, id: to_proto::cell_id(handle.cell) };
        let mut view = handle.view.clone();
        let mut shown = self.progress_of(&handle);
        // Following a run must not keep it in memory.
        drop(handle);
        let mut seen: Option<Counts> = None;
        loop {
            let now = view.borrow_and_update().clone();
            let counts = Counts::of(&now);
            let before = seen.replace(counts);
            // The list of engines shows what each is working on.
            if before.map_or(0, |before| before.working) != counts.working {
                self.mark_engines();
            }
            if before.is_some_and(|before| before.has_same_state(counts)) {
                self.mark(&cell);
            } else {
                self.state_changed(&cell, counts.is_urgent_after(before));
                if let Some(progress) = &shown {
                    progress.advance(counts.ended, counts.all, render::progress(&now));
                }
            }
            if now.is_over()
                && let Some(progress) = shown.take()
            {
                progress.end(render::outcome(&now));
            }
            let ticks = now.state() == RunState::Running;
            drop(now);
            if !next(&mut view, ticks).await {
                return;
            }
        }
    }

    /// Follows the run that a `%pxresult` shows, on behalf of that line, until no more output can come.
    pub(super) async fn follow_result(self, document: DocumentKey, shown: ShownResult) {
        let other = (document != shown.run.document()).then_some(document);
        let cell = Cell { run: shown.run.at.clone(), other, id: to_proto::cell_id(shown.cell) };
        let mut view = shown.run.view.clone();
        drop(shown);
        let mut seen: Option<Counts> = None;
        loop {
            let (counts, ticks) = {
                let now = view.borrow_and_update();
                (Counts::of(&now), now.state() == RunState::Running)
            };
            let before = seen.replace(counts);
            if before.is_some_and(|before| before.has_same_state(counts)) {
                self.mark(&cell);
            } else {
                self.state_changed(&cell, counts.is_urgent_after(before));
            }
            if !next(&mut view, ticks).await {
                return;
            }
        }
    }

    fn progress_of(&self, handle: &RunHandle) -> Option<Progress> {
        let delay = progress::delay(handle.plan.progress).filter(|_| self.shows_progress)?;
        let ranks = handle.engines.iter().copied().collect::<RankSet>();
        let title = format!("px cell {} on {ranks}", handle.number);
        let run = to_proto::run_id(handle.id);
        Some(Progress::start(run, title, delay, self.client.clone(), &self.lifetime))
    }

    fn mark(&self, cell: &Cell) {
        if let Some(marks) = &self.marks {
            marks.mark(&cell.uri(), Mark::Cell(cell.id.clone()));
        }
    }

    pub(super) fn mark_engines(&self) {
        if let Some(engines) = &self.engines {
            engines.mark();
        }
    }

    fn state_changed(&self, cell: &Cell, urgent: bool) {
        if let Some(marks) = &self.marks {
            let mark = Mark::Cell(cell.id.clone());
            let uri = cell.uri();
            if urgent { marks.mark_urgent(&uri, mark) } else { marks.mark(&uri, mark) }
        }
        self.diagnostics.check(&cell.uri());
        self.refresh.mark_states();
        self.mark_engines();
    }
}

/// How many engines of a run are in which phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    all: u32,
    begun: u32,
    working: u32,
    ended: u32,
    raised: u32,
    over: bool,
}

impl Counts {
    fn of(run: &Run) -> Self {
        let count = |is: &dyn Fn(&Phase) -> bool| {
            u32::try_from(run.parts().filter(|part| is(&part.phase)).count()).unwrap_or(u32::MAX)
        };
        Self {
            all: count(&|_| true),
            begun: count(&|phase| *phase != Phase::Queued),
            working: count(&|phase| *phase == Phase::Running),
            ended: count(&|phase| matches!(phase, Phase::Ended(_))),
            raised: count(&|phase| matches!(phase, Phase::Ended(Ending::Error(_)))),
            over: run.is_over(),
        }
    }

    fn has_same_state(self, other: Self) -> bool {
        (self.begun, self.ended, self.over) == (other.begun, other.ended, other.over)
    }

    /// Whether it must be shown at once: the run is over, or its first engine raised.
    fn is_urgent_after(self, before: Option<Self>) -> bool {
        let (raised, over) = before.map_or((0, false), |before| (before.raised, before.over));
        self.over && !over || self.raised > 0 && raised == 0
    }
}

/// Waits for a change of a run. `ticks`: whether a second that has passed is a change too, since the elapsed time is
/// shown. Returns `false` if there will be no more changes.
async fn next(view: &mut watch::Receiver<Arc<Run>>, ticks: bool) -> bool {
    if !ticks {
        return view.changed().await.is_ok();
    }
    !matches!(timeout(TICK, view.changed()).await, Ok(Err(_)))
}

#[cfg(test)]
mod tests {
    use pxlens_tests::within;

    use super::*;
    use crate::run::{self, RunRequest, Time};

    fn counts(ended: u32, raised: u32, over: bool) -> Counts {
        Counts { all: 3, begun: 3, working: 3 - ended, ended, raised, over }
    }

    #[test]
    fn the_first_error_and_the_end_of_a_run_are_urgent_and_nothing_between() {
        let steps = [
            (counts(0, 0, false), false),
            (counts(1, 0, false), false),
            (counts(2, 1, false), true),
            (counts(3, 2, false), false),
            (counts(3, 2, true), true),
            (counts(3, 2, true), false),
        ];
        let mut before = None;
        for (step, (now, expected)) in steps.into_iter().enumerate() {
            assert_eq!(now.is_urgent_after(before), expected, "step {step}");
            before = Some(now);
        }
        // A run that was over, or had failed, when it was first looked at.
        assert!(counts(3, 0, true).is_urgent_after(None) && counts(1, 1, false).is_urgent_after(None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_that_has_passed_is_a_change_only_while_the_run_is_going_on() {
        let request = RunRequest { code: "1".into(), engines: Vec::new(), single: false };
        let run = Arc::new(Run::new(run::RunId(1), Arc::new(request), Time(0), true));
        let (sender, mut view) = watch::channel(run.clone());
        let begun = tokio::time::Instant::now();
        assert!(within("the next second", next(&mut view, true)).await);
        assert_eq!(begun.elapsed(), TICK);
        let waiting = timeout(100 * TICK, next(&mut view, false)).await;
        assert!(waiting.is_err(), "it waits for the next change");
        sender.send_replace(run);
        assert!(within("the change", next(&mut view, false)).await);
        drop(sender);
        assert!(!within("the end of the run", next(&mut view, true)).await);
    }
}
