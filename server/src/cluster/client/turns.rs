//! The requests that are not sent yet: behind a `--noblock` request, later ones wait until the engine is past it.
//!
//! This lets pxlens drop what is queued behind a `--noblock` run that failed. Engines would do that by themselves if a request
//! asked for it (`stop_on_error`), but they would drop the requests of other clients too. A request that waits here was not
//! sent: it has no message id and no time limit, and the engine does not know of it. Behind any other request, the next one
//! is sent at once, since the failure of that request drops nothing.
//!
//! Holds no socket and reads no clock.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    engines::{EngineId, EngineUuid, RankSet},
    jupyter::MsgId,
    run::{RunId, Slot},
};

/// A request that is to be sent to one engine.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) run: RunId,
    pub(super) slot: Slot,
    pub(super) engine: EngineId,
    pub(super) uuid: EngineUuid,
    /// The content of the message.
    pub(super) content: Bytes,
    /// Bytes of code that it keeps in memory; 0 for all but the first request that shares the content.
    pub(super) size: usize,
    /// See [`Execute::noblock`](super::Execute::noblock).
    pub(super) noblock: Option<Arc<str>>,
}

/// The requests that wait, in order for each engine.
#[derive(Default)]
pub(super) struct Turns {
    engines: HashMap<EngineUuid, EngineQueue>,
    /// Engines that may have a request whose turn has come.
    free: VecDeque<EngineUuid>,
    waiting: usize,
    bytes: usize,
}

#[derive(Default)]
struct EngineQueue {
    /// The newest `--noblock` request that was sent, unless the engine is past it. While there is one, the others wait.
    sent: Option<MsgId>,
    waiting: VecDeque<Turn>,
}

impl Turns {
    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes of code in the requests that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The requests that were sent and that hold up others.
    pub(super) fn held_for(&self) -> impl Iterator<Item = &MsgId> {
        self.engines
            .values()
            .filter(|queue| !queue.waiting.is_empty())
            .filter_map(|queue| queue.sent.as_ref())
    }

    /// Adds a request behind the others of its engine.
    pub(super) fn put(&mut self, turn: Turn) {
        self.waiting += 1;
        self.bytes += turn.size;
        let queue = self.engines.entry(turn.uuid.clone()).or_default();
        if queue.sent.is_none() {
            self.free.push_back(turn.uuid.clone());
        }
        queue.waiting.push_back(turn);
    }

    /// Removes a request whose turn has come, and returns it. If a `--noblock` one is then sent, the caller reports that by
    /// [`Self::sent`].
    pub(super) fn next(&mut self) -> Option<Turn> {
        while let Some(uuid) = self.free.pop_front() {
            let Some(queue) = self.engines.get_mut(&uuid).filter(|queue| queue.sent.is_none()) else {
                continue;
            };
            if let Some(turn) = queue.waiting.pop_front() {
                self.free.push_back(uuid);
                self.waiting -= 1;
                self.bytes -= turn.size;
                return Some(turn);
            }
            self.engines.remove(&uuid);
        }
        None
    }

    /// Notes that a `--noblock` request was sent: later ones to its engine wait.
    pub(super) fn sent(&mut self, engine: &EngineUuid, id: MsgId) {
        self.engines.entry(engine.clone()).or_default().sent = Some(id);
    }

    /// Notes that the engine is past this request, or will never get to it.
    pub(super) fn passed(&mut self, engine: &EngineUuid, id: &MsgId) {
        if let Some(queue) = self.engines.get_mut(engine).filter(|queue| queue.sent.as_ref() == Some(id)) {
            queue.sent = None;
            self.free.push_back(engine.clone());
        }
    }

    /// Removes what a `--noblock` request that failed on this engine aborts, and returns it: the requests that wait there, up to
    /// the first that is not `--noblock`.
    pub(super) fn abort(&mut self, engine: &EngineUuid) -> Vec<Turn> {
        let Some(queue) = self.engines.get_mut(engine) else { return Vec::new() };
        let until =
            queue.waiting.iter().position(|turn| turn.noblock.is_none()).unwrap_or(queue.waiting.len());
        let aborted: Vec<Turn> = queue.waiting.drain(..until).collect();
        self.subtract(&aborted);
        aborted
    }

    /// Removes the waiting requests of a run, on some of its engines or on all, and returns them.
    pub(super) fn withdraw(&mut self, run: RunId, engines: Option<&RankSet>) -> Vec<Turn> {
        let is_meant =
            |turn: &Turn| turn.run == run && engines.is_none_or(|engines| engines.contains(turn.engine));
        self.remove_where(is_meant)
    }

