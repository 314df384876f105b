//! Clusters and engines: listed, chosen, started and stopped.

use std::path::PathBuf;

use pxlens_protocol::{
    ClustersResult, ConnectParams, ConnectResult, EnginesResult, StopClusterParams, StopClusterResult,
};

use super::{Bridge, answers, to_session};
use crate::{
    cluster::{
        discovery::{self, Selection},
        local,
    },
    lsp::{ClusterChoice, facade::Clusters},
    session::{AskError, ClusterView, StartPolicy},
};

impl Bridge {
    /// Where clusters are looked for; a sentence where nothing is, since the workspace is not trusted.
    fn place(&self) -> Result<Selection, String> {
        let (trusted, selection) = self.state(|state| (state.trusted, to_session(state).cluster));
        let place = Selection { ipython_dir: selection.ipython_dir, ..Selection::default() };
        if trusted { Ok(place) } else { Err(AskError::Untrusted.to_string()) }
    }

    async fn used(&self, cluster: ClusterView, message: Option<String>) -> ConnectResult {
        ConnectResult { cluster: answers::in_use(&cluster, self.deeds(&cluster).await), message }
    }

    /// What the engines of a cluster do and did in this session.
    async fn deeds(&self, cluster: &ClusterView) -> answers::Deeds {
        let mut runs = self.session.history(None).await;
        runs.retain(|past| past.run.id >= cluster.first_run);
        let engines = cluster.engines.ids();
        super::aside(move || answers::Deeds::of(&engines, runs.iter().rev().map(|past| &*past.run))).await
    }
}

impl Clusters for Bridge {
    async fn engines(&self, patient: bool) -> EnginesResult {
        let cluster = match patient {
            true => self.session.cluster_with_places().await,
            false => self.session.cluster().await,
        };
        match self.place() {
            Ok(place) => answers::engines(&cluster, self.deeds(&cluster).await, place).await,
            Err(why) => EnginesResult { message: Some(why), ..EnginesResult::default() },
        }
    }

    async fn clusters(&self) -> ClustersResult {
        match self.place() {
            Ok(place) => answers::clusters(&self.session.cluster().await, place).await,
            Err(why) => ClustersResult { message: Some(why), ..ClustersResult::default() },
        }
    }

    async fn connect(&self, params: ConnectParams) -> ConnectResult {
        if let Err(why) = self.place() {
            return ConnectResult { message: Some(why), ..ConnectResult::default() };
        }
        let ConnectParams { profile, cluster_id, connection_file } = params;
        let names_one = profile.is_some() || cluster_id.is_some() || connection_file.is_some();
        let connection_file = connection_file.map(PathBuf::from);
        let choice = ClusterChoice { profile, cluster_id, connection_file, name: None };
        let before = self.state(|state| state.chosen.clone());
        self.configure(|state| state.chosen = names_one.then_some(choice));
        let now = self.session.cluster().await;
        if now.owner.is_some() && self.session.is_leaving().await {
            let message = format!("runs go on on {}; the other cluster is used once they are over", now.name);
            return self.used(now, Some(message)).await;
        }
        match self.session.connect(StartPolicy::Never).await {
            Ok(cluster) => self.used(cluster, None).await,
            Err(error) => {
                // The one that was in use is the better choice.
                self.configure(|state| state.chosen = before);
                ConnectResult { message: Some(error.to_string()), ..ConnectResult::default() }
            }
        }
    }

    async fn start_cluster(&self) -> ConnectResult {
        if let Err(why) = self.place() {
            return ConnectResult { message: Some(why), ..ConnectResult::default() };
        }
        match self.session.connect(StartPolicy::Another).await {
            Ok(cluster) => self.used(cluster, None).await,
            Err(error) => ConnectResult { message: Some(error.to_string()), ..ConnectResult::default() },
        }
    }

    async fn stop_cluster(&self, params: StopClusterParams) -> StopClusterResult {
        let refused = |why: String| StopClusterResult { stopped: false, message: Some(why) };
        if let Err(why) = self.place() {
            return refused(why);
        }
        let file = PathBuf::from(params.connection_file);
        let named = Selection { connection_file: Some(file.clone()), ..Selection::default() };
        let found = tokio::task::spawn_blocking(move || discovery::find(&named)).await;
        let cluster = match found {
            Ok(Ok(found)) => found.into_iter().next(),
            Ok(Err(error)) => return refused(error.to_string()),
            Err(error) => return refused(error.to_string()),
        };
        let Some(cluster) = cluster else {
            return refused(format!("there is no cluster {}", file.display()));
        };
        if !cluster.ours && !params.not_ours {
            // Refused before anybody is told that it is being stopped.
            return refused(local::StopError::NotConfirmed(cluster.label()).to_string());
        }
        let chosen = ClusterChoice {
            profile: Some(cluster.profile.clone()),
            cluster_id: Some(cluster.cluster_id.clone()),
            ..ClusterChoice::default()
        };
        let by_file = Some(cluster.connection_file.clone());
        let session = self.session.clone();
        // It goes on where the client takes its question back: half a cluster is of no use.
        let stopping = tokio::spawn(async move {
            session.stopping(cluster.connection_file.clone(), None);
            let stopped = local::stop(&cluster, params.not_ours).await;
            session.stopping(cluster.connection_file, Some(stopped.is_ok()));
            stopped
        });
        match stopping.await {
            Ok(Ok(())) => {
                // There is nothing to choose any more: the next run takes what there is, or starts one.
                self.configure(|state| {
                    let is_it =
                        |choice: &ClusterChoice| *choice == chosen || choice.connection_file == by_file;
                    state.chosen.take_if(|choice| is_it(choice));
                });
                StopClusterResult { stopped: true, message: None }
            }
            Ok(Err(error)) => refused(error.to_string()),
            Err(error) => refused(error.to_string()),
        }
    }
}
