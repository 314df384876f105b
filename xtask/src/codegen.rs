//! Files that are generated from the protocol's types: written, or compared with what is there.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

/// Writes each `(path below the workspace, content)`; with `check` only compares.
pub(crate) fn run(root: &Path, files: Vec<(String, String)>, check: bool) -> Result<()> {
    let mut stale = Vec::new();
    let count = files.len();
    for (name, content) in files {
        let path = root.join(&name);
        if fs::read_to_string(&path).is_ok_and(|there| there == content) {
            continue;
        }
        stale.push(name.clone());
        if check {
            continue;
        }
        let folder = path.parent().with_context(|| format!("{name} lies in no folder"))?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder of {name}"))?;
        fs::write(&path, content).with_context(|| format!("cannot write {name}"))?;
        println!("  wrote {name}");
    }
    if check && !stale.is_empty() {
        bail!("not what the protocol's types say: {}; run `cargo xtask codegen`", stale.join(", "));
    }
    println!("  {count} generated files are up to date");
    Ok(())
}
