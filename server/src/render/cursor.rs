//! The stream of JSON events (`pxlens run --json`), derived from the state of a run.
//!
//! Outputs of a run only ever grow, so a cursor that remembers how far it read misses nothing and repeats nothing,
//! however seldom it looks. Per engine the events come in the order of arrival; between engines, in slot order per look.

use std::{convert::Infallible, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    engines::EngineId,
    jupyter::content::{MimeBundle, StreamName},
    run::{Ending, EngineRun, Output, OutputKind, Run, RunId, RunState, Slot, Time},
};

/// One line of `--json`: `{"event": …, "run": …, "cell": …, "engine": …, "slot": …, …}`.
///
/// `cell` is the number of the px cell in its file, from 1, where the caller knows one. `engine` and `slot` are absent in
/// `run` and `done`, which speak of all engines. `slot` is the 0-based place among the requests: it differs from `engine`
/// when targets name engines out of order or twice. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonEvent {
    /// What happened, with the fields of that event.
    #[serde(flatten)]
    pub what: JsonKind,
    /// The run's number in this session.
    pub run: RunId,
    /// The px cell, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<u32>,
    /// The engine's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineId>,
    /// The request's place among those of the run, 0-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
}

/// What happened; `event` in the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum JsonKind {
    /// `run`: always the first event of a run.
    Run {
        /// The exact code that each engine gets.
        code: Arc<str>,
        /// Engine ids in slot order.
        engines: Vec<EngineId>,
        /// When it was asked for.
        at: Time,
    },
    /// `sent`: the request was handed to the socket.
    Sent {
        /// Milliseconds since 1970, UTC.
        at: Time,
    },
    /// `started`: the engine began to work on it.
    Started {
        /// Milliseconds since 1970, UTC.
        at: Time,
    },
    /// `stdout`: new text. All texts of one engine's `stdout`, put together, are exactly what it wrote.
    Stdout {
        /// Cut anywhere, never within a character.
        text: String,
        /// Whether it came after the engine's part had ended.
        late: bool,
    },
    /// `stderr`: as `stdout`.
    Stderr {
        /// Cut anywhere, never within a character.
        text: String,
        /// Whether it came after the engine's part had ended.
        late: bool,
    },
    /// `display`.
    Display {
        /// By MIME type; binary types are base64.
        data: MimeBundle,
        /// The name that updates use; `null` if it has none.
        display_id: Option<String>,
        /// Whether it came after the engine's part had ended.
        late: bool,
    },
    /// `update_display`: the display of that id shows something else from now on.
    UpdateDisplay {
        /// By MIME type.
        data: MimeBundle,
        /// The id of the display.
        display_id: Option<String>,
        /// Whether it came after the engine's part had ended.
        late: bool,
    },
    /// `clear_output`: a request to clear what this engine showed so far.
    ClearOutput {
        /// Clear only when its next output comes.
        wait: bool,
    },
    /// `result`: the value of the last expression.
    Result {
        /// By MIME type.
        data: MimeBundle,
        /// `Out[n]` on that engine.
        execution_count: u32,
    },
    /// `error`: the code raised.
    Error {
        /// The exception's class.
        ename: String,
        /// The exception's text.
        evalue: String,
        /// Lines as the engine sent them, ANSI colours included.
        traceback: Vec<String>,
    },
    /// `page`: what `x?` wants a pager to show.
    Page {
        /// By MIME type.
        data: MimeBundle,
    },
    /// `spilled`: here text is missing that was moved to a file before this reader came to it. The file holds everything
    /// that the engine wrote to stdout and stderr.
    Spilled {
        /// Bytes of the missing text.
        bytes: usize,
        /// Line ends in the missing text.
        lines: usize,
        /// The path of the file.
        file: Option<String>,
    },
    /// `unreadable`: a message was skipped.
    Unreadable {
        /// What was skipped, and why.
        why: String,
    },
    /// `ended`: the engine's part is over. Output that comes later still is marked `late`.
    Ended {
        /// How it ended.
        state: EndState,
        /// Why, if `state` is `lost`, or `aborted` because an earlier run failed on the engine.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// `In [n]` on that engine, if known.
        execution_count: Option<u32>,
        /// Milliseconds since 1970, UTC.
        at: Option<Time>,
        /// The machine it ran on, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<Arc<str>>,
    },
    /// `done`: every engine's part is over.
    Done {
        /// Whether every engine ended well.
        ok: bool,
        /// From the first request sent to the last end.
        milliseconds: u64,
    },
}

/// How an engine's part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndState {
    /// The code ran to its end.
    Ok,
    /// The code raised.
    Error,
    /// The engine dropped the request without running it.
    Aborted,
    /// No answer will come.
    Lost,
}

