//! Work as it is done in an editor, on a real cluster: running again, running many, interrupting, closing, leaving.

use std::path::Path;

use pxlens_tests::{
    lsp::{Builder, Client, uri},
    real::{self, RealCluster},
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{StopAll, Written, pxlens},
};

/// Code that ends when the file is there.
fn wait_for(gate: &Path) -> String {
    format!("import os, time\nwhile not os.path.exists({gate:?}): time.sleep(0.02)\n")
}

fn state(client: &mut Client, uri: &str, cell: usize, state: &str) -> Value {
    let fits = |answer: &Value| answer["cells"][cell]["state"] == state;
    client.ask_until("px/cells", &json!({ "uri": uri }), fits)["cells"][cell].clone()
}

fn run_all(client: &mut Client, uri: &str) -> Value {
    let params = json!({ "command": "pxlens.server.runAll", "arguments": [{ "uri": uri }] });
    client.request("workspace/executeCommand", params)
}

fn edit(client: &mut Client, uri: &str, version: i32, line: u64, columns: (u64, u64), text: &str) {
    let at = |character| json!({ "line": line, "character": character });
    let change = json!({ "range": { "start": at(columns.0), "end": at(columns.1) }, "text": text });
    client.notify(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [change] }),
    );
}

/// Opens a file with this text in a client on this cluster, and waits until it is connected.
fn work(
    client: Builder,
    cluster: &RealCluster,
    name: &str,
    text: &str,
    magic: u64,
) -> (Client, String, Written) {
    let file = Written::new(name, text);
    let uri = uri(file.path());
    let mut client = start(client, &file, cluster);
    client.open(&uri, text);
    lens(&mut client, &uri, magic, "on 4 engines");
    (client, uri, file)
}

#[test]
fn run_all_stops_behind_a_cell_that_fails() {
    let mut cluster = real::shared(4);
    let text = "# %%\n%%px\na = 1\n# %%\n%%px\nif rank == 2: 1 / 0\n# %%\n%%px\na = 3\n";
    for client in [Client::vscode(pxlens()), Client::neovim(pxlens())] {
        let (mut client, uri, _file) = work(client, &cluster, "all.py", text, 1);
        let asked = run_all(&mut client, &uri);
        assert_eq!(asked["runs"].as_array().map(Vec::len), Some(3), "{asked:#}");
        state(&mut client, &uri, 0, "succeeded");
        state(&mut client, &uri, 2, "failed");
        assert_eq!(cluster.python("answer = rc[:]['a']"), json!([1, 1, 1, 1]));
        hover(&mut client, &uri, 7, "a cell before it failed");
        // Above the third there is the one that fails, again.
        let above = lens(&mut client, &uri, 7, "Run cells above");
        click(&mut client, &above);
        state(&mut client, &uri, 1, "failed");
        let list = client.expect_diagnostics(&uri, |list| list.iter().any(|one| one["severity"] == 1));
        assert_eq!(list[0]["range"]["start"]["line"], 5, "{list:#?}");
        assert!(list[0]["message"].as_str().is_some_and(|text| text.starts_with("[2] ZeroDivisionError")));
    }
}

#[test]
fn a_cell_that_runs_is_queued_once_more_and_its_lens_stops_both() {
    let mut cluster = real::shared(4);
    let folder = Written::new("unused", "");
    let gate = folder.folder().join("gate");
    let text = format!(
        "# %%\n%%px\nn = globals().get('n', 0) + 1\nprint('began', n, flush=True)\n{}",
        wait_for(&gate)
    );
    cluster.python("rc[:].execute(\"globals().pop('n', None)\", block=True)");
    let (mut client, uri, _file) = work(Client::vscode(pxlens()), &cluster, "again.py", &text, 1);
    let run = lens(&mut client, &uri, 1, "Run on");
    click(&mut client, &run);
    let first = state(&mut client, &uri, 0, "running");
    click(&mut client, &run);
    click(&mut client, &run);
    assert_eq!(state(&mut client, &uri, 0, "running")["run"], first["run"], "what goes on is shown");
    std::fs::write(&gate, "").expect("the folder can be written");
    let last = state(&mut client, &uri, 0, "succeeded");
    client.ask_until("px/cells", &json!({ "uri": uri }), |answer| {
        answer["cells"][0]["state"] == "succeeded" && answer["cells"][0]["run"] != first["run"]
    });
    assert_eq!(cluster.python("answer = rc[:]['n']"), json!([2, 2, 2, 2]), "{last}");

    std::fs::remove_file(&gate).expect("it is there");
    click(&mut client, &run);
    client.ask_until("px/cells", &json!({ "uri": uri }), |answer| {
        let cell = &answer["cells"][0];
        cell["state"] == "running" && cell["run"].as_u64() > last["run"].as_u64()
    });
    click(&mut client, &run);
    client.expect("px/outputs", |params| params["cells"][0]["state"] == "running");
    // It runs as soon as one engine has begun; an engine that had not would rightly not begin any more.
    hover(&mut client, &uri, 1, "`[0-3]`\n```text\nbegan 3\n");
    let stop = lens(&mut client, &uri, 1, "Interrupt");
    click(&mut client, &stop);
    state(&mut client, &uri, 0, "failed");
    client.expect_diagnostics(&uri, |list| {
        list.iter().any(|one| one["message"].as_str().is_some_and(|text| text.contains("interrupted")))
    });
    assert_eq!(cluster.python("answer = rc[:]['n']"), json!([3, 3, 3, 3]), "the queued one was dropped");
}

