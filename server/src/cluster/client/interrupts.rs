//! Interrupts under way: which engine was asked what, what it answered, and what to ask next.
//!
//! Only engines whose newest work is among what is interrupted are signalled; what still waits on an engine is aborted by
//! its own ids, never by an empty list, which would abort everybody's. A request of this client that was aborted while its
//! engine works on something else ends at once, however long that takes. An engine that drops a request says so; where it says
//! nothing, the request may have begun, since Python code that holds the interpreter holds that news back, and the Hub is asked
//! whether the engine works on it. Answers are matched by the id of the question: the nanny's reply has no usable type.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use serde::Deserialize;
use tokio::{sync::oneshot, time::Instant};

use super::{
    ClientError, InterruptReport, Whose,
    hub::{Hub, Unfinished},
    requests::{Request, Requests},
};
use crate::{
    cluster::origin::{Origin, Origins},
    engines::{Activity, EngineId, EngineUuid, RankSet},
    jupyter::{Message, MsgId, content::ErrorContent},
    run::RunId,
};

/// How long an engine may take from saying that it begins until it is in the code itself. In between, IPython swallows a
/// keyboard interrupt (its `EventManager` does) and the code goes on as if nobody had asked: seen once in 15 to 300 tries.
const BEGINNING: Duration = Duration::from_millis(200);

/// All interrupts that wait for engines.
#[derive(Default)]
pub(super) struct Interrupts {
    under_way: Vec<Interrupt>,
    count: u64,
    /// Aborted requests for which nobody needs to wait any longer.
    abandoned: Vec<MsgId>,
    /// What the Hub has to be asked about.
    doubts: Vec<Doubt>,
}

/// An engine that was told to drop requests, although it may work on one of them without this client having heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    interrupt: u64,
    engine: EngineId,
}

/// Where the answer to an interrupt goes.
pub(super) type Answer = oneshot::Sender<Result<InterruptReport, ClientError>>;

/// What is to be interrupted, and how.
pub(super) struct Interrupted<'a> {
    pub(super) run: RunId,
    /// `None`: on all of its engines.
    pub(super) engines: Option<&'a RankSet>,
    /// A name or a number.
    pub(super) signal: String,
    /// Engines for which a request of the run was dropped before it was sent.
    pub(super) dropped: RankSet,
}

/// What to interrupt that other clients sent.
pub(super) struct InterruptedOthers<'a> {
    pub(super) whose: &'a Whose,
    /// `None`: on all engines.
    pub(super) engines: Option<&'a RankSet>,
    /// A name or a number.
    pub(super) signal: String,
    /// What waits on the engines, also of other clients, as far as the Hub knows.
    pub(super) unfinished: &'a [Unfinished],
}

/// Something to ask an engine on control.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// `signal_request`: the nanny signals the process.
    Signal(String),
    /// `interrupt_request`: the engine itself, where no nanny answers.
    Interrupt,
    /// `abort_request` with these ids; never empty.
    Abort(Vec<MsgId>),
}

/// A question for the actor to send; it reports the message id by [`Interrupts::asked`].
pub(super) struct Question {
    pub(super) engine: EngineId,
    pub(super) uuid: EngineUuid,
    pub(super) ask: Ask,
    interrupt: u64,
}

struct Interrupt {
    number: u64,
    signal: String,
    engines: BTreeMap<EngineId, Engine>,
    /// See [`Interrupted::dropped`].
    dropped: RankSet,
    open: HashMap<MsgId, (EngineId, Step, Instant)>,
    refused: Option<String>,
    /// `None` once it was given. What may yet begin to run is signalled even then.
    answer: Option<Answer>,
}

