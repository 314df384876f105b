//! Tracks requests: which are outstanding, what is still missing of each, and when to give up on it.
//!
//! Messages and times go in, run events go out into the feeds. Holds no socket and reads no clock. Requests that are not
//! sent yet wait in [`Turns`].

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    INTERRUPTED, INTERRUPTED_WAITING,
    turns::{Turn, Turns},
    widgets::Widgets,
};
use crate::{
    cluster::feed::FeedSender,
    engines::{EngineId, EngineUuid, RankSet},
    jupyter::{Message, MsgId, content::ExecuteReply},
    run::{Event, EventKind, LostReason, RunId, Slot, Time},
};

/// How many ended requests are remembered, so that their late output still finds its run.
const REMEMBERED: usize = 10_000;

/// All requests of one client.
pub(super) struct Requests {
    all: HashMap<MsgId, Request>,
    feeds: HashMap<RunId, FeedSender>,
    turns: Turns,
    widgets: HashMap<EngineUuid, Widgets>,
    ended: VecDeque<MsgId>,
    outstanding: usize,
    bytes: usize,
    idle_limit: Duration,
    /// When the last output of any engine had been taken in.
    heard: Instant,
}

/// How often the limit for the end of an output may pass while other output arrives: engines share one connection, on which
/// large output takes time. Other people's engines must not postpone the end for ever.
const MAX_EXTENSIONS: u32 = 30;

/// How long after the end of the output a reply may take before the engine is asked whether it is past the request. Code that
/// awaits at its top level gets no reply, and requests behind it must not wait until it counts as lost.
const LATE_REPLY: Duration = Duration::from_millis(200);

/// One request to one engine.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) run: RunId,
    pub(super) engine: EngineId,
    pub(super) uuid: EngineUuid,
    pub(super) slot: Slot,
    /// Bytes of code that it keeps in flight.
    pub(super) size: usize,
    /// See [`Execute::noblock`](super::Execute::noblock).
    noblock: Option<Arc<str>>,
    /// When its engine said that it begins.
    pub(super) begun: Option<Instant>,
    stage: Stage,
    /// Its reply, once it is in.
    reply: Option<Reply>,
    /// Whether the end of its output is in.
    pub(super) idle: bool,
    /// Whether any of its output may have been missed, and with it the news that it began.
    gap: bool,
    /// Whether the one that carries its reply did.
    reply_gap: bool,
    /// When the last message about it came.
    last: Instant,
    /// Why and when it will count as lost, unless its missing messages come first.
    expected_loss: Option<ExpectedLoss>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its reply, the end of its output, or both.
    Outstanding,
    /// Nothing for its run, although it still waits on its engine.
    Abandoned,
    /// Nothing.
    Over,
}

/// What a reply says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Done,
    /// It was aborted before it began.
    Aborted,
}

#[derive(Clone, Debug)]
struct ExpectedLoss {
    reason: LostReason,
    /// Since when, and how long it must have been quiet.
    since: Instant,
    quiet: Duration,
}

impl Request {
    /// A request that is sent now. `heard`: whether output arrives.
    pub(super) fn new(turn: Turn, heard: bool, now: Instant) -> Self {
        Self {
            run: turn.run,
            engine: turn.engine,
            uuid: turn.uuid,
            slot: turn.slot,
            size: turn.size,
            noblock: turn.noblock,
            begun: None,
            stage: Stage::Outstanding,
            reply: None,
            idle: false,
            gap: !heard,
            reply_gap: false,
            last: now,
            expected_loss: None,
        }
    }

    /// Whether its engine may still have to do with it.
    pub(super) fn is_open(&self) -> bool {
        self.stage != Stage::Over && !self.is_replied() && !self.idle
    }

    /// Whether its reply is in.
    pub(super) fn is_replied(&self) -> bool {
        self.reply.is_some()
    }

    /// Whether it was aborted before it began.
    pub(super) fn is_aborted(&self) -> bool {
        self.reply == Some(Reply::Aborted)
    }

    /// Whether its run waits for more of it.
    fn is_outstanding(&self) -> bool {
        self.stage == Stage::Outstanding
    }

    /// Whether it may have begun, or ended, without this client having heard of it.
    pub(super) fn has_gap(&self) -> bool {
        self.gap
    }

    /// Whether its output has ended and its reply is late.
    pub(super) fn is_answerless(&self, now: Instant, limit: Duration) -> bool {
        self.idle && !self.is_replied() && now >= self.last + limit
    }
}

