//! The answer to `px/engines`.

use pxlens_protocol::{Cluster, ClusterState, Engine, EngineState, EnginesResult};

use crate::{
    cluster::{
        ClusterStatus,
        discovery::{self, FoundCluster, Selection},
    },
    engines::{self, Activity},
    session::{ClusterView, Owner},
};

/// The answer to `px/engines`: the cluster in use first, then others in reach.
pub(in crate::lsp::bridge) async fn engines(cluster: ClusterView, selection: Selection) -> EnginesResult {
    let selection = Selection { ipython_dir: selection.ipython_dir, ..Selection::default() };
    let found = tokio::task::spawn_blocking(move || discovery::find(&selection)).await;
    let (found, message) = match found {
        Ok(Ok(found)) => (found, None),
        Ok(Err(error)) => (Vec::new(), Some(error.to_string())),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let mut clusters: Vec<Cluster> = Vec::new();
    if let (Some(owner), Some(found)) = (cluster.owner, &cluster.found) {
        clusters.push(Cluster {
            state: match cluster.status {
                Some(ClusterStatus::NotResponding) => ClusterState::NotResponding,
                Some(ClusterStatus::Down { .. } | ClusterStatus::Lost { .. }) => ClusterState::Down,
                _ => ClusterState::Up,
            },
            in_use: true,
            ours: owner != Owner::Other,
            engines: cluster.engines.iter().map(|engine| self::engine(engine, &cluster)).collect(),
            ..found_cluster(found)
        });
    }
    let in_use = |other: &FoundCluster| {
        cluster.found.as_ref().is_some_and(|found| found.connection_file == other.connection_file)
    };
    clusters.extend(found.iter().filter(|found| found.alive() && !in_use(found)).map(found_cluster));
    EnginesResult { clusters, message }
}

fn engine(of: &engines::Engine, cluster: &ClusterView) -> Engine {
    let state = match cluster.activities.of(of.id) {
        Activity::Unknown => EngineState::Unknown,
        Activity::Idle => EngineState::Idle,
        Activity::Busy(_) => EngineState::Busy,
    };
    Engine { id: of.id.0, state, host: of.host.as_deref().map(str::to_owned), pid: of.pid }
}

fn found_cluster(found: &FoundCluster) -> Cluster {
    Cluster {
        profile: (!found.profile.is_empty()).then(|| found.profile.clone()),
        cluster_id: (!found.cluster_id.is_empty()).then(|| found.cluster_id.clone()),
        connection_file: Some(found.connection_file.display().to_string()),
        state: ClusterState::Found,
        in_use: false,
        ours: found.ours,
        engines: Vec::new(),
    }
}
