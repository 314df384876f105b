//! The server as plain LSP clients use it: pytest-lsp with the capabilities of known clients, and real editors.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    python,
    steps::{Steps, cargo, program},
    vscode::is_ci,
};

const TESTS: &str = "tests/clients";
const REQUIREMENTS: &str = "tests/clients/requirements.txt";
/// Beside the Python of the engines, which is that of golden files.
const PYTHON: &str = "target/clients/python";
/// What the clients and the server said to one another, kept for whoever wants to read it.
const MESSAGES: &str = "target/clients/messages";

/// One step for what every machine can do, one for each editor.
pub(crate) fn steps(root: &Path, steps: &mut Steps) {
    steps.run_steadily("plain clients", || {
        test(root, "plain", &["test_messages.py", "test_plain.py", "test_odd.py"])
    });
    const EMACS: &str = "Emacs with eglot";
    match lacks_emacs(root) {
        Some(why) if !is_ci() => steps.skip(EMACS, &why),
        Some(why) => drop(steps.run(EMACS, || bail!("{why}"))),
        None => drop(steps.run_steadily(EMACS, || test(root, "emacs", &["test_eglot.py"]))),
    }
}

fn test(root: &Path, name: &str, files: &[&str]) -> Result<()> {
    let engines = python::ensure(root)?;
    let python = python::environment(root, PYTHON, REQUIREMENTS)?;
    cargo(root, &["build", "--quiet", "--package", "pxlens", "--bin", "pxlens"]).run()?;
    let messages = empty_folder(root, name)?;
    let tests = root.join(TESTS);
    let mut pytest = program(root, &python);
    pytest.folder(&tests).arguments(&["-m", "pytest", "--quiet"]).arguments(files);
    pytest
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PXLENS_TEST_SERVER", root.join("target/debug/pxlens"))
        .env("PXLENS_TEST_PYTHON", engines)
        .env("PXLENS_TEST_MESSAGES", &messages)
        .env("PXLENS_TEST_EMACS", emacs());
    let tested = pytest.run();
    // Also what a test that failed had said, and how much was checked at all.
    tested.and(check(root, name))
}

/// What the end-to-end tests record: a folder whose name says that the clients are not to be checked, for some are odd.
pub(crate) const END_TO_END: &str = "odd-end-to-end";

/// A folder for `PXLENS_TEST_MESSAGES`, with nothing in it.
pub(crate) fn empty_folder(root: &Path, name: &str) -> Result<PathBuf> {
    let folder = root.join(MESSAGES).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A program that is the server, and records what its clients and it say to one another in the folder of this name, which is
/// emptied. For editors, which know no more of their server than its path.
pub(crate) fn recorder(root: &Path, name: &str) -> Result<PathBuf> {
    let python = python::environment(root, PYTHON, REQUIREMENTS)?;
    let folder = empty_folder(root, name)?;
    let parts = [&python, &root.join(TESTS).join("record.py"), &folder, &root.join("target/debug/pxlens")];
    let quoted = parts.map(|part| format!("'{}'", part.display().to_string().replace('\'', r"'\''")));
    let [python, script, to, server] = quoted;
    let text = format!(
        "#!/bin/sh\n# Made by xtask.\n[ \"$1\" = lsp ] && exec {python} {script} {to} {server} \"$@\"\nexec {server} \"$@\"\n"
    );
    let path = root.join(MESSAGES).join(format!("{name}-server"));
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .with_context(|| path.display().to_string())?;
    Ok(path)
}

/// Checks every message that was recorded in a folder.
pub(crate) fn check(root: &Path, name: &str) -> Result<()> {
    let python = python::environment(root, PYTHON, REQUIREMENTS)?;
    let script = root.join(TESTS).join("messages.py");
    program(root, &python).path(&script).path(&root.join(MESSAGES).join(name)).run()
}

/// The Emacs to test with: `PXLENS_TEST_EMACS`, else the one on `PATH`.
fn emacs() -> String {
    env::var("PXLENS_TEST_EMACS").unwrap_or_else(|_| "emacs".to_owned())
}

/// Why Emacs cannot be tested here, if so. From version 29 on it has eglot itself.
fn lacks_emacs(root: &Path) -> Option<String> {
    let has_eglot = ["--batch", "-q", "--eval", "(require 'eglot)"];
    (!program(root, emacs()).arguments(&has_eglot).succeeds()).then(|| {
        "no Emacs with eglot: install it (on Debian `apt-get install emacs-nox elpa-eglot`), or name one in \
         PXLENS_TEST_EMACS"
            .to_owned()
    })
}
