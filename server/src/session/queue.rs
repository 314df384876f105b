//! Which runs are queued, and which may be sent.
//!
//! A run is sent when no earlier blocking run still holds one of its engines; a non-blocking run is sent at once, to the
//! cluster client, which holds back what follows it on an engine until the engine is past it. The runs of one command
//! ("run all") go one after the other, and stop after the first that fails. Pure: the actor sends and drops what this
//! says.

use std::collections::HashSet;

use super::CellId;
use crate::{
    engines::{EngineId, RankSet},
    run::RunId,
};

/// Why a run is not sent if its cell was run again with other options or code.
pub(super) const REPLACED: &str = "it was run again before its turn came";

/// Why a run is not sent if one before it failed, which was to succeed first.
pub(super) const NOT_REACHED: &str = "a cell before it failed";

/// What the queue knows of a run that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) run: RunId,
    pub(super) cell: CellId,
    pub(super) engines: HashSet<EngineId>,
    pub(super) blocking: bool,
    /// The runs that must end before this one is sent: earlier ones of the same command, and those that a `%pxresult`
    /// between them shows.
    pub(super) after: Vec<After>,
    pub(super) sent: bool,
}

/// A run that another run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct After {
    pub(super) run: RunId,
    /// Whether the waiting run is dropped if this one fails.
    pub(super) must_succeed: bool,
}

/// What the actor must do after a change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Runs to send, in this order.
    pub(super) send: Vec<RunId>,
    /// Runs that will never be sent, with the reason.
    pub(super) drop: Vec<(RunId, String)>,
}

/// Runs that have not ended, in the order in which they were queued.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: Vec<Entry>,
}

impl Queue {
    /// Adds a run, which [`Self::advance`] may send. It replaces a run of the same cell that has not been sent; what
    /// waited for that one now waits for this one. The new run waits neither for the one that it replaces nor for runs
    /// that wait for that one, since they would wait for each other for ever.
    pub(super) fn put(&mut self, mut entry: Entry) -> Steps {
        let mut steps = Steps::default();
        entry.after.retain(|after| self.holds(after.run));
        let replaced = self.entries.iter().position(|old| old.cell == entry.cell && !old.sent);
        match replaced {
            None => self.entries.push(entry),
            // It takes the same place, so that runs waiting for it do not hold its engines before it.
            Some(at) => {
                let new = entry.run;
                let behind = self.waiting_for(self.entries[at].run);
                entry.after.retain(|after| !behind.contains(&after.run));
                let old = std::mem::replace(&mut self.entries[at], entry);
                let waiting = self.entries.iter_mut().flat_map(|entry| &mut entry.after);
                waiting.filter(|after| after.run == old.run).for_each(|after| after.run = new);
                steps.drop.push((old.run, REPLACED.to_owned()));
            }
        }
        steps
    }

