//! The card of a run in a hover: what a client gets by what it announced, and what its links do.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;
use crate::lsp::{Bridge, Session};

const URI: &str = "file:///a.py";

fn capabilities(extension: Value) -> Value {
    json!({
        "textDocument": { "hover": { "contentFormat": ["markdown"] } },
        "experimental": { "pxlens": extension },
    })
}

async fn hover<S: Session>(client: &mut Client<S>, line: u32) -> String {
    let position = json!({ "line": line, "character": 2 });
    let params = json!({ "textDocument": { "uri": URI }, "position": position });
    let shown = client.request("textDocument/hover", params).await;
    shown["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

/// The commands of a card's links by their words, ready for `workspace/executeCommand`.
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

async fn follow<S: Session>(client: &mut Client<S>, card: &str, words: &str) -> Value {
    let found = links(card).into_iter().find(|link| link.0 == words);
    let (_, params) = found.unwrap_or_else(|| panic!("no link {words} in {card}"));
    client.request("workspace/executeCommand", params).await
}

#[tokio::test]
async fn links_and_images_are_for_clients_that_announced_them() {
    let told = async |extension: Value| {
        let mut client = Client::start(capabilities(extension)).await;
        client.open(URI, "%px 1\n").await;
        client.told().await;
        client.session.output(URI, "✓");
        hover(&mut client, 0).await
    };
    let plain = "Run on 2 engines\n\n**marked**";
    assert_eq!(told(json!({})).await, plain);
    assert_eq!(told(json!({ "images": true })).await, format!("{plain} images"));
    // Copying is for links alone.
    assert_eq!(told(json!({ "copy": true })).await, plain);
    let links = told(json!({ "commandLinks": true })).await;
    assert!(links.contains(" pxlens.server.group") && !links.contains(" pxlens.server.copy"), "{links}");
    assert!(told(json!({ "commandLinks": true, "copy": true })).await.contains(" pxlens.server.copy"));
}

#[tokio::test]
async fn what_a_card_links_to_is_offered_as_actions_where_it_has_no_links() {
    let offered = async |extension: Value| {
        let mut client = Client::start(capabilities(extension)).await;
        client.open(URI, "%px 1\n").await;
        client.told().await;
        client.session.output(URI, "✓");
        let at = json!({ "line": 0, "character": 0 });
        let range = json!({ "start": at, "end": at });
        let params =
            json!({ "textDocument": { "uri": URI }, "range": range, "context": { "diagnostics": [] } });
        let actions = client.request("textDocument/codeAction", params).await.to_string();
        ["Open the whole output", "Open the output by engine", "Clear this result"]
            .map(|title| actions.contains(title))
    };
    assert_eq!(offered(json!({})).await, [true; 3]);
    assert_eq!(offered(json!({ "commandLinks": true })).await, [false; 3]);
}

#[tokio::test]
async fn a_run_that_is_not_there_is_an_error() {
    let mut client = Client::start(json!({})).await;
    let argument = json!({ "run": 9, "groupBy": "type" });
    let params = json!({ "command": "pxlens.server.group", "arguments": [argument] });
    let id = client.ask("workspace/executeCommand", params).await;
    assert_eq!(client.answer(id).await["error"]["message"], "there is no run 9");
    client.end().await;
}

#[tokio::test]
async fn a_client_that_cannot_copy_gets_the_text_as_the_answer() {
    let can = json!({ "copy": true });
    for (extension, copied) in [(json!({}), None), (can.clone(), Some(false)), (can, Some(true))] {
        let mut client = Client::start(capabilities(extension)).await;
        let params = json!({ "command": "pxlens.server.copy", "arguments": [{ "run": 1, "groupBy": null }] });
        let id = client.ask("workspace/executeCommand", params).await;
        if let Some(copied) = copied {
            let asked = client.expect("px/copy").await;
            assert_eq!(asked["params"], json!({ "text": "plain" }));
            let result = json!({ "copied": copied });
            client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result })).await;
        }
        let expected = match copied {
            Some(true) => json!({ "copied": true }),
            _ => json!({ "copied": false, "text": "plain" }),
        };
        assert_eq!(client.answer(id).await["result"], expected);
        client.end().await;
    }
}

/// Waits until the block of the cell on this 0-based line is as wanted.
async fn painted(client: &mut Client<Bridge>, line: u32, fits: impl Fn(&[&str]) -> bool) {
    loop {
        let outputs = client.expect("px/outputs").await;
        let cells = outputs["params"]["cells"].as_array().cloned().unwrap_or_default();
        let Some(cell) = cells.iter().find(|cell| cell["range"]["start"]["line"] == line) else { continue };
        let lines = cell["block"].as_array().expect("the client paints blocks").iter();
        let lines: Vec<&str> = lines.map(|line| line["text"].as_str().expect("a text")).collect();
        if fits(&lines) {
            return;
        }
    }
}

async fn start(sim: &Sim, text: &str) -> Client<Bridge> {
    let options = json!({ "trusted": true, "cluster": { "connectionFile": sim.connection_file() } });
    let all = json!({ "outputs": true, "blocks": true, "commandLinks": true, "copy": true });
    let mut client = Client::start_with(Bridge::start(), capabilities(all), options).await;
    client.open(URI, text).await;
    client
}

async fn run(client: &mut Client<Bridge>, line: u32) {
    let position = json!({ "line": line, "character": 0 });
    client.request("px/run", json!({ "uri": URI, "position": position })).await;
}

/// What `px/result` gives as text, in a grouping or in none.
async fn text(client: &mut Client<Bridge>, group_by: Option<&str>) -> String {
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
    // It is painted so, also by the %pxresult that shows it; one with a grouping of its own keeps that.
    painted(&mut client, 4, |lines| lines.ends_with(&["[0] one", "[1] one"])).await;
    let card = hover(&mut client, 1).await;
    assert!(card.contains("· **engine** ·") && card.contains("`[1]`\n```text\none"), "{card}");
    assert!(text(&mut client, None).await.contains("[1] one"));
    let recalled = hover(&mut client, 4).await;
    assert!(recalled.contains("· **engine** ·") && !recalled.contains("[Re-run]"), "{recalled}");
    let fixed = hover(&mut client, 6).await;
    assert!(!fixed.contains("pxlens.server.group") && fixed.contains("[Copy]"), "{fixed}");
    // What is asked for goes first.
    assert!(text(&mut client, Some("fold")).await.contains("[0-1] one"));
    // A new run begins as the cell and the setting say.
    follow(&mut client, &card, "Re-run").await;
    painted(&mut client, 1, folded).await;
    assert!(hover(&mut client, 1).await.contains("\n**fold** ·"));
}

#[tokio::test]
async fn a_card_of_a_run_that_goes_on_offers_to_copy_and_to_interrupt_it() {
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
    let id = client.ask("workspace/executeCommand", copy.clone()).await;
    let asked = client.expect("px/copy").await;
    assert!(asked["params"]["text"].as_str().is_some_and(|text| text.contains("begun")), "{asked}");
    client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "copied": true } })).await;
    assert_eq!(client.answer(id).await["result"], json!({ "copied": true }));
    sim.open("gate");
}

#[tokio::test]
async fn text_of_the_document_makes_no_link_in_a_hover() {
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
}
