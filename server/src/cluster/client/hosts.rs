//! Where engines run. Their registration does not say, so each is asked once when it appears: `usage_request` on control,
//! which ipykernel 6.10 and later answer with host and pid while code runs, and without running any.
//!
//! Only listing engines waits for the answers. An engine that does not answer has no host; a late answer still counts. Holds no
//! socket and reads no clock.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::{engines::EngineUuid, jupyter::MsgId};

/// How many engines are asked at a time, so that a thousand of them do not all answer at once.
const AT_A_TIME: usize = 64;

/// Which engines are to be asked, and which have not answered.
pub(super) struct Hosts {
    limit: Duration,
    unasked: VecDeque<EngineUuid>,
    /// Without an answer so far, however long ago.
    asked: HashMap<MsgId, EngineUuid>,
    /// Of these the ones that are waited for, and until when; the oldest first.
    waiting: VecDeque<(MsgId, Instant)>,
    /// Those that were asked a second time.
    twice: HashSet<EngineUuid>,
}

impl Hosts {
    /// `limit`: how long an answer is waited for before another engine is asked in its stead.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            unasked: VecDeque::new(),
            asked: HashMap::new(),
            waiting: VecDeque::new(),
            twice: HashSet::new(),
        }
    }

    /// Engines have registered.
    pub(super) fn came(&mut self, engines: impl IntoIterator<Item = EngineUuid>) {
        self.unasked.extend(engines);
    }

    /// The control socket was replaced, so answers on their way are lost. Engines that have not answered are asked once more, and
    /// only once, since some never answer.
    pub(super) fn reconnected(&mut self) {
        self.waiting.clear();
        let twice = &mut self.twice;
        let again = self.asked.extract_if(|_, engine| twice.insert(engine.clone()));
        self.unasked.extend(again.map(|(_, engine)| engine));
    }

    /// An engine is gone.
    pub(super) fn left(&mut self, engine: &EngineUuid) {
        self.twice.remove(engine);
        self.unasked.retain(|other| other != engine);
        self.asked.retain(|_, other| other != engine);
        self.waiting.retain(|(id, _)| self.asked.contains_key(id));
    }

    /// The engine to ask now, if any.
    pub(super) fn next(&mut self, now: Instant) -> Option<EngineUuid> {
        while self.waiting.front().is_some_and(|(_, until)| now >= *until) {
            self.waiting.pop_front();
        }
        if self.waiting.len() < AT_A_TIME { self.unasked.pop_front() } else { None }
    }

    /// It was asked, by this request; `None`: it could not be, and will be later.
    pub(super) fn asked(&mut self, engine: EngineUuid, by: Option<MsgId>, now: Instant) {
        match by {
            Some(id) => {
                self.waiting.push_back((id.clone(), now + self.limit));
                self.asked.insert(id, engine);
            }
            None => self.unasked.push_front(engine),
        }
    }

    /// Whose answer this is, if it is one to such a question.
    pub(super) fn answered(&mut self, id: &MsgId) -> Option<EngineUuid> {
        let engine = self.asked.remove(id)?;
        self.waiting.retain(|(other, _)| other != id);
        Some(engine)
    }

    /// Whether no engine is to be asked and no answer is awaited.
    pub(super) fn is_settled(&self) -> bool {
        self.unasked.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whose_answer_was_lost_with_the_socket_is_asked_again_once() {
        let now = Instant::now();
        let [answers, silent] = ["a", "b"].map(EngineUuid::from);
        let mut hosts = Hosts::new(Duration::from_secs(1));
        hosts.came([answers.clone(), silent.clone()]);
        for (id, engine) in [("1", &answers), ("2", &silent)] {
            assert_eq!(hosts.next(now).as_ref(), Some(engine));
            hosts.asked(engine.clone(), Some(MsgId::from(id)), now);
        }
        assert_eq!(hosts.answered(&MsgId::from("1")), Some(answers));
        hosts.reconnected();
        assert!(!hosts.is_settled());
        assert_eq!(hosts.next(now), Some(silent.clone()));
        hosts.asked(silent, Some(MsgId::from("3")), now);
        hosts.reconnected();
        assert_eq!(hosts.next(now), None);
        assert!(hosts.is_settled());
    }
}
