//! The same traps with nothing made up but the controller: client, shell, bridge and session together.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;
use crate::lsp::Bridge;

const URI: &str = "file:///a.py";

type Whole = Client<Bridge>;

async fn start() -> Whole {
    start_with(json!({}), json!({ "trusted": false })).await
}

async fn start_with(capabilities: Value, options: Value) -> Whole {
    Client::start_with(Bridge::start(), capabilities, options).await
}

/// A client in a trusted workspace whose settings name this controller.
async fn start_on(sim: &Sim, capabilities: Value) -> Whole {
    let file = sim.connection_file();
    start_with(capabilities, json!({ "trusted": true, "cluster": { "connectionFile": file } })).await
}

async fn cells(client: &mut Whole, uri: &str) -> Value {
    client.request("px/cells", json!({ "uri": uri })).await
}

async fn change(client: &mut Whole, version: i32, changes: Value) {
    let params = json!({ "textDocument": { "uri": URI, "version": version }, "contentChanges": changes });
    client.notify("textDocument/didChange", params).await;
}

/// Asks for lenses until the first is as wanted; each time something may have changed, the client is told to ask again.
async fn first_lens(client: &mut Whole, uri: &str, title: &str) -> Value {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_edits_and_the_queries_between_them_are_in_order() {
    let mut client = start().await;
    client.open(URI, "%px 1\n").await;
    let mut asked = Vec::new();
    for version in 2..10_002 {
        client.edit(URI, version, &format!("%px {version}\n")).await;
        if version % 5 == 0 {
            asked.push((client.ask("px/cells", json!({ "uri": URI })).await, version));
        }
        // Read now and then, as an editor does, so that neither pipe fills up.
        if asked.len() == 50 {
            for (id, version) in asked.drain(..) {
                let answer = client.answer(id).await;
                assert_eq!(answer["result"]["version"], version);
                assert_eq!(answer["result"]["cells"][0]["code"], version.to_string());
            }
        }
    }
    assert_eq!(cells(&mut client, URI).await["version"], 10_001);
    client.end().await;
}

#[tokio::test]
async fn a_cancel_is_heard_behind_runs_that_wait_for_a_silent_controller() {
    let sim = Sim::builder().engines(1).start().await;
    sim.mute(true);
    let mut client = start_on(&sim, json!({})).await;
    client.open(URI, "%px 1\n").await;
    let mut last = 0;
    for _ in 0..200 {
        last = client.ask("px/run", json!({ "uri": URI, "scope": "all" })).await;
    }
    client.notify("$/cancelRequest", json!({ "id": last })).await;
    assert_eq!(client.answer(last).await["error"]["code"], -32800);
}

#[tokio::test]
async fn questions_to_the_client_do_not_stop_the_reader() {
    let mut client =
        start_with(json!({ "workspace": { "configuration": true } }), json!({ "trusted": false })).await;
    for _ in 0..300 {
        client.notify("workspace/didChangeConfiguration", json!({ "settings": null })).await;
    }
    client.open(URI, "%px 1\n").await;
    for version in 2..500 {
        client.edit(URI, version, "%px 1\n").await;
    }
    assert_eq!(cells(&mut client, URI).await["version"], 499);
}

#[tokio::test]
async fn exit_ends_it_although_a_run_waits_for_a_silent_controller() {
    let sim = Sim::builder().engines(1).start().await;
    sim.mute(true);
    let mut client = start_on(&sim, json!({})).await;
    client.open(URI, "%px 1\n").await;
    client.ask("px/run", json!({ "uri": URI, "scope": "all" })).await;
    client.request("shutdown", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 0);
}

#[tokio::test]
async fn hanging_up_ends_it_although_a_run_waits_for_a_silent_controller() {
    let sim = Sim::builder().engines(1).start().await;
    sim.mute(true);
    let mut client = start_on(&sim, json!({})).await;
    client.open(URI, "%px 1\n").await;
    client.ask("px/run", json!({ "uri": URI, "scope": "all" })).await;
    assert_eq!(client.hang_up().await, 1);
}

#[tokio::test]
async fn a_panic_in_the_session_costs_one_message() {
    let mut client = start().await;
    client.open(URI, "%px 1\n").await;
    client.session.session().panic();
    client.edit(URI, 2, "%px 2\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!((&found["version"], &found["cells"][0]["code"]), (&json!(2), &json!("2")));
    let said = client.expect("window/showMessage").await;
    assert!(said["params"]["message"].as_str().unwrap().contains("bug"), "{said}");
    client.end().await;
}

#[tokio::test]
async fn uris_come_back_as_they_were_sent() {
    let mut client = start().await;
    for uri in [
        "file:///h/[id].py",
        "file:///h/a b.py",
        "file:///h/a%20b.py",
        "file:///h/é.py",
        "file:///h/a%2Fb.py",
        "file:///c%3A/a.py",
        "file:///C%3A/a.py",
        "untitled:Untitled-1",
        "vscode-notebook-cell:/h/nb.ipynb#W0sZmlsZQ%3D%3D",
        "vscode-notebook-cell://ssh-remote%2Bhost/h/nb.ipynb#X",
        "vscode-remote://ssh-remote%2Bhost/h/a.py",
    ] {
        client.open(uri, "%px --no-such-option 1\n").await;
        assert_eq!(cells(&mut client, uri).await["cells"].as_array().unwrap().len(), 1, "{uri}");
        let shown = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!(shown["params"]["uri"], uri);
        client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } })).await;
        let cleared = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!((&cleared["params"]["uri"], &cleared["params"]["diagnostics"]), (&json!(uri), &json!([])));
    }
    client.end().await;
}

