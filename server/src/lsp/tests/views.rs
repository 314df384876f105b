//! Views in the settings, and the action that adds one.

use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

async fn start(capabilities: Value, options: Value) -> Client {
    Client::start_with(capabilities, options).await
}

/// The refusal of the first px cell, and the code of its problem.
async fn refusal(client: &mut Client) -> Value {
    let found = client.request("px/cells", json!({ "uri": URI })).await;
    let shown = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(shown["params"]["diagnostics"][0]["code"], found["problems"][0]["code"]);
    json!([found["cells"][0]["refusal"], found["problems"][0]["code"]])
}

async fn actions(client: &mut Client) -> Vec<Value> {
    client.expect("textDocument/publishDiagnostics").await;
    let at = json!({ "line": 0, "character": 3 });
    let params = json!({
        "textDocument": { "uri": URI }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] },
    });
    client.request("textDocument/codeAction", params).await.as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn views_of_the_settings_count_once_the_workspace_is_trusted() {
    let mut client = start(json!({}), json!({ "trusted": false, "views": { "_even": "::2" } })).await;
    client.open(URI, "%px_even 1\n").await;
    assert_eq!(refusal(&mut client).await[1], "unknown-view");
    client.notify("px/trust", json!({})).await;
    assert_eq!(refusal(&mut client).await, json!([null, null]));
    let settings = json!({ "settings": { "pxlens": { "views": { "_odd": "1::2" } } } });
    client.notify("workspace/didChangeConfiguration", settings).await;
    assert_eq!(refusal(&mut client).await[1], "unknown-view");
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "pxlens": {} } })).await;
    assert_eq!(refusal(&mut client).await, json!([null, null]));
    client.end().await;
}

#[tokio::test]
async fn the_action_for_an_unknown_view_writes_the_setting() {
    let mut client =
        start(json!({ "experimental": { "pxlens": { "writeSettings": true } } }), json!({})).await;
    client.open(URI, "%px_even 1\n%px 2\n").await;
    let offered = actions(&mut client).await;
    let write = offered.iter().find(|action| action["command"] == "pxlens.server.writeView").unwrap();
    assert_eq!(write["title"], r#"Add {"_even":"::2"} to the setting pxlens.views"#);
    let params = json!({ "command": write["command"], "arguments": write["arguments"] });
    let id = client.send_request("workspace/executeCommand", params).await;
    let asked = client.expect("px/writeSetting").await;
    assert_eq!(asked["params"], json!({ "key": "views", "value": { "_even": "::2" } }));
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "written": true } })).await;
    assert_eq!(client.answer(id).await["result"], json!({ "written": true }));
    client.end().await;
}

#[tokio::test]
async fn a_client_that_cannot_write_settings_shows_the_line_to_add() {
    let mut client = start(json!({}), json!({})).await;
    client.open(URI, "%px0 1\n").await;
    let write = actions(&mut client).await.pop().unwrap();
    let params = json!({ "command": write["command"], "arguments": write["arguments"] });
    assert_eq!(client.request("workspace/executeCommand", params).await, json!({ "written": false }));
    let message = client.expect("window/showMessage").await;
    assert_eq!(message["params"]["message"], r#"Add this line to your settings: "pxlens.views": {"0":"0"}"#);
    client.end().await;
}
