//! The state of a run, and the reducer that makes it from events.

mod excerpt;

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};

use super::{
    Ending, Event, EventKind, LostReason, Output, OutputKind, Slot, Time,
    fingerprint::{Fingerprint, Fingerprinter},
    weight::{of_bundle, of_output},
};
use crate::{
    engines::{EngineId, RankSet},
    jupyter::content::{ErrorContent, ExecuteReply, MimeBundle, StreamName},
};

/// The number of a run in its session; `r12` in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u32);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// What was asked for. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// The exact code that each engine gets.
    pub code: Arc<str>,
    /// Engines in the order of the requests; one may occur twice.
    pub engines: Vec<EngineId>,
    /// Whether the targets were one integer, so that plain output carries no labels.
    pub single: bool,
}

/// The progress of an engine's part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not sent yet.
    #[default]
    Queued,
    /// Sent; the engine has not begun.
    Sent,
    /// The engine works on it.
    Running,
    /// Reply and idle are in, or the engine is lost.
    Ended(Ending),
}

/// One engine's part of a run.
#[derive(Clone, Debug)]
pub struct EngineRun {
    /// The engine that was asked.
    pub engine: EngineId,
    /// The machine it runs on, once that is known: letters, digits, `.`, `-` and `_` only.
    pub host: Option<Arc<str>>,
    /// Its progress.
    pub phase: Phase,
    /// When the request was sent.
    pub sent: Option<Time>,
    /// When the engine began.
    pub started: Option<Time>,
    /// When its part ended.
    pub ended: Option<Time>,
    /// `In [n]` on that engine.
    pub execution_count: Option<u32>,
    /// What it produced, in order of arrival. Only ever grows: a reader that remembers how far it read misses nothing; text
    /// that is hidden ([`Text::hidden`]) still counts.
    pub outputs: Vec<Output>,
    /// What `%px x?` and the like asked the front end to show; data of `page` payloads.
    pub pages: Vec<MimeBundle>,
    /// The file that holds all its text, once the middle of that is no longer in memory.
    pub spilled: Option<Arc<Path>>,
    kept: usize,
    /// Bytes of stream text that were moved out of memory.
    hidden: usize,
    /// About how many bytes everything but stream text takes.
    others: usize,
    reply: Option<Ending>,
    idle: bool,
    fingerprinter: Fingerprinter,
    /// The fingerprint so far, computed when it is first asked for.
    fingerprint: OnceLock<Fingerprint>,
}

/// What a run is doing as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Nothing was sent yet.
    Queued,
    /// Some engine has not ended.
    Running,
    /// Every engine ended well.
    Succeeded,
    /// Every engine ended, and some raised, aborted or were lost.
    Failed,
}

/// A run. Cloning is cheap: one pointer per engine.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number in the session.
    pub id: RunId,
    /// What was asked for.
    pub request: Arc<RunRequest>,
    /// When it was asked for.
    pub created: Time,
    /// Whether somebody waits for it; `false` with `--noblock`.
    pub blocking: bool,
    parts: Vec<Arc<EngineRun>>,
}

impl EngineRun {
    fn new(engine: EngineId) -> Self {
        Self {
            engine,
            host: None,
            phase: Phase::Queued,
            sent: None,
            started: None,
            ended: None,
            execution_count: None,
            outputs: Vec::new(),
            pages: Vec::new(),
            spilled: None,
            kept: 0,
            hidden: 0,
            others: 0,
            reply: None,
            idle: false,
            fingerprinter: Fingerprinter::new(),
            fingerprint: OnceLock::new(),
        }
    }

    /// How it ended, if it did.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Milliseconds from when the engine began, or else from when the request was sent, to the end of its part, as pxlens
    /// saw them. `None` before that end, and for what was never sent.
    pub fn took(&self) -> Option<u64> {
        Some(self.ended?.since(self.started.or(self.sent)?))
    }

    /// The error it raised, as soon as that is known.
    pub fn error(&self) -> Option<&Arc<ErrorContent>> {
        if let Some(Ending::Error(error)) = &self.reply {
            return Some(error);
        }
        self.outputs.iter().rev().find_map(|output| match &output.kind {
            OutputKind::Error(error) => Some(error),
            _ => None,
        })
    }

    /// Whether it is known that this part does not end well, be it over or not.
    pub fn has_failed(&self) -> bool {
        self.error().is_some() || self.ending().is_some_and(|ending| *ending != Ending::Ok)
    }

