//! Which runs wait, and which may be sent.
//!
//! A run is sent when no earlier blocking run still holds one of its engines; a non-blocking one at once. Runs of one ask
//! ("run all") go one after the other, and stop after the first that fails. Pure: the actor sends and drops what this says.

use std::collections::HashSet;

use super::CellId;
use crate::{engines::EngineId, run::RunId};

/// A run that has not ended, as far as the queue cares.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) run: RunId,
    pub(super) cell: CellId,
    pub(super) engines: HashSet<EngineId>,
    pub(super) blocking: bool,
    /// The run of the same ask that must have succeeded before this one may go.
    pub(super) after: Option<RunId>,
    pub(super) sent: bool,
}

/// What is to be done after something changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// In this order.
    pub(super) send: Vec<RunId>,
    /// These will never be sent.
    pub(super) drop: Vec<(RunId, String)>,
}

/// Runs that have not ended, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: Vec<Entry>,
}

impl Queue {
    /// Adds a run. One of the same cell that still waits is replaced.
    pub(super) fn add(&mut self, entry: Entry) -> Steps {
        let mut steps = Steps::default();
        let replaced: Vec<RunId> = self
            .entries
            .iter()
            .filter(|old| old.cell == entry.cell && !old.sent)
            .map(|old| old.run)
            .collect();
        for old in replaced {
            self.drop_with_followers(old, "it was asked for again before its turn came", &mut steps);
        }
        self.entries.push(entry);
        self.advance(&mut steps);
        steps
    }

    /// A run has ended.
    pub(super) fn ended(&mut self, run: RunId, succeeded: bool) -> Steps {
        let mut steps = Steps::default();
        self.entries.retain(|entry| entry.run != run);
        let followers: Vec<RunId> =
            self.entries.iter().filter(|entry| entry.after == Some(run)).map(|entry| entry.run).collect();
        for follower in followers {
            if succeeded {
                self.entries
                    .iter_mut()
                    .filter(|entry| entry.run == follower)
                    .for_each(|entry| entry.after = None);
            } else {
                self.drop_with_followers(follower, "a cell before it failed", &mut steps);
            }
        }
        self.advance(&mut steps);
        steps
    }

    /// Takes out a run that still waits, and those that wait for it.
    pub(super) fn withdraw(&mut self, run: RunId, why: &str) -> Steps {
        let mut steps = Steps::default();
        if self.entries.iter().any(|entry| entry.run == run && !entry.sent) {
            self.drop_with_followers(run, why, &mut steps);
            self.advance(&mut steps);
        }
        steps
    }

    /// Whether no run waits or goes on.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What waits or goes on of a cell.
    pub(super) fn of_cell(&self, cell: CellId) -> impl Iterator<Item = &Entry> + '_ {
        self.entries.iter().filter(move |entry| entry.cell == cell)
    }

    /// Runs that were sent and have not ended.
    pub(super) fn sent(&self) -> impl Iterator<Item = RunId> + '_ {
        self.entries.iter().filter(|entry| entry.sent).map(|entry| entry.run)
    }

    /// Runs that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = RunId> + '_ {
        self.entries.iter().filter(|entry| !entry.sent).map(|entry| entry.run)
    }

    fn drop_with_followers(&mut self, run: RunId, why: &str, steps: &mut Steps) {
        let mut doomed = vec![run];
        while let Some(run) = doomed.pop() {
            doomed
                .extend(self.entries.iter().filter(|entry| entry.after == Some(run)).map(|entry| entry.run));
            self.entries.retain(|entry| entry.run != run);
            steps.drop.push((run, why.to_owned()));
        }
    }

    fn advance(&mut self, steps: &mut Steps) {
        let mut held: HashSet<EngineId> = HashSet::new();
        for entry in &mut self.entries {
            let free = !entry.blocking || entry.engines.is_disjoint(&held);
            if !entry.sent && entry.after.is_none() && free {
                entry.sent = true;
                steps.send.push(entry.run);
            }
            if entry.blocking {
                held.extend(&entry.engines);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(run: u32, engines: impl IntoIterator<Item = u32>) -> Entry {
        Entry {
            run: RunId(run),
            cell: CellId(run),
            engines: engines.into_iter().map(EngineId).collect(),
            blocking: true,
            after: None,
            sent: false,
        }
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
        queue.add(Entry { after: Some(RunId(1)), ..entry(2, [1]) });
        queue.add(Entry { after: Some(RunId(2)), ..entry(3, [1]) });
        queue.add(entry(4, [0]));
        let steps = queue.ended(RunId(1), false);
        assert_eq!((sends(&steps), drops(&steps)), (vec![4], vec![2, 3]));
    }

    #[test]
    fn asking_again_replaces_what_waits_and_leaves_what_runs() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        let again = |run| Entry { cell: CellId(1), ..entry(run, [0]) };
        assert_eq!(drops(&queue.add(again(2))), [] as [u32; 0]);
        assert_eq!(drops(&queue.add(again(3))), [2]);
        assert_eq!(sends(&queue.ended(RunId(1), true)), [3]);
    }

    #[test]
    fn a_withdrawn_run_takes_its_followers_along() {
        let mut queue = Queue::default();
        queue.add(entry(1, [0]));
        queue.add(entry(2, [0]));
        queue.add(Entry { after: Some(RunId(2)), ..entry(3, [0]) });
        let steps = queue.withdraw(RunId(2), "interrupted");
        assert_eq!(drops(&steps), [2, 3]);
        assert_eq!(queue.sent().count(), 1);
        assert_eq!(queue.waiting().count(), 0);
    }
}
