//! Groups engines whose output is identical or alike.

use std::{
    cmp::Reverse,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use smallvec::SmallVec;

use crate::{
    engines::{EngineId, RankSet},
    run::{Ending, Fingerprint, Run, Slot, rules::Rule},
};

/// Engines whose output is identical or alike, and whose parts ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The engines of the group.
    pub ranks: RankSet,
    /// Their requests, in rising order. Stored inline where they are few: a thousand engines may be a thousand groups.
    pub slots: SmallVec<[Slot; 4]>,
    /// How they ended; `None` while they have not.
    pub ending: Option<Ending>,
    /// The slot of the lowest engine; where output is identical, it stands for all of them.
    pub representative: Slot,
    /// Whether their output is identical; otherwise it differs in numbers and other tokens.
    pub identical: bool,
}

/// The groups of a run: the largest first, among equals the one with the lowest rank.
///
/// How an engine ended is part of what is compared. Engines that have not ended are grouped by what they wrote so far, so
/// those with nothing yet are one group.
pub fn fold(run: &Run) -> Vec<Group> {
    let count = run.parts().len();
    let mut known: HashMap<u64, usize, BuildHasherDefault<AsItIs>> =
        HashMap::with_capacity_and_hasher(count, BuildHasherDefault::default());
    let mut members = Vec::with_capacity(count);
    for (part, slot) in run.parts().zip((0..).map(Slot)) {
        let fingerprint = part.fingerprint();
        let next = known.len();
        let kind = *known.entry(fingerprint.shape()).or_insert(next);
        members.push(Member { kind, slot, engine: part.engine, fingerprint });
    }
    members.sort_by_key(|member| member.kind);
    let mut groups: Vec<Group> = Vec::with_capacity(known.len());
    for members in members.chunk_by(|a, b| a.kind == b.kind) {
        match majority(members).filter(|_| Rule::Majority.applies()) {
            None => groups.extend(group(run, members)),
            Some(same) => {
                let (many, few): (Vec<_>, Vec<_>) =
                    members.iter().copied().partition(|member| member.fingerprint == same);
                groups.extend(group(run, &many));
                groups.extend(group(run, &few));
            }
        }
    }
    groups.sort_by_key(|group| (Reverse(group.slots.len()), group.ranks.first()));
    groups
}

/// An engine's part before it is put into a group.
#[derive(Clone, Copy)]
struct Member {
    /// The same number for parts that are alike, in order of the first of them.
    kind: usize,
    slot: Slot,
    engine: EngineId,
    fingerprint: Fingerprint,
}

/// The output that at least three quarters of the engines share byte for byte, if these are three or more and not all.
fn majority(members: &[Member]) -> Option<Fingerprint> {
    // Boyer and Moore's majority vote.
    let (mut candidate, mut votes) = (members.first()?.fingerprint, 0usize);
    for Member { fingerprint, .. } in members {
        match (*fingerprint == candidate, votes) {
            (true, _) => votes += 1,
            (false, 0) => (candidate, votes) = (*fingerprint, 1),
            (false, _) => votes -= 1,
        }
    }
    let count = members.iter().filter(|member| member.fingerprint == candidate).count();
    (count >= 3 && count < members.len() && count * 4 >= members.len() * 3).then_some(candidate)
}

fn group(run: &Run, members: &[Member]) -> Option<Group> {
    let first = members.iter().min_by_key(|member| (member.engine, member.slot))?;
    Some(Group {
        ranks: members.iter().map(|member| member.engine).collect(),
        slots: members.iter().map(|member| member.slot).collect(),
        ending: run.part(first.slot)?.ending().cloned(),
        representative: first.slot,
        identical: members.iter().all(|member| member.fingerprint == first.fingerprint),
    })
}

/// A hasher for keys that are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
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
                    Some(Ending::Aborted(_)) => "aborted".to_owned(),
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
        assert_eq!(groups[0].slots.as_slice(), [Slot(0), Slot(1), Slot(2)]);
    }
}