    /// Stands for what it shows and how it ended, for comparing with other engines.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.fingerprint.get_or_init(|| self.fingerprinter.fingerprint(&self.pages, self.ending()))
    }

    /// All text of one stream that is in memory, whatever came between its pieces.
    pub fn stream(&self, wanted: StreamName) -> String {
        let mut all = String::new();
        for output in &self.outputs {
            if let OutputKind::Stream(name, text) = &output.kind
                && *name == wanted
            {
                text.chunks().for_each(|chunk| all.push_str(chunk));
            }
        }
        all
    }

    /// What has come since an earlier state, errors left out.
    fn since(&self, before: &EngineRun) -> impl Iterator<Item = EventKind> {
        // The last of before may have grown, if it is text.
        let first = before.outputs.len().saturating_sub(1);
        self.outputs.iter().enumerate().skip(first).filter_map(|(at, output)| {
            let known = before.outputs.get(at);
            match &output.kind {
                OutputKind::Stream(name, text) => {
                    let from = match known.map(|known| &known.kind) {
                        Some(OutputKind::Stream(_, known)) => known.len_chars(),
                        _ => 0,
                    };
                    let (head, _, tail) = text.since(from);
                    let text = head + &tail;
                    (!text.is_empty()).then_some(EventKind::Stream { name: *name, text })
                }
                _ if known.is_some() => None,
                OutputKind::Display { data, .. } | OutputKind::UpdateDisplay { data, .. } => {
                    Some(EventKind::Display { data: data.clone(), display_id: None })
                }
                OutputKind::Result { data, execution_count } => {
                    Some(EventKind::Result { data: data.clone(), execution_count: *execution_count })
                }
                _ => None,
            }
        })
    }

    /// Bytes of stream text in memory.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Bytes of stream text, in memory or not, plus one for each output, so that it grows with every output.
    pub fn amount(&self) -> usize {
        self.kept + self.hidden + self.outputs.len()
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        self.kept + self.others
    }

    /// Moves the middle of its text out of memory until about `most` bytes are left.
    fn hide(&mut self, most: usize, file: Arc<Path>) {
        // A quarter at the beginning and half at the end: room for more before the next time.
        let hidden = most / 4..self.kept.saturating_sub(most / 2);
        let mut start = 0;
        for output in &mut self.outputs {
            let OutputKind::Stream(_, text) = &mut output.kind else { continue };
            let end = start + text.kept();
            let (from, to) = (hidden.start.clamp(start, end), hidden.end.clamp(start, end));
            if from < to {
                let gone = text.hide(from - start..to - start);
                self.kept -= gone;
                self.hidden += gone;
            }
            start = end;
        }
        self.spilled = Some(file);
    }

    fn apply(&mut self, at: Time, kind: EventKind) {
        self.fingerprint.take();
        match kind {
            EventKind::Host(host) => self.host = Some(host),
            EventKind::Sent(_) => {
                self.sent = Some(at);
                self.advance(Phase::Sent);
            }
            EventKind::Busy => self.begin(at),
            EventKind::Input { execution_count } => self.execution_count = Some(execution_count),
            EventKind::Stream { name, text } => self.write(name, text),
            EventKind::Display { data, display_id } => {
                self.fingerprinter.display(&data, display_id.as_deref());
                self.push(OutputKind::Display { data, display_id });
            }
            EventKind::UpdateDisplay { data, display_id } => {
                self.fingerprinter.update(&data, display_id.as_deref());
                self.push(OutputKind::UpdateDisplay { data, display_id });
            }
            EventKind::ClearOutput { wait } => {
                self.fingerprinter.clear(wait);
                self.push(OutputKind::ClearOutput { wait });
            }
            EventKind::Result { data, execution_count } => {
                self.fingerprinter.result(&data);
                self.execution_count = Some(execution_count);
                self.push(OutputKind::Result { data, execution_count });
            }
            EventKind::Error(error) => {
                self.fingerprinter.raised();
                let error = self.known(error);
                self.push(OutputKind::Error(error));
            }
            EventKind::Idle => {
                self.idle = true;
                self.end_if_complete(at);
            }
            EventKind::Reply(reply) => self.answer(at, reply),
            EventKind::Aborted(why) => self.end(at, Ending::Aborted(Some(why.into()))),
            EventKind::Lost(LostReason::OutputIncomplete) if self.reply.is_some() => {
                // What the engine answered counts for more than the missing end of its output; the note says so.
                self.remark(LostReason::OutputIncomplete.to_string());
                self.idle = true;
                self.end_if_complete(at);
            }
            EventKind::Lost(LostReason::ReplyMissing) if self.idle => {
                // A value or an error is the last word; without either nobody knows whether it is over.
                let last_word = self.last_word();
                self.end(at, last_word.unwrap_or(Ending::Lost(LostReason::ReplyMissing)));
            }
            EventKind::Lost(reason) => self.end(at, Ending::Lost(reason)),
            EventKind::Unreadable(what) => self.remark(what),
        }
    }

    /// Notes that something is missing.
    fn remark(&mut self, what: String) {
        self.fingerprinter.remark(&what);
        self.push(OutputKind::Unreadable(what));
    }

    fn begin(&mut self, at: Time) {
        self.started.get_or_insert(at);
        self.advance(Phase::Running);
    }

    /// Advances to a later phase; a late event never leads back.
    fn advance(&mut self, phase: Phase) {
        let ahead = match phase {
            Phase::Queued | Phase::Ended(_) => false,
            Phase::Sent => self.phase == Phase::Queued,
            Phase::Running => matches!(self.phase, Phase::Queued | Phase::Sent),
        };
        if ahead {
            self.phase = phase;
        }
    }

    fn write(&mut self, name: StreamName, text: String) {
        self.fingerprinter.write(name, &text, &self.outputs);
        self.kept += text.len();
        let late = self.ending().is_some();
        if let Some(Output { kind: OutputKind::Stream(last, before), late: last_late }) =
            self.outputs.last_mut()
            && *last == name
            && *last_late == late
        {
            before.push(&text);
            return;
        }
        self.push(OutputKind::Stream(name, text.into()));
    }

    fn push(&mut self, kind: OutputKind) {
        let late = self.ending().is_some();
        self.others += of_output(&kind);
        self.outputs.push(Output { kind, late });
        if self.ending() == Some(&Ending::Lost(LostReason::ReplyMissing))
            && let Some(last_word) = self.last_word()
        {
            self.phase = Phase::Ended(last_word);
        }
    }

    /// An error that an engine sends twice, among its outputs and in its reply, is in memory once: it may be of many megabytes.
    fn known(&self, error: ErrorContent) -> Arc<ErrorContent> {
        match self.error() {
            Some(known) if **known == error => Arc::clone(known),
            _ => Arc::new(error),
        }
    }

    /// How code that gets no reply ended, if its output shows that: it raised, or gave a value.
    fn last_word(&self) -> Option<Ending> {
        self.outputs.iter().rev().find_map(|output| match &output.kind {
            OutputKind::Error(error) => Some(Ending::Error(error.clone())),
            OutputKind::Result { .. } => Some(Ending::Ok),
            _ => None,
        })
    }

    fn answer(&mut self, at: Time, reply: ExecuteReply) {
        let ending = match reply {
            ExecuteReply::Ok { execution_count, payload } => {
                self.execution_count = execution_count.or(self.execution_count);
                let before = self.pages.len();
                self.pages.extend(payload.iter().filter_map(page));
                self.others += self.pages[before..].iter().map(of_bundle).sum::<usize>();
                Ending::Ok
            }
            ExecuteReply::Error { error, execution_count } => {
                self.execution_count = execution_count.or(self.execution_count);
                Ending::Error(self.known(error))
            }
            ExecuteReply::Aborted {} => return self.end(at, Ending::Aborted(None)),
        };
        self.begin(at);
        self.reply = Some(ending);
        self.end_if_complete(at);
    }

    fn end_if_complete(&mut self, at: Time) {
        if self.idle
            && let Some(ending) = self.reply.clone()
        {
            self.end(at, ending);
        }
    }

    fn end(&mut self, at: Time, ending: Ending) {
        if self.ending().is_none() {
            self.phase = Phase::Ended(ending);
            self.ended = Some(at);
        }
    }
}

