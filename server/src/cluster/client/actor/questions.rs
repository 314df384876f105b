//! What the actor asks on its own, of the Hub and of engines. None of it runs code, and no run waits for it that was not
//! interrupted.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::Actor;
use crate::{
    clock,
    cluster::{
        client::{
            OthersInterrupt,
            hub::{ASK_UNFINISHED, Unfinished, read_unfinished},
            interrupts::Doubt,
            requests::Request,
            wire::EMPTY,
        },
        origin::Origin,
        transport::{Channel, Transport},
    },
    engines::{EngineId, EngineUuid},
    jupyter::{Message, MsgId, content::UsageReply},
};

/// Between two questions that ask whether output arrives.
const WARM_AGAIN: Duration = Duration::from_millis(100);

/// How long an engine that only the Hub calls busy has to show that it is free, before the Hub is believed.
const FREE: Duration = Duration::from_millis(500);

/// Whether output arrives. A subscription that is only on its way misses what is published before it arrives.
pub(super) enum Warmth {
    /// Not known; the Hub has to list the engines first.
    Cold,
    /// Engines were asked something harmless; the first answer on iopub shows that it does.
    Asked { asked: Vec<MsgId>, next: Instant, until: Instant },
    /// It does, or was given up on.
    Warm,
}

/// A question to the Hub about what engines have not finished, of whichever client.
pub(super) struct Survey {
    /// `None` if it could not be sent, or is answered and only engines are waited for that may be free after all.
    pub(super) id: Option<MsgId>,
    /// When what waits for the answer goes on without it.
    pub(super) until: Instant,
    pub(super) interrupt: Option<OthersInterrupt>,
    pub(super) doubts: Vec<Doubt>,
    /// The answer, once it is in.
    pub(super) unfinished: Vec<Unfinished>,
}

/// A harmless request after earlier ones to the same engine. When it is answered, the engine is past those.
pub(super) struct Fence {
    pub(super) id: MsgId,
    pub(super) engine: EngineUuid,
    pub(super) before: Vec<MsgId>,
    pub(super) meaning: FenceMeaning,
}

/// What the reply to a fence means for the requests before it that have no reply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FenceMeaning {
    /// Their replies are lost.
    Lost,
    /// The engine is past them, although code that awaits may still be running.
    Passed,
    /// They are another client's, and only the Hub says that the engine works on them: it does not.
    Free,
}

impl<T: Transport> Actor<T> {
    /// Asks the Hub for its engines: at first, after each reconnection, and from time to time while something waits. It is
    /// the only sign of life there is.
    pub(super) fn question_hub(&mut self, now: Instant) {
        // Notifications must already arrive, or an engine that comes between answer and subscription is missed.
        let open = self.health.is_up(Channel::Registration) && self.health.is_up(Channel::Notification);
        if !open || self.health.is_ending() {
            return;
        }
        if self.hub.waiting_since().is_some_and(|since| now >= since + self.options.silence) {
            // Perhaps the connections are dead without having been closed.
            self.hub.disconnected();
            Channel::ALL.iter().for_each(|channel| self.transport.rebuild(*channel));
            return;
        }
        let needed = !self.hub.is_known() || self.requests.outstanding() > 0 || !self.is_well();
        let due = self.hub.last_asked().is_none_or(|at| now >= at + self.options.ping);
        if needed && due {
            let (id, frames) = self.wire.request(None, "connection_request", "{}", EMPTY);
            if self.transport.send(Channel::Registration, frames).is_ok() {
                self.hub.asked(id, now);
            }
        }
    }

