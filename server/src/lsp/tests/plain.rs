//! Hints, hovers, diagnostics, actions and commands for a plain client, and outputs for one that paints.

use pxlens_tests::sim::{Script, Sim};
use serde_json::{Value, json};

use super::client::Client;

const URI: &str = "file:///a.py";

fn document() -> Value {
    json!({ "uri": URI })
}

/// A client with this document open, on a cluster of two engines.
async fn on(sim: &Sim, capabilities: Value, text: &str) -> Client {
    let mut client = Client::start_on(sim, capabilities).await;
    client.open(URI, text).await;
    client.engines(2).await;
    client
}

async fn two() -> Sim {
    Sim::builder()
        .engines(2)
        .on("work()", Script::new().stdout("ready\n"))
        .on_engine(0, "fail()", Script::new().error("ZeroDivisionError", "division by zero"))
        .start()
        .await
}

/// Runs all px cells, and waits until they have ended.
async fn run_all(client: &mut Client) {
    let result = client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    for run in result["runs"].as_array().unwrap() {
        let is_over = |result: &Value| ["succeeded", "failed"].iter().any(|state| result["state"] == *state);
        client.ask_until("px/result", json!({ "run": run["run"] }), is_over).await;
    }
}

/// What a command overrides is no change of the cell: the result was dimmed as soon as it came.
#[tokio::test]
async fn a_result_of_other_engines_than_the_cell_names_is_not_stale() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px\nwork()\n").await;
    let params = json!({ "uri": URI, "scope": "all", "targets": "1", "block": false });
    assert_eq!(client.request("px/run", params).await["runs"][0]["engines"], json!([1]));
    let cells = client
        .ask_until("px/cells", json!({ "uri": URI }), |answer| answer["cells"][0]["state"] == "succeeded");
    assert_eq!(cells.await["cells"][0]["stale"], false);
    client.edit(URI, 2, "%%px\nrest()\n").await;
    assert_eq!(client.request("px/cells", json!({ "uri": URI })).await["cells"][0]["stale"], true);
    client.end().await;
}

/// Only the Markdown hover said so: a plain client showed the result of `/data/a` at code that deletes `/data/b`.
#[tokio::test]
async fn a_plain_client_is_told_that_a_result_is_of_other_code() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px\nwork()\n").await;
    run_all(&mut client).await;
    let at_magic = json!({ "textDocument": document(), "position": { "line": 0, "character": 1 } });
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let hints = json!({ "textDocument": document(), "range": range });
    let why = "The code or its plan has changed since this run.";
    let fresh = client.request("textDocument/inlayHint", hints.clone()).await;
    assert_eq!(
        fresh[0]["label"].as_str().map(|label| label.starts_with("✓ [0-1] ready")),
        Some(true),
        "{fresh}"
    );
    assert!(fresh[0].get("tooltip").is_none(), "{fresh}");
    for (version, text, is_stale) in
        [(2, "%%px\nother()\n", true), (3, "%%px\nwork()\n", false), (4, "%%px -t 0\nwork()\n", true)]
    {
        client.edit(URI, version, text).await;
        let hover = client.request("textDocument/hover", at_magic.clone()).await;
        let hover = hover["contents"]["value"].as_str().unwrap().to_owned();
        assert_eq!(hover.contains(why), is_stale, "{hover}");
        let hints = client.request("textDocument/inlayHint", hints.clone()).await;
        let hint = hints.as_array().unwrap().iter().find(|hint| hint["label"].to_string().contains('✓'));
        let hint = hint.unwrap_or_else(|| panic!("a result in {hints}"));
        let label = hint["label"].as_str().unwrap();
        assert_eq!(label.starts_with("≈ ✓ "), is_stale, "{label}");
        assert!(label.chars().count() <= 43, "{label}");
        assert_eq!(hint.get("tooltip"), is_stale.then(|| json!(why)).as_ref(), "{hint}");
    }
    client.end_with_unread(&["window/showMessage"]).await;
}

/// It was a hint on the magic's line, and nothing said why.
#[tokio::test]
async fn the_error_of_other_code_says_that_the_code_has_changed() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px\nfail()\n").await;
    run_all(&mut client).await;
    let failed = |params: &Value| params["diagnostics"][0]["severity"] == 1;
    client.expect_until("textDocument/publishDiagnostics", failed).await;
    client.edit(URI, 2, "%%px\nother()\n").await;
    let stale = |params: &Value| params["diagnostics"][0]["severity"] == 4;
    let stale = client.expect_until("textDocument/publishDiagnostics", stale).await;
    assert_eq!(
        stale["diagnostics"][0]["message"],
        "[0] ZeroDivisionError: division by zero\nThe code or its plan has changed since this run."
    );
    client.end_with_unread(&["window/showMessage"]).await;
}

