//! What a document says about the cluster that it wants: how many engines, by which launcher, or which one by its name.
//!
//! It is read as views are read, from the text alone. Only what happens whenever the document is run counts, and only what is
//! written as a literal. The first cluster or client decides, since it is the one whose view the px magics refer to.

use std::fmt;

use super::{
    Origin,
    statements::{Act, Call, Expr, Statement},
};

/// What a document says about the cluster that it wants. The default is a document that says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The cluster that it starts or connects to.
    pub(crate) cluster: Option<ClusterWish>,
    /// How many engines it waits for.
    pub(crate) awaited: Option<AwaitedEngines>,
    /// The names of that cluster, and of its clients.
    names: Vec<Box<str>>,
    /// Whether a cluster or a client was made.
    is_begun: bool,
    /// Whether its engines were started.
    is_running: bool,
}

/// The cluster that a document starts or connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterWish {
    /// The line that says so.
    pub(crate) origin: Origin,
    /// Whether it is started there, rather than expected to run.
    pub(crate) is_started: bool,
    /// How many engines are started; `None` if that is not said.
    pub(crate) engines: Option<u32>,
    /// What starts the engines, unless that is ordinary processes on the same machine: `mpi`, `slurm`, …
    pub(crate) launcher: Option<Box<str>>,
    /// The same for the controller.
    pub(crate) controller: Option<Box<str>>,
    /// The IPython profile.
    pub(crate) profile: Option<Box<str>>,
    /// The cluster id.
    pub(crate) cluster_id: Option<Box<str>>,
    /// The connection file.
    pub(crate) file: Option<Box<str>>,
}

/// `rc.wait_for_engines(n)`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AwaitedEngines {
    /// The line that says so.
    pub(crate) origin: Origin,
    /// How many.
    pub(crate) count: u32,
}

/// The arguments of `Cluster()`; the second is an older spelling.
const ENGINES: [&str; 2] = ["engines", "engine_launcher_class"];
const CONTROLLER: [&str; 2] = ["controller", "controller_launcher_class"];

impl ClusterWish {
    /// Whether it says nothing that ordinary engines on this machine would not do.
    fn is_plain(&self) -> bool {
        let said = [&self.launcher, &self.controller, &self.profile, &self.cluster_id, &self.file];
        self.engines.is_none() && said.into_iter().all(Option::is_none)
    }

    /// The command that starts such a cluster.
    pub(crate) fn command(&self, awaited: Option<u32>) -> String {
        let mut command = "ipcluster start".to_owned();
        let mut option = |name: &str, value: &Option<Box<str>>| {
            if let Some(value) = value {
                command.push_str(&format!(" --{name}={}", quoted(value)));
            }
        };
        option("engines", &self.launcher);
        option("controller", &self.controller);
        option("profile", &self.profile);
        option("cluster-id", &self.cluster_id);
        if let Some(count) = self.engines.or(awaited) {
            command.push_str(&format!(" -n {count}"));
        }
        command
    }
}

/// Continues "line 1 asks for …".
impl fmt::Display for ClusterWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClusterWish { launcher, controller, profile, cluster_id, file, .. } = self;
        match (self.engines, launcher) {
            (Some(1), Some(launcher)) => write!(f, "1 {launcher} engine")?,
            (Some(count), Some(launcher)) => write!(f, "{count} {launcher} engines")?,
            (None, Some(launcher)) => write!(f, "{launcher} engines")?,
            (Some(count), None) if self.is_started => {
                write!(f, "{count} {}", if count == 1 { "engine" } else { "engines" })?;
            }
            (_, None) => f.write_str(if self.is_started { "a cluster" } else { "the cluster" })?,
        }
        if let Some(controller) = controller {
            write!(f, " with a {controller} controller")?;
        }
        if let Some(file) = file {
            return write!(f, " of the connection file {file}");
        }
        if let Some(profile) = profile {
            write!(f, " in profile '{profile}'")?;
        }
        match cluster_id {
            Some(id) => write!(f, " with the id '{id}'"),
            None => Ok(()),
        }
    }
}

