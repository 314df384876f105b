//! What a file says about the cluster that it wants, held against what runs and what the user chose. The one place that decides
//! which cluster a file runs on, how many engines are started for it, and when it is refused. Pure.
//!
//! The user goes first: a cluster that a setting or a flag names, or that was chosen, is used whatever the file says.

use std::sync::Arc;

use super::{ClusterView, DEFAULT_ENGINES, Owner, Settings};
use crate::{
    cells::{ClusterWish, Origin, Wish},
    cluster::discovery::{FoundCluster, Selection},
};

/// The most engines that are started because a file says so.
const MOST: u32 = 1024;

/// What a file says about the cluster that it wants, with its lines as a reader calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileWish {
    wish: Arc<Wish>,
    cluster_line: String,
    awaited_line: String,
}

/// Why a file does not run on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsuited {
    /// In a few words, for a button.
    pub short: String,
    /// As a sentence that says what to do.
    pub why: String,
}

/// What a run asks of the cluster that is looked for, or started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ask {
    /// Which clusters will do.
    pub(super) selection: Selection,
    /// How many engines one that is started gets.
    pub(super) engines: u32,
    /// Why none may be started.
    pub(super) not_started: Option<String>,
    /// What to say if the file names a cluster and it does not run.
    pub(super) missing: Option<String>,
    /// Whether that cluster is where pxlens does not look.
    pub(super) is_elsewhere: bool,
}

impl FileWish {
    /// `line` names the line of an origin.
    pub(super) fn new(wish: &Arc<Wish>, line: impl Fn(Origin) -> Option<String>) -> Self {
        let line = |origin: Option<Origin>| origin.and_then(&line).unwrap_or_else(|| "a line".to_owned());
        Self {
            wish: Arc::clone(wish),
            cluster_line: line(wish.cluster.as_ref().map(|cluster| cluster.origin)),
            awaited_line: line(wish.awaited.map(|awaited| awaited.origin)),
        }
    }

    /// Whether it says which cluster is to be used.
    pub(super) fn chooses(&self) -> bool {
        self.cluster().is_some_and(|cluster| cluster.launcher.is_some() || is_named(cluster))
    }

    /// What is to be looked for, and started if it is not there.
    pub(super) fn ask(&self, settings: &Settings) -> Ask {
        Ask {
            selection: self.selection(settings),
            engines: self.engines(settings),
            not_started: self.not_started(settings).map(|unsuited| unsuited.why),
            missing: self.missing(settings).map(|unsuited| unsuited.why),
            is_elsewhere: !settings.cluster.is_explicit() && self.is_elsewhere(),
        }
    }

    /// The same before somebody runs it: nothing is started.
    pub(super) fn selection(&self, settings: &Settings) -> Selection {
        let Some(cluster) = self.cluster().filter(|_| !settings.cluster.is_explicit()) else {
            return settings.cluster.clone();
        };
        let mut selection = Selection {
            launcher: cluster.launcher.as_deref().map(str::to_owned),
            ..settings.cluster.clone()
        };
        if let Some(file) = &cluster.file {
            let file = Selection::parse(file).connection_file.unwrap_or_default();
            selection.connection_file = Some(settings.folder.join(file));
        } else if is_named(cluster) {
            selection.profile = cluster.profile.as_deref().map(str::to_owned);
            selection.cluster_id = cluster.cluster_id.as_deref().map(str::to_owned);
        }
        selection
    }

    /// How many engines a cluster gets that is started for it.
    pub(super) fn engines(&self, settings: &Settings) -> u32 {
        settings.engines.or_else(|| self.wished_engines()).unwrap_or(DEFAULT_ENGINES)
    }

    /// The line that says how many engines are started; `None` if the user or the default decides.
    pub(super) fn engines_line(&self, settings: &Settings) -> Option<&str> {
        if settings.engines.is_some() {
            return None;
        }
        match self.cluster().and_then(|cluster| cluster.engines) {
            Some(_) => Some(&self.cluster_line),
            None => self.wish.awaited.map(|_| &*self.awaited_line),
        }
    }

    /// Why it does not run while no cluster is found.
    pub(super) fn unsuited_to_start(&self, settings: &Settings) -> Option<Unsuited> {
        self.missing(settings).or_else(|| self.not_started(settings))
    }

    /// Why it does not run on a cluster that is in use.
    pub(super) fn unsuited(&self, settings: &Settings, view: &ClusterView) -> Option<Unsuited> {
        let name = view.name();
        if let Some(cluster) = self.cluster()
            && !self.fits(settings, &view.found)
        {
            if let Some(missing) = self.missing(settings).filter(|_| self.is_elsewhere()) {
                return Some(missing);
            }
            let line = &self.cluster_line;
            let why = format!(
                "{line} asks for {cluster}, and pxlens is connected to {name}: it looks for that cluster when you run this"
            );
            return Some(Unsuited { short: short(cluster), why });
        }
        let awaited = self.wish.awaited?;
        let there = u32::try_from(view.engines.len()).unwrap_or(u32::MAX);
        // Somebody who says how many engines are started is not told that a line says otherwise.
        let is_chosen = settings.engines.is_some() && view.owner == Owner::Session;
        if there >= awaited.count || is_chosen {
            return None;
        }
        let (line, count) = (&self.awaited_line, awaited.count);
        let missing = count - there;
        let mut command = format!("ipcluster engines -n {missing}");
        let found = &view.found;
        command.push_str(&if found.profile.is_empty() {
            format!(" --file={}", found.connection_file.display())
        } else {
            format!(" --profile={}", found.profile)
        });
        if !found.profile.is_empty() && !found.cluster_id.is_empty() {
            command.push_str(&format!(" --cluster-id={}", found.cluster_id));
        }
        let why = format!(
            "{line} waits for {}, and the cluster {name} has {there}; add {missing} with `{command}`, or change the line",
            engines(count)
        );
        Some(Unsuited { short: format!("waits for {}", engines(count)), why })
    }

