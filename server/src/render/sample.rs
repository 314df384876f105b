//! Runs for tests, in a few words.

use std::{path::Path, sync::Arc};

use serde_json::{Map, Value, json};

use crate::{
    engines::EngineId,
    jupyter::{
        MsgId,
        content::{ErrorContent, ExecuteReply, MimeBundle, StreamName},
    },
    run::{Event, EventKind, LostReason, Run, RunId, RunRequest, Slot, Time},
};

/// A red PNG of three by two pixels.
pub(super) const RED: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IScHQQxwFgBBAAYZ1ETuGQAAAABJRU5ErkJggg==";
/// A blue one.
pub(super) const BLUE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mOQkzsBQQxwFgA5CAYZDOxrbQAAAABJRU5ErkJggg==";
/// A GIF of four by three.
pub(super) const GIF: &str = "R0lGODdhBAADAIEAABR4KAAAAAAAAAAAACwAAAAABAADAAAICAABCBxIUGBAADs=";
/// An SVG of 96 by 48.
pub(super) const SVG: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' width='72pt' viewBox='0 0 100 50'><path d='M0 0h9'/></svg>";

/// A run in the making; each call is one event, 10 ms after the one before.
#[derive(Clone)]
pub(super) struct Sample {
    run: Run,
    now: u64,
}

pub(super) fn bundle(pairs: &[(&str, &str)]) -> MimeBundle {
    Arc::new(
        pairs.iter().map(|(mime, text)| ((*mime).to_owned(), json!(text))).collect::<Map<String, Value>>(),
    )
}

impl Sample {
    pub(super) fn new(engines: u32) -> Self {
        Self::of(&(0..engines).collect::<Vec<_>>())
    }

    pub(super) fn of(engines: &[u32]) -> Self {
        Self::asked(engines, "code", false)
    }

    pub(super) fn asked(engines: &[u32], code: &str, single: bool) -> Self {
        let engines = engines.iter().copied().map(EngineId).collect();
        let request = Arc::new(RunRequest { code: code.into(), engines, single });
        Self { run: Run::new(RunId(1), request, Time(0), true), now: 0 }
    }

    pub(super) fn run(self) -> Run {
        self.run
    }

    pub(super) fn event(mut self, slot: u32, kind: EventKind) -> Self {
        self.now += 10;
        self.run.apply(Event { slot: Slot(slot), at: Time(self.now), kind });
        self
    }

    pub(super) fn sent(self, slot: u32) -> Self {
        self.event(slot, EventKind::Sent(MsgId::from("m")))
    }

    /// Names the machine of an engine.
    pub(super) fn on(self, slot: u32, host: &str) -> Self {
        self.event(slot, EventKind::Host(host.into()))
    }

    /// Lets time pass.
    pub(super) fn later(mut self, milliseconds: u64) -> Self {
        self.now += milliseconds;
        self
    }

    pub(super) fn busy(self, slot: u32) -> Self {
        self.sent(slot).event(slot, EventKind::Busy)
    }

    pub(super) fn input(self, slot: u32, execution_count: u32) -> Self {
        self.event(slot, EventKind::Input { execution_count })
    }

    pub(super) fn stdout(self, slot: u32, text: &str) -> Self {
        self.event(slot, EventKind::Stream { name: StreamName::Stdout, text: text.to_owned() })
    }

    pub(super) fn stderr(self, slot: u32, text: &str) -> Self {
        self.event(slot, EventKind::Stream { name: StreamName::Stderr, text: text.to_owned() })
    }

    /// Leaves about `most` bytes of an engine's text in memory.
    pub(super) fn spilled(self, slot: u32, most: usize) -> Self {
        self.spilled_to(slot, most, Path::new("/cache/engine.txt"))
    }

    pub(super) fn spilled_to(mut self, slot: u32, most: usize, file: &Path) -> Self {
        self.run.hide(Slot(slot), most, file.into());
        self
    }

    pub(super) fn display(self, slot: u32, pairs: &[(&str, &str)]) -> Self {
        self.event(slot, EventKind::Display { data: bundle(pairs), display_id: None })
    }

    pub(super) fn display_as(self, slot: u32, id: &str, text: &str) -> Self {
        let data = bundle(&[("text/plain", text)]);
        self.event(slot, EventKind::Display { data, display_id: Some(id.to_owned()) })
    }

    pub(super) fn update(self, slot: u32, id: &str, text: &str) -> Self {
        let data = bundle(&[("text/plain", text)]);
        self.event(slot, EventKind::UpdateDisplay { data, display_id: Some(id.to_owned()) })
    }

    pub(super) fn clear(self, slot: u32, wait: bool) -> Self {
        self.event(slot, EventKind::ClearOutput { wait })
    }

    pub(super) fn result(self, slot: u32, text: &str) -> Self {
        self.event(slot, EventKind::Result { data: bundle(&[("text/plain", text)]), execution_count: 1 })
    }

    pub(super) fn page(self, slot: u32, text: &str) -> Self {
        let payload = vec![json!({"source": "page", "data": {"text/plain": text}, "start": 0})];
        self.event(slot, EventKind::Reply(ExecuteReply::Ok { execution_count: None, payload }))
            .event(slot, EventKind::Idle)
    }

    pub(super) fn ok(self, slot: u32) -> Self {
        let slot_of = Slot(slot);
        let sample = if self.run.part(slot_of).is_some_and(|part| part.sent.is_none()) {
            self.sent(slot)
        } else {
            self
        };
        sample
            .event(slot, EventKind::Reply(ExecuteReply::Ok { execution_count: None, payload: Vec::new() }))
            .event(slot, EventKind::Idle)
    }

    pub(super) fn all_ok(self) -> Self {
        let slots = u32::try_from(self.run.parts().len()).expect("a test has few slots");
        (0..slots).fold(self, Self::ok)
    }

    pub(super) fn raise(self, slot: u32, ename: &str, evalue: &str, traceback: &[&str]) -> Self {
        let error = ErrorContent {
            ename: ename.to_owned(),
            evalue: evalue.to_owned(),
            traceback: traceback.iter().map(|&line| line.to_owned()).collect(),
        };
        self.event(slot, EventKind::Error(error.clone()))
            .event(slot, EventKind::Reply(ExecuteReply::Error { error, execution_count: None }))
            .event(slot, EventKind::Idle)
    }

    pub(super) fn aborted(self, slot: u32) -> Self {
        self.event(slot, EventKind::Reply(ExecuteReply::Aborted {}))
    }

    pub(super) fn aborted_since(self, slot: u32, why: &str) -> Self {
        self.event(slot, EventKind::Aborted(why.to_owned()))
    }

    pub(super) fn lost(self, slot: u32, why: LostReason) -> Self {
        self.event(slot, EventKind::Lost(why))
    }
}
