//! Holds `docs/json.md` and the `--json` stream together: every event and every field of one is in the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    engines::EngineId,
    jupyter::content::MimeBundle,
    render::{EndState, JsonEvent, JsonKind},
    run::{RunId, Time},
};

const PAGE: &str = include_str!("../../../docs/json.md");

/// In every event; the page describes them once.
const COMMON: [&str; 5] = ["event", "run", "cell", "engine", "slot"];

type Fields = BTreeMap<String, BTreeSet<String>>;

/// One of each kind, with every field that is not always there.
fn one_of_each() -> Vec<JsonKind> {
    let (data, at, text) = (MimeBundle::default(), Time(0), String::new);
    let kinds = vec![
        JsonKind::Run { code: Arc::from(""), engines: Vec::new(), at },
        JsonKind::Sent { at },
        JsonKind::Started { at },
        JsonKind::Stdout { text: text(), late: false },
        JsonKind::Stderr { text: text(), late: false },
        JsonKind::Display { data: data.clone(), display_id: None, late: false },
        JsonKind::UpdateDisplay { data: data.clone(), display_id: None, late: false },
        JsonKind::ClearOutput { wait: false },
        JsonKind::Result { data: data.clone(), execution_count: 1 },
        JsonKind::Error { ename: text(), evalue: text(), traceback: Vec::new() },
        JsonKind::Page { data },
        JsonKind::Spilled { bytes: 1, lines: 0, file: Some(text()) },
        JsonKind::Unreadable { why: text() },
        JsonKind::Ended {
            state: EndState::Lost,
            why: Some(text()),
            execution_count: None,
            at: None,
            host: Some(Arc::from("")),
        },
        JsonKind::Done { ok: true, milliseconds: 0 },
    ];
    // A new kind does not compile here until it stands in the list above.
    for kind in &kinds {
        match kind {
            JsonKind::Run { .. }
            | JsonKind::Sent { .. }
            | JsonKind::Started { .. }
            | JsonKind::Stdout { .. }
            | JsonKind::Stderr { .. }
            | JsonKind::Display { .. }
            | JsonKind::UpdateDisplay { .. }
            | JsonKind::ClearOutput { .. }
            | JsonKind::Result { .. }
            | JsonKind::Error { .. }
            | JsonKind::Page { .. }
            | JsonKind::Spilled { .. }
            | JsonKind::Unreadable { .. }
            | JsonKind::Ended { .. }
            | JsonKind::Done { .. } => {}
        }
    }
    kinds
}

fn name_and_fields(event: &Value) -> (String, BTreeSet<String>) {
    let name = event["event"].as_str().expect("an event has a name").to_owned();
    let fields = event.as_object().expect("an event is an object").keys();
    (name, fields.filter(|field| !COMMON.contains(&field.as_str())).cloned().collect())
}

fn in_code() -> Fields {
    let event =
        |what| JsonEvent { what, run: RunId(1), cell: Some(0), engine: Some(EngineId(0)), slot: Some(0) };
    let json = |what| serde_json::to_value(event(what)).expect("an event is JSON");
    one_of_each().into_iter().map(|what| name_and_fields(&json(what))).collect()
}

/// The name in backticks that a line gives, behind `prefix`.
fn named<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.split('`').next()
}

fn on_page() -> Fields {
    let mut fields = Fields::new();
    for section in PAGE.split("\n### ").skip(1) {
        let event = named(section, "`").expect("a heading names an event").to_owned();
        let rows = section.lines().take_while(|line| !line.starts_with("## "));
        let described = rows.filter_map(|line| named(line, "| `")).map(str::to_owned).collect();
        assert!(fields.insert(event, described).is_none(), "an event is described once");
    }
    fields
}

#[test]
fn the_page_describes_every_event_and_every_field_and_nothing_else() {
    assert_eq!(on_page(), in_code());
}

#[test]
fn the_page_describes_the_fields_of_every_event() {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("In every event"));
    let described: Vec<&str> =
        section.unwrap_or_default().lines().filter_map(|line| named(line, "| `")).collect();
    assert_eq!(described, COMMON);
}

#[test]
fn the_session_on_the_page_is_made_of_such_events() {
    let lines: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("{\"event\"")).collect();
    let code = in_code();
    for line in &lines {
        let event: Value = serde_json::from_str(line).expect("an event is JSON");
        let (name, fields) = name_and_fields(&event);
        let known = code.get(&name).unwrap_or_else(|| panic!("there is no event {name}"));
        // `why` is only there where an engine was lost.
        let missing: Vec<&String> = known.difference(&fields).filter(|field| *field != "why").collect();
        assert!(fields.is_subset(known) && missing.is_empty(), "{line}");
    }
    let names: Vec<&str> =
        lines.iter().filter_map(|line| named(line, "{\"event\":\"")?.split('"').next()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"run"), Some(&"done")));
}