/// It was answered that there is no px cell at the cursor.
#[tokio::test]
async fn a_run_in_a_document_that_is_not_open_is_an_error_and_a_click_there_is_told_why() {
    let mut client = Client::start_with(json!({}), json!({ "trusted": true })).await;
    let why = "file:///a.py is not open in the editor; open it first";
    for params in
        [json!({ "uri": URI }), json!({ "uri": URI, "scope": "all" }), json!({ "uri": URI, "cell": "c1" })]
    {
        let id = client.send_request("px/run", params.clone()).await;
        let answer = client.answer(id).await;
        assert_eq!((&answer["error"]["code"], &answer["error"]["message"]), (&json!(-32602), &json!(why)));
        let press = json!({ "command": "pxlens.server.run", "arguments": [params] });
        let result = client.request("workspace/executeCommand", press).await;
        assert_eq!(result["notRun"][0]["reason"], why);
        assert_eq!(client.expect("window/showMessage").await["params"]["message"], why);
    }
    client.end().await;
}

#[tokio::test]
async fn null_in_the_argument_of_a_command_counts_as_absent() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "# %%\n%px a\n# %%\n%px b\n").await;
    let found = client.request("px/cells", document()).await;
    let ids: Vec<&Value> = found["cells"].as_array().unwrap().iter().map(|cell| &cell["id"]).collect();
    let ran = |result: &Value| -> Vec<Value> {
        result["runs"].as_array().unwrap().iter().map(|run| run["cell"].clone()).collect()
    };
    let argument = json!({ "uri": URI, "scope": null, "position": null });
    let params = json!({ "command": "pxlens.server.runAll", "arguments": [argument] });
    let all = client.request("workspace/executeCommand", params).await;
    assert_eq!(ran(&all).iter().collect::<Vec<_>>(), ids);
    // Without a scope it is a single cell, and this request names none.
    let none = client.request("px/run", argument).await;
    assert_eq!(
        (ran(&none).len(), &none["notRun"][0]["reason"]),
        (0, &json!(crate::session::RunError::NoCell(crate::session::NoCell::Here).to_string()))
    );
    let one = json!({ "uri": URI, "scope": null, "position": null, "cell": ids[1] });
    assert_eq!(ran(&client.request("px/run", one).await), [ids[1].clone()]);
    client.end().await;
}

#[tokio::test]
async fn invalid_commands_are_refused() {
    let mut client = Client::start(json!({})).await;
    for wrong in [
        json!({ "command": "pxlens.server.fly", "arguments": [{}] }),
        json!({ "command": "pxlens.server.run" }),
        json!({ "command": "pxlens.server.run", "arguments": ["file:///a.py"] }),
        json!({ "command": "pxlens.server.interrupt", "arguments": [{ "run": 999 }] }),
    ] {
        let id = client.send_request("workspace/executeCommand", wrong).await;
        assert_eq!(client.answer(id).await["error"]["code"], -32602);
    }
    client.end().await;
}