    /// Finds out whether output arrives: `kernel_info_request` on control is answered even by an engine that computes, and one
    /// engine is enough, since all output comes through one relay.
    pub(super) fn warm(&mut self, now: Instant) {
        if matches!(self.warmth, Warmth::Cold) {
            let open = self.health.is_up(Channel::Iopub) && self.health.is_up(Channel::Control);
            if !open || !self.hub.is_known() {
                return;
            }
            self.warmth = if self.hub.table().is_empty() {
                Warmth::Warm
            } else {
                Warmth::Asked { asked: Vec::new(), next: now, until: now + self.options.warm }
            };
        }
        let Warmth::Asked { asked, next, until } = &mut self.warmth else { return };
        if now >= *until {
            tracing::warn!("no engine's output arrived in time; the first output may be missing");
            self.warmed();
        } else if now >= *next {
            // Another one each time: one that died unnoticed answers nobody.
            let turn = asked.len() % self.hub.table().len().max(1);
            let Some(engine) = self.hub.table().iter().nth(turn) else { return };
            let (id, frames) = self.wire.request(Some(&engine.uuid), "kernel_info_request", "{}", EMPTY);
            // One that is not sent is asked again, until the limit.
            let _ = self.transport.send(Channel::Control, frames);
            asked.push(id);
            *next = now + WARM_AGAIN;
        }
    }

    /// Output arrives now. What began earlier is not heard of, so the Hub is asked for it.
    pub(super) fn warmed(&mut self) {
        self.warmth = Warmth::Warm;
        if !self.hub.table().is_empty() {
            let doubts = self.interrupts.doubt_abandoned(&self.requests);
            self.ask_unfinished(None, doubts);
        }
    }

    /// Whether news of what engines begin arrives.
    pub(super) fn hears_output(&self) -> bool {
        matches!(self.warmth, Warmth::Warm) && self.health.is_up(Channel::Iopub)
    }

    /// Asks the Hub what engines have not finished. `interrupt` and `doubts` wait for the answer.
    pub(super) fn ask_unfinished(&mut self, interrupt: Option<OthersInterrupt>, doubts: Vec<Doubt>) {
        let (id, frames) = self.wire.request(None, "db_request", "{}", ASK_UNFINISHED.into());
        let sent = self.transport.send(Channel::Registration, frames).is_ok();
        let now = Instant::now();
        let until = if sent { now + self.options.ping } else { now };
        let unfinished = Vec::new();
        self.surveys.push(Survey { id: sent.then_some(id), until, interrupt, doubts, unfinished });
        if !sent {
            self.expire_surveys(now);
        }
    }

    /// The Hub said what engines have not finished.
    pub(super) fn surveyed(&mut self, at: usize, message: &Message) {
        let survey = self.surveys.swap_remove(at);
        let mut unfinished = read_unfinished(message);
        let own = |request: &MsgId| self.requests.get(request).filter(|request| request.is_open());
        // What is known to have begun is what its engine works on, whatever the Hub has before it.
        unfinished.sort_by_key(|one| own(&one.request).is_none_or(|request| request.begun.is_none()));
        let unheard = |request: &MsgId| {
            self.origins.of(request) != Origin::Own || own(request).is_some_and(Request::has_gap)
        };
        if self.hub.unfinished(&unfinished, unheard) {
            // At once, since who asks for the engines waits for this.
            self.activities_due = Some(Instant::now());
            self.publish_activities();
        }
        self.placed = true;
        self.resolve(&survey.doubts, &unfinished);
        // The Hub lists for ever what was never replied to, so the engines have a say before it counts.
        if survey.doubts.is_empty() && self.ask_who_is_free() {
            let until = Instant::now() + FREE;
            self.surveys.push(Survey { id: None, until, doubts: Vec::new(), unfinished, ..survey });
        } else if let Some(interrupt) = survey.interrupt {
            self.begin_others(interrupt, &unfinished);
        }
    }

    /// Asks all engines that are busy only according to the Hub whether they are free. Returns whether there are any.
    fn ask_who_is_free(&mut self) -> bool {
        let there = self.hub.table().iter().filter(|there| self.hub.unheard(there.id).is_some());
        let unheard: Vec<_> = there.map(|there| (there.id, there.uuid.clone())).collect();
        unheard.iter().for_each(|(id, uuid)| self.ask_if_free(*id, uuid));
        !unheard.is_empty()
    }

