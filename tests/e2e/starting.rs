//! Clusters that pxlens starts: what is left of one that fails to start or is stopped, and how its hub takes our requests.

use std::{fs, os::unix::fs::PermissionsExt, time::Instant};

use pxlens_tests::{
    PATIENCE,
    cli::Cli,
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::program::{StopAll, Written, cli, pxlens};

/// A Python in which engines fail to start.
fn broken() -> Written {
    let python = real::python();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *ipyparallel.engine*) echo 'ModuleNotFoundError: no module named foo' >&2; exit 1;; esac\nexec {} \"$@\"\n",
        python.display()
    );
    let written = Written::new("python", script);
    fs::set_permissions(written.path(), fs::Permissions::from_mode(0o755)).expect("the file is ours");
    written
}

#[test]
fn a_cluster_whose_engines_fail_to_start_is_reported_and_leaves_nothing() {
    let python = broken();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = |command: Cli| command.env("IPYTHONDIR", folder.path());
    let start = here(cli(["start", "-n", "2", "--python"]).arg(python.path())).run();
    assert_ne!(start.status, 0);
    assert!(start.stderr.contains("no module named foo"), "{}", start.stderr);
    // Its controller did start: left running, it would be found as a cluster without engines.
    let left = here(cli(["clusters", "--json"])).run();
    assert_eq!(left.stdout.trim(), "", "{}", left.stdout);
}

/// All that told a newcomer was a cut-off progress in the status bar, and where the installation failed the last lines of pip.
#[test]
fn a_python_without_ipyparallel_is_named_with_what_to_do_and_so_is_why_there_is_no_private_environment() {
    let text = "%px 6 * 7\n";
    let file = Written::new("newcomer.py", text);
    let bare = r#"{"program": "", "version": "3.12.1", "ipyparallel": null, "ipykernel": null}"#;
    let script =
        format!("#!/bin/sh\ncase \"$*\" in *venv*) echo 'no network' >&2; exit 1;; esac\necho '{bare}'\n");
    let python = file.folder().join("python3");
    fs::write(&python, script).expect("the folder is ours");
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let mut client = Client::vscode(pxlens())
        .args(["lsp"])
        .env("IPYTHONDIR", file.folder())
        .env("XDG_DATA_HOME", file.folder())
        .env("PATH", file.folder())
        .env("VIRTUAL_ENV", "")
        .env("CONDA_PREFIX", "")
        .folder(file.folder())
        .start();
    let uri = uri(file.path());
    client.open(&uri, text);
    let run = json!({ "uri": uri, "position": { "line": 0, "character": 0 } });
    let asked = client.request("px/run", run);
    let remedies = format!("`{} -m pip install ipyparallel`", python.display());
    let said = client.expect("window/showMessage", |message| message["type"] == 2);
    let said = said["message"].as_str().expect("a sentence");
    let named = format!("{} (on PATH) has no ipyparallel", python.display());
    assert!(said.starts_with(&named) && said.contains(&remedies) && said.contains("pxlens.python"), "{said}");
    let why = asked["notRun"][0]["reason"].as_str().expect("it cannot run");
    let advice = why.find(&remedies).expect("what to do");
    assert!(
        why.contains("pxlens.python") && advice < why.find("no network").expect("what happened"),
        "{why}"
    );
}

/// `import pandas` failed on the engines without a word that they use another Python than the project.
#[test]
fn a_module_that_is_missing_in_the_private_environment_is_explained_once() {
    let text = "%px import no_such_module\n%px import another\n%px 6 * 7\n";
    let file = Written::new("missing.py", text);
    let _stop = StopAll(file.folder());
    let environment = file.folder().join("pxlens/python");
    let python = real::python();
    fs::create_dir(file.folder().join("pxlens")).expect("the folder is ours");
    let whole = python.ancestors().nth(2).expect("it is in bin of an environment");
    std::os::unix::fs::symlink(whole, &environment).expect("the folder is ours");
    let settings = json!({ "python": environment.join("bin/python"), "engines": 1 });
    let mut client = Client::vscode(pxlens())
        .args(["lsp"])
        .env("IPYTHONDIR", file.folder())
        .env("XDG_DATA_HOME", file.folder())
        .folder(file.folder())
        .options(settings.clone())
        .settings(settings)
        .start();
    let uri = uri(file.path());
    client.open(&uri, text);
    let run = json!({ "uri": uri, "position": { "line": 0, "character": 0 } });
    client.request("px/run", run);
    let said = client.expect("window/showMessage", |message| message["type"] == 2);
    let said = said["message"].as_str().expect("a sentence");
    assert!(
        said.starts_with("No module named 'no_such_module': the engines run in a private environment"),
        "{said}"
    );
    client.request("px/run", json!({ "uri": uri, "position": { "line": 1, "character": 0 } }));
    client.request("px/run", json!({ "uri": uri, "position": { "line": 2, "character": 0 } }));
    client.ask_until("px/runs", &json!({}), |answer| answer["runs"][0]["state"] == "succeeded");
    let said = client.heard("window/showMessage");
    assert_eq!(
        said.iter().filter(|one| one.to_string().contains("a private environment")).count(),
        1,
        "{said:#?}"
    );
}

