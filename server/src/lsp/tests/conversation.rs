//! What clients get wrong or do differently, and what the server makes of it.

use lsp_types::Uri;
use pxlens_protocol::{Kind, messages};
use serde_json::{Value, json};

use super::{
    client::Client,
    fake::{PANICS_WHEN_ASKED, PANICS_WHEN_TOLD},
};
use crate::lsp::{Change, NotebookCell, NotebookChange, NotebookSplice, TextChange};

const URI: &str = "file:///a.py";

#[tokio::test]
async fn a_panic_in_a_request_is_an_error_and_the_state_is_kept() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    let id = client.ask("px/cells", json!({ "uri": format!("file:///{PANICS_WHEN_ASKED}") })).await;
    let answer = client.answer(id).await;
    assert_eq!(answer["error"]["code"], -32603);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("px/cells") && message.contains(PANICS_WHEN_ASKED), "{message}");
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 1);
    client.end().await;
}

#[tokio::test]
async fn a_panic_in_a_notification_leaves_the_rest_as_it_was() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    client.open(&format!("file:///{PANICS_WHEN_TOLD}"), "").await;
    client.edit(URI, 2, "x").await;
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 2);
    client.end().await;
}

#[tokio::test]
async fn a_panic_while_diagnostics_are_made_harms_no_other_document() {
    let mut client = Client::start(json!({})).await;
    let uri = format!("file:///{PANICS_WHEN_ASKED}");
    client.open(&uri, "").await;
    client.told().await;
    // A task of its own asks for the cells, and panics.
    client.session.raise(&uri, "E", "");
    client.open(URI, "").await;
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["version"], 1);
    client.session.raise(URI, "E", "");
    assert_eq!(client.expect("textDocument/publishDiagnostics").await["params"]["uri"], URI);
    client.end().await;
}

#[tokio::test]
async fn uris_are_keys_and_come_back_as_they_were_sent() {
    let mut client = Client::start(json!({})).await;
    let uris = [
        "file:///h/[id].py",
        "file:///h/a b.py",
        "file:///h/a%20b.py",
        "file:///h/é.py",
        "file:///h/a%2Fb.py",
        "file:///h/{x}|y^z.py",
        "file:///c%3A/a.py",
        "file:///c:/a.py",
        "file:///C%3A/a.py",
        "untitled:Untitled-1",
        "vscode-notebook-cell:/h/nb.ipynb#W0sZmlsZQ%3D%3D",
        "vscode-notebook-cell://ssh-remote%2Bhost/h/nb.ipynb#X",
    ];
    for (version, uri) in (10..).zip(uris) {
        client.open(uri, "").await;
        client.edit(uri, version, "x").await;
    }
    for (version, uri) in (10..).zip(uris) {
        assert_eq!(client.request("px/cells", json!({ "uri": uri })).await["version"], version, "{uri}");
        client.session.raise(uri, "E", "");
        assert_eq!(client.expect("textDocument/publishDiagnostics").await["params"]["uri"], uri);
    }
    client.end().await;
}

#[tokio::test]
async fn requests_without_params_with_null_and_with_an_empty_list_are_answered() {
    let mut client = Client::start(json!({})).await;
    client.request("px/engines", Value::Null).await;
    client.request("px/engines", json!([])).await;
    client.request("px/engines", json!([null])).await;
    client.request("px/engines", json!([{}])).await;
    client.send(&json!({ "jsonrpc": "2.0", "id": "text", "method": "px/engines" })).await;
    assert_eq!(client.read().await.unwrap()["id"], "text");
    client.notify("px/trust", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "px/trust" })).await;
    let trusted = client.told().await.iter().filter(|change| **change == Change::Trust(true)).count();
    assert_eq!(trusted, 3, "one of initialize, two of px/trust");
    client.end().await;
}

#[tokio::test]
async fn shutdown_with_an_empty_object_is_accepted() {
    let mut client = Client::start(json!({})).await;
    client.request("shutdown", json!({})).await;
}

#[tokio::test]
async fn wrong_params_of_a_request_are_an_error_and_of_a_notification_no_harm() {
    let mut client = Client::start(json!({})).await;
    let id = client.ask("px/cells", json!({ "uri": 1 })).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32602);
    client.notify("textDocument/didOpen", json!({ "textDocument": 1 })).await;
    client.notify("no/such", json!({})).await;
    let id = client.ask("no/such", json!({})).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32601);
    client.end().await;
}

#[tokio::test]
async fn every_message_to_the_server_has_a_handler() {
    let mut client = Client::start(json!({})).await;
    for message in messages() {
        let to_server = matches!(message.direction, lsp_types::MessageDirection::ClientToServer);
        if message.kind == Kind::Request && to_server {
            let id = client.ask(&message.method, json!({ "uri": URI, "run": 1 })).await;
            let code = client.answer(id).await["error"]["code"].clone();
            assert_ne!(code, -32601, "{}", message.method);
        }
    }
    client.end().await;
}

