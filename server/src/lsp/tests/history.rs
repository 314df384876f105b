//! Comparing runs and clearing results.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::{Client, no_run};

const URI: &str = "file:///a.py";

/// A client that paints outputs, with a script open, on a simulated cluster.
async fn open(sim: &Sim, text: &str) -> Client {
    let capabilities = json!({ "experimental": { "pxlens": { "outputs": true } } });
    let options = json!({ "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(capabilities, options).await;
    client.open(URI, text).await;
    client
}

/// Runs the px cell of this 0-based line, and waits until it has succeeded.
async fn run(client: &mut Client, line: u32) -> Value {
    let position = json!({ "line": line, "character": 0 });
    let answer = client.request("px/run", json!({ "uri": URI, "position": position })).await;
    let run = answer["runs"][0]["run"].clone();
    assert!(run.is_u64(), "{answer}");
    painted(client, &run).await;
    run
}

async fn painted(client: &mut Client, run: &Value) {
    let is_over = |cell: &Value| cell["run"] == *run && cell["state"] == "succeeded";
    let fits = |params: &Value| params["cells"].as_array().is_some_and(|cells| cells.iter().any(is_over));
    client.expect_until("px/outputs", fits).await;
}

#[tokio::test]
async fn a_run_is_compared_with_the_previous_one_of_its_cell() {
    let sim = Sim::builder().engines(2).on("a()", Script::new().stdout("a\n")).start().await;
    let mut client = open(&sim, "# %%\n%%px\na()\n# %%\n%%px\nb()\n").await;
    let first = run(&mut client, 1).await;
    let other = run(&mut client, 4).await;
    let answer = client.request("px/compare", json!({ "run": first })).await;
    let none = "Run 1 is the first run of its cell that is kept, so there is nothing to compare it with; run the cell again";
    assert_eq!((&answer["message"], answer.get("with")), (&json!(none), None));
    let second = run(&mut client, 1).await;
    let answer = client.request("px/compare", json!({ "run": second })).await;
    assert_eq!((&answer["with"], &answer["summary"]), (&first, &json!("all 2 engines as before")));
    let answer = client.request("px/compare", json!({ "run": second, "with": other })).await;
    assert_eq!(answer["summary"], "[0-1] changed, the code differs");

    // The command shows a message; an unknown run is an error.
    let command = json!({ "command": "pxlens.server.compare", "arguments": [{ "run": second }] });
    let answer = client.request("workspace/executeCommand", command).await;
    assert_eq!(answer["with"], first);
    let said = client.expect("window/showMessage").await;
    assert_eq!(said["params"]["message"], "r3 compared with r1: all 2 engines as before");
    // As a document, for clients that open those.
    let address = format!("px-output:/run-{second}/compared-with-{first}.txt");
    let answer = client.request("px/content", json!({ "uri": address })).await;
    let expected = "run 3 · a.py line 2 · %%px\nr3 compared with r1: all 2 engines as before\n";
    assert_eq!(answer, json!({ "text": expected, "goesOn": false }));
    let id =
        client.send_request("px/content", json!({ "uri": "px-output:/run-3/compared-with-9.txt" })).await;
    let why = client.answer(id).await["error"]["message"].clone();
    assert_eq!(why, no_run(9));
    let id = client.send_request("px/compare", json!({ "run": 9 })).await;
    assert_eq!(client.answer(id).await["error"]["message"], no_run(9));
    // The history of one cell.
    let runs = client.request("px/runs", json!({ "uri": URI, "cell": "c1" })).await;
    let found: Vec<&Value> = runs["runs"].as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!(found, [&second, &first]);
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn a_cleared_result_is_no_longer_painted_and_stays_in_the_history() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().stdout("a\n")).start().await;
    let mut client = open(&sim, "# %%\n%%px\na()\n# %%\n%%px\na()\n# %%\n%pxresult\n").await;
    let first = run(&mut client, 1).await;
    let second = run(&mut client, 4).await;
    let answer = client.request("px/clear", json!({ "uri": URI, "cell": "c1" })).await;
    assert_eq!(answer, json!({ "cleared": 1 }));
    let gone = async |client: &mut Client, cell: &str| {
        let is_gone = |params: &Value| {
            params["removed"].as_array().is_some_and(|removed| removed.contains(&json!(cell)))
        };
        client.expect_until("px/outputs", is_gone).await;
    };
    gone(&mut client, "c1").await;
    let command = json!({ "command": "pxlens.server.clear", "arguments": [{ "uri": URI }] });
    assert_eq!(client.request("workspace/executeCommand", command).await, json!({ "cleared": 1 }));
    gone(&mut client, "c2").await;
    let runs = client.request("px/runs", json!({ "uri": URI })).await;
    let found: Vec<&Value> = runs["runs"].as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!(found, [&second, &first]);
    for params in [json!({ "uri": URI, "cell": "c9" }), json!({ "uri": "file:///b.py" })] {
        let id = client.send_request("px/clear", params).await;
        assert_eq!(client.answer(id).await["error"]["code"], -32602);
    }
    // The next run of the cell is painted as usual.
    run(&mut client, 1).await;
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn a_cleared_result_leaves_no_hint() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().stdout("gave this\n")).start().await;
    let options = json!({ "cluster": { "connectionFile": sim.connection_file() } });
    let mut client = Client::start_with(json!({}), options).await;
    client.open(URI, "# %%\n%%px\na()\n").await;
    let position = json!({ "line": 1, "character": 0 });
    client.request("px/run", json!({ "uri": URI, "position": position })).await;
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": range });
    let has_output = |hints: &Value| hints.to_string().contains("gave this");
    client.ask_until("textDocument/inlayHint", params.clone(), has_output).await;
    assert_eq!(client.request("px/clear", json!({ "uri": URI })).await, json!({ "cleared": 1 }));
    let hints = client.request("textDocument/inlayHint", params).await;
    assert!(!hints.to_string().contains("gave this"), "{hints}");
    client.end().await;
}

#[tokio::test]
async fn the_result_of_a_suffix_is_that_of_a_run_that_was_sent() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate").stdout("a\n")).start().await;
    let mut client = open(&sim, "# %%\n%%px\na()\n").await;
    let position = json!({ "line": 1, "character": 0 });
    let ask = json!({ "uri": URI, "position": position });
    let first = client.request("px/run", ask.clone()).await["runs"][0]["run"].clone();
    sim.wait_for_runs(1).await;
    let waits = client.request("px/run", ask).await["runs"][0]["run"].clone();
    assert!(first.is_u64() && waits.is_u64() && first != waits);
    client.request("px/interrupt", json!({ "run": waits, "engines": [0] })).await;
    let named = json!({ "uri": URI, "suffix": "" });
    // The run's own task notes that it will not be sent, which may take a moment.
    let shown = client.ask_until("px/result", named, |result| result["run"] != waits).await;
    assert_eq!(shown["run"], first);
    let answer = client.request("px/compare", json!({ "run": waits })).await;
    assert_eq!(answer["message"], "Run 2 was never sent, so there is nothing to compare");
    sim.open("gate");
    painted(&mut client, &first).await;
    client.end_with_unread(&["px/outputs"]).await;
}
