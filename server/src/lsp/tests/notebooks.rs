//! Notebooks whose cells run on the engines.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

fn uri(index: usize) -> String {
    format!("vscode-notebook-cell:/h/nb.ipynb#{index}")
}

/// A client with a notebook of these cells, on a simulated cluster.
async fn open(sim: &Sim, texts: &[&str], trusted: bool) -> Client {
    let options = json!({ "cluster": { "connectionFile": sim.connection_file() }, "trusted": trusted });
    let mut client = Client::start_with(json!({}), options).await;
    let cells = (0..texts.len()).map(|at| json!({ "kind": 2, "document": uri(at) }));
    let documents = texts
        .iter()
        .enumerate()
        .map(|(at, text)| json!({ "uri": uri(at), "languageId": "python", "version": 1, "text": text }));
    let params = json!({
        "notebookDocument": {
            "uri": "file:///h/nb.ipynb", "notebookType": "jupyter-notebook", "version": 1,
            "cells": cells.collect::<Vec<_>>(),
        },
        "cellTextDocuments": documents.collect::<Vec<_>>(),
    });
    client.notify("notebookDocument/didOpen", params).await;
    client
}

async fn run(client: &mut Client, cell: usize) -> Value {
    client.request("px/runNotebookCell", json!({ "uri": uri(cell) })).await
}

/// The final outputs of the runs of an answer: MIME type and text of each.
async fn outputs(client: &mut Client, answer: &Value) -> Vec<(String, String)> {
    let runs: Vec<&Value> =
        ["runs", "shownResults"].iter().flat_map(|kind| answer[kind].as_array().unwrap()).collect();
    let runs: Vec<&Value> = runs.iter().map(|run| &run["run"]).collect();
    let is_over = |answer: &Value| answer["over"] == true;
    let answer = client.ask_until("px/notebookOutputs", json!({ "runs": runs }), is_over).await;
    let seen = json!({ "runs": runs, "seen": answer["seen"] });
    assert!(client.request("px/notebookOutputs", seen).await.get("outputs").is_none());
    shown(&answer["outputs"])
}

fn shown(outputs: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let first = |output: &Value| {
        let item = &output["items"][0];
        (text(&item["mime"]).rsplit(['/', '.']).next().unwrap_or_default().to_owned(), text(&item["data"]))
    };
    outputs.as_array().unwrap().iter().map(first).collect()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned())).collect()
}

#[tokio::test]
async fn px_lines_in_the_body_of_a_statement_are_told_and_not_run() {
    let sim = Sim::builder().engines(2).on("a()", Script::new().stdout("a\n")).start().await;
    let text = "%px a()\ntry:\n    %px b()\nfinally:\n    %px c()";
    let mut client = open(&sim, &[text, "for i in x:\n    %px d()"], true).await;
    let answer = run(&mut client, 0).await;
    assert_eq!((&answer["localLines"], &answer["failed"]), (&json!(2), &json!(false)), "{answer}");
    assert_eq!(outputs(&mut client, &answer).await, expected(&[("stdout", "[0-1] a\n")]));
    let lines = "2 lines under `try` and `finally` not run";
    assert_eq!(shown(&answer["notes"]), expected(&[("plain", "2 local lines not run"), ("plain", lines)]));
    let answer = run(&mut client, 1).await;
    assert_eq!((&answer["runs"], &answer["failed"]), (&json!([]), &json!(false)), "{answer}");
    assert_eq!(shown(&answer["notes"]), expected(&[("plain", "1 line under `for` not run")]));
    for _ in 0..2 {
        let told = client.expect("textDocument/publishDiagnostics").await;
        assert_eq!(told["params"]["diagnostics"][0]["code"], "conditional-magic");
    }
    client.end().await;
}

