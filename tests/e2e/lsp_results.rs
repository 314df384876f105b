//! Results in an editor, on a real cluster: `%pxresult` in scripts and notebooks, `--noblock` runs, and a named result that
//! another server finds.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{Written, cli, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px --noblock -o squares
rank ** 2
# %%
%%px -t 0,2
print('after', rank)
# %%
%pxresult --group-outputs=engine
";

/// Waits until the painted cell at this 0-based line fits; returns it.
fn painted(client: &mut Client, uri: &str, line: u64, fits: impl Fn(&Value) -> bool) -> Value {
    let find = |params: &Value| {
        let cells = params["cells"].as_array().cloned().unwrap_or_default();
        cells.into_iter().find(|cell| cell["range"]["start"]["line"] == line && fits(cell))
    };
    let outputs = client.expect("px/outputs", |params| params["uri"] == uri && find(params).is_some());
    find(&outputs).expect("that was waited for")
}

fn block_lines(cell: &Value) -> Vec<&str> {
    let lines = cell["block"].as_array().expect("the client paints blocks");
    lines.iter().filter_map(|line| line["text"].as_str()).collect()
}

#[test]
fn results_of_a_script_are_kept_shown_by_pxresult_and_found_by_name() {
    let cluster = real::shared(4);
    let file = Written::new("results.py", SCRIPT);
    let uri = uri(file.path());
    let state = file.folder().join("state");
    let builder = || {
        Client::neovim(pxlens()).env("XDG_STATE_HOME", &state).capabilities(|all| {
            all["experimental"] = json!({"pxlens": {"outputs": true, "blocks": true}});
        })
    };
    let mut client = start(builder(), &file, &cluster);
    client.open(&uri, SCRIPT);
    let run = lens(&mut client, &uri, 1, "Run on 4 engines");
    click(&mut client, &run);
    let kept = painted(&mut client, &uri, 1, |cell| cell["state"] == "succeeded");
    assert_eq!(kept["line"]["text"], "✓ 4 done · %pxresult or hover shows it");
    assert_eq!(block_lines(&kept), ["Async parallel execution on engine(s): [0-3]"]);
    let run = lens(&mut client, &uri, 4, "Run on [0,2]");
    click(&mut client, &run);
    painted(&mut client, &uri, 4, |cell| cell["state"] == "succeeded");

    // Neither a hover over a %pxresult nor running it runs anything.
    let shown = hover(&mut client, &uri, 7, "after 2");
    assert!(shown.contains("result of line 5: %%px -t 0,2"), "{shown}");
    let at = json!({"line": 7, "character": 0});
    let asked = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}});
    let action = client.request("textDocument/codeAction", asked)[0].clone();
    assert_eq!(action["title"], "▶ Show the newest result here", "{action:#}");
    let answer = click(&mut client, &action);
    assert_eq!(answer["runs"], json!([]), "{answer}");
    let shown = painted(&mut client, &uri, 7, |cell| cell["state"] == "succeeded");
    let lines = block_lines(&shown);
    assert_eq!(lines[..2], ["result of line 5: %%px -t 0,2", "Parallel execution on engine(s): [0,2]"]);
    assert_eq!(lines[2..], ["[0] after 0", "[2] after 2"], "grouped by engine");

    // The first run is still found in the history and by its name.
    let runs = client.request("px/runs", json!({"uri": uri}))["runs"].clone();
    assert_eq!((&runs[1]["name"], &runs[1]["block"]), (&json!("squares"), &json!(false)), "{runs:#}");
    let named = client.request("px/result", json!({"name": "squares"}));
    assert_eq!(named["run"], runs[1]["run"]);
    assert_eq!(client.shut_down(), 0);

    // Another server and the shell read it from disk.
    let mut client = start(builder(), &file, &cluster);
    client.open(&uri, SCRIPT);
    let named = client.request("px/result", json!({"name": "squares", "groupBy": "engine"}));
    assert_eq!(named["run"], 0);
    assert!(named["text"].as_str().expect("a text").contains("[3] Out: 9"), "{named:#}");
    let unknown = client.try_request("px/result", json!({"name": "nosuch"}));
    let why = unknown.expect_err("there is no such result").message;
    assert_eq!(why, "No result is named 'nosuch'; `pxlens result` lists the results that are kept");
    let done = cli(["result", "squares"]).env("XDG_STATE_HOME", &state).run();
    assert!(done.status == 0 && done.stdout.contains("[0-3] Out: 0 1 4 9"), "{done:?}");
}

#[test]
fn pxresult_in_a_notebook_shows_the_newest_run_of_all_its_cells() {
    let cluster = real::shared(4);
    let file = Written::new("notes.ipynb", "{}");
    let notebook = uri(file.path());
    let cell = |n: u32| format!("{}#W{n}sZmlsZQ%3D%3D", notebook.replace("file:", "vscode-notebook-cell:"));
    let texts = ["%%px\nprint('first', rank)", "%%px -t 1\nprint('second', rank)", "%pxresult"];
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    let order: Vec<Value> = (0..3).map(|n| json!({"kind": 2, "document": cell(n)})).collect();
    let documents: Vec<Value> = (0u32..)
        .zip(texts)
        .map(|(n, text)| json!({"uri": cell(n), "languageId": "python", "version": 1, "text": text}))
        .collect();
    client.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1, "cells": order},
            "cellTextDocuments": documents,
        }),
    );
    for n in [1, 0] {
        let run = lens(&mut client, &cell(n), 0, "Run on ");
        click(&mut client, &run);
        painted(&mut client, &cell(n), 0, |cell| cell["state"] == "succeeded");
    }
    let shown = hover(&mut client, &cell(2), 0, "first ‹rank›");
    let named = "result of cell 1, line 1: %%px (cell 2, line 1, right above, ran before that)";
    assert!(shown.contains(named), "{shown}");
    client
        .request("px/run", json!({"uri": cell(2), "scope": "cell", "position": {"line": 0, "character": 0}}));
    let painted = painted(&mut client, &cell(2), 0, |cell| cell["state"] == "succeeded");
    let line = painted["line"]["text"].as_str().expect("a line");
    assert!(line.starts_with("cell 1, line 1: ✓"), "{line}");
}
