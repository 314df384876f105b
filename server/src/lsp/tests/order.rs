//! Order, cancelling, and waiting for one another.

use serde_json::json;

use super::{
    client::Client,
    fake::{HANGING_RUN, HANGS},
};
use crate::lsp::Change;

const URI: &str = "file:///a.py";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_query_sees_exactly_the_edits_sent_before_it() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "%px 1\n").await;
    let mut asked = Vec::new();
    for version in 2..2002 {
        client.edit(URI, version, "x").await;
        if version % 2 == 0 {
            asked.push((client.ask("px/cells", json!({ "uri": URI })).await, version));
        }
        if version % 100 == 0 {
            client.ask("px/run", json!({ "uri": URI, "targets": HANGS })).await;
        }
        // Read now and then, as an editor does, so that neither pipe fills up.
        if asked.len() == 50 {
            for (id, version) in asked.drain(..) {
                assert_eq!(client.answer(id).await["result"]["version"], version);
            }
        }
    }
    for (id, version) in asked {
        assert_eq!(client.answer(id).await["result"]["version"], version);
    }
    let versions: Vec<i32> = client
        .told()
        .await
        .into_iter()
        .filter_map(|change| match change {
            Change::Edit { version, .. } => Some(version),
            _ => None,
        })
        .collect();
    assert!(versions.is_sorted() && versions.len() == 2000);
}

#[tokio::test]
async fn a_cancel_is_heard_behind_200_slow_requests() {
    let mut client = Client::start(json!({})).await;
    let mut last = 0;
    for _ in 0..200 {
        last = client.ask("px/run", json!({ "uri": URI, "targets": HANGS })).await;
    }
    client.notify("$/cancelRequest", json!({ "id": last })).await;
    assert_eq!(client.answer(last).await["error"]["code"], -32800);
}

#[tokio::test]
async fn questions_to_the_client_do_not_stop_the_reader() {
    let mut client = Client::start(json!({ "workspace": { "configuration": true } })).await;
    let first = client.expect("workspace/configuration").await;
    for _ in 0..300 {
        client.notify("workspace/didChangeConfiguration", json!({ "settings": null })).await;
    }
    client.open(URI, "").await;
    for version in 2..500 {
        client.edit(URI, version, "x").await;
    }
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 499);
    client.send(&json!({ "jsonrpc": "2.0", "id": first["id"], "result": [{ "engines": 7 }] })).await;
    let configured = |change: &Change| matches!(change, Change::Configure(settings) if settings.engines == 7);
    while !client.told().await.iter().any(configured) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_handler_that_hangs_does_not_hold_up_others() {
    let mut client = Client::start(json!({})).await;
    let token = format!("px/run/{}", HANGING_RUN.0);
    for _ in 0..50 {
        client.notify("window/workDoneProgress/cancel", json!({ "token": token })).await;
    }
    client.request("px/engines", json!({})).await;
    assert_eq!(client.session.interrupted().len(), 50);
}
