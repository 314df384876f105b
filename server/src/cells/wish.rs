//! What a document says about the cluster that it wants: how many engines, by which launcher, or which one by its name.
//!
//! It is read as views are read, from the text alone. Only what happens whenever the document is run counts, and only what is
//! a literal or a name that holds one. The first cluster or client decides, since it is the one whose view the px magics refer
//! to. A line of which nobody can tell which cluster it means is told.

use std::fmt;

use super::{
    Origin,
    statements::{Act, Call, Expr, Statement},
};

/// A class of ipyparallel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Client,
    Cluster,
}

/// What is known of names where a statement stands.
pub(super) trait Known {
    /// The class of ipyparallel that an expression gives.
    fn class(&self, expr: &Expr) -> Option<Class>;

    /// The literal that a name holds.
    fn literal(&self, name: &str) -> Option<Expr>;
}

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
    /// The lines that make the same cluster again and give it the same name.
    again: Vec<Origin>,
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
    /// Where it is, if that is a place where pxlens does not look.
    pub(crate) elsewhere: Option<Elsewhere>,
    /// The call that says so, with what cannot be read left out.
    pub(crate) code: Box<str>,
}

/// A place of clusters where pxlens does not look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// Behind an SSH server.
    Ssh(Box<str>),
    /// In an IPython folder or a folder of a profile.
    Folder(Box<str>),
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
        self.engines.is_none() && !self.says_which()
    }

    /// Whether other clusters than any with ordinary engines would not do.
    fn says_which(&self) -> bool {
        self.launcher.is_some() || self.controller.is_some() || self.has_name()
    }

    /// Whether it says by a name or a place which cluster it is.
    fn has_name(&self) -> bool {
        let names = [&self.profile, &self.cluster_id, &self.file];
        self.elsewhere.is_some() || names.into_iter().any(Option::is_some)
    }

    /// Whether it is another cluster than one that a plain `Client()` connects to.
    pub(super) fn is_special(&self) -> bool {
        self.is_started || self.has_name()
    }

    /// Whether both have the same name.
    fn is_named_as(&self, other: &Self) -> bool {
        (&self.profile, &self.cluster_id, &self.file, &self.elsewhere)
            == (&other.profile, &other.cluster_id, &other.file, &other.elsewhere)
    }

    /// Whether both say the same.
    fn is_alike(&self, other: &Self) -> bool {
        self.is_named_as(other)
            && (&self.launcher, &self.controller) == (&other.launcher, &other.controller)
            && self.engines == other.engines
    }

    /// What it is to a reader who is told that it is not the one in use.
    pub(crate) fn as_other(&self) -> String {
        if self.is_plain() { "another cluster".to_owned() } else { self.to_string() }
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
        let ClusterWish { launcher, controller, profile, cluster_id, file, elsewhere, .. } = self;
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
            write!(f, " of the connection file {file}")?;
        }
        if let Some(profile) = profile {
            write!(f, " in profile '{profile}'")?;
        }
        if let Some(id) = cluster_id {
            write!(f, " with the id '{id}'")?;
        }
        match elsewhere {
            Some(Elsewhere::Ssh(server)) => write!(f, " behind the SSH server {server}"),
            Some(Elsewhere::Folder(folder)) => write!(f, " in the folder {folder}"),
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

    /// Whether a client or a cluster is of another cluster than the one that the px magics mean.
    pub(super) fn is_other(&self, made: &ClusterWish) -> bool {
        self.is_begun && !self.is_same(made)
    }

    fn is_same(&self, made: &ClusterWish) -> bool {
        match &self.cluster {
            // Each start makes a cluster.
            Some(first) if made.is_started => {
                first.origin == made.origin || self.again.contains(&made.origin)
            }
            None if made.is_started => false,
            Some(first) => first.is_named_as(made),
            None => !made.has_name(),
        }
    }

    /// Whether a statement may say something.
    pub(super) fn is_changed_by(&self, statement: &Statement, known: &impl Known) -> bool {
        match &statement.act {
            Act::Bind { names, value } => {
                is_of_clusters(value, known) || names.iter().any(|name| self.names.contains(name))
            }
            Act::Evaluate(value) => is_of_clusters(value, known),
            Act::Forget(names) | Act::Unset(names) => names.iter().any(|name| self.names.contains(name)),
            _ => false,
        }
    }

    /// Takes in what a statement says. Gives whether it means a cluster of which nobody can tell which one it is.
    pub(super) fn take(&mut self, statement: &Statement, origin: Origin, known: &impl Known) -> bool {
        let (names, value) = match &statement.act {
            Act::Bind { names, value } => (&names[..], value),
            Act::Evaluate(value) => (&[][..], value),
            Act::Forget(names) | Act::Unset(names) => {
                self.names.retain(|name| !names.contains(name));
                return false;
            }
            _ => return false,
        };
        let mut is_unread = false;
        let is_own = match statement.is_unconditional {
            true => self.value(value, Line { origin, names, known }, &mut is_unread),
            false => {
                is_unread = self.may_be_another(value, origin, known);
                false
            }
        };
        self.names.retain(|name| !names.contains(name));
        if is_own {
            self.names.extend(names.iter().cloned());
        }
        is_unread
    }

    /// Whether what may or may not happen makes a client or a cluster that may be another than the one in use.
    fn may_be_another(&self, value: &Expr, origin: Origin, known: &impl Known) -> bool {
        let call = match value {
            Expr::Call(call) => call,
            Expr::Attribute(object, _) => return self.may_be_another(object, origin, known),
            Expr::Subscript(parts) => return self.may_be_another(&parts[0], origin, known),
            _ => return false,
        };
        let Some(how) = made_by(call, known) else {
            return match &call.function {
                Expr::Attribute(object, _) => self.may_be_another(object, origin, known),
                _ => false,
            };
        };
        // Names may be those of a function.
        let Some(made) = read(how, call, origin) else { return true };
        let is_first = self.cluster.as_ref().is_some_and(|first| first.is_named_as(&made));
        made.says_which() && !(is_first && made.launcher.is_none() && made.controller.is_none())
    }

    /// Takes in what an expression says; gives whether it is the cluster or a client of it.
    fn value(&mut self, value: &Expr, line: Line<'_, impl Known>, is_unread: &mut bool) -> bool {
        let call = match value {
            Expr::Name(name) => return self.names.contains(name),
            Expr::Attribute(object, _) => {
                self.value(object, line, is_unread);
                return false;
            }
            Expr::Subscript(parts) => {
                self.value(&parts[0], line, is_unread);
                return false;
            }
            Expr::Call(call) => call,
            _ => return false,
        };
        if let Some(how) = made_by(call, line.known) {
            return self.made(how, call, line, is_unread);
        }
        let Expr::Attribute(object, name) = &call.function else { return false };
        let is_own = self.value(object, line, is_unread);
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
            // `with cluster as rc:` starts it and connects to it.
            "__enter__" if is_own => {
                self.is_running = true;
                true
            }
            "connect_client" | "connect_client_sync" if is_own => true,
            "wait_for_engines" if is_own || !self.is_begun => {
                if let Some(count) = call.argument(0, "n").and_then(count_of)
                    && self.awaited.is_none_or(|before| before.count <= count)
                {
                    self.awaited = Some(AwaitedEngines { origin: line.origin, count });
                }
                is_own
            }
            _ => false,
        }
    }

    /// Takes in that a client or a cluster is made.
    fn made(&mut self, how: How, call: &Call, line: Line<'_, impl Known>, is_unread: &mut bool) -> bool {
        if let Some(cluster) = call.keyword("cluster").filter(|_| how == How::Connects)
            && self.value(cluster, line, is_unread)
        {
            return true;
        }
        let made = read(how, &filled_in(call, line.known), line.origin);
        *is_unread |= made.is_none();
        if !std::mem::replace(&mut self.is_begun, true) {
            self.cluster = made;
            return true;
        }
        let Some(made) = made else { return false };
        // Made again under its name, it takes the place of the first one.
        let is_again = made.is_started
            && self.cluster.as_ref().is_some_and(|first| first.is_started && first.is_alike(&made))
            && !line.names.is_empty()
            && line.names.iter().all(|name| self.names.contains(name));
        if is_again && !self.again.contains(&made.origin) {
            self.again.push(made.origin);
        }
        self.is_same(&made)
    }
}

