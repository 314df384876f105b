//! The order of messages, cancellation, and messages that wait for each other.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

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

/// "Canceled" was answered, and in 28 of 30 tries the cell ran all the same.
#[tokio::test]
async fn a_request_that_is_answered_as_cancelled_runs_nothing_and_one_that_runs_is_answered() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "%px 1\n").await;
    client.engines(1).await;
    let cell = client.request("px/cells", json!({ "uri": URI })).await["cells"][0]["id"].clone();
    let command = json!({ "command": "pxlens.server.run", "arguments": [{ "uri": URI, "cell": cell }] });
    let requests = [
        ("workspace/executeCommand", command),
        ("px/run", json!({ "uri": URI, "scope": "all" })),
        ("px/runNotebookCell", json!({ "uri": URI })),
    ];
    let mut sent = 0;
    for round in 0..120 {
        let (method, params) = &requests[round % 3];
        let (id, press) = client.prepare(method, params.clone());
        let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } });
        // At once, and once the session has been reached, before and after it has planned the run.
        match round / 3 % 4 {
            0 => client.send_together(&[press, cancel]).await,
            waits => {
                client.send(&press).await;
                for _ in 0..waits * 4 {
                    tokio::task::yield_now().await;
                }
                client.send(&cancel).await;
            }
        }
        let answer = client.answer(id).await;
        match answer["error"]["code"].as_i64() {
            Some(code) => assert_eq!(code, -32800, "{answer}"),
            None => {
                let run = &answer["result"]["runs"][0]["run"];
                sent += 1;
                let is_over = |result: &Value| result["state"] == "succeeded";
                client.ask_until("px/result", json!({ "run": run }), is_over).await;
            }
        }
        let runs = client.request("px/runs", json!({})).await;
        let runs = runs["runs"].as_array().map(Vec::len).unwrap_or_default();
        assert!(runs <= sent, "round {round}: {method} was answered as cancelled, and runs");
        assert_eq!(sim.executed().len(), sent, "round {round} of {method}");
    }
    assert!(sent < 120, "nothing that was cancelled at once runs");
    client.end().await;
}

/// An interrupt that is answered as cancelled would leave open what it did.
#[tokio::test]
async fn what_changes_something_and_does_not_wait_is_answered_as_if_nobody_had_cancelled_it() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().hang()).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "%px work()\n").await;
    client.engines(1).await;
    let run = client.request("px/run", json!({ "uri": URI, "scope": "all" })).await["runs"][0]["run"].clone();
    sim.wait_for_runs(1).await;
    for (method, params) in [
        ("px/interrupt", json!({ "run": run })),
        ("px/interruptEngines", json!({ "whose": "session" })),
        ("px/clear", json!({ "uri": URI })),
        ("px/connect", json!({ "connectionFile": sim.connection_file() })),
        ("px/stopCluster", json!({ "connectionFile": sim.connection_file() })),
        (
            "workspace/executeCommand",
            json!({ "command": "pxlens.server.group", "arguments": [{ "run": run, "groupBy": "engine" }] }),
        ),
    ] {
        let (id, request) = client.prepare(method, params);
        let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": id } });
        client.send_together(&[request, cancel]).await;
        let answer = client.answer(id).await;
        assert!(answer["result"].is_object(), "{method}: {answer}");
    }
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
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