/// A cell that became Markdown kept its lens, and ran.
#[tokio::test]
async fn a_cell_that_becomes_markdown_holds_no_px_cell_until_it_is_code_again() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(&sim, &["%pxconfig --noblock", "%px a()", "%px b()"], true).await;
    client.engines(1).await;
    let change = |cells: Value| json!({ "notebookDocument": { "uri": "file:///h/nb.ipynb", "version": 2 }, "change": { "cells": cells } });
    let of_kind = |kind: u8, cell: usize| json!({ "kind": kind, "document": uri(cell) });
    async fn lenses(client: &mut Client, cell: usize) -> Vec<Value> {
        let document = json!({ "textDocument": { "uri": uri(cell) } });
        let found = client.request("textDocument/codeLens", document).await;
        found.as_array().cloned().unwrap_or_default()
    }
    let is_blocking = |result: &Value| !result["cells"][0]["plan"].to_string().contains("without waiting");
    let press = lenses(&mut client, 1).await[0]["command"].clone();
    let press = json!({ "command": press["command"], "arguments": press["arguments"] });
    let run = run(&mut client, 1).await["runs"][0]["run"].clone();
    client
        .notify("notebookDocument/didChange", change(json!({ "data": [of_kind(1, 1), of_kind(1, 0)] })))
        .await;
    assert!(lenses(&mut client, 1).await.is_empty());
    let result = client.request("workspace/executeCommand", press.clone()).await;
    assert_eq!(result["runs"], json!([]), "{result}");
    let result = client.request("px/run", json!({ "uri": uri(2), "scope": "all" })).await;
    assert_eq!(result["runs"].as_array().map(Vec::len), Some(1), "{result}");
    // What Markdown says is in force nowhere.
    let cells = client.request("px/cells", json!({ "uri": uri(2) })).await;
    assert!(is_blocking(&cells), "{cells}");
    client.notify("notebookDocument/didChange", change(json!({ "data": [of_kind(2, 1)] }))).await;
    let cells = client.request("px/cells", json!({ "uri": uri(1) })).await;
    assert_eq!(cells["cells"][0]["run"], run, "it has its result again: {cells}");
    client.notify("notebookDocument/didChange", change(json!({ "data": [of_kind(1, 1)] }))).await;
    // It is edited meanwhile, and opened as a document, as some clients do.
    let open = json!({ "uri": uri(1), "languageId": "python", "version": 1, "text": "%px a()" });
    client.notify("textDocument/didOpen", json!({ "textDocument": open })).await;
    let at = json!({ "line": 0, "character": 7 });
    let text = json!([{
        "document": { "uri": uri(1), "version": 2 },
        "changes": [{ "range": { "start": at, "end": at }, "text": "  # more" }],
    }]);
    client.notify("notebookDocument/didChange", change(json!({ "textContent": text }))).await;
    assert!(lenses(&mut client, 1).await.is_empty());
    // It is moved, and code again where it is inserted, without its text.
    let moved = json!({ "start": 1, "deleteCount": 2, "cells": [of_kind(2, 2), of_kind(2, 1)] });
    client.notify("notebookDocument/didChange", change(json!({ "structure": { "array": moved } }))).await;
    let cells = client.request("px/cells", json!({ "uri": uri(1) })).await;
    assert_eq!(cells["cells"][0]["code"], "a()  # more", "{cells}");
    assert_eq!(lenses(&mut client, 1).await.len(), 1);
    // And Markdown again where it is inserted.
    let moved = json!({ "start": 1, "deleteCount": 2, "cells": [of_kind(1, 1), of_kind(2, 2)] });
    client.notify("notebookDocument/didChange", change(json!({ "structure": { "array": moved } }))).await;
    assert!(lenses(&mut client, 1).await.is_empty() && !lenses(&mut client, 2).await.is_empty());
    client.end_with_unread(&["window/showMessage", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn px_lines_run_and_local_lines_are_counted() {
    let sim = Sim::builder().engines(2).on("a()", Script::new().stdout("a\n")).start().await;
    let mut client = open(&sim, &["x = 1\n%px a()\ny = 2"], true).await;
    let answer = run(&mut client, 0).await;
    assert_eq!((&answer["localLines"], &answer["failed"]), (&json!(2), &json!(false)), "{answer}");
    assert_eq!(outputs(&mut client, &answer).await, expected(&[("stdout", "[0-1] a\n")]));
    assert_eq!(shown(&answer["notes"]), expected(&[("plain", "2 local lines not run")]));
    client.end().await;
}

#[tokio::test]
async fn a_plain_cell_runs_on_all_engines_and_a_note_says_so() {
    let sim = Sim::builder().engines(2).on("a()\n", Script::new().stdout("a\n")).start().await;
    let mut client = open(&sim, &["a()", "%%px\nb()"], true).await;
    let before = client.request("px/cells", json!({ "uri": uri(0) })).await;
    assert_eq!(before["cells"], json!([]));
    let answer = run(&mut client, 0).await;
    assert_eq!(answer["ranOn"], "[0-1]", "{answer}");
    let expected = expected(&[("plain", "ran on engines [0-1]"), ("stdout", "[0-1] a\n")]);
    assert_eq!(outputs(&mut client, &answer).await, expected);
    // It counts as a px cell now and has a run, but "run all" does not include it.
    let after = client.request("px/cells", json!({ "uri": uri(0) })).await;
    assert_eq!(after["cells"][0]["run"], answer["runs"][0]["run"], "{after}");
    let all = client.request("px/run", json!({ "uri": uri(0), "scope": "all" })).await;
    assert_eq!(all["runs"].as_array().map(Vec::len), Some(1), "{all}");
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri(0) } })).await;
    assert_eq!(lenses, json!([]));
    client.end().await;
}

