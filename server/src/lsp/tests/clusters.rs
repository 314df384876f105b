//! Clusters and engines: notifications about them, the activity of each engine, and which cluster is used.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;
use crate::session::{SessionEvent, Starting};

const URI: &str = "file:///a.py";

fn with_engines() -> Value {
    json!({ "experimental": { "pxlens": { "engines": true } } })
}

#[tokio::test]
async fn a_client_is_notified_of_engines_once_and_again_after_it_has_requested_them() {
    let mut client = Client::start(with_engines()).await;
    for _ in 0..50 {
        client.emit(SessionEvent::Engines);
        client.emit(SessionEvent::Cluster);
    }
    client.expect("px/enginesChanged").await;
    client.request("px/engines", json!({})).await;
    client.emit(SessionEvent::Plans);
    client.expect("px/enginesChanged").await;
    // `end` fails on unread messages.
    client.emit(SessionEvent::Engines);
    client.end().await;
}

#[tokio::test]
async fn a_run_causes_one_notification_of_engines_until_they_are_requested() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = open(&sim, "%px 1\n").await;
    engines(&mut client, |engines| engines.len() == 2).await;
    for _ in 0..2 {
        run(&mut client, 0).await;
        client.expect("px/enginesChanged").await;
        let is_over = |found: &Value| found["cells"][0]["state"] == "succeeded";
        client.ask_until("px/cells", json!({ "uri": URI }), is_over).await;
        client.request("px/engines", json!({})).await;
    }
    // It has not requested them since the notification: `end` fails on unread messages.
    run(&mut client, 0).await;
    client.expect("px/enginesChanged").await;
    client.end().await;
}

#[tokio::test]
async fn a_client_that_announced_nothing_is_not_notified_of_engines() {
    let mut client = Client::start(json!({})).await;
    client.emit(SessionEvent::Engines);
    client.request("px/engines", json!({})).await;
    client.emit(SessionEvent::Engines);
    client.end().await;
}

fn start(client: &Client, last: Starting) {
    for text in ["starting a controller", "its engines are starting"] {
        client.emit(SessionEvent::Starting(Starting::Step(text.into())));
    }
    client.emit(SessionEvent::Starting(last));
}

#[tokio::test]
async fn starting_a_cluster_shows_one_progress_and_no_message() {
    let mut client = Client::start(json!({ "window": { "workDoneProgress": true } })).await;
    for last in [Starting::Ready("4 engines are ready after 2.0 s".into()), Starting::Failed] {
        start(&client, last.clone());
        let create = client.expect("window/workDoneProgress/create").await;
        client.send(&json!({ "jsonrpc": "2.0", "id": create["id"], "result": null })).await;
        let mut values = Vec::new();
        for _ in 0..4 {
            let progress = client.expect("$/progress").await["params"].clone();
            assert_eq!(progress["token"], create["params"]["token"]);
            values.push(progress["value"].clone());
        }
        assert_eq!(values[0]["title"], "Starting a cluster");
        let steps: Vec<&Value> = values[1..3].iter().map(|value| &value["message"]).collect();
        assert_eq!(steps, ["starting a controller", "its engines are starting"]);
        let said = matches!(last, Starting::Ready(_)).then(|| json!("4 engines are ready after 2.0 s"));
        assert_eq!((&values[3]["kind"], values[3].get("message")), (&json!("end"), said.as_ref()));
    }
    client.end().await;
}

#[tokio::test]
async fn without_progress_the_steps_of_starting_a_cluster_are_messages() {
    let mut client = Client::start(json!({})).await;
    start(&client, Starting::Ready("4 engines are ready after 2.0 s".into()));
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(client.expect("window/showMessage").await["params"]["message"].clone());
    }
    said.sort_by_key(Value::to_string);
    assert_eq!(
        said,
        ["4 engines are ready after 2.0 s", "its engines are starting", "starting a controller"]
    );
    client.end().await;
}

