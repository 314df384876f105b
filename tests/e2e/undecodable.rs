//! What engines and files hold that is neither UTF-8 nor JSON to the letter: what can be read of it is shown, with `�` for the
//! rest. On a real cluster, since what matters is which bytes ipyparallel sends.

use pxlens_tests::{
    cli::Done,
    real,
    sim::{Script, Sim},
};
use serde_json::{Value, json};

use crate::{
    program::{Written, cli, events, run},
    shell::status,
};

/// What engine 0 answers to a cell, as the events of `--json`.
fn answered(code: &str) -> (Vec<Value>, Done) {
    let cluster = real::shared(4);
    let file = Written::new("cell.py", format!("# %%\n%%px --targets 0\n{code}\n"));
    let done = run(file.path(), &cluster.connection_file()).arg("--json").run();
    let events: Vec<Value> = events(&done);
    assert!(events.iter().all(|event| event["event"] != "unreadable"), "{events:#?}");
    (events, done)
}

/// The only event of this name.
#[track_caller]
fn the<'a>(events: &'a [Value], name: &str) -> &'a Value {
    let found: Vec<&Value> = events.iter().filter(|event| event["event"] == name).collect();
    let [event] = found[..] else { panic!("not one {name:?} in {events:#?}") };
    event
}

#[test]
fn one_byte_that_is_not_utf_8_costs_the_stream_that_byte() {
    let (events, done) = answered("print('before'); print('caf\\udce9'); print('after')");
    let text: String = events
        .iter()
        .filter(|event| event["event"] == "stdout")
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert_eq!(text, "before\ncaf\u{fffd}\nafter\n");
    assert_eq!(the(&events, "ended")["state"], "ok");
    status(&done, 0);
}

#[test]
fn an_error_whose_text_is_not_utf_8_is_an_error() {
    let (events, done) = answered("raise OSError('caf\\udce9')");
    let error = the(&events, "error");
    assert_eq!((&error["ename"], &error["evalue"]), (&json!("OSError"), &json!("caf\u{fffd}")));
    assert!(error["traceback"].as_array().is_some_and(|lines| !lines.is_empty()), "{error:#}");
    assert_eq!(the(&events, "ended")["state"], "error");
    status(&done, 1);
}

#[test]
fn a_traceback_that_is_no_list_is_shown_all_the_same() {
    let code = "class Odd(Exception):\n    def _render_traceback_(self):\n        return 'as it likes'\nraise Odd('why')";
    let (events, done) = answered(code);
    assert_eq!(the(&events, "error")["evalue"], "why");
    status(&done, 1);
}

#[test]
fn json_that_serde_refuses_does_not_cost_a_display_its_text() {
    let code = "from IPython.display import display\ndeep = 1\nfor _ in range(200):\n    deep = [deep]\n\
                display({'text/plain': 'deep', 'application/json': deep}, raw=True)";
    let (events, _) = answered(code);
    let data = &the(&events, "display")["data"];
    assert_eq!(data["text/plain"], "deep");
    assert!(data["application/json"].is_array(), "{data}");

    let code = "from IPython.display import display\n\
                display({'text/plain': 'huge', 'application/json': {'n': 10**400, 'm': 7}}, raw=True)";
    let (events, _) = answered(code);
    let data = &the(&events, "display")["data"];
    assert_eq!(data["text/plain"], "huge");
    assert_eq!(data["application/json"], json!({"n": format!("1{}", "0".repeat(400)), "m": 7}));
}

#[test]
fn a_display_and_a_result_whose_text_is_not_utf_8_are_shown() {
    let code = "from IPython.display import display\nclass Name:\n    def __repr__(self):\n        return 'caf\\udce9'\n\
                display(Name())\nName()";
    let (events, _) = answered(code);
    for name in ["display", "result"] {
        assert_eq!(the(&events, name)["data"]["text/plain"], "caf\u{fffd}");
    }
}

#[test]
fn a_display_id_that_is_a_number_names_its_display() {
    let code = "from IPython.display import display, update_display\n\
                display({'text/plain': 'old'}, raw=True, display_id=7)\n\
                update_display({'text/plain': 'new'}, raw=True, display_id=7)";
    let (events, _) = answered(code);
    assert_eq!(the(&events, "display")["display_id"], "7");
    assert_eq!(the(&events, "update_display")["display_id"], "7");
}

#[test]
fn a_script_in_the_encoding_that_it_declares_runs_as_it_is_written() {
    let sim = Sim::builder().engines(1).start_blocking();
    let file = Written::new("latin.py", b"# -*- coding: latin-1 -*-\n%px print('caf\xe9')\n");
    status(&run(file.path(), &sim.connection_file()).run(), 0);
    assert_eq!(sim.executed()[0].code(), "print('café')");
}

/// As deep as can be read from an engine, and deeper once it is in the file of a result.
#[test]
fn a_deep_value_is_kept_with_its_result_and_found_again() {
    let deep = (0..124).fold(json!(1), |value, _| json!([value]));
    let script = Script::new().display(json!({"text/plain": "deep", "application/json": deep}));
    let sim = Sim::builder().engines(1).on("work()", script).start_blocking();
    let file = Written::new("cell.py", "# %%\n%%px -o deep\nwork()\n");
    let state = |cli: pxlens_tests::cli::Cli| cli.env("XDG_STATE_HOME", file.folder());
    status(&state(run(file.path(), &sim.connection_file())).run(), 0);
    let done = state(cli(["result", "deep"])).run();
    status(&done, 0);
    assert!(done.stdout.contains("deep"), "{}", done.stdout);
}

#[test]
fn a_notebook_with_a_number_that_is_not_json_runs() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout("it ran\n")).start_blocking();
    let text = r#"{"cells": [{"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [{"output_type":
        "display_data", "metadata": {}, "data": {"application/json": {"y": [1.5, NaN, -Infinity]}}}],
        "source": ["%%px\n", "work()"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#;
    let file = Written::new("plot.ipynb", text);
    let done = run(file.path(), &sim.connection_file()).run();
    status(&done, 0);
    assert!(done.stdout.contains("it ran"), "{}", done.stdout);
}
