//! A click and edits around it: the code at the moment of the click is what runs, and it runs once.

use pxlens_tests::sim::Sim;
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

/// Three cells: `a()`, `b()` and `c()`, each the last line of its own.
const THREE: &str = "# %%\n%%px\na()\n# %%\n%%px\nb()\n# %%\n%%px\nc()\n";

async fn ids(client: &mut Client) -> Vec<Value> {
    let found = client.request("px/cells", json!({ "uri": URI })).await;
    found["cells"].as_array().unwrap().iter().map(|cell| cell["id"].clone()).collect()
}

/// An edit that replaces the text between two positions, each a line and a column.
fn typed(version: u32, from: [u32; 2], to: [u32; 2], text: &str) -> Value {
    let place = |[line, character]: [u32; 2]| json!({ "line": line, "character": character });
    let change = json!({ "range": { "start": place(from), "end": place(to) }, "text": text });
    let params = json!({ "textDocument": { "uri": URI, "version": version }, "contentChanges": [change] });
    json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": params })
}

/// The cells of the runs of a result, in order.
fn ran(result: &Value) -> Vec<&Value> {
    result["runs"].as_array().expect("an answer").iter().map(|run| &run["cell"]).collect()
}

/// Waits until the runs of these results have succeeded, and returns all code that engines were sent so far.
async fn sent(client: &mut Client, sim: &Sim, results: &[&Value]) -> Vec<String> {
    let runs = results.iter().flat_map(|result| result["runs"].as_array().unwrap());
    for run in runs {
        let is_over = |result: &Value| result["state"] == "succeeded";
        client.ask_until("px/result", json!({ "run": run["run"] }), is_over).await;
    }
    sim.executed().iter().map(|received| received.code().trim().to_owned()).collect()
}

/// The command of the second cell's lens that runs the cells above it, and the command that runs it and those below.
async fn commands(client: &mut Client, second: &Value) -> [Value; 2] {
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": URI } })).await;
    let mut above = lenses.as_array().unwrap().iter().map(|lens| &lens["command"]);
    let is_above = |command: &&Value| command["command"] == "pxlens.server.runAbove";
    let above = above.find(is_above).expect("the second cell has such a lens");
    let above = json!({ "command": above["command"], "arguments": above["arguments"] });
    let argument = json!({ "uri": URI, "cell": second });
    assert_eq!(above["arguments"], json!([{ "uri": URI, "scope": "above", "cell": second }]));
    [above, json!({ "command": "pxlens.server.runBelow", "arguments": [argument] })]
}

/// The clicked cell used to be looked up as a line first: with an edit in the same write, 284 of 300 clicks on "above"
/// ran the cell itself, and 29 of 100 on "below" ran cells above it.
#[tokio::test]
async fn above_and_below_a_cell_pick_the_right_cells_whatever_is_typed_in_the_same_write() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, THREE).await;
    client.engines(1).await;
    let cells = ids(&mut client).await;
    let [first, second, third] = &cells[..] else { panic!("three cells: {cells:?}") };
    let [above, below] = commands(&mut client, second).await;
    for (command, expected) in [(&above, vec![first]), (&below, vec![second, third])] {
        for round in 0..300_u32 {
            // Inserts lines above all cells, and removes them again.
            let version = round + 2;
            let edit = match round % 2 {
                0 => typed(version, [0, 0], [0, 0], "\n\n\n\n"),
                _ => typed(version, [0, 0], [4, 0], ""),
            };
            let (id, click) = client.prepare("workspace/executeCommand", command.clone());
            let both = if round / 2 % 2 == 0 { [edit, click] } else { [click, edit] };
            client.send_together(&both).await;
            let answer = client.answer(id).await;
            assert_eq!(ran(&answer["result"]), expected, "try {round} of {command}: {answer}");
            sent(&mut client, &sim, &[&answer["result"]]).await;
        }
    }
    assert_eq!(ids(&mut client).await, cells);
    client.end().await;
}

/// The action was for a range of lines: a cell that was inserted above ran in place of the one at the end.
#[tokio::test]
async fn what_was_offered_for_several_cells_runs_just_these_or_nothing_whatever_was_edited_since() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "%px a()\n%px b()\n%px c()\n").await;
    client.engines(1).await;
    let cells = ids(&mut client).await;
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 1, "character": 3 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": range, "context": { "diagnostics": [] } });
    let actions = client.request("textDocument/codeAction", params).await;
    let offered = |what: &Value, title: &str| {
        let found = what.as_array().unwrap().iter().find(|one| {
            one["title"].as_str().or(one["command"]["title"].as_str()).unwrap().starts_with(title)
        });
        let found = found.unwrap_or_else(|| panic!("{title} in {what:#}"));
        let command = if found["command"].is_object() { &found["command"] } else { found };
        json!({ "command": command["command"], "arguments": command["arguments"] })
    };
    let two = offered(&actions, "▶ Run 2 px lines");
    client.send(&typed(2, [0, 0], [0, 0], "%px danger()\n")).await;
    let result = client.request("workspace/executeCommand", two.clone()).await;
    assert_eq!(ran(&result), [&cells[0], &cells[1]]);
    assert_eq!(sent(&mut client, &sim, &[&result]).await, ["a()", "b()"]);
    // One of them is deleted.
    client.send(&typed(3, [1, 0], [2, 0], "")).await;
    let result = client.request("workspace/executeCommand", two).await;
    let why = "One of those px cells is no longer in the document, so none was run; select them again";
    assert_eq!(result["notRun"], json!([{ "reason": why }]));
    assert_eq!(client.expect("window/showMessage").await["params"]["message"], why);
    assert_eq!(sim.executed().len(), 2);
    client.end().await;
}

