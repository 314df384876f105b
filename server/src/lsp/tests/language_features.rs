//! Completion, help on options, semantic tokens, folding, the outline, hints and lenses, with the whole server.

use expect_test::{Expect, expect};
use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

fn utf8() -> Value {
    json!({ "general": { "positionEncodings": ["utf-8"] } })
}

async fn untrusted(capabilities: Value) -> Client {
    Client::start_with(capabilities, json!({ "trusted": false })).await
}

/// A client in a trusted workspace that is connected to this controller.
async fn connected(sim: &Sim, capabilities: Value) -> Client {
    let mut capabilities = capabilities;
    capabilities["workspace"]["codeLens"]["refreshSupport"] = json!(true);
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(capabilities, options).await;
    client.open("file:///first.py", "%px 1\n").await;
    let document = json!({ "textDocument": { "uri": "file:///first.py" } });
    loop {
        let lenses = client.request("textDocument/codeLens", document.clone()).await;
        let title = lenses[0]["command"]["title"].as_str().unwrap().to_owned();
        if title.contains("engine") && !title.contains("no engine") && !title.contains("local") {
            return client;
        }
        refreshed(&mut client).await;
    }
}

/// Waits until the client is asked to refresh lenses.
async fn refreshed(client: &mut Client) {
    let asked = client.expect("workspace/codeLens/refresh").await;
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
}

fn document() -> Value {
    json!({ "uri": URI })
}

async fn ask(client: &mut Client, method: &str) -> Value {
    client.request(&format!("textDocument/{method}"), json!({ "textDocument": document() })).await
}

async fn ask_at(client: &mut Client, method: &str, line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    let params = json!({ "textDocument": document(), "position": position });
    client.request(&format!("textDocument/{method}"), params).await
}

async fn ask_in(client: &mut Client, method: &str, from: u32, to: u32) -> Value {
    let range = json!({ "start": { "line": from, "character": 0 }, "end": { "line": to, "character": 0 } });
    let params = json!({ "textDocument": document(), "range": range });
    client.request(&format!("textDocument/{method}"), params).await
}

fn list(value: &Value) -> &[Value] {
    value["items"].as_array().or(value.as_array()).map(Vec::as_slice).unwrap_or_default()
}

#[tokio::test]
async fn a_completion_replaces_what_was_typed_in_the_encoding_of_the_client() {
    for (capabilities, begin, end) in [(utf8(), 15, 20), (json!({}), 12, 17)] {
        let mut client = untrusted(capabilities).await;
        client.open(URI, "%%px -o é😀 --tar\nx = '%'\n").await;
        let found = ask_at(&mut client, "completion", 0, end).await;
        assert_eq!(list(&found).len(), 1, "{found:#}");
        let found = &list(&found)[0];
        let edit = &found["textEdit"];
        assert_eq!((&found["label"], &edit["newText"]), (&json!("--targets"), &json!("--targets")));
        let at = |character| json!({ "line": 0, "character": character });
        assert_eq!(edit["range"], json!({ "start": at(begin), "end": at(end) }));
        assert!(found["documentation"].as_str().unwrap().contains("Default:"), "{found:#}");
        assert_eq!(ask_at(&mut client, "completion", 1, 6).await, Value::Null);
        client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
    }
}

