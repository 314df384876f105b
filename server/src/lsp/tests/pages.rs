//! The parts of a run for a panel, and the command that opens the panel.

use std::{fs, path::Path};

use pxlens_tests::sim::{Script, Sim, Step};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

async fn open(sim: &Sim, text: &str) -> Client {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let capabilities = json!({ "experimental": { "pxlens": { "outputs": true } } });
    let mut client = Client::start_with(capabilities, options).await;
    client.open(URI, text).await;
    client
}

async fn run(client: &mut Client, line: u32) {
    let position = json!({ "line": line, "character": 0 });
    client.request("px/run", json!({ "uri": URI, "position": position })).await;
    let is_over = |cell: &Value| {
        cell["range"]["start"]["line"] == line
            && ["succeeded", "failed"].iter().any(|state| cell["state"] == *state)
    };
    let fits = |params: &Value| params["cells"].as_array().is_some_and(|cells| cells.iter().any(is_over));
    client.expect_until("px/outputs", fits).await;
}

fn existing_file() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").display().to_string()
}

#[tokio::test]
async fn a_page_has_groups_and_tables_in_the_requested_grouping() {
    let table = json!({ "text/html": "<table></table>", "text/plain": "   a" });
    let work = Script::new().stdout("one\n").stderr("two\n").result(table);
    let sim = Sim::builder().engines(2).on("work()", work).start().await;
    let mut client = open(&sim, "# %%\n%%px\nwork()\n").await;
    run(&mut client, 1).await;
    let page = client.request("px/page", json!({ "run": 1, "media": true })).await;
    assert_eq!(
        (&page["ranks"], &page["groupBy"], &page["title"]),
        (&json!("[0-1]"), &json!("fold"), &json!("%%px"))
    );
    let block = &page["sections"][0]["blocks"][0];
    assert_eq!((&block["ranks"], &block["state"]), (&json!("[0-1]"), &json!("ok")));
    let styles: Vec<&Value> =
        block["pieces"].as_array().unwrap().iter().map(|piece| &piece["style"]).collect();
    assert_eq!(styles, ["stdout", "stderr", "note", "result"]);
    let expected = json!([{ "ranks": "[0-1]", "engines": [0, 1], "html": "<table></table>", "alt": "   a" }]);
    assert_eq!(page["tables"], expected);
    assert!(page["summary"].as_str().unwrap().starts_with("2 engines · "), "{page}");

    let place = json!({ "uri": URI, "position": { "line": 2, "character": 0 }, "groupBy": "type" });
    let page = client.request("px/page", place).await;
    let titles: Vec<&Value> =
        page["sections"].as_array().unwrap().iter().map(|section| &section["title"]).collect();
    assert_eq!(titles, ["stdout", "stderr", "results"]);
    assert_eq!(page["tables"], json!([]), "they were not requested");

    let id = client.send_request("px/page", json!({ "run": 9 })).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32602);
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn lines_of_a_traceback_link_to_the_cell_and_to_existing_files() {
    let here = existing_file();
    assert!(fs::exists(&here).unwrap());
    let traceback = [
        "Cell In[1], line 2".to_owned(),
        "----> 2 work()".to_owned(),
        String::new(),
        format!("File {here}:7, in work()"),
        "----> 7     helper()".to_owned(),
        String::new(),
        "File /nowhere/at/all.py:8, in helper()".to_owned(),
        "----> 8     raise ValueError".to_owned(),
        String::new(),
        "ValueError: no".to_owned(),
    ];
    let fails = Script::new().step(Step::Error {
        ename: "ValueError".into(),
        evalue: "no".into(),
        traceback: vec![traceback.join("\n")],
    });
    let sim = Sim::builder().engines(1).on("import a\nwork()", fails).start().await;
    let mut client = open(&sim, "# %%\n%%px\nimport a\nwork()\n").await;
    run(&mut client, 1).await;
    let page = client.request("px/page", json!({})).await;
    let error = &page["errors"][0];
    assert_eq!((&error["ranks"], &error["title"]), (&json!("[0]"), &json!("ValueError: no")));
    let places: Vec<(u64, Value)> = (0..)
        .zip(error["lines"].as_array().unwrap())
        .filter_map(|(n, line)| line.get("place").map(|place| (n, place.clone())))
        .collect();
    let cell = json!({ "uri": URI, "position": { "line": 3, "character": 0 } });
    let file = json!({ "uri": format!("file://{here}"), "position": { "line": 6, "character": 0 } });
    assert_eq!(places, [(0, cell), (3, file.clone())]);

    // If the code has changed, the line is not known.
    client.edit(URI, 2, "# %%\n%%px\nimport b\nwork()\n").await;
    let page = client.request("px/page", json!({ "run": 1 })).await;
    let lines = page["errors"][0]["lines"].as_array().unwrap();
    let places: Vec<&Value> = lines.iter().filter_map(|line| line.get("place")).collect();
    assert_eq!(places, [&file]);
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

/// The panel went on showing a run as if it were the newest, and said neither which file nor which line it was of.
#[tokio::test]
async fn a_page_says_where_its_cell_is_and_whether_a_newer_run_of_it_exists() {
    let sim = Sim::builder().engines(1).start().await;
    let mut client = open(&sim, "# %%\n%%px\nwork()\n").await;
    run(&mut client, 1).await;
    let first = client.request("px/page", json!({ "run": 1 })).await;
    assert_eq!((&first["line"], first.get("newer")), (&json!(1), None));
    client.edit(URI, 2, "\n\n# %%\n%%px\nwork()\n").await;
    run(&mut client, 3).await;
    let first = client.request("px/page", json!({ "run": 1 })).await;
    assert_eq!((&first["line"], &first["newer"]), (&json!(3), &json!(2)));
    let second = client.request("px/page", json!({ "run": 2 })).await;
    assert_eq!((&second["cell"], second.get("newer")), (&first["cell"], None));
    client.end_with_unread(&["px/outputs"]).await;
}

/// The filter of the panel said "0 of 1" for a text that was left out of the middle.
#[tokio::test]
async fn a_block_says_how_much_of_it_is_left_out() {
    let flood = "a line of forty bytes, more or less or so\n".repeat(60_000);
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout(flood)).start().await;
    let mut client = open(&sim, "%px work()\n%px small()\n").await;
    run(&mut client, 0).await;
    run(&mut client, 1).await;
    let page = client.request("px/page", json!({ "run": 1 })).await;
    let left_out = page["sections"][0]["blocks"][0]["leftOut"].as_str().expect("it is too long");
    assert!(left_out.contains(" lines ("), "{left_out}");
    let page = client.request("px/page", json!({ "run": 2 })).await;
    assert_eq!(page["sections"][0]["blocks"][0].get("leftOut"), None);
    client.end_with_unread(&["px/outputs"]).await;
}

