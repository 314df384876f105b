//! The Python environments of the tests: each made once under `target/`, from pinned requirements.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::steps::program;

pub(crate) const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// Gives the interpreter of the tests, and makes its environment where that is missing or of other versions.
///
/// `PXLENS_TEST_PYTHON` names another one, which is taken as it is.
pub(crate) fn ensure(root: &Path) -> Result<PathBuf> {
    if let Some(python) = std::env::var_os("PXLENS_TEST_PYTHON") {
        println!("  PXLENS_TEST_PYTHON names it: {}", Path::new(&python).display());
        return Ok(python.into());
    }
    environment(root, "target/python", REQUIREMENTS)
}

/// Gives the interpreter of an environment, and makes it where it is missing or of other versions.
pub(crate) fn environment(root: &Path, name: &str, requirements: &str) -> Result<PathBuf> {
    let folder = root.join(name);
    let python = folder.join("bin/python");
    let wanted = wanted(&root.join(requirements))?;
    // Written last, so that an interrupted installation is done again.
    let stamp = folder.join("installed-requirements.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("  {name} is there, with the pinned versions");
        return Ok(python);
    }
    println!("  making {name} from {requirements}");
    install(root, &folder, &python, requirements)?;
    fs::write(&stamp, wanted).with_context(|| format!("{name} cannot be written"))?;
    Ok(python)
}

/// The text of a requirements file and of those that it includes by `-r`.
fn wanted(requirements: &Path) -> Result<String> {
    let mut text = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
    let named: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("-r ")).map(str::to_owned).collect();
    for file in named {
        text += &wanted(&requirements.with_file_name(file.trim()))?;
    }
    Ok(text)
}

/// By `venv` and its pip; else by `uv`; else by `venv` without pip and the pip that `python3` has itself.
fn install(root: &Path, folder: &Path, python: &Path, requirements: &str) -> Result<()> {
    let has = |module: &str| {
        let code = format!("import sys, {module}; sys.exit(sys.version_info < (3, 11))");
        program(root, "python3").arguments(&["-c", &code]).succeeds()
    };
    let path = root.join(requirements);
    if has("venv, ensurepip") {
        program(root, "python3").arguments(&["-m", "venv"]).path(folder).run()?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        program(root, python).arguments(&pip).path(&path).run()
    } else if program(root, "uv").arguments(&["--version"]).succeeds() {
        program(root, "uv").arguments(&["venv", "--allow-existing"]).path(folder).run()?;
        let mut uv = program(root, "uv");
        uv.arguments(&["pip", "install", "--quiet", "--python"]).path(python);
        uv.arguments(&["--requirement"]).path(&path).run()
    } else if has("venv, pip") {
        program(root, "python3").arguments(&["-m", "venv", "--without-pip"]).path(folder).run()?;
        let mut pip = program(root, "python3");
        pip.arguments(&["-m", "pip", "--python"]).path(python);
        pip.arguments(&["install", "--quiet", "--requirement"]).path(&path).run()
    } else {
        bail!(
            "no Python 3.11 or later that can make an environment: install python3 with venv (on Debian \
             `apt-get install python3-venv`), or uv, or, for {REQUIREMENTS}, set \
             PXLENS_TEST_PYTHON to a Python that has them installed"
        )
    }
}