    /// Whether a cluster is one that it asks for.
    pub(super) fn fits(&self, settings: &Settings, found: &FoundCluster) -> bool {
        let Some(cluster) = self.cluster().filter(|_| !settings.cluster.is_explicit()) else { return true };
        let same = |wanted: &Option<Box<str>>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let is_named = match &self.selection(settings).connection_file {
            Some(file) => {
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                file == found.connection_file || Some(&file) == found.cluster_file.as_ref()
            }
            None if is_named(cluster) => {
                same(&cluster.profile, &found.profile) && same(&cluster.cluster_id, &found.cluster_id)
            }
            None => true,
        };
        is_named
            && !self.is_elsewhere()
            && cluster.launcher.as_deref().is_none_or(|launcher| found.is_launched_by(launcher))
    }

    /// What the file says and the user's own choice overrides.
    pub(super) fn overruled(&self, settings: &Settings, running: Option<&str>) -> Option<String> {
        let cluster = self.cluster()?;
        let line = &self.cluster_line;
        if settings.cluster.is_explicit() && self.chooses() {
            return Some(format!("{line} asks for {cluster}; the cluster that you named is used instead"));
        }
        let (count, given) = (cluster.engines?, settings.engines?);
        (running.is_none() && count != given)
            .then(|| format!("{line} asks for {}; {given} are started, as you said", engines(count)))
    }

    fn cluster(&self) -> Option<&ClusterWish> {
        self.wish.said_cluster()
    }

    fn is_elsewhere(&self) -> bool {
        self.cluster().is_some_and(|cluster| cluster.elsewhere.is_some())
    }

    fn wished_engines(&self) -> Option<u32> {
        let awaited = self.wish.awaited.map(|awaited| awaited.count);
        self.cluster().and_then(|cluster| cluster.engines).or(awaited)
    }

    /// Why no cluster may be started for it.
    fn not_started(&self, settings: &Settings) -> Option<Unsuited> {
        let awaited = self.wish.awaited.map(|awaited| awaited.count);
        let line = &self.cluster_line;
        if let Some(cluster) =
            self.cluster().filter(|cluster| !settings.cluster.is_explicit() && needs_ipcluster(cluster))
        {
            let command = cluster.command(awaited);
            let why = format!(
                "{line} asks for {cluster}, and pxlens starts only ordinary engines on this machine; start them with `{command}`, and run this again"
            );
            return Some(Unsuited { short: short(cluster), why });
        }
        if settings.engines.is_some() {
            return None;
        }
        let count = self.wished_engines()?;
        if count > MOST {
            let (line, most) = (self.engines_line(settings)?, engines(MOST));
            let why = format!(
                "{line} asks for {count} engines, and pxlens starts {most} at most; start them with `ipcluster start -n {count}`"
            );
            return Some(Unsuited { short: format!("asks for {count} engines"), why });
        }
        let awaited = awaited.filter(|awaited| *awaited > count)?;
        let why = format!(
            "{} waits for {}, and {line} starts only {count}; change one of these lines",
            self.awaited_line,
            engines(awaited)
        );
        Some(Unsuited { short: format!("waits for {}", engines(awaited)), why })
    }

    /// What to say if the cluster that it names does not run.
    fn missing(&self, settings: &Settings) -> Option<Unsuited> {
        let cluster =
            self.cluster().filter(|cluster| is_named(cluster) && !settings.cluster.is_explicit())?;
        let line = &self.cluster_line;
        if cluster.elsewhere.is_some() {
            let why = format!(
                "{line} asks for {cluster}, where pxlens does not look; name the cluster's connection file by --connection-file, or in \
                 the setting pxlens.cluster"
            );
            return Some(Unsuited { short: short(cluster), why });
        }
        let start = match &cluster.file {
            Some(_) => "start it again, or correct the line".to_owned(),
            None => {
                let awaited = self.wish.awaited.map(|awaited| awaited.count);
                format!("start it with `{}`", cluster.command(awaited))
            }
        };
        let why = format!("{line} asks for {cluster}, which is not running; {start}");
        Some(Unsuited { short: short(cluster), why })
    }
}

/// Whether a file says by name which cluster it uses. The id of one that it starts for itself is only a label, but a profile
/// says how its engines are started.
fn is_named(cluster: &ClusterWish) -> bool {
    cluster.profile.is_some()
        || cluster.file.is_some()
        || cluster.elsewhere.is_some()
        || (cluster.cluster_id.is_some() && !cluster.is_started)
}

/// Whether pxlens cannot start it.
fn needs_ipcluster(cluster: &ClusterWish) -> bool {
    cluster.launcher.is_some() || cluster.controller.is_some()
}

fn engines(count: u32) -> String {
    if count == 1 { "1 engine".to_owned() } else { format!("{count} engines") }
}

/// What a file asks for, in a few words.
fn short(cluster: &ClusterWish) -> String {
    let ClusterWish { launcher, controller, profile, cluster_id, .. } = cluster;
    match (launcher, controller, profile, cluster_id) {
        (Some(launcher), ..) => format!("asks for {launcher} engines"),
        (None, Some(controller), ..) => format!("asks for a {controller} controller"),
        (None, None, Some(profile), _) => format!("asks for profile '{profile}'"),
        (None, None, None, Some(id)) => format!("asks for the cluster '{id}'"),
        _ => "asks for another cluster".to_owned(),
    }
}
