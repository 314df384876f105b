//! Outputs as documents and files: how they are shown to each kind of client, and when the client is asked to refresh
//! them.

use std::{path::PathBuf, time::Duration};

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::{Client, no_run};
use crate::{run::RunId, session::About};

const URI: &str = "file:///a.py";

/// The address of the first run's folded output.
const FOLD: &str = "px-output:/run-1/fold.txt";

fn command(name: &str, argument: Value) -> Value {
    json!({ "command": format!("pxlens.server.{name}"), "arguments": [argument] })
}

async fn show(client: &mut Client) -> Value {
    client.request("workspace/executeCommand", command("showOutput", json!({ "run": 1 }))).await
}

/// A client with these capabilities, whose first run is over.
async fn with_a_result(sim: &Sim, capabilities: Value) -> (Client, tempfile::TempDir) {
    let (mut client, folder) = start(sim, capabilities, "%px work()\n").await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    over(&mut client).await;
    (client, folder)
}

async fn with_a_line() -> Sim {
    Sim::builder().engines(2).on("work()", Script::new().stdout("all of it\n")).start().await
}

#[tokio::test]
async fn a_client_that_opens_addresses_is_asked_to_show_one() {
    let sim = with_a_line().await;
    let all = [
        json!({ "workspace": { "textDocumentContent": {} }, "window": { "showDocument": { "support": true } } }),
        json!({ "experimental": { "pxlens": { "content": true } }, "window": { "showDocument": { "support": true } } }),
    ];
    for capabilities in all {
        let (mut client, _folder) = with_a_result(&sim, capabilities).await;
        assert_eq!(show(&mut client).await, json!({ "uri": FOLD }));
        let asked = client.expect("window/showDocument").await;
        assert_eq!(asked["params"], json!({ "uri": FOLD, "external": false, "takeFocus": true }));
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "success": true } })).await;
        client.end().await;
    }
}

#[tokio::test]
async fn a_client_that_opens_files_is_asked_to_show_one_and_any_other_gets_its_name() {
    let sim = with_a_line().await;
    let capabilities = json!({ "window": { "showDocument": { "support": true } } });
    let (mut client, folder) = with_a_result(&sim, capabilities).await;
    let shown = show(&mut client).await;
    let file = shown["file"].as_str().unwrap();
    assert!(file.starts_with(&folder.path().display().to_string()) && file.contains(' '), "{shown}");
    assert_eq!(shown, json!({ "uri": FOLD, "file": file }));
    assert!(std::fs::read_to_string(file).unwrap().contains("[0-1]"), "{shown}");
    let asked = client.expect("window/showDocument").await;
    assert_eq!(asked["params"]["uri"], format!("file://{}", file.replace(' ', "%20")));
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "success": false } })).await;
    let said = client.expect("window/showMessage").await;
    assert_eq!(said["params"]["message"], format!("The editor could not show {file}; open it by hand"));
    client.end().await;

    let capabilities = json!({ "workspace": { "textDocumentContent": {} } });
    let (mut client, _folder) = with_a_result(&sim, capabilities).await;
    let shown = show(&mut client).await;
    let said = client.expect("window/showMessage").await;
    let file = shown["file"].as_str().unwrap();
    assert_eq!(said["params"]["message"], format!("The output is in {file}"));
    client.end().await;
}

#[tokio::test]
async fn an_unknown_run_is_an_error_with_a_sentence() {
    let mut client = Client::start(json!({})).await;
    let id =
        client.send_request("workspace/executeCommand", command("showOutput", json!({ "run": 8 }))).await;
    let why = client.answer(id).await["error"]["message"].clone();
    let expected = no_run(8);
    assert_eq!(why, expected);
    let id = client.send_request("px/content", json!({ "uri": "px-output:/" })).await;
    let error = client.answer(id).await["error"].clone();
    let why = error["message"].as_str().unwrap();
    assert_eq!(error["code"], -32602);
    assert!(why.starts_with("'px-output:/' is not the address of an output"), "{why}");
    client.end().await;
}

