//! Which other modules each file of `server/src` names, in its `use` lines and in paths.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{lines, sources};

/// A module, as the segments of its path below the crate; none for the crate's root.
pub(super) type Module = Vec<String>;

/// A path that a file names, with its 1-based line.
pub(super) type Named = (usize, Vec<String>);

/// All modules, one for each file, with what they name.
pub(super) struct Imports {
    named: BTreeMap<Module, Vec<Named>>,
    /// What each module re-exports, with the path it comes from.
    exports: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

impl Imports {
    pub(super) fn read() -> Self {
        let files: BTreeMap<Module, String> = sources()
            .iter()
            .map(|file| (module_at(file), fs::read_to_string(file).expect("UTF-8")))
            .filter(|(module, _)| *module != ["main"])
            .collect();
        let mut imports = Self { named: BTreeMap::new(), exports: BTreeMap::new() };
        for (module, text) in &files {
            let (mut named, mut exports) = (Vec::new(), BTreeMap::new());
            for statement in statements(text) {
                for path in statement.paths {
                    let Some(path) = from_root(module, &path, &files) else { continue };
                    if let Some(name) = path.last().filter(|_| statement.is_export) {
                        exports.insert(name.clone(), path.clone());
                    }
                    named.push((statement.line, path));
                }
            }
            imports.named.insert(module.clone(), named);
            imports.exports.insert(module.clone(), exports);
        }
        imports
    }

    /// The paths that each module names, as it writes them.
    pub(super) fn named(&self) -> impl Iterator<Item = (&Module, &[Named])> {
        self.named.iter().map(|(module, named)| (module, named.as_slice()))
    }

    /// Which modules each module names, with the first line where it does. Re-exports count as the module they come from.
    pub(super) fn edges(&self) -> BTreeMap<&Module, BTreeMap<&Module, usize>> {
        let mut edges: BTreeMap<&Module, BTreeMap<&Module, usize>> = BTreeMap::new();
        for (module, named) in &self.named {
            let to = edges.entry(module).or_default();
            for (line, path) in named {
                if let Some(origin) = self.origin(path.clone()).filter(|origin| *origin != module) {
                    to.entry(origin).or_insert(*line);
                }
            }
        }
        edges
    }

    /// The module that defines what a path leads to.
    fn origin(&self, mut path: Vec<String>) -> Option<&Module> {
        // No name is re-exported through more modules than this.
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.named.contains_key(&path[..*length]))?;
            let (module, _) = self.named.get_key_value(&path[..length])?;
            match path.get(length).and_then(|name| self.exports.get(module)?.get(name)) {
                Some(origin) => path = [origin, &path[length + 1..]].concat(),
                None => return Some(module),
            }
        }
        None
    }
}

/// Groups of modules that name each other, directly or through others. A parent and its children are no circle: it declares
/// and re-exports them, and they use what it defines.
pub(super) fn circles<'a>(edges: &BTreeMap<&'a Module, BTreeMap<&'a Module, usize>>) -> Vec<Vec<&'a Module>> {
    let next = |from: &Module| -> Vec<&'a Module> {
        let to = edges.get(from).into_iter().flat_map(BTreeMap::keys).copied();
        to.filter(|to| !to.starts_with(from)).collect()
    };
    let reached = |from: &Module| {
        let mut reached: BTreeSet<&Module> = BTreeSet::new();
        let mut left = next(from);
        while let Some(module) = left.pop() {
            if reached.insert(module) {
                left.extend(next(module));
            }
        }
        reached
    };
    let all: BTreeMap<&Module, BTreeSet<&Module>> =
        edges.keys().map(|module| (*module, reached(module))).collect();
    let mut circles: Vec<Vec<&Module>> = Vec::new();
    for (module, reached) in &all {
        if reached.contains(module) && !circles.iter().flatten().any(|known| known == module) {
            let circle = reached.iter().filter(|other| all[**other].contains(module));
            circles.push(circle.copied().collect());
        }
    }
    circles
}

fn module_at(file: &Path) -> Module {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = file.strip_prefix(root).expect("a source").with_extension("");
    let module: Module =
        inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if module == ["lib"] { Vec::new() } else { module }
}

/// A `use`, or paths in other code.
struct Statement {
    line: usize,
    paths: Vec<String>,
    is_export: bool,
}

fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut lines = lines(text);
    while let Some((line, code)) = lines.next() {
        let code = code.split("// ").next().unwrap_or_default().trim();
        let begins = |word: &str| code.split_once("use ").is_some_and(|(before, _)| before.trim() == word);
        let is_export = code.starts_with("pub") && code.contains(" use ");
        if !is_export && !begins("") {
            found.push(Statement { line, paths: paths_in(code), is_export });
            continue;
        }
        let mut tree = code.split_once("use ").expect("just seen").1.to_owned();
        while !tree.contains(';') {
            let Some((_, code)) = lines.next() else { break };
            tree.push_str(code);
        }
        let mut paths = Vec::new();
        expand("", tree.split(';').next().unwrap_or_default(), &mut paths);
        found.push(Statement { line, paths, is_export });
    }
    found
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let mut depth = 0;
    let separates = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    for item in tree.split(separates).map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('{') {
            Some((head, rest)) => {
                let inner = rest.strip_suffix('}').unwrap_or(rest);
                expand(&format!("{prefix}{}", head.trim()), inner, paths);
            }
            None => {
                let name = item.split(" as ").next().unwrap_or(item).trim();
                paths.push(format!("{prefix}{name}").trim_end_matches("::self").to_owned());
            }
        }
    }
}

/// `crate::a::b` and `super::c` in a line of code; a visibility such as `pub(in crate::a)` names nothing.
fn paths_in(code: &str) -> Vec<String> {
    let is_path = |c: char| c == '_' || c == ':' || c.is_alphanumeric();
    let words = code.replace("in crate::", " ");
    words
        .split(|c| !is_path(c))
        .filter(|word| word.starts_with("crate::") || word.starts_with("super::"))
        .map(|word| word.trim_end_matches(':').to_owned())
        .collect()
}

/// A path as it is from the crate's root; `None` if it leads out of the crate.
fn from_root<T>(module: &Module, path: &str, files: &BTreeMap<Module, T>) -> Option<Vec<String>> {
    let mut segments = path.split("::").map(str::to_owned).peekable();
    let mut base = module.clone();
    match segments.peek().map(String::as_str)? {
        "crate" => base.clear(),
        "self" | "super" => {}
        first => {
            let child = [base.clone(), vec![first.to_owned()]].concat();
            return files.contains_key(&child).then(|| base.into_iter().chain(segments).collect());
        }
    }
    while let Some(step) = segments.next_if(|step| ["crate", "self", "super"].contains(&step.as_str())) {
        if step == "super" {
            base.pop()?;
        }
    }
    Some(base.into_iter().chain(segments).collect())
}

#[test]
fn nested_imports_and_paths_in_code_are_read() {
    let text = "use super::{a, b::{self, c as d}};\npub use e::F;\nfn f() { crate::g::h(); }\npub(in crate::x) fn i() {}\n";
    let found: Vec<(usize, Vec<String>, bool)> = statements(text)
        .into_iter()
        .filter(|statement| !statement.paths.is_empty())
        .map(|statement| (statement.line, statement.paths, statement.is_export))
        .collect();
    let paths = |all: &[&str]| all.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    let expected = [
        (1, paths(&["super::a", "super::b", "super::b::c"]), false),
        (2, paths(&["e::F"]), true),
        (3, paths(&["crate::g::h"]), false),
    ];
    assert_eq!(found, expected);
}
