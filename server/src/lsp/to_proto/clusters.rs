//! The responses to `px/engines` and `px/clusters`: the clusters that were found, and the activity of engines.

use std::collections::{BTreeMap, BTreeSet};

use pxlens_protocol::{
    Cluster, ClusterState, Engine, EngineCell, EngineFailure, EngineState, Whose, WorksFor,
};

use super::{cell_id, run_id};
use crate::{
    cluster::{
        ClusterStatus, Origin,
        discovery::{self, FoundCluster},
    },
    engines::{self, Activity, EngineId},
    ide,
    render::raised,
    run::{Ending, Phase},
    session::{ClusterView, ConnectionView, Owner, RunHandle},
};

/// How many runs are searched for the activity of engines.
const RUNS: usize = 200;

/// What engines are working on, and their last failures, in the runs of a session.
#[derive(Debug, Default)]
pub(in crate::lsp) struct EngineActivity {
    current: BTreeMap<EngineId, EngineCell>,
    failures: BTreeMap<EngineId, EngineFailure>,
}

impl EngineActivity {
    /// The activity of these engines in these runs, which come newest first.
    pub(in crate::lsp) fn of<'r>(engines: &[EngineId], runs: impl Iterator<Item = &'r RunHandle>) -> Self {
        let mut activity = Self::default();
        let mut unsettled: BTreeSet<EngineId> = engines.iter().copied().collect();
        for handle in runs.take(RUNS) {
            let run = handle.excerpt(ide::SHOWN);
            if unsettled.is_empty() && run.is_over() {
                continue;
            }
            for part in run.parts() {
                match &part.phase {
                    Phase::Running => {
                        activity.current.entry(part.engine).or_insert_with(|| cell_of(handle));
                    }
                    Phase::Ended(Ending::Ok) => {
                        unsettled.remove(&part.engine);
                    }
                    Phase::Ended(Ending::Error(error)) => {
                        if unsettled.remove(&part.engine) {
                            let failure = EngineFailure { text: raised(error), at: cell_of(handle) };
                            activity.failures.insert(part.engine, failure);
                        }
                    }
                    // The code did not run there, or its outcome is not known.
                    Phase::Queued | Phase::Sent | Phase::Ended(Ending::Aborted(_) | Ending::Lost(_)) => {}
                }
            }
        }
        activity
    }
}

fn cell_of(handle: &RunHandle) -> EngineCell {
    EngineCell {
        run: run_id(handle.id),
        uri: handle.document().to_string(),
        cell: cell_id(handle.cell),
        line: handle.line,
        title: handle.magic_line.clone(),
    }
}

/// The response to `px/engines`: the cluster in use first, then others that are alive.
pub(in crate::lsp) fn engines(
    connection: &ConnectionView,
    activity: EngineActivity,
    found: &[FoundCluster],
) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    match connection {
        ConnectionView::InUse(cluster) => clusters.push(in_use(cluster, activity)),
        ConnectionView::Starting => clusters.push(starting()),
        ConnectionView::None | ConnectionView::Looking => {}
    }
    clusters.extend(others(connection, found).filter(|found| found.alive()).map(found_cluster));
    clusters
}

/// The response to `px/clusters`: the cluster in use first, those that are down last.
pub(in crate::lsp) fn clusters(connection: &ConnectionView, found: &[FoundCluster]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = others(connection, found).map(found_cluster).collect();
    clusters.sort_by_key(|cluster| cluster.state == ClusterState::Down);
    let first = connection.cluster().map(|cluster| in_use(cluster, EngineActivity::default()));
    clusters.splice(0..0, first.map(|first| Cluster { engines: Vec::new(), ..first }));
    clusters
}

/// The clusters that were found and are not in use.
fn others<'f>(
    connection: &ConnectionView,
    found: &'f [FoundCluster],
) -> impl Iterator<Item = &'f FoundCluster> {
    let in_use = connection.cluster().map(|cluster| cluster.found.connection_file.clone());
    found.iter().filter(move |other| in_use.as_ref() != Some(&other.connection_file))
}

/// The cluster in use, with its engines.
pub(in crate::lsp) fn in_use(cluster: &ClusterView, mut activity: EngineActivity) -> Cluster {
    let engines = cluster.engines.iter().map(|engine| self::engine(engine, cluster, &mut activity)).collect();
    Cluster {
        state: match cluster.status {
            ClusterStatus::NotResponding => ClusterState::NotResponding,
            ClusterStatus::Down { .. } | ClusterStatus::Lost { .. } => ClusterState::Down,
            _ => ClusterState::Up,
        },
        in_use: true,
        ours: cluster.owner != Owner::Other,
        engines,
        ..found_cluster(&cluster.found)
    }
}

fn engine(of: &engines::Engine, cluster: &ClusterView, activity: &mut EngineActivity) -> Engine {
    let (state, origin) = match cluster.activities.of(of.id) {
        Activity::Unknown => (EngineState::Unknown, None),
        Activity::Idle => (EngineState::Idle, None),
        Activity::Busy(request) => (EngineState::Busy, Some(cluster.origins.of(request))),
    };
    Engine {
        id: of.id.0,
        state,
        host: of.host.as_deref().map(str::to_owned),
        pid: of.pid,
        current: activity.current.remove(&of.id),
        works_for: origin.and_then(works_for),
        last_error: activity.failures.remove(&of.id),
    }
}

/// The other client that sent what an engine works on.
fn works_for(origin: Origin) -> Option<WorksFor> {
    match origin {
        Origin::Own => None,
        Origin::Mine(run) => Some(WorksFor { whose: Whose::Mine, run: Some(run.to_string()) }),
        Origin::Other => Some(WorksFor { whose: Whose::Anybody, run: None }),
    }
}

/// A cluster that is being started and has no files yet.
fn starting() -> Cluster {
    Cluster {
        profile: None,
        cluster_id: None,
        connection_file: None,
        state: ClusterState::Starting,
        in_use: true,
        ours: true,
        engines: Vec::new(),
    }
}

fn found_cluster(found: &FoundCluster) -> Cluster {
    Cluster {
        profile: (!found.profile.is_empty()).then(|| found.profile.clone()),
        cluster_id: (!found.cluster_id.is_empty()).then(|| found.cluster_id.clone()),
        connection_file: Some(found.connection_file.display().to_string()),
        state: match found.state {
            discovery::ClusterState::Gone => ClusterState::Down,
            discovery::ClusterState::Starting => ClusterState::Starting,
            discovery::ClusterState::Running | discovery::ClusterState::Unknown => ClusterState::Found,
        },
        in_use: false,
        ours: found.ours,
        engines: Vec::new(),
    }
}