    /// Moves a queued run behind other runs, as the newest command wants it: it waits for those instead of the ones
    /// before, except for runs that wait for it.
    pub(super) fn put_behind(&mut self, run: RunId, mut after: Vec<After>) {
        let behind = self.waiting_for(run);
        after.retain(|after| self.holds(after.run) && !behind.contains(&after.run));
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.run == run && !entry.sent) {
            entry.after = after;
        }
    }

    /// Removes a run that has ended.
    pub(super) fn ended(&mut self, run: RunId, succeeded: bool) -> Steps {
        let mut steps = Steps::default();
        self.entries.retain(|entry| entry.run != run);
        let mut doomed = Vec::new();
        for entry in &mut self.entries {
            if !succeeded && entry.after.iter().any(|after| after.run == run && after.must_succeed) {
                doomed.push(entry.run);
            }
            entry.after.retain(|after| after.run != run);
        }
        for follower in doomed {
            self.drop_with_followers(follower, NOT_REACHED, |after| after.must_succeed, &mut steps);
        }
        self.advance(&mut steps);
        steps
    }

    /// Removes runs that have not been sent, and those that wait for them. Other runs may advance only after all of them are
    /// removed: otherwise one of these runs could be sent because another that was removed first no longer holds its engines.
    pub(super) fn withdraw(&mut self, runs: &[RunId], why: &str) -> Steps {
        let mut steps = Steps::default();
        for run in runs {
            if self.entries.iter().any(|entry| entry.run == *run && !entry.sent) {
                self.drop_with_followers(*run, why, |_| true, &mut steps);
            }
        }
        if !steps.drop.is_empty() {
            self.advance(&mut steps);
        }
        steps
    }

    /// Notes the engines that a run is sent to. Engines may have come or gone since the run was queued.
    pub(super) fn sent_to(&mut self, run: RunId, engines: &[EngineId]) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.run == run) {
            entry.engines = engines.iter().copied().collect();
        }
    }

    /// Whether a run is queued or going on.
    pub(super) fn holds(&self, run: RunId) -> bool {
        self.entries.iter().any(|entry| entry.run == run)
    }

    /// Whether no run is queued or going on.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The runs of a cell that are queued or going on.
    pub(super) fn of_cell(&self, cell: CellId) -> impl Iterator<Item = &Entry> + '_ {
        self.entries.iter().filter(move |entry| entry.cell == cell)
    }

    /// Runs that were sent and have not ended.
    pub(super) fn sent(&self) -> impl Iterator<Item = RunId> + '_ {
        self.entries.iter().filter(|entry| entry.sent).map(|entry| entry.run)
    }

    /// Runs that have not been sent.
    pub(super) fn waiting(&self) -> impl Iterator<Item = RunId> + '_ {
        self.entries.iter().filter(|entry| !entry.sent).map(|entry| entry.run)
    }

    /// Runs for any of these engines that are queued or going on, those that wait first.
    pub(super) fn on(&self, engines: &RankSet) -> Vec<RunId> {
        let there = |entry: &&Entry| entry.engines.iter().any(|engine| engines.contains(*engine));
        let (sent, waiting): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().filter(there).partition(|entry| entry.sent);
        waiting.into_iter().chain(sent).map(|entry| entry.run).collect()
    }

    /// A run and all runs that wait for it, directly or through others.
    fn waiting_for(&self, run: RunId) -> HashSet<RunId> {
        let mut found = HashSet::from([run]);
        let mut open = vec![run];
        while let Some(run) = open.pop() {
            let waits = self.entries.iter().filter(|entry| entry.after.iter().any(|after| after.run == run));
            open.extend(waits.map(|entry| entry.run).filter(|run| found.insert(*run)));
        }
        found
    }

    /// Removes a run, and of those that wait for it the ones that `follows` says; the others no longer wait for it.
    fn drop_with_followers(
        &mut self,
        run: RunId,
        why: &str,
        follows: impl Fn(&After) -> bool,
        steps: &mut Steps,
    ) {
        let mut doomed = vec![run];
        while let Some(run) = doomed.pop() {
            if !self.holds(run) {
                continue;
            }
            self.entries.retain(|entry| entry.run != run);
            for entry in &mut self.entries {
                if entry.after.iter().any(|after| after.run == run && follows(after)) {
                    doomed.push(entry.run);
                }
                entry.after.retain(|after| after.run != run);
            }
            steps.drop.push((run, why.to_owned()));
        }
    }

    /// Sends the runs whose turn has come.
    pub(super) fn advance(&mut self, steps: &mut Steps) {
        let mut held: HashSet<EngineId> = HashSet::new();
        let mut passed: HashSet<RunId> = HashSet::new();
        for entry in &mut self.entries {
            let free = !entry.blocking || entry.engines.is_disjoint(&held);
            if !entry.sent && entry.after.is_empty() && free {
                entry.sent = true;
                steps.send.push(entry.run);
            }
            // A run that waits for a later one, directly or through others, must not hold engines that the later one needs. That
            // happens when cells were moved and run again.
            let waits_for_later = entry.after.iter().any(|after| !passed.contains(&after.run));
            if entry.blocking && !waits_for_later {
                held.extend(&entry.engines);
            }
            if !waits_for_later {
                passed.insert(entry.run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Queue {
        fn add(&mut self, entry: Entry) -> Steps {
            let mut steps = self.put(entry);
            self.advance(&mut steps);
            steps
        }
    }

    fn entry(run: u32, engines: impl IntoIterator<Item = u32>) -> Entry {
        Entry {
            run: RunId(run),
            cell: CellId(run),
            engines: engines.into_iter().map(EngineId).collect(),
            blocking: true,
            after: Vec::new(),
            sent: false,
        }
    }

    fn after(run: u32) -> Vec<After> {
        vec![After { run: RunId(run), must_succeed: true }]
    }

    fn sends(steps: &Steps) -> Vec<u32> {
        steps.send.iter().map(|run| run.0).collect()
    }

    fn drops(steps: &Steps) -> Vec<u32> {
        steps.drop.iter().map(|(run, _)| run.0).collect()
    }

    #[test]
    fn a_run_waits_for_an_earlier_one_that_holds_its_engine() {
        let mut queue = Queue::default();
        assert_eq!(sends(&queue.add(entry(1, [0, 1]))), [1]);
        assert_eq!(sends(&queue.add(entry(2, [1, 2]))), [] as [u32; 0]);
        assert_eq!(sends(&queue.add(entry(3, [3]))), [3]);
        // Engine 2 is idle, but run 2 is first in line for it.
        assert_eq!(sends(&queue.add(entry(4, [2]))), [] as [u32; 0]);
        assert_eq!(sends(&queue.ended(RunId(1), true)), [2]);
        assert_eq!(sends(&queue.ended(RunId(2), true)), [4]);
    }

    #[test]
    fn a_non_blocking_run_is_sent_at_once_and_holds_nothing() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        assert_eq!(sends(&queue.add(Entry { blocking: false, ..entry(2, [0]) })), [2]);
        assert_eq!(sends(&queue.ended(RunId(1), true)), [] as [u32; 0]);
        assert_eq!(sends(&queue.add(entry(3, [0]))), [3]);
    }

    #[test]
    fn a_failed_cell_stops_the_ones_that_were_asked_for_with_it() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(Entry { after: after(1), ..entry(2, [1]) });
        queue.add(Entry { after: after(2), ..entry(3, [1]) });
        queue.add(entry(4, [0]));
        let steps = queue.ended(RunId(1), false);
        assert_eq!((sends(&steps), drops(&steps)), (vec![4], vec![2, 3]));
    }

    #[test]
    fn running_a_cell_again_replaces_its_queued_run_and_leaves_the_running_one() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        let again = |run| Entry { cell: CellId(1), ..entry(run, [0]) };
        assert_eq!(drops(&queue.add(again(2))), [] as [u32; 0]);
        assert_eq!(drops(&queue.add(again(3))), [2]);
        assert_eq!(sends(&queue.ended(RunId(1), true)), [3]);
    }

    #[test]
    fn runs_that_waited_for_a_replaced_run_wait_for_the_new_one() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(Entry { after: after(1), ..entry(2, [0]) });
        queue.add(Entry { after: after(2), ..entry(3, [0]) });
        let steps = queue.add(Entry { cell: CellId(2), ..entry(4, [0]) });
        assert_eq!((sends(&steps), drops(&steps)), (vec![], vec![2]));
        assert_eq!(sends(&queue.ended(RunId(1), true)), [4]);
        assert_eq!(sends(&queue.ended(RunId(4), true)), [3]);
    }

    #[test]
    fn a_run_that_waits_for_a_later_one_does_not_hold_its_engines() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(entry(3, [0]));
        // Cell 2 was moved below cell 3, and both are run again.
        queue.add(Entry { cell: CellId(3), ..entry(4, [0]) });
        queue.add(Entry { cell: CellId(2), after: after(4), ..entry(5, [0]) });
        assert_eq!(sends(&queue.ended(RunId(1), true)), [4]);
        assert_eq!(sends(&queue.ended(RunId(4), true)), [5]);
    }

    #[test]
    fn keep_going_still_runs_cells_one_after_the_other() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        let after = vec![After { run: RunId(1), must_succeed: false }];
        assert_eq!(sends(&queue.add(Entry { after, ..entry(2, [1]) })), [] as [u32; 0]);
        assert_eq!(sends(&queue.ended(RunId(1), false)), [2]);
    }

    #[test]
    fn what_only_comes_after_a_dropped_run_is_sent() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(Entry { after: after(1), ..entry(2, [0]) });
        let last = vec![After { run: RunId(2), must_succeed: false }];
        queue.add(Entry { after: last, ..entry(3, [0]) });
        let steps = queue.ended(RunId(1), false);
        assert_eq!((sends(&steps), drops(&steps)), (vec![3], vec![2]));
    }

    #[test]
    fn a_run_is_sent_when_all_it_waits_for_have_ended_and_dropped_when_one_failed() {
        for (succeeded, expected) in [(true, (vec![4], vec![])), (false, (vec![], vec![4]))] {
            let mut queue = Queue::default();
            queue.add(Entry { blocking: false, ..entry(1, [0]) });
            queue.add(entry(2, [1]));
            let both = [after(1), after(2)].concat();
            queue.add(entry(3, [3]));
            assert_eq!(sends(&queue.add(Entry { after: both, ..entry(4, [2]) })), [] as [u32; 0]);
            assert_eq!(sends(&queue.ended(RunId(2), true)), [] as [u32; 0]);
            let steps = queue.ended(RunId(1), succeeded);
            assert_eq!((sends(&steps), drops(&steps)), expected);
            assert!(queue.holds(RunId(3)) && !queue.holds(RunId(1)));
        }
    }

    #[test]
    fn a_run_does_not_wait_for_the_one_it_replaces() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(Entry { cell: CellId(2), after: after(2), ..entry(3, [0]) });
        assert_eq!(sends(&queue.ended(RunId(1), true)), [3]);
    }

    #[test]
    fn runs_of_two_cells_that_are_run_again_do_not_wait_for_each_other() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(Entry { after: after(2), ..entry(3, [0]) });
        queue.add(Entry { cell: CellId(2), after: after(3), ..entry(4, [0]) });
        queue.add(Entry { cell: CellId(3), after: after(4), ..entry(5, [0]) });
        assert_eq!(sends(&queue.ended(RunId(1), true)), [4]);
        assert_eq!(sends(&queue.ended(RunId(4), true)), [5]);
    }

    #[test]
    fn a_queued_run_that_is_run_again_waits_for_what_the_newest_command_puts_before_it() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [1]));
        queue.add(Entry { blocking: false, after: after(1), ..entry(3, [0]) });
        // Behind run 2 now, and no longer behind run 1.
        queue.put_behind(RunId(3), after(2));
        assert_eq!(sends(&queue.ended(RunId(1), false)), [] as [u32; 0]);
        assert_eq!(sends(&queue.ended(RunId(2), true)), [3]);
        assert_eq!(drops(&queue.ended(RunId(3), true)), [] as [u32; 0]);
    }

    #[test]
    fn a_run_never_waits_for_a_run_that_waits_for_it() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(Entry { after: after(2), ..entry(3, [0]) });
        queue.put_behind(RunId(2), after(3));
        assert_eq!(sends(&queue.ended(RunId(1), true)), [2]);
        assert_eq!(sends(&queue.ended(RunId(2), true)), [3]);
    }

    #[test]
    fn nothing_is_sent_before_the_queue_advances() {
        let mut queue = Queue::default();
        queue.put(entry(1, [0]));
        assert_eq!(drops(&queue.put(Entry { cell: CellId(1), ..entry(2, [0]) })), [1]);
        let mut steps = Steps::default();
        queue.advance(&mut steps);
        assert_eq!(sends(&steps), [2]);
    }

    /// A step of the property: adds a run of a cell, runs a queued one again, ends one that was sent, or withdraws a
    /// queued one.
    #[derive(Clone, Debug)]
    enum Step {
        Add { cell: u32, engines: Vec<u32>, blocking: bool, after: Vec<u32> },
        Again { which: u32, after: Vec<u32> },
        End(u32, bool),
        Withdraw(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let engines = proptest::collection::vec(0..3_u32, 1..3);
        let back = proptest::collection::vec(1..8_u32, 0..3);
        let again = back.clone();
        prop_oneof![
            1 => (0..8_u32, again).prop_map(|(which, after)| Step::Again { which, after }),
            4 => (0..4_u32, engines, proptest::bool::weighted(0.8), back)
                .prop_map(|(cell, engines, blocking, after)| Step::Add { cell, engines, blocking, after }),
            1 => (0..8_u32, any::<bool>()).prop_map(|(which, succeeded)| Step::End(which, succeeded)),
            1 => (0..8_u32).prop_map(Step::Withdraw),
        ]
    }

    fn pick(runs: impl Iterator<Item = RunId>, which: u32) -> Option<RunId> {
        let runs: Vec<RunId> = runs.collect();
        runs.get(which as usize % runs.len().max(1)).copied()
    }

    proptest! {
        #[test]
        fn no_run_waits_for_ever(steps in proptest::collection::vec(step(), 1..40)) {
            let mut queue = Queue::default();
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Add { cell, engines, blocking, after: back } => {
                        next += 1;
                        let after = back.iter().filter(|back| **back < next).flat_map(|back| after(next - back));
                        let after = after.collect();
                        queue.add(Entry { cell: CellId(cell), blocking, after, ..entry(next, engines) });
                    }
                    Step::Again { which, after: back } => {
                        if let Some(run) = pick(queue.waiting(), which) {
                            let after = back.iter().filter(|back| **back < next).flat_map(|back| after(next - back));
                            queue.put_behind(run, after.collect());
                            queue.advance(&mut Steps::default());
                        }
                    }
                    Step::End(which, succeeded) => {
                        if let Some(run) = pick(queue.sent(), which) {
                            queue.ended(run, succeeded);
                        }
                    }
                    Step::Withdraw(which) => {
                        if let Some(run) = pick(queue.waiting(), which) {
                            queue.withdraw(&[run], "a test");
                        }
                    }
                }
            }
            while let Some(run) = pick(queue.sent(), 0) {
                queue.ended(run, true);
            }
            prop_assert!(queue.is_empty(), "{queue:?}");
        }
    }

    #[test]
    fn a_withdrawn_run_takes_its_followers_along() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(Entry { after: after(2), ..entry(3, [0]) });
        let steps = queue.withdraw(&[RunId(2)], "interrupted");
        assert_eq!(drops(&steps), [2, 3]);
        assert_eq!(queue.sent().count(), 1);
        assert_eq!(queue.waiting().count(), 0);
    }

    /// When everything was interrupted, the third run used to be sent in place of the second, and kept running.
    #[test]
    fn of_runs_that_are_withdrawn_together_none_is_sent() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0, 1]));
        queue.add(entry(3, [1]));
        let steps = queue.withdraw(&[RunId(2), RunId(3)], "interrupted");
        assert_eq!((sends(&steps), drops(&steps)), (vec![], vec![2, 3]));
        assert_eq!(sends(&queue.add(entry(4, [1]))), [4]);
    }

    #[test]
    fn a_run_holds_the_engines_that_it_was_sent_to() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.sent_to(RunId(1), &[EngineId(1), EngineId(2)]);
        assert_eq!(sends(&queue.add(entry(2, [2]))), [] as [u32; 0]);
        assert_eq!(sends(&queue.add(entry(3, [0]))), [3]);
        assert_eq!(sends(&queue.ended(RunId(1), true)), [2]);
    }
}
