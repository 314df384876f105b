//! Golden wire transcripts, replayed through the reducer.
//!
//! A transcript holds what ipyparallel's own client sent and received. Requests are grouped as `%px` made them: consecutive
//! `execute_request`s of the same code, one per engine, are one run.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use pxlens_tests::golden::{Tally, files};
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    engines::EngineId,
    jupyter::{Message, content::StreamName},
    render::{GroupBy, PromptColor, plain},
    run::{
        Ending, EngineRun, Event, EventKind, Fingerprint, LostReason, OutputKind, Run, RunId, RunRequest,
        Slot, Time,
    },
};

/// One line of a transcript.
struct Line(Value);

impl Line {
    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn content(&self) -> Value {
        unelided(self.0["content"].clone())
    }

    fn at(&self) -> Time {
        let seconds = self.0["t"].as_f64().expect("each line has a time");
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few seconds, never negative"
        )]
        Time((seconds * 1000.0) as u64)
    }

    fn message(&self) -> Message {
        let bytes = |value: &Value| Bytes::from(serde_json::to_vec(value).expect("JSON"));
        Message {
            prefix: Vec::new(),
            header: serde_json::from_value(self.0["header"].clone()).expect("a header"),
            parent: serde_json::from_value(self.0["parent_header"].clone()).expect("a parent header"),
            metadata: bytes(&self.0["metadata"]),
            content: bytes(&self.content()),
        }
    }

    fn is(&self, dir: &str, msg_type: &str) -> bool {
        self.text("/dir") == dir && self.text("/header/msg_type") == msg_type
    }
}

/// Strings that the capture cut out of its middle become their two ends: only `large_output` has such.
fn unelided(value: Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key("__elided_str__") => {
            let end = |name: &str| map["__elided_str__"][name].as_str().unwrap_or_default().to_owned();
            Value::String(end("head") + &end("tail"))
        }
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, unelided(value))).collect(),
        Value::Array(items) => items.into_iter().map(unelided).collect(),
        other => other,
    }
}

/// The runs of a transcript, and what was received for each of their slots.
#[derive(Default)]
struct Replay {
    runs: Vec<Run>,
    /// What was applied to each run, in order: to be applied in another order, too.
    events: Vec<Vec<Event>>,
    /// What was received, by run and slot: type and content.
    raw: HashMap<(usize, u32), Vec<(String, Value)>>,
    /// The slots whose engine left before it answered.
    left: HashSet<(usize, u32)>,
    /// Run and slot of each request, by message id.
    places: HashMap<String, (usize, Slot)>,
}

impl Replay {
    fn read(lines: &[Line]) -> Self {
        let mut replay = Self::default();
        let mut requests: Vec<RunRequest> = Vec::new();
        let ids = engine_ids(lines);
        let mut fresh = true;
        for line in lines {
            if line.is("send", "execute_request") {
                replay.place(line, &ids, fresh, &mut requests);
                fresh = false;
            } else if line.text("/dir") != "recv" {
                fresh = true;
            }
        }
        for (request, number) in requests.into_iter().zip(0..) {
            replay.runs.push(Run::new(RunId(number), Arc::new(request), Time(0), true));
            replay.events.push(Vec::new());
        }
        for line in lines {
            if line.is("send", "execute_request") {
                for (id, _) in addressees(line) {
                    let (run, slot) = replay.places[&id];
                    replay.apply(run, slot, line.at(), EventKind::Sent(id.as_str().into()));
                }
            } else if line.text("/dir") == "recv" {
                replay.receive(line);
            }
        }
        replay
    }