/// What an interrupt means for one engine.
struct Engine {
    uuid: EngineUuid,
    /// What it works on of what is interrupted.
    working: Option<Working>,
    /// For whom it works on something else.
    elsewhere: Option<Origin>,
    /// Whether its signal waits until that is in its code.
    held: bool,
    /// Requests that wait there, also after they were aborted: what was taken on just before may begin yet.
    queued: Vec<MsgId>,
    /// Until when the report waits for what becomes of them.
    settling: Option<Instant>,
    /// Whether the Hub is asked what it works on.
    doubted: bool,
    /// Whether any of them ended without having begun.
    dropped: bool,
    signalled: bool,
    aborted: bool,
    unanswered: bool,
}

struct Working {
    id: MsgId,
    /// When it is in its code.
    ready: Instant,
    /// Whether only the Hub says so. It hears of the end of a request at about the time at which this client does.
    unheard: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Signal,
    Interrupt,
    Abort,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    status: String,
    #[serde(flatten)]
    error: ErrorContent,
}

impl Interrupts {
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Begins an interrupt: decides for each engine by what it works on now.
    pub(super) fn begin(
        &mut self,
        asked: Interrupted<'_>,
        requests: &Requests,
        hub: &Hub,
        origins: &Origins,
        answer: Answer,
    ) -> Vec<Question> {
        let Interrupted { run, engines: only, signal, dropped } = asked;
        let mut engines: BTreeMap<EngineId, Engine> = BTreeMap::new();
        for (id, request) in requests.iter_outstanding() {
            let chosen = only.is_none_or(|only| only.contains(request.engine));
            let there = hub.engine(&request.uuid) == Some(request.engine);
            if request.run != run || !chosen || !there || !request.is_open() {
                continue;
            }
            let engine = engines.entry(request.engine).or_insert_with(|| Engine::new(&request.uuid));
            match hub.activities().of(request.engine) {
                Activity::Busy(newest) if newest == id => {
                    engine.working = Some(Working::on(id, request, hub.unheard(request.engine).is_some()));
                }
                Activity::Busy(newest) => {
                    engine.queued.push(id.clone());
                    if requests.get(newest).is_none_or(|other| other.run != run) {
                        engine.elsewhere = Some(origins.of(newest));
                    }
                }
                // Code that awaits at its top level is at work although the engine was called idle.
                Activity::Idle | Activity::Unknown if request.idle && !request.is_replied() => {
                    engine.working = Some(Working::on(id, request, false));
                }
                Activity::Idle | Activity::Unknown => engine.queued.push(id.clone()),
            }
        }
        self.add(signal, engines, dropped, answer)
    }

    /// Begins an interrupt of what other clients sent: decides for each engine by what it works on now.
    pub(super) fn begin_others(
        &mut self,
        asked: &InterruptedOthers<'_>,
        hub: &Hub,
        origins: &Origins,
        answer: Answer,
    ) -> Vec<Question> {
        let mut engines: BTreeMap<EngineId, Engine> = BTreeMap::new();
        let chosen = |id: EngineId| asked.engines.is_none_or(|only| only.contains(id));
        for there in hub.table().iter().filter(|there| chosen(there.id)) {
            let Activity::Busy(newest) = hub.activities().of(there.id) else { continue };
            match origins.of(newest) {
                Origin::Own => {}
                origin if asked.whose.covers(&origin) => {
                    let engine =
                        Engine { working: Some(Working::long_since(newest)), ..Engine::new(&there.uuid) };
                    engines.insert(there.id, engine);
                }
                origin => {
                    let engine = Engine { elsewhere: Some(origin), ..Engine::new(&there.uuid) };
                    engines.insert(there.id, engine);
                }
            }
        }
        for Unfinished { engine: uuid, request } in asked.unfinished {
            let Some(id) = hub.engine(uuid).filter(|id| chosen(*id)) else { continue };
            // Nothing waits on an idle engine, though for the Hub code that awaits at its top level never ends.
            let waits = matches!(hub.activities().of(id), Activity::Busy(newest) if newest != request);
            if waits && asked.whose.covers(&origins.of(request)) {
                engines.entry(id).or_insert_with(|| Engine::new(uuid)).queued.push(request.clone());
            }
        }
        self.add(asked.signal.clone(), engines, RankSet::default(), answer)
    }