impl Requests {
    pub(super) fn new(idle_limit: Duration, now: Instant) -> Self {
        Self {
            all: HashMap::new(),
            feeds: HashMap::new(),
            turns: Turns::default(),
            widgets: HashMap::new(),
            ended: VecDeque::new(),
            outstanding: 0,
            bytes: 0,
            idle_limit,
            heard: now,
        }
    }

    /// Output of some engine has been taken in.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// How many are not over, including those that wait for their turn.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding + self.turns.waiting()
    }

    /// Bytes of code that are in flight or wait for their turn.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.turns.bytes()
    }

    /// Opens a run's feed.
    pub(super) fn open(&mut self, run: RunId, feed: FeedSender) {
        self.feeds.insert(run, feed);
    }

    /// Adds a request that is to be sent when its turn comes.
    pub(super) fn put(&mut self, turn: Turn) {
        self.turns.put(turn);
    }

    /// Ends requests that were interrupted and that wait on their engines behind other work: their run has nothing to wait for.
    /// They stay open, since an engine may have taken one on just before it was told to drop it.
    pub(super) fn abandon(&mut self, ids: &[MsgId], at: Time) {
        for id in ids {
            let waits =
                |request: &&Request| request.is_outstanding() && request.is_open() && request.begun.is_none();
            let Some(request) = self.all.get(id).filter(waits) else { continue };
            let (run, slot) = (request.run, request.slot);
            self.emit(run, slot, at, EventKind::Aborted(INTERRUPTED_WAITING.to_owned()));
            self.finish(id, Stage::Abandoned);
        }
    }

    /// No answer to abandoned requests can be expected: of this engine, or of any.
    pub(super) fn close_abandoned(&mut self, engine: Option<&EngineUuid>) {
        let concerned = |request: &&mut Request| {
            request.stage == Stage::Abandoned && engine.is_none_or(|engine| request.uuid == *engine)
        };
        self.all.values_mut().filter(concerned).for_each(|request| request.stage = Stage::Over);
    }

    /// Removes a request whose turn has come, and returns it.
    pub(super) fn next_turn(&mut self) -> Option<Turn> {
        self.turns.next()
    }

    /// Notes a request that was handed to the socket, and where its engine runs.
    pub(super) fn sent(&mut self, id: MsgId, request: Request, host: Option<Arc<str>>, at: Time) {
        if request.noblock.is_some() {
            self.turns.sent(&request.uuid, id.clone());
        }
        self.emit(request.run, request.slot, at, EventKind::Sent(id.clone()));
        if let Some(host) = host {
            self.emit(request.run, request.slot, at, EventKind::Host(host));
        }
        self.outstanding += 1;
        self.bytes += request.size;
        self.all.insert(id, request);
    }

    /// Where an engine runs became known, to its requests so far.
    pub(super) fn hosted(&self, engine: &EngineUuid, host: &Arc<str>, at: Time) {
        for request in self.all.values().filter(|request| request.uuid == *engine) {
            self.emit(request.run, request.slot, at, EventKind::Host(Arc::clone(host)));
        }
    }

    /// Reports a request that was not sent.
    pub(super) fn not_sent(&self, run: RunId, slot: Slot, why: String, at: Time) {
        self.emit(run, slot, at, EventKind::Lost(LostReason::NotSent(why)));
    }

    /// Drops the waiting requests of a run, on some of its engines or on all, and returns their engines.
    pub(super) fn withdraw(&mut self, run: RunId, engines: Option<&RankSet>, at: Time) -> RankSet {
        let dropped = self.turns.withdraw(run, engines);
        dropped.iter().for_each(|turn| self.not_sent(turn.run, turn.slot, INTERRUPTED.to_owned(), at));
        dropped.iter().map(|turn| turn.engine).collect()
    }

    /// Takes a message about one of this client's requests, from either side: reply or output.
    ///
    /// It finds its run for as long as the run is not forgotten, even after the request's end.
    pub(super) fn message(&mut self, id: &MsgId, message: &Message, now: Instant, at: Time) {
        let Some(request) = self.all.get_mut(id) else { return };
        request.last = now;
        // Silent code is not echoed: there the engine only calls itself busy.
        if request.begun.is_none() || message.header.msg_type == "execute_input" {
            request.begun = Some(now);
        }
        if let Some(shown) = self.widgets.entry(request.uuid.clone()).or_default().read(message) {
            let (run, slot) = (request.run, request.slot);
            return shown.into_iter().for_each(|kind| self.emit(run, slot, at, kind));
        }
        let Some(kind) = EventKind::from_message(message) else { return };
        let is_reply = message.header.msg_type == "execute_reply";
        // An aborted request is over with its reply: not all versions publish an idle for it.
        let mut is_over = false;
        let mut lost = None;
        let mut failed = None;
        match &kind {
            EventKind::Reply(reply) => {
                is_over = matches!(reply, ExecuteReply::Aborted {});
                request.reply = Some(if is_over { Reply::Aborted } else { Reply::Done });
                failed = request.noblock.clone().filter(|_| matches!(reply, ExecuteReply::Error { .. }));
            }
            EventKind::Unreadable(_) if is_reply => {
                lost = request.is_outstanding().then_some(LostReason::ReplyUnreadable);
            }
            // A value or an error after the idle is the last word of code that awaits at its top level: ipyparallel calls
            // the engine idle when it awaits for the first time, and never replies.
            EventKind::Result { .. } | EventKind::Error(_) if request.idle && !request.is_replied() => {
                lost = request.is_outstanding().then_some(LostReason::ReplyMissing);
            }
            EventKind::Idle => request.idle = true,
            _ => {}
        }
        is_over |= request.is_replied() && request.idle;
        if is_reply {
            let uuid = request.uuid.clone();
            if let Some(name) = failed {
                self.abort_behind(&uuid, &name, at);
            }
            self.turns.passed(&uuid, id);
        }
        let Some(request) = self.all.get(id) else { return };
        let (run, slot, gap) = (request.run, request.slot, request.gap);
        if is_over && gap && request.is_outstanding() {
            let missing = "output may be missing here: the connection to the controller broke meanwhile";
            self.emit(run, slot, at, EventKind::Unreadable(missing.into()));
        }
        self.emit(run, slot, at, kind);
        if is_over {
            self.finish(id, Stage::Over);
        } else if let Some(reason) = lost {
            self.lose(id, reason, at);
        }
    }

    /// Drops what waits behind a `--noblock` run that failed on an engine; `name` is the name of that run.
    fn abort_behind(&mut self, engine: &EngineUuid, name: &str, at: Time) {
        for turn in self.turns.abort(engine) {
            self.emit(turn.run, turn.slot, at, EventKind::Aborted(format!("{name} failed there")));
        }
    }

    /// The requests that hold up others although their output has ended: their reply is late.
    pub(super) fn holding_up(&self, now: Instant) -> Vec<MsgId> {
        let held_for = self.turns.held_for().filter_map(|id| Some((id, self.all.get(id)?)));
        let late = held_for.filter(|(_, request)| request.is_answerless(now, LATE_REPLY));
        late.map(|(id, _)| id.clone()).collect()
    }

    /// Notes that the engine is past these requests, whether or not it has replied to them. What waits behind them can be sent.
    pub(super) fn passed(&mut self, engine: &EngineUuid, ids: &[MsgId]) {
        ids.iter().for_each(|id| self.turns.passed(engine, id));
    }

    /// Gives up on these requests, since a later request of this client to the same engine was answered and replies come in
    /// the order of sending.
    ///
    /// At once rather than by an expected loss, which [`Self::keep`] would cancel since the engine is alive.
    pub(super) fn overtaken(&mut self, ids: &[MsgId], at: Time) {
        for id in ids {
            let Some(request) =
                self.all.get(id).filter(|request| request.is_outstanding() && !request.is_replied())
            else {
                continue;
            };
            // With the end of its output in hand nothing but the reply is missing; a connection that broke took it.
            let reason = match request.idle && !request.reply_gap {
                true => LostReason::ReplyMissing,
                false => LostReason::ControllerLost,
            };
            self.lose(id, reason, at);
        }
    }

    /// The engine will not answer any more. What it sent before may still be on its way, for as long as it has not been
    /// `quiet` for that long.
    pub(super) fn expect_loss(
        &mut self,
        engine: &EngineUuid,
        reason: &LostReason,
        quiet: Duration,
        now: Instant,
    ) {
        self.widgets.remove(engine);
        self.close_abandoned(Some(engine));
        for request in
            self.all.values_mut().filter(|request| request.is_outstanding() && request.uuid == *engine)
        {
            let sooner = |loss: &ExpectedLoss| loss.since + loss.quiet <= now + quiet;
            if !request.expected_loss.as_ref().is_some_and(sooner) {
                request.expected_loss = Some(ExpectedLoss { reason: reason.clone(), since: now, quiet });
            }
        }
    }

    /// The engine turned out to be alive, so its requests are kept.
    pub(super) fn keep(&mut self, engine: &EngineUuid) {
        for request in
            self.all.values_mut().filter(|request| request.is_outstanding() && request.uuid == *engine)
        {
            request.expected_loss = None;
        }
    }

    /// Output of whatever is not over may have been lost.
    pub(super) fn note_gap(&mut self) {
        self.all
            .values_mut()
            .filter(|request| request.stage != Stage::Over)
            .for_each(|request| request.gap = true);
    }

    /// Replies to whatever is outstanding may have been lost.
    pub(super) fn note_reply_gap(&mut self) {
        self.all
            .values_mut()
            .filter(|request| request.is_outstanding())
            .for_each(|request| request.reply_gap = true);
    }

    /// Ends requests whose time limit has passed.
    pub(super) fn expire(&mut self, now: Instant, at: Time) {
        if self.outstanding == 0 {
            return;
        }
        let (idle_limit, heard) = (self.idle_limit, self.heard);
        let give_up = |request: &Request| {
            let moving = heard.min(request.last + idle_limit * MAX_EXTENSIONS);
            if request.is_replied() && now >= request.last.max(moving) + idle_limit {
                return Some(LostReason::OutputIncomplete);
            }
            let loss = request.expected_loss.as_ref()?;
            let due = now >= loss.since.max(request.last) + loss.quiet;
            // An engine that replied did its work; only the end of the output is missing.
            let reason =
                if request.is_replied() { LostReason::OutputIncomplete } else { loss.reason.clone() };
            due.then_some(reason)
        };
        let outstanding = self.all.iter().filter(|(_, request)| request.is_outstanding());
        let lost: Vec<_> =
            outstanding.filter_map(|(id, request)| Some((id.clone(), give_up(request)?))).collect();
        for (id, reason) in lost {
            self.lose(&id, reason, at);
        }
    }

    /// Ends everything that is outstanding.
    pub(super) fn lose_all(&mut self, reason: &LostReason, at: Time) {
        for turn in self.turns.clear() {
            self.not_sent(turn.run, turn.slot, format!("{reason} before its turn came"), at);
        }
        self.close_abandoned(None);
        let outstanding = self.all.iter().filter(|(_, request)| request.is_outstanding());
        let ids: Vec<_> = outstanding.map(|(id, _)| id.clone()).collect();
        ids.iter().for_each(|id| self.lose(id, reason.clone(), at));
    }

    /// Requests that are not over.
    pub(super) fn iter_outstanding(&self) -> impl Iterator<Item = (&MsgId, &Request)> {
        self.all.iter().filter(|(_, request)| request.is_outstanding())
    }

    /// The request of this id, also an ended one.
    pub(super) fn get(&self, id: &MsgId) -> Option<&Request> {
        self.all.get(id)
    }

    /// Forgets a run's feed and its ended requests.
    pub(super) fn forget(&mut self, run: RunId) {
        self.feeds.remove(&run);
        self.all.retain(|_, request| request.run != run || request.is_outstanding() || request.is_open());
        self.ended.retain(|id| self.all.contains_key(id));
    }

    fn lose(&mut self, id: &MsgId, reason: LostReason, at: Time) {
        let Some(request) = self.all.get(id) else { return };
        self.emit(request.run, request.slot, at, EventKind::Lost(reason));
        self.finish(id, Stage::Over);
    }

    /// The run waits for nothing more of a request.
    fn finish(&mut self, id: &MsgId, stage: Stage) {
        let Some(request) = self.all.get_mut(id).filter(|request| request.is_outstanding()) else { return };
        request.stage = stage;
        self.outstanding -= 1;
        self.bytes -= request.size;
        self.turns.passed(&request.uuid, id);
        let forgotten = !self.feeds.contains_key(&request.run);
        if forgotten {
            self.all.remove(id);
            return;
        }
        self.ended.push_back(id.clone());
        if self.ended.len() > REMEMBERED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.all.remove(&oldest);
        }
    }

    fn emit(&self, run: RunId, slot: Slot, at: Time, kind: EventKind) {
        if let Some(feed) = self.feeds.get(&run) {
            feed.send(Event { slot, at, kind });
        }
    }
}
