//! The notices of the libraries that are part of what pxlens hands out, which their licences ask for: one file, checked in
//! and packed into every archive. Its list is held to `Cargo.lock` and `package-lock.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    node::{self, EXTENSION},
    steps::cargo,
};

/// The file, at the top of the workspace.
pub(crate) const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

/// What the extension imports; its bundle holds these and all that they need.
const BUNDLED: [&str; 1] = ["vscode-languageclient"];

const HEAD: &str = "\
Libraries that are part of pxlens and of its VS Code extension, with their licences.
`cargo xtask notices` writes this file.
";

/// How the names begin of crates under the MIT licence whose text is in their repository alone, and its copyright line there.
const OF_REPOSITORY: [(&str, &str); 1] = [("ruff_", "Copyright (c) 2022 Charles Marsh")];

/// The MIT licence below its copyright line.
const MIT: &str = "\
Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the \"Software\"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.";

/// A library in a certain version, with its licence as an SPDX expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Library {
    name: String,
    version: String,
    license: String,
}

impl Library {
    /// Its line in the list.
    fn line(&self) -> String {
        format!("* {} {} ({})", self.name, self.version, self.license)
    }
}

/// Writes the file.
pub(crate) fn write(root: &Path) -> Result<()> {
    // The licences of the extension's libraries are in their packages.
    node::ensure(root)?;
    let crates = crates(root)?;
    let sources = sources(root)?;
    let packages = packages(root)?;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |library: &Library, folder: &Path| -> Result<()> {
        for text in license_texts(root, library, folder)? {
            texts.entry(text).or_default().insert(format!("{} {}", library.name, library.version));
        }
        Ok(())
    };
    for library in &crates {
        let source = sources.get(&(library.name.clone(), library.version.clone()));
        add(library, source.with_context(|| format!("no source of {}", library.name))?)?;
    }
    for (library, folder) in &packages {
        add(library, &root.join(EXTENSION).join(folder))?;
    }
    let mut all = HEAD.to_owned();
    for library in listed(&crates, &packages) {
        writeln!(all, "{}", library.line())?;
    }
    for (text, users) in &texts {
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        writeln!(all, "\n{}\n{}:\n\n{}", "-".repeat(80), users.join(", "), text.trim_end())?;
    }
    fs::write(root.join(NOTICES), all).context(NOTICES)?;
    println!("  wrote {NOTICES}: {} libraries, {} texts", crates.len() + packages.len(), texts.len());
    Ok(())
}

/// Checks that the file lists just the libraries of the lock files.
pub(crate) fn check(root: &Path) -> Result<()> {
    let text = fs::read_to_string(root.join(NOTICES)).with_context(|| format!("{NOTICES} cannot be read"))?;
    let (crates, packages) = (crates(root)?, packages(root)?);
    let expected: BTreeSet<String> =
        listed(&crates, &packages).iter().map(|library| library.line()).collect();
    let found: BTreeSet<String> = text
        .lines()
        .take_while(|line| !line.starts_with("---"))
        .filter(|line| line.starts_with("* "))
        .map(str::to_owned)
        .collect();
    for line in expected.symmetric_difference(&found) {
        println!("  {} {line}", if found.contains(line) { "not used any more:" } else { "lacking:" });
    }
    if expected != found {
        bail!("{NOTICES} is not up to date; run `cargo xtask notices`");
    }
    println!("  {NOTICES} has the {} libraries of the lock files", expected.len());
    Ok(())
}

fn listed<'a>(
    crates: &'a BTreeSet<Library>,
    packages: &'a BTreeMap<Library, PathBuf>,
) -> BTreeSet<&'a Library> {
    crates.iter().chain(packages.keys()).collect()
}

/// The crates that are linked into the server, on any platform. Those that only run while it is built are no part of it.
fn crates(root: &Path) -> Result<BTreeSet<Library>> {
    let arguments = [
        "tree",
        "--locked",
        "--package=pxlens",
        "--edges=normal,no-proc-macro",
        "--target=all",
        "--prefix=none",
        "--format={p}|{l}",
    ];
    let tree = cargo(root, &arguments).output()?;
    let mut crates = BTreeSet::new();
    for line in tree.lines().map(|line| line.trim_end_matches(" (*)")) {
        let (package, license) = line.split_once('|').with_context(|| format!("no licence: {line}"))?;
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        // The workspace's own have a path behind the version.
        if words.next().is_none() {
            crates.insert(Library {
                name: name.to_owned(),
                version: version.trim_start_matches('v').to_owned(),
                license: license.to_owned(),
            });
        }
    }
    Ok(crates)
}