fn at(line: u32, character: u32) -> Value {
    json!({ "line": line, "character": character })
}

fn edit(start: Value, end: Value, text: &str) -> Value {
    json!({ "range": { "start": start, "end": end }, "text": text })
}

#[tokio::test]
async fn edits_with_odd_line_ends_and_positions_give_the_text_of_the_client() {
    let mut client = start().await;
    // U+2028 and form feed end no line; CR, CRLF and LF do.
    client.open(URI, "# \u{2028}\u{c}a\r# %%\r\n%%px\nx = '\u{1f600}'\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!(found["cells"][0]["magicRange"]["start"], at(2, 0), "{found:#}");
    // Behind the second half of a surrogate pair, and in the middle of it: the whole character is kept.
    change(&mut client, 2, json!([edit(at(3, 7), at(3, 7), "y"), edit(at(3, 6), at(3, 6), "z")])).await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.contains('\u{1f600}') && code.contains('y') && code.contains('z'), "{code:?}");
    // Beyond the end of a line, and of the text.
    change(&mut client, 3, json!([edit(at(3, 900), at(3, 901), "#"), edit(at(900, 5), at(901, 0), "end\n")]))
        .await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.ends_with("'#\nend\n"), "{code:?}");
    // The ends the wrong way round.
    change(&mut client, 4, json!([edit(at(4, 3), at(4, 0), "END")])).await;
    let code = cells(&mut client, URI).await["cells"][0]["code"].as_str().unwrap().to_owned();
    assert!(code.ends_with("'#\nEND\n"), "{code:?}");
    client.end().await;
}

