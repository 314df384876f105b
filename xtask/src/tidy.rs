//! Tidiness that no compiler checks. Each rule says what it found, where, and what is right.

use std::{fs, path::Path};

use anyhow::{Result, bail};

use crate::steps::program;

/// What may stand at the top level.
const TOP_LEVEL: [&str; 29] = [
    ".cargo",
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "THIRD-PARTY-NOTICES.txt",
    "bench",
    "clippy.toml",
    "docs",
    "examples",
    "fuzz",
    "nvim",
    "protocol",
    "rustfmt.toml",
    "selene.toml",
    "server",
    "stylua.toml",
    "tests",
    "vim.yml",
    "vscode-extension",
];

/// Besides the crate this is in.
const ITSELF: &str = "xtask";

/// Files without which nothing may be passed on.
const NEEDED: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "LICENSE-APACHE", "LICENSE-MIT", "Cargo.lock", ".ci/run"];

/// Lines that a Rust file may have at most.
const LINES: usize = 700;

/// Runs every rule over the tracked files, and over those that are about to be.
pub(crate) fn check(root: &Path) -> Result<()> {
    let listing = program(root, "git")
        .arguments(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()?;
    let names: Vec<&str> = listing.split_terminator('\0').collect();
    let mut found = Vec::new();
    for needed in NEEDED {
        if !names.contains(&needed) {
            found.push(format!("{needed} is missing"));
        }
    }
    for name in &names {
        found.extend(misplaced(name));
        // Deleted but still tracked, or not text: nothing to read.
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        found.extend(violations(name, &text));
    }
    for one in &found {
        println!("  {one}");
    }
    if !found.is_empty() {
        bail!("{} untidy places in {} files", found.len(), names.len());
    }
    println!("  {} files are tidy", names.len());
    Ok(())
}

fn misplaced(name: &str) -> Option<String> {
    let top = name.split('/').next().unwrap_or(name);
    let known = TOP_LEVEL.contains(&top) || top == ITSELF;
    (!known).then(|| format!("{name}: {top} does not belong at the top level"))
}

fn violations(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if name.ends_with(".rs") {
        rust(name, text, &mut found);
    }
    if name.starts_with(".github/workflows/") {
        workflow(name, text, &mut found);
    }
    if name.ends_with("Cargo.lock") || name.ends_with("package-lock.json") {
        lock_file(name, text, &mut found);
    } else if !name.starts_with("tests/golden/") {
        // Golden files hold what real programs wrote, the paths of their machine too.
        paths(name, text, &mut found);
    }
    found
}

fn rust(name: &str, text: &str, found: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > LINES {
        found.push(format!("{name}: {lines} lines; more than {LINES} are more than one thing"));
    }
    if name.ends_with("/mod.rs") {
        found.push(format!("{name}: a module is a file beside its folder"));
    }
    // Put together here, so that this file does not hold what it looks for.
    let refused = [
        (concat!("to", "do!("), "unfinished code"),
        (concat!("unimple", "mented!("), "unfinished code"),
        (concat!("#[", "ignore"), "a test that does not run checks nothing"),
    ];
    for (at, line) in text.lines().enumerate() {
        for (needle, why) in refused {
            if line.contains(needle) {
                found.push(format!("{name}:{}: {needle}: {why}", at + 1));
            }
        }
    }
    if !text.starts_with("//!") {
        found.push(format!("{name}: a module opens with a sentence that says what it is (`//!`)"));
    }
}

/// A tag of an action can be moved to other code; a commit cannot.
fn workflow(name: &str, text: &str, found: &mut Vec<String>) {
    for (at, line) in text.lines().enumerate() {
        let Some((_, action)) = line.split_once("uses:") else { continue };
        let pinned = action.split_once('@').is_some_and(|(_, pinned)| {
            let (commit, version) = pinned.split_once(" # v").unwrap_or((pinned, ""));
            commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()) && !version.is_empty()
        });
        if !pinned {
            found.push(format!("{name}:{}: an action without `@<commit> # v<version>`", at + 1));
        }
    }
}

/// Cargo names its index, which is the same for everyone; everything else would be an address to download from.
fn lock_file(name: &str, text: &str, found: &mut Vec<String>) {
    let index = concat!("registry+https://github.com/", "rust-lang/crates.io-index");
    for (at, line) in text.lines().enumerate() {
        let allowed = line.trim() == format!("source = \"{index}\"");
        let address = line.contains("\"resolved\"") || (name.ends_with("Cargo.lock") && line.contains("://"));
        if address && !allowed {
            found.push(format!("{name}:{}: a download address in a lock file", at + 1));
        }
    }
}

fn paths(name: &str, text: &str, found: &mut Vec<String>) {
    let refused = [
        (concat!("/wo", "rk/"), "a path of one machine"),
        (concat!("/ro", "ot/"), "a path of one machine"),
        (concat!("registry.npm", "js.org"), "a registry's host"),
        (concat!("files.python", "hosted.org"), "a registry's host"),
        (concat!("pypi.", "org/simple"), "a registry's host"),
        (concat!("index.", "crates.io"), "a registry's host"),
        (concat!("static.", "crates.io"), "a registry's host"),
        (concat!("deb.", "debian.org"), "a registry's host"),
    ];
    for (at, line) in text.lines().enumerate() {
        for (needle, why) in refused {
            if line.contains(needle) {
                found.push(format!("{name}:{}: {needle}: {why}", at + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(name: &str, text: &str, expected: &str) {
        let found = violations(name, text).join("\n");
        assert!(found.contains(expected), "{found:?} lacks {expected:?}");
    }

    #[test]
    fn each_rule_finds_what_it_looks_for() {
        check_one("a.rs", &format!("//! A.\n{}x)\n", concat!("to", "do!(")), "a.rs:2");
        check_one("a.rs", &format!("//! A.\n{}]\n", concat!("#[", "ignore")), "checks nothing");
        check_one("a.rs", "fn f() {}\n", "opens with a sentence");
        check_one("a.rs", &"//! A.\n".repeat(701), "701 lines");
        check_one("a/mod.rs", "//! A.\n", "beside its folder");
        check_one("a.md", &format!("see {}x\n", concat!("/wo", "rk/")), "one machine");
        check_one("package-lock.json", "\"resolved\": \"x\"\n", "download address");
        check_one("Cargo.lock", "source = \"git+https://example.org/x\"\n", "download address");
        check_one(".github/workflows/a.yml", "      - uses: actions/checkout@v4\n", "without `@<commit>");
        assert!(misplaced("notes.txt").is_some());
    }

    #[test]
    fn tidy_files_are_left_alone() {
        let index = concat!("registry+https://github.com/", "rust-lang/crates.io-index");
        assert!(violations("Cargo.lock", &format!("source = \"{index}\"\n")).is_empty());
        assert!(violations("server/src/a.rs", "//! A.\nfn f() {}\n").is_empty());
        assert!(violations("tests/golden/x.json", concat!("/ro", "ot/.pyenv")).is_empty());
        assert!(misplaced("server/src/a.rs").is_none() && misplaced("xtask/src/main.rs").is_none());
    }
}
