//! Mistakes and differences of clients, and panics of the server.

use pxlens_protocol::{Kind, messages};
use serde_json::{Value, json};

use super::client::Client;
use crate::{
    lsp::notify::diagnostics::PANICS,
    render::GroupBy,
    session::{About, DocumentKey, SessionEvent},
};

const URI: &str = "file:///a.py";

async fn cells(client: &mut Client, uri: &str) -> Value {
    client.request("px/cells", json!({ "uri": uri })).await
}

#[tokio::test]
async fn a_panic_in_a_request_is_an_error_and_the_state_is_kept() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    let id = client.send_request("px/testPanic", json!({ "uri": "file:///odd.py" })).await;
    let answer = client.answer(id).await;
    assert_eq!(answer["error"]["code"], -32603);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("px/testPanic") && message.contains("asked for file:///odd.py"), "{message}");
    assert_eq!(cells(&mut client, URI).await["version"], 1);
    client.end().await;
}

#[tokio::test]
async fn a_panic_in_a_notification_leaves_the_rest_as_it_was() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    client.notify("px/testPanicOfNotification", json!({ "uri": URI })).await;
    client.edit(URI, 2, "x").await;
    assert_eq!(cells(&mut client, URI).await["version"], 2);
    client.end().await;
}

#[tokio::test]
async fn a_panic_in_the_session_costs_one_message() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "%px 1\n").await;
    client.session.panic();
    client.edit(URI, 2, "%px 2\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!((&found["version"], &found["cells"][0]["code"]), (&json!(2), &json!("2")));
    let said = client.expect("window/showMessage").await;
    assert!(said["params"]["message"].as_str().unwrap().contains("bug"), "{said}");
    client.end().await;
}

#[tokio::test]
async fn a_panic_in_the_diagnostics_of_one_document_does_not_affect_others() {
    let mut client = Client::start(json!({})).await;
    let uri = format!("file:///{PANICS}");
    client.open(&uri, "%px --no-such-option 1\n").await;
    client.open(URI, "").await;
    assert_eq!(cells(&mut client, URI).await["version"], 1);
    // Documents marked together are checked in any order, so this is repeated after the first panic.
    for (version, option) in [(2, "--no-such-option"), (3, "--nor-this")] {
        client.emit(SessionEvent::Cells(DocumentKey::from(uri.as_str())));
        client.edit(URI, version, &format!("%px {option} 1\n")).await;
        let shown = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!((&shown["params"]["uri"], &shown["params"]["version"]), (&json!(URI), &json!(version)));
    }
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
        "vscode-remote://ssh-remote%2Bhost/h/a.py",
    ];
    for (version, uri) in (10..).zip(uris) {
        client.open(uri, "").await;
        client.edit(uri, version, "%px 1\n").await;
    }
    for (version, uri) in (10..).zip(uris) {
        let found = cells(&mut client, uri).await;
        assert_eq!(found["version"], version, "{uri}");
        assert_eq!(found["cells"].as_array().unwrap().len(), 1, "{uri}");
        client.edit(uri, version + 1, "%px --no-such-option 1\n").await;
        assert_eq!(client.expect("textDocument/publishDiagnostics").await["params"]["uri"], uri);
    }
    for uri in uris {
        client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } })).await;
        let cleared = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!((&cleared["params"]["uri"], &cleared["params"]["diagnostics"]), (&json!(uri), &json!([])));
    }
    client.end().await;
}

