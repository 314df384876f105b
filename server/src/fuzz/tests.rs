//! What was found, and what fuzzing begins with, holds.

use std::{fs, path::Path};

use super::*;

/// Checks one input.
type Check = fn(&[u8]);

/// Each target by its name, which is that of its folder and of its program.
const TARGETS: [(&str, Check); 9] = [
    ("connections", connections),
    ("frames", frames),
    ("lsp", lsp),
    ("messages", messages),
    ("notebooks", notebooks),
    ("options", options),
    ("scripts", scripts),
    ("terminal", terminal),
    ("tracebacks", tracebacks),
];

/// The most that a file of the corpus may take, in bytes.
const LARGEST: u64 = 8_000;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn what_fuzzing_begins_with_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let programs: Vec<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(names(&folder.join("targets")), programs);
    let mut broken = Vec::new();
    for (target, check) in TARGETS {
        let corpus = folder.join("corpus").join(target);
        let files = names(&corpus);
        assert!((3..100).contains(&files.len()), "{target} has {} files", files.len());
        for name in files {
            let file = corpus.join(name);
            assert!(fs::metadata(&file).unwrap().len() <= LARGEST, "{} is too large", file.display());
            let data = fs::read(&file).unwrap();
            if std::panic::catch_unwind(|| check(&data)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