    fn add(
        &mut self,
        signal: String,
        engines: BTreeMap<EngineId, Engine>,
        dropped: RankSet,
        answer: Answer,
    ) -> Vec<Question> {
        self.count += 1;
        let (open, answer) = (HashMap::new(), Some(answer));
        let mut interrupt =
            Interrupt { number: self.count, signal, engines, dropped, open, refused: None, answer };
        let questions = interrupt.first_questions(Instant::now());
        self.under_way.push(interrupt);
        questions
    }

    /// The aborted requests that came up since the last call for which nobody needs to wait any longer.
    pub(super) fn take_abandoned(&mut self) -> Vec<MsgId> {
        std::mem::take(&mut self.abandoned)
    }

    /// The engines that the Hub has to be asked about since the last call.
    pub(super) fn take_doubts(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.doubts)
    }

    /// Output arrives again: what was told to be dropped, and was given up, may have begun meanwhile.
    pub(super) fn doubt_abandoned(&mut self, requests: &Requests) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        for interrupt in &mut self.under_way {
            for (&id, engine) in &mut interrupt.engines {
                let given_up = engine.aborted && engine.settling.is_none() && !engine.doubted;
                if given_up && engine.may_work_on_queued(requests) {
                    engine.doubted = true;
                    doubts.push(Doubt { interrupt: interrupt.number, engine: id });
                }
            }
        }
        doubts
    }

    /// The Hub said what engines have not finished, which `hub` has taken in, or did not answer: ends these doubts.
    ///
    /// Where even the Hub knows nothing of an engine, as after a restart, it is signalled only for what is known to have begun:
    /// it may work for somebody else. Its requests are not called dropped either.
    pub(super) fn resolve(
        &mut self,
        doubts: &[Doubt],
        requests: &Requests,
        hub: &Hub,
        unfinished: &[Unfinished],
    ) -> Vec<Question> {
        let mut questions = Vec::new();
        let now = Instant::now();
        for doubt in doubts {
            let found = self.under_way.iter_mut().find(|interrupt| interrupt.number == doubt.interrupt);
            let Some(interrupt) = found else { continue };
            let Some(engine) = interrupt.engines.get_mut(&doubt.engine) else { continue };
            engine.doubted = false;
            let is_open = |id: &&MsgId| requests.get(id).is_some_and(Request::is_open);
            let oldest = || unfinished.iter().find(|one| one.engine == engine.uuid).map(|one| &one.request);
            let has_begun = |id: &&MsgId| requests.get(id).is_some_and(|request| request.begun.is_some());
            let works_on = match hub.activities().of(doubt.engine) {
                Activity::Busy(newest) => Some(newest),
                // Of another client, the Hub also lists what the engine is past.
                Activity::Idle => oldest().filter(is_open),
                Activity::Unknown => {
                    oldest().filter(is_open).or_else(|| engine.queued.iter().find(has_begun))
                }
            };
            let works_on = works_on.cloned();
            match works_on {
                _ if engine.working.is_some() => self.abandoned.extend_from_slice(&engine.queued),
                Some(id) if engine.queued.contains(&id) => {
                    let Some(request) = requests.get(&id).filter(|request| request.is_open()) else {
                        continue;
                    };
                    engine.queued.retain(|queued| *queued != id);
                    engine.working = Some(Working::on(&id, request, true));
                    questions.extend(interrupt.signal_if_working(doubt.engine, now));
                }
                Some(_) => self.abandoned.extend_from_slice(&engine.queued),
                None => engine.unanswered |= !engine.queued.is_empty(),
            }
        }
        questions
    }

    /// Notes that a question was sent, or could not be.
    pub(super) fn asked(&mut self, question: &Question, sent: Option<(MsgId, Instant)>) {
        let found = self.under_way.iter_mut().find(|interrupt| interrupt.number == question.interrupt);
        let Some(interrupt) = found else { return };
        match sent {
            Some((id, until)) => {
                interrupt.open.insert(id, (question.engine, question.ask.step(), until));
            }
            None => interrupt.engine(question.engine, |engine| engine.unanswered = true),
        }
    }

    /// Takes an answer on control; one that aborts has taken effect `until` then. Returns what to ask next.
    pub(super) fn answered(
        &mut self,
        id: &MsgId,
        message: &Message,
        requests: &Requests,
        until: Instant,
    ) -> Vec<Question> {
        let abandoned = &mut self.abandoned;
        let found = self.under_way.iter_mut().find(|interrupt| interrupt.open.contains_key(id));
        let Some(interrupt) = found else { return Vec::new() };
        let Some((engine, step, _)) = interrupt.open.remove(id) else { return Vec::new() };
        let reply = message.content_as::<Reply>();
        let failed = reply.ok().filter(|reply| reply.status == "error");
        if let Some(Reply { error, .. }) = failed {
            interrupt.refused = Some(format!("{}: {}", error.ename, error.evalue));
            return Vec::new();
        }
        interrupt.engine(engine, |engine| match step {
            Step::Signal | Step::Interrupt => engine.signalled = true,
            Step::Abort => {
                engine.aborted = true;
                // One that works on something gets to its queue only after that.
                if engine.may_work_on_queued(requests) {
                    engine.settling = Some(until);
                } else {
                    abandoned.extend_from_slice(&engine.queued);
                }
            }
        });
        match step {
            Step::Abort => interrupt.signal_if_working(engine, Instant::now()).into_iter().collect(),
            Step::Signal | Step::Interrupt => Vec::new(),
        }
    }

    /// An engine began to run the code of a request. If that is being aborted, the abort came too late.
    pub(super) fn started(&mut self, id: &MsgId, requests: &Requests) -> Vec<Question> {
        let mut questions = Vec::new();
        // Its reply can overtake the news of its beginning.
        let Some(request) = requests.get(id).filter(|request| request.is_open()) else { return questions };
        for interrupt in &mut self.under_way {
            let found = interrupt.engines.iter_mut().find(|(_, engine)| engine.queued.contains(id));
            let Some((&number, engine)) = found else { continue };
            engine.queued.retain(|queued| queued != id);
            engine.settling = None;
            let waits_for_abort =
                interrupt.open.values().any(|(of, step, _)| *of == number && *step == Step::Abort);
            if engine.working.is_some() {
                continue;
            }
            engine.working = Some(Working::on(id, request, false));
            if !waits_for_abort {
                questions.extend(interrupt.signal_if_working(number, Instant::now()));
            }
        }
        questions
    }

    /// Gives up on what is due, forgets what has ended, and returns what to ask instead.
    pub(super) fn expire(&mut self, requests: &Requests, now: Instant) -> Vec<Question> {
        let mut questions = Vec::new();
        for interrupt in &mut self.under_way {
            let number = interrupt.number;
            let doubt = |engine: EngineId| Doubt { interrupt: number, engine };
            for (&id, engine) in &mut interrupt.engines {
                if engine.settle(requests, now) && engine.give_up(requests, &mut self.abandoned) {
                    self.doubts.push(doubt(id));
                }
            }
            for number in interrupt.release(requests, now) {
                questions.extend(interrupt.signal_if_working(number, now));
            }
            let due: Vec<_> = interrupt.open.extract_if(|_, (_, _, until)| now >= *until).collect();
            for (_, (engine, step, _)) in due {
                match step {
                    // Only this signal does what the engine itself can do too.
                    Step::Signal if interrupt.is_keyboard() => {
                        questions.extend(interrupt.question(engine, Ask::Interrupt));
                    }
                    Step::Signal | Step::Interrupt => {
                        interrupt.engine(engine, |engine| engine.unanswered = true);
                    }
                    Step::Abort => {
                        interrupt.engine(engine, |state| {
                            state.unanswered = true;
                            // It will find out when it is past its work.
                            if state.give_up(requests, &mut self.abandoned) {
                                self.doubts.push(doubt(engine));
                            }
                        });
                        questions.extend(interrupt.signal_if_working(engine, now));
                    }
                }
            }
        }
        questions
    }

    /// Reports on interrupts that wait for nothing more, and keeps those whose requests may still begin.
    pub(super) fn report(&mut self) {
        self.under_way.iter_mut().filter(|interrupt| interrupt.is_settled()).for_each(Interrupt::report);
        self.under_way.retain(|interrupt| !interrupt.is_settled() || interrupt.is_watching());
    }
}