#[tokio::test]
async fn requests_without_params_with_null_and_with_an_empty_list_are_answered() {
    let mut client = Client::start(json!({})).await;
    let engines = client.request("px/engines", Value::Null).await;
    assert!(engines["message"].as_str().unwrap().contains("not trusted"), "{engines}");
    client.request("px/engines", json!([])).await;
    client.request("px/engines", json!([null])).await;
    client.request("px/engines", json!([{}])).await;
    client.send(&json!({ "jsonrpc": "2.0", "id": "text", "method": "px/engines" })).await;
    assert_eq!(client.read().await.unwrap()["id"], "text");
    client.open(URI, "%px 1\n").await;
    client.request("px/run", json!({ "uri": URI, "cell": null, "scope": null, "position": null })).await;
    for trusting in [
        json!({ "jsonrpc": "2.0", "method": "px/trust", "params": null }),
        json!({ "jsonrpc": "2.0", "method": "px/trust" }),
    ] {
        client.session.set_trust(false);
        client.send(&trusting).await;
        let engines = client.request("px/engines", Value::Null).await;
        assert!(!engines.to_string().contains("not trusted"), "{engines}");
        assert!(client.session.snapshot(About::Nothing).await.trusted);
    }
    client.end().await;
}

#[tokio::test]
async fn a_document_that_is_too_large_has_a_diagnostic_instead_of_px_cells() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, &"%px a\n".repeat(2_000_000)).await;
    let shown = client.expect("textDocument/publishDiagnostics").await;
    let message = shown["params"]["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("this document has 2000000 lines of code"), "{message}");
    assert_eq!(cells(&mut client, URI).await["cells"], json!([]));
    client.edit(URI, 2, "%px a\n").await;
    let cleared = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(cleared["params"]["diagnostics"], json!([]));
    assert_eq!(cells(&mut client, URI).await["cells"][0]["code"], "a");
    client.end().await;
}

#[tokio::test]
async fn shutdown_with_an_empty_object_is_accepted() {
    let mut client = Client::start(json!({})).await;
    client.request("shutdown", json!({})).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 0);
}

#[tokio::test]
async fn wrong_params_of_a_request_are_an_error_and_of_a_notification_are_ignored() {
    let mut client = Client::start(json!({})).await;
    let id = client.send_request("px/cells", json!({ "uri": 1 })).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32602);
    client.notify("textDocument/didOpen", json!({ "textDocument": 1 })).await;
    client.notify("no/such", json!({})).await;
    client.notify("$/no/such", json!({})).await;
    for unknown in ["no/such", "$/no/such"] {
        let id = client.send_request(unknown, json!({})).await;
        assert_eq!(client.answer(id).await["error"]["code"], -32601, "{unknown}");
    }
    client.end().await;
}

