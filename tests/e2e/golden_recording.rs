//! What engines send in each display scenario, received by pxlens' own client, against `tests/golden/recorded/`.
//!
//! With `PXLENS_RECORD=1` the recordings are written anew instead of compared. Where ipyparallel cuts streams into pieces, and
//! how engines, replies and output interleave, differs from run to run; so each engine's streams are compared as whole texts,
//! and its other messages in their order.

use std::{fs, path::Path, sync::Arc};

use pxlens::internals::{
    ClientOptions, ClusterClient, ConnectionInfo, EngineId, Event, Execute, Run, RunId, RunRequest, Time,
    feed,
};
use pxlens_tests::{
    golden::{files_in, mask, own_folder},
    real::{self, RealCluster},
    within,
};
use regex::Regex;
use serde_json::{Value, json};

use crate::golden_display::AS_CAPTURED;

/// The messages of one run on all engines, in order of arrival, as the recordings hold them.
async fn messages(cluster: &RealCluster, run: RunId, code: &str) -> Vec<Value> {
    let info = ConnectionInfo::read(&cluster.connection_file()).expect("a connection file");
    let connecting = ClusterClient::connect(info, ClientOptions::default());
    let client = within("a connection", connecting).await.expect("a cluster that answers");
    let engines: Vec<EngineId> =
        (0..cluster.engines()).map(|id| EngineId(u32::try_from(id).expect("few"))).collect();
    let request = RunRequest { code: code.into(), engines: engines.clone(), single: false };
    let mut state = Run::new(run, Arc::new(request), Time(0), true);
    let (sender, mut receiver) = feed();
    let request = Execute { run, code: code.into(), engines, first_slot: 0, noblock: None };
    within("a request to be sent", client.execute(request, sender)).await.expect("a request that is sent");
    let mut messages = Vec::new();
    let mut batch: Vec<Event> = Vec::new();
    while !state.is_over() {
        let received = within(format!("the end of {code:?}"), receiver.recv_many(&mut batch)).await;
        assert!(received, "the client gave up on the run");
        for event in batch.drain(..) {
            if let Some((msg_type, content)) = event.kind.to_message() {
                messages.push(json!({"slot": event.slot.0, "msg_type": msg_type, "content": content}));
            }
            state.apply(event);
        }
    }
    within("the client to close", client.close()).await;
    messages
}

/// One engine's share of a recording, without what differs from run to run.
fn essence(messages: &[Value], slot: usize) -> Value {
    let mine = || messages.iter().filter(|message| message["slot"] == slot);
    let stream = |name: &str| {
        let pieces =
            mine().filter(|message| message["msg_type"] == "stream" && message["content"]["name"] == name);
        mask(&pieces.filter_map(|message| message["content"]["text"].as_str()).collect::<String>())
    };
    let rest = mine().filter(|message| {
        let kept = [
            "display_data",
            "update_display_data",
            "clear_output",
            "execute_result",
            "error",
            "execute_reply",
        ];
        kept.iter().any(|kept| message["msg_type"] == *kept)
    });
    // The reply comes on a socket of its own, so that its place among the others differs too.
    let (reply, rest): (Vec<&Value>, Vec<&Value>) =
        rest.partition(|message| message["msg_type"] == "execute_reply");
    let content = |message: &Value| {
        let mut content = message["content"].clone();
        if let Some(fields) = content.as_object_mut() {
            // The client does not read these fields.
            for unread in ["user_expressions", "engine_info", "metadata"] {
                fields.remove(unread);
            }
        }
        json!([
            message["msg_type"],
            serde_json::from_str::<Value>(&mask(&content.to_string())).expect("masked JSON")
        ])
    };
    json!({
        "stdout": stream("stdout"),
        "stderr": stream("stderr"),
        "outputs": rest.into_iter().map(content).collect::<Vec<_>>(),
        "reply": reply.into_iter().map(content).collect::<Vec<_>>(),
    })
}

/// A text with paths of this machine replaced as in the README of the recordings.
fn without_paths(text: &str) -> String {
    let rules = [
        (r#"/[^\s"'\x1b()<>\[\]\\]*/ipykernel_\d+/"#, "<tmp>/ipykernel/"),
        (r#"/[^\s"'\x1b()<>\[\]\\]*/lib/python3\.\d+/site-packages/"#, "<site-packages>/"),
        (r#"/[^\s"'\x1b()<>\[\]\\]*/lib/python3\.\d+/"#, "<stdlib>/"),
    ];
    rules.into_iter().fold(text.to_owned(), |text, (pattern, to)| {
        Regex::new(pattern).expect("a valid pattern").replace_all(&text, to).into_owned()
    })
}

/// A recording in the format of its README: one message a line, and no path of this machine.
fn recording(recorded: &Value, messages: &[Value]) -> String {
    let mut text = String::from("{");
    for key in ["scenario", "code", "engines", "ipyparallel"] {
        text.push_str(&format!("\"{key}\": {},\n", recorded[key]));
    }
    let lines: Vec<String> = messages.iter().map(|message| without_paths(&message.to_string())).collect();
    text.push_str(&format!("\"messages\": [\n{}\n]}}\n", lines.join(",\n")));
    text
}

fn check(cluster: &mut RealCluster, path: &Path, run: RunId, differences: &mut Vec<String>) {
    let text = fs::read_to_string(path).expect("a recording");
    let recorded: Value = serde_json::from_str(&text).expect("a recording is JSON");
    cluster.python(AS_CAPTURED);
    let code = recorded["code"].as_str().expect("its code").to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let now = runtime.block_on(messages(cluster, run, &code));
    if std::env::var_os("PXLENS_RECORD").is_some() {
        fs::write(path, recording(&recorded, &now)).expect("a recording that can be written");
        return;
    }
    let then = recorded["messages"].as_array().expect("messages");
    for slot in 0..cluster.engines() {
        let (then, now) = (essence(then, slot), essence(&now, slot));
        if then != now {
            differences.push(format!("{}, engine {slot}:\n  then {then}\n  now  {now}", path.display()));
        }
    }
}

#[test]
fn golden_recordings_are_what_engines_send() {
    let mut differences = Vec::new();
    let mut checked = 0;
    for (folder, engines) in [("recorded", 4), ("recorded/six_engines", 6)] {
        let mut cluster = real::shared(engines);
        for path in files_in(&own_folder().join(folder), "json") {
            checked += 1;
            check(&mut cluster, &path, RunId(checked), &mut differences);
        }
    }
    assert!(checked > 0, "there are no recordings");
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
