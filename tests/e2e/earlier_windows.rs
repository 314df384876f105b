//! What a shell or window that is gone left running is recognized and stopped by a later one.

#![cfg(unix)]

use std::path::Path;

use nix::sys::signal::Signal;
use pxlens_tests::{
    cli::{Cli, Done},
    lsp::{Client, uri},
    real::{self, RealCluster},
};
use serde_json::{Value, json};

use crate::{
    program::{Written, cli, events, pxlens, run},
    shell::{in_order, status},
};

/// Says that it began, and then nothing more.
const LOOP: &str = "%%px\nimport time\nprint('looping', flush=True)\nwhile True: time.sleep(0.01)\n";

/// A user, whom pxlens knows by the state folder.
struct User(tempfile::TempDir);

impl User {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("pxlens-state-").tempdir().expect("a temporary folder"))
    }

    fn state(&self) -> &Path {
        self.0.path()
    }

    /// `pxlens COMMAND … --connection-file CLUSTER`, as this user calls it.
    fn call<'a>(&self, words: impl IntoIterator<Item = &'a str>, cluster: &RealCluster) -> Done {
        let called: Cli = cli(words).arg("--connection-file").arg(cluster.connection_file());
        called.env("XDG_STATE_HOME", self.state()).run()
    }

    /// Runs the loop on all engines, and is killed while they work.
    fn leaves_a_loop_behind(&self, cluster: &RealCluster) {
        let file = Written::new("loop.py", LOOP);
        let running = run(file.path(), &cluster.connection_file()).arg("--json");
        let mut running = running.env("XDG_STATE_HOME", self.state()).start();
        let engines = cluster.engines();
        running.wait_until("the loops", |stdout, _| stdout.matches("looping").count() >= engines);
        running.signal(Signal::SIGKILL);
        assert_eq!(running.wait().status, 128 + 9);
    }

    /// What the engines do, and for whom.
    fn engines(&self, cluster: &RealCluster) -> Vec<Value> {
        let done = self.call(["engines", "--json"], cluster);
        status(&done, 0);
        events(&done)
    }
}

#[test]
fn a_later_shell_says_what_an_earlier_one_left_running_and_stops_it() {
    let cluster = real::shared(4);
    let (user, other) = (User::new(), User::new());
    user.leaves_a_loop_behind(&cluster);

    let engines = user.engines(&cluster);
    let run = engines[0]["run"].as_str().expect("a run of this user").to_owned();
    assert!(engines.iter().all(|engine| engine["activity"] == "busy"), "{engines:#?}");
    assert!(engines.iter().all(|one| one["whose"] == "mine" && one["run"] == *run), "{engines:#?}");
    let listed = user.call(["engines"], &cluster);
    in_order(&listed.stdout, &["busy", &format!("run {run}, of another pxlens of yours")]);
    assert!(other.engines(&cluster).iter().all(|one| one["whose"] == "other"));

    // Somebody else's: only after asking, and where nobody can answer, not at all.
    let left = "Engines [0-3] left alone: at work for another client";
    let done = other.call(["interrupt", "--mine"], &cluster);
    assert_eq!((done.status, done.stdout), (0, format!("{left}\n")));
    let done = other.call(["interrupt"], &cluster);
    assert_eq!((done.status, done.stdout), (2, format!("{left}; --yes interrupts them too\n")));

    let done = user.call(["interrupt", "--engines", "0-1,", "--mine"], &cluster);
    assert_eq!((done.status, &*done.stdout), (0, "Engines [0-1] signalled: stopped\n"), "{done:?}");
    let done = user.call(["interrupt", "--run", &run], &cluster);
    let said = "Engines [2-3] signalled: stopped\nEngines [0-1] had nothing to do\n";
    assert_eq!((done.status, &*done.stdout), (0, said), "{done:?}");
    let done = user.call(["interrupt", "--mine"], &cluster);
    assert_eq!((done.status, &*done.stdout), (0, "Engines [0-3] had nothing to do\n"), "{done:?}");

    let file = Written::new("after.py", "%px print('free again')\n");
    let done = crate::program::run(file.path(), &cluster.connection_file()).run();
    status(&done, 0);
    in_order(&done.stdout, &["[0-3] free again"]);
}

#[test]
fn what_another_client_runs_is_interrupted_with_yes() {
    let cluster = real::shared(4);
    let (user, other) = (User::new(), User::new());
    user.leaves_a_loop_behind(&cluster);
    let done = other.call(["interrupt", "--yes", "--signal", "2"], &cluster);
    assert_eq!((done.status, &*done.stdout), (0, "Engines [0-3] signalled: stopped\n"), "{done:?}");
}

/// A window that is opened again after the editor crashed: its cells wait behind what the lost one left running.
#[test]
fn a_cell_behind_the_loop_of_a_lost_window_is_interrupted_and_then_the_loop() {
    let cluster = real::shared(4);
    let user = User::new();
    user.leaves_a_loop_behind(&cluster);
    let text = "%px print('now')\n";
    let file = Written::new("next.py", text);
    let uri = uri(file.path());
    let window = Client::vscode(pxlens()).args(["lsp"]).env("XDG_STATE_HOME", user.state());
    let mut window = window.env("IPYTHONDIR", cluster.ipython_dir()).folder(file.folder()).start();
    window.open(&uri, text);
    let engines = |answer: &Value| answer["clusters"][0]["engines"].as_array().cloned().unwrap_or_default();
    let all_mine = |engines: &[Value]| {
        engines.len() == 4 && engines.iter().all(|one| one["worksFor"]["whose"] == "mine")
    };
    window.ask_until("px/engines", &json!({}), |answer| all_mine(&engines(answer)));

    let asked = window.request("px/run", json!({"uri": uri, "position": {"line": 0, "character": 0}}));
    let run = asked["runs"][0]["run"].clone();
    let answer = window.request("px/interrupt", json!({ "run": run }));
    assert_eq!((&answer["leftMine"], &answer["leftAlone"]), (&json!([0, 1, 2, 3]), &json!([])), "{answer:#}");
    // "The cell stays running."
    let state = |answer: &Value| answer["runs"][0]["state"].clone();
    window.ask_until("px/runs", &json!({}), |answer| state(answer) == "failed");

    let asked = window.request("px/interruptEngines", json!({}));
    assert_eq!((&asked["leftMine"], &asked["signalled"]), (&json!([0, 1, 2, 3]), &json!([])), "{asked:#}");
    let answer = window.request("px/interruptEngines", json!({"whose": "mine"}));
    assert_eq!(answer["signalled"], json!([0, 1, 2, 3]), "{answer:#}");
    let idle =
        |engines: &[Value]| engines.iter().all(|one| one["state"] == "idle" && one.get("worksFor").is_none());
    window.ask_until("px/engines", &json!({}), |answer| idle(&engines(answer)));
    assert_eq!(window.shut_down(), 0);
}
