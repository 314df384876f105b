//! Chooses engines of a run by how they ended: those to run again, and those to stop.

use super::fold::fold;
use crate::{
    engines::RankSet,
    run::{Ending, EngineRun, Phase, Run},
};

/// The engines whose part ended, and not well: they raised, dropped the request, or were lost.
pub(crate) fn failed(run: &Run) -> RankSet {
    let failed = |ending: &Ending| *ending != Ending::Ok;
    run.parts().filter(|part| part.ending().is_some_and(failed)).map(|part| part.engine).collect()
}

/// The engines outside the reference group: the largest of the groups that ended well, or the largest of all if none did.
pub(crate) fn differing(run: &Run) -> RankSet {
    let groups = fold(run);
    // The largest comes first.
    let reference = (0..groups.len()).min_by_key(|&at| !matches!(groups[at].ending, Some(Ending::Ok)));
    let others = groups.iter().enumerate().filter(|(at, _)| Some(*at) != reference);
    others.flat_map(|(_, group)| group.ranks.iter()).collect()
}

/// The engines that have not ended, once at least half of them have; none before that.
pub(crate) fn stragglers(run: &Run) -> RankSet {
    let ended = run.parts().filter(|part| part.ending().is_some()).count();
    if ended == 0 || ended * 2 < run.parts().len() {
        return RankSet::default();
    }
    let at_it = |part: &&EngineRun| part.ending().is_none() && part.phase != Phase::Queued;
    run.parts().filter(at_it).map(|part| part.engine).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    /// A run whose engines wrote these texts; those in the slots `ended` ended well.
    fn run(texts: &[&str], ended: &[u32]) -> Sample {
        let engines = u32::try_from(texts.len()).unwrap();
        let written = (0..)
            .zip(texts)
            .fold(Sample::new(engines), |run, (slot, text)| run.busy(slot).stdout(slot, text));
        ended.iter().copied().fold(written, Sample::ok)
    }

    #[test]
    fn who_raised_or_dropped_it_failed_and_who_goes_on_did_not() {
        let run = run(&["a"; 4], &[0]).raise(1, "E", "no", &[]).aborted(3).run();
        assert_eq!(failed(&run).to_string(), "[1,3]");
    }

    #[test]
    fn who_is_not_like_the_largest_group_that_ended_well_differs() {
        let found = differing(&run(&["left", "right", "left", "up"], &[0, 1, 2, 3]).run());
        assert_eq!(found.to_string(), "[1,3]");
        assert!(differing(&run(&["left", "left"], &[0, 1]).run()).is_empty());
        let most_failed = (0..3).fold(run(&["a"; 4], &[3]), |run, slot| run.raise(slot, "E", "no", &[]));
        assert_eq!(differing(&most_failed.run()).to_string(), "[0-2]");
    }

    #[test]
    fn nobody_straggles_before_half_have_ended_or_after_all_have() {
        let none: &[u32] = &[];
        for (ended, late) in
            [(none, none), (&[1], none), (&[1, 3], &[0, 2]), (&[0, 1, 3], &[2]), (&[0, 1, 2, 3], none)]
        {
            let found: Vec<u32> =
                stragglers(&run(&["a"; 4], ended).run()).iter().map(|engine| engine.0).collect();
            assert_eq!(found, late, "ended: {ended:?}");
        }
    }
}
