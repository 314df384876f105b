//! Which servers are measured: the one built here, and another one beside it where `--against` names one.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// A server's binary, and what tables call it.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
}

/// The server built here, then the other one.
pub(crate) fn all(against: Option<&Path>) -> Result<Vec<Server>> {
    let mut servers = vec![Server { name: "this", path: built()? }];
    if let Some(path) = against {
        ensure!(path.exists(), "{} is missing", path.display());
        servers.push(Server { name: "other", path: path.to_owned() });
    }
    Ok(servers)
}

/// The server built here: its binary lies beside this one, where `cargo xtask bench` builds both.
pub(crate) fn built() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(format!("pxlens{}", std::env::consts::EXE_SUFFIX));
    ensure!(path.exists(), "{} is missing: run `cargo xtask bench`, which builds it", path.display());
    Ok(path)
}
