//! When diagnostics are published again though they are the same.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";
const PUBLISH: &str = "textDocument/publishDiagnostics";

fn opened(text: &str) -> Value {
    let document = json!({ "uri": URI, "languageId": "python", "version": 1, "text": text });
    json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } })
}

fn is_shown(params: &Value) -> bool {
    params["diagnostics"] != json!([])
}

/// The contents were the same as before, so nothing was published: a client that drops the marks of a buffer with it had none
/// until they changed.
#[tokio::test]
async fn a_document_that_is_closed_and_opened_in_one_write_has_its_diagnostics_again() {
    let mut client = Client::start(json!({})).await;
    client.send(&opened("%px --no-such-option 1\n")).await;
    client.expect_until(PUBLISH, is_shown).await;
    let params = json!({ "textDocument": { "uri": URI } });
    let close = json!({ "jsonrpc": "2.0", "method": "textDocument/didClose", "params": params });
    for _ in 0..20 {
        client.send_together(&[close.clone(), opened("%px --no-such-option 1\n")]).await;
        client.expect_until(PUBLISH, is_shown).await;
    }
    client.end_with_unread(&[PUBLISH]).await;
}

/// A run failed while the client sent edits, so that the error was published for version N and the client was at N + 1: a client
/// that compares versions never showed it.
#[tokio::test]
async fn what_was_published_for_an_older_version_is_published_once_for_the_newest_when_edits_have_settled() {
    let error = Script::new().error("ValueError", "no");
    let sim = Sim::builder().engines(1).on("fail()", error).start().await;
    let capabilities = json!({ "textDocument": { "publishDiagnostics": { "versionSupport": true } } });
    let mut client = Client::start_on(&sim, capabilities).await;
    let text = |version: i32, call: &str| format!("# {version}\n# %%\n%%px\n{call}()\n");
    client.send(&opened(&text(1, "fail"))).await;
    client.engines(1).await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    client.expect_until(PUBLISH, is_shown).await;
    for version in 2..40 {
        client.edit(URI, version, &text(version, "fail")).await;
        client.request("px/cells", json!({ "uri": URI })).await;
    }
    let newest = client.expect(PUBLISH).await["params"].take();
    assert!(is_shown(&newest) && newest["version"] == 39, "{newest}");
    // Only where there is something to show.
    client.edit(URI, 40, &text(39, "other")).await;
    client.expect_until(PUBLISH, |params| params["diagnostics"][0]["severity"] == 4).await;
    client.request("px/clear", json!({ "uri": URI })).await;
    client.expect_until(PUBLISH, |params| params["diagnostics"] == json!([])).await;
    client.edit(URI, 41, &text(41, "other")).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    client.end_with_unread(&["window/showMessage"]).await;
}

/// Most clients show what comes, whatever its version is.
#[tokio::test]
async fn a_client_that_does_not_compare_versions_is_told_once() {
    let mut client = Client::start(json!({})).await;
    client.send(&opened("%px --no-such-option 1\n")).await;
    client.expect_until(PUBLISH, is_shown).await;
    client.edit(URI, 2, "%px --no-such-option 1\n# more\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    client.end().await;
}
