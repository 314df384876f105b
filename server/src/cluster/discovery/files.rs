//! The files that ipyparallel leaves in a profile's `security` folder. Any key may be missing.
//!
//! The cluster file (`cluster-<id>.json`, ipyparallel 7 and later) names launchers and process ids; the client file
//! (`ipcontroller-<id>-client.json`) says where the controller listens. Its signing key is never read here.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, TcpStream},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::Deserialize;

use crate::{json, small_file};

/// The part of a cluster file that says what runs where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClusterFile {
    cluster: ClusterInfo,
    controller: Option<Launched>,
    engines: EngineSets,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ClusterInfo {
    n: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Launched {
    class: String,
    state: Option<LauncherState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LauncherState {
    pid: Option<i64>,
    n: Option<u32>,
    output_file: Option<PathBuf>,
    engines: BTreeMap<String, LauncherState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EngineSets {
    class: String,
    sets: BTreeMap<String, LauncherState>,
}

impl LauncherState {
    /// Launchers write -1 for "none".
    fn pid(&self) -> Option<u32> {
        self.pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 1)
    }
}

impl ClusterFile {
    pub(crate) fn read(path: &Path) -> Option<Self> {
        json::read(&small_file::read(path).ok()?).ok()
    }

    /// The controller's process id, if it runs on the machine that wrote the file.
    pub(crate) fn controller_pid(&self) -> Option<u32> {
        let controller = self.controller.as_ref().filter(|launched| runs_here(&launched.class))?;
        controller.state.as_ref()?.pid()
    }

    /// The process ids of engines that run on the machine that wrote the file.
    pub(crate) fn engine_pids(&self) -> Vec<u32> {
        if !runs_here(&self.engines.class) {
            return Vec::new();
        }
        let sets = self.engines.sets.values();
        sets.flat_map(|set| set.pid().into_iter().chain(set.engines.values().filter_map(LauncherState::pid)))
            .collect()
    }

    /// Where the processes write their logs.
    pub(crate) fn logs(&self) -> Vec<PathBuf> {
        let controller = self.controller.iter().filter_map(|launched| launched.state.as_ref());
        let engines = self.engines.sets.values().flat_map(|set| set.engines.values().chain([set]));
        let logs = controller.chain(engines).filter_map(|state| state.output_file.clone());
        logs.filter(|log| !log.as_os_str().is_empty()).collect()
    }

    /// How many engines were asked for.
    pub(crate) fn engines_expected(&self) -> Option<u32> {
        let in_sets: u32 = self.engines.sets.values().filter_map(|set| set.n).sum();
        if in_sets > 0 { Some(in_sets) } else { self.cluster.n }
    }

    /// The launcher of the engines: `local`, `mpi`, `slurm`, …; of a qualified class name, the last part.
    pub(crate) fn launcher(&self) -> Option<String> {
        let name = self.engines.class.rsplit('.').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// Whether this launcher starts processes on the machine that writes the cluster file.
fn runs_here(class: &str) -> bool {
    let name = class.rsplit('.').next().unwrap_or(class).to_ascii_lowercase();
    name.starts_with("local") || name.starts_with("mpi")
}

/// The addresses of a client file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClientFile {
    interface: String,
    registration: u16,
    location: String,
}

impl ClientFile {
    pub(crate) fn read(path: &Path) -> Option<Self> {
        json::read(&small_file::read(path).ok()?).ok()
    }

    /// Whether the controller said that it runs on another machine.
    pub(crate) fn is_elsewhere(&self, host_name: Option<&str>) -> bool {
        let short = |name: &str| name.split('.').next().unwrap_or(name).to_ascii_lowercase();
        let here = host_name.is_some_and(|host| short(host) == short(&self.location));
        let plain = self.location.is_empty() || self.location == "localhost";
        !here && !plain && self.location.parse::<IpAddr>().map_or(true, |ip| !ip.is_loopback())
    }

    /// Whether something listens on the registration port; `None` unless that port is on this machine's loopback.
    pub(crate) fn is_listening(&self) -> Option<bool> {
        const LIMIT: Duration = Duration::from_millis(500);
        let host: IpAddr = self.interface.strip_prefix("tcp://")?.parse().ok()?;
        if !host.is_loopback() || self.registration == 0 {
            return None;
        }
        Some(TcpStream::connect_timeout(&(host, self.registration).into(), LIMIT).is_ok())
    }
}

/// The cluster id in the name of a client file, e.g. `a1` in `ipcontroller-a1-client.json`.
pub(crate) fn id_of_client_file(name: &str) -> Option<&str> {
    let id = name.strip_prefix("ipcontroller")?.strip_suffix("-client.json")?;
    if id.is_empty() { Some("") } else { id.strip_prefix('-') }
}

/// The cluster id in the name of a cluster file, e.g. `a1` in `cluster-a1.json`.
pub(crate) fn id_of_cluster_file(name: &str) -> Option<&str> {
    name.strip_prefix("cluster-")?.strip_suffix(".json")
}

/// The name of the connection file of one kind (`client` or `engine`).
pub(crate) fn connection_file_name(cluster_id: &str, kind: &str) -> String {
    match cluster_id {
        "" => format!("ipcontroller-{kind}.json"),
        id => format!("ipcontroller-{id}-{kind}.json"),
    }
}

/// When a file was last written.
pub(crate) fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_the_cluster_id() {
        assert_eq!(id_of_client_file("ipcontroller-client.json"), Some(""));
        assert_eq!(id_of_client_file("ipcontroller-a-1-client.json"), Some("a-1"));
        assert_eq!(id_of_client_file("ipcontroller-a1-engine.json"), None);
        assert_eq!(id_of_client_file("ipcontrollera1-client.json"), None);
        assert_eq!(id_of_cluster_file("cluster-.json"), Some(""));
        assert_eq!(id_of_cluster_file("cluster-a-1.json"), Some("a-1"));
        for id in ["", "a-1"] {
            assert_eq!(id_of_client_file(&connection_file_name(id, "client")), Some(id));
        }
    }

    #[test]
    fn a_location_of_another_machine_is_elsewhere() {
        let elsewhere = |location: &str| {
            ClientFile { location: location.to_owned(), ..ClientFile::default() }
                .is_elsewhere(Some("Node1.lan"))
        };
        assert!(!elsewhere("node1"));
        assert!(!elsewhere("127.0.0.1"));
        assert!(!elsewhere(""));
        assert!(elsewhere("node2"));
        assert!(elsewhere("10.0.0.7"));
    }
}