#[tokio::test]
async fn set_up_code_is_read_for_views_and_not_sent() {
    let sim = Sim::builder().engines(4).on("a()", Script::new().stdout("a\n")).start().await;
    let set_up = "import ipyparallel as ipp\nrc = ipp.Client()\nrc[::2].activate('_even')";
    let mut client = open(&sim, &[set_up, "%px_even a()", "# nothing"], true).await;
    let answer = run(&mut client, 0).await;
    assert_eq!((&answer["setUp"], &answer["runs"]), (&json!(0), &json!([])), "{answer}");
    let note = "Set-up code because of line 1: pxlens reads it for views and does not send it to the engines";
    assert_eq!(shown(&answer["notes"]), expected(&[("plain", note)]));
    let answer = run(&mut client, 1).await;
    assert_eq!(answer["runs"][0]["engines"], json!([0, 2]), "{answer}");
    outputs(&mut client, &answer).await;
    let answer = run(&mut client, 2).await;
    assert_eq!((&answer["failed"], &answer["notes"]), (&json!(false), &json!([])), "{answer}");
    client.end().await;
}

#[tokio::test]
async fn an_error_of_a_plain_cell_is_a_diagnostic_in_the_cell() {
    let code = "x = 1\nboom()\n";
    let script = Script::new().error("ValueError", "no");
    let sim = Sim::builder().engines(2).on(code, script).start().await;
    let mut client = open(&sim, &["x = 1\nboom()"], true).await;
    let answer = run(&mut client, 0).await;
    let outputs = outputs(&mut client, &answer).await;
    assert_eq!(outputs[1].0, "error", "{outputs:?}");
    let error: Value = serde_json::from_str(&outputs[1].1).unwrap();
    assert_eq!((&error["name"], &error["message"]), (&json!("ValueError"), &json!("no")));
    let has_some = |params: &Value| params["diagnostics"].as_array().is_some_and(|all| !all.is_empty());
    let shown = client.expect_until("textDocument/publishDiagnostics", has_some).await;
    assert_eq!(shown["uri"], uri(0), "{shown}");
    client.end().await;
}

#[tokio::test]
async fn a_cell_that_cannot_run_gets_an_error_output() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = open(&sim, &["%%px --bogus\na()", "%pxconfig -t 0"], true).await;
    client.expect("textDocument/publishDiagnostics").await;
    let answer = run(&mut client, 0).await;
    assert_eq!(answer["failed"], true, "{answer}");
    assert_eq!(shown(&answer["notes"])[0].0, "error");
    let answer = run(&mut client, 1).await;
    assert_eq!((&answer["failed"], &shown(&answer["notes"])[0].0), (&json!(false), &"plain".to_owned()));
    client.end().await;
}

#[tokio::test]
async fn nothing_runs_in_an_untrusted_workspace() {
    let sim = Sim::builder().engines(2).start().await;
    let mut client = open(&sim, &["a()"], false).await;
    let answer = run(&mut client, 0).await;
    assert!(answer["notRun"][0]["reason"].as_str().unwrap().contains("not trusted"), "{answer}");
    assert!(sim.executed().is_empty());
    client.end().await;
}

#[tokio::test]
async fn a_non_blocking_run_is_shown_by_pxresult() {
    let sim = Sim::builder().engines(2).on("a()\n", Script::new().stdout("a\n")).start().await;
    let mut client = open(&sim, &["%%px --noblock\na()", "%pxresult"], true).await;
    let answer = run(&mut client, 0).await;
    assert_eq!(answer["waits"], false, "{answer}");
    let kept = outputs(&mut client, &answer).await;
    let text = "Async parallel execution on engine(s): [0-1] · %pxresult shows its output";
    assert_eq!(kept, expected(&[("plain", text)]));
    let answer = run(&mut client, 1).await;
    assert_eq!(outputs(&mut client, &answer).await, expected(&[("stdout", "[0-1] a\n")]));
    client.end().await;
}

/// A client is asked for Python only, and some send all there is.
#[tokio::test]
async fn cells_of_markdown_and_of_other_languages_hold_no_px_cell() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(&sim, &["%px a()"], true).await;
    let kinds = [(2, "python"), (1, "markdown"), (2, "r"), (1, "python")];
    let cells = (1..).zip(kinds).map(|(at, (kind, _))| json!({ "kind": kind, "document": uri(at) }));
    let texts = (1..).zip(kinds).map(|(at, (_, language))| {
        json!({ "uri": uri(at), "languageId": language, "version": 1, "text": "%%px\nb()" })
    });
    let structure = json!({
        "array": { "start": 1, "deleteCount": 0, "cells": cells.collect::<Vec<_>>() },
        "didOpen": texts.collect::<Vec<_>>(),
    });
    let params = json!({
        "notebookDocument": { "uri": "file:///h/nb.ipynb", "version": 2 },
        "change": { "cells": { "structure": structure } },
    });
    client.notify("notebookDocument/didChange", params).await;
    let mut found = Vec::new();
    for at in 0..5 {
        let lenses =
            client.request("textDocument/codeLens", json!({ "textDocument": { "uri": uri(at) } })).await;
        found.push(lenses.as_array().is_some_and(|lenses| !lenses.is_empty()));
    }
    assert_eq!(found, [true, true, false, false, false]);
    client.end().await;
}