impl Working {
    fn on(id: &MsgId, request: &Request, unheard: bool) -> Self {
        let since = if unheard { None } else { request.begun };
        Self { id: id.clone(), ready: since.unwrap_or_else(Instant::now) + BEGINNING, unheard }
    }

    /// What began before anybody asked, as far as is known.
    fn long_since(id: &MsgId) -> Self {
        Self { id: id.clone(), ready: Instant::now(), unheard: false }
    }
}

impl Engine {
    fn new(uuid: &EngineUuid) -> Self {
        Self {
            uuid: uuid.clone(),
            working: None,
            elsewhere: None,
            held: false,
            queued: Vec::new(),
            settling: None,
            doubted: false,
            dropped: false,
            signalled: false,
            aborted: false,
            unanswered: false,
        }
    }
}

impl Engine {
    /// Whether it may have begun with one of the requests that wait there: it is not known to work on something else, or
    /// may have ended that unheard.
    fn may_work_on_queued(&self, requests: &Requests) -> bool {
        let may_have_begun = |id| self.elsewhere.is_none() || requests.get(id).is_some_and(Request::has_gap);
        self.working.is_none() && self.queued.iter().any(may_have_begun)
    }

    /// Ends the wait for the requests that wait there, unless it may work on one of them: then the Hub has to be asked first.
    /// Returns whether it has.
    fn give_up(&mut self, requests: &Requests, abandoned: &mut Vec<MsgId>) -> bool {
        self.doubted = self.may_work_on_queued(requests);
        if !self.doubted {
            abandoned.extend_from_slice(&self.queued);
        }
        self.doubted
    }

