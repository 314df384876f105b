//! Runs ipyparallel's own tests of its magics with pxlens: a pytest plugin turns the calls of magics into cells of a document.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    python,
    steps::{Steps, cargo, program},
};

const TESTS: &str = "tests/upstream";
const REQUIREMENTS: &str = "tests/upstream/requirements.txt";
const PYTHON: &str = "target/upstream/python";

/// The step of the whole suite. The tests start a controller and at most six engines of their own, and end them.
pub(crate) fn step(root: &Path, steps: &mut Steps) {
    steps.run_steadily("ipyparallel's own tests of the magics", || test(root));
}

fn test(root: &Path) -> Result<()> {
    let python: PathBuf = python::environment(root, PYTHON, REQUIREMENTS)?;
    cargo(root, &["build", "--quiet", "--package", "pxlens", "--bin", "pxlens"]).run()?;
    let tests = root.join(TESTS);
    let mut pytest = program(root, &python);
    pytest.folder(&tests).arguments(&[
        "-m",
        "pytest",
        "--quiet",
        "--pyargs",
        "ipyparallel.tests.test_magics",
    ]);
    pytest
        .arguments(&["-c", "pytest.ini"])
        .env("PYTHONPATH", &tests)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PXLENS_TEST_SERVER", root.join("target/debug/pxlens"))
        .env("PXLENS_TEST_MAGICS", root.join("docs/magics.md"))
        .run()
}
