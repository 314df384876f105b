//! The card of a run in a hover: what it contains for each kind of client, and what its links do.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::{Client, no_run};

const URI: &str = "file:///a.py";

fn capabilities(extension: Value) -> Value {
    json!({
        "textDocument": { "hover": { "contentFormat": ["markdown"] } },
        "experimental": { "pxlens": extension },
    })
}

async fn hover(client: &mut Client, line: u32) -> String {
    let position = json!({ "line": line, "character": 2 });
    let params = json!({ "textDocument": { "uri": URI }, "position": position });
    let shown = client.request("textDocument/hover", params).await;
    shown["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

/// The commands of a card's links by their titles, ready for `workspace/executeCommand`.
fn links(card: &str) -> Vec<(String, Value)> {
    let link = |rest: &str| {
        let (words, target) = rest.split_once("](command:")?;
        let (id, arguments) = target.split_once(')')?.0.split_once('?')?;
        let arguments = percent_encoding::percent_decode_str(arguments).decode_utf8().ok()?;
        let arguments: Value = serde_json::from_str(&arguments).ok()?;
        Some((words.to_owned(), json!({ "command": id, "arguments": arguments })))
    };
    card.split('[').filter_map(link).collect()
}

async fn follow(client: &mut Client, card: &str, words: &str) -> Value {
    let found = links(card).into_iter().find(|link| link.0 == words);
    let (_, params) = found.unwrap_or_else(|| panic!("no link {words} in {card}"));
    client.request("workspace/executeCommand", params).await
}

/// A client that announced this, whose first run printed a line, displayed an image and is over.
async fn with_a_result(sim: &Sim, extension: Value) -> Client {
    let mut client = Client::start_on(sim, capabilities(extension)).await;
    client.open(URI, "%px work()\n").await;
    run(&mut client, 0).await;
    client.ask_until("px/result", json!({ "run": 1 }), |result| result["state"] == "succeeded").await;
    client
}

async fn with_a_picture() -> Sim {
    let png =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let picture = json!({ "image/png": png, "text/plain": "<Figure>" });
    let work = Script::new().stdout("one\n").display(picture);
    Sim::builder().engines(2).on("work()", work).start().await
}

#[tokio::test]
async fn links_and_images_are_for_clients_that_announced_them() {
    let sim = with_a_picture().await;
    let card_for = async |extension: Value| {
        let mut client = with_a_result(&sim, extension).await;
        let card = hover(&mut client, 0).await;
        assert!(card.contains("`[0-1]`\n```text\none"), "{card}");
        client.end().await;
        card
    };
    let links_to = |card: &str| -> Vec<Value> {
        links(card).into_iter().map(|(_, link)| link["command"].clone()).collect()
    };
    let (group, copy) = (json!("pxlens.server.group"), json!("pxlens.server.copy"));
    // The capability to copy only matters for links.
    for extension in [json!({}), json!({ "copy": true })] {
        let card = card_for(extension).await;
        assert!(!card.contains("](command:") && !card.contains("](data:"), "{card}");
    }
    let card = card_for(json!({ "images": true })).await;
    assert!(!card.contains("](command:") && card.contains("](data:image/png;base64,"), "{card}");
    let card = card_for(json!({ "commandLinks": true })).await;
    let offered = links_to(&card);
    assert!(offered.contains(&group) && !offered.contains(&copy), "{card}");
    assert!(!card.contains("](data:"), "{card}");
    let card = card_for(json!({ "commandLinks": true, "copy": true })).await;
    let offered = links_to(&card);
    assert!(offered.contains(&group) && offered.contains(&copy), "{card}");
}

#[tokio::test]
async fn the_links_of_a_card_are_offered_as_actions_if_the_client_has_no_links() {
    let sim = with_a_picture().await;
    let offered = async |extension: Value| {
        let mut client = with_a_result(&sim, extension).await;
        let at = json!({ "line": 0, "character": 0 });
        let range = json!({ "start": at, "end": at });
        let params =
            json!({ "textDocument": { "uri": URI }, "range": range, "context": { "diagnostics": [] } });
        let actions = client.request("textDocument/codeAction", params).await.to_string();
        client.end().await;
        ["Open the whole output", "Open the output by engine", "Clear this result"]
            .map(|title| actions.contains(title))
    };
    assert_eq!(offered(json!({})).await, [true; 3]);
    assert_eq!(offered(json!({ "commandLinks": true })).await, [false; 3]);
}

#[tokio::test]
async fn grouping_an_unknown_run_is_an_error() {
    let mut client = Client::start(json!({})).await;
    let argument = json!({ "run": 9, "groupBy": "type" });
    let params = json!({ "command": "pxlens.server.group", "arguments": [argument] });
    let id = client.send_request("workspace/executeCommand", params).await;
    assert_eq!(client.answer(id).await["error"]["message"], no_run(9));
    client.end().await;
}

#[tokio::test]
async fn a_client_that_cannot_copy_gets_the_text_as_the_response() {
    let sim = with_a_picture().await;
    let can = json!({ "copy": true });
    for (extension, copied) in [(json!({}), None), (can.clone(), Some(false)), (can, Some(true))] {
        let mut client = with_a_result(&sim, extension).await;
        let plain = text(&mut client, None).await;
        assert!(plain.contains("── [0-1] ──") && plain.contains("\none\n"), "{plain}");
        let params = json!({ "command": "pxlens.server.copy", "arguments": [{ "run": 1, "groupBy": null }] });
        let id = client.send_request("workspace/executeCommand", params).await;
        if let Some(copied) = copied {
            let asked = client.expect("px/copy").await;
            assert_eq!(asked["params"], json!({ "text": plain }));
            let result = json!({ "copied": copied });
            client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result })).await;
        }
        let expected = match copied {
            Some(true) => json!({ "copied": true }),
            _ => json!({ "copied": false, "text": plain }),
        };
        assert_eq!(client.answer(id).await["result"], expected);
        client.end().await;
    }
}