    /// An engine answered after these requests, of which the Hub said that it works on them: it is free.
    pub(super) fn is_free(&mut self, engine: &EngineUuid, requests: &[MsgId]) {
        if requests.iter().any(|request| self.hub.passed(engine, request)) {
            self.activities_changed();
        }
        if self.fences.iter().all(|fence| fence.meaning != FenceMeaning::Free) {
            // What waited for this goes on.
            let now = Instant::now();
            let answered = self.surveys.iter_mut().filter(|survey| survey.id.is_none());
            answered.for_each(|survey| survey.until = now);
            self.activities_due = self.activities_due.map(|due| due.min(now));
            self.publish_activities();
            self.expire_surveys(now);
        }
    }

    fn resolve(&mut self, doubts: &[Doubt], unfinished: &[Unfinished]) {
        let questions = self.interrupts.resolve(doubts, &self.requests, &self.hub, unfinished);
        self.ask(questions);
    }

    /// What waits for a Hub or for engines that do not answer goes on with what is known.
    pub(super) fn expire_surveys(&mut self, now: Instant) {
        let due: Vec<Survey> = self.surveys.extract_if(.., |survey| now >= survey.until).collect();
        for survey in due {
            self.resolve(&survey.doubts, &survey.unfinished);
            if let Some(interrupt) = survey.interrupt {
                self.begin_others(interrupt, &survey.unfinished);
            }
        }
    }

    /// Asks engines where they run, those that were not asked. Not before it is known whether output arrives: that comes first.
    pub(super) fn ask_hosts(&mut self, now: Instant) {
        if !matches!(self.warmth, Warmth::Warm) || !self.health.is_up(Channel::Control) {
            return;
        }
        while let Some(engine) = self.hosts.next(now) {
            let (id, frames) = self.wire.request(Some(&engine), "usage_request", "{}", EMPTY);
            let sent = self.transport.send(Channel::Control, frames).is_ok();
            self.hosts.asked(engine, sent.then_some(id), now);
            if !sent {
                break;
            }
        }
    }

    /// An engine said where it runs.
    pub(super) fn place(&mut self, engine: &EngineUuid, message: &Message) {
        match message.content_as::<UsageReply>() {
            Ok(place) => {
                if let Some(host) = self.hub.place(engine, &place) {
                    self.requests.hosted(engine, &host, clock::now());
                }
                self.placed = true;
            }
            Err(error) => tracing::debug!(%engine, %error, "the engine does not say where it runs"),
        }
        self.ask_hosts(Instant::now());
    }

    /// Sends each engine that still owes replies to `which` requests a harmless one after them. Its shell answers in order, and
    /// the relay keeps the order, so once that is answered, a missing reply will not come, unless the code still awaits.
    pub(super) fn set_fences(&mut self, meaning: FenceMeaning, which: impl Fn(&MsgId, &Request) -> bool) {
        let mut owed: HashMap<EngineUuid, Vec<MsgId>> = HashMap::new();
        for (id, request) in self.requests.iter_outstanding() {
            let follows = |fence: &Fence| fence.meaning == meaning && fence.before.contains(id);
            let fenced = || self.fences.iter().any(follows);
            if !request.is_replied() && which(id, request) && !fenced() {
                owed.entry(request.uuid.clone()).or_default().push(id.clone());
            }
        }
        for (engine, before) in owed {
            let (id, frames) = self.wire.request(Some(&engine), "kernel_info_request", "{}", EMPTY);
            if self.transport.send(Channel::Mux, frames).is_ok() {
                self.fences.push(Fence { id, engine, before, meaning });
            }
        }
    }

    /// Asks an engine that is busy only according to the Hub for something harmless: if it is free, it answers.
    pub(super) fn ask_if_free(&mut self, engine: EngineId, uuid: &EngineUuid) {
        let Some(request) = self.hub.unheard(engine).cloned() else { return };
        let is_asked = |fence: &Fence| fence.meaning == FenceMeaning::Free && fence.before.contains(&request);
        if self.fences.iter().any(is_asked) {
            return;
        }
        let (id, frames) = self.wire.request(Some(uuid), "kernel_info_request", "{}", EMPTY);
        if self.transport.send(Channel::Mux, frames).is_ok() {
            let (engine, before) = (uuid.clone(), vec![request]);
            self.fences.push(Fence { id, engine, before, meaning: FenceMeaning::Free });
        }
    }
}