#[test]
fn two_documents_share_the_engines_and_closing_one_leaves_its_run_alone() {
    let mut cluster = real::shared(4);
    let folder = Written::new("unused", "");
    let gate = folder.folder().join("gate");
    let one = format!("# %%\n%%px --targets 0,1\n{}one = 1\n1 / 0\n", wait_for(&gate));
    let (mut client, first, _file) = work(Client::vscode(pxlens()), &cluster, "two.py", "# %%\n%%px\n1\n", 1);
    client.replace(&first, 2, &one);
    let second = first.replace("two.py", "three.py");
    client.open(&second, "# %%\n%%px --targets 2,3\ntwo = 2\n");
    for uri in [&first, &second] {
        let run = lens(&mut client, uri, 1, "▶ Run");
        click(&mut client, &run);
    }
    // Other engines, so it does not wait for the first.
    state(&mut client, &second, 0, "succeeded");
    state(&mut client, &first, 0, "running");
    client.close(&first);
    std::fs::write(&gate, "").expect("the folder can be written");
    cluster.python("import time\nwhile not all('one' in ns for ns in rc[[0, 1]].apply_sync(lambda: list(globals()))): time.sleep(0.02)");
    state(&mut client, &second, 0, "succeeded");
    let shown = client.heard("textDocument/publishDiagnostics");
    let of_closed = shown.iter().filter(|params| params["uri"] == first.as_str());
    assert!(of_closed.clone().all(|params| params["diagnostics"] == json!([])), "{shown:#?}");
}

#[test]
fn leaving_while_cells_run_touches_neither_the_cluster_nor_what_others_run() {
    let mut cluster = real::shared(4);
    let folder = Written::new("unused", "");
    let gate = folder.folder().join("gate");
    let text = format!("# %%\n%%px --targets 0,1\n{}ours = 1\n", wait_for(&gate));
    let other = format!("{}theirs = 2\n", wait_for(&gate));
    cluster.python(&format!("theirs = rc[[2, 3]].execute({other:?}, block=False)"));
    let (mut client, uri, _file) = work(Client::vscode(pxlens()), &cluster, "leave.py", "# %%\n%%px\n1\n", 1);
    client.replace(&uri, 2, &text);
    let run = lens(&mut client, &uri, 1, "▶ Run on [0-1]");
    click(&mut client, &run);
    state(&mut client, &uri, 0, "running");
    assert_eq!(client.shut_down(), 0);
    std::fs::write(&gate, "").expect("the folder can be written");
    assert_eq!(cluster.python("theirs.get(60)\nanswer = rc[[2, 3]]['theirs']"), json!([2, 2]));
    assert_eq!(cluster.python("answer = rc[[0, 1]].pull('ours', block=True)"), json!([1, 1]));
}

#[test]
fn diagnostics_are_hints_once_stale_and_go_when_the_cell_is_run_again_or_deleted() {
    let cluster = real::shared(4);
    let text = "# %%\n%%px\nif True:\n    1 / 0\n";
    for client in [Client::vscode(pxlens()), Client::neovim(pxlens())] {
        let (mut client, uri, _file) = work(client, &cluster, "stale.py", text, 1);
        run_all(&mut client, &uri);
        let severity = |wanted: u64| move |list: &[Value]| list.iter().any(|one| one["severity"] == wanted);
        let list = client.expect_diagnostics(&uri, severity(1));
        assert_eq!(list[0]["range"]["start"], json!({ "line": 3, "character": 4 }), "{list:#?}");
        edit(&mut client, &uri, 2, 3, (8, 9), "2");
        let list = client.expect_diagnostics(&uri, severity(4));
        assert_eq!(list[0]["range"]["start"]["line"], 1, "{list:#?}");
        edit(&mut client, &uri, 3, 3, (8, 9), "0");
        client.expect_diagnostics(&uri, severity(1));
        edit(&mut client, &uri, 4, 3, (8, 9), "2");
        run_all(&mut client, &uri);
        client.expect_diagnostics(&uri, <[Value]>::is_empty);
        edit(&mut client, &uri, 5, 3, (8, 9), "0");
        run_all(&mut client, &uri);
        client.expect_diagnostics(&uri, severity(1));
        client.replace(&uri, 6, "# nothing\n");
        client.expect_diagnostics(&uri, <[Value]>::is_empty);
        if client.server()["capabilities"]["positionEncoding"] == "utf-16" {
            client.expect("px/outputs", |params| {
                params["removed"].as_array().is_some_and(|ids| ids.len() == 1)
            });
        }
    }
}

