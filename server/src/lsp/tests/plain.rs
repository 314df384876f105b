//! What a plain client sees: lenses, hints, hovers, diagnostics, progress, commands; and what one that paints sees.

use pxlens_protocol::RunId;
use serde_json::{Value, json};

use super::client::Client;
use crate::lsp::{Happening, facade::Progress};

const URI: &str = "file:///a.py";

fn document() -> Value {
    json!({ "uri": URI })
}

#[tokio::test]
async fn the_lens_runs_what_it_names() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "%%px\n1\n").await;
    let lenses = client.request("textDocument/codeLens", json!({ "textDocument": document() })).await;
    let command = &lenses[0]["command"];
    assert_eq!(command["title"], "▶ Run on 2 engines");
    let params = json!({ "command": command["command"], "arguments": command["arguments"] });
    let result = client.request("workspace/executeCommand", params).await;
    assert_eq!(result["runs"][0]["engines"], json!([0, 1]));
    assert_eq!(client.session.runs()[0].cell, Some("c".into()));
    client.end().await;
}

#[tokio::test]
async fn a_command_may_say_null_for_what_it_leaves_out() {
    let mut client = Client::start(json!({})).await;
    let argument = json!({ "uri": URI, "scope": null, "position": null });
    let params = json!({ "command": "pxlens.server.runAll", "arguments": [argument] });
    client.request("workspace/executeCommand", params).await;
    client.request("px/run", argument).await;
    let scopes: Vec<_> = client.session.runs().into_iter().map(|run| run.scope).collect();
    assert_eq!(scopes, [pxlens_protocol::Scope::All, pxlens_protocol::Scope::Cell]);
    client.end().await;
}

#[tokio::test]
async fn commands_that_are_wrong_are_refused() {
    let mut client = Client::start(json!({})).await;
    for wrong in [
        json!({ "command": "pxlens.server.fly", "arguments": [{}] }),
        json!({ "command": "pxlens.server.run" }),
        json!({ "command": "pxlens.server.run", "arguments": ["file:///a.py"] }),
        json!({ "command": "pxlens.server.interrupt", "arguments": [{ "run": 999 }] }),
    ] {
        let id = client.ask("workspace/executeCommand", wrong).await;
        assert_eq!(client.answer(id).await["error"]["code"], -32602);
    }
    client.end().await;
}