    /// Gives a request its place: in the run before it if that asks other engines for the same, else in a new one.
    fn place(
        &mut self,
        line: &Line,
        ids: &HashMap<String, EngineId>,
        fresh: bool,
        requests: &mut Vec<RunRequest>,
    ) {
        let code = line.content()["code"].as_str().expect("code").to_owned();
        for (i, (id, uuid)) in addressees(line).into_iter().enumerate() {
            // What no table names (a made-up uuid, the task queue) gets a number of its own.
            let engine = ids.get(&uuid).copied().unwrap_or(EngineId(99));
            let continues = |last: &&mut RunRequest| {
                i > 0 || (!fresh && *last.code == code && !last.engines.contains(&engine))
            };
            match requests.last_mut().filter(continues) {
                Some(last) => last.engines.push(engine),
                None => {
                    requests.push(RunRequest {
                        code: code.as_str().into(),
                        engines: vec![engine],
                        single: false,
                    });
                }
            }
            let slot = requests.last().map_or(0, |last| last.engines.len() - 1);
            self.places.insert(id, (requests.len() - 1, Slot(u32::try_from(slot).expect("few"))));
        }
    }

    fn receive(&mut self, line: &Line) {
        if line.is("recv", "unregistration_notification") {
            let id = line.content()["id"].as_u64();
            let places: Vec<(usize, Slot)> = self.places.values().copied().collect();
            for (run, slot) in places {
                let part = self.runs[run].part(slot).expect("a slot that has a request");
                let waits = part.sent.is_some() && part.ending().is_none();
                if Some(u64::from(part.engine.0)) == id && waits {
                    self.left.insert((run, slot.0));
                    self.apply(run, slot, line.at(), EventKind::Lost(LostReason::EngineDied));
                }
            }
            return;
        }
        let Some(&(run, slot)) = self.places.get(line.text("/parent_header/msg_id")) else { return };
        let entry = (line.text("/header/msg_type").to_owned(), line.content());
        self.raw.entry((run, slot.0)).or_default().push(entry);
        if let Some(kind) = EventKind::from_message(&line.message()) {
            self.apply(run, slot, line.at(), kind);
        }
    }

    fn apply(&mut self, run: usize, slot: Slot, at: Time, kind: EventKind) {
        let event = Event { slot, at, kind };
        self.runs[run].apply(event.clone());
        self.events[run].push(event);
    }

    /// What the raw messages of a slot say it produced and how it ended.
    fn recorded(&self, run: usize, slot: u32) -> Value {
        let none = Vec::new();
        let raw = self.raw.get(&(run, slot)).unwrap_or(&none);
        let stream = |name: &str| -> String {
            let pieces = raw.iter().filter(|(kind, content)| kind == "stream" && content["name"] == name);
            pieces.filter_map(|(_, content)| content["text"].as_str()).collect()
        };
        let outputs: Vec<Value> = raw
            .iter()
            .filter_map(|(kind, content)| match kind.as_str() {
                "display_data" | "update_display_data" | "execute_result" => {
                    Some(json!([kind, content["data"]]))
                }
                "clear_output" => Some(json!([kind, content["wait"]])),
                "error" => Some(json!([kind, content["ename"], content["evalue"], content["traceback"]])),
                _ => None,
            })
            .collect();
        let reply = raw.iter().find(|(kind, _)| kind == "execute_reply");
        let idle = raw.iter().any(|(kind, content)| kind == "status" && content["execution_state"] == "idle");
        let ending = match reply {
            _ if self.left.contains(&(run, slot)) => "lost",
            Some((_, content)) if idle || content["status"] == "aborted" => {
                content["status"].as_str().expect("a status")
            }
            _ => "pending",
        };
        json!({"ending": ending, "stdout": stream("stdout"), "stderr": stream("stderr"), "outputs": outputs})
    }

