//! Clusters that do not come up: what is said, and what is left.

use std::{fs, os::unix::fs::PermissionsExt};

use pxlens_tests::{cli::Cli, real};

use crate::program::{Written, cli};

/// A Python in which engines end at once.
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
fn a_cluster_whose_engines_end_at_once_is_said_so_and_is_gone() {
    let python = broken();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = |command: Cli| command.env("IPYTHONDIR", folder.path());
    let start = here(cli(["start", "-n", "2", "--python"]).arg(python.path())).run();
    assert_ne!(start.status, 0);
    assert!(start.stderr.contains("no module named foo"), "{}", start.stderr);
    // Its controller was up: it would be found, and no engine would ever come.
    let left = here(cli(["clusters", "--json"])).run();
    assert_eq!(left.stdout.trim(), "", "{}", left.stdout);
}
