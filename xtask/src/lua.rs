//! The Lua code of the Neovim plugin and of its tests: formatted by StyLua, checked by selene.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::steps::{cargo, program};

const STYLUA: Tool = Tool { name: "stylua", version: "2.6.0", more: &[] };
/// Without the list of what Roblox offers, which it would fetch.
const SELENE: Tool = Tool { name: "selene", version: "0.31.0", more: &["--no-default-features"] };

/// All Lua code, below the workspace.
const FOLDERS: [&str; 2] = ["nvim", "tests/nvim"];

/// A program from the registry of crates, installed once under `target/lua`.
struct Tool {
    name: &'static str,
    version: &'static str,
    more: &'static [&'static str],
}

/// Fails where the formatter would write something else, or the checker has a word to say.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (stylua, selene) = (STYLUA.ensure(root)?, SELENE.ensure(root)?);
    program(root, stylua).arguments(&["--check"]).arguments(&FOLDERS).run()?;
    program(root, selene).arguments(&["--quiet"]).arguments(&FOLDERS).run()
}

impl Tool {
    /// Gives the program, and installs it where it is missing. Another version gets another folder.
    fn ensure(&self, root: &Path) -> Result<PathBuf> {
        let folder = root.join(format!("target/lua/{}-{}", self.name, self.version));
        let program = folder.join(format!("bin/{}{}", self.name, std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            let mut install =
                cargo(root, &["install", self.name, "--version", self.version, "--locked", "--quiet"]);
            install.arguments(self.more).arguments(&["--root"]).path(&folder).run()?;
        }
        Ok(program)
    }
}
