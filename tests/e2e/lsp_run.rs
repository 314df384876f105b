//! Running px cells from their lenses on a real cluster, with the capabilities of VS Code and with those of Neovim.

use pxlens_tests::{
    lsp::{Builder, Client, uri},
    real::{self, RealCluster},
};
use serde_json::{Value, json};

use crate::program::{Written, pxlens};

const SCRIPT: &str = "\
import ipyparallel as ipp

# %%
%%px
print('hello from', rank)
rank * 10

# %%
%%px
x = 1
if rank == 1:
    raise ValueError('only on one')
";

/// The 0-based lines of the two magics, and of the line that raises.
const FIRST: u64 = 3;
const SECOND: u64 = 8;
const RAISES: u64 = 11;

/// Starts a client on this cluster, with the folder of the file as its workspace.
pub(crate) fn start(client: Builder, file: &Written, cluster: &RealCluster) -> Client {
    client.args(["lsp"]).env("IPYTHONDIR", cluster.ipython_dir()).folder(file.folder()).start()
}

/// Waits for a lens at the 0-based `line` whose title has `text` in it; returns it.
pub(crate) fn lens(client: &mut Client, uri: &str, line: u64, text: &str) -> Value {
    let fits = |lens: &Value| {
        lens["range"]["start"]["line"] == line
            && lens["command"]["title"].as_str().is_some_and(|title| title.contains(text))
    };
    let params = json!({"textDocument": {"uri": uri}});
    let list = |answer: &Value| answer.as_array().cloned().unwrap_or_default();
    let answer = client.ask_until("textDocument/codeLens", &params, |answer| list(answer).iter().any(&fits));
    list(&answer).into_iter().find(fits).expect("that was waited for")
}

/// Executes the command of a lens, a code action or a link; returns its result.
pub(crate) fn click(client: &mut Client, lens: &Value) -> Value {
    let command = &lens["command"];
    let params = json!({"command": command["command"], "arguments": command["arguments"]});
    client.request("workspace/executeCommand", params)
}

/// Waits until the hover at the 0-based `line` has `text` in it; returns all of the hover.
pub(crate) fn hover(client: &mut Client, uri: &str, line: u64, text: &str) -> String {
    let params = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": 2}});
    let words = |answer: &Value| answer["contents"]["value"].as_str().unwrap_or_default().to_owned();
    words(&client.ask_until("textDocument/hover", &params, |answer| words(answer).contains(text)))
}

/// Waits for the diagnostic of the error that the second cell raises on one engine.
fn expect_the_error(client: &mut Client, uri: &str) {
    let list = client.expect_diagnostics(uri, |list| list.iter().any(|one| one["severity"] == 1));
    let error = list.iter().find(|one| one["severity"] == 1).expect("that was waited for");
    assert_eq!(error["range"]["start"]["line"], RAISES, "{error:#}");
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("ValueError") && message.contains("only on one"), "{message}");
    assert!(message.contains("[1]"), "it names the engines that raised: {message}");
}

#[test]
fn vscode_runs_a_cell_from_its_lens_and_paints_its_outputs() {
    let cluster = real::shared(4);
    let file = Written::new("cells.py", SCRIPT);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    assert_eq!(client.server()["capabilities"]["positionEncoding"], "utf-16");
    client.open(&uri, SCRIPT);

    let run = lens(&mut client, &uri, FIRST, "Run on 4 engines");
    click(&mut client, &run);
    let painted = client.expect("px/outputs", |params| {
        params["uri"] == uri.as_str()
            && params["cells"].as_array().is_some_and(|cells| {
                cells
                    .iter()
                    .any(|cell| cell["range"]["start"]["line"] == FIRST && cell["state"] == "succeeded")
            })
    });
    let line = &painted["cells"][0]["line"]["text"];
    assert!(line.as_str().is_some_and(|text| !text.is_empty()), "{painted:#}");
    let shown = hover(&mut client, &uri, FIRST, "hello from");
    assert!(shown.contains("30"), "{shown}");

    let run = lens(&mut client, &uri, SECOND, "Run on 4 engines");
    click(&mut client, &run);
    expect_the_error(&mut client, &uri);
}

#[test]
fn neovim_runs_a_cell_from_its_lens_with_standard_messages_only() {
    let cluster = real::shared(4);
    let file = Written::new("cells.py", SCRIPT);
    let uri = uri(file.path());
    let mut client = start(Client::neovim(pxlens()), &file, &cluster);
    assert_eq!(client.server()["capabilities"]["positionEncoding"], "utf-8");
    client.open(&uri, SCRIPT);

    let run = lens(&mut client, &uri, FIRST, "Run on 4 engines");
    click(&mut client, &run);
    let shown = hover(&mut client, &uri, FIRST, "✓");
    assert!(shown.contains("hello from") && shown.contains("30"), "{shown}");
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let params = json!({"textDocument": {"uri": uri}, "range": whole});
    let hints = client.ask_until("textDocument/inlayHint", &params, |answer| {
        answer.as_array().is_some_and(|hints| hints.iter().any(|hint| hint["position"]["line"] == FIRST))
    });
    assert!(hints[0]["label"].as_str().is_some_and(|label| label.chars().count() <= 43), "{hints:#}");

    let run = lens(&mut client, &uri, SECOND, "Run on 4 engines");
    click(&mut client, &run);
    expect_the_error(&mut client, &uri);
    assert!(client.heard("px/outputs").is_empty(), "the client did not announce it");
}

#[test]
fn a_notebook_cell_runs_and_is_painted_under_its_own_uri() {
    let cluster = real::shared(4);
    let file = Written::new("notes.ipynb", "{}");
    let notebook = uri(file.path());
    let cell = format!("{}#W0sZmlsZQ%3D%3D", notebook.replace("file:", "vscode-notebook-cell:"));
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1,
                "cells": [{"kind": 2, "document": cell}]},
            "cellTextDocuments": [{"uri": cell, "languageId": "python", "version": 1,
                "text": "%%px\nprint('in a notebook', rank)"}],
        }),
    );
    let run = lens(&mut client, &cell, 0, "Run on 4 engines");
    click(&mut client, &run);
    client.expect("px/outputs", |params| {
        params["uri"] == cell.as_str()
            && params["cells"]
                .as_array()
                .is_some_and(|cells| cells.iter().any(|cell| cell["state"] == "succeeded"))
    });
    hover(&mut client, &cell, 0, "in a notebook");
}

#[test]
fn a_run_is_interrupted_from_its_lens() {
    let cluster = real::shared(4);
    let text = "# %%\n%%px\nimport time\nwhile True: time.sleep(0.05)\n";
    let file = Written::new("forever.py", text);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, text);
    let run = lens(&mut client, &uri, 1, "Run on 4 engines");
    click(&mut client, &run);
    // Before the cell runs, no engine would get a signal.
    client.expect("px/outputs", |params| {
        params["cells"].as_array().is_some_and(|cells| cells.iter().any(|cell| cell["state"] == "running"))
    });
    let stop = lens(&mut client, &uri, 1, "Interrupt");
    click(&mut client, &stop);
    client.expect_diagnostics(&uri, |list| {
        list.iter().any(|one| one["message"].as_str().is_some_and(|text| text.contains("interrupted")))
    });
}