#[tokio::test]
async fn typing_a_blank_only_completes_values() {
    let mut client = untrusted(json!({})).await;
    client.open(URI, "%pxresult \n%pxconfig -t \n").await;
    let mut labels = async |line: u32, character: u32, context: Value| {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": document(), "position": position, "context": context });
        let found = client.request("textDocument/completion", params).await;
        list(&found).iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let typed = json!({ "triggerKind": 2, "triggerCharacter": " " });
    assert_eq!(labels(0, 10, typed.clone()).await, Vec::<String>::new());
    assert_eq!(labels(0, 10, json!({ "triggerKind": 1 })).await, ["--group-outputs", "-e", "-r", "--out"]);
    assert_eq!(labels(1, 13, typed).await[0], "all");
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn live_engines_and_the_suffixes_of_the_whole_notebook_are_offered() {
    let sim = Sim::builder().engines(3).start().await;
    let mut client = connected(&sim, json!({})).await;
    client.open(URI, "%%px -t \nx\n").await;
    let found = ask_at(&mut client, "completion", 0, 8).await;
    let labels: Vec<&str> = list(&found).iter().map(|item| item["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["all", "0", "1", "2", "::2", "1::2", ":1", "1:", "-1"]);
    client.notify("notebookDocument/didOpen", notebook(&["v = rc[::2]\nv.activate('_even')", "%px_"])).await;
    let params = json!({ "textDocument": { "uri": cell_uri(1) }, "position": { "line": 0, "character": 4 } });
    let found = client.request("textDocument/completion", params).await;
    assert_eq!(list(&found)[0]["label"], "%px_even", "{found:#}");
    client.end_with_unread(&["textDocument/publishDiagnostics", "workspace/codeLens/refresh"]).await;
}

pub(super) fn cell_uri(index: usize) -> String {
    format!("vscode-notebook-cell:/h/nb.ipynb#{index}")
}

pub(super) fn notebook(texts: &[&str]) -> Value {
    let uris = || (0..texts.len()).map(cell_uri);
    let cells: Vec<Value> = uris().map(|uri| json!({ "kind": 2, "document": uri })).collect();
    let texts: Vec<Value> = uris()
        .zip(texts)
        .map(|(uri, text)| json!({ "uri": uri, "languageId": "python", "version": 1, "text": text }))
        .collect();
    json!({
        "notebookDocument": {
            "uri": "file:///h/nb.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": cells,
        },
        "cellTextDocuments": texts,
    })
}

#[tokio::test]
async fn completion_in_a_raw_notebook_edits_the_string() {
    let mut client = untrusted(json!({})).await;
    let uri = "file:///h/nb.ipynb";
    let text =
        "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\n \"%%p\",\n \"\"\n]}], \"nbformat\": 4}\n";
    let opened = json!({ "uri": uri, "languageId": "json", "version": 1, "text": text });
    client.notify("textDocument/didOpen", json!({ "textDocument": opened })).await;
    let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 1, "character": 5 } });
    let found = client.request("textDocument/completion", params).await;
    let at = |character| json!({ "line": 1, "character": character });
    assert_eq!(
        list(&found)[0]["textEdit"],
        json!({ "newText": "%%px", "range": { "start": at(2), "end": at(5) } })
    );
    client.end().await;
}

#[tokio::test]
async fn hover_explains_an_option_and_on_the_name_also_shows_the_plan() {
    let markdown = json!({ "textDocument": { "hover": { "contentFormat": ["markdown"] } } });
    for capabilities in [markdown, json!({})] {
        let speaks_markdown = capabilities != json!({});
        let mut client = untrusted(capabilities).await;
        client.open(URI, "%%px -o é😀 --noblock\nx\n\n# %%\n%%px?\n").await;
        let hover = ask_at(&mut client, "hover", 0, 14).await;
        let text = hover["contents"]["value"].as_str().unwrap();
        let begin = if speaks_markdown { "`--noblock`, `-a`" } else { "--noblock, -a\n" };
        assert!(text.starts_with(begin) && text.contains("%pxresult"), "{text}");
        assert_eq!(hover["range"]["start"]["character"], 12);
        let hover = ask_at(&mut client, "hover", 0, 1).await;
        let text = hover["contents"]["value"].as_str().unwrap();
        assert!(text.contains("not trusted") && text.contains("runs the body on engines"), "{text}");
        let hover = ask_at(&mut client, "hover", 4, 2).await;
        assert!(hover["contents"]["value"].as_str().unwrap().contains("--progress-after"), "{hover}");
        assert_eq!(ask_at(&mut client, "hover", 1, 0).await["contents"]["value"], Value::Null);
        client.end().await;
    }
}

fn with_tokens(mut capabilities: Value) -> Value {
    capabilities["textDocument"]["semanticTokens"] = json!({
        "requests": { "full": true, "range": true }, "tokenTypes": ["macro"], "tokenModifiers": [], "formats": ["relative"],
    });
    capabilities
}

/// Tokens as text: line, column, length, type and modifiers.
fn shown(tokens: &Value) -> String {
    let (mut line, mut column) = (0, 0);
    let numbers: Vec<u64> = list(&tokens["data"]).iter().map(|number| number.as_u64().unwrap()).collect();
    let mut text = String::new();
    for token in numbers.chunks(5) {
        column = if token[0] == 0 { column + token[1] } else { token[1] };
        line += token[0];
        text.push_str(&format!("{line}:{column}+{} {} {}\n", token[2], token[3], token[4]));
    }
    text
}

async fn check_tokens(capabilities: Value, from: Option<u32>, expected: Expect) {
    let mut client = untrusted(with_tokens(capabilities)).await;
    client.open(URI, "# %%\n%%px -o é😀 -t 0\nx = 1\n# %%\n%autopx\n# %%\ny = %px 1\n# %%\n%autopx\n").await;
    let tokens = match from {
        None => ask(&mut client, "semanticTokens/full").await,
        Some(from) => ask_in(&mut client, "semanticTokens/range", from, from + 3).await,
    };
    expected.assert_eq(&shown(&tokens));
    client.open("file:///plain.py", "x = 1\n").await;
    let plain = json!({ "textDocument": { "uri": "file:///plain.py" } });
    assert_eq!(client.request("textDocument/semanticTokens/full", plain).await, Value::Null);
    client.expect("textDocument/publishDiagnostics").await;
    client.end().await;
}

#[tokio::test]
async fn tokens_are_counted_in_the_encoding_of_the_client() {
    check_tokens(
        utf8(),
        None,
        expect![[r#"
        1:0+4 0 0
        1:5+2 1 0
        1:8+6 5 0
        1:15+2 1 0
        1:18+1 2 0
        4:0+7 0 1
        6:4+3 0 1
        8:0+7 0 1
    "#]],
    )
    .await;
    check_tokens(
        json!({}),
        None,
        expect![[r#"
        1:0+4 0 0
        1:5+2 1 0
        1:8+3 5 0
        1:12+2 1 0
        1:15+1 2 0
        4:0+7 0 1
        6:4+3 0 1
        8:0+7 0 1
    "#]],
    )
    .await;
}

#[tokio::test]
async fn tokens_of_a_range_are_those_in_it() {
    check_tokens(
        json!({}),
        Some(4),
        expect![[r#"
        4:0+7 0 1
        6:4+3 0 1
    "#]],
    )
    .await;
}

#[tokio::test]
async fn the_announced_capabilities_depend_on_the_client() {
    for (capabilities, tokens) in [(json!({}), false), (with_tokens(json!({})), true)] {
        let mut client = Client::connect();
        let params =
            json!({ "processId": null, "capabilities": capabilities, "initializationOptions": null });
        let announced = client.request("initialize", params).await["capabilities"].clone();
        assert_eq!(announced["semanticTokensProvider"].is_object(), tokens);
        if tokens {
            let legend = &announced["semanticTokensProvider"]["legend"];
            assert_eq!(
                (&legend["tokenTypes"][0], &legend["tokenModifiers"]),
                (&json!("macro"), &json!(["autopx"]))
            );
        }
        assert!(announced["completionProvider"]["triggerCharacters"].to_string().contains('%'));
        let commands = announced["executeCommandProvider"]["commands"].to_string();
        assert!(commands.contains("pxlens.server.showResult"), "{commands}");
        client.notify("initialized", json!({})).await;
        client.end().await;
    }
}

const REGION: &str = "# %%\n%%px\na = 1\nb = 2\n# %%\n%autopx\n# %%\nc = 1\nd = 2\n# %%\n%autopx\n";

#[tokio::test]
async fn px_cells_and_regions_fold() {
    for (limit, expected) in [(None, vec![(1, 3), (5, 10), (7, 8)]), (Some(1), vec![(1, 3)])] {
        let mut client =
            untrusted(json!({ "textDocument": { "foldingRange": { "rangeLimit": limit } } })).await;
        client.open(URI, REGION).await;
        let folds = ask(&mut client, "foldingRange").await;
        let found: Vec<(i64, i64)> = list(&folds)
            .iter()
            .map(|fold| (fold["startLine"].as_i64().unwrap(), fold["endLine"].as_i64().unwrap()))
            .collect();
        assert_eq!(found, expected);
        client.end().await;
    }
}

#[tokio::test]
async fn a_notebook_folds_cell_by_cell() {
    let mut client = untrusted(json!({})).await;
    client.notify("notebookDocument/didOpen", notebook(&["%autopx", "a = 1\nb = 2", "%autopx"])).await;
    for (index, expected) in
        [Value::Null, json!([{ "startLine": 0, "endLine": 1, "kind": "region" }]), Value::Null]
            .into_iter()
            .enumerate()
    {
        let params = json!({ "textDocument": { "uri": cell_uri(index) } });
        assert_eq!(client.request("textDocument/foldingRange", params).await, expected);
    }
    client.end().await;
}

async fn run_all(client: &mut Client) {
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
}

/// Repeats a request until the response contains all of these.
async fn until(client: &mut Client, method: &str, wanted: &[&str]) -> Value {
    let mut params = json!({ "textDocument": document() });
    if method == "inlayHint" {
        params["range"] =
            json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    }
    let has_all = |answer: &Value| {
        let text = answer.to_string();
        wanted.iter().all(|wanted| text.contains(wanted))
    };
    client.ask_until(&format!("textDocument/{method}"), params, has_all).await
}

#[tokio::test]
async fn the_outline_has_targets_and_the_last_state_and_is_nested_if_supported() {
    let sim = Sim::builder()
        .engines(3)
        .on_engine(2, "bad()", Script::new().error("ValueError", "no"))
        .start()
        .await;
    let text = "%px good()\n%px bad()\n\n%autopx\n\nx = 1\n\n%autopx\n\n%pxconfig --noblock\n%px late()\n";
    let nested =
        json!({ "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } } });
    for (capabilities, expected) in [
        (
            nested,
            expect![[r#"
                %px good() | [0-2] ✓ 3 engines
                %px bad() | [0-2] ✗ [2]
                %autopx | 1 cell
                  x = 1 | [0-2] 3 of 3 not run
                %pxconfig --noblock | 
                %px late() | [0-2] noblock 3 of 3 not run
            "#]],
        ),
        (
            json!({}),
            expect![[r#"
                %px good() · [0-2] ✓ 3 engines | 
                %px bad() · [0-2] ✗ [2] | 
                %autopx · 1 cell | 
                x = 1 · [0-2] 3 of 3 not run | %autopx
                %pxconfig --noblock | 
                %px late() · [0-2] noblock 3 of 3 not run | 
            "#]],
        ),
    ] {
        let mut client = connected(&sim, capabilities).await;
        client.open(URI, text).await;
        run_all(&mut client).await;
        let symbols = until(
            &mut client,
            "documentSymbol",
            &["✓ 3 engines", "✗ [2]", "[0-2] 3 of 3 not run", "noblock 3 of 3 not run"],
        )
        .await;
        let mut shown = String::new();
        for symbol in list(&symbols) {
            let beside = symbol.get("detail").or(symbol.get("containerName")).and_then(Value::as_str);
            shown.push_str(&format!(
                "{} | {}\n",
                symbol["name"].as_str().unwrap(),
                beside.unwrap_or_default()
            ));
            for child in list(&symbol["children"]) {
                let beside = child["detail"].as_str().unwrap();
                shown.push_str(&format!("  {} | {beside}\n", child["name"].as_str().unwrap()));
            }
        }
        expected.assert_eq(&shown);
        client.end_with_unread(&["textDocument/publishDiagnostics", "workspace/codeLens/refresh"]).await;
    }
}

fn labels(hints: &Value) -> Vec<String> {
    let label = |hint: &Value| format!("{}: {}", hint["position"]["line"], hint["label"].as_str().unwrap());
    list(hints).iter().map(label).collect()
}

const PLANS: &str = "%px work()\n%pxconfig --targets ::2 --noblock\n%px work()\n# %%\n%%px --block\nwork()\n";

#[tokio::test]
async fn a_hint_says_what_differs_from_the_default_and_which_line_decided_it() {
    let sim = Sim::builder().engines(4).start().await;
    let mut client = connected(&sim, json!({})).await;
    client.open(URI, PLANS).await;
    let hints = ask_in(&mut client, "inlayHint", 0, 9).await;
    assert_eq!(labels(&hints), ["2: → [0,2] noblock", "4: → [0,2]"]);
    assert_eq!(
        hints[0]["tooltip"],
        "Runs on 2 of 4 engines: [0,2], without waiting.\nline 2: %pxconfig --targets ::2 --noblock sets the targets and \
         blocking; it chooses among the engines alive when the cell runs, while Python would have frozen them here"
    );
    assert_eq!(
        hints[1]["tooltip"],
        "Runs on 2 of 4 engines: [0,2].\nline 2: %pxconfig --targets ::2 --noblock sets the targets; it chooses among the engines alive when the cell runs, \
         while Python would have frozen them here\nthis line: --block sets \
         blocking"
    );
    assert_eq!(labels(&ask_in(&mut client, "inlayHint", 3, 9).await), ["4: → [0,2]"]);
    client.notify("notebookDocument/didOpen", notebook(&["%pxconfig -t 1", "%px a"])).await;
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 5 } });
    let params = json!({ "textDocument": { "uri": cell_uri(1) }, "range": range });
    let hints = client.request("textDocument/inlayHint", params).await;
    let tooltip = "Runs on 1 of 4 engines: [1].\ncell 1, line 1: %pxconfig -t 1 sets the targets";
    assert_eq!((&hints[0]["label"], &hints[0]["tooltip"]), (&json!("→ [1]"), &json!(tooltip)));
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn without_a_cluster_a_hint_shows_the_target_expression() {
    let mut client = untrusted(utf8()).await;
    client.open(URI, "# é\n%pxconfig -t ::2\nx = 'é'; y = 2\nz = %px é()\n%px_é 1\n").await;
    let hints = ask_in(&mut client, "inlayHint", 0, 9).await;
    assert_eq!(labels(&hints), ["3: → ::2"]);
    assert_eq!(hints[0]["position"]["character"], 12);
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn plan_and_result_stay_within_43_characters() {
    let said = "the quick brown fox jumps over the lazy dog";
    let sim = Sim::builder().engines(4).on("work()", Script::new().stdout(said)).start().await;
    for outputs in [false, true] {
        let mut client =
            connected(&sim, json!({ "experimental": { "pxlens": { "outputs": outputs } } })).await;
        client.open(URI, PLANS).await;
        run_all(&mut client).await;
        let wanted: &[&str] = if outputs { &["→"] } else { &["✓ [0-3]", "✓ [0,2]"] };
        let hints = until(&mut client, "inlayHint", wanted).await;
        client.end_with_unread(&["px/outputs", "workspace/codeLens/refresh"]).await;
        if outputs {
            assert_eq!(labels(&hints), ["2: → [0,2] noblock", "4: → [0,2]"]);
            continue;
        }
        for line in [0, 2, 4] {
            let of_line = list(&hints).iter().filter(|hint| hint["position"]["line"] == line);
            let text: Vec<&str> = of_line.map(|hint| hint["label"].as_str().unwrap()).collect();
            let text = text.join(" ");
            assert!(text.chars().count() <= 43, "{text}");
        }
    }
}

async fn titles(client: &mut Client, uri: &str) -> Vec<String> {
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri } })).await;
    let title = |lens: &Value| {
        format!("{}: {}", lens["range"]["start"]["line"], lens["command"]["title"].as_str().unwrap())
    };
    list(&lenses).iter().map(title).collect()
}

#[tokio::test]
async fn lenses_at_both_ends_of_a_region_say_what_runs_where() {
    let sim = Sim::builder().engines(4).start().await;
    let mut client = connected(&sim, json!({})).await;
    client.open(URI, "%autopx\n# %%\na\n# %%\nb\n# %%\n%autopx\n").await;
    let titles_of = titles(&mut client, URI).await;
    assert_eq!(
        titles_of[..2],
        ["0: %autopx: 2 cells run on [0-3] until line 7", "6: end of the %autopx region from line 1",]
    );
    client.notify("notebookDocument/didOpen", notebook(&["%autopx", "a", "%autopx", "%autopx_b"])).await;
    assert_eq!(
        titles(&mut client, &cell_uri(0)).await,
        ["0: %autopx: 1 cell runs on [0-3] until cell 3, line 1"]
    );
    assert_eq!(titles(&mut client, &cell_uri(2)).await, ["0: end of the %autopx region from cell 1, line 1"]);
    assert_eq!(titles(&mut client, &cell_uri(3)).await, ["0: %autopx_b: 0 cells run until the end"]);
    client.end_with_unread(&["textDocument/publishDiagnostics", "workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn a_hint_withholds_output_until_the_user_asks_for_it() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("the output")).start().await;
    let mut client = connected(&sim, json!({})).await;
    client.open(URI, "%%px --noblock\nwork()\n").await;
    run_all(&mut client).await;
    until(&mut client, "codeLens", &["Show result"]).await;
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": document(), "range": range });
    let is_over = |hints: &Value| {
        assert!(!hints.to_string().contains("the output"), "{hints:#}");
        labels(hints).iter().any(|label| label.ends_with("✓ 2 done"))
    };
    client.ask_until("textDocument/inlayHint", params, is_over).await;
    let position = json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 1 } });
    client.request("textDocument/hover", position).await;
    let hints = ask_in(&mut client, "inlayHint", 0, 9).await;
    assert!(hints.to_string().contains("[0-1] the o"), "{hints:#}");
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}

#[tokio::test]
async fn show_result_is_offered_where_output_is_withheld() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("the output")).start().await;
    let mut client = connected(&sim, json!({})).await;
    client.open(URI, "%px other()\n# %%\n%%px --noblock\nwork()\n# %%\n%pxresult\n").await;
    let before = titles(&mut client, URI).await;
    assert_eq!(
        before.iter().filter(|title| title.contains("Show result")).collect::<Vec<_>>(),
        ["5: Show result"]
    );
    run_all(&mut client).await;
    let lenses = until(&mut client, "codeLens", &["Show result"]).await;
    let shows = |lens: &&Value| lens["command"]["title"] == "Show result";
    let lens = list(&lenses).iter().find(shows).unwrap();
    assert_eq!(lens["range"]["start"]["line"], 2);
    let click = json!({ "command": lens["command"]["command"], "arguments": lens["command"]["arguments"] });
    loop {
        let result = client.request("workspace/executeCommand", click.clone()).await;
        client.expect("window/showMessage").await;
        if result["text"].as_str().is_some_and(|text| text.contains("the output")) {
            break;
        }
    }
    let params = json!({ "command": "pxlens.server.showResult", "arguments": [{ "run": 999 }] });
    let id = client.send_request("workspace/executeCommand", params).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32602);
    client.end_with_unread(&["workspace/codeLens/refresh"]).await;
}
