//! Finding clusters: which ones run, and which of them to use.
//!
//! ipyparallel leaves two kinds of files in a profile's `security` folder (see [`files`]). From these files and the state of
//! the controller's process comes a list of [`FoundCluster`]s. Nothing here starts, signals or speaks to a cluster; if the
//! process id of a controller is not known, discovery only tries whether its port on this machine is open.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::process::{self, IPYPARALLEL, ProcessState};

pub(crate) mod files;

use files::{ClientFile, ClusterFile};

/// The prefix of the ids of all clusters that pxlens starts.
pub(crate) const OUR_PREFIX: &str = "pxlens-";

/// The prefix of the ids of clusters that end together with the `pxlens run` that started them.
pub(crate) const TEMPORARY_PREFIX: &str = "pxlens-run-";

/// Which cluster is wanted; the default leaves the choice to pxlens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The name of an IPython profile.
    pub profile: Option<String>,
    /// A cluster id; `ipcluster start` without options uses the empty one.
    pub cluster_id: Option<String>,
    /// The name of a profile or, if no profile has this name, a cluster id.
    pub name: Option<String>,
    /// A client connection file. The other fields do not count then.
    pub connection_file: Option<PathBuf>,
    /// What started the engines, such as `mpi`; a cluster of which that is not known will do. This names no cluster.
    pub launcher: Option<String>,
    /// The IPython directory, else `$IPYTHONDIR`, else `~/.ipython`.
    pub ipython_dir: Option<PathBuf>,
}

impl Selection {
    /// Reads the setting `pxlens.cluster`: the path of a connection file, `profile`, `profile:cluster-id`, `:cluster-id`,
    /// or a cluster id alone. An empty text selects nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        let mut selection = Self::default();
        let is_path = text.contains(['/', '\\']) || text.ends_with(".json");
        match text.split_once(':') {
            _ if text.is_empty() => {}
            _ if is_path => selection.connection_file = Some(without_tilde(text)),
            Some((profile, id)) => {
                selection.profile = (!profile.is_empty()).then(|| profile.to_owned());
                selection.cluster_id = Some(id.to_owned());
            }
            None => selection.name = Some(text.to_owned()),
        }
        selection
    }

    /// Whether anything but the IPython directory is named.
    pub(crate) fn is_explicit(&self) -> bool {
        self.profile.is_some()
            || self.cluster_id.is_some()
            || self.name.is_some()
            || self.connection_file.is_some()
    }

    fn wants(&self, cluster: &FoundCluster, named: Named) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let name = match named {
            Named::Profile => same(&self.name, &cluster.profile),
            Named::ClusterId => same(&self.name, &cluster.cluster_id),
        };
        let name = name && self.launcher.as_deref().is_none_or(|wanted| cluster.is_launched_by(wanted));
        name && same(&self.profile, &cluster.profile) && same(&self.cluster_id, &cluster.cluster_id)
    }
}

/// What [`Selection::name`] is taken for.
#[derive(Clone, Copy)]
enum Named {
    Profile,
    ClusterId,
}

impl fmt::Display for Selection {
    /// Continues "no cluster is running …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = match self.cluster_id.as_deref() {
            Some("") => " without a cluster id".to_owned(),
            Some(id) => format!(" with the id '{id}'"),
            None => String::new(),
        };
        match (&self.name, &self.profile) {
            (Some(name), _) => write!(f, "in profile '{name}' or with the id '{name}'"),
            (None, Some(profile)) => write!(f, "in profile '{profile}'{id}"),
            (None, None) => f.write_str(id.trim_start()),
        }
    }
}

/// Whether a cluster runs, as far as can be known without connecting to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClusterState {
    /// Its controller runs and has written its connection file.
    Running,
    /// Its controller runs and has no connection file yet.
    Starting,
    /// Not known: the controller is a batch job, or on another machine. Counts as usable.
    Unknown,
    /// It has ended; only files are left.
    Gone,
}