/// The lens of a cell with several px lines was for a range of lines, too.
#[tokio::test]
async fn the_lens_of_several_px_lines_runs_just_these_whatever_was_edited_since() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, "# %%\n%px a()\nif x:\n    %px local()\n%px b()\n# %%\n%px c()\n").await;
    client.engines(1).await;
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": URI } })).await;
    let lens = &lenses[0]["command"];
    assert_eq!(
        lens["title"].as_str().map(|title| title.starts_with("▶ Run 2 px lines")),
        Some(true),
        "{lens}"
    );
    let press = json!({ "command": lens["command"], "arguments": lens["arguments"] });
    client.send(&typed(2, [0, 0], [0, 0], "# %%\n%px danger()\n\n\n")).await;
    let result = client.request("workspace/executeCommand", press).await;
    assert_eq!(sent(&mut client, &sim, &[&result]).await, ["a()", "b()"]);
    assert_eq!(result["leftOut"].as_array().map(Vec::len), Some(2), "{result}");
    client.end_with_unread(&["window/showMessage", "textDocument/publishDiagnostics"]).await;
}

/// A controller without engines, and a client with this document open.
async fn starting(text: &str) -> (Sim, Client) {
    let sim = Sim::builder().engines(0).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, text).await;
    (sim, client)
}

/// Only ids used to wait for the cluster, and the code was read when it was up: typing for 3 s after the click sent
/// half a line.
#[tokio::test]
async fn code_typed_after_the_click_is_never_sent_however_late_the_engines_register() {
    let (sim, mut client) = starting(THREE).await;
    let cells = ids(&mut client).await;
    let below =
        json!({ "command": "pxlens.server.runBelow", "arguments": [{ "uri": URI, "cell": cells[1] }] });
    let (id, click) = client.prepare("workspace/executeCommand", below);
    // In the code, in the magic, and in a line above that decides what is sent; in the same write as the click, and
    // after it.
    client.send_together(&[click, typed(2, [5, 0], [5, 3], "half_ty")]).await;
    client.send(&typed(3, [7, 4], [7, 4], " --targets 7 --noblock")).await;
    client.send(&typed(4, [0, 0], [0, 0], "# %%\n%pxconfig --noblock\n")).await;
    ids(&mut client).await;
    sim.add_engine().await;
    let answer = client.answer(id).await;
    let result = &answer["result"];
    assert_eq!(ran(result), [&cells[1], &cells[2]]);
    assert_eq!(sent(&mut client, &sim, &[result]).await, ["b()", "c()"]);
    let now = client.request("px/cells", json!({ "uri": URI })).await;
    let own: Vec<&Value> =
        now["cells"].as_array().unwrap().iter().filter(|cell| !cell["run"].is_null()).collect();
    assert!(
        own.len() == 2 && own.iter().all(|cell| cell["stale"] == true),
        "what was typed has not run: {now:#}"
    );
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}

/// The same with a controller that does not answer at first.
#[tokio::test]
async fn code_typed_while_the_controller_is_silent_is_never_sent() {
    let sim = Sim::builder().engines(1).start().await;
    sim.mute(true);
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(URI, THREE).await;
    let cells = ids(&mut client).await;
    let run = json!({ "command": "pxlens.server.run", "arguments": [{ "uri": URI, "cell": cells[1] }] });
    let (id, click) = client.prepare("workspace/executeCommand", run);
    client.send_together(&[click, typed(2, [5, 0], [5, 3], "half_ty")]).await;
    ids(&mut client).await;
    sim.mute(false);
    let answer = client.answer(id).await;
    assert_eq!(sent(&mut client, &sim, &[&answer["result"]]).await, ["b()"], "{answer}");
    client.end().await;
}

/// An edit before the click counts, even if both are in one write.
#[tokio::test]
async fn code_typed_before_the_click_is_what_is_sent() {
    let (sim, mut client) = starting(THREE).await;
    let cells = ids(&mut client).await;
    let run = json!({ "command": "pxlens.server.run", "arguments": [{ "uri": URI, "cell": cells[1] }] });
    let (id, click) = client.prepare("workspace/executeCommand", run);
    client.send_together(&[typed(2, [5, 0], [5, 0], "new_"), click]).await;
    ids(&mut client).await;
    sim.add_engine().await;
    let answer = client.answer(id).await;
    assert_eq!(sent(&mut client, &sim, &[&answer["result"]]).await, ["new_b()"], "{answer}");
    client.end().await;
}

/// Three impatient presses used to give two runs.
#[tokio::test]
async fn three_presses_while_a_cluster_starts_give_one_run() {
    let (sim, mut client) = starting(THREE).await;
    let cells = ids(&mut client).await;
    let run = json!({ "command": "pxlens.server.run", "arguments": [{ "uri": URI, "cell": cells[0] }] });
    let presses = [(); 3].map(|()| client.prepare("workspace/executeCommand", run.clone()));
    for (_, press) in &presses {
        client.send(press).await;
    }
    ids(&mut client).await;
    sim.add_engine().await;
    let mut results = Vec::new();
    for (id, _) in presses {
        results.push(client.answer(id).await["result"].clone());
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:#?}");
    assert_eq!(results[0]["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(sent(&mut client, &sim, &[&results[0]]).await, ["a()"]);
    let runs = client.request("px/runs", json!({})).await;
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{runs:#}");
    client.end().await;
}
