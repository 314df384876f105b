//! Which names an import takes from ipyparallel, and which from other packages: several of these have a `Client` too.

use super::{act::Imported, words::first_word};

/// The names that an `import` or a `from … import` gives, each with where it comes from.
pub(super) fn imported(text: &str) -> Vec<(Box<str>, Imported)> {
    let mut all = Vec::new();
    for statement in text.split(';').map(str::trim) {
        let statement = without_comments(statement);
        match first_word(&statement) {
            "import" => modules(&statement["import".len()..], &mut all),
            "from" => members(&statement["from".len()..], &mut all),
            _ => {}
        }
    }
    all
}

/// `import ipyparallel as ipp, dask.distributed`
fn modules(list: &str, all: &mut Vec<(Box<str>, Imported)>) {
    for item in list.split(',') {
        let Some((path, alias)) = item_of(item) else { continue };
        let imported = if is_ours(path) { Imported::Module } else { Imported::Elsewhere };
        // `import IPython.parallel` gives the name of a package that holds more than that.
        let name = match alias {
            Some(alias) => alias,
            None if path.starts_with("IPython") => continue,
            None => first_word(path),
        };
        all.push((name.into(), imported));
    }
}

/// `from ipyparallel import Client as C`
fn members(behind: &str, all: &mut Vec<(Box<str>, Imported)>) {
    let Some((module, list)) = behind.split_once("import") else { return };
    let module = module.trim();
    let is_ours = is_ours(module);
    for item in list.trim().trim_start_matches('(').trim_end_matches(')').split(',') {
        let Some((name, alias)) = item_of(item) else { continue };
        if name == "*" {
            // Most packages have no client; of these it is known that they do.
            let has_client = ["dask", "distributed"].contains(&first_word(module));
            let imported = |ours: Imported| if is_ours { ours } else { Imported::Elsewhere };
            if is_ours || has_client {
                all.push(("Client".into(), imported(Imported::Client)));
                all.push(("Cluster".into(), imported(Imported::Cluster)));
            }
            continue;
        }
        let imported = match name {
            // A helper of the project's own may hand them on, as `from . import Client` does.
            _ if module.starts_with('.') => continue,
            "parallel" if module == "IPython" => Imported::Module,
            _ if !is_ours => Imported::Elsewhere,
            "Client" => Imported::Client,
            "Cluster" => Imported::Cluster,
            _ => Imported::Module,
        };
        all.push((alias.unwrap_or(name).into(), imported));
    }
}

/// `name` and `name as alias`
fn item_of(item: &str) -> Option<(&str, Option<&str>)> {
    let mut words = item.split_whitespace();
    let name = words.next()?;
    let alias = words.next().filter(|word| *word == "as").and_then(|_| words.next());
    Some((name, alias))
}

fn is_ours(module: &str) -> bool {
    ["ipyparallel", "IPython.parallel"].iter().any(|ours| {
        module.strip_prefix(ours).is_some_and(|behind| behind.is_empty() || behind.starts_with('.'))
    })
}

/// A statement on one line, without its comments and the signs that continue its lines.
fn without_comments(statement: &str) -> String {
    let lines = statement.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.map(|line| line.trim_end().trim_end_matches('\\')).collect::<Vec<_>>().join(" ")
}
