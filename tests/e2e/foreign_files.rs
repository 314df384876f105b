//! Files of other users, on a machine that many share: a Python and a connection file are not used unasked, and the reason is
//! given.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use pxlens_tests::{
    lsp::{Client, uri},
    real,
    sim::{Script, Sim},
};
use serde_json::json;

use crate::program::{Written, cli, pxlens, run};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// A program in a new folder, as a shell script.
fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the temporary folder can be written");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("the temporary folder can be written");
    set_mode(path, 0o755);
}

/// It was run as the user, by whoever opened a file below the folder.
#[test]
fn a_python_that_another_user_left_in_a_shared_folder_is_not_run() {
    let shared = tempfile::tempdir().expect("a temporary folder");
    let project = shared.path().join("ada/project");
    fs::create_dir_all(&project).expect("the temporary folder can be written");
    fs::write(project.join("work.py"), "%px print('ran')\n").expect("the temporary folder can be written");
    let trap = shared.path().join(".venv/bin/python");
    let was_run = shared.path().join("was-run");
    script(&trap, &format!("touch {}", was_run.display()));
    if let Err(error) = chown(shared.path().join(".venv"), Some(65534), None) {
        eprintln!("SKIPPED: only root can give files away ({error})");
        return;
    }
    let bin = shared.path().join("ada/bin");
    script(&bin.join("python3"), &format!("exec {} \"$@\"", real::python().display()));
    let done = cli(["run", "-n", "1", "work.py"])
        .folder(&project)
        .env("IPYTHONDIR", project.join("ipython"))
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .run();
    assert_eq!(done.status, 0, "{done:#?}");
    assert!(done.stdout.contains("ran"), "{done:#?}");
    let venv = shared.path().join(".venv");
    let why = format!("skipped {} (.venv): {} belongs to nobody", trap.display(), venv.display());
    assert!(done.stderr.contains(&why), "{}", done.stderr);
    assert!(done.stderr.contains("choose it with --python or the setting pxlens.python"), "{}", done.stderr);
    assert!(!was_run.exists(), "it was run");
}

#[test]
fn a_connection_file_that_others_can_read_is_used_only_if_the_user_says_so() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout("ran\n")).start_blocking();
    let file = sim.connection_file_with(&json!({}));
    let text = "%px work()\n";
    let work = Written::new("work.py", text);
    set_mode(&file, 0o644);
    let refused = run(work.path(), &file).run();
    assert_ne!(refused.status, 0, "{refused:#?}");
    let why = format!("the connection file {} can be read by other users (mode 0644)", file.display());
    assert!(refused.stderr.contains(&why), "{}", refused.stderr);
    assert!(refused.stderr.contains(&format!("`chmod 600 {}`", file.display())), "{}", refused.stderr);
    let allowed = run(work.path(), &file).arg("--shared-connection-file").run();
    assert_eq!(allowed.status, 0, "{allowed:#?}");
    assert!(allowed.stdout.contains("ran"), "{allowed:#?}");

    for shared in [false, true] {
        let settings = json!({ "cluster": { "connectionFile": file }, "sharedConnectionFiles": shared });
        let mut client =
            Client::vscode(pxlens()).args(["lsp"]).options(settings.clone()).settings(settings).start();
        client.open(&uri(work.path()), text);
        let answer = client.request("px/run", json!({ "uri": uri(work.path()), "scope": "all" }));
        let reason = answer["notRun"][0]["reason"].as_str().unwrap_or_default();
        assert_eq!((reason.contains(&why), answer["runs"][0].is_null()), (!shared, !shared), "{answer:#}");
        client.shut_down();
    }
}