#[tokio::test]
async fn actions_are_plain_commands_for_a_client_that_knows_no_more() {
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 0 } });
    let params = json!({ "textDocument": document(), "range": range, "context": { "diagnostics": [] } });
    let mut client = Client::start(json!({})).await;
    client.open(URI, "%%px\n1\n").await;
    let actions = client.request("textDocument/codeAction", params.clone()).await;
    assert_eq!(actions[0]["command"], "pxlens.server.run");
    client.end().await;
    let literals = json!({ "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let mut client = Client::start(json!({ "textDocument": { "codeAction": literals } })).await;
    client.open(URI, "%%px\n1\n").await;
    let actions = client.request("textDocument/codeAction", params).await;
    assert_eq!(actions[0]["title"], "▶ Run on 2 engines");
    assert_eq!(actions[0]["command"]["command"], "pxlens.server.run");
    client.end().await;
}

/// The actions of certain kinds, or of any, for a client that takes edits.
async fn actions(capabilities: Value, context: Value) -> Vec<Value> {
    let mut capabilities = capabilities;
    let literals = json!({ "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let mut text = json!({ "codeAction": literals });
    text["codeAction"]["disabledSupport"] = capabilities["disabled"].take();
    capabilities["textDocument"] = text;
    let mut client = Client::start(capabilities).await;
    client.open(URI, "%%px\n1\n").await;
    let at = json!({ "line": 0, "character": 0 });
    let range = json!({ "start": at, "end": at });
    let params = json!({ "textDocument": document(), "range": range, "context": context });
    let actions = client.request("textDocument/codeAction", params).await;
    client.end().await;
    actions.as_array().unwrap().clone()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn actions_come_by_kind_and_saving_runs_no_code() {
    let only = |kinds: Value| actions(json!({}), json!({ "diagnostics": [], "only": kinds }));
    assert_eq!(
        titles(&only(json!([])).await),
        [
            "▶ Run on 2 engines",
            "▶ Run on engine 0 first",
            "Open a console on engine 0",
            "Open a console on engine 1",
            "Mend",
            "Rewrite"
        ]
    );
    assert_eq!(
        titles(&only(json!([""])).await),
        [
            "▶ Run on 2 engines",
            "▶ Run on engine 0 first",
            "Open a console on engine 0",
            "Open a console on engine 1",
            "Mend",
            "Rewrite"
        ]
    );
    assert_eq!(titles(&only(json!(["quickfix"])).await), ["Mend"]);
    assert_eq!(titles(&only(json!(["refactor"])).await), ["Rewrite"]);
    for on_save in ["source", "source.fixAll", "source.organizeImports", "source.pxlens"] {
        assert!(only(json!([on_save])).await.is_empty(), "{on_save}");
    }
    let unasked = actions(json!({}), json!({ "diagnostics": [], "triggerKind": 2 })).await;
    assert_eq!(titles(&unasked).last(), Some(&"Mend"));
}

#[tokio::test]
async fn edits_have_the_form_that_the_client_takes() {
    let context = json!({ "diagnostics": [], "only": ["quickfix", "refactor"] });
    let plain = actions(json!({}), context.clone()).await;
    let at = json!({ "line": 0, "character": 0 });
    let edits = json!([{ "range": { "start": at, "end": at }, "newText": "%px" }]);
    assert_eq!(plain[0]["edit"], json!({ "changes": { URI: edits } }));
    assert_eq!(plain[0]["kind"], "quickfix");
    assert_eq!(plain[0]["isPreferred"], true);
    assert_eq!(plain[0]["diagnostics"][0]["code"], "line-magic");
    let newer = json!({ "disabled": true, "workspace": { "workspaceEdit": { "documentChanges": true } } });
    let newer = actions(newer, context).await;
    let versioned = json!({ "textDocument": { "uri": URI, "version": 1 }, "edits": edits });
    assert_eq!(newer[1]["edit"], json!({ "documentChanges": [versioned] }));
    assert_eq!(newer[1]["kind"], "refactor.rewrite");
    assert_eq!(titles(&newer), ["Mend", "Rewrite", "Never"]);
    assert_eq!(newer[2]["disabled"]["reason"], "no");
}

async fn hints(client: &mut Client) -> Value {
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    client.request("textDocument/inlayHint", json!({ "textDocument": document(), "range": range })).await
}

#[tokio::test]
async fn a_plain_client_gets_plan_and_result_as_hints() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    client.told().await;
    client.session.output(URI, "[0-1] ready");
    let hints = hints(&mut client).await;
    assert_eq!((&hints[0]["label"], &hints[0]["tooltip"]), (&json!("→ [0-1]"), &json!("this line")));
    assert_eq!(hints[1]["label"], "[0-1] ready");
    client.end().await;
}

#[tokio::test]
async fn a_client_that_paints_gets_outputs_and_hints_of_plans_only() {
    let mut client = Client::start(json!({ "experimental": { "pxlens": { "outputs": true } } })).await;
    client.open(URI, "").await;
    let first = client.expect("px/outputs").await;
    assert_eq!(first["params"]["full"], true);
    client.session.output(URI, "ready");
    let next = client.expect("px/outputs").await;
    assert_eq!(next["params"]["cells"][0]["line"]["text"], "ready");
    assert_eq!(next["params"]["seq"], 2);
    let hints = hints(&mut client).await;
    assert_eq!((hints.as_array().unwrap().len(), &hints[0]["label"]), (1, &json!("→ [0-1]")));
    client.notify("px/refreshOutputs", document()).await;
    assert_eq!(client.expect("px/outputs").await["params"]["full"], true);
    client.end().await;
}

async fn hover(client: &mut Client, line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    let params = json!({ "textDocument": document(), "position": position });
    client.request("textDocument/hover", params).await["contents"].clone()
}

#[tokio::test]
async fn hover_answers_on_the_magic_the_failing_line_and_the_end_and_nowhere_else() {
    let mut client =
        Client::start(json!({ "textDocument": { "hover": { "contentFormat": ["markdown"] } } })).await;
    client.open(URI, "").await;
    client.told().await;
    assert_eq!(hover(&mut client, 1, 0).await, Value::Null);
    client.session.output(URI, "ready");
    client.session.raise(URI, "ValueError", "no");
    client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(hover(&mut client, 0, 1).await["value"], "Run on 2 engines\n\n**marked**");
    assert_eq!(hover(&mut client, 1, 0).await["value"], "[0]\n\n```text\nTraceback\nValueError: no\n```\n");
    assert_eq!(hover(&mut client, 2, 0).await, Value::Null);
    assert_eq!(hover(&mut client, 2, 3).await["value"], "**marked**");
    assert_eq!(hover(&mut client, 3, 0).await, Value::Null);
    client.end().await;
}

#[tokio::test]
async fn a_client_without_markdown_hovers_over_plain_text() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    client.told().await;
    client.session.output(URI, "ready");
    assert_eq!(
        hover(&mut client, 0, 1).await,
        json!({ "kind": "plaintext", "value": "Run on 2 engines\n\nplain" })
    );
    client.end().await;
}

#[tokio::test]
async fn errors_are_diagnostics_until_the_document_is_closed() {
    let mut client = Client::start(json!({})).await;
    client.open(URI, "").await;
    client.told().await;
    client.session.raise(URI, "ZeroDivisionError", "division by zero");
    let shown = client.expect("textDocument/publishDiagnostics").await;
    let diagnostic = &shown["params"]["diagnostics"][0];
    assert_eq!(diagnostic["message"], "[0] ZeroDivisionError: division by zero");
    assert_eq!((&diagnostic["severity"], &diagnostic["source"]), (&json!(1), &json!("pxlens")));
    client.notify("textDocument/didClose", json!({ "textDocument": document() })).await;
    let cleared = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(cleared["params"]["diagnostics"], json!([]));
    client.end().await;
}

#[tokio::test(start_paused = true)]
async fn progress_comes_after_a_second_ends_with_the_run_and_its_button_interrupts() {
    let mut client = Client::start(json!({ "window": { "workDoneProgress": true } })).await;
    client.told().await;
    let (short, long) = (RunId(1), RunId(2));
    for (run, title) in [(short, "short"), (long, "long")] {
        client.session.happen(Happening::RunStarted {
            run,
            title: title.into(),
            progress: Progress::default(),
        });
    }
    client.session.happen(Happening::RunEnded { run: short, summary: "done".into() });
    client.session.happen(Happening::RunAdvanced {
        run: long,
        ended: 1,
        of: 4,
        message: "1 of 4 engines · waiting on [1-3]".into(),
    });
    let created = client.expect("window/workDoneProgress/create").await;
    let token = created["params"]["token"].clone();
    assert_eq!(token, "px/run/2", "the short one shows nothing");
    client.send(&json!({ "jsonrpc": "2.0", "id": created["id"], "result": null })).await;
    let begun = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(
        (&begun["kind"], &begun["title"], &begun["cancellable"]),
        (&json!("begin"), &json!("long"), &json!(true))
    );
    let report = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(
        (&report["message"], &report["percentage"]),
        (&json!("1 of 4 engines · waiting on [1-3]"), &json!(25))
    );
    client.notify("window/workDoneProgress/cancel", json!({ "token": token })).await;
    client.told().await;
    assert_eq!(client.session.interrupted()[0].run, long);
    client.session.happen(Happening::RunEnded { run: long, summary: "interrupted".into() });
    let ended = client.expect("$/progress").await["params"]["value"].clone();
    assert_eq!(ended, json!({ "kind": "end", "message": "interrupted" }));
    client.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_shows_no_progress_is_sent_none() {
    let mut client = Client::start(json!({})).await;
    client.told().await;
    let run = RunId(1);
    client.session.happen(Happening::RunStarted { run, title: "long".into(), progress: Progress::default() });
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let message = "1 of 4 engines".to_owned();
    client.session.happen(Happening::RunAdvanced { run, ended: 1, of: 4, message });
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    client.session.happen(Happening::RunEnded { run, summary: "done".into() });
    // It ends with a check that nothing came unread.
    client.end().await;
}

#[tokio::test(start_paused = true)]
async fn lenses_are_refreshed_at_most_twice_a_second() {
    let mut client = Client::start(json!({ "workspace": { "codeLens": { "refreshSupport": true } } })).await;
    client.open(URI, "").await;
    client.told().await;
    let began = tokio::time::Instant::now();
    let mut refreshes = 0;
    while began.elapsed().as_secs() < 10 {
        client.session.output(URI, "ready");
        let asked = client.expect("workspace/codeLens/refresh").await;
        refreshes += 1;
        client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
    }
    assert!((2..=21).contains(&refreshes), "{refreshes} in ten seconds");
    client.end().await;
}

#[tokio::test(start_paused = true)]
async fn output_that_grows_refreshes_no_lens() {
    let mut client = Client::start(json!({ "workspace": { "codeLens": { "refreshSupport": true } } })).await;
    client.open(URI, "").await;
    client.told().await;
    for _ in 0..100 {
        client.session.happen(Happening::OutputGrew { uri: URI.into(), cell: "c".into() });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // It ends with a check that nothing came unread.
    client.end().await;
}