/// The line of a statement, and what is known there.
struct Line<'a, K> {
    origin: Origin,
    /// The names that it gives a value.
    names: &'a [Box<str>],
    known: &'a K,
}

impl<K> Clone for Line<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Line<'_, K> {}

/// How a call gets a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Starts,
    Connects,
}

/// How a call makes a client or a cluster, if it does.
fn made_by(call: &Call, known: &impl Known) -> Option<How> {
    if let Expr::Attribute(object, name) = &call.function
        && &**name == "from_file"
    {
        return (known.class(object)? == Class::Cluster).then_some(How::Connects);
    }
    Some(match known.class(&call.function)? {
        Class::Cluster => How::Starts,
        Class::Client => How::Connects,
    })
}

/// Which cluster a call means that makes a client or a cluster; `None` if that cannot be read, or it makes none.
pub(super) fn cluster_of(call: &Call, origin: Origin, known: &impl Known) -> Option<ClusterWish> {
    read(made_by(call, known)?, &filled_in(call, known), origin)
}

fn read(how: How, call: &Call, origin: Origin) -> Option<ClusterWish> {
    match how {
        How::Starts => started(call, origin),
        How::Connects => connected(call, origin),
    }
}

/// A call with literals in the place of names that hold them.
fn filled_in(call: &Call, known: &impl Known) -> Call {
    let value = |value: &Expr| match value {
        Expr::Name(name) => known.literal(name).unwrap_or_else(|| value.clone()),
        value => value.clone(),
    };
    Call {
        function: call.function.clone(),
        arguments: call.arguments.iter().map(value).collect(),
        keywords: call.keywords.iter().map(|(name, it)| (name.clone(), value(it))).collect(),
    }
}

