//! Runs of one cell on a real cluster: comparing the second with the first, clearing results, keeping the last twenty.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{click, hover, lens, start},
    program::{Written, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px
times = globals().get('times', 0) + 1
print('step', 'other' if rank == 2 and times == 2 else 'first')
if rank == 1:
    raise ValueError('as ever')
";

/// Waits until this run is painted as failed.
fn painted(client: &mut Client, uri: &str, run: &Value) {
    client.expect("px/outputs", |params| {
        let is_it = |cell: &Value| cell["run"] == *run && cell["state"] == "failed";
        params["uri"] == uri && params["cells"].as_array().is_some_and(|cells| cells.iter().any(is_it))
    });
}

#[test]
fn a_second_run_is_compared_with_the_first_and_cleared_results_stay_in_the_history() {
    let cluster = real::shared(4);
    let file = Written::new("history.py", SCRIPT);
    let uri = uri(file.path());
    let builder = Client::vscode(pxlens()).capabilities(|all| {
        all["experimental"] = json!({"pxlens": {"outputs": true, "commandLinks": true}});
    });
    let mut client = start(builder, &file, &cluster);
    client.open(&uri, SCRIPT);
    let button = lens(&mut client, &uri, 1, "Run on 4 engines");
    let run = |client: &mut Client| {
        let answer = click(client, &button);
        let run = answer["runs"][0]["run"].clone();
        assert!(run.is_u64(), "{answer}");
        painted(client, &uri, &run);
        run
    };
    let first = run(&mut client);
    let alone = client.request("px/compare", json!({"run": first}));
    assert!(alone["message"].as_str().is_some_and(|text| text.contains("first run of its cell")), "{alone}");
    assert!(!hover(&mut client, &uri, 1, "step").contains("Compare with the previous run"));
    let second = run(&mut client);
    assert!(hover(&mut client, &uri, 1, "step").contains("Compare with the previous run"));
    let compared = client.request("px/compare", json!({"run": second}));
    assert_eq!(compared["summary"], "3 engines as before, [2] changed", "{compared:#}");
    assert_eq!(compared["with"], first);
    let groups = json!([
        {"ranks": "[2]", "engines": [2], "change": "changed", "text": "step ‹first → other›"},
        {"ranks": "[0-1,3]", "engines": [0, 1, 3], "change": "same", "text": ""},
    ]);
    assert_eq!(compared["groups"], groups);
    // The same through the link of the card.
    let link = json!({"command": {"command": "pxlens.server.compare", "arguments": [{"run": second}]}});
    assert_eq!(click(&mut client, &link), compared);
    let asked = client.expect("window/showDocument", |_| true);
    let content = client.request("px/content", json!({"uri": asked["uri"]}));
    assert!(content["text"].as_str().is_some_and(|text| text.contains("3 engines as before, [2] changed")));

    client.expect_diagnostics(&uri, |list| list.iter().any(|one| one["severity"] == 1));
    let cleared = client.request("px/clear", json!({"uri": uri}));
    assert_eq!(cleared, json!({"cleared": 1}));
    client.expect("px/outputs", |params| {
        params["uri"] == uri.as_str()
            && params["removed"].as_array().is_some_and(|removed| removed.len() == 1)
    });
    client.expect_diagnostics(&uri, |list| list.iter().all(|one| one["severity"] != 1));
    let runs = client.request("px/runs", json!({"uri": uri}));
    assert_eq!((&runs["runs"][0]["run"], &runs["runs"][1]["run"]), (&second, &first));

    let newest = (0..25).map(|_| run(&mut client)).last().expect("it ran");
    let cell = runs["runs"][0]["cell"].clone();
    let runs = client.ask_until("px/runs", &json!({"uri": uri, "cell": cell}), |runs| {
        runs["runs"].as_array().is_some_and(|runs| runs.len() == 20)
    });
    assert_eq!(runs["runs"][0]["run"], newest);
}