#[tokio::test]
async fn actions_are_commands_for_a_client_without_code_action_literals() {
    let sim = two().await;
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 0 } });
    let params = json!({ "textDocument": document(), "range": range, "context": { "diagnostics": [] } });
    let mut client = on(&sim, json!({}), "%%px\n1\n").await;
    let actions = client.request("textDocument/codeAction", params.clone()).await;
    assert_eq!(actions[0]["command"], "pxlens.server.run");
    client.end().await;
    let literals = json!({ "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let mut client = on(&sim, json!({ "textDocument": { "codeAction": literals } }), "%%px\n1\n").await;
    let actions = client.request("textDocument/codeAction", params).await;
    assert_eq!(actions[0]["title"], "▶ Run on 2 engines");
    assert_eq!(actions[0]["command"]["command"], "pxlens.server.run");
    client.end().await;
}

/// A px cell with one fixable problem and several rewrites, one of which cannot be applied here.
const ODD: &str = "# %%\n    %pxconfig --noblock\n    x = 1\n    %px print 1\n";

const FIX: &str = "Write print(…)";
const REWRITES: [&str; 1] = ["Write all px magics for VS Code (#!%%px)"];

/// The code actions for a context, for a client that supports edits.
async fn actions(sim: &Sim, capabilities: Value, context: Value) -> Vec<Value> {
    let mut capabilities = capabilities;
    let literals = json!({ "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } });
    let mut text = json!({ "codeAction": literals });
    text["codeAction"]["disabledSupport"] = capabilities["disabled"].take();
    capabilities["textDocument"] = text;
    let mut client = on(sim, capabilities, ODD).await;
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 3, "character": 1 } });
    let params = json!({ "textDocument": document(), "range": range, "context": context });
    let actions = client.request("textDocument/codeAction", params).await;
    assert_eq!(client.expect("textDocument/publishDiagnostics").await["params"]["uri"], URI);
    client.end().await;
    actions.as_array().unwrap().clone()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn actions_are_filtered_by_kind_and_saving_runs_no_code() {
    let sim = two().await;
    let only = |kinds: Value| actions(&sim, json!({}), json!({ "diagnostics": [], "only": kinds }));
    let fixes = [FIX];
    let rewrites = REWRITES;
    let runs = [
        "▶ Run on 2 engines",
        "▶ Run on engine 0 first",
        "Open a console on engine 0",
        "Open a console on engine 1",
    ];
    let all = [&runs[..], &fixes, &rewrites].concat();
    assert_eq!(titles(&only(json!([])).await), all);
    assert_eq!(titles(&only(json!([""])).await), all);
    assert_eq!(titles(&only(json!(["quickfix"])).await), fixes);
    assert_eq!(titles(&only(json!(["refactor"])).await), rewrites);
    for on_save in ["source", "source.fixAll", "source.organizeImports", "source.pxlens"] {
        assert!(only(json!([on_save])).await.is_empty(), "{on_save}");
    }
    let automatic = actions(&sim, json!({}), json!({ "diagnostics": [], "triggerKind": 2 })).await;
    assert_eq!(titles(&automatic).last(), fixes.last());
}

#[tokio::test]
async fn edits_have_the_form_that_the_client_supports() {
    let sim = two().await;
    let context = json!({ "diagnostics": [], "only": ["quickfix", "refactor"] });
    let plain = actions(&sim, json!({}), context.clone()).await;
    let at = |character: u32| json!({ "line": 3, "character": character + 4 });
    let edits = json!([{ "range": { "start": at(9), "end": at(10) }, "newText": "(" }, { "range": { "start": at(11), "end": at(11) }, "newText": ")" }]);
    assert_eq!(plain[0]["edit"], json!({ "changes": { URI: edits } }));
    assert_eq!(plain[0]["kind"], "quickfix");
    assert_eq!(plain[0]["isPreferred"], true);
    assert_eq!(plain[0]["diagnostics"][0]["code"], "old-print");
    let newer = json!({ "disabled": true, "workspace": { "workspaceEdit": { "documentChanges": true } } });
    let newer = actions(&sim, newer, context).await;
    let document = json!({ "uri": URI, "version": 1 });
    assert_eq!(
        newer[0]["edit"],
        json!({ "documentChanges": [{ "textDocument": document, "edits": edits }] })
    );
    assert_eq!(newer[1]["edit"]["documentChanges"][0]["textDocument"], document);
    assert_eq!(newer[1]["kind"], "refactor.rewrite");
    let never = "Move the options of this %pxconfig to the cells it applies to";
    assert_eq!(titles(&newer), [&[FIX][..], &REWRITES, &[never]].concat());
    assert_eq!(
        newer[2]["disabled"]["reason"],
        "The %px on line 4 cannot become a %%px cell: only a plain %px at the start of a line can"
    );
}

async fn hints(client: &mut Client) -> Value {
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    client.request("textDocument/inlayHint", json!({ "textDocument": document(), "range": range })).await
}

#[tokio::test]
async fn a_plain_client_gets_plan_and_result_as_hints() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px --targets 0\nwork()\n").await;
    run_all(&mut client).await;
    let hints = hints(&mut client).await;
    let tooltip = "Runs on 1 of 2 engines: [0].\nthis line: --targets 0 sets the targets";
    assert_eq!((&hints[0]["label"], &hints[0]["tooltip"]), (&json!("→ [0]"), &json!(tooltip)));
    let result = hints[1]["label"].as_str().unwrap();
    assert!(result.starts_with("✓ [0] ready · "), "{result}");
    client.end().await;
}