/// A cluster that has left files in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundCluster {
    /// The IPython profile; empty for a connection file outside of any profile.
    pub profile: String,
    /// The cluster id; empty if it was started by `ipcluster start` without options.
    pub cluster_id: String,
    /// The client connection file, which may not exist yet.
    pub connection_file: PathBuf,
    /// The cluster file, which `ipcluster list` reads; a controller that was started by hand has none.
    pub cluster_file: Option<PathBuf>,
    /// The controller's process id, if it runs on this machine and is known.
    pub pid: Option<u32>,
    /// Whether the cluster runs.
    pub state: ClusterState,
    /// How many engines were asked for.
    pub engines_expected: Option<u32>,
    /// The launcher of the engines: `local`, `mpi`, `slurm`, …
    pub launcher: Option<String>,
    /// Whether pxlens started it.
    pub ours: bool,
    /// When its files were last written.
    pub written: Option<SystemTime>,
    /// Why this one was chosen among several, as a sentence for the user.
    pub note: Option<String>,
}

impl FoundCluster {
    /// Whether this launcher, such as `mpi`, started its engines; one that is not known may have.
    pub(crate) fn is_launched_by(&self, launcher: &str) -> bool {
        self.launcher.as_deref().is_none_or(|is| {
            let is = is.to_lowercase();
            is.strip_suffix("enginesetlauncher").unwrap_or(&is) == launcher
        })
    }

    /// Whether to connect to it: it is neither gone nor still starting.
    pub(crate) fn alive(&self) -> bool {
        matches!(self.state, ClusterState::Running | ClusterState::Unknown)
    }

    /// Whether it ends together with the pxlens that started it.
    pub(crate) fn is_temporary(&self) -> bool {
        self.cluster_id.starts_with(TEMPORARY_PREFIX)
    }

    /// Its name in messages and in the setting `pxlens.cluster`: `profile:cluster-id`, or the profile alone.
    pub(crate) fn label(&self) -> String {
        match (self.profile.as_str(), self.cluster_id.as_str()) {
            ("", _) => self.connection_file.display().to_string(),
            (profile, "") => profile.to_owned(),
            (profile, id) => format!("{profile}:{id}"),
        }
    }
}

/// Why no cluster was found or chosen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DiscoveryError {
    /// The user has no home directory to look in.
    #[error("pxlens cannot find your home directory; set IPYTHONDIR to the folder of your IPython profiles")]
    NoHome,
    /// The IPython directory cannot be read.
    #[error("pxlens cannot read the IPython directory {}: {why}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        why: io::Error,
    },
    /// The connection file that was named does not exist.
    #[error("there is no connection file {}; a controller removes its file when it ends, so start the cluster again or name another file", .0.display())]
    NoConnectionFile(PathBuf),
    /// The file is the connection file of engines.
    #[error("{} is the connection file for engines; name the file beside it that ends in -client.json", .0.display())]
    EngineFile(PathBuf),
    /// The cluster that was named does not run.
    #[error("no cluster is running {wanted}; {running}")]
    NotRunning {
        /// The cluster that was named.
        wanted: Box<Selection>,
        /// The clusters that run.
        running: Alternatives,
    },
    /// The cluster to use has a controller that has not written its connection file yet. It may help to wait a little.
    #[error("the cluster {0} is still starting; try again in a moment")]
    Starting(String),
}

/// The labels of the clusters that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alternatives(pub Vec<String>);

impl fmt::Display for Alternatives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("no other cluster is running either; start one with `pxlens start`"),
            others => write!(f, "running instead: {}", others.join(", ")),
        }
    }
}

/// The IPython directory: the given one, or else `$IPYTHONDIR`, or else `~/.ipython`.
pub(crate) fn ipython_dir(given: Option<&Path>) -> Result<PathBuf, DiscoveryError> {
    ipython_dir_in(given, |name| std::env::var_os(name), || etcetera::home_dir().ok())
}

