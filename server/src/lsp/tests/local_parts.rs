//! `--local`: a client with a kernel gets the body; with any other client, a note says that it was not run.

use pxlens_tests::sim::Sim;
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";
const TEXT: &str = "# %%\n%%px --local\nx = 1\n";

async fn start(sim: &Sim, extension: Value) -> Client {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(json!({ "experimental": { "pxlens": extension } }), options).await;
    client.open(URI, TEXT).await;
    client
}

async fn run(client: &mut Client) -> Value {
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await
}

/// The card of the cell once its run is over.
async fn card(client: &mut Client) -> String {
    let is_over = |found: &Value| found["cells"][0]["state"] == "succeeded";
    client.ask_until("px/cells", json!({ "uri": URI }), is_over).await;
    let at = json!({ "textDocument": { "uri": URI }, "position": { "line": 1, "character": 0 } });
    let hover = client.request("textDocument/hover", at).await;
    hover["contents"]["value"].as_str().expect("a card").to_owned()
}

#[tokio::test]
async fn a_client_with_a_kernel_gets_the_body_and_its_error_is_shown_once() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = start(&sim, json!({ "runLocal": true })).await;
    for _ in 0..2 {
        let started = run(&mut client).await;
        assert_eq!(started["runs"][0].get("note"), None, "{started}");
        let asked = client.expect("px/runLocal").await;
        let expected = json!({
            "uri": URI, "cell": started["runs"][0]["cell"], "run": started["runs"][0]["run"], "code": "x = 1\n",
        });
        assert_eq!(asked["params"], expected);
        let error = json!({ "code": -32803, "message": "no kernel is chosen" });
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error })).await;
    }
    assert!(!card(&mut client).await.contains("local part"));
    let said = client.expect("window/showMessage").await;
    let text = "The local part of a --local cell was not run: no kernel is chosen";
    assert_eq!(said["params"]["message"], text);
    client.end().await;
}

#[tokio::test]
async fn another_client_gets_a_note_with_the_run_and_in_its_card() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = start(&sim, json!({ "outputs": true, "blocks": true })).await;
    let started = run(&mut client).await;
    assert_eq!(started["runs"][0]["note"], "local part not run", "{started}");
    assert!(card(&mut client).await.contains("local part not run"));
    let is_over = |params: &Value| params["cells"][0]["state"] == "succeeded";
    let painted = client.expect_until("px/outputs", is_over).await;
    let cell = &painted["cells"][0];
    let line = cell["line"]["text"].as_str().expect("a line");
    assert!(line.ends_with(" · local part not run"), "{line}");
    let last = json!({ "text": "local part not run", "style": "note" });
    assert_eq!(cell["block"].as_array().and_then(|lines| lines.last()), Some(&last));
    assert_eq!(sim.executed().len(), 2, "the engines' part runs as usual");
    client.end_with_unread(&["px/outputs"]).await;
}