fn page(payload: &serde_json::Value) -> Option<MimeBundle> {
    (payload.get("source")? == "page").then_some(())?;
    Some(Arc::new(payload.get("data")?.as_object()?.clone()))
}

impl Run {
    /// A run that was asked for and not sent. `blocking`: whether the next cell waits for it.
    pub fn new(id: RunId, request: Arc<RunRequest>, created: Time, blocking: bool) -> Self {
        let parts = request.engines.iter().map(|&engine| Arc::new(EngineRun::new(engine))).collect();
        Self { id, request, created, blocking, parts }
    }

    /// Applies one event. An event for a slot that does not exist changes nothing.
    pub fn apply(&mut self, event: Event) {
        if let Some(part) = self.parts.get_mut(event.slot.0 as usize) {
            Arc::make_mut(part).apply(event.at, event.kind);
        }
    }

    /// Moves text of one engine out of memory until no more than about `most` bytes of it are left; its beginning and its
    /// end stay. `file` must hold all that the engine wrote so far.
    pub fn hide(&mut self, slot: Slot, most: usize, file: Arc<Path>) {
        if let Some(part) = self.parts.get_mut(slot.0 as usize) {
            Arc::make_mut(part).hide(most, file);
        }
    }

    /// Puts back into memory what [`Run::hide`] moved out of one output of an engine; `text` is exactly that.
    pub fn fill(&mut self, slot: Slot, output: usize, text: &str) {
        let Some(part) = self.parts.get_mut(slot.0 as usize) else { return };
        let part = Arc::make_mut(part);
        if let Some(Output { kind: OutputKind::Stream(_, hidden), .. }) = part.outputs.get_mut(output) {
            hidden.fill(text);
            part.kept += text.len();
            part.hidden -= text.len();
        }
    }

