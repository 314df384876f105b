//! Invariants 1 to 3 of ARCHITECTURE.md: no module names one above it, pure modules never wait, and foreign types stay in their
//! module. These tests read the source, and fail with the line that breaks the rule.

mod imports;

use std::{
    fs,
    path::{Path, PathBuf},
};

use imports::{Imports, circles};

/// Each top-level module, and what it may name of pxlens.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("log", &["streams"]),
    ("text", &[]),
    ("json", &[]),
    ("engines", &["jupyter"]),
    ("jupyter", &["json"]),
    ("cells", &["text", "engines", "json"]),
    ("run", &["jupyter", "text", "engines"]),
    ("lint", &["cells", "text", "engines"]),
    ("rewrite", &["cells", "text", "engines"]),
    ("render", &["cells", "run", "jupyter", "text", "engines"]),
    ("plan", &["render", "cells", "run", "engines"]),
    ("clock", &["run"]),
    ("private", &[]),
    ("memory", &[]),
    ("ownership", &[]),
    ("blocking", &[]),
    ("signals", &[]),
    ("small_file", &[]),
    ("streams", &["run", "blocking"]),
    (
        "cluster",
        &["run", "jupyter", "engines", "json", "clock", "private", "ownership", "blocking", "small_file"],
    ),
    (
        "session",
        &[
            "plan",
            "lint",
            "render",
            "cluster",
            "cells",
            "run",
            "jupyter",
            "text",
            "engines",
            "json",
            "clock",
            "private",
            "ownership",
            "blocking",
            "memory",
        ],
    ),
    ("ide", &["session", "plan", "lint", "rewrite", "render", "cells", "run", "text", "engines"]),
    (
        "lsp",
        &[
            "ide", "session", "plan", "lint", "render", "cluster", "cells", "run", "jupyter", "text",
            "engines", "json", "log", "clock", "blocking", "signals",
        ],
    ),
    (
        "cli",
        &[
            "ide", "session", "plan", "lint", "render", "cluster", "cells", "run", "jupyter", "text",
            "engines", "log", "clock", "private", "signals", "streams",
        ],
    ),
    // Built for tests and fuzzing alone.
    (
        "fuzz",
        &[
            "lsp", "lint", "rewrite", "render", "cluster", "cells", "run", "jupyter", "text", "engines",
            "json", "streams",
        ],
    ),
];

/// Part of `lsp`, and the other parts that it does not name.
const NOT_IN_LSP: &[(&str, &[&str])] = &[
    ("from_proto", &["handlers", "notify", "backend", "server"]),
    ("to_proto", &["handlers", "notify", "backend", "server"]),
    ("notify", &["handlers", "backend", "server"]),
    ("handlers", &["server"]),
];

/// What `ide` may name of `session`: what a snapshot holds, which of a run's engines an action is for, and the message for a
/// workspace that is not trusted. With these it cannot send the session anything.
const SEEN_BY_IDE: &[&str] = &[
    "Snapshot",
    "Here",
    "DocumentKey",
    "DocumentView",
    "CellId",
    "CellView",
    "RunHandle",
    "Only",
    "Parts",
    "parts",
    "RunError",
];

/// Circles that are accepted, each with the reason.
const KNOWN_CIRCLES: &[(&[&str], &str)] = &[];

/// The modules that name no socket, no clock, no lock and no async.
const PURE: &[&str] =
    &["cells", "lint", "ide", "rewrite", "plan", "run", "render", "engines", "text", "jupyter", "json"];