#[tokio::test]
async fn every_message_to_the_server_has_a_handler() {
    let mut client = Client::start(json!({})).await;
    for message in messages() {
        let to_server = matches!(message.direction, lsp_types::MessageDirection::ClientToServer);
        if message.kind == Kind::Request && to_server {
            let id = client.send_request(&message.method, json!({ "uri": URI, "run": 1 })).await;
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
async fn the_first_encoding_of_the_client_that_pxlens_knows_is_used() {
    let offered = json!({ "general": { "positionEncodings": ["utf-7", "utf-8", "utf-16"] } });
    let mut client = Client::connect();
    let params = json!({ "capabilities": offered, "initializationOptions": { "trusted": false } });
    let answer = client.request("initialize", params).await;
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    assert_eq!(answer["capabilities"]["experimental"]["pxlens"]["commands"][0], "pxlens.server.run");
    client.open(URI, "%px '\u{1f600}é'\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!(found["cells"][0]["magicRange"]["end"], at(0, 12), "{found:#}");
    // The client's positions are read in the same unit: this inserts a letter after the four bytes of the first
    // character.
    change(&mut client, 2, json!([edit(at(0, 9), at(0, 9), "x")])).await;
    assert_eq!(cells(&mut client, URI).await["cells"][0]["code"], "'\u{1f600}xé'");
    client.end().await;
}

#[tokio::test]
async fn settings_of_initialize_are_in_force_and_invalid_ones_are_reported_once() {
    let mut client = Client::connect();
    let options = json!({ "engines": 0, "groupBy": "type", "trusted": false });
    client.request("initialize", json!({ "capabilities": {}, "initializationOptions": options })).await;
    let said = client.expect("window/showMessage").await;
    assert!(said["params"]["message"].as_str().unwrap().contains("pxlens.engines"));
    let now = client.session.snapshot(About::Nothing).await;
    assert_eq!((now.trusted, now.settings.group_by), (false, GroupBy::Type));
    client
        .notify(
            "workspace/didChangeConfiguration",
            json!({ "settings": { "pxlens": { "engines": 0, "python": "py" } } }),
        )
        .await;
    client.request("px/engines", Value::Null).await;
    client.session.set_trust(true);
    let now = client.session.snapshot(About::Nothing).await;
    // The later section does not set the grouping, so the option of `initialize` stays in force.
    assert_eq!(now.settings.group_by, GroupBy::Type);
    assert_eq!(now.settings.python.as_deref(), Some(std::path::Path::new("py")), "it was read");
    client.end().await;
}

#[tokio::test]
async fn a_workspace_whose_trust_is_not_a_boolean_is_not_trusted_and_the_user_is_told() {
    for options in [
        json!({ "trusted": "false" }),
        json!({ "pxlens": { "trusted": "true" } }),
        json!({ "trusted": null }),
    ] {
        let mut client = Client::connect();
        client.request("initialize", json!({ "capabilities": {}, "initializationOptions": options })).await;
        let said = client.expect("window/showMessage").await;
        assert!(
            said["params"]["message"].as_str().unwrap().contains("initializationOptions.trusted"),
            "{said}"
        );
        client.notify("initialized", json!({})).await;
        let engines = client.request("px/engines", Value::Null).await;
        assert!(engines["message"].as_str().unwrap().contains("not trusted"), "{options} {engines}");
        for other in [json!({ "trusted": false }), json!({ "trusted": "true" })] {
            client.notify("px/trust", other).await;
            let engines = client.request("px/engines", Value::Null).await;
            assert!(engines.to_string().contains("not trusted"), "{engines}");
        }
        client.notify("px/trust", json!({})).await;
        let engines = client.request("px/engines", Value::Null).await;
        assert!(!engines.to_string().contains("not trusted"), "{engines}");
        client.end().await;
    }
}

#[tokio::test]
async fn without_settings_of_the_client_the_options_of_initialize_stay_in_force() {
    let options =
        json!({ "trusted": true, "engines": 3, "cluster": { "profile": "pxlens-no-such-profile" } });
    let mut client = Client::start_with(json!({ "workspace": { "configuration": true } }), options).await;
    let asked = client.expect("workspace/configuration").await;
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": [null] })).await;
    client.open(URI, "%px work()\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!(found["cells"][0]["plan"]["ranks"], "the cluster cannot be reached");
    client.end().await;
}

fn at(line: u32, character: u32) -> Value {
    json!({ "line": line, "character": character })
}

fn edit(start: Value, end: Value, text: &str) -> Value {
    json!({ "range": { "start": start, "end": end }, "text": text })
}

async fn change(client: &mut Client, version: i32, changes: Value) {
    let params = json!({ "textDocument": { "uri": URI, "version": version }, "contentChanges": changes });
    client.notify("textDocument/didChange", params).await;
}

#[tokio::test]
async fn edits_with_odd_line_endings_and_positions_give_the_text_of_the_client() {
    let mut client = Client::start(json!({})).await;
    // U+2028 and form feed do not end a line; CR, CRLF and LF do.
    client.open(URI, "# \u{2028}\u{c}a\r# %%\r\n%%px\nx = '\u{1f600}'\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!(found["cells"][0]["magicRange"]["start"], at(2, 0), "{found:#}");
    // After a surrogate pair, and in the middle of it: the whole character is kept.
    change(&mut client, 2, json!([edit(at(3, 7), at(3, 7), "y"), edit(at(3, 6), at(3, 6), "z")])).await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.contains('\u{1f600}') && code.contains('y') && code.contains('z'), "{code:?}");
    // Beyond the end of a line, and of the text.
    change(&mut client, 3, json!([edit(at(3, 900), at(3, 901), "#"), edit(at(900, 5), at(901, 0), "end\n")]))
        .await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.ends_with("'#\nend\n"), "{code:?}");
    // Start and end in the wrong order.
    change(&mut client, 4, json!([edit(at(4, 3), at(4, 0), "END")])).await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.ends_with("'#\nEND\n"), "{code:?}");
    // A full text after an incremental edit.
    change(&mut client, 5, json!([edit(at(900, 5), at(901, 0), "\u{1f600}"), { "text": "%px all\n" }])).await;
    let found = cells(&mut client, URI).await;
    assert_eq!((&found["version"], &found["cells"][0]["code"]), (&json!(5), &json!("all")));
    client.end().await;
}

fn notebook(summaries: [Option<Value>; 6]) -> Value {
    let mut cells = Vec::new();
    let mut texts = Vec::new();
    for (index, summary) in summaries.into_iter().enumerate() {
        let uri = cell_uri(index);
        let mut cell = json!({ "kind": 2, "document": uri, "metadata": { "id": format!("abc{index}") } });
        if let Some(summary) = summary {
            cell["executionSummary"] = summary;
        }
        cells.push(cell);
        let text = format!("%%px\nprint({index})");
        texts.push(json!({ "uri": uri, "languageId": "python", "version": 1, "text": text }));
    }
    json!({
        "notebookDocument": {
            "uri": "file:///h/nb.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": cells,
        },
        "cellTextDocuments": texts,
    })
}

fn cell_uri(index: usize) -> String {
    format!("vscode-notebook-cell:/h/nb.ipynb#{index}")
}

#[tokio::test]
async fn a_notebook_is_read_whatever_its_execution_summaries_contain() {
    let mut client = Client::start(json!({})).await;
    let summaries = [
        None,
        Some(Value::Null),
        Some(json!({})),
        Some(json!({ "success": true })),
        Some(json!({ "executionOrder": null })),
        Some(json!({ "executionOrder": 3, "success": true })),
    ];
    client.notify("notebookDocument/didOpen", notebook(summaries)).await;
    for index in 0..6 {
        let found = cells(&mut client, &cell_uri(index)).await;
        assert_eq!(
            (&found["version"], &found["cells"][0]["code"]),
            (&json!(1), &json!(format!("print({index})\n")))
        );
    }
    client.end().await;
}

#[tokio::test]
async fn a_moved_cell_keeps_its_text_and_its_id_wherever_the_client_puts_it() {
    let mut client = Client::start(json!({})).await;
    client.notify("notebookDocument/didOpen", notebook([const { None }; 6])).await;
    let uri = cell_uri(0);
    let before = cells(&mut client, &uri).await;
    let inserted = json!([{ "kind": 2, "document": uri }]);
    for (version, array) in [
        (2, json!({ "start": 0, "deleteCount": 1 })),
        (3, json!({ "start": 2, "deleteCount": 0, "cells": inserted })),
        // In one step, in the place of another cell that is not closed either; and beyond the end.
        (4, json!({ "start": 3, "deleteCount": 1, "cells": [{ "kind": 2, "document": cell_uri(4) }] })),
        (5, json!({ "start": 900, "deleteCount": 1, "cells": [{ "kind": 2, "document": cell_uri(3) }] })),
    ] {
        let params = json!({
            "notebookDocument": { "uri": "file:///h/nb.ipynb", "version": version },
            "change": { "cells": { "structure": { "array": array } } },
        });
        client.notify("notebookDocument/didChange", params).await;
    }
    let after = cells(&mut client, &uri).await;
    assert_eq!(
        (&after["cells"][0]["id"], &after["cells"][0]["code"]),
        (&before["cells"][0]["id"], &json!("print(0)\n"))
    );
    assert_eq!(cells(&mut client, &cell_uri(3)).await["cells"][0]["code"], "print(3)\n");
    client.end().await;
}
