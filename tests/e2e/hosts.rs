//! On which hosts engines run, and which engines a run still waits for: in the list of engines, on the line beside a cell, and
//! as progress.

use pxlens_tests::{
    lsp::{Builder, Client, uri},
    real,
    sim::{Script, Sim},
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{lens, start},
    program::{Written, cli, events, pxlens, run},
};

/// Starts a client on the simulation and opens a file with this text; waits until its lens knows the engines.
fn open(client: Builder, sim: &Sim, text: &str, magic: u64) -> (Client, String, Written) {
    let file = Written::new("hosts.py", text);
    let uri = uri(file.path());
    let client = client.args(["lsp"]).env("IPYTHONDIR", sim.ipython_dir());
    let mut client = client.folder(file.folder()).start();
    client.open(&uri, text);
    lens(&mut client, &uri, magic, "on 4 engines");
    (client, uri, file)
}

/// Runs the cell on this line; returns the token of its progress.
fn run_at(client: &mut Client, uri: &str, line: u64) -> String {
    let position = json!({ "line": line, "character": 0 });
    let answer = client.request("px/run", json!({ "uri": uri, "position": position }));
    format!("px/run/{}", answer["runs"][0]["run"])
}

/// Waits for a message of one cell whose line fits; returns that cell.
fn painted(client: &mut Client, fits: impl Fn(&str) -> bool) -> Value {
    let params =
        client.expect("px/outputs", |params| params["cells"][0]["line"]["text"].as_str().is_some_and(&fits));
    params["cells"][0].clone()
}

fn progress(client: &mut Client, token: &str, kind: &str, message: &str) {
    client.expect("$/progress", |params| {
        let value = &params["value"];
        params["token"] == token && value["kind"] == kind && value["message"] == message
    });
}

fn cancel(client: &mut Client, token: &str) {
    client.notify("window/workDoneProgress/cancel", json!({ "token": token }));
}

#[test]
fn engines_are_listed_with_their_host_and_process() {
    let mut cluster = real::shared(4);
    let host = cluster.python("import socket\nanswer = socket.gethostname()");
    let pids = cluster.pids();
    let file = cluster.connection_file();
    let listed = events(&cli(["engines", "--json", "--connection-file"]).arg(&file).run());
    assert_eq!(listed.len(), 4);
    for engine in &listed {
        let id = u32::try_from(engine["id"].as_u64().expect("an id")).expect("a small one");
        assert_eq!((&engine["host"], &engine["pid"]), (&host, &json!(pids[&id])), "{engine:#}");
    }
    let shown = cli(["engines", "--connection-file"]).arg(&file).run().stdout;
    let (host, pid) = (host.as_str().expect("a name"), pids[&2].to_string());
    let line = shown.lines().find(|line| line.trim_start().starts_with("2 ")).expect("engine 2 is listed");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!((words[2], words[3]), (host, pid.as_str()), "{shown}");

    let script = Written::new("hosts.py", "%px 1\n");
    let mut client = start(Client::vscode(pxlens()), &script, &cluster);
    client.open(&uri(script.path()), "%px 1\n");
    lens(&mut client, &uri(script.path()), 0, "on 4 engines");
    let answer = client.request("px/engines", json!({}));
    let engines = answer["clusters"][0]["engines"].as_array().expect("a list");
    let places: Vec<(&Value, &Value)> = engines.iter().map(|one| (&one["host"], &one["pid"])).collect();
    let expected: Vec<(Value, Value)> = pids.values().map(|pid| (json!(host), json!(pid))).collect();
    assert_eq!(places, expected.iter().map(|(host, pid)| (host, pid)).collect::<Vec<_>>());
}

