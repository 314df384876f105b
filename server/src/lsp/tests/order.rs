//! The order of messages, cancellation, and messages that wait for each other.

use serde_json::json;

use super::client::{Client, on_a_silent_controller, with_a_run_that_hangs};
use crate::{
    run::{RunId, RunState},
    session::About,
};

const URI: &str = "file:///a.py";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_edits_and_the_requests_between_them_are_in_order() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "%px 1\n").await;
    let mut asked = Vec::new();
    for version in 2..10_002 {
        client.edit(URI, version, &format!("%px {version}\n")).await;
        if version % 5 == 0 {
            asked.push((client.send_request("px/cells", json!({ "uri": URI })).await, version));
        }
        // Read from time to time, as an editor does, so that neither pipe fills up.
        if asked.len() == 50 {
            for (id, version) in asked.drain(..) {
                let answer = client.answer(id).await;
                assert_eq!(answer["result"]["version"], version);
                assert_eq!(answer["result"]["cells"][0]["code"], version.to_string());
            }
        }
    }
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 10_001);
    client.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_sees_exactly_the_edits_sent_before_it_although_runs_wait() {
    let (sim, mut client) = on_a_silent_controller(URI).await;
    let mut asked = Vec::new();
    for version in 2..2002 {
        // Each edit appends a letter, so that a lost or repeated edit is noticed.
        let end = json!({ "line": 0, "character": 900_000 });
        let params = json!({
            "textDocument": { "uri": URI, "version": version },
            "contentChanges": [{ "range": { "start": end, "end": end }, "text": "x" }],
        });
        client.notify("textDocument/didChange", params).await;
        if version % 2 == 0 {
            asked.push((client.send_request("px/cells", json!({ "uri": URI })).await, version));
        }
        if version % 100 == 0 {
            client.send_request("px/run", json!({ "uri": URI, "scope": "all" })).await;
        }
        // Read from time to time, as an editor does, so that neither pipe fills up.
        if asked.len() == 50 {
            for (id, version) in asked.drain(..) {
                let found = client.answer(id).await["result"].clone();
                assert_eq!(found["version"], version);
                assert_eq!(found["cells"][0]["code"].as_str().map(str::len), usize::try_from(version).ok());
            }
        }
    }
    assert!(asked.is_empty());
    assert!(sim.executed().is_empty());
    // The runs are not answered before it ends.
    client.hang_up().await;
}

#[tokio::test]
async fn a_cancellation_is_handled_after_200_runs_that_wait_for_a_silent_controller() {
    let (_sim, mut client) = on_a_silent_controller(URI).await;
    let mut last = 0;
    for _ in 0..200 {
        last = client.send_request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    }
    client.notify("$/cancelRequest", json!({ "id": last })).await;
    assert_eq!(client.answer(last).await["error"]["code"], -32800);
    // The other runs are not answered before it ends.
    client.hang_up().await;
}

#[tokio::test]
async fn requests_to_the_client_do_not_stop_the_reader() {
    let mut client = Client::start(json!({ "workspace": { "configuration": true } })).await;
    let first = client.expect("workspace/configuration").await;
    for _ in 0..300 {
        client.notify("workspace/didChangeConfiguration", json!({ "settings": null })).await;
    }
    client.open(URI, "%px 1\n").await;
    for version in 2..500 {
        client.edit(URI, version, "%px 1\n").await;
    }
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 499);
    client.send(&json!({ "jsonrpc": "2.0", "id": first["id"], "result": [{ "engines": 7 }] })).await;
    client.session_is("the new settings", |now| now.settings.engines == Some(7)).await;
    client.end_with_unread(&["workspace/configuration"]).await;
}

#[tokio::test]
async fn a_handler_that_hangs_does_not_hold_up_others() {
    let (sim, mut client) = with_a_run_that_hangs(URI).await;
    for _ in 0..50 {
        client.notify("window/workDoneProgress/cancel", json!({ "token": "px/run/1" })).await;
    }
    client.request("px/cells", json!({ "uri": URI })).await;
    sim.wait_for_all("signal_request", 50, |one| one.msg_type == "signal_request").await;
    client.request("px/cells", json!({ "uri": URI })).await;
    let view = client.session.snapshot(About::Nothing).await.runs.get(RunId(1)).expect("it ran").now();
    assert_eq!(view.state(), RunState::Running, "none was answered");
    client.end().await;
}
