//! Golden displays: what ipyparallel printed in a terminal, compared with [`plain`] of the engines' recorded messages.
//!
//! One mask is applied to both sides: addresses, process ids in `ipykernel_*` paths, and the folder of Python's packages.

use std::{fs, sync::Arc};

use bytes::Bytes;
use pxlens_tests::golden::{Tally, files, folder, mask, own_folder};
use serde::Deserialize;
use serde_json::Value;

use super::{GroupBy, PromptColor, plain};
use crate::{
    engines::EngineId,
    jupyter::{Header, Message, ParentHeader, content::StreamName},
    run::{Event, EventKind, Run, RunId, RunRequest, Slot, Time},
};

/// `recorded/<scenario>.json`; its README says what the fields are.
#[derive(Deserialize)]
struct Recording {
    code: String,
    engines: Vec<u32>,
    messages: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    slot: u32,
    msg_type: String,
    content: Value,
}

impl Recording {
    /// The recording of a scenario; `None` where golden data from elsewhere has one that was never recorded.
    fn read(path: &str) -> Option<Self> {
        // Recordings are ours, as the list of deviations is, wherever the golden data is.
        let own = own_folder().join("recorded");
        let given = folder().join("recorded");
        let path = if given.is_dir() { given } else { own }.join(path);
        let text = fs::read_to_string(&path).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// The run of some of the engines: what each of them sent is the same, whoever else was asked.
    fn run(&self, engines: &[u32], single: bool) -> Run {
        let request = RunRequest {
            code: self.code.as_str().into(),
            engines: engines.iter().copied().map(EngineId).collect(),
            single,
        };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        for (message, at) in self.messages.iter().zip(0..) {
            let engine = self.engines[message.slot as usize];
            let Some(slot) = engines.iter().position(|&asked| asked == engine) else { continue };
            if let Some(kind) = EventKind::from_message(&message.message()) {
                run.apply(Event { slot: Slot(u32::try_from(slot).expect("few")), at: Time(at), kind });
            }
        }
        run
    }
}

impl Recorded {
    fn message(&self) -> Message {
        Message {
            prefix: Vec::new(),
            header: Header {
                msg_id: "".into(),
                msg_type: self.msg_type.clone(),
                session: "".into(),
                username: String::new(),
                date: String::new(),
                version: String::new(),
            },
            parent: ParentHeader::default(),
            metadata: Bytes::from_static(b"{}"),
            content: serde_json::to_vec(&self.content).expect("JSON").into(),
        }
    }
}

/// Whether the meaning of a message can be written as a message again, so that runs seen through pxlens can be recorded, too.
#[test]
fn golden_recordings_read_the_same_after_a_round_trip() {
    for path in files("display", "json") {
        let file_name = path.file_name().expect("a file").to_string_lossy().into_owned();
        for message in Recording::read(&file_name).into_iter().flat_map(|recording| recording.messages) {
            let kind =
                EventKind::from_message(&message.message()).expect("only messages that mean something");
            let (msg_type, content) = kind.to_message().expect("it came from a message");
            let rewritten = Recorded { slot: message.slot, msg_type: msg_type.to_owned(), content };
            assert_eq!(EventKind::from_message(&rewritten.message()), Some(kind), "{file_name}");
        }
    }
}

/// Writes as one text that shows which stream each went to.
fn shown(writes: &[(StreamName, String)], message: Option<&str>) -> String {
    let mut text = String::new();
    let mut last = None;
    for (name, written) in writes {
        if last != Some(*name) {
            text.push_str(&format!("<{name:?}>"));
        }
        text.push_str(written);
        last = Some(*name);
    }
    mask(&format!("{text}<message>{}", message.unwrap_or_default()))
}

/// How a run was made, by its label and the first line of its cell.
fn asked(label: &str, cell: &str, all: &[u32]) -> Option<(GroupBy, Vec<u32>, bool)> {
    let by = match label {
        "no-stream order" => GroupBy::Order,
        "no-stream engine" => GroupBy::Engine,
        label if label.contains("no-stream") => GroupBy::Type,
        _ => return None,
    };
    let options = cell.lines().next()?;
    let Some((_, targets)) = options.split_once("--targets ") else { return Some((by, all.to_vec(), false)) };
    let targets = targets.split_whitespace().next()?;
    let engines = targets.trim_matches(['[', ']']).split(',').map(|id| id.parse().expect("an id")).collect();
    Some((by, engines, targets.parse::<u32>().is_ok()))
}

#[test]
fn golden_recorded_displays() {
    let mut tally = Tally::new("display/");
    for (under, recorded, color) in [
        ("display", "", PromptColor::None),
        ("display/six_engines", "six_engines/", PromptColor::None),
        ("display/terminal_with_colors", "", PromptColor::Red),
    ] {
        for path in files(under, "json") {
            let file_name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let golden: Value =
                serde_json::from_str(&fs::read_to_string(&path).expect("readable")).expect("JSON");
            let code = golden["code"].as_str().expect("the code");
            // `%%px` sends the body of its cell, which ends in a newline.
            let recording = Recording::read(&format!("{recorded}{file_name}"))
                .filter(|found| found.code == format!("{code}\n"));
            let Some(recording) = recording else {
                let elsewhere = std::env::var_os("PXLENS_GOLDEN").is_some();
                assert!(elsewhere, "{under}/{file_name}: record the engines' messages of this scenario");
                tally.skip("never recorded");
                continue;
            };
            for run in golden["runs"].as_array().expect("runs") {
                let label = run["label"].as_str().expect("a label");
                // One cell each; the frontends' captures name its parts differently.
                let cell = run["terminal"].get(0).unwrap_or(&run["cells"][0]);
                let writes = cell.get("events").unwrap_or(&cell["terminal"]);
                let text = cell["cell"].as_str().expect("the cell");
                let Some((by, engines, single)) = asked(label, text, &recording.engines) else {
                    tally.skip("streams, or needs %pxresult");
                    continue;
                };
                let ours = plain(&recording.run(&engines, single), by, color);
                let writes: Vec<(StreamName, String)> =
                    serde_json::from_value(writes.clone()).expect("[stream, text] pairs");
                let golden = shown(&writes, cell["error_str"].as_str());
                tally.compare(
                    &format!("{under}/{file_name}"),
                    label,
                    &golden,
                    &shown(&ours.events(), ours.message.as_deref()),
                );
            }
        }
    }
    tally.finish("golden displays");
}