    /// The same of the run that the reducer made.
    fn reduced(&self, run: usize, slot: u32) -> Value {
        let part = self.runs[run].part(Slot(slot)).expect("a slot");
        let outputs: Vec<Value> = part
            .outputs
            .iter()
            .filter_map(|output| match &output.kind {
                OutputKind::Display { data, .. } => Some(json!(["display_data", data])),
                OutputKind::UpdateDisplay { data, .. } => Some(json!(["update_display_data", data])),
                OutputKind::Result { data, .. } => Some(json!(["execute_result", data])),
                OutputKind::ClearOutput { wait } => Some(json!(["clear_output", wait])),
                OutputKind::Error(error) => {
                    Some(json!(["error", error.ename, error.evalue, error.traceback]))
                }
                OutputKind::Unreadable(why) => Some(json!(["unreadable", why])),
                OutputKind::Stream(..) => None,
            })
            .collect();
        let ending = match part.ending() {
            None => "pending",
            Some(Ending::Ok) => "ok",
            Some(Ending::Error(_)) => "error",
            Some(Ending::Aborted(_)) => "aborted",
            Some(Ending::Lost(_)) => "lost",
        };
        let (stdout, stderr) = (part.stream(StreamName::Stdout), part.stream(StreamName::Stderr));
        json!({"ending": ending, "stdout": stdout, "stderr": stderr, "outputs": outputs})
    }

    /// What the parts of a run are like whose events come one engine after the other, and each text character by character.
    fn fingerprints_in_another_order(&self, run: usize) -> Vec<Fingerprint> {
        let mut reordered = Run::new(RunId(0), Arc::clone(&self.runs[run].request), Time(0), true);
        let mut events = self.events[run].clone();
        events.sort_by_key(|event| std::cmp::Reverse(event.slot));
        for event in events {
            match event.kind {
                EventKind::Stream { name, text } => {
                    for c in text.chars() {
                        let kind = EventKind::Stream { name, text: c.to_string() };
                        reordered.apply(Event { slot: event.slot, at: event.at, kind });
                    }
                }
                kind => reordered.apply(Event { slot: event.slot, at: event.at, kind }),
            }
        }
        reordered.parts().map(EngineRun::fingerprint).collect()
    }
}

/// Which uuid is which engine, as notes, replies and notifications say.
fn engine_ids(lines: &[Line]) -> HashMap<String, EngineId> {
    let mut ids = HashMap::new();
    for line in lines {
        for table in [&line.0["engines"], &line.0["content"]["engines"]] {
            for (id, uuid) in table.as_object().into_iter().flatten() {
                if let (Ok(id), Some(uuid)) = (id.parse(), uuid.as_str()) {
                    ids.insert(uuid.to_owned(), EngineId(id));
                }
            }
        }
        if line.is("recv", "registration_notification") {
            let content = line.content();
            let id = content["id"].as_u64().and_then(|id| u32::try_from(id).ok()).expect("an id");
            ids.insert(content["uuid"].as_str().expect("a uuid").to_owned(), EngineId(id));
        }
    }
    ids
}

/// Message id and engine of each request that a sent message stands for: a broadcast stands for one per target, whose
/// answers carry the engine's uuid in the id.
fn addressees(line: &Line) -> Vec<(String, String)> {
    let id = line.text("/header/msg_id").to_owned();
    match line.0["metadata"]["targets"].as_array() {
        Some(targets) if line.text("/socket") == "broadcast" => targets
            .iter()
            .filter_map(|target| target[0].as_str())
            .map(|uuid| (format!("{id}_{uuid}"), uuid.to_owned()))
            .collect(),
        _ => vec![(id, line.text("/idents/0/utf8").to_owned())],
    }
}

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read_to_string(path).expect("a readable transcript");
    text.lines().map(|line| Line(serde_json::from_str(line).expect("a line of JSON"))).collect()
}

#[test]
fn golden_wire_transcripts_end_as_recorded_and_lose_nothing() {
    let mut tally = Tally::new("wire/");
    for path in files("wire", "jsonl") {
        let name = format!("wire/{}", path.file_name().expect("a file").to_string_lossy());
        if name.ends_with("/raw_frames.jsonl") {
            tally.skip("undecoded frames, for the parser's tests");
            continue;
        }
        let lines = lines(&path);
        let replay = Replay::read(&lines);
        if replay.runs.is_empty() {
            tally.skip("executes nothing");
        }
        for (i, run) in replay.runs.iter().enumerate() {
            for slot in (0..).take(run.parts().len()) {
                let label = format!("run {i}, slot {slot}");
                let pretty = |value: Value| serde_json::to_string_pretty(&value).expect("JSON");
                tally.compare(
                    &name,
                    &label,
                    &pretty(replay.recorded(i, slot)),
                    &pretty(replay.reduced(i, slot)),
                );
            }
            let fingerprints: Vec<Fingerprint> = run.parts().map(EngineRun::fingerprint).collect();
            assert_eq!(
                fingerprints,
                replay.fingerprints_in_another_order(i),
                "{name}, run {i}: the fingerprint depends on the order"
            );
        }
        compare_terminals(&name, &lines, &mut tally);
    }
    tally.finish("golden wire transcripts");
}