#[test]
fn errors_stand_on_their_line_in_notebooks_raw_notebooks_and_escaped_cells() {
    let cluster = real::shared(4);
    let code = "%%px\nx = 1\nif x:\n    x / 0\n";
    let (mut client, _, _file) = work(Client::vscode(pxlens()), &cluster, "lines.py", "# %%\n%%px\n1\n", 1);

    let escaped = "file:///escaped.py";
    client.open(escaped, "# %%\n# %%px\nx = 1\nif x:\n    x / 0\n");
    let databricks = "file:///databricks.py";
    client.open(databricks, "# COMMAND ----------\n# MAGIC %%px\n# MAGIC x = 1\n# MAGIC x / 0\n");
    let cell = "vscode-notebook-cell:/h/a.ipynb#W0";
    client.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": { "uri": "file:///h/a.ipynb", "notebookType": "jupyter-notebook", "version": 1,
                "cells": [{ "kind": 2, "document": cell }] },
            "cellTextDocuments": [{ "uri": cell, "languageId": "python", "version": 1, "text": code }],
        }),
    );
    let source: Vec<String> = code.split_inclusive('\n').map(str::to_owned).collect();
    let cells =
        json!([{ "id": "one", "cell_type": "code", "metadata": {}, "outputs": [], "source": source }]);
    let all = json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5 });
    let raw = serde_json::to_string_pretty(&all).expect("it is JSON");
    let raw_uri = "file:///h/raw.ipynb";
    client.open(raw_uri, &raw);
    let syntax = "file:///syntax.py";
    client.open(syntax, "# %%\n%%px\ny = 1\nx = (1,,2)\n");

    let raw_line = raw.lines().position(|line| line.contains("x / 0")).expect("it is there");
    for (uri, line) in [(escaped, 4), (databricks, 3), (cell, 3), (raw_uri, raw_line), (syntax, 3)] {
        let asked = run_all(&mut client, uri);
        assert_eq!(asked["runs"].as_array().map(Vec::len), Some(1), "{uri}: {asked:#}");
        let list = client.expect_diagnostics(uri, |list| list.iter().any(|one| one["severity"] == 1));
        let error = list.iter().find(|one| one["severity"] == 1).expect("that was waited for");
        assert_eq!(error["range"]["start"]["line"], line, "{uri}: {error:#}");
        if uri == syntax {
            assert_eq!(error["range"]["start"]["character"], 7, "{error:#}");
        }
    }
}

#[test]
fn plan_and_result_of_a_plain_client_fit_behind_the_code() {
    let cluster = real::shared(4);
    let text = "# %%\n%%px\nprint('the quick brown fox jumps over the lazy dog ' * 5)\n";
    let (mut client, uri, _file) = work(Client::neovim(pxlens()), &cluster, "wide.py", text, 1);
    run_all(&mut client, &uri);
    state(&mut client, &uri, 0, "succeeded");
    let title =
        lens(&mut client, &uri, 1, "▶ Run")["command"]["title"].as_str().map_or(0, |t| t.chars().count());
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": whole });
    let hints = client.request("textDocument/inlayHint", params);
    let label = hints[0]["label"].as_str().expect("a label");
    assert!(title + label.chars().count() <= 43, "{label}");
    for (line, character) in [(0, 0), (2, 3)] {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        assert_eq!(client.request("textDocument/hover", params), Value::Null, "line {line}");
    }
}

#[test]
fn a_cluster_started_from_the_lens_outlives_the_server_and_is_found_with_its_variables() {
    let text = "# %%\n%%px\nkept = globals().get('kept', 0) + 1\nprint('kept', kept)\n";
    let file = Written::new("keep.py", text);
    let uri = uri(file.path());
    let ipython = tempfile::Builder::new().prefix("pxlens-ipython-").tempdir().expect("a temporary folder");
    let stop = StopAll(ipython.path());
    let open = |client: Builder| {
        let mut client = client
            .args(["lsp"])
            .env("IPYTHONDIR", ipython.path())
            .folder(file.folder())
            .options(json!({ "trusted": true, "python": real::python(), "engines": 2 }))
            .settings(json!({ "python": real::python(), "engines": 2 }))
            .start();
        client.open(&uri, text);
        client
    };
    let mut client = open(Client::vscode(pxlens()));
    let run = lens(&mut client, &uri, 1, "▶ Run (starts 2 local engines)");
    let asked = click(&mut client, &run);
    assert_eq!(asked["runs"][0]["engines"], json!([0, 1]), "{asked:#}");
    hover(&mut client, &uri, 1, "kept 1");
    assert_eq!(client.shut_down(), 0);

    let mut client = open(Client::neovim(pxlens()));
    let run = lens(&mut client, &uri, 1, "▶ Run on 2 engines");
    click(&mut client, &run);
    hover(&mut client, &uri, 1, "kept 2");
    let engines = client.request("px/engines", json!({}));
    assert_eq!(engines["clusters"].as_array().map(Vec::len), Some(1), "{engines:#}");
    assert_eq!(
        (&engines["clusters"][0]["ours"], &engines["clusters"][0]["inUse"]),
        (&json!(true), &json!(true))
    );
    drop(client);
    drop(stop);
}