#[tokio::test]
async fn a_client_that_paints_gets_outputs_and_hints_of_plans_only() {
    let sim = two().await;
    let paints = json!({ "experimental": { "pxlens": { "outputs": true } } });
    let mut client = on(&sim, paints, "%%px --targets 0\nwork()\n").await;
    let first = client.expect("px/outputs").await;
    assert_eq!((&first["params"]["full"], &first["params"]["seq"]), (&json!(true), &json!(1)));
    client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
    let mut seq = 1;
    loop {
        let next = client.expect("px/outputs").await["params"].clone();
        seq += 1;
        assert_eq!(next["seq"], seq);
        if next["cells"][0]["state"] == "succeeded" {
            let line = next["cells"][0]["line"]["text"].as_str().unwrap();
            assert!(line.starts_with("✓ [0] ready · "), "{line}");
            break;
        }
    }
    let hints = hints(&mut client).await;
    assert_eq!((hints.as_array().unwrap().len(), &hints[0]["label"]), (1, &json!("→ [0]")));
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
    let sim = Sim::builder()
        .engines(2)
        .on("x = 1\nfail()\nx", Script::new().error("ValueError", "no"))
        .start()
        .await;
    let markdown = json!({ "textDocument": { "hover": { "contentFormat": ["markdown"] } } });
    let mut client = on(&sim, markdown, "%%px\nx = 1\nfail()\nx\n# %%\n").await;
    assert_eq!(hover(&mut client, 1, 0).await, Value::Null);
    run_all(&mut client).await;
    client.expect("textDocument/publishDiagnostics").await;
    let card = "✗ Parallel execution on engine(s): `[0-1]` · 2 of 2 failed · ";
    let text = async |client: &mut Client, line: u32, character: u32| {
        hover(client, line, character).await["value"].as_str().unwrap_or_default().to_owned()
    };
    let magic = text(&mut client, 0, 1).await;
    assert!(
        magic.starts_with(&format!("Run on 2 engines\n\n{card}")) && magic.contains("ValueError: no"),
        "{magic}"
    );
    let traceback = text(&mut client, 1, 0).await;
    assert!(
        traceback.starts_with("[0-1]\n\n```text\n") && traceback.ends_with("ValueError: no\n```\n"),
        "{traceback}"
    );
    assert!(traceback.contains("Traceback"), "{traceback}");
    assert_eq!(hover(&mut client, 2, 0).await, Value::Null);
    let end = text(&mut client, 3, 1).await;
    assert!(end.starts_with(card) && end.contains("ValueError: no"), "{end}");
    assert_eq!(hover(&mut client, 3, 0).await, Value::Null);
    assert_eq!(hover(&mut client, 4, 0).await, Value::Null);
    client.end().await;
}

#[tokio::test]
async fn a_client_without_markdown_gets_plain_text_in_hovers() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px\nwork()\n").await;
    run_all(&mut client).await;
    let hover = hover(&mut client, 0, 1).await;
    assert_eq!(hover["kind"], "plaintext");
    let text = hover["value"].as_str().unwrap();
    let card = "Run on 2 engines\n\nParallel execution on engine(s): [0-1]\n[0-1] ready\n✓ 2 engines · ";
    assert!(text.starts_with(card) && !text.contains(['`', '*']), "{text}");
    client.end().await;
}

#[tokio::test]
async fn errors_are_diagnostics_until_the_document_is_closed() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "%%px\nfail()\n").await;
    run_all(&mut client).await;
    let shown = client.expect("textDocument/publishDiagnostics").await;
    let diagnostic = &shown["params"]["diagnostics"][0];
    assert_eq!(diagnostic["message"], "[0] ZeroDivisionError: division by zero");
    assert_eq!((&diagnostic["severity"], &diagnostic["source"]), (&json!(1), &json!("pxlens")));
    client.notify("textDocument/didClose", json!({ "textDocument": document() })).await;
    let cleared = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(cleared["params"]["diagnostics"], json!([]));
    client.end().await;
}

#[tokio::test]
async fn texts_of_an_error_that_differ_are_listed_with_their_engines() {
    for related in [true, false] {
        let mut sim = Sim::builder().engines(3);
        for engine in 0..3 {
            let text = format!("rank {}", engine.min(1));
            sim = sim.on_engine(engine, "work()", Script::new().error("ValueError", &text));
        }
        let sim = sim.start().await;
        let capabilities =
            json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": related } } });
        let mut client = Client::start_on(&sim, capabilities).await;
        client.open(URI, "%px work()\n").await;
        client.engines(3).await;
        client.request("px/run", json!({ "uri": URI, "scope": "all" })).await;
        let names_all = |params: &Value| params.to_string().contains("[0-2]");
        let shown =
            client.expect_until("textDocument/publishDiagnostics", names_all).await["diagnostics"].take();
        assert!(shown.to_string().contains("[1-2] ValueError: rank 1"), "{shown:#}");
        assert_eq!(shown[0]["relatedInformation"].is_array(), related, "{shown:#}");
        client.end().await;
    }
}

#[tokio::test]
async fn hovering_a_pxresult_shows_the_result_without_running_anything() {
    let sim = two().await;
    let mut client = on(&sim, json!({}), "x = 1\n%px work()\n\n%pxresult\n").await;
    client.request("px/run", json!({ "uri": URI, "position": { "line": 1, "character": 0 } })).await;
    let params = json!({ "textDocument": document(), "position": { "line": 1, "character": 2 } });
    let has_output = |hover: &Value| hover.to_string().contains("ready");
    client.ask_until("textDocument/hover", params, has_output).await;
    let mut text =
        async |line: u32| hover(&mut client, line, 2).await["value"].as_str().unwrap_or_default().to_owned();
    assert!(text(3).await.contains("ready"));
    assert_eq!((text(0).await, text(2).await), (String::new(), String::new()));
    assert_eq!(sim.executed().len(), 2);
    client.end().await;
}