impl From<&Ending> for EndState {
    fn from(ending: &Ending) -> Self {
        match ending {
            Ending::Ok => Self::Ok,
            Ending::Error(_) => Self::Error,
            Ending::Aborted(_) => Self::Aborted,
            Ending::Lost(_) => Self::Lost,
        }
    }
}

/// How far a reader has read a run. Start with one per run; [`Cursor::delta`] returns what is new.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    cell: Option<u32>,
    announced: bool,
    done: bool,
    parts: Vec<PartCursor>,
}

#[derive(Clone, Debug, Default)]
struct PartCursor {
    sent: bool,
    started: bool,
    /// Outputs read whole, but for the last of them, which may still grow.
    outputs: usize,
    /// Characters read of that last one.
    chars: usize,
    raised: bool,
    pages: usize,
    ended: bool,
}

impl Cursor {
    /// A cursor for the run of this px cell (its number in its file, from 1), which its events name.
    pub fn of_cell(cell: u32) -> Self {
        Self { cell: Some(cell), ..Self::default() }
    }

    /// What is new since the last call.
    pub fn delta(&mut self, run: &Run) -> Vec<JsonEvent> {
        let mut events = Vec::new();
        let Ok(()) = self.read::<Infallible>(run, &mut |event| {
            events.push(event);
            Ok(())
        });
        events
    }

    /// Passes what is new to `each`, one event at a time, so that at most one event's data is in memory twice.
    ///
    /// # Errors
    /// Those of `each`; the remaining events are then not delivered.
    pub fn each<E>(mut self, run: &Run, mut each: impl FnMut(JsonEvent) -> Result<(), E>) -> Result<(), E> {
        self.read(run, &mut each)
    }

    fn read<E>(&mut self, run: &Run, each: &mut dyn FnMut(JsonEvent) -> Result<(), E>) -> Result<(), E> {
        let cell = self.cell;
        let about = |what, of: Option<(EngineId, Slot)>| JsonEvent {
            what,
            run: run.id,
            cell,
            engine: of.map(|(engine, _)| engine),
            slot: of.map(|(_, slot)| slot.0),
        };
        if !std::mem::replace(&mut self.announced, true) {
            let request = &run.request;
            let what = JsonKind::Run {
                code: Arc::clone(&request.code),
                engines: request.engines.clone(),
                at: run.created,
            };
            each(about(what, None))?;
        }
        self.parts.resize_with(run.parts().len(), PartCursor::default);
        for ((part, slot), cursor) in run.parts().zip((0..).map(Slot)).zip(&mut self.parts) {
            cursor.read(part, &mut |what| each(about(what, Some((part.engine, slot)))))?;
        }
        if run.is_over() && !std::mem::replace(&mut self.done, true) {
            let ok = run.state() == RunState::Succeeded;
            let milliseconds = super::elapsed(run, run.created);
            each(about(JsonKind::Done { ok, milliseconds }, None))?;
        }
        Ok(())
    }
}

impl PartCursor {
    fn read<E>(
        &mut self,
        part: &EngineRun,
        each: &mut dyn FnMut(JsonKind) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(at) = part.sent.filter(|_| !self.sent) {
            self.sent = true;
            each(JsonKind::Sent { at })?;
        }
        if let Some(at) = part.started.filter(|_| !self.started) {
            self.started = true;
            each(JsonKind::Started { at })?;
        }
        let raised = |output: &Output| matches!(output.kind, OutputKind::Error(_));
        self.raised |= part.outputs.iter().skip(self.outputs).any(raised);
        self.outputs(part, false, each)?;
        for data in part.pages.iter().skip(self.pages) {
            each(JsonKind::Page { data: Arc::clone(data) })?;
        }
        self.pages = part.pages.len();
        if let Some(ending) = part.ending().filter(|_| !self.ended) {
            self.ended = true;
            if let Ending::Error(error) = ending
                && !std::mem::replace(&mut self.raised, true)
                && let Some(error) = whole(&OutputKind::Error(Arc::clone(error)), false)
            {
                // Only the reply said so.
                each(error)?;
            }
            let why = match ending {
                Ending::Lost(why) => Some(why.to_string()),
                Ending::Aborted(why) => why.as_deref().map(str::to_owned),
                Ending::Ok | Ending::Error(_) => None,
            };
            let execution_count = part.execution_count;
            let (at, host) = (part.ended, part.host.clone());
            each(JsonKind::Ended { state: ending.into(), why, execution_count, at, host })?;
        }
        self.outputs(part, true, each)?;
        self.outputs = part.outputs.len();
        if let Some(Output { kind: OutputKind::Stream(_, text), .. }) = part.outputs.last() {
            self.chars = text.len_chars();
        }
        Ok(())
    }