/// What no pure module may use.
const NOT_PURE: &[&str] = &[
    "tokio",
    "std::net",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Mutex",
    "RwLock",
    "async fn",
    "std::fs",
];

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("readable").path();
            let for_tests =
                path.file_stem().is_some_and(|name| ["tests", "golden"].iter().any(|test| name == *test));
            if for_tests {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The top-level module that a file belongs to.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("a source");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The lines of code before the tests, without comments, each with its number. Tests in a file of their own leave a line only.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let begins = |at: &usize| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{'));
    let tests = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at).find(begins);
    text[..tests.unwrap_or(text.len())]
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The pxlens modules that a file names, whether by `crate::x` or inside `use crate::{x, y::z}`.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    for (number, line) in lines(text) {
        if depth == 0 && line.trim_start().starts_with("use crate::{") {
            depth = 1;
            let rest = line.split_once('{').expect("just seen").1;
            found.extend(heads(rest, &mut depth).into_iter().map(|name| (number, name)));
        } else if depth > 0 {
            found.extend(heads(line, &mut depth).into_iter().map(|name| (number, name)));
        } else {
            for rest in line.split("crate::").skip(1) {
                found.push((number, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
            }
        }
    }
    found
}

/// Names at the outermost level of a `use crate::{…}` that may span lines.
fn heads(text: &str, depth: &mut usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut at_head = *depth == 1;
    for c in text.chars() {
        match c {
            '{' => *depth += 1,
            '}' => *depth = depth.saturating_sub(1),
            ',' if *depth == 1 => at_head = true,
            _ => {}
        }
        if at_head && (c.is_alphanumeric() || c == '_') {
            name.push(c);
        } else if !name.is_empty() {
            names.push(std::mem::take(&mut name));
            at_head = false;
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    names
}

#[test]
fn no_module_names_one_above_it() {
    let modules: Vec<&str> = MAY_NAME.iter().map(|(module, _)| *module).collect();
    let mut broken = Vec::new();
    let mut seen = 0;
    for file in sources() {
        let module = module_of(&file);
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{}: {module} is not in MAY_NAME, which lists all modules", file.display()));
            continue;
        };
        let text = fs::read_to_string(&file).expect("UTF-8");
        for (line, name) in named(&text) {
            seen += 1;
            let known = modules.contains(&name.as_str());
            if known && name != module && !allowed.contains(&name.as_str()) {
                broken.push(format!("{}:{line}: {module} names {name}", file.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} names were found in `use` lines");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_two_modules_import_each_other() {
    let imports = Imports::read();
    let edges = imports.edges();
    let count: usize = edges.values().map(|to| to.len()).sum();
    assert!(count > 500, "only {count} imports between files were found");
    let found: Vec<Vec<String>> = circles(&edges)
        .iter()
        .map(|circle| circle.iter().map(|module| module.join("::")).collect())
        .collect();
    let known: Vec<Vec<String>> = KNOWN_CIRCLES
        .iter()
        .map(|(circle, _)| circle.iter().map(|module| (*module).to_owned()).collect())
        .collect();
    let new: Vec<&Vec<String>> = found.iter().filter(|circle| !known.contains(circle)).collect();
    assert!(new.is_empty(), "modules that import each other, directly or through others: {new:#?}");
    let gone: Vec<&Vec<String>> = known.iter().filter(|circle| !found.contains(circle)).collect();
    assert!(gone.is_empty(), "listed circles that do not exist: {gone:#?}");
}

#[test]
fn the_parts_of_the_language_server_have_an_order() {
    let imports = Imports::read();
    let mut broken = Vec::new();
    let mut seen = 0;
    for (module, named) in imports.edges() {
        let ["lsp", part, ..] = module.iter().map(String::as_str).collect::<Vec<_>>()[..] else { continue };
        for (other, line) in named {
            let ["lsp", of, ..] = other.iter().map(String::as_str).collect::<Vec<_>>()[..] else { continue };
            seen += 1;
            let refused = NOT_IN_LSP.iter().any(|(name, refused)| *name == part && refused.contains(&of));
            let leaves_the_wire = part == "wire" && of != "wire";
            if refused || leaves_the_wire {
                broken.push(format!("{}:{line} names {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(seen > 50, "only {seen} imports between the parts of `lsp`");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn ide_uses_only_the_snapshot_of_the_session() {
    let imports = Imports::read();
    let mut broken = Vec::new();
    let mut seen = 0;
    for (module, named) in
        imports.named().filter(|(module, _)| module.first().is_some_and(|top| top == "ide"))
    {
        for (line, path) in named {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let ["session", of @ ..] = path.as_slice() else { continue };
            seen += 1;
            if !of.first().is_some_and(|name| SEEN_BY_IDE.contains(name)) {
                broken.push(format!("{}:{line} names {}", module.join("::"), path.join("::")));
            }
        }
    }
    assert!(seen > 20, "`ide` names only {seen} things of `session`");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn files_are_made_private_but_for_those_that_the_user_names() {
    // What the user names follows the umask: exports, and the pictures of `--images`.
    let named_by_the_user = ["session/export.rs", "cli/images.rs", "cli/run.rs"];
    let makes =
        ["File::create", "fs::write(", "create_dir", "OpenOptions", "tempfile::Builder", "tempfile::tempdir"];
    let mut found = Vec::new();
    for file in sources() {
        let may = named_by_the_user.iter().any(|name| file.ends_with(name)) || module_of(&file) == "private";
        // Cases of tests, which are written anew when they change.
        let is_test = file.ends_with("render/fold_cases.rs");
        if may || is_test {
            continue;
        }
        let text = fs::read_to_string(&file).expect("UTF-8");
        for (line, code) in lines(&text) {
            let made = makes.iter().filter(|word| code.contains(*word));
            found.extend(made.map(|word| format!("{}:{line}: {word}", file.display())));
        }
    }
    assert!(found.is_empty(), "files that are not made by `private`:\n{}", found.join("\n"));
}

#[test]
fn pure_modules_use_nothing_that_waits() {
    let unknown: Vec<_> =
        PURE.iter().filter(|pure| !MAY_NAME.iter().any(|(module, _)| module == *pure)).collect();
    assert!(unknown.is_empty(), "there is no {unknown:?}");
    let mut broken = Vec::new();
    for file in sources() {
        if !PURE.contains(&module_of(&file).as_str())
            || file.file_name().is_some_and(|name| name.to_string_lossy().contains("test"))
        {
            continue;
        }
        let text = fs::read_to_string(&file).expect("UTF-8");
        for (line, code) in lines(&text) {
            broken.extend(
                NOT_PURE
                    .iter()
                    .filter(|word| code.contains(*word))
                    .map(|word| format!("{}:{line}: {word}", file.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn types_of_lsp_and_zeromq_stay_in_their_modules() {
    let mut broken = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).expect("UTF-8");
        let path = file.to_string_lossy().replace('\\', "/");
        for (line, code) in lines(&text) {
            let lsp = ["lsp_types", "tower_lsp"].iter().any(|name| code.contains(name))
                && module_of(&file) != "lsp";
            let zmq = code.contains("zeromq::") && !path.contains("/cluster/transport");
            if lsp || zmq {
                broken.push(format!("{path}:{line}: {}", code.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
