//! Results in an editor: `%pxresult`, non-blocking runs, the history, and options that change how a run is shown.

use std::time::Duration;

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

/// A client that paints outputs and blocks, on this controller, with a document open.
async fn open(sim: &Sim, text: &str) -> Client {
    let file = sim.connection_file();
    let options = json!({ "trusted": true, "cluster": { "connectionFile": file } });
    let capabilities = json!({ "experimental": { "pxlens": { "outputs": true, "blocks": true } } });
    let mut client = Client::start_with(capabilities, options).await;
    client.open(URI, text).await;
    client
}

async fn run(client: &mut Client, line: u32) -> Value {
    let position = json!({ "line": line - 1, "character": 0 });
    client.request("px/run", json!({ "uri": URI, "position": position })).await
}

async fn hover(client: &mut Client, line: u32) -> String {
    let position = json!({ "line": line - 1, "character": 2 });
    let params = json!({ "textDocument": { "uri": URI }, "position": position });
    let shown = client.request("textDocument/hover", params).await;
    shown["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

/// Reads `px/outputs` until the cell of this 1-based line is as wanted.
async fn painted(client: &mut Client, line: u32, fits: impl Fn(&Value) -> bool) -> Value {
    let found = |params: &Value| {
        let mut cells = params["cells"].as_array().into_iter().flatten();
        cells.find(|cell| cell["range"]["start"]["line"] == line - 1 && fits(cell)).cloned()
    };
    let params = client.expect_until("px/outputs", |params| found(params).is_some()).await;
    found(&params).expect("that was waited for")
}

fn succeeded(cell: &Value) -> bool {
    cell["state"] == "succeeded"
}

/// The lines of a block, as text.
fn block(cell: &Value) -> Vec<&str> {
    let lines = cell["block"].as_array().expect("it has a block");
    lines.iter().map(|line| line["text"].as_str().expect("a line has text")).collect()
}

/// A result of 100 MB took 200 MB of an answer, and over a second for each hover.
#[tokio::test]
async fn of_a_result_of_many_megabytes_an_editor_gets_the_beginning_and_a_file_all() {
    let long = "0123456\n".repeat(2_500_000);
    let sim = Sim::builder().engines(1).on("work()", Script::new().result_text(&long)).start().await;
    let mut client = open(&sim, "%px work()\n").await;
    let run = run(&mut client, 1).await["runs"][0]["run"].clone();
    painted(&mut client, 1, succeeded).await;
    let more = "MB more are not shown; an export of the run has all of it";
    let shown = hover(&mut client, 1).await;
    assert!(shown.len() <= 50_000 && shown.contains("0123456") && shown.contains(more), "{}", shown.len());
    let result = client.request("px/result", json!({ "run": run })).await;
    let text = result["text"].as_str().expect("a text");
    assert!(text.len() < 5_000_000 && text.contains(more), "{}", text.len());
    assert!(result.to_string().len() < 10_000_000, "{}", result.to_string().len());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.jsonl");
    client.request("px/export", json!({ "run": run, "format": "json", "path": file })).await;
    let exported = std::fs::read_to_string(&file).expect("it was written");
    let last = exported.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let texts: Vec<Value> = last.filter(|event| event["event"] == "result").collect();
    assert!(texts[0]["data"]["text/plain"] == long.as_str(), "the file has all of it");
    client.end().await;
}

#[tokio::test]
async fn a_pxresult_is_painted_in_its_own_grouping_after_a_line_that_names_the_cell() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().result_text("42")).start().await;
    let text = "# %%\n%%px -t 0,1\nwork()\n# %%\n%pxresult -e\n# %%\n%px -1\n";
    let mut client = open(&sim, text).await;
    run(&mut client, 2).await;
    let cell = painted(&mut client, 2, succeeded).await;
    assert_eq!(block(&cell), ["Parallel execution on engine(s): [0-1]", "[0-1] Out: 42"]);
    let answer = run(&mut client, 5).await;
    assert_eq!(answer["shownResults"], json!([{ "cell": "c2", "run": 1 }]), "{answer}");
    let cell = painted(&mut client, 5, succeeded).await;
    assert_eq!(
        block(&cell),
        [
            "result of line 2: %%px -t 0,1",
            "Parallel execution on engine(s): [0-1]",
            "[0] Out: 42",
            "[1] Out: 42"
        ]
    );
    assert!(cell["line"]["text"].as_str().unwrap().starts_with("line 2: ✓ [0-1]"), "{cell:#}");
    assert_eq!((&cell["run"], &cell["stale"]), (&json!(1), &json!(false)));
    assert_eq!(sim.executed().len(), 2, "it was not run again");
    // A newer run makes it stale; hovering over it shows the newer run.
    run(&mut client, 7).await;
    let cell = painted(&mut client, 5, |cell| cell["stale"] == true).await;
    assert_eq!(block(&cell)[0], "result of line 2: %%px -t 0,1");
    let shown = hover(&mut client, 5).await;
    assert!(shown.contains("result of line 7: %px -1 (line 2, right above, ran before that)\n"), "{shown}");
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn a_pxresult_follows_a_running_run_and_shows_its_error() {
    let fails = Script::new().stdout("begun\n").wait("gate").error("ValueError", "no");
    let sim = Sim::builder().engines(1).on("work()", fails).start().await;
    let mut client = open(&sim, "# %%\n%%px --noblock\nwork()\n# %%\n%pxresult\n").await;
    run(&mut client, 2).await;
    run(&mut client, 5).await;
    painted(&mut client, 5, |cell| cell["state"] == "running").await;
    sim.open("gate");
    let cell = painted(&mut client, 5, |cell| cell["state"] == "failed").await;
    let lines = block(&cell);
    assert_eq!(lines[1], "Async parallel execution on engine(s): [0]");
    assert!(lines.iter().any(|line| line.contains("begun")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("ValueError")), "{lines:?}");
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn a_non_blocking_run_only_shows_its_state_until_the_user_asks_for_it() {
    let sim = Sim::builder()
        .engines(2)
        .on("work()", Script::new().stdout("the output\n"))
        .on("bad()", Script::new().error("ValueError", "no"))
        .start()
        .await;
    let mut client = open(&sim, "# %%\n%%px --noblock\nwork()\n# %%\n%%px --noblock\nbad()\n").await;
    let withheld = |cell: &Value| {
        cell["line"]["text"] == "✓ 2 done · %pxresult or hover shows it"
            && block(cell) == ["Async parallel execution on engine(s): [0-1]"]
    };
    let shown = |cell: &Value| block(cell).iter().any(|line| line.contains("the output"));
    run(&mut client, 2).await;
    painted(&mut client, 2, withheld).await;
    assert!(hover(&mut client, 2).await.contains("the output"));
    painted(&mut client, 2, shown).await;
    // The command of a lens reveals it too.
    run(&mut client, 2).await;
    painted(&mut client, 2, withheld).await;
    let asked = json!({ "command": "pxlens.server.showResult", "arguments": [{ "run": 2 }] });
    let answer = client.request("workspace/executeCommand", asked).await;
    assert!(answer["text"].as_str().unwrap().starts_with("Async parallel execution on engine(s): [0-1]\n"));
    painted(&mut client, 2, shown).await;
    // A failure is shown at once.
    run(&mut client, 5).await;
    let cell = painted(&mut client, 5, |cell| cell["state"] == "failed").await;
    assert!(block(&cell).iter().any(|line| line.contains("ValueError")), "{cell:#}");
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn the_history_lists_runs_newest_first_and_each_can_be_shown() {
    let sim = Sim::builder()
        .engines(2)
        .on("first()", Script::new().stdout("one\n"))
        .on("second()", Script::new().stdout("two\n"))
        .start()
        .await;
    let mut client = open(&sim, "# %%\n%%px_even -t 1\nfirst()\n# %%\n%%px --noblock\nsecond()\n").await;
    client.edit(URI, 2, "# %%\n%%px -t 1\nfirst()\n# %%\n%%px --noblock\nsecond()\n").await;
    run(&mut client, 2).await;
    painted(&mut client, 2, succeeded).await;
    run(&mut client, 5).await;
    painted(&mut client, 5, succeeded).await;
    for params in [json!({ "uri": URI }), json!({})] {
        let mut runs = client.request("px/runs", params).await["runs"].clone();
        for run in runs.as_array_mut().unwrap() {
            let (created, ended) = (run["created"].as_u64().unwrap(), run["ended"].as_u64().unwrap());
            assert!(created > 1_500_000_000_000 && ended >= created);
            let summary = run["summary"].as_str().unwrap().rsplit_once(" · ").unwrap().0.to_owned();
            for key in ["created", "ended", "summary"] {
                run.as_object_mut().unwrap().remove(key);
            }
            run["said"] = json!(summary);
        }
        assert_eq!(
            runs,
            json!([
                {
                    "run": 2, "uri": URI, "cell": "c2", "line": 4, "title": "%%px --noblock", "suffix": "",
                    "state": "succeeded", "engines": [0, 1], "ranks": "[0-1]", "block": false, "said": "✓ [0-1] two",
                },
                {
                    "run": 1, "uri": URI, "cell": "c1", "line": 1, "title": "%%px -t 1", "suffix": "",
                    "state": "succeeded", "engines": [1], "ranks": "[1]", "block": true, "said": "✓ [1] one",
                },
            ])
        );
    }
    let other = client.request("px/runs", json!({ "uri": "file:///other.py" })).await;
    assert_eq!(other, json!({ "runs": [] }));
    let first = client.request("px/result", json!({ "run": 1, "groupBy": "engine" })).await;
    assert!(first["text"].as_str().unwrap().contains("[1] one"), "{first}");
    let newest = client.request("px/result", json!({})).await;
    assert_eq!(newest["run"], 2);
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn a_cell_that_cannot_run_stops_run_all_and_every_reason_is_reported() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(
        &sim,
        "# %%\n%pxconfig --targets 0\n# %%\n%px a()\n# %%\n%%px --bogus\nb()\n# %%\n%px c()\n# %%\n%px d()\n",
    )
    .await;
    let answer = client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    assert_eq!(answer["runs"].as_array().map(Vec::len), Some(1), "{answer}");
    let reasons: Vec<&str> =
        answer["notRun"].as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].starts_with("Line 6 was not run: ") && reasons[0].contains("--bogus"), "{reasons:?}");
    let skipped = "Line 9 and 1 px cell after it were not run: line 6 above cannot run";
    assert_eq!(reasons[1..], [skipped, skipped], "a %pxconfig is not reported");
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn progress_is_shown_when_the_cell_says() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let file = sim.connection_file();
    let options = json!({ "trusted": true, "cluster": { "connectionFile": file } });
    let capabilities = json!({ "window": { "workDoneProgress": true } });
    let mut client = Client::start_with(capabilities, options).await;
    client
        .open(URI, "# %%\n%%px --progress-after=-1\nnever()\n# %%\n%%px --progress-after 0\nwork()\n")
        .await;
    run(&mut client, 2).await;
    run(&mut client, 5).await;
    // The first progress is that of the second run.
    let asked = client.expect("window/workDoneProgress/create").await;
    assert_eq!(asked["params"]["token"], "px/run/2");
    sim.open("gate");
    client.end_with_unread(&["$/progress"]).await;
}

/// A task used to be left behind each time that a result was shown, until its run was forgotten.
#[tokio::test]
async fn a_result_that_is_shown_again_and_again_is_followed_once() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(&sim, "# %%\n%px 1\n# %%\n%pxresult\n").await;
    for line in [2, 4] {
        run(&mut client, line).await;
        painted(&mut client, line, succeeded).await;
    }
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    // What is still at work for the requests above counts here and ends soon. It is far less than a task for each result.
    let before = tasks();
    for _ in 0..50 {
        run(&mut client, 4).await;
    }
    let ended = async {
        while tasks() > before + 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended)
        .await
        .expect("the followers before the last one end");
    client.end().await;
}