    /// The new outputs that came before the end of the engine's part, or the late ones.
    fn outputs<E>(
        &self,
        part: &EngineRun,
        late: bool,
        each: &mut dyn FnMut(JsonKind) -> Result<(), E>,
    ) -> Result<(), E> {
        let first = self.outputs.saturating_sub(1);
        let outputs = part.outputs.iter().enumerate().skip(first);
        for (i, output) in outputs.filter(|(_, output)| output.late == late) {
            let read_before = i < self.outputs;
            match &output.kind {
                OutputKind::Stream(name, text) => {
                    let wrote = |text: String| match name {
                        StreamName::Stdout => JsonKind::Stdout { text, late },
                        StreamName::Stderr => JsonKind::Stderr { text, late },
                    };
                    let (head, hidden, tail) = text.since(if read_before { self.chars } else { 0 });
                    if !head.is_empty() {
                        each(wrote(head))?;
                    }
                    if !hidden.is_empty() {
                        let file = part.spilled.as_deref().map(|file| file.display().to_string());
                        each(JsonKind::Spilled { bytes: hidden.bytes, lines: hidden.lines, file })?;
                    }
                    if !tail.is_empty() {
                        each(wrote(tail))?;
                    }
                }
                _ if read_before => {}
                other => whole(other, late).map_or(Ok(()), &mut *each)?,
            }
        }
        Ok(())
    }
}

