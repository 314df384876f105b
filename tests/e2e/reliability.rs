//! `docs/reliability.md` names only tests that are there.

use std::{collections::BTreeSet, fs, path::Path};

/// The names of all functions in the Rust files of a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("Rust is UTF-8");
            let names = text.split("fn ").skip(1).filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()));
            found.extend(names);
        }
    }
}

#[test]
fn each_fault_of_the_page_has_a_test() {
    let root = pxlens_tests::workspace();
    let mut known = BTreeSet::new();
    ["server/src", "tests/e2e"].iter().for_each(|folder| functions(&root.join(folder), &mut known));
    let page = fs::read_to_string(root.join("docs/reliability.md")).expect("the page is there");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |")).collect();
    assert!(rows.len() >= 40, "{} rows", rows.len());
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last column");
        for name in tests.split(", ").map(|name| name.trim_matches('`')) {
            assert!(known.contains(name), "no test {name}: {row}");
        }
    }
}
