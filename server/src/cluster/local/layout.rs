//! The files of a cluster that pxlens starts, and the cluster file that lets `ipcluster list` and `ipcluster stop` see it.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{cluster::discovery::files, private};

/// The paths of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) cluster_id: String,
    pub(super) profile_dir: PathBuf,
}

impl Layout {
    pub(super) fn new(ipython_dir: &Path, profile: &str, cluster_id: String) -> Self {
        Self { cluster_id, profile_dir: ipython_dir.join(format!("profile_{profile}")) }
    }

    /// The layout of a cluster whose client file is known.
    pub(super) fn of_client_file(client_file: &Path, cluster_id: &str) -> Option<Self> {
        let profile_dir = client_file.parent()?.parent()?.to_owned();
        Some(Self { cluster_id: cluster_id.to_owned(), profile_dir })
    }

    /// Creates the folders, for this user only, since one of them holds keys.
    pub(super) fn create_folders(&self) -> io::Result<()> {
        for name in ["security", "log", "pid"] {
            private::make_folder(&self.profile_dir.join(name))?;
        }
        Ok(())
    }

    pub(super) fn client_file(&self) -> PathBuf {
        self.security(&files::connection_file_name(&self.cluster_id, "client"))
    }

    pub(super) fn engine_file(&self) -> PathBuf {
        self.security(&files::connection_file_name(&self.cluster_id, "engine"))
    }

    pub(super) fn cluster_file(&self) -> PathBuf {
        self.security(&format!("cluster-{}.json", self.cluster_id))
    }

    pub(super) fn controller_log(&self) -> PathBuf {
        self.log(&format!("ipcontroller-{}.log", self.cluster_id))
    }

    pub(super) fn engine_log(&self, index: u32) -> PathBuf {
        self.log(&format!("ipengine-{}-{index}.log", self.cluster_id))
    }

    /// The Hub's own record of its engines.
    pub(super) fn engine_table(&self) -> PathBuf {
        self.log(&format!("engines{}.json", self.cluster_id))
    }

    /// All files but the logs. A cluster that has ended must not leave any of them behind.
    pub(super) fn state_files(&self) -> [PathBuf; 4] {
        [self.client_file(), self.engine_file(), self.cluster_file(), self.engine_table()]
    }

    /// All files of a cluster of `n` engines, the logs included.
    pub(super) fn all_files(&self, n: u32) -> Vec<PathBuf> {
        let logs = (0..n).map(|index| self.engine_log(index)).chain([self.controller_log()]);
        logs.chain(self.state_files()).collect()
    }

    fn security(&self, name: &str) -> PathBuf {
        self.profile_dir.join("security").join(name)
    }

    pub(super) fn log_dir(&self) -> PathBuf {
        self.profile_dir.join("log")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.log_dir().join(name)
    }

    /// The content of the cluster file, as ipyparallel 9.2's `Cluster.to_dict()` writes it.
    pub(super) fn cluster_state(&self, controller: u32, engines: &[u32]) -> Value {
        let n = engines.len();
        let launcher = |pid: i64| json!({ "cluster_id": self.cluster_id, "profile_dir": self.profile_dir, "pid": pid, "state": "running" });
        let process = |pid: u32, log: PathBuf| {
            let mut state = launcher(i64::from(pid));
            state["output_file"] = json!(log);
            state
        };
        let engine = |(index, pid): (u32, &u32)| {
            let mut state = process(*pid, self.engine_log(index));
            state["n"] = json!(1);
            (index.to_string(), state)
        };
        let mut set = launcher(-1);
        set["n"] = json!(n);
        set["engines"] = (0..).zip(engines).map(engine).collect();
        json!({
            "cluster": {
                "cluster_id": self.cluster_id, "controller_args": [], "controller_ip": "", "controller_location": "",
                "delay": 1.0, "n": n, "profile_dir": self.profile_dir, "class": "ipyparallel.cluster.cluster.Cluster",
            },
            "controller": { "class": "local", "state": process(controller, self.controller_log()) },
            "engines": { "class": "local", "sets": { "pxlens": set } },
        })
    }
}
