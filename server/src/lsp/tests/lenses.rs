//! Lenses: what they say as the cluster, its engines and trust change, and what a click on one does.

use pxlens_tests::sim::Sim;
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

/// Requests the lenses until the first is as wanted, after each refresh.
async fn first_lens(client: &mut Client, uri: &str, title: &str) -> Value {
    loop {
        let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri } })).await;
        if lenses[0]["command"]["title"] == title {
            return lenses[0]["command"].clone();
        }
        let asked = client.expect("workspace/codeLens/refresh").await;
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
    }
}

fn refreshes() -> Value {
    json!({ "workspace": { "codeLens": { "refreshSupport": true } } })
}

#[tokio::test]
async fn a_click_on_the_lens_runs_its_cell() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "%%px\n1\n").await;
    client.engines(2).await;
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": URI } })).await;
    let command = &lenses[0]["command"];
    assert_eq!(command["title"], "▶ Run on 2 engines");
    let cells = client.request("px/cells", json!({ "uri": URI })).await;
    assert_eq!(command["arguments"], json!([{ "uri": URI, "cell": cells["cells"][0]["id"] }]));
    let params = json!({ "command": command["command"], "arguments": command["arguments"] });
    let result = client.request("workspace/executeCommand", params).await;
    assert_eq!(result["runs"][0]["engines"], json!([0, 1]));
    assert_eq!(result["runs"][0]["cell"], cells["cells"][0]["id"]);
    sim.wait_for_runs(2).await;
    client.end().await;
}

#[tokio::test]
async fn an_untrusted_workspace_is_only_parsed_and_the_lens_says_so() {
    let sim = Sim::builder().engines(2).start().await;
    let file = sim.connection_file();
    let options = json!({ "trusted": false, "cluster": { "connectionFile": file } });
    let mut client = Client::start_with(refreshes(), options).await;
    client.open(URI, "%%px\n1\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (this workspace is not trusted)").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert!(result["notRun"][0]["reason"].as_str().unwrap().contains("trust it first"), "{result}");
    client.expect("window/showMessage").await;
    let params = json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 1 } });
    let hover = client.request("textDocument/hover", params).await;
    assert!(hover["contents"]["value"].as_str().unwrap().contains("not trusted"), "{hover}");
    assert!(sim.requests().is_empty() && sim.subscribers() == 0, "it was not connected to");
    client.notify("px/trust", json!({})).await;
    first_lens(&mut client, URI, "▶ Run on 2 engines").await;
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn px_lines_of_a_cell_share_a_lens_and_those_of_paragraphs_have_one_each() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = Client::start_on(&sim, refreshes()).await;
    client.open(URI, "# %%\n%px a\n%px b\n").await;
    first_lens(&mut client, URI, "▶ Run 2 px lines on 2 engines").await;
    client.open("file:///b.py", "%px a\n\n%px b\n").await;
    first_lens(&mut client, "file:///b.py", "▶ Run on 2 engines").await;
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn no_other_cluster_replaces_a_named_one_that_cannot_be_reached() {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": "/nowhere/client.json" } });
    let mut client = Client::start_with(refreshes(), options).await;
    client.open(URI, "%%px\n1\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (the cluster cannot be reached)").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert!(result["notRun"][0]["reason"].as_str().unwrap().contains("/nowhere/client.json"), "{result}");
    let said = client.expect("window/showMessage").await;
    assert!(said["params"]["message"].as_str().unwrap().contains("/nowhere/client.json"), "{said}");
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn the_lens_says_if_there_is_no_such_engine() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = Client::start_on(&sim, refreshes()).await;
    client.open(URI, "%%px --targets 7\nwork()\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (no such engine)").await;
    assert!(lens["tooltip"].as_str().unwrap().contains('7'), "{lens}");
    let is_shown = |params: &Value| params["diagnostics"][0]["code"] == "dead-target";
    client.expect_until("textDocument/publishDiagnostics", is_shown).await;
    client.edit(URI, 2, "%px work()\n").await;
    let is_cleared = |params: &Value| params["diagnostics"] == json!([]);
    client.expect_until("textDocument/publishDiagnostics", is_cleared).await;
    first_lens(&mut client, URI, "▶ Run on 2 engines").await;
    sim.kill_engine(0).await;
    sim.kill_engine(1).await;
    first_lens(&mut client, URI, "▶ Run (no engines)").await;
    sim.add_engine().await;
    first_lens(&mut client, URI, "▶ Run on engine 2").await;
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn the_lens_of_a_cell_runs_only_the_lines_of_that_cell() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = Client::start_on(&sim, refreshes()).await;
    client.open(URI, "# %%\n%px a\n%px b\n# %%\n%%px\nc\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run 2 px lines on engine 0").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert_eq!(result["runs"].as_array().map(Vec::len), Some(2), "{result}");
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}