/// What the terminal showed at the end of each cell. Cells that did not stream: exactly what `plain` says. Streamed ones show
/// the order of arrival, which no view of a run claims to: there, every line shown is a line of the run.
fn compare_terminals(name: &str, lines: &[Line], tally: &mut Tally) {
    let (mut cell, mut runs_before) = ("", 0);
    for (i, line) in lines.iter().enumerate() {
        let so_far = || Replay::read(&lines[..i]);
        match line.text("/note") {
            "run_cell" => {
                cell = line.text("/cell");
                runs_before = so_far().runs.len();
            }
            "cell_done" => {
                let replay = so_far();
                let writes = unelided(line.0["terminal"].clone());
                let writes = writes.as_array().expect("what the terminal showed").iter();
                let golden: String = writes.filter_map(|write| write[1].as_str()).collect();
                let label = format!("terminal at line {}", i + 1);
                match replay.runs.last() {
                    Some(run) if cell.starts_with("%pxresult") || cell.contains("--no-stream") => {
                        let ours: String = plain(run, GroupBy::Type, PromptColor::None)
                            .events()
                            .into_iter()
                            .map(|(_, text)| text)
                            .collect();
                        tally.compare(name, &label, &golden, &ours);
                    }
                    Some(_) if line.0["terminal"].to_string().contains("__elided_str__") => {
                        tally.skip("terminal text that the capture elided");
                    }
                    Some(_) if replay.runs.len() > runs_before => {
                        let unknown = not_of_runs(&golden, &replay.runs[runs_before..]);
                        tally.compare(name, &label, &unknown, "");
                    }
                    _ => tally.skip("terminal of a cell that runs on no engine"),
                }
            }
            _ => {}
        }
    }
}

/// The lines of a streaming terminal that are neither labels of ipyparallel nor output of these runs.
fn not_of_runs(terminal: &str, runs: &[Run]) -> String {
    let frame = Regex::new(concat!(
        r"^(?:\[(?:stdout|stderr|output):\d+\] ?|\[\d+:execute\]|\d+ errors|Out\[\d+\]: <AsyncResult.*",
        r"|No traceback available|Received Keyboard Interrupt\. Sending signal \w+ to engines\.\.\.)?$"
    ))
    .expect("a valid pattern");
    let prompt = Regex::new(r"^Out\[\d+:\d+\]: ?").expect("a valid pattern");
    let mut known: HashSet<String> = HashSet::new();
    let mut add = |text: &str| known.extend(text.lines().map(str::to_owned));
    for part in runs.iter().flat_map(Run::parts) {
        add(&part.stream(StreamName::Stdout));
        add(&part.stream(StreamName::Stderr));
        for output in &part.outputs {
            match &output.kind {
                OutputKind::Display { data, .. } | OutputKind::Result { data, .. } => {
                    add(data.get("text/plain").and_then(Value::as_str).unwrap_or_default());
                }
                OutputKind::Error(error) => add(&error.traceback.join("\n")),
                _ => {}
            }
        }
    }
    let is_ours = |line: &&str| {
        let bare = prompt.replace(line, "");
        // The bar overwrites itself; pieces of one stream may share a line with a label's newline.
        frame.is_match(&bare)
            || known.contains(*line)
            || known.contains(bare.as_ref())
            || line.contains("tasks/s]")
    };
    terminal.lines().filter(|line| !is_ours(line)).map(|line| format!("{line}\n")).collect()
}