fn notebook(summaries: [Value; 3]) -> Value {
    let mut cells = Vec::new();
    let mut texts = Vec::new();
    for (index, summary) in summaries.into_iter().enumerate() {
        let uri = format!("vscode-notebook-cell:/h/nb.ipynb#{index}");
        let mut cell = json!({ "kind": 2, "document": uri });
        if !summary.is_null() {
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

#[tokio::test]
async fn a_moved_cell_keeps_its_text_and_its_name() {
    let mut client = start().await;
    client.notify("notebookDocument/didOpen", notebook([json!(null), json!(null), json!(null)])).await;
    let uri = "vscode-notebook-cell:/h/nb.ipynb#0";
    let before = cells(&mut client, uri).await;
    for (version, array) in [
        (2, json!({ "start": 0, "deleteCount": 1 })),
        (3, json!({ "start": 2, "deleteCount": 0, "cells": [{ "kind": 2, "document": uri }] })),
    ] {
        let params = json!({
            "notebookDocument": { "uri": "file:///h/nb.ipynb", "version": version },
            "change": { "cells": { "structure": { "array": array } } },
        });
        client.notify("notebookDocument/didChange", params).await;
    }
    let after = cells(&mut client, uri).await;
    assert_eq!(
        (&after["cells"][0]["id"], &after["cells"][0]["code"]),
        (&before["cells"][0]["id"], &json!("print(0)\n"))
    );
    client.end().await;
}

#[tokio::test]
async fn a_notebook_is_read_whatever_its_execution_summaries_hold() {
    let mut client = start().await;
    let summaries = [json!({}), json!({ "executionOrder": 1, "success": true }), json!({ "success": false })];
    client.notify("notebookDocument/didOpen", notebook(summaries)).await;
    for index in 0..3 {
        let found = cells(&mut client, &format!("vscode-notebook-cell:/h/nb.ipynb#{index}")).await;
        assert_eq!(found["cells"][0]["code"], format!("print({index})\n"));
    }
    client.end().await;
}

#[tokio::test]
async fn our_methods_take_null_for_no_parameters() {
    let mut client = start().await;
    let engines = client.request("px/engines", Value::Null).await;
    assert!(engines["message"].as_str().unwrap().contains("not trusted"), "{engines}");
    for (method, params) in [
        ("px/run", json!({ "uri": URI, "cell": null, "scope": null, "position": null })),
        ("px/cells", json!({ "uri": URI })),
    ] {
        client.ask(method, params).await;
    }
    client.notify("px/trust", Value::Null).await;
    let engines = client.request("px/engines", Value::Null).await;
    assert!(!engines.to_string().contains("not trusted"), "{engines}");
}

#[tokio::test]
async fn an_untrusted_workspace_is_only_parsed_and_its_lens_says_so() {
    let sim = Sim::builder().engines(2).start().await;
    let file = sim.connection_file();
    let options = json!({ "trusted": false, "cluster": { "connectionFile": file } });
    let mut client = start_with(refreshes(), options).await;
    client.open(URI, "%%px\n1\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (this workspace is not trusted)").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert!(result["notRun"][0]["reason"].as_str().unwrap().contains("trust it first"), "{result}");
    client.expect("window/showMessage").await;
    let params = json!({ "textDocument": { "uri": URI }, "position": at(0, 1) });
    let hover = client.request("textDocument/hover", params).await;
    assert!(hover["contents"]["value"].as_str().unwrap().contains("not trusted"), "{hover}");
    assert!(sim.requests().is_empty() && sim.subscribers() == 0, "it was not connected to");
    client.notify("px/trust", json!({})).await;
    first_lens(&mut client, URI, "▶ Run on 2 engines").await;
}

#[tokio::test]
async fn several_px_lines_of_a_cell_have_one_lens_and_those_of_a_plain_script_one_each() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = start_on(&sim, refreshes()).await;
    client.open(URI, "# %%\n%px a\n%px b\n").await;
    first_lens(&mut client, URI, "▶ Run 2 px lines on 2 engines").await;
    client.open("file:///b.py", "%px a\n%px b\n").await;
    first_lens(&mut client, "file:///b.py", "▶ Run on 2 engines").await;
}

#[tokio::test]
async fn a_cluster_that_is_named_and_not_there_is_not_replaced_by_another() {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": "/nowhere/client.json" } });
    let mut client = start_with(refreshes(), options).await;
    client.open(URI, "%%px\n1\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (its cluster is not in reach)").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert!(result["notRun"][0]["reason"].as_str().unwrap().contains("/nowhere/client.json"), "{result}");
}

#[tokio::test]
async fn errors_that_differ_in_their_text_name_their_engines() {
    for related in [true, false] {
        let mut sim = Sim::builder().engines(3);
        for engine in 0..3 {
            let text = format!("rank {}", engine.min(1));
            sim = sim.on_engine(engine, "work()", Script::new().error("ValueError", &text));
        }
        let sim = sim.start().await;
        let mut capabilities = refreshes();
        capabilities["textDocument"]["publishDiagnostics"]["relatedInformation"] = json!(related);
        let mut client = start_on(&sim, capabilities).await;
        client.open(URI, "%px work()\n").await;
        first_lens(&mut client, URI, "▶ Run on 3 engines").await;
        client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
        let shown = loop {
            let shown = client.expect("textDocument/publishDiagnostics").await;
            if shown.to_string().contains("[0-2]") {
                break shown["params"]["diagnostics"].clone();
            }
        };
        assert!(shown.to_string().contains("[1-2] ValueError: rank 1"), "{shown:#}");
        assert_eq!(shown[0]["relatedInformation"].is_array(), related, "{shown:#}");
    }
}

#[tokio::test]
async fn a_pxresult_line_shows_without_running_and_other_places_say_nothing() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("the output")).start().await;
    let mut client = start_on(&sim, refreshes()).await;
    client.open(URI, "x = 1\n%px work()\n\n%pxresult\n").await;
    first_lens(&mut client, URI, "▶ Run on 2 engines").await;
    client.request("px/run", json!({ "uri": URI, "position": at(1, 0) })).await;
    let mut hover = async |line: u32| {
        let params = json!({ "textDocument": { "uri": URI }, "position": at(line, 2) });
        client.request("textDocument/hover", params).await["contents"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    while !hover(1).await.contains("the output") {
        tokio::task::yield_now().await;
    }
    assert!(hover(3).await.contains("the output"));
    assert_eq!((hover(0).await, hover(2).await), (String::new(), String::new()));
    assert_eq!(sim.executed().len(), 2);
}

#[tokio::test]
async fn the_lens_says_when_there_is_no_such_engine() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = start_on(&sim, refreshes()).await;
    client.open(URI, "%%px --targets 7\nwork()\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run (no such engine)").await;
    assert!(lens["tooltip"].as_str().unwrap().contains('7'), "{lens}");
    client.edit(URI, 2, "%px work()\n").await;
    first_lens(&mut client, URI, "▶ Run on 2 engines").await;
    sim.kill_engine(0).await;
    sim.kill_engine(1).await;
    first_lens(&mut client, URI, "▶ Run (no engine is there)").await;
    sim.add_engine().await;
    first_lens(&mut client, URI, "▶ Run on engine 2").await;
}

#[tokio::test]
async fn the_lens_of_a_cell_runs_its_lines_and_not_the_next_cell() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = start_on(&sim, refreshes()).await;
    client.open(URI, "# %%\n%px a\n%px b\n# %%px\nc\n").await;
    let lens = first_lens(&mut client, URI, "▶ Run 2 px lines on engine 0").await;
    let click = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    let result = client.request("workspace/executeCommand", click).await;
    assert_eq!(result["runs"].as_array().map(Vec::len), Some(2), "{result}");
}

#[tokio::test]
async fn a_client_that_has_no_settings_means_what_it_said_at_the_beginning() {
    let options =
        json!({ "trusted": true, "engines": 3, "cluster": { "profile": "pxlens-no-such-profile" } });
    let mut client = start_with(json!({ "workspace": { "configuration": true } }), options).await;
    let asked = client.expect("workspace/configuration").await;
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": [null] })).await;
    client.open(URI, "%px work()\n").await;
    let found = cells(&mut client, URI).await;
    assert_eq!(found["cells"][0]["plan"]["ranks"], "its cluster is not in reach");
}