/// Whether an expression may say something: it makes, starts or waits for a cluster.
fn is_of_clusters(value: &Expr, known: &impl Known) -> bool {
    const METHODS: [&str; 10] = [
        "__enter__",
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
        Expr::Call(call) if made_by(call, known).is_some() => true,
        Expr::Call(call) => match &call.function {
            Expr::Attribute(object, name) => METHODS.contains(&&**name) || is_of_clusters(object, known),
            _ => false,
        },
        Expr::Attribute(object, _) => is_of_clusters(object, known),
        Expr::Subscript(parts) => is_of_clusters(&parts[0], known),
        _ => false,
    }
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
        elsewhere: text(call.keyword("profile_dir"))?.map(Elsewhere::Folder),
        code: written(call),
    })
}

/// `Client(profile="mpi")`, `Cluster.from_file("cluster-x.json")`; `None` if it cannot be read.
fn connected(call: &Call, origin: Origin) -> Option<ClusterWish> {
    const FILES: [&str; 4] = ["connection_info", "url_file", "url_or_file", "cluster_file"];
    // Of several, some were passed with stars.
    if call.arguments.len() > 1 || call.keyword("cluster").is_some_and(|cluster| *cluster != Expr::None) {
        return None;
    }
    let file = call.arguments.first();
    let file = file.or_else(|| FILES.iter().find_map(|name| call.keyword(name)));
    let file = match file {
        Some(Expr::Text(path)) if path.ends_with(".json") => Some(path.clone()),
        None | Some(Expr::None) => None,
        // An address, or what is not known.
        Some(_) => return None,
    };
    let folder = match text(call.keyword("profile_dir"))? {
        None => text(call.keyword("ipython_dir"))?,
        folder => folder,
    };
    let ssh = text(call.keyword("sshserver"))?.map(Elsewhere::Ssh);
    Some(ClusterWish {
        origin,
        is_started: false,
        engines: None,
        launcher: None,
        controller: None,
        profile: if file.is_some() { None } else { profile(call)? },
        cluster_id: if file.is_some() { None } else { text(call.keyword("cluster_id"))? },
        elsewhere: ssh.or_else(|| folder.filter(|_| file.is_none()).map(Elsewhere::Folder)),
        file,
        code: written(call),
    })
}

/// A call as one would write it, with `…` for what is no literal.
fn written(call: &Call) -> Box<str> {
    fn path(expr: &Expr) -> String {
        match expr {
            Expr::Name(name) => name.to_string(),
            Expr::Attribute(object, name) => format!("{}.{name}", path(object)),
            _ => "…".to_owned(),
        }
    }
    let value = |value: &Expr| match value {
        Expr::Text(text) => format!("\"{text}\""),
        Expr::Int(number) => number.to_string(),
        Expr::Bool(true) => "True".to_owned(),
        Expr::Bool(false) => "False".to_owned(),
        Expr::None => "None".to_owned(),
        value => path(value),
    };
    let arguments = call.arguments.iter().map(value);
    let keywords = call.keywords.iter().map(|(name, it)| format!("{name}={}", value(it)));
    let arguments: Vec<String> = arguments.chain(keywords).collect();
    format!("{}({})", path(&call.function), arguments.join(", ")).into()
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
