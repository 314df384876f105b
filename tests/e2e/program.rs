//! The program under test, and the files it is given.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use pxlens_tests::{
    PATIENCE,
    cli::{Cli, Done},
};
use serde_json::Value;

/// The binary of this build, or the one that `PXLENS_TEST_BINARY` names.
pub(crate) fn pxlens() -> PathBuf {
    std::env::var_os("PXLENS_TEST_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_pxlens").into(), PathBuf::from)
}

/// `pxlens` with these arguments, to which no cluster of this machine is visible.
pub(crate) fn cli<'a>(args: impl IntoIterator<Item = &'a str>) -> Cli {
    Cli::new(pxlens()).args(args)
}

/// `pxlens run FILE --connection-file CLUSTER`.
pub(crate) fn run(file: &Path, cluster: &Path) -> Cli {
    cli(["run"]).arg(file).arg("--connection-file").arg(cluster)
}

/// A file in a temporary folder of its own, deleted on drop.
#[derive(Debug)]
pub(crate) struct Written {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Written {
    /// Writes `content` to a file of this name.
    pub(crate) fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::Builder::new().prefix("pxlens-e2e-").tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("the temporary folder can be written");
        Self { folder, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Waits until there is a file, by which code on an engine says how far it is.
#[track_caller]
pub(crate) fn wait_for_file(path: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while !path.exists() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {}", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The objects that `--json` wrote, one per line.
pub(crate) fn events(done: &Done) -> Vec<Value> {
    done.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the line {line:?}")))
        .collect()
}

/// On drop, stops the clusters that pxlens started in this IPython directory.
pub(crate) struct StopAll<'a>(pub(crate) &'a Path);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        let done = cli(["stop", "--all"]).env("IPYTHONDIR", self.0).run();
        if !std::thread::panicking() {
            assert_eq!(done.status, 0, "{}", done.stderr);
        }
    }
}