/// A word of a command for the shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl Wish {
    /// What is wanted, if it is anything but some engines on this machine.
    pub(crate) fn said_cluster(&self) -> Option<&ClusterWish> {
        self.cluster.as_ref().filter(|cluster| !cluster.is_plain())
    }

    /// The lines that say it.
    pub(crate) fn origins(&self) -> impl Iterator<Item = Origin> {
        let cluster = self.cluster.as_ref().map(|cluster| cluster.origin);
        cluster.into_iter().chain(self.awaited.map(|awaited| awaited.origin))
    }

    /// Whether a statement may say something.
    pub(super) fn is_changed_by(&self, statement: &Statement) -> bool {
        match &statement.act {
            Act::Bind { names, value } => {
                is_of_clusters(value) || names.iter().any(|name| self.names.contains(name))
            }
            Act::Evaluate(value) => is_of_clusters(value),
            Act::Forget(names) | Act::Unset(names) => names.iter().any(|name| self.names.contains(name)),
            _ => false,
        }
    }

    /// Takes in what a statement says.
    pub(super) fn take(&mut self, statement: &Statement, origin: Origin) {
        let (names, value) = match &statement.act {
            Act::Bind { names, value } => (&names[..], value),
            Act::Evaluate(value) => (&[][..], value),
            Act::Forget(names) | Act::Unset(names) => {
                return self.names.retain(|name| !names.contains(name));
            }
            _ => return,
        };
        let is_own = statement.is_unconditional && self.value(value, origin);
        self.names.retain(|name| !names.contains(name));
        if is_own {
            self.names.extend(names.iter().cloned());
        }
    }

    /// Takes in what an expression says; gives whether it is the cluster or a client of it.
    fn value(&mut self, value: &Expr, origin: Origin) -> bool {
        let call = match value {
            Expr::Name(name) => return self.names.contains(name),
            Expr::Call(call) => call,
            _ => return false,
        };
        let (object, name) = match &call.function {
            Expr::Name(name) => (None, name),
            Expr::Attribute(object, name) => (Some(object), name),
            _ => return false,
        };
        match &**name {
            "Cluster" | "Client" => {
                if std::mem::replace(&mut self.is_begun, true) {
                    return false;
                }
                self.cluster = match &**name {
                    "Cluster" => started(call, origin),
                    _ => connected(call, origin),
                };
                return true;
            }
            "from_file" if object.is_some_and(|object| is_cluster_class(object)) => {
                if std::mem::replace(&mut self.is_begun, true) {
                    return false;
                }
                self.cluster = connected(call, origin);
                return true;
            }
            _ => {}
        }
        let Some(object) = object else { return false };
        let is_own = self.value(object, origin);
        match &**name {
            "start_cluster"
            | "start_cluster_sync"
            | "start_and_connect"
            | "start_and_connect_sync"
            | "start_engines"
            | "start_engines_sync"
                if is_own =>
            {
                let adds = name.starts_with("start_engines");
                if let Some(cluster) = &mut self.cluster
                    && let Some(argument) = call.argument(0, "n").filter(|given| **given != Expr::None)
                {
                    let before = cluster.engines.filter(|_| adds && self.is_running).unwrap_or_default();
                    cluster.engines = count_of(argument).map(|more| before.saturating_add(more));
                }
                self.is_running = true;
                true
            }
            "connect_client" | "connect_client_sync" if is_own => true,
            "wait_for_engines" if is_own || !self.is_begun => {
                if let Some(count) = call.argument(0, "n").and_then(count_of)
                    && self.awaited.is_none_or(|before| before.count <= count)
                {
                    self.awaited = Some(AwaitedEngines { origin, count });
                }
                is_own
            }
            _ => false,
        }
    }
}