/// The folders with the sources of crates, by name and version.
fn sources(root: &Path) -> Result<BTreeMap<(String, String), PathBuf>> {
    let metadata = cargo(root, &["metadata", "--locked", "--format-version=1"]).output()?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo's metadata")?;
    let folder = |package: &Value| {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let manifest = PathBuf::from(text("manifest_path")?);
        Some(((text("name")?, text("version")?), manifest.parent()?.to_owned()))
    };
    Ok(metadata["packages"].as_array().into_iter().flatten().filter_map(folder).collect())
}

/// The packages in the extension's bundle, and their folders below the extension's.
fn packages(root: &Path) -> Result<BTreeMap<Library, PathBuf>> {
    let name = format!("{EXTENSION}/package-lock.json");
    let lock: Value = serde_json::from_str(&fs::read_to_string(root.join(&name)).context(name.clone())?)?;
    bundled(&lock["packages"]).context(name)
}

/// The packages that [`BUNDLED`] ones need, by the entries of a lock file.
fn bundled(entries: &Value) -> Result<BTreeMap<Library, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<(String, String)> =
        BUNDLED.iter().map(|name| (String::new(), (*name).to_owned())).collect();
    while let Some((needed_by, name)) = waiting.pop() {
        let key = resolved(entries, &needed_by, &name).with_context(|| format!("{name} is not locked"))?;
        let entry = &entries[&key];
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let library = Library { name, version: text("version"), license: text("license") };
        if found.insert(library, PathBuf::from(&key)).is_none() {
            let needs = entry["dependencies"].as_object().into_iter().flatten();
            waiting.extend(needs.map(|(name, _)| (key.clone(), name.clone())));
        }
    }
    Ok(found)
}

/// The entry of a package as Node finds it: beside the one that needs it, or in a folder above.
fn resolved(entries: &Value, needed_by: &str, name: &str) -> Option<String> {
    let mut above = needed_by;
    loop {
        let key = if above.is_empty() {
            format!("node_modules/{name}")
        } else {
            format!("{above}/node_modules/{name}")
        };
        if !entries[&key].is_null() {
            return Some(key);
        }
        if above.is_empty() {
            return None;
        }
        above = above.rsplit_once("/node_modules/").map_or("", |(above, _)| above);
    }
}

/// The texts that go with a library. Of several licences to choose from, Apache 2.0 is chosen, whose text is the same for
/// all.
fn license_texts(root: &Path, library: &Library, folder: &Path) -> Result<Vec<String>> {
    let license = &library.license;
    let has_choice = license.contains(" OR ") || license.contains('/') || license == "Apache-2.0";
    let apache = license.contains("Apache-2.0") && has_choice && !license.contains(" AND ");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_license =
            ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"].iter().any(|start| name.starts_with(start));
        let is_wanted = name.starts_with("NOTICE") || (is_license && (!apache || name.contains("UNICODE")));
        if is_wanted && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    if apache {
        files.push(root.join("LICENSE-APACHE"));
    }
    if files.is_empty() {
        return match OF_REPOSITORY.iter().find(|(start, _)| library.name.starts_with(start)) {
            Some((_, copyright)) if license == "MIT" => {
                Ok(vec![format!("MIT License\n\n{copyright}\n\n{MIT}")])
            }
            _ => bail!("no licence in {}", folder.display()),
        };
    }
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        Ok(lines.join("\n").trim_matches('\n').to_owned())
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_found_as_node_finds_them() {
        let entries = json!({
            "node_modules/vscode-languageclient": {
                "version": "10.0.0", "license": "MIT", "dependencies": { "semver": "^7", "minimatch": "^10" }
            },
            "node_modules/vscode-languageclient/node_modules/semver": { "version": "7.0.0", "license": "ISC" },
            "node_modules/semver": { "version": "6.0.0", "license": "ISC" },
            "node_modules/minimatch": { "version": "10.0.0", "license": "ISC", "dependencies": { "semver": "^6" } },
            "node_modules/eslint": { "version": "9.0.0", "license": "MIT" },
        });
        let found: Vec<String> =
            bundled(&entries).expect("all are there").keys().map(Library::line).collect();
        let expected = [
            "* minimatch 10.0.0 (ISC)",
            "* semver 6.0.0 (ISC)",
            "* semver 7.0.0 (ISC)",
            "* vscode-languageclient 10.0.0 (MIT)",
        ];
        assert_eq!(found, expected);
        bundled(&json!({})).expect_err("nothing is locked");
    }
}