#[tokio::test]
async fn the_export_command_shows_the_path_of_the_file() {
    let sim = with_a_line().await;
    let (mut client, folder) = with_a_result(&sim, json!({})).await;
    let path = folder.path().join("a.md").display().to_string();
    let export = json!({ "run": 1, "format": "markdown", "path": path });
    let answer = client.request("workspace/executeCommand", command("export", export)).await;
    assert_eq!(answer, json!({ "file": path, "images": [] }));
    let said = client.expect("window/showMessage").await;
    assert_eq!(said["params"]["message"], format!("Exported to {path}"));
    client.end().await;
}

#[tokio::test]
async fn a_client_is_asked_to_refresh_once_per_response_and_half_a_second_apart() {
    let script = (1..=3).fold(Script::new().stdout("0\n"), |script, step| {
        script.wait(&format!("gate {step}")).stdout(format!("{step}\n"))
    });
    let sim = Sim::builder().engines(1).on("work()", script).start().await;
    let capabilities = json!({ "workspace": { "textDocumentContent": {} } });
    let (mut client, _folder) = start(&sim, capabilities, "%px work()\n").await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    let asked = json!({ "uri": "px-output:/run-1/raw-0.txt" });
    let mut so_far = String::new();
    for step in 1..=3 {
        so_far.push_str(&format!("{}\n", step - 1));
        // `px/content` does not cause a refresh.
        client.ask_until("px/content", asked.clone(), |content| content["text"] == so_far).await;
        let before = tokio::time::Instant::now();
        for _ in 0..2 {
            let text = client.request("workspace/textDocumentContent", asked.clone()).await;
            assert_eq!(text, json!({ "text": so_far }));
        }
        sim.open(&format!("gate {step}"));
        let refresh = client.expect("workspace/textDocumentContent/refresh").await;
        assert!(before.elapsed() >= Duration::from_millis(500));
        assert_eq!(refresh["params"], asked);
        client.send(&json!({ "jsonrpc": "2.0", "id": refresh["id"], "result": null })).await;
    }
    // The document was not requested again, so there is no more refresh.
    over(&mut client).await;
    client.end().await;
}

#[tokio::test]
async fn a_client_that_does_not_announce_documents_gets_no_refresh() {
    let asked = json!({ "uri": "px-output:/run-1/raw-0.txt" });
    // Both requested a document that grows.
    let begun = async |capabilities: Value| {
        let script = Script::new().stdout("begun\n").wait("gate").stdout("done\n");
        let sim = Sim::builder().engines(1).on("work()", script).start().await;
        let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
        let mut client = Client::connect();
        let params = json!({ "capabilities": capabilities, "initializationOptions": options });
        let answer = client.request("initialize", params).await;
        client.notify("initialized", json!({})).await;
        client.open(URI, "%px work()\n").await;
        client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
        let has_begun = |content: &Value| {
            assert_eq!(content["goesOn"], true, "{content}");
            content["text"] == "begun\n"
        };
        client.ask_until("px/content", asked.clone(), has_begun).await;
        let text = client.request("workspace/textDocumentContent", asked.clone()).await;
        assert_eq!(text, json!({ "text": "begun\n" }));
        (sim, client, answer["capabilities"]["workspace"].get("textDocumentContent").cloned())
    };
    let (without, mut client, announced) = begun(json!({})).await;
    assert_eq!(announced, None);
    let documents = json!({ "workspace": { "textDocumentContent": {} } });
    let (with, mut refreshed, announced) = begun(documents).await;
    assert_eq!(announced, Some(json!({ "schemes": ["px-output"] })));

    // There is more for the one, and later for the other. When that one is asked to refresh, the first would have been asked
    // before: `end` fails on unread messages.
    without.open("gate");
    over(&mut client).await;
    with.open("gate");
    let refresh = refreshed.expect("workspace/textDocumentContent/refresh").await;
    refreshed.send(&json!({ "jsonrpc": "2.0", "id": refresh["id"], "result": null })).await;
    let text = client.request("px/content", asked).await;
    assert_eq!(text, json!({ "text": "begun\ndone\n", "goesOn": false }));
    client.end().await;
    over(&mut refreshed).await;
    refreshed.end().await;
}

