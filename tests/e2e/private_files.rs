//! The permissions of everything that pxlens writes: what it makes on its own, only the user can read; what the user asks for
//! by name follows the umask.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use pxlens_tests::{
    cli::Cli,
    lsp::{Client, uri},
    real,
};
use serde_json::json;

use crate::program::{Written, pxlens};

/// `pxlens` with a umask that takes nothing away.
fn open_to_all() -> Written {
    let script = format!("#!/bin/sh\numask 000\nexec {} \"$@\"\n", pxlens().display());
    let written = Written::new("pxlens", script);
    fs::set_permissions(written.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    written
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Everything in a folder, at any depth, with its mode; paths are relative.
fn all_in(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("it is there").flatten() {
            let path = entry.path();
            if entry.file_type().expect("readable").is_dir() {
                folders.push(path.clone());
            }
            found.push((path.strip_prefix(folder).expect("in it").to_owned(), mode(&path)));
        }
    }
    found.sort();
    found
}

const TEXT: &str = "\
%%px -o fit
import base64
from IPython.display import Image, display
pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
display(Image(base64.b64decode(pixel)))

%px open('made_by_the_user.txt', 'w').close(); print('x' * 2_000_000)
";

/// Runs the document, waits for its end, and exports a run.
fn use_the_editor(program: &Path, home: &Path, file: &Path, export: &Path) {
    let mut client = Client::vscode(program)
        .args(["lsp"])
        .env("HOME", home)
        .env("IPYTHONDIR", home.join("ipython"))
        .folder(home)
        .start();
    client.open(&uri(file), TEXT);
    let asked = client.request("px/run", json!({ "uri": uri(file), "scope": "all" }));
    let runs = asked["runs"].as_array().expect("runs").len();
    assert_eq!(runs, 2, "{asked:#}");
    client.ask_until("px/runs", &json!({}), |answer| {
        let over = |run: &serde_json::Value| run["state"] == "succeeded";
        answer["runs"].as_array().is_some_and(|all| all.iter().filter(|run| over(run)).count() == runs)
    });
    let run = &asked["runs"][1]["run"];
    client.request(
        "px/export",
        json!({ "run": run, "format": "markdown", "path": export, "overwrite": false }),
    );
    let spilled: Vec<_> = all_in(&home.join(".cache/pxlens/spilled"));
    let names: Vec<&Path> = spilled.iter().map(|(path, _)| path.as_path()).collect();
    assert!(names.iter().any(|path| path.ends_with("engine-0.txt")), "{names:?}");
    assert_eq!(open_among(home), [] as [String; 0]);
    client.shut_down();
}

/// What others could open.
fn open_among(home: &Path) -> Vec<String> {
    let open = all_in(home).into_iter().filter(|(path, mode)| {
        // Engines make these, with the user's umask; the first are in a folder that only the user can open.
        let of_ipython = path.starts_with("ipython/profile_default")
            && !["log", "security", "pid"].iter().any(|part| path.iter().any(|name| name == *part));
        let of_jupyter = [".local/share", ".local/share/jupyter"].iter().any(|name| path == Path::new(name));
        let is_theirs = of_ipython || of_jupyter;
        mode & 0o077 != 0 && !is_theirs
    });
    open.map(|(path, mode)| format!("{} {mode:o}", path.display())).collect()
}

#[test]
fn what_pxlens_makes_on_its_own_is_closed_to_others_whatever_the_umask() {
    let program = open_to_all();
    let home = tempfile::tempdir().expect("a temporary folder");
    let home = home.path();
    let work = Written::new("work.py", TEXT);
    let pxlens = |args: &[&str]| {
        let cli = Cli::new(program.path()).args(args).env("HOME", home).folder(work.folder());
        cli.env("IPYTHONDIR", home.join("ipython"))
    };
    let started = pxlens(&["start", "-n", "1", "--python"]).arg(real::python()).run();
    assert_eq!(started.status, 0, "{started:#?}");
    let pictures = work.folder().join("pictures");
    let ran = pxlens(&["run"]).arg(work.path()).arg("--images").arg(&pictures).run();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let console = pxlens(&["console", "0", "--print"]).run();
    assert_eq!(console.status, 0, "{console:#?}");
    let export = work.folder().join("report.md");
    use_the_editor(program.path(), home, work.path(), &export);
    assert_eq!(pxlens(&["stop", "--all"]).run().status, 0);

    assert_eq!(open_among(home), [] as [String; 0]);
    let all = all_in(home);
    let names: Vec<String> = all.iter().map(|(path, _)| path.display().to_string()).collect();
    for made in [
        ".local/state/pxlens/results/fit.json",
        ".local/share/jupyter/runtime/kernel-pxlens-",
        ".cache/pxlens/spilled",
    ] {
        assert!(names.iter().any(|name| name.starts_with(made)), "{made} is not among {names:#?}");
    }
    assert_eq!(mode(&home.join("ipython/profile_default")), 0o700);
    // Asked for by name, or made by the user's code.
    assert_eq!(
        [mode(&pictures), mode(&export), mode(&work.folder().join("made_by_the_user.txt"))],
        [0o777, 0o666, 0o666]
    );
    let picture = fs::read_dir(&pictures).expect("it is there").flatten().next().expect("a picture").path();
    assert_eq!(mode(&picture), 0o666);
}
