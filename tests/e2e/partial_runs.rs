//! Cells that run on only some of their engines, or on one engine before the others, on a real cluster.

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::json;

use crate::{
    lsp_run::{hover, start},
    program::{Written, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px
canary_touched = 1
if rank == 0:
    raise ValueError('the first fails')

# %%
%%px
print('touched', globals().get('canary_touched', 0))
";

#[test]
fn the_other_engines_run_a_cell_only_if_it_succeeds_on_the_first() {
    let cluster = real::shared(4);
    let file = Written::new("canary.py", SCRIPT);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, SCRIPT);
    let run = |client: &mut Client, line: u32| {
        let at = json!({"uri": uri, "position": {"line": line, "character": 0}, "canary": true});
        let answer = client.request("px/run", at);
        assert_eq!(answer["runs"][0]["engines"], json!([0, 1, 2, 3]), "one run over all: {answer:#}");
    };
    run(&mut client, 1);
    hover(&mut client, &uri, 1, "engine 0 failed, so this was not sent");
    run(&mut client, 7);
    let seen = hover(&mut client, &uri, 7, "4 engines ·");
    assert!(
        seen.contains("`[1-3]`\n```text\ntouched 0") && seen.contains("touched 1"),
        "only engine 0 had run the first cell: {seen}"
    );
}

const STOPPED: &str = "\
# %%
%%px
import time
reached = 1
if rank == 0:
    print('begun', flush=True)
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        print('went on')

# %%
%%px
print('reached', globals().get('reached', 0))
";

#[test]
fn a_run_that_is_interrupted_on_its_first_engine_goes_to_no_other_even_if_the_first_succeeds() {
    let cluster = real::shared(4);
    let file = Written::new("stopped.py", STOPPED);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, STOPPED);
    let at = json!({"uri": uri, "position": {"line": 1, "character": 0}, "canary": true});
    let run = client.request("px/run", at)["runs"][0]["run"].clone();
    hover(&mut client, &uri, 1, "begun");
    client.request("px/interrupt", json!({"run": run}));
    let seen = hover(&mut client, &uri, 1, "interrupted before it was sent");
    assert!(seen.contains("went on"), "{seen}");
    client.request("px/run", json!({"uri": uri, "position": {"line": 12, "character": 0}}));
    let seen = hover(&mut client, &uri, 12, "4 engines ·");
    assert!(
        seen.contains("`[1-3]`\n```text\nreached 0") && seen.contains("reached 1"),
        "only engine 0 had run the first cell: {seen}"
    );
}

const PARTS: &str = "\
# %%
%%px
runs_of_it = globals().get('runs_of_it', 0) + 1
print('side', 'left' if rank < 3 or runs_of_it > 1 else 'right')
if rank == 1 and runs_of_it == 1:
    raise ValueError('the first time')

# %%
%%px
print('run', runs_of_it, 'times')

# %%
%%px
import time
if rank == 2:
    print('slow', flush=True)
    time.sleep(600)
";

#[test]
fn only_engines_that_failed_or_differ_run_again_and_only_stragglers_are_interrupted() {
    let cluster = real::shared(4);
    let file = Written::new("parts.py", PARTS);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, PARTS);
    let run = |client: &mut Client, line: u32, more: serde_json::Value| {
        let mut params = json!({"uri": uri, "position": {"line": line, "character": 0}});
        params.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        client.request("px/run", params)["runs"][0].clone()
    };
    run(&mut client, 1, json!({}));
    hover(&mut client, &uri, 1, "1 of 4 failed");
    let differing = run(&mut client, 1, json!({"only": "differing"}));
    assert_eq!(differing["engines"], json!([1, 3]), "{differing:#}");
    hover(&mut client, &uri, 1, "2 engines ·");
    run(&mut client, 8, json!({}));
    let seen = hover(&mut client, &uri, 8, "4 engines ·");
    assert!(seen.contains("run ‹1 2 1 2›"), "engines 1 and 3 ran it twice: {seen}");

    let slow = run(&mut client, 12, json!({}))["run"].clone();
    hover(&mut client, &uri, 12, "3 of 4 ended, waiting on [2]");
    hover(&mut client, &uri, 12, "slow");
    let stopped = client.request("px/interrupt", json!({"run": slow, "stragglers": true}));
    assert_eq!(stopped["signalled"], json!([2]), "{stopped:#}");
    hover(&mut client, &uri, 12, "1 of 4 interrupted");
    let again = run(&mut client, 12, json!({"only": "failed"}));
    assert_eq!(again["engines"], json!([2]), "{again:#}");
    let stopped = client.request("px/interrupt", json!({"run": again["run"]}));
    assert!(stopped["refused"].is_null(), "{stopped:#}");
}

const ENDLESS: &str = "\
# %%
%%px --targets 2
import time
time.sleep(600)
";

/// An engine publishes that it is busy before it runs the cell's code, and IPython swallows an interrupt in between.
#[test]
fn an_interrupt_right_after_the_start_is_never_lost() {
    let cluster = real::shared(4);
    let file = Written::new("endless.py", ENDLESS);
    let uri = uri(file.path());
    let mut client = start(Client::vscode(pxlens()), &file, &cluster);
    client.open(&uri, ENDLESS);
    for _ in 0..30 {
        let run = client.request("px/run", json!({"uri": uri, "position": {"line": 1, "character": 0}}));
        client.request("px/interrupt", json!({"run": run["runs"][0]["run"]}));
        // It is interrupted, or aborted before it begins.
        hover(&mut client, &uri, 1, "1 of 1 ");
    }
}
