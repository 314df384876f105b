//! Engines of a run, chosen by how they did: whom to ask again, and whom to stop.

use super::fold::fold;
use crate::{
    engines::RankSet,
    run::{Ending, Run},
};

/// The engines whose part ended, and not well: they raised, dropped the request, or were lost.
pub fn failed(run: &Run) -> RankSet {
    let failed = |ending: &Ending| *ending != Ending::Ok;
    run.parts().filter(|part| part.ending().is_some_and(failed)).map(|part| part.engine).collect()
}

/// The engines whose output is not like that of the largest group: all groups of the fold but the first.
pub fn differing(run: &Run) -> RankSet {
    fold(run).iter().skip(1).flat_map(|group| group.ranks.iter()).collect()
}

/// The engines that are still at it while at least half of the run has ended; none before that.
pub fn stragglers(run: &Run) -> RankSet {
    let ended = run.parts().filter(|part| part.ending().is_some()).count();
    match ended > 0 && ended * 2 >= run.parts().len() {
        true => run.pending(),
        false => RankSet::default(),
    }
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
    fn who_is_not_in_the_largest_group_differs() {
        let found = differing(&run(&["left", "right", "left", "up"], &[0, 1, 2, 3]).run());
        assert_eq!(found.to_string(), "[1,3]");
        assert!(differing(&run(&["left", "left"], &[0, 1]).run()).is_empty());
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