#[tokio::test]
async fn px_cells_in_outputs_of_engines_cannot_be_run() {
    let sim = with_a_line().await;
    let (mut client, _folder) = with_a_result(&sim, json!({})).await;
    client.open(FOLD, "%px launch_missiles()\n").await;
    let id = client.send_request("px/cells", json!({ "uri": FOLD })).await;
    assert_eq!(
        client.answer(id).await["error"]["message"],
        format!("The document {FOLD} is not open in the editor")
    );
    let id = client.send_request("px/run", json!({ "uri": FOLD, "scope": "all" })).await;
    let all = client.answer(id).await;
    assert_eq!(all["error"]["message"], format!("{FOLD} is not open in the editor; open it first"), "{all}");
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": FOLD } })).await;
    assert_eq!(lenses, Value::Null);
    assert!(sim.executed().iter().all(|executed| executed.code() == "work()"));
    client.end().await;
}

/// A client on this controller whose runs keep little in memory, with a document open; and the folder for spilled text.
async fn start(sim: &Sim, capabilities: Value, text: &str) -> (Client, tempfile::TempDir) {
    let folder = tempfile::Builder::new().prefix("spilled text ").tempdir().unwrap();
    let options = json!({
        "trusted": true,
        "cluster": { "connectionFile": sim.connection_file() },
        "limits": { "engineText": 10_000, "folder": folder.path() },
    });
    let mut client = Client::start_with(capabilities, options).await;
    client.open(URI, text).await;
    (client, folder)
}

async fn on(sim: &Sim, text: &str) -> (Client, tempfile::TempDir) {
    start(sim, json!({ "workspace": { "textDocumentContent": {} } }), text).await
}

/// The file of this name in a folder or its subfolders.
fn spilled_file(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.ends_with(name) {
                return entry;
            }
            if entry.is_dir() {
                folders.push(entry);
            }
        }
    }
    panic!("no file {name}")
}

async fn content(client: &mut Client, name: &str) -> String {
    let uri = format!("px-output:/run-1/{name}.txt");
    let by_lsp = client.request("workspace/textDocumentContent", json!({ "uri": uri })).await;
    let by_px = client.request("px/content", json!({ "uri": uri })).await;
    assert_eq!(by_lsp["text"], by_px["text"]);
    by_px["text"].as_str().unwrap().to_owned()
}

/// Waits until the first run is over.
async fn over(client: &mut Client) {
    client.ask_until("px/result", json!({ "run": 1 }), |result| result["state"] == "succeeded").await;
}

