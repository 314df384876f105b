//! Engines that did the same, put together.

use std::collections::HashMap;

use super::errors::stack_text;
use crate::{
    engines::RankSet,
    run::{Ending, EngineRun, LostReason, Run, Slot},
};

/// Engines whose output is identical, and whose parts ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which engines.
    pub ranks: RankSet,
    /// Their places among the requests, rising.
    pub slots: Vec<Slot>,
    /// How they ended; `None` while they have not.
    pub ending: Option<Ending>,
    /// The slot whose output stands for all of them: the one of the lowest engine.
    pub representative: Slot,
}

/// What makes two parts alike. Counters are left out: `In [n]` differs between engines that ran a different number of cells.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    output: [u8; 32],
    ending: Option<EndingKey>,
}

#[derive(PartialEq, Eq, Hash)]
enum EndingKey {
    Ok,
    Error { ename: String, evalue: String, stack: String },
    Aborted,
    Lost(LostReason),
}

impl Likeness {
    fn of(part: &EngineRun) -> Self {
        let ending = part.ending().map(|ending| match ending {
            Ending::Ok => EndingKey::Ok,
            Ending::Error(error) => EndingKey::Error {
                ename: error.ename.clone(),
                evalue: error.evalue.clone(),
                stack: stack_text(error, part.execution_count),
            },
            Ending::Aborted => EndingKey::Aborted,
            Ending::Lost(reason) => EndingKey::Lost(reason.clone()),
        });
        Self { output: part.output_digest(), ending }
    }
}

/// The groups of a run: the largest first, among equals the one with the lowest rank.
///
/// How an engine ended is part of what is compared. Engines that have not ended are grouped by what they wrote so far, so
/// those with nothing yet are one group.
pub fn fold(run: &Run) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<Likeness, usize> = HashMap::new();
    for (part, slot) in run.parts().zip((0..).map(Slot)) {
        let index = *known.entry(Likeness::of(part)).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.slots.push(slot),
            None => groups.push(Group {
                ranks: RankSet::default(),
                slots: vec![slot],
                ending: part.ending().cloned(),
                representative: slot,
            }),
        }
    }
    for group in &mut groups {
        let engine = |slot: &Slot| run.part(*slot).map(|part| part.engine);
        group.ranks = group.slots.iter().filter_map(engine).collect();
        if let Some(&lowest) = group.slots.iter().min_by_key(|slot| (engine(slot), **slot)) {
            group.representative = lowest;
        }
    }
    groups.sort_by_key(|group| (std::cmp::Reverse(group.slots.len()), group.ranks.first()));
    groups
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    fn check(sample: Sample, expected: Expect) {
        let text: String = fold(&sample.run())
            .iter()
            .map(|group| {
                let ending = match &group.ending {
                    None => "pending".to_owned(),
                    Some(Ending::Ok) => "ok".to_owned(),
                    Some(Ending::Error(error)) => error.ename.clone(),
                    Some(Ending::Aborted) => "aborted".to_owned(),
                    Some(Ending::Lost(why)) => format!("lost: {why}"),
                };
                format!("{} {ending}\n", group.ranks)
            })
            .collect();
        expected.assert_eq(&text);
    }

    #[test]
    fn identical_output_is_one_group_and_larger_groups_come_first() {
        let sample = Sample::new(5)
            .stdout(0, "odd\n")
            .stdout(1, "hi\n")
            .stdout(2, "hi\n")
            .stdout(3, "also odd\n")
            .stdout(4, "hi\n")
            .all_ok();
        check(
            sample,
            expect![[r#"
                [1-2,4] ok
                [0] ok
                [3] ok
            "#]],
        );
    }

    #[test]
    fn how_it_ended_tells_engines_apart_that_printed_the_same() {
        let sample = Sample::new(6)
            .ok(0)
            .raise(1, "ValueError", "bad", &["ValueError: bad"])
            .raise(2, "ValueError", "bad", &["ValueError: bad"])
            .raise(3, "ValueError", "worse", &["ValueError: worse"])
            .aborted(4)
            .lost(5, LostReason::EngineDied);
        check(
            sample,
            expect![[r#"
                [1-2] ValueError
                [0] ok
                [3] ValueError
                [4] aborted
                [5] lost: the engine died
            "#]],
        );
    }

    #[test]
    fn engines_with_nothing_yet_are_one_pending_group() {
        let sample = Sample::new(4).busy(0).stdout(1, "step 1\n").ok(3);
        check(
            sample,
            expect![[r#"
                [0,2] pending
                [1] pending
                [3] ok
            "#]],
        );
    }

    #[test]
    fn a_counter_that_differs_between_engines_does_not_split_a_group() {
        let traceback =
            |n: u32| format!("Cell In[{n}], line 1\n----> 1 1/0\n\nZeroDivisionError: division by zero");
        let sample = Sample::new(2)
            .input(0, 3)
            .input(1, 7)
            .raise(0, "ZeroDivisionError", "division by zero", &[&traceback(3)])
            .raise(1, "ZeroDivisionError", "division by zero", &[&traceback(7)]);
        check(
            sample,
            expect![[r#"
                [0-1] ZeroDivisionError
            "#]],
        );
    }

    #[test]
    fn the_same_engine_asked_twice_is_one_rank_and_two_slots() {
        let run = Sample::of(&[0, 0, 1]).all_ok().run();
        let groups = fold(&run);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].ranks.to_string(), "[0-1]");
        assert_eq!(groups[0].slots, [Slot(0), Slot(1), Slot(2)]);
    }
}
