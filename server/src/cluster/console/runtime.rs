//! Where Jupyter's front ends look for connection files, and writing one there so that nobody else can read it.
//!
//! The rules are those of `jupyter_core.paths.jupyter_runtime_dir` (5.9).

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::info::KernelInfo;
use crate::{engines::EngineId, ownership, private};

/// The largest connection file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Jupyter's folder for connection files on this system; `None` where no home is known.
pub(crate) fn runtime_dir() -> Option<PathBuf> {
    runtime_dir_in(env::consts::OS, &|name| env::var_os(name), etcetera::home_dir().ok())
}

pub(super) fn runtime_dir_in(
    system: &str,
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(runtime) = folder("JUPYTER_RUNTIME_DIR") {
        return Some(runtime);
    }
    let off = ["no", "n", "false", "off", "0", "0.0"];
    let platform = variable("JUPYTER_PLATFORM_DIRS")
        .is_some_and(|value| !off.contains(&value.to_string_lossy().to_lowercase().as_str()));
    let data = match (folder("JUPYTER_DATA_DIR"), system) {
        (Some(data), _) => data,
        (None, "macos") if platform => home?.join("Library/Application Support/Jupyter"),
        (None, "macos") => home?.join("Library/Jupyter"),
        (None, "windows") if platform => folder("LOCALAPPDATA")?.join("Jupyter"),
        (None, "windows") => match folder("APPDATA") {
            Some(roaming) => roaming.join("jupyter"),
            None => home?.join(".jupyter").join("data"),
        },
        (None, _) => match folder("XDG_DATA_HOME") {
            Some(data) => data.join("jupyter"),
            None => home?.join(".local/share/jupyter"),
        },
    };
    Some(data.join("runtime"))
}

/// `kernel-pxlens-CLUSTER-ENGINE.json`, without characters that are special to a shell or a file system.
pub(super) fn file_name(cluster: &str, engine: EngineId) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let cluster: String = cluster.chars().map(fits).collect();
    // The label of a cluster without a profile is a path, whose end says most.
    let end = cluster.len().saturating_sub(80);
    format!("kernel-pxlens-{}-{engine}.json", cluster[end..].trim_matches(['-', '.']))
}

/// The file that was written before, if only its owner can read it.
pub(super) fn read(path: &Path) -> Option<KernelInfo> {
    // Not followed: a link may lead to where others write.
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    ownership::check_secret(path, &metadata).ok()?;
    KernelInfo::from_file(&fs::read_to_string(path).ok()?)
}

/// Writes a file that only its owner can read, at once and whole: made so under another name, then renamed.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    private::write_file(path, |out| out.write_all(text.as_bytes()))
}