#[tokio::test]
async fn odd_capabilities_and_traces_do_not_keep_a_client_out() {
    for odd in [
        json!({ "capabilities": { "textDocument": { "codeAction": { "resolveSupport": true } } } }),
        json!({ "capabilities": { "workspace": null, "experimental": [] }, "trace": "compact" }),
        json!({ "capabilities": {}, "trace": "verbose", "processId": "none", "rootUri": 5 }),
        json!({ "capabilities": {}, "workspaceFolders": null, "initializationOptions": "none" }),
    ] {
        let mut client = Client::connect();
        let answer = client.request("initialize", odd).await;
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        client.end().await;
    }
}

#[tokio::test]
async fn the_first_encoding_of_the_client_that_pxlens_knows_is_in_force() {
    let offered = json!({ "general": { "positionEncodings": ["utf-7", "utf-8", "utf-16"] } });
    let mut client = Client::connect();
    let answer = client.request("initialize", json!({ "capabilities": offered })).await;
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    assert_eq!(answer["capabilities"]["experimental"]["pxlens"]["commands"][0], "pxlens.server.run");
    assert!(client.told().await.contains(&Change::Encoding(lsp_types::PositionEncodingKind::UTF8)));
    client.end().await;
}

#[tokio::test]
async fn settings_of_initialize_are_in_force_and_bad_ones_are_said_once() {
    let mut client = Client::connect();
    let options = json!({ "engines": 0, "groupBy": "type", "trusted": false });
    client.request("initialize", json!({ "capabilities": {}, "initializationOptions": options })).await;
    let said = client.expect("window/showMessage").await;
    assert!(said["params"]["message"].as_str().unwrap().contains("pxlens.engines"));
    client
        .notify("workspace/didChangeConfiguration", json!({ "settings": { "pxlens": { "engines": 0 } } }))
        .await;
    let told = client.told().await;
    assert!(told.contains(&Change::Trust(false)));
    let groupings: Vec<_> = told
        .iter()
        .filter_map(|change| match change {
            Change::Configure(settings) => Some(settings.group_by),
            _ => None,
        })
        .collect();
    // The later section says nothing of it, so what was said first holds.
    assert_eq!(groupings, [pxlens_protocol::GroupBy::Type; 2]);
    client.end().await;
}

#[tokio::test]
async fn edits_reach_the_session_as_they_were_sent() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "a\rb\r\nc\u{2028}d\n").await;
    let range = json!({ "start": { "line": 900, "character": 5 }, "end": { "line": 901, "character": 0 } });
    let params = json!({
        "textDocument": { "uri": URI, "version": 2 },
        "contentChanges": [{ "range": range, "text": "\u{1f600}" }, { "text": "all" }],
    });
    client.notify("textDocument/didChange", params).await;
    let edit = client.told().await.pop().unwrap();
    let Change::Edit { version: 2, changes, .. } = edit else { panic!("{edit:?}") };
    assert_eq!(changes[0].range, Some(serde_json::from_value(range).unwrap()));
    assert_eq!(changes[1], TextChange { range: None, text: "all".into() });
    client.end().await;
}

fn notebook(summary: Option<Value>) -> Value {
    let mut cell = json!({ "kind": 2, "document": "nb:1", "metadata": { "id": "abc" } });
    if let Some(summary) = summary {
        cell["executionSummary"] = summary;
    }
    json!({
        "notebookDocument": {
            "uri": "file:///a.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": [cell],
        },
        "cellTextDocuments": [{ "uri": "nb:1", "languageId": "python", "version": 1, "text": "%%px\n1" }],
    })
}

#[tokio::test]
async fn a_notebook_opens_whatever_its_execution_summary_says() {
    let summaries = [
        None,
        Some(Value::Null),
        Some(json!({})),
        Some(json!({ "success": true })),
        Some(json!({ "executionOrder": null })),
        Some(json!({ "executionOrder": 3, "success": true })),
    ];
    for summary in summaries {
        let mut client = Client::start(json!({})).await;
        client.notify("notebookDocument/didOpen", notebook(summary.clone())).await;
        assert_eq!(client.request("px/cells", json!({ "uri": "nb:1" })).await["version"], 1, "{summary:?}");
        client.end().await;
    }
}

#[tokio::test]
async fn a_moved_cell_is_deleted_and_inserted_but_not_closed() {
    let mut client = Client::start(json!({})).await;
    client.notify("notebookDocument/didOpen", notebook(None)).await;
    let array = json!({ "start": 3, "deleteCount": 1, "cells": [{ "kind": 2, "document": "nb:1" }] });
    let params = json!({
        "notebookDocument": { "uri": "file:///a.ipynb", "version": 2 },
        "change": { "cells": { "structure": { "array": array } } },
    });
    client.notify("notebookDocument/didChange", params).await;
    let moved = NotebookCell { uri: Uri::from("nb:1"), code: true, id: None };
    let expected = Change::ChangeNotebook {
        uri: "file:///a.ipynb".into(),
        version: 2,
        change: NotebookChange {
            splice: Some(NotebookSplice { start: 3, delete: 1, insert: vec![moved] }),
            ..Default::default()
        },
    };
    assert_eq!(client.told().await.pop(), Some(expected));
    client.end().await;
}