    /// Removes everything that waits, and returns it.
    pub(super) fn clear(&mut self) -> Vec<Turn> {
        self.remove_where(|_| true)
    }

    fn remove_where(&mut self, is_meant: impl Fn(&Turn) -> bool) -> Vec<Turn> {
        let mut taken = Vec::new();
        for queue in self.engines.values_mut() {
            let (out, stays): (VecDeque<_>, _) =
                std::mem::take(&mut queue.waiting).into_iter().partition(&is_meant);
            queue.waiting = stays;
            taken.extend(out);
        }
        self.subtract(&taken);
        taken
    }

    fn subtract(&mut self, turns: &[Turn]) {
        self.waiting -= turns.len();
        self.bytes -= turns.iter().map(|turn| turn.size).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(run: u32, engine: u32, noblock: bool) -> Turn {
        Turn {
            run: RunId(run),
            slot: Slot(0),
            engine: EngineId(engine),
            uuid: uuid(engine),
            content: Bytes::new(),
            size: 1,
            noblock: noblock.then(|| format!("run {run}").into()),
        }
    }

    fn uuid(engine: u32) -> EngineUuid {
        EngineUuid::from(format!("uuid-{engine}").as_str())
    }

    fn id(run: u32) -> MsgId {
        MsgId::from(format!("message-{run}").as_str())
    }

    fn runs(turns: &[Turn]) -> Vec<u32> {
        turns.iter().map(|turn| turn.run.0).collect()
    }

    /// Sends what may be sent.
    fn send(turns: &mut Turns) -> Vec<u32> {
        let mut sent = Vec::new();
        while let Some(turn) = turns.next() {
            if turn.noblock.is_some() {
                turns.sent(&turn.uuid, id(turn.run.0));
            }
            sent.push(turn.run.0);
        }
        sent.sort_unstable();
        sent
    }

    #[test]
    fn each_engine_gets_one_noblock_request_after_the_other() {
        let mut turns = Turns::default();
        for (run, engine) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
            turns.put(turn(run, engine, true));
        }
        assert_eq!(send(&mut turns), [1, 3]);
        turns.passed(&uuid(0), &id(3));
        assert_eq!(send(&mut turns), [] as [u32; 0]);
        turns.passed(&uuid(0), &id(1));
        assert_eq!(send(&mut turns), [2]);
        assert_eq!((turns.waiting(), turns.bytes()), (1, 1));
        assert_eq!(turns.held_for().collect::<Vec<_>>(), [&id(2)]);
    }

    #[test]
    fn what_waits_is_aborted_up_to_the_first_blocking_request() {
        let mut turns = Turns::default();
        for (run, noblock) in [(1, true), (2, true), (3, true), (4, false), (5, true)] {
            turns.put(turn(run, 0, noblock));
        }
        turns.put(turn(2, 1, true));
        assert_eq!(send(&mut turns), [1, 2]);
        assert_eq!(runs(&turns.abort(&uuid(0))), [2, 3]);
        turns.passed(&uuid(0), &id(1));
        assert_eq!(send(&mut turns), [4, 5]);
        assert_eq!((turns.waiting(), turns.bytes()), (0, 0));
    }

    #[test]
    fn nothing_waits_behind_a_blocking_request() {
        let mut turns = Turns::default();
        for (run, noblock) in [(1, false), (1, false), (2, true), (3, false)] {
            turns.put(turn(run, 0, noblock));
        }
        assert_eq!(send(&mut turns), [1, 1, 2]);
        turns.passed(&uuid(0), &id(2));
        assert_eq!(send(&mut turns), [3]);
    }

    #[test]
    fn a_run_is_withdrawn_from_the_chosen_engines() {
        let mut turns = Turns::default();
        for (run, engine) in [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0)] {
            turns.put(turn(run, engine, true));
        }
        assert_eq!(send(&mut turns), [1, 1]);
        let only = RankSet::from_iter([EngineId(1)]);
        assert_eq!(runs(&turns.withdraw(RunId(2), Some(&only))), [2]);
        assert_eq!(runs(&turns.withdraw(RunId(2), None)), [2]);
        assert_eq!(runs(&turns.withdraw(RunId(2), None)), [] as [u32; 0]);
        turns.passed(&uuid(0), &id(1));
        assert_eq!(send(&mut turns), [3]);
        assert_eq!(turns.waiting(), 0);
    }

    #[test]
    fn a_request_that_could_not_be_sent_holds_up_nothing() {
        let mut turns = Turns::default();
        turns.put(turn(1, 0, true));
        turns.put(turn(2, 0, true));
        assert_eq!(turns.next().map(|turn| turn.run.0), Some(1));
        assert_eq!(send(&mut turns), [2]);
    }
}
