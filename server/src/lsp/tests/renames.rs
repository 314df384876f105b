//! Documents that get another name while their cells run.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const NEW: &str = "file:///new.py";
const TEXT: &str = "%px work()\n%pxresult\n";

async fn client(sim: &Sim) -> Client {
    let file = sim.connection_file();
    let options = json!({ "trusted": true, "cluster": { "connectionFile": file } });
    let capabilities = json!({ "experimental": { "pxlens": { "outputs": true, "blocks": true } } });
    Client::start_with(capabilities, options).await
}

fn waits() -> Script {
    Script::new().stdout("begun\n").wait("gate").result_text("42")
}

/// Reads `px/outputs` until both lines of the new document are as wanted.
async fn both_are(client: &mut Client, state: &str) {
    let mut seen = [false; 2];
    while seen != [true; 2] {
        let params = client.expect_until("px/outputs", |params: &Value| params["uri"] == NEW).await;
        for cell in params["cells"].as_array().into_iter().flatten() {
            let line = cell["range"]["start"]["line"].as_u64().unwrap() as usize;
            seen[line] = cell["state"] == state;
        }
    }
}

async fn close(client: &mut Client, uri: &str) {
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } })).await;
}

/// Their runs went on, and nothing in the editor showed it: they belonged to a name that no document had any more.
#[tokio::test]
async fn what_runs_is_shown_beside_its_cell_when_the_document_is_renamed_or_saved() {
    for (old, renamed) in [("file:///old.py", true), ("untitled:Untitled-1", false)] {
        let sim = Sim::builder().engines(1).on("work()", waits()).start().await;
        let mut client = client(&sim).await;
        client.open(old, TEXT).await;
        client.engines(1).await;
        let run = client.request("px/run", json!({ "uri": old, "scope": "all" })).await;
        assert_eq!(run["runs"].as_array().map(Vec::len), Some(1), "{run}");
        let begun = |params: &Value| params["uri"] == old && params.to_string().contains("begun");
        client.expect_until("px/outputs", begun).await;
        if renamed {
            let files = json!({ "files": [{ "oldUri": old, "newUri": NEW }] });
            client.notify("workspace/didRenameFiles", files).await;
            close(&mut client, old).await;
            client.open(NEW, TEXT).await;
        } else {
            client.open(NEW, TEXT).await;
            close(&mut client, old).await;
        }
        both_are(&mut client, "running").await;
        let runs = client.request("px/runs", json!({ "uri": NEW })).await;
        assert_eq!(
            (&runs["runs"][0]["uri"], &runs["runs"][0]["state"]),
            (&json!(NEW), &json!("running")),
            "{runs}"
        );
        sim.open("gate");
        both_are(&mut client, "succeeded").await;

        client.end_with_unread(&["px/outputs"]).await;
    }
}

/// All their runs were listed under one of the two names.
#[tokio::test]
async fn files_that_swap_their_names_keep_their_runs_and_results() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = client(&sim).await;
    let [a, b] = ["file:///a.py", "file:///b.py"];
    let [of_a, of_b] = ["%px 1\n", "%px 2\n"];
    client.open(a, of_a).await;
    client.open(b, of_b).await;
    client.engines(1).await;
    for uri in [a, b] {
        client.request("px/run", json!({ "uri": uri, "scope": "all" })).await;
        let done = |params: &Value| params["uri"] == uri && params["cells"][0]["state"] == "succeeded";
        client.expect_until("px/outputs", done).await;
    }
    let files = json!({ "files": [{ "oldUri": a, "newUri": b }, { "oldUri": b, "newUri": a }] });
    client.notify("workspace/didRenameFiles", files).await;
    close(&mut client, a).await;
    close(&mut client, b).await;
    client.open(a, of_b).await;
    client.open(b, of_a).await;
    for (uri, run) in [(a, 2), (b, 1)] {
        let shown = |params: &Value| params["uri"] == uri && params["cells"][0]["run"] == run;
        client.expect_until("px/outputs", shown).await;
        let runs = client.request("px/runs", json!({ "uri": uri })).await;
        let listed: Vec<&Value> =
            runs["runs"].as_array().into_iter().flatten().map(|run| &run["run"]).collect();
        assert_eq!(listed, [&json!(run)], "{runs}");
    }

    client.end_with_unread(&["px/outputs"]).await;
}
