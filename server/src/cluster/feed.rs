//! A channel of run events that never blocks its senders and never drops anything: when many events wait, pieces of
//! text merge instead of queueing.
//!
//! The cluster client sends into it while it serves every engine; a slow reader must not hold it up, and a loop of
//! `print` must not fill the memory with tiny events. The order of one slot's events is kept. Events of different slots
//! may change places, but only when pieces merge; a run does not tell them apart.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Notify;

use super::transport::Budget;
use crate::run::{Event, EventKind, Slot};

/// From this many waiting events on, pieces of text merge.
const MERGE_FROM: usize = 1_000;

/// Bytes at which a merged piece is full and the next one begins, so that no piece grows by copying gigabytes.
const FULL_PIECE: usize = 1 << 20;

/// Opens a channel.
pub fn feed() -> (FeedSender, FeedReceiver) {
    let shared = Arc::new(Shared::default());
    shared.lock().senders = 1;
    (FeedSender { shared: Arc::clone(&shared) }, FeedReceiver { shared, read: 0 })
}

/// The sending end; cheap to clone. The channel closes with the last sender.
#[derive(Debug)]
pub struct FeedSender {
    shared: Arc<Shared>,
}

/// The receiving end.
#[derive(Debug)]
pub struct FeedReceiver {
    shared: Arc<Shared>,
    /// Bytes of what was read last, which the reader is busy with until it reads again.
    read: usize,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// Where the newest waiting event of each slot stands.
    newest: HashMap<Slot, usize>,
    senders: usize,
    receiver_gone: bool,
    /// Where the bytes of what waits are counted, and how many are.
    budget: Option<Arc<Budget>>,
    bytes: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that holds the lock can panic half way, so a poisoned state is still whole.
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl FeedSender {
    /// Counts what waits in the feed, or is being read, so that whoever brings outputs can stop for a while.
    pub(super) fn count_in(&self, budget: &Arc<Budget>) {
        self.shared.lock().budget = Some(Arc::clone(budget));
    }

    /// Sends an event. Never waits; drops the event if the reader is gone.
    pub fn send(&self, event: Event) {
        let mut waiting = self.shared.lock();
        if waiting.receiver_gone {
            return;
        }
        waiting.push(event);
        drop(waiting);
        self.shared.arrived.notify_one();
    }
}

impl Clone for FeedSender {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for FeedSender {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.senders -= 1;
        let last = waiting.senders == 0;
        drop(waiting);
        if last {
            self.shared.arrived.notify_one();
        }
    }
}

impl FeedReceiver {
    /// Waits for events and appends all that are there to `into`; `false` once the channel is closed and empty.
    ///
    /// Cancel-safe: whatever is not appended stays in the channel.
    pub async fn recv_many(&mut self, into: &mut Vec<Event>) -> bool {
        self.shared.lock().free(std::mem::take(&mut self.read));
        loop {
            let arrived = self.shared.arrived.notified();
            {
                let mut waiting = self.shared.lock();
                if !waiting.events.is_empty() {
                    waiting.newest.clear();
                    self.read = std::mem::take(&mut waiting.bytes);
                    into.extend(waiting.events.drain(..));
                    return true;
                }
                if waiting.senders == 0 {
                    return false;
                }
            }
            arrived.await;
        }
    }
}

impl Drop for FeedReceiver {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        let bytes = std::mem::take(&mut waiting.bytes) + self.read;
        waiting.free(bytes);
        waiting.receiver_gone = true;
        waiting.events = VecDeque::new();
        waiting.newest = HashMap::new();
    }
}

impl Waiting {
    fn push(&mut self, event: Event) {
        if let Some(budget) = &self.budget {
            let bytes = event.kind.size();
            self.bytes += bytes;
            budget.take(bytes);
        }
        let Some(event) = self.merge(event) else { return };
        self.newest.insert(event.slot, self.events.len());
        self.events.push_back(event);
    }

    fn free(&self, bytes: usize) {
        if let Some(budget) = &self.budget {
            budget.free(bytes);
        }
    }