/// They showed `✗ not run` over a good result.
#[tokio::test]
async fn a_cell_that_a_failure_kept_from_running_keeps_what_it_showed() {
    let sim = Sim::builder().engines(2).on("two()", Script::new().stdout("second\n")).start().await;
    let mut client = open(&sim, "%px one()\n%px two()\n").await;
    let all = json!({ "uri": URI, "scope": "all" });
    client.request("px/run", all.clone()).await;
    painted(&mut client, 2, succeeded).await;
    sim.on("one()", Script::new().error("OSError", "no"));
    client.request("px/run", all.clone()).await;
    let passed = painted(&mut client, 2, |cell| cell["stale"] == true).await;
    let line = passed["line"]["text"].as_str().unwrap();
    assert!(line.starts_with("not run again, since a cell before it failed · ✓ [0-1] second"), "{line}");
    assert_eq!(passed["state"], "succeeded", "{passed}");
    // What was cleared does not come back.
    client.request("px/clear", json!({ "uri": URI })).await;
    client.request("px/run", all).await;
    let dropped = painted(&mut client, 2, |cell| cell["state"] == "failed").await;
    assert!(dropped["line"]["text"].as_str().unwrap().contains("not run"), "{dropped}");
    client.end_with_unread(&["textDocument/publishDiagnostics"]).await;
}