/// Only the innermost call of a cell was a link, even where that was in another cell.
#[tokio::test]
async fn each_call_in_the_cell_that_was_sent_links_to_its_line_and_none_of_another_cell_does() {
    let traceback = "Cell In[4], line 4\n      2     work(1)\n----> 4 outer()\n\nCell In[4], line 2, in outer()\n      \
                     1 def outer():\n----> 2     work(1)\n\nCell In[3], line 2, in work(n)\n      1 def work(n):\n\
                     ----> 2     raise ValueError\n\nValueError: no";
    let error =
        Step::Error { ename: "ValueError".into(), evalue: "no".into(), traceback: vec![traceback.into()] };
    let code = "def outer():\n    work(1)\n\nouter()";
    let sim = Sim::builder().engines(1).on(code, Script::new().step(error)).start().await;
    let mut client = open(&sim, &format!("%px 1\n%px 2\n%px 3\n# %%\n%%px\n{code}\n")).await;
    for line in [0, 1, 2, 4] {
        run(&mut client, line).await;
    }
    let page = client.request("px/page", json!({ "run": 4 })).await;
    let lines = page["errors"][0]["lines"].as_array().expect("it raised");
    let places: Vec<(u64, Option<u64>)> = (0..)
        .zip(lines)
        .filter(|(_, line)| line["text"].as_str().is_some_and(|text| text.starts_with("Cell In")))
        .map(|(n, line)| (n, line["place"]["position"]["line"].as_u64()))
        .collect();
    assert_eq!(places, [(0, Some(8)), (4, Some(6)), (8, None)], "{page:#}");
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}

#[tokio::test]
async fn only_a_client_with_a_panel_is_asked_to_show_a_run() {
    let capabilities = |extension| json!({ "experimental": { "pxlens": extension } });
    let show = json!({ "command": "pxlens.server.showRun", "arguments": [{ "run": 1 }] });
    let mut client = Client::start(capabilities(json!({ "panel": true }))).await;
    let id = client.send_request("workspace/executeCommand", show.clone()).await;
    let asked = client.expect("px/showRun").await;
    assert_eq!(asked["params"], json!({ "run": 1 }));
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "shown": true } })).await;
    assert_eq!(client.answer(id).await["result"], json!({ "shown": true }));
    client.end().await;

    let mut client = Client::start(capabilities(json!({}))).await;
    let answer = client.request("workspace/executeCommand", show).await;
    assert_eq!(answer, json!({ "shown": false }));
    client.end().await;
}