/// A client that is notified of engines, with a script open, on a simulated cluster.
async fn open(sim: &Sim, text: &str) -> Client {
    let options = json!({ "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(with_engines(), options).await;
    client.open(URI, text).await;
    client
}

async fn run(client: &mut Client, line: u32) -> Value {
    let position = json!({ "line": line, "character": 0 });
    let answer = client.request("px/run", json!({ "uri": URI, "position": position })).await;
    let run = answer["runs"][0]["run"].clone();
    assert!(run.is_u64(), "{answer}");
    run
}

/// Requests the engines whenever they have changed, until they are as wanted.
async fn engines(client: &mut Client, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    loop {
        let answer = client.request("px/engines", json!({})).await;
        let engines = answer["clusters"][0]["engines"].as_array().cloned().unwrap_or_default();
        if fits(&engines) {
            return engines;
        }
        client.expect("px/enginesChanged").await;
    }
}

#[tokio::test]
async fn each_engine_has_its_current_cell_and_its_last_error() {
    let sim = Sim::builder()
        .engines(2)
        .on("work()", Script::new().wait("gate"))
        .on_engine(1, "fail()", Script::new().error("ValueError", "only\nhere"))
        .start()
        .await;
    let mut client = open(&sim, "%px fail()\n# %%\n%%px -t 0\nwork()\n# %%\n%px fine()\n").await;
    engines(&mut client, |engines| engines.len() == 2).await;

    let failed = run(&mut client, 0).await;
    let after = engines(&mut client, |engines| engines[1].get("lastError").is_some()).await;
    let at = json!({ "run": failed, "uri": URI, "cell": "c1", "line": 0, "title": "%px fail()" });
    assert_eq!(after[1]["lastError"], json!({ "text": "ValueError: only", "at": at }));
    assert!(after[0].get("lastError").is_none(), "{after:?}");

    let working = run(&mut client, 2).await;
    let busy = engines(&mut client, |engines| engines[0].get("current").is_some()).await;
    assert_eq!((&busy[0]["current"]["run"], &busy[0]["current"]["line"]), (&working, &json!(2)));
    assert!(busy[1].get("current").is_none() && busy[1].get("lastError").is_some(), "{busy:?}");
    sim.open("gate");
    engines(&mut client, |engines| engines[0].get("current").is_none()).await;

    // A later success clears the last error.
    run(&mut client, 5).await;
    engines(&mut client, |engines| engines.iter().all(|engine| engine.get("lastError").is_none())).await;
    client.end_with_unread(&["px/enginesChanged", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn an_engine_that_ends_causes_a_notification() {
    let sim = Sim::builder().engines(3).start().await;
    let mut client = open(&sim, "%px 1\n").await;
    engines(&mut client, |engines| engines.len() == 3).await;
    sim.kill_engine(1).await;
    let left = engines(&mut client, |engines| engines.len() == 2).await;
    assert_eq!((&left[0]["id"], &left[1]["id"]), (&json!(0), &json!(2)));
    client.end_with_unread(&["px/enginesChanged"]).await;
}

#[tokio::test]
async fn after_a_switch_of_the_cluster_its_engines_have_no_activity() {
    let one = Sim::builder().engines(1).on("fail()", Script::new().error("ValueError", "no")).start().await;
    let two = Sim::builder().engines(2).start().await;
    let mut client = open(&one, "%px fail()\n").await;
    engines(&mut client, |engines| engines.len() == 1).await;
    run(&mut client, 0).await;
    engines(&mut client, |engines| engines[0].get("lastError").is_some()).await;

    let params = json!({ "connectionFile": two.connection_file() });
    let answer = client.request("px/connect", params).await;
    assert_eq!(answer["cluster"]["engines"].as_array().map(Vec::len), Some(2), "{answer}");
    let now = engines(&mut client, |engines| engines.len() == 2).await;
    assert!(now.iter().all(|engine| engine.get("lastError").is_none()), "{now:?}");

    // Unchanged settings do not undo the choice, and a missing file is an error.
    client
        .notify("workspace/didChangeConfiguration", json!({ "settings": { "pxlens": { "engines": 7 } } }))
        .await;
    engines(&mut client, |engines| engines.len() == 2).await;
    let answer = client.request("px/connect", json!({ "connectionFile": "/nowhere/x-client.json" })).await;
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("there is no connection file /nowhere/x-client.json"), "{message}");
    // The working cluster stays in use, even when the settings no longer name one.
    engines(&mut client, |engines| engines.len() == 2).await;
    client
        .notify("workspace/didChangeConfiguration", json!({ "settings": { "pxlens": { "cluster": "" } } }))
        .await;
    engines(&mut client, |engines| engines.len() == 2).await;
    run(&mut client, 0).await;
    two.wait_for_runs(1).await;
    client.end_with_unread(&["px/enginesChanged", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn a_switch_of_the_cluster_waits_for_runs_and_says_so() {
    let one = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let two = Sim::builder().engines(2).start().await;
    let mut client = open(&one, "%px work()\n").await;
    engines(&mut client, |engines| engines.len() == 1).await;
    run(&mut client, 0).await;
    one.wait_for_runs(1).await;
    let answer = client.request("px/connect", json!({ "connectionFile": two.connection_file() })).await;
    let message = answer["message"].as_str().unwrap();
    assert!(
        message.starts_with("Runs are going on on ") && message.ends_with("once they are over"),
        "{message}"
    );
    let refused = client.request("px/startCluster", json!({})).await;
    assert!(refused.get("cluster").is_none(), "{refused}");
    one.open("gate");
    engines(&mut client, |engines| engines.len() == 2).await;
    client.end_with_unread(&["px/enginesChanged", "window/showMessage"]).await;
}

#[tokio::test]
async fn a_foreign_cluster_is_stopped_only_if_confirmed_and_none_in_an_untrusted_workspace() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(&sim, "%px 1\n").await;
    engines(&mut client, |engines| engines.len() == 1).await;
    let params = json!({ "connectionFile": sim.connection_file() });
    let answer = client.request("px/stopCluster", params.clone()).await;
    assert_eq!(answer["stopped"], false);
    assert!(answer["message"].as_str().unwrap().contains("pxlens did not start"), "{answer}");
    engines(&mut client, |engines| engines.len() == 1).await;
    client.end_with_unread(&["px/enginesChanged"]).await;

    let untrusted = json!({ "trusted": false });
    let mut client = Client::start_with(with_engines(), untrusted).await;
    for (method, params) in
        [("px/stopCluster", params.clone()), ("px/connect", params), ("px/startCluster", json!({}))]
    {
        let answer = client.request(method, params).await;
        assert!(answer["message"].as_str().unwrap().contains("not trusted"), "{method}: {answer}");
    }
    let answer = client.request("px/clusters", json!({})).await;
    assert!(answer["clusters"].as_array().unwrap().is_empty(), "{answer}");
    client.end().await;
}

/// Two windows of one user: clients of one process have the same identity.
#[tokio::test]
async fn what_another_window_runs_is_named_and_stopped_only_where_that_is_asked_for() {
    let sim = Sim::builder().engines(3).on("work()", Script::new().hang()).start().await;
    let text = "# %%\n%%px -t 0,1\nwork()\n# %%\n%%px -t 0\nlater()\n# %%\n%%px -t 2\nwork()\n";
    let mut first = open(&sim, text).await;
    engines(&mut first, |engines| engines.len() == 3).await;
    run(&mut first, 1).await;
    sim.wait_for_runs(2).await;
    // It waits in the first window.
    let later = run(&mut first, 4).await;

    let mut second = open(&sim, text).await;
    let is_mine = |engine: &Value| engine["worksFor"]["whose"] == "mine";
    let there = engines(&mut second, |engines| engines.iter().filter(|one| is_mine(one)).count() == 2).await;
    assert!(is_mine(&there[0]) && is_mine(&there[1]), "{there:#?}");
    assert_eq!(there[0]["worksFor"], there[1]["worksFor"]);
    run(&mut second, 7).await;
    engines(&mut second, |engines| engines[2].get("current").is_some()).await;

    let answer = second.request("px/interruptEngines", json!({ "engines": [1, 2] })).await;
    assert_eq!((&answer["signalled"], &answer["leftMine"]), (&json!([2]), &json!([1])), "{answer:#}");
    let mine = json!({ "engines": [1], "whose": "mine" });
    let answer = second.request("px/interruptEngines", mine.clone()).await;
    assert_eq!((&answer["signalled"], &answer["leftMine"]), (&json!([1]), &json!([])), "{answer:#}");
    engines(&mut second, |engines| engines[1]["state"] == "idle").await;
    let answer = second.request("px/interruptEngines", mine).await;
    assert_eq!((&answer["signalled"], &answer["idle"]), (&json!([]), &json!([1])), "{answer:#}");

    // In the window that sent it, a run that waits for the engine is dropped as well.
    let answer = first.request("px/interruptEngines", json!({ "engines": [0] })).await;
    assert_eq!((&answer["signalled"], &answer["aborted"]), (&json!([0]), &json!([])), "{answer:#}");
    let dropped = |answer: &Value| {
        answer["runs"].as_array().unwrap().iter().any(|one| one["run"] == later && one["state"] == "failed")
    };
    first.ask_until("px/runs", json!({}), dropped).await;
    assert!(!sim.requests().iter().any(|one| one.code() == "later()\n"));
    for client in [first, second] {
        client.end_with_unread(&["px/enginesChanged", "textDocument/publishDiagnostics"]).await;
    }
}