fn ipython_dir_in(
    given: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    home: impl Fn() -> Option<PathBuf>,
) -> Result<PathBuf, DiscoveryError> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    match variable("IPYTHONDIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(folder.to_str().map_or_else(|| PathBuf::from(&folder), without_tilde)),
        None => Ok(home().ok_or(DiscoveryError::NoHome)?.join(".ipython")),
    }
}

fn without_tilde(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// All clusters that match the selection, including those that are gone; by profile, then by cluster id.
pub(crate) fn find(selection: &Selection) -> Result<Vec<FoundCluster>, DiscoveryError> {
    if let Some(path) = &selection.connection_file {
        return Ok(vec![by_file(path)?]);
    }
    let all = find_all(&ipython_dir(selection.ipython_dir.as_deref())?)?;
    Ok(only_wanted(selection, &all))
}

fn only_wanted(selection: &Selection, all: &[FoundCluster]) -> Vec<FoundCluster> {
    let wanted = |named| -> Vec<_> { all.iter().filter(|c| selection.wants(c, named)).cloned().collect() };
    let by_profile = wanted(Named::Profile);
    if by_profile.is_empty() { wanted(Named::ClusterId) } else { by_profile }
}

/// The cluster to use; `None` if none was named and none runs.
///
/// A cluster of pxlens that is still starting is [`DiscoveryError::Starting`], so that no second one is started.
///
/// Of several that match, those known to run come before those that may run, then those that pxlens started, then the newest;
/// [`FoundCluster::note`] says which reason decided. A cluster that ends with another `pxlens run` is used only if it is named.
pub(crate) fn choose(selection: &Selection) -> Result<Option<FoundCluster>, DiscoveryError> {
    if let Some(path) = &selection.connection_file {
        return by_file(path).map(Some);
    }
    let all = find_all(&ipython_dir(selection.ipython_dir.as_deref())?)?;
    choose_among(selection, &all)
}

fn choose_among(selection: &Selection, all: &[FoundCluster]) -> Result<Option<FoundCluster>, DiscoveryError> {
    let wanted = only_wanted(selection, all);
    let named_id = selection.cluster_id.is_some() || selection.name.is_some();
    let mut fit: Vec<&FoundCluster> =
        wanted.iter().filter(|c| c.alive() && (named_id || !c.is_temporary())).collect();
    fit.sort_by_key(|c| {
        let known = c.state == ClusterState::Running;
        (!known, c.is_temporary(), !c.ours, std::cmp::Reverse(c.written))
    });
    let Some((&best, others)) = fit.split_first() else {
        let is_starting = |c: &&FoundCluster| {
            c.state == ClusterState::Starting && (selection.is_explicit() || (c.ours && !c.is_temporary()))
        };
        return match wanted.iter().find(is_starting) {
            Some(starting) => Err(DiscoveryError::Starting(starting.label())),
            _ if selection.is_explicit() => {
                let running = all.iter().filter(|c| c.alive()).map(FoundCluster::label).collect();
                Err(DiscoveryError::NotRunning {
                    wanted: Box::new(selection.clone()),
                    running: Alternatives(running),
                })
            }
            _ => Ok(None),
        };
    };
    let mut best = best.clone();
    if let Some(next) = others.first() {
        let reason = if best.state != next.state {
            "it is known to run"
        } else if best.ours != next.ours {
            "pxlens started it"
        } else {
            "it is the newest"
        };
        let rest: Vec<String> = others.iter().map(|c| c.label()).collect();
        best.note =
            Some(format!("using the cluster {} ({reason}); also running: {}", best.label(), rest.join(", ")));
    }
    Ok(Some(best))
}

/// The cluster of a file: a client connection file, or a cluster file beside one.
fn by_file(path: &Path) -> Result<FoundCluster, DiscoveryError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.starts_with("ipcontroller") && name.ends_with("-engine.json") {
        return Err(DiscoveryError::EngineFile(path.to_owned()));
    }
    if !path.is_file() {
        return Err(DiscoveryError::NoConnectionFile(path.to_owned()));
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new(""));
    let profile = folder.parent().and_then(profile_name).unwrap_or_default();
    if let Some(id) = files::id_of_cluster_file(name) {
        let client = folder.join(files::connection_file_name(id, "client"));
        if !client.is_file() {
            return Err(DiscoveryError::NoConnectionFile(client));
        }
        return Ok(examine(profile, id.to_owned(), client, Some(path.clone())));
    }
    let id = files::id_of_client_file(name).unwrap_or_default();
    let cluster_file = folder.join(format!("cluster-{id}.json"));
    let cluster_file = (!profile.is_empty() && cluster_file.is_file()).then_some(cluster_file);
    Ok(examine(profile, id.to_owned(), path.clone(), cluster_file))
}