    /// Appends a piece of text to the newest event of its slot if that is of the same stream; returns what cannot be
    /// appended.
    fn merge(&mut self, event: Event) -> Option<Event> {
        if self.events.len() < MERGE_FROM {
            return Some(event);
        }
        let EventKind::Stream { name, text: piece } = &event.kind else { return Some(event) };
        let newest = self.newest.get(&event.slot).and_then(|&at| self.events.get_mut(at));
        match newest.map(|newest| &mut newest.kind) {
            Some(EventKind::Stream { name: same, text })
                if same == name && text.len() + piece.len() <= FULL_PIECE =>
            {
                text.push_str(piece);
                None
            }
            _ => Some(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pxlens_tests::within;

    use super::*;
    use crate::{jupyter::content::StreamName, run::Time};

    fn event(slot: u32, kind: EventKind) -> Event {
        Event { slot: Slot(slot), at: Time(0), kind }
    }

    fn piece(slot: u32, name: StreamName, text: &str) -> Event {
        event(slot, EventKind::Stream { name, text: text.to_owned() })
    }

    /// What happened to one slot, with adjacent pieces of one stream joined: equal for a merged and an unmerged history.
    fn history(events: &[Event], slot: u32) -> Vec<EventKind> {
        let mut joined: Vec<EventKind> = Vec::new();
        for event in events.iter().filter(|event| event.slot == Slot(slot)) {
            if let EventKind::Stream { name, text } = &event.kind
                && let Some(EventKind::Stream { name: last, text: before }) = joined.last_mut()
                && last == name
            {
                before.push_str(text);
            } else {
                joined.push(event.kind.clone());
            }
        }
        joined
    }

    #[tokio::test]
    async fn what_waits_is_counted_until_its_reader_is_done_with_it() {
        let budget = Arc::new(Budget::new(10));
        let is_full = async || tokio::time::timeout(std::time::Duration::ZERO, budget.wait()).await.is_err();
        let (sender, mut receiver) = feed();
        sender.count_in(&budget);
        sender.send(piece(0, StreamName::Stdout, "0123456789"));
        assert!(is_full().await);
        let mut read = Vec::new();
        assert!(receiver.recv_many(&mut read).await);
        assert!(is_full().await, "its reader is busy with it");
        sender.send(piece(0, StreamName::Stdout, "more"));
        assert!(receiver.recv_many(&mut read).await);
        assert!(!is_full().await);
        sender.send(piece(0, StreamName::Stdout, "0123456789"));
        drop(receiver);
        assert!(!is_full().await, "nobody reads it any more");
    }

    #[tokio::test]
    async fn a_flood_is_byte_exact_and_few_events_wait() {
        let (sender, mut receiver) = feed();
        let mut sent = vec![String::new(); 16];
        for line in 0..20_000 {
            for slot in 0..16u32 {
                let text = format!("engine {slot} line {line}\n");
                sent[slot as usize].push_str(&text);
                sender.send(piece(slot, StreamName::Stdout, &text));
            }
        }
        (0..16).for_each(|slot| sender.send(event(slot, EventKind::Idle)));
        drop(sender);

        let mut events = Vec::new();
        while within("the end of the feed", receiver.recv_many(&mut events)).await {}
        let full_pieces = sent.iter().map(String::len).sum::<usize>() / FULL_PIECE;
        assert!(events.len() <= MERGE_FROM + 2 * 16 + 2 * full_pieces, "{} events waited", events.len());
        for (slot, text) in (0u32..).zip(sent) {
            let whole = EventKind::Stream { name: StreamName::Stdout, text };
            assert!(history(&events, slot) == [whole, EventKind::Idle], "slot {slot} differs");
        }
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_woken_by_an_event_and_by_the_end() {
        let (sender, mut receiver) = feed();
        let reader = tokio::spawn(async move {
            let mut events = Vec::new();
            while receiver.recv_many(&mut events).await {}
            events.len()
        });
        let second = sender.clone();
        tokio::task::yield_now().await;
        sender.send(event(0, EventKind::Busy));
        drop(sender);
        tokio::task::yield_now().await;
        second.send(event(0, EventKind::Idle));
        drop(second);
        assert_eq!(within("the reader to end with the feed", reader).await.unwrap(), 2);
    }

    #[test]
    fn what_is_sent_to_a_reader_that_is_gone_is_let_go() {
        let (sender, receiver) = feed();
        sender.send(event(0, EventKind::Busy));
        drop(receiver);
        sender.send(event(0, EventKind::Idle));
        assert!(sender.shared.lock().events.is_empty());
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let name = prop_oneof![Just(StreamName::Stdout), Just(StreamName::Stderr)];
        let kind = prop_oneof![
            8 => (name, "[a-z]{0,3}").prop_map(|(name, text)| EventKind::Stream { name, text }),
            1 => Just(EventKind::Busy),
            1 => Just(EventKind::ClearOutput { wait: true }),
        ];
        (0u32..3, kind).prop_map(|(slot, kind)| event(slot, kind))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn merging_keeps_the_order_and_the_bytes_of_each_slot(events in prop::collection::vec(any_event(), 900..2500)) {
            let mut waiting = Waiting::default();
            events.iter().cloned().for_each(|event| waiting.push(event));
            let merged: Vec<Event> = waiting.events.into();
            for slot in 0..3 {
                prop_assert_eq!(history(&merged, slot), history(&events, slot));
            }
        }
    }
}