#[tokio::test]
async fn documents_include_spilled_text_and_files_are_deleted_with_the_server() {
    let text: String = (0..5000).map(|n| format!("line {n} \u{202e}\n")).collect();
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout(&text)).start().await;
    let (mut client, folder) = on(&sim, "%px work()\n").await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    over(&mut client).await;
    let seen = text.replace('\u{202e}', "\\u202e");
    assert_eq!(content(&mut client, "raw-1").await, seen);
    for name in ["fold", "group-0-1", "engine"] {
        let shown = content(&mut client, name).await;
        assert!(shown.starts_with("run 1 · a.py line 1 · %px work()\n"), "{}", &shown[..200]);
        assert!(shown.contains(&seen), "{name} has all of it");
    }
    let id = client.send_request("px/content", json!({ "uri": "px-output:/run-1/raw-7.txt" })).await;
    let why = client.answer(id).await["error"]["message"].clone();
    assert_eq!(why, "Run 1 was not sent to [7]; it was sent to [0-1]");
    let id = client.send_request("px/content", json!({ "uri": "px-output:/run-9/fold.txt" })).await;
    assert_eq!(client.answer(id).await["error"]["message"], no_run(9));

    let shown = client
        .request("workspace/executeCommand", command("showOutput", json!({ "run": 1, "engine": 0 })))
        .await;
    assert_eq!(shown["uri"], "px-output:/run-1/raw-0.txt");
    let file = PathBuf::from(shown["file"].as_str().unwrap());
    assert!(file.starts_with(folder.path()) && file.ends_with("run-1-raw-0.txt"), "{}", file.display());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), seen);
    let said = client.expect("window/showMessage").await["params"]["message"].clone();
    assert_eq!(said, format!("The output is in {}", file.display()));

    // If a file cannot be read, the document says so and still shows both ends.
    let spilled = spilled_file(&folder, "engine-0.txt");
    std::fs::remove_file(&spilled).unwrap();
    let (first, last) = ("line 0 \\u202e\n", "line 4999 \\u202e\n");
    for name in ["raw-0", "fold"] {
        let shown = content(&mut client, name).await;
        let head: String = shown.chars().take(1000).collect();
        assert!(
            head.contains("text that was moved to a file cannot be read: ") && head.contains("engine-0.txt")
        );
        assert!(shown.contains(first) && shown.contains(last.trim_end()), "{name}: {head}");
    }

    // The files are deleted even if something still holds the run when the server ends.
    let held = client.session.snapshot(About::Nothing).await.runs.get(RunId(1)).cloned().unwrap();
    client.request("shutdown", Value::Null).await;
    client.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
    assert_eq!(client.exit_code().await, 0);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    drop(held);
}

#[tokio::test]
async fn the_card_and_the_document_of_a_run_whose_files_made_room_say_so() {
    let text: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout(&text)).start().await;
    let folder = tempfile::tempdir().unwrap();
    let options = json!({
        "trusted": true,
        "cluster": { "connectionFile": sim.connection_file() },
        "limits": { "engineText": 10_000, "files": 60_000, "folder": folder.path() },
    });
    let capabilities = json!({ "textDocument": { "hover": { "contentFormat": ["markdown"] } } });
    let mut client = Client::start_with(capabilities, options).await;
    client.open(URI, "%px work()\n%px work()\n").await;
    let hover = json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 2 } });
    for (run, line) in [(1, 0), (2, 1)] {
        let at = json!({ "line": line, "character": 0 });
        client.request("px/run", json!({ "uri": URI, "position": at })).await;
        client.ask_until("px/result", json!({ "run": run }), |result| result["state"] == "succeeded").await;
        let shown = client.request("textDocument/hover", hover.clone()).await;
        let card = shown["contents"]["value"].as_str().unwrap().to_owned();
        let expected = ["All of it is in this file", "The files with it were deleted, to make room"][line];
        assert!(card.contains("wrote more than is kept in memory") && card.contains(expected), "{card}");
    }
    let document = client.request("px/content", json!({ "uri": "px-output:/run-1/raw-0.txt" })).await;
    let document = document["text"].as_str().unwrap();
    assert!(document.starts_with("the files with the middle of the text were deleted, to make room"));
    assert!(document.contains("line 0\n") && document.ends_with("line 4999\n"));
    client.end().await;
}

#[tokio::test]
async fn the_document_of_a_running_run_is_refreshed_when_there_is_more() {
    let script = Script::new().stdout("begun\n").wait("gate").stdout("done\n");
    let sim = Sim::builder().engines(1).on("work()", script).start().await;
    let (mut client, _folder) = on(&sim, "%px work()\n").await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    let asked = json!({ "uri": "px-output:/run-1/raw-0.txt" });
    let mut opened = false;
    loop {
        let text = client.request("workspace/textDocumentContent", asked.clone()).await["text"].clone();
        if text == "begun\n" && !std::mem::replace(&mut opened, true) {
            sim.open("gate");
        }
        if text == "begun\ndone\n" {
            break;
        }
        let refresh = client.expect("workspace/textDocumentContent/refresh").await;
        assert_eq!(refresh["params"], asked);
        client.send(&json!({ "jsonrpc": "2.0", "id": refresh["id"], "result": null })).await;
    }
    client.end_with_unread(&["workspace/textDocumentContent/refresh"]).await;
}