/// The event of an output that comes whole.
fn whole(kind: &OutputKind, late: bool) -> Option<JsonKind> {
    Some(match kind {
        OutputKind::Stream(..) => return None,
        OutputKind::Display { data, display_id } => {
            JsonKind::Display { data: Arc::clone(data), display_id: display_id.clone(), late }
        }
        OutputKind::UpdateDisplay { data, display_id } => {
            JsonKind::UpdateDisplay { data: Arc::clone(data), display_id: display_id.clone(), late }
        }
        OutputKind::ClearOutput { wait } => JsonKind::ClearOutput { wait: *wait },
        OutputKind::Result { data, execution_count } => {
            JsonKind::Result { data: Arc::clone(data), execution_count: *execution_count }
        }
        OutputKind::Error(error) => JsonKind::Error {
            ename: error.ename.clone(),
            evalue: error.evalue.clone(),
            traceback: error.traceback.clone(),
        },
        OutputKind::Unreadable(why) => JsonKind::Unreadable { why: why.clone() },
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    fn json(events: &[JsonEvent]) -> String {
        events.iter().map(|event| serde_json::to_string(event).expect("an event is JSON") + "\n").collect()
    }

    fn check(run: &Run, cursor: &mut Cursor, expected: Expect) {
        expected.assert_eq(&json(&cursor.delta(run)));
    }

    #[test]
    fn each_look_tells_what_is_new_and_only_that() {
        let mut cursor = Cursor::of_cell(2);
        let sample = Sample::asked(&[0, 3], "x", false);
        check(
            &sample.clone().run(),
            &mut cursor,
            expect![[r#"
                {"event":"run","code":"x","engines":[0,3],"at":0,"run":1,"cell":2}
            "#]],
        );
        let sample = sample.busy(1).stdout(1, "one ").stdout(1, "two\n");
        check(
            &sample.clone().run(),
            &mut cursor,
            expect![[r#"
                {"event":"sent","at":10,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"started","at":20,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"stdout","text":"one two\n","late":false,"run":1,"cell":2,"engine":3,"slot":1}
            "#]],
        );
        check(&sample.clone().run(), &mut cursor, expect![[""]]);
        let sample = sample
            .stdout(1, "thrée\n")
            .stderr(1, "oh\n")
            .display_as(1, "d", "1%")
            .update(1, "d", "2%")
            .clear(1, true)
            .result(1, "42")
            .page(1, "help");
        check(
            &sample.clone().run(),
            &mut cursor,
            expect![[r#"
                {"event":"stdout","text":"thrée\n","late":false,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"stderr","text":"oh\n","late":false,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"display","data":{"text/plain":"1%"},"display_id":"d","late":false,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"update_display","data":{"text/plain":"2%"},"display_id":"d","late":false,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"clear_output","wait":true,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"result","data":{"text/plain":"42"},"execution_count":1,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"page","data":{"text/plain":"help"},"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"ended","state":"ok","execution_count":1,"at":120,"run":1,"cell":2,"engine":3,"slot":1}
            "#]],
        );
        let sample = sample.stdout(1, "from a thread\n").lost(0, LostReason::EngineDied);
        check(
            &sample.run(),
            &mut cursor,
            expect![[r#"
                {"event":"ended","state":"lost","why":"the engine died","execution_count":null,"at":140,"run":1,"cell":2,"engine":0,"slot":0}
                {"event":"stdout","text":"from a thread\n","late":true,"run":1,"cell":2,"engine":3,"slot":1}
                {"event":"done","ok":false,"milliseconds":130,"run":1,"cell":2}
            "#]],
        );
    }

    #[test]
    fn an_error_is_told_once_although_output_and_reply_both_tell_it() {
        let run = Sample::new(1).raise(0, "E", "no", &["E: no"]).run();
        check(
            &run,
            &mut Cursor::default(),
            expect![[r#"
                {"event":"run","code":"code","engines":[0],"at":0,"run":1}
                {"event":"started","at":20,"run":1,"engine":0,"slot":0}
                {"event":"error","ename":"E","evalue":"no","traceback":["E: no"],"run":1,"engine":0,"slot":0}
                {"event":"ended","state":"error","execution_count":null,"at":30,"run":1,"engine":0,"slot":0}
                {"event":"done","ok":false,"milliseconds":30,"run":1}
            "#]],
        );
    }

    /// One step of a made-up run.
    fn step() -> impl Strategy<Value = (u32, u8, String)> {
        (0u32..3, 0u8..4, "[a-cé\n]{0,4}")
    }

    #[test]
    fn text_that_was_moved_to_a_file_before_it_was_read_is_said_to_be_there() {
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let mut cursor = Cursor::default();
        let sample = Sample::new(1).stdout(0, "first\n");
        cursor.delta(&sample.clone().run());
        check(
            &sample.stdout(0, &text).spilled(0, 40).run(),
            &mut cursor,
            expect![[r#"
                {"event":"spilled","bytes":774,"lines":98,"file":"/cache/engine.txt","run":1,"engine":0,"slot":0}
                {"event":"stdout","text":"line 98\nline 99\n","late":false,"run":1,"engine":0,"slot":0}
            "#]],
        );
    }

    #[test]
    fn an_event_is_made_when_those_before_it_were_told() {
        let run =
            Sample::new(1).display(0, &[("text/plain", "one")]).display(0, &[("text/plain", "two")]).run();
        let OutputKind::Display { data: last, .. } = &run.part(Slot(0)).unwrap().outputs[1].kind else {
            panic!("it is a display")
        };
        let mut seen = Vec::new();
        let stopped = Cursor::default().each(&run, |event| {
            let is_display = matches!(event.what, JsonKind::Display { .. });
            seen.push((Arc::strong_count(last), is_display));
            if seen.len() == 3 { Err("enough") } else { Ok(()) }
        });
        assert_eq!((stopped, seen), (Err("enough"), vec![(1, false), (1, true), (2, true)]));
    }

    proptest! {
        #[test]
        fn however_often_one_looks_the_texts_put_together_are_what_was_written(
            steps in prop::collection::vec((step(), any::<bool>()), 0..60)
        ) {
            let mut sample = Sample::new(3);
            let mut cursor = Cursor::default();
            let mut events = Vec::new();
            for ((slot, what, text), look) in steps {
                sample = match what {
                    0 | 1 => sample.stdout(slot, &text),
                    2 => sample.stderr(slot, &text),
                    _ => sample.display(slot, &[("text/plain", &text)]),
                };
                if look {
                    events.extend(cursor.delta(&sample.clone().run()));
                }
            }
            let run = sample.all_ok().run();
            events.extend(cursor.delta(&run));
            for (part, slot) in run.parts().zip(0u32..) {
                let of = |wanted: StreamName| events.iter().filter(|event| event.slot == Some(slot)).filter_map(|event| {
                    match &event.what {
                        JsonKind::Stdout { text, .. } if wanted == StreamName::Stdout => Some(text.as_str()),
                        JsonKind::Stderr { text, .. } if wanted == StreamName::Stderr => Some(text.as_str()),
                        _ => None,
                    }
                }).collect::<String>();
                prop_assert_eq!(of(StreamName::Stdout), part.stream(StreamName::Stdout));
                prop_assert_eq!(of(StreamName::Stderr), part.stream(StreamName::Stderr));
                let displays = events.iter()
                    .filter(|event| event.slot == Some(slot) && matches!(event.what, JsonKind::Display { .. })).count();
                let shown = part.outputs.iter().filter(|output| matches!(output.kind, OutputKind::Display { .. })).count();
                prop_assert_eq!(displays, shown);
            }
        }
    }
}