/// Waits until the block of the cell on this 0-based line is as wanted.
async fn painted(client: &mut Client, line: u32, fits: impl Fn(&[&str]) -> bool) {
    let is_painted = |params: &Value| {
        let mut cells = params["cells"].as_array().into_iter().flatten();
        let Some(cell) = cells.find(|cell| cell["range"]["start"]["line"] == line) else { return false };
        let lines = cell["block"].as_array().expect("the client paints blocks").iter();
        let lines: Vec<&str> = lines.map(|line| line["text"].as_str().expect("a text")).collect();
        fits(&lines)
    };
    client.expect_until("px/outputs", is_painted).await;
}

async fn start(sim: &Sim, text: &str) -> Client {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let all = json!({ "outputs": true, "blocks": true, "commandLinks": true, "copy": true });
    let mut client = Client::start_with(capabilities(all), options).await;
    client.open(URI, text).await;
    client
}

async fn run(client: &mut Client, line: u32) {
    let position = json!({ "line": line, "character": 0 });
    client.request("px/run", json!({ "uri": URI, "position": position })).await;
}

/// The text of `px/result`, with or without a grouping.
async fn text(client: &mut Client, group_by: Option<&str>) -> String {
    let result = client.request("px/result", json!({ "run": 1, "groupBy": group_by })).await;
    result["text"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_link_regroups_a_run_everywhere_until_its_cell_runs_again() {
    let sim = Sim::builder().engines(2).on("work()", Script::new().stdout("one\n")).start().await;
    let mut client = start(&sim, "# %%\n%%px\nwork()\n# %%\n%pxresult\n# %%\n%pxresult -r\n").await;
    let folded = |lines: &[&str]| lines.contains(&"[0-1] one");
    run(&mut client, 1).await;
    painted(&mut client, 1, folded).await;
    run(&mut client, 4).await;
    painted(&mut client, 4, folded).await;
    let card = hover(&mut client, 1).await;
    assert!(card.contains("\n**fold** · [type](command:pxlens.server.group?"), "{card}");
    assert!(card.contains("`[0-1]`\n```text\none"), "{card}");
    let answer = follow(&mut client, &card, "engine").await;
    assert_eq!(answer, json!({ "run": 1, "groupBy": "engine" }));
    // It is painted that way, also for the %pxresult that shows it; one with a grouping of its own keeps that.
    painted(&mut client, 4, |lines| lines.ends_with(&["[0] one", "[1] one"])).await;
    let card = hover(&mut client, 1).await;
    assert!(card.contains("· **engine** ·") && card.contains("`[1]`\n```text\none"), "{card}");
    assert!(text(&mut client, None).await.contains("[1] one"));
    let shown = hover(&mut client, 4).await;
    assert!(shown.contains("· **engine** ·") && !shown.contains("[Re-run]"), "{shown}");
    let fixed = hover(&mut client, 6).await;
    assert!(!fixed.contains("pxlens.server.group") && fixed.contains("[Copy]"), "{fixed}");
    // A grouping in the request takes precedence.
    assert!(text(&mut client, Some("fold")).await.contains("[0-1] one"));
    // A new run is grouped as the cell and the setting say.
    follow(&mut client, &card, "Re-run").await;
    painted(&mut client, 1, folded).await;
    assert!(hover(&mut client, 1).await.contains("\n**fold** ·"));
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn the_card_of_a_running_run_offers_to_copy_and_to_interrupt_it() {
    let script = Script::new().stdout("begun\n").wait("gate");
    let sim = Sim::builder().engines(1).on("work()", script).start().await;
    let mut client = start(&sim, "# %%\n%%px\nwork()\n").await;
    run(&mut client, 1).await;
    painted(&mut client, 1, |lines| lines.iter().any(|line| line.contains("begun"))).await;
    let card = hover(&mut client, 1).await;
    let offered = links(&card);
    let words: Vec<&str> = offered.iter().map(|link| link.0.as_str()).collect();
    assert!(words.contains(&"Interrupt") && words.contains(&"Copy"), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("Re-run")), "{words:?}");
    let (_, copy) = offered.iter().find(|link| link.0 == "Copy").expect("that is offered");
    let id = client.send_request("workspace/executeCommand", copy.clone()).await;
    let asked = client.expect("px/copy").await;
    assert!(asked["params"]["text"].as_str().is_some_and(|text| text.contains("begun")), "{asked}");
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "copied": true } })).await;
    assert_eq!(client.answer(id).await["result"], json!({ "copied": true }));
    sim.open("gate");
    client.end_with_unread(&["px/outputs"]).await;
}

#[tokio::test]
async fn text_of_the_document_is_never_a_link_in_a_hover() {
    let sim = Sim::builder().engines(1).start().await;
    let lines = [
        "%px --[x](command:evil)",
        "# %%",
        "%%px --[x](command:evil) `[y](command:evil)`",
        "1",
        "# %%",
        "%pxconfig -t [z](command:evil)",
    ];
    let mut client = start(&sim, &lines.join("\n")).await;
    for line in [0, 2, 5] {
        let card = hover(&mut client, line).await;
        assert!(!card.is_empty());
        let outside = card.replace("\\`", "").replace("\\]", "");
        let outside: String = outside.split('`').step_by(2).collect();
        assert!(!outside.contains("]("), "{card}");
    }
    client.end_with_unread(&["px/outputs", "textDocument/publishDiagnostics"]).await;
}