    /// Lets go of requests that have ended. Returns whether the others had their time, which is so once.
    fn settle(&mut self, requests: &Requests, now: Instant) -> bool {
        let dropped = &mut self.dropped;
        self.queued.retain(|id| {
            let request = requests.get(id);
            let open = request.is_some_and(Request::is_open);
            *dropped |= !open && request.is_none_or(|request| request.is_aborted() || !request.is_replied());
            open
        });
        if self.queued.is_empty() {
            self.settling = None;
        }
        self.settling.take_if(|until| now >= *until).is_some()
    }

    fn outcome(&self) -> Outcome {
        if self.signalled {
            Outcome::Signalled
        } else if self.unanswered {
            Outcome::Unanswered
        } else if self.elsewhere == Some(Origin::Other) {
            Outcome::LeftAlone
        } else if matches!(self.elsewhere, Some(Origin::Mine(_))) {
            Outcome::LeftMine
        } else if self.aborted && (self.dropped || !self.queued.is_empty()) {
            Outcome::Aborted
        } else {
            Outcome::Ended
        }
    }
}

/// What a report says of an engine: of several things that were done, the one that matters most.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Signalled,
    Unanswered,
    LeftAlone,
    LeftMine,
    Aborted,
    /// It ended before it could be interrupted.
    Ended,
}

impl Ask {
    fn step(&self) -> Step {
        match self {
            Self::Signal(_) => Step::Signal,
            Self::Interrupt => Step::Interrupt,
            Self::Abort(_) => Step::Abort,
        }
    }
}

