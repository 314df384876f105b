//! Running a cell again on a part of its engines, and interrupting stragglers.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";
const TEXT: &str = "# %%\n%%px\nwork()\n";

async fn start(sim: &Sim) -> Client {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(json!({}), options).await;
    client.open(URI, TEXT).await;
    client
}

/// Runs the cell with more parameters.
async fn run(client: &mut Client, more: Value) -> Value {
    let mut params = json!({ "uri": URI, "position": { "line": 1, "character": 0 } });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.request("px/run", params).await
}

async fn cell_is(client: &mut Client, state: &str) -> Value {
    let is_so = |found: &Value| found["cells"][0]["state"] == state;
    client.ask_until("px/cells", json!({ "uri": URI }), is_so).await["cells"][0].take()
}

/// The titles and commands of the actions for some of the engines.
async fn offered(client: &mut Client) -> Vec<(String, Value)> {
    offers(&client.request("textDocument/codeAction", params_at_the_cell()).await)
}

fn params_at_the_cell() -> Value {
    let at = json!({ "line": 1, "character": 0 });
    json!({
        "textDocument": { "uri": URI }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] },
    })
}

fn offers(actions: &Value) -> Vec<(String, Value)> {
    let titles = |action: &Value| (action["title"].as_str().unwrap().to_owned(), action.clone());
    let ours = |title: &str| title.contains("Re-run") || title.contains("stragglers");
    actions.as_array().unwrap().iter().map(titles).filter(|(title, _)| ours(title)).collect()
}

fn titles(offered: &[(String, Value)]) -> Vec<&str> {
    offered.iter().map(|(title, _)| title.as_str()).collect()
}

#[tokio::test]
async fn only_the_failed_engine_runs_the_code_again() {
    let raises = Script::new().error("OSError", "no file");
    let sim =
        Sim::builder().engines(4).on("work()", Script::new()).on_engine(2, "work()", raises).start().await;
    let mut client = start(&sim).await;
    run(&mut client, json!({})).await;
    cell_is(&mut client, "failed").await;
    sim.on("work()", Script::new());
    let actions = offered(&mut client).await;
    assert_eq!(titles(&actions), ["▶ Re-run on [2] only (failed)"]);
    let rerun = json!({ "command": actions[0].1["command"], "arguments": actions[0].1["arguments"] });
    let started = client.request("workspace/executeCommand", rerun).await;
    assert_eq!(started["runs"][0]["engines"], json!([2]), "{started}");
    let cell = cell_is(&mut client, "succeeded").await;
    assert_eq!(cell["stale"], false, "running on a part of the engines does not change the plan");
    assert_eq!(sim.executed().len(), 5);
    let refused = run(&mut client, json!({ "only": "failed" })).await;
    let why = refused["notRun"][0]["reason"].as_str().unwrap();
    assert!(why.starts_with("No engine of run 2 failed"), "{why}");
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn differing_engines_run_the_current_code_and_a_note_says_that_it_changed() {
    let (same, other) = (Script::new().stdout("same\n"), Script::new().stdout("another\n"));
    let sim = Sim::builder().engines(3).on("work()", same).on_engine(1, "work()", other).start().await;
    let mut client = start(&sim).await;
    run(&mut client, json!({})).await;
    cell_is(&mut client, "succeeded").await;
    assert_eq!(titles(&offered(&mut client).await), ["▶ Re-run on [1] only (differing)"]);
    let end = json!({ "line": 2, "character": 6 });
    let change = json!({ "range": { "start": end, "end": end }, "text": " # now" });
    let params = json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [change] });
    client.notify("textDocument/didChange", params).await;
    let started = run(&mut client, json!({ "only": "differing" })).await;
    assert_eq!(started["runs"][0]["engines"], json!([1]), "{started}");
    assert_eq!(started["runs"][0]["note"], "the cell has changed since its last run");
    cell_is(&mut client, "succeeded").await;
    let executed = sim.executed();
    assert!(executed.last().unwrap().code().contains("# now"));
    client.end().await;
}

#[tokio::test]
async fn running_again_on_some_engines_needs_one_cell_with_a_run() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = start(&sim).await;
    for (more, why) in [
        (json!({ "only": "failed" }), "This cell has no run yet"),
        (json!({ "only": "failed", "scope": "all" }), "Only one px cell at a time can be run again"),
    ] {
        let refused = run(&mut client, more).await;
        let reason = refused["notRun"][0]["reason"].as_str().unwrap();
        assert!(reason.starts_with(why), "{reason}");
    }
    assert!(sim.executed().is_empty());
    client.end().await;
}

#[tokio::test]
async fn without_stragglers_nothing_is_interrupted() {
    let sim = Sim::builder().engines(3).on("work()", Script::new().wait("gate")).start().await;
    let mut client = start(&sim).await;
    let started = run(&mut client, json!({})).await;
    let run_id = started["runs"][0]["run"].clone();
    sim.wait_for_runs(3).await;
    let stop = json!({ "run": run_id, "stragglers": true });
    let refused = client.request("px/interrupt", stop.clone()).await;
    let why = refused["refused"].as_str().unwrap();
    assert!(why.starts_with("Fewer than half of the engines of run 1 have ended"), "{why}");
    sim.open("gate");
    cell_is(&mut client, "succeeded").await;
    let over = client.request("px/interrupt", stop).await;
    assert_eq!(over["refused"], "Run 1 is over, so it has no stragglers");
    client.end().await;
}

#[tokio::test]
async fn the_action_interrupts_only_the_straggler() {
    let hangs = Script::new().stdout("begun\n").hang();
    let sim =
        Sim::builder().engines(3).on("work()", Script::new()).on_engine(1, "work()", hangs).start().await;
    let mut client = start(&sim).await;
    run(&mut client, json!({})).await;
    let is_offered = |actions: &Value| titles(&offers(actions)) == ["■ Interrupt the stragglers [1]"];
    let actions =
        offers(&client.ask_until("textDocument/codeAction", params_at_the_cell(), is_offered).await);
    let stop = json!({ "command": actions[0].1["command"], "arguments": actions[0].1["arguments"] });
    let stopped = client.request("workspace/executeCommand", stop).await;
    assert_eq!(stopped["signalled"], json!([1]), "{stopped}");
    cell_is(&mut client, "failed").await;
    assert_eq!(titles(&offered(&mut client).await), ["▶ Re-run on [1] only (failed)"]);
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}