#[test]
fn engines_of_unknown_hosts_are_listed_and_run_cells() {
    let sim =
        Sim::builder().engines(2).hosts(|engine| (engine == 1).then(|| "n02".to_owned())).start_blocking();
    let shown = cli(["engines", "--connection-file"]).arg(sim.connection_file()).run().stdout;
    let words = |line: &str| line.split_whitespace().take(4).map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = shown.lines().skip(1).map(words).collect();
    assert_eq!(lines, [["0", "alive", "-", "-"], ["1", "alive", "n02", "1001"]]);
    let file = Written::new("one.py", "%px 1\n");
    let done = run(file.path(), &sim.connection_file()).arg("--json").run();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(sim.executed().len(), 2);
    let asked = sim.requests().into_iter().filter(|one| one.msg_type == "usage_request").count();
    assert_eq!(asked, 4, "each engine once, by each of the two clients");
}

#[test]
fn the_engine_that_a_run_waits_for_is_shown_with_its_host_and_time_and_can_be_interrupted() {
    let code = "x = 1\nwork()";
    let sim = Sim::builder()
        .engines(4)
        .a_host_each()
        .on(code, Script::new())
        .on_engine(2, code, Script::new().hang())
        .start_blocking();
    let (mut client, uri, _file) =
        open(Client::vscode(pxlens()), &sim, &format!("# %%\n%%px\n{code}\n\n"), 1);
    let token = run_at(&mut client, &uri, 1);
    let waits = |text: &str| text.starts_with("⏳ 3/4 · waiting on [2] n03 · ");
    let first = painted(&mut client, waits);
    assert_eq!(first["lineAt"], 3, "behind the last line of the cell that is not blank");
    // No engine sends anything any more; only the time changes.
    let then = |text: &str| waits(text) && *text != first["line"]["text"];
    let second = painted(&mut client, then);
    painted(&mut client, |text| then(text) && *text != second["line"]["text"]);
    progress(&mut client, &token, "report", "3 of 4 engines · waiting on [2] n03");

    cancel(&mut client, &token);
    let failed = painted(&mut client, |text| text.starts_with("✗ [2] KeyboardInterrupt"));
    assert_eq!(failed["lineAt"], 2, "behind the line that was interrupted: {failed:#}");
    progress(&mut client, &token, "end", "1 of 4 failed");
    let signalled = sim.requests().into_iter().filter(|one| one.msg_type == "signal_request");
    assert_eq!(signalled.map(|one| one.engine).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn a_queued_run_has_progress_and_cancelling_that_removes_it_from_the_queue() {
    let sim = Sim::builder().engines(4).on("first()", Script::new().hang()).start_blocking();
    let (mut client, uri, _file) =
        open(Client::vscode(pxlens()), &sim, "# %%\n%%px\nfirst()\n# %%\n%%px\nsecond()\n", 1);
    let first = run_at(&mut client, &uri, 1);
    let second = run_at(&mut client, &uri, 4);
    progress(&mut client, &first, "report", "0 of 4 engines · waiting on [0-3]");
    progress(&mut client, &second, "report", "queued");
    cancel(&mut client, &second);
    progress(&mut client, &second, "end", "4 of 4 not run");
    cancel(&mut client, &first);
    progress(&mut client, &first, "end", "4 of 4 failed");
    assert!(sim.executed().iter().all(|request| request.code() == "first()\n"));
}

#[test]
fn in_a_plain_client_a_hint_names_the_engine_that_a_run_waits_for_without_a_time() {
    let sim =
        Sim::builder().engines(4).a_host_each().on_engine(2, "work()", Script::new().hang()).start_blocking();
    let without = |capabilities: &mut Value| capabilities["window"]["workDoneProgress"] = json!(false);
    let client = Client::neovim(pxlens()).capabilities(without);
    let (mut client, uri, _file) = open(client, &sim, "# %%\n%%px\nwork()\n", 1);
    run_at(&mut client, &uri, 1);
    let lines = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 3, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri }, "range": lines });
    let hints = client.ask_until("textDocument/inlayHint", &params, |answer| {
        answer[0]["label"] == "⏳ 3/4 · waiting on [2]"
    });
    assert_eq!(hints[0]["position"], json!({ "line": 1, "character": 4 }));
    assert_eq!(client.heard("$/progress"), [] as [Value; 0]);
}
