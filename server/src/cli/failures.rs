//! Failures of engines that are shown when they arrive, while other engines still work: those may wait for ever for the ones that
//! failed, as MPI programs do.

use std::collections::HashMap;

use crate::{
    engines::RankSet,
    run::{Run, RunId},
};

/// Which failures were shown so far.
#[derive(Debug, Default)]
pub(super) struct Failures {
    runs: HashMap<RunId, Known>,
}

/// The engines of a run that failed.
#[derive(Debug, Default)]
struct Known {
    /// As of the last look.
    noticed: RankSet,
    shown: RankSet,
}

impl Failures {
    /// Looks at a run again, and returns the engines whose failure is to be shown now. A failure is shown at the second look,
    /// together with those that came meanwhile: what fails on one engine mostly fails on others a moment later.
    pub(super) fn due(&mut self, run: &Run) -> RankSet {
        let failed: RankSet = run.parts().filter(|part| part.has_failed()).map(|part| part.engine).collect();
        let known = self.runs.entry(run.id).or_default();
        if known.noticed.iter().all(|engine| known.shown.contains(engine)) {
            known.noticed = failed;
            return RankSet::default();
        }
        let due = failed.iter().filter(|engine| !known.shown.contains(*engine)).collect();
        known.noticed.clone_from(&failed);
        known.shown = failed;
        due
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        engines::EngineId,
        run::{Event, EventKind, LostReason, RunRequest, Slot, Time},
    };

    fn fail(run: &mut Run, slot: u32) {
        let kind = EventKind::Lost(LostReason::EngineDied);
        run.apply(Event { slot: Slot(slot), at: Time(1), kind });
    }

    #[test]
    fn a_failure_is_shown_once_with_those_that_came_meanwhile() {
        let engines = (0..4).map(EngineId).collect();
        let request = RunRequest { code: "code".into(), engines, single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        let mut failures = Failures::default();
        let mut due = |run: &Run| failures.due(run).to_string();
        let none = RankSet::default().to_string();
        assert_eq!(due(&run), none);
        fail(&mut run, 2);
        assert_eq!(due(&run), none);
        fail(&mut run, 0);
        assert_eq!(due(&run), "[0,2]");
        assert_eq!(due(&run), none);
        fail(&mut run, 3);
        assert_eq!(due(&run), none);
        assert_eq!(due(&run), "[3]");
        assert_eq!(due(&run), none);
    }
}