    /// The same run as if only these engines had been asked.
    pub fn only(&self, ranks: &RankSet) -> Self {
        let parts: Vec<_> = self.parts.iter().filter(|part| ranks.contains(part.engine)).cloned().collect();
        let engines = parts.iter().map(|part| part.engine).collect();
        let request = Arc::new(RunRequest { engines, ..RunRequest::clone(&self.request) });
        Self { request, parts, ..self.clone() }
    }

    /// What has come since `seen`, an earlier state of this run: a run of the engines from which something came, which holds
    /// nothing else. `None` if nothing came. Errors are left out.
    pub fn since(&self, seen: &Run) -> Option<Run> {
        let mut fresh = Self::new(self.id, Arc::clone(&self.request), self.created, self.blocking);
        let mut ranks = Vec::new();
        for ((slot, part), before) in (0..).map(Slot).zip(self.parts()).zip(seen.parts()) {
            let events: Vec<EventKind> = part.since(before).collect();
            if events.is_empty() {
                continue;
            }
            ranks.push(part.engine);
            let end = EventKind::Reply(ExecuteReply::Ok { execution_count: None, payload: Vec::new() });
            for kind in events.into_iter().chain([end, EventKind::Idle]) {
                fresh.apply(Event { slot, at: self.created, kind });
            }
        }
        (!ranks.is_empty()).then(|| fresh.only(&ranks.into_iter().collect()))
    }

    /// One engine's part after the other, in target order.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &EngineRun> {
        self.parts.iter().map(Arc::as_ref)
    }

    /// The part of one request.
    pub fn part(&self, slot: Slot) -> Option<&EngineRun> {
        self.parts.get(slot.0 as usize).map(Arc::as_ref)
    }

    /// What it is doing as a whole.
    pub fn state(&self) -> RunState {
        if self.parts().all(|part| part.phase == Phase::Queued) && !self.parts.is_empty() {
            RunState::Queued
        } else if self.parts().any(|part| part.ending().is_none()) {
            RunState::Running
        } else if self.parts().all(|part| part.ending() == Some(&Ending::Ok)) {
            RunState::Succeeded
        } else {
            RunState::Failed
        }
    }

    /// Whether every engine's part has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.state(), RunState::Succeeded | RunState::Failed)
    }

    /// Whether it will never be sent: it was dropped while it waited, or there was no way to the engines.
    pub fn was_never_sent(&self) -> bool {
        let unsent = |part: &EngineRun| matches!(part.ending(), Some(Ending::Lost(LostReason::NotSent(_))));
        self.parts().all(unsent)
    }

    /// Whether it will never be sent, for this reason.
    pub fn was_not_sent_since(&self, reason: &str) -> bool {
        let is_so = |part: &EngineRun| matches!(part.ending(), Some(Ending::Lost(LostReason::NotSent(why))) if why == reason);
        self.parts().all(is_so)
    }

    /// The engines whose part has not ended.
    pub fn pending(&self) -> RankSet {
        self.parts().filter(|part| part.ending().is_none()).map(|part| part.engine).collect()
    }

    /// When the last engine ended, once all have.
    pub fn ended(&self) -> Option<Time> {
        self.is_over().then(|| self.parts().filter_map(|part| part.ended).max()).flatten()
    }
}