/// Whether an expression may say something: it makes, starts or waits for a cluster.
fn is_of_clusters(value: &Expr) -> bool {
    const METHODS: [&str; 9] = [
        "start_cluster",
        "start_cluster_sync",
        "start_and_connect",
        "start_and_connect_sync",
        "start_engines",
        "start_engines_sync",
        "connect_client",
        "connect_client_sync",
        "wait_for_engines",
    ];
    match value {
        Expr::Call(call) => match &call.function {
            Expr::Name(name) => ["Cluster", "Client"].contains(&&**name),
            Expr::Attribute(object, name) => {
                let name = &**name;
                ["Cluster", "Client", "from_file"].contains(&name)
                    || METHODS.contains(&name)
                    || is_of_clusters(object)
            }
            _ => false,
        },
        Expr::Attribute(object, _) => is_of_clusters(object),
        _ => false,
    }
}

fn is_cluster_class(object: &Expr) -> bool {
    matches!(object, Expr::Name(name) | Expr::Attribute(_, name) if &**name == "Cluster")
}

/// `Cluster(engines="mpi", n=2)`; `None` if it cannot be read.
fn started(call: &Call, origin: Origin) -> Option<ClusterWish> {
    // What is passed with stars may be anything.
    if !call.arguments.is_empty() {
        return None;
    }
    let launcher = |names: [&str; 2]| match names.iter().find_map(|name| call.keyword(name)) {
        None | Some(Expr::None) => Some(None),
        Some(Expr::Text(name)) => Some(Some(launcher(name)).filter(|name| &**name != "local")),
        Some(_) => None,
    };
    let n = call.keyword("n");
    Some(ClusterWish {
        origin,
        is_started: true,
        engines: n.and_then(count_of),
        launcher: launcher(ENGINES)?,
        controller: launcher(CONTROLLER)?,
        profile: profile(call)?,
        cluster_id: text(call.keyword("cluster_id"))?,
        file: None,
    })
}

/// `Client(profile="mpi")`, `Cluster.from_file("cluster-x.json")`; `None` if it cannot be read.
fn connected(call: &Call, origin: Origin) -> Option<ClusterWish> {
    let file = call.arguments.first();
    let file = file
        .or_else(|| ["url_file", "url_or_file", "cluster_file"].iter().find_map(|name| call.keyword(name)));
    let file = match file {
        Some(Expr::Text(path)) if path.ends_with(".json") => Some(path.clone()),
        None | Some(Expr::None) => None,
        // An address, or what is not known.
        Some(_) => return None,
    };
    Some(ClusterWish {
        origin,
        is_started: false,
        engines: None,
        launcher: None,
        controller: None,
        profile: if file.is_some() { None } else { profile(call)? },
        cluster_id: if file.is_some() { None } else { text(call.keyword("cluster_id"))? },
        file,
    })
}

/// The profile that is named. The default one is what pxlens uses anyway, and may hold several clusters.
fn profile(call: &Call) -> Option<Option<Box<str>>> {
    Some(text(call.keyword("profile"))?.filter(|profile| &**profile != "default"))
}

/// A text that is not empty, if there is any; `None` if it cannot be read.
fn text(argument: Option<&Expr>) -> Option<Option<Box<str>>> {
    match argument {
        None | Some(Expr::None) => Some(None),
        Some(Expr::Text(text)) => Some(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => None,
    }
}

fn count_of(argument: &Expr) -> Option<u32> {
    match argument {
        Expr::Int(count) => u32::try_from(*count).ok().filter(|count| *count > 0),
        _ => None,
    }
}

/// The short name of a launcher: `MPI` and `ipyparallel.cluster.launcher.MPIEngineSetLauncher` are `mpi`.
fn launcher(name: &str) -> Box<str> {
    let name = name.rsplit(['.', ':']).next().unwrap_or(name);
    let name = ["EngineSetLauncher", "ControllerLauncher", "Launcher"]
        .into_iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name)
        .to_lowercase();
    match name.as_str() {
        "windowshpc" => "winhpc".into(),
        _ => name.into(),
    }
}