impl Interrupt {
    /// What waits is aborted first: a signal would only let the next request of the run begin.
    fn first_questions(&mut self, now: Instant) -> Vec<Question> {
        let engines: Vec<_> = self.engines.iter().map(|(&id, engine)| (id, engine.queued.clone())).collect();
        let first = |(engine, queued): (EngineId, Vec<MsgId>)| match queued.as_slice() {
            [] => self.signal_if_working(engine, now),
            _ => self.question(engine, Ask::Abort(queued)),
        };
        engines.into_iter().filter_map(first).collect()
    }

    /// The signal, unless it was given or the engine is not in its code yet: then it is held back until it is.
    fn signal_if_working(&mut self, engine: EngineId, now: Instant) -> Option<Question> {
        let is_keyboard = self.is_keyboard();
        let state = self.engines.get_mut(&engine).filter(|state| !state.signalled)?;
        let working = state.working.as_ref()?;
        state.held = (is_keyboard || working.unheard) && working.ready > now;
        if state.held { None } else { self.question(engine, Ask::Signal(self.signal.clone())) }
    }

    /// The engines whose signal need not wait any longer. What ended meanwhile gets none.
    fn release(&mut self, requests: &Requests, now: Instant) -> Vec<EngineId> {
        let mut released = Vec::new();
        for (&id, engine) in self.engines.iter_mut().filter(|(_, engine)| engine.held) {
            let Some(working) = &engine.working else { continue };
            let is_open = requests.get(&working.id).is_some_and(Request::is_open);
            engine.held = is_open && working.ready > now;
            if is_open && !engine.held {
                released.push(id);
            }
        }
        released
    }

    fn question(&self, engine: EngineId, ask: Ask) -> Option<Question> {
        let uuid = self.engines.get(&engine)?.uuid.clone();
        Some(Question { engine, uuid, ask, interrupt: self.number })
    }

    fn engine(&mut self, id: EngineId, change: impl FnOnce(&mut Engine)) {
        if let Some(engine) = self.engines.get_mut(&id) {
            change(engine);
        }
    }

    fn is_keyboard(&self) -> bool {
        matches!(self.signal.as_str(), "SIGINT" | "2")
    }

    fn is_settled(&self) -> bool {
        let settled = |engine: &Engine| engine.settling.is_none() && !engine.held && !engine.doubted;
        self.open.is_empty() && self.engines.values().all(settled)
    }

    fn is_watching(&self) -> bool {
        self.refused.is_none() && self.engines.values().any(|engine| !engine.queued.is_empty())
    }

    fn report(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        let those = |which: Outcome| -> RankSet {
            self.engines.iter().filter(|(_, engine)| engine.outcome() == which).map(|(id, _)| *id).collect()
        };
        let reported = |engine: &EngineId| {
            self.engines.get(engine).map(Engine::outcome).is_some_and(|outcome| outcome != Outcome::Ended)
        };
        let dropped = self.dropped.iter().filter(|engine| !reported(engine));
        let report = InterruptReport {
            signalled: those(Outcome::Signalled),
            aborted: those(Outcome::Aborted).iter().chain(dropped).collect(),
            left_alone: those(Outcome::LeftAlone),
            left_mine: those(Outcome::LeftMine),
            unanswered: those(Outcome::Unanswered),
        };
        // A handle that is gone wants no report.
        let _ = answer.send(match self.refused.clone() {
            Some(why) => Err(ClientError::SignalRefused { signal: self.signal.clone(), why }),
            None => Ok(report),
        });
    }
}

/// The engines that hold something of what `interrupt` would stop, for logs.
impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let engines: BTreeSet<_> = self.engines.keys().collect();
        f.debug_struct("Interrupt").field("signal", &self.signal).field("engines", &engines).finish()
    }
}