/// Two engines came up after the editor had gone, and stayed.
#[test]
fn a_cluster_that_starts_when_the_editor_ends_is_given_up() {
    let file = Written::new("gone.py", "%px 6 * 7\n");
    let mut client = open(&file, "%px 6 * 7\n");
    // It is not answered.
    let _ =
        client.send("px/run", json!({ "uri": uri(file.path()), "position": { "line": 0, "character": 0 } }));
    client.expect("$/progress", |progress| progress.to_string().contains("its engines are starting"));
    client.hang_up();
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Its files may outlive it if pxlens had no time left to remove them; they are listed only with `--all`.
        let left = cli(["clusters"]).env("IPYTHONDIR", file.folder()).run();
        if left.stdout.starts_with("No cluster is running.") {
            return;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for no cluster to be left: {left:?}");
    }
}

/// A client with a px cell, on an IPython directory of its own.
fn open(file: &Written, text: &str) -> Client {
    let settings = json!({ "python": real::python(), "engines": 1 });
    let mut client = Client::vscode(pxlens())
        .args(["lsp"])
        .env("IPYTHONDIR", file.folder())
        .folder(file.folder())
        .options(settings.clone())
        .settings(settings)
        .start();
    client.open(&uri(file.path()), text);
    client
}

/// Runs the first cell, and waits for its end.
fn run(client: &mut Client, file: &Written) -> Value {
    let uri = uri(file.path());
    let at = json!({ "line": 0, "character": 0 });
    let asked = client.request("px/run", json!({ "uri": uri, "position": at }));
    let run = asked["runs"][0]["run"].clone();
    assert!(run.is_u64(), "{asked:#}");
    client.ask_until("px/runs", &json!({}), |answer| {
        answer["runs"]
            .as_array()
            .is_some_and(|runs| runs.iter().any(|one| one["run"] == run && one["state"] == "succeeded"))
    });
    run
}

#[test]
fn after_the_chosen_cluster_was_stopped_a_run_starts_another_one() {
    let text = "%px 6 * 7\n";
    let file = Written::new("chosen.py", text);
    let _stop = StopAll(file.folder());
    let mut client = open(&file, text);
    let started = client.request("px/startCluster", json!({}))["cluster"].clone();
    let choice = json!({ "profile": started["profile"], "clusterId": started["clusterId"] });
    let chosen = client.request("px/connect", choice);
    assert_eq!(chosen["cluster"]["clusterId"], started["clusterId"], "{chosen:#}");
    run(&mut client, &file);
    let stopped = client
        .request("px/stopCluster", json!({ "connectionFile": started["connectionFile"], "notOurs": false }));
    assert_eq!(stopped["stopped"], true, "{stopped:#}");
    run(&mut client, &file);
    let engines = client.request("px/engines", json!({}));
    assert_ne!(engines["clusters"][0]["clusterId"], started["clusterId"], "{engines:#}");
    client.shut_down();
}

#[test]
fn the_hub_of_ipyparallel_handles_our_requests_without_an_exception() {
    let text = "%px 6 * 7\n";
    let file = Written::new("hub.py", text);
    let _stop = StopAll(file.folder());
    let mut client = open(&file, text);
    run(&mut client, &file);
    let logs = file.folder().join("profile_default/log");
    let controller = || {
        let all = fs::read_dir(&logs).expect("clusters have logs").filter_map(Result::ok);
        let log = all.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("ipcontroller-"));
        fs::read_to_string(log.expect("the controller has one")).expect("it is text")
    };
    // It logs a completed request a moment later.
    client.ask_until("px/runs", &json!({}), |_| controller().contains("completed on 0"));
    let log = controller();
    assert!(!log.contains("Uncaught exception"), "{log}");
    client.shut_down();
}