fn profile_name(folder: &Path) -> Option<String> {
    Some(folder.file_name()?.to_str()?.strip_prefix("profile_")?.to_owned())
}

fn find_all(ipython_dir: &Path) -> Result<Vec<FoundCluster>, DiscoveryError> {
    let entries = match fs::read_dir(ipython_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(DiscoveryError::Unreadable { path: ipython_dir.to_owned(), why }),
    };
    // Keyed by profile and cluster id, which is also the order of the list.
    let mut found: BTreeMap<(String, String), Option<PathBuf>> = BTreeMap::new();
    for folder in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let Some(profile) = profile_name(&folder) else { continue };
        let Ok(entries) = fs::read_dir(folder.join("security")) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if let Some(id) = files::id_of_cluster_file(name) {
                found.insert((profile.clone(), id.to_owned()), Some(path));
            } else if let Some(id) = files::id_of_client_file(name) {
                found.entry((profile.clone(), id.to_owned())).or_default();
            }
        }
    }
    let clusters = found.into_iter().map(|((profile, id), cluster_file)| {
        let security = ipython_dir.join(format!("profile_{profile}")).join("security");
        let client = security.join(files::connection_file_name(&id, "client"));
        examine(profile, id, client, cluster_file)
    });
    Ok(clusters.collect())
}

/// Reads a cluster's files and checks its controller's process.
fn examine(
    profile: String,
    cluster_id: String,
    connection_file: PathBuf,
    cluster_file: Option<PathBuf>,
) -> FoundCluster {
    let cluster = cluster_file.as_deref().and_then(ClusterFile::read);
    let client = ClientFile::read(&connection_file);
    let pid = cluster.as_ref().and_then(ClusterFile::controller_pid);
    // Controllers write the file in place, so one that is half written does not count yet.
    let has_client = client.is_some();
    let elsewhere =
        || client.as_ref().is_some_and(|client| client.is_elsewhere(process::host_name().as_deref()));
    let listening = || client.as_ref().and_then(ClientFile::is_listening);
    let state = match pid.map(process::state_of) {
        Some(controller) if controller.mentions(&IPYPARALLEL) && has_client => ClusterState::Running,
        Some(controller) if controller.mentions(&IPYPARALLEL) => ClusterState::Starting,
        Some(ProcessState::Gone | ProcessState::Running(_)) if !elsewhere() => ClusterState::Gone,
        _ if !has_client => ClusterState::Gone,
        _ => match listening() {
            Some(true) => ClusterState::Running,
            Some(false) if !elsewhere() => ClusterState::Gone,
            _ => ClusterState::Unknown,
        },
    };
    FoundCluster {
        ours: cluster_id.starts_with(OUR_PREFIX),
        written: files::written(&connection_file).max(cluster_file.as_deref().and_then(files::written)),
        engines_expected: cluster.as_ref().and_then(ClusterFile::engines_expected),
        launcher: cluster.as_ref().and_then(ClusterFile::launcher),
        profile,
        cluster_id,
        connection_file,
        cluster_file,
        pid,
        state,
        note: None,
    }
}

#[cfg(test)]
mod tests;