#[tokio::test]
async fn a_run_is_exported_as_text_and_to_files_that_are_only_replaced_on_request() {
    let text = "line\n".repeat(5000);
    let png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let script = Script::new().stdout(&text).display(json!({ "image/png": png, "text/plain": "<Figure>" }));
    let sim = Sim::builder().engines(2).on("work()", script).start().await;
    let (mut client, _folder) = on(&sim, "%px work()\n").await;
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    over(&mut client).await;

    let json = client.request("px/export", json!({ "run": 1, "format": "json" })).await["text"].clone();
    let events: Vec<crate::render::JsonEvent> =
        json.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run = crate::render::replay(&events, false, true).expect("it is a run");
    let part = run.part(crate::run::Slot(1)).unwrap();
    assert_eq!(part.stream(crate::jupyter::content::StreamName::Stdout), text);
    let report = client.request("px/export", json!({ "run": 1, "format": "markdown" })).await["text"].clone();
    assert!(report.as_str().unwrap().starts_with("# `%px work()`\n"), "{report}");

    let target = tempfile::tempdir().unwrap();
    let export = |format: &str, name: &str, overwrite: bool| {
        let path = target.path().join(name);
        json!({ "run": 1, "format": format, "path": path, "overwrite": overwrite })
    };
    let written = client.request("px/export", export("json", "run.jsonl", false)).await;
    let file = written["file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), json.as_str().unwrap());
    let again = client.request("px/export", export("json", "run.jsonl", false)).await;
    let message = again["message"].as_str().unwrap();
    assert!(message.contains("already exists and was left alone"), "{again}");
    let again = client.request("px/export", export("markdown", "run.jsonl", true)).await;
    assert_eq!(again["file"], file, "{again}");
    let images = again["images"].as_array().unwrap();
    assert!(images.len() == 1 && images[0].as_str().unwrap().ends_with("/run-1.png"), "{again}");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("  ![](run-1.png)\n") && text.contains("## Output"), "{text}");
    for (name, why) in [("nowhere/run.md", "does not exist; create it first"), ("", "is not a regular file")]
    {
        let answer = client.request("px/export", export("markdown", name, true)).await;
        assert!(answer["message"].as_str().unwrap().contains(why), "{answer}");
    }
    let relative = json!({ "run": 1, "format": "markdown", "path": "run.md" });
    let answer = client.request("px/export", relative).await;
    assert_eq!(
        answer["message"],
        "'run.md' is not the absolute path of a file; name one, such as /home/ada/run-7.md"
    );
    client.end().await;
}

#[tokio::test]
async fn nothing_is_written_in_an_untrusted_workspace() {
    let mut client = Client::start_with(json!({}), json!({ "trusted": false })).await;
    let answer =
        client.request("px/export", json!({ "run": 1, "format": "json", "path": "/nowhere/run.json" })).await;
    let why = "This workspace is not trusted, so pxlens writes nothing; trust it first";
    assert_eq!(answer, json!({ "images": [], "message": why }));
    client.end().await;
}

/// It opened as the cell asks for, and the card beside it as the user had chosen.
#[tokio::test]
async fn a_whole_output_opens_in_the_grouping_that_the_user_chose_for_the_run() {
    let sim = with_a_line().await;
    let (mut client, _folder) = with_a_result(&sim, json!({})).await;
    for (by, name) in [("fold", "fold"), ("engine", "engine")] {
        let grouped = command("group", json!({ "run": 1, "groupBy": by }));
        client.request("workspace/executeCommand", grouped).await;
        let shown = show(&mut client).await;
        let file = shown["file"].as_str().or(shown["uri"].as_str()).unwrap_or_default();
        assert!(file.contains(name), "{shown}");
    }
    client.end_with_unread(&["window/showMessage"]).await;
}
