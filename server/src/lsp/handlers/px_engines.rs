//! `px/engines`.

use pxlens_protocol::{EnginesParams, EnginesResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    blocking,
    cluster::discovery::{self, FoundCluster, Selection},
    lsp::{
        backend::Backend,
        to_proto::clusters::{self, EngineActivity},
    },
    session::{self, About, RunError},
};

pub(crate) async fn handle(backend: &Backend, _: EnginesParams) -> Result<EnginesResult> {
    // Later changes may be missing from the response, and must cause a notification.
    let is_notified = backend.engines_requested();
    if !is_notified {
        backend.session.settle_hosts().await;
    }
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(match find(&snapshot).await {
        Ok((found, message)) => {
            let work = move || clusters::engines(&snapshot.connection, activity(&snapshot), &found);
            EnginesResult { clusters: blocking::run(work).await, message }
        }
        Err(why) => EnginesResult { message: Some(why), ..EnginesResult::default() },
    })
}

/// The activity of the engines of the cluster in use in this session.
pub(super) fn activity(snapshot: &session::Snapshot) -> EngineActivity {
    let Some(cluster) = snapshot.connection.cluster() else { return EngineActivity::default() };
    let runs = snapshot.runs.iter().rev().map(|record| &*record.handle);
    EngineActivity::of(&cluster.engines.ids(), runs.filter(|run| run.id >= cluster.first_run))
}

/// All clusters whose files exist, and an error that occurred while looking for them.
///
/// # Errors
/// A sentence, if the workspace is not trusted, so that no cluster is looked for.
pub(super) async fn find(
    snapshot: &session::Snapshot,
) -> std::result::Result<(Vec<FoundCluster>, Option<String>), String> {
    if !snapshot.trusted {
        return Err(RunError::Untrusted.to_string());
    }
    let ipython_dir = snapshot.settings.cluster.ipython_dir.clone();
    let place = Selection { ipython_dir, ..Selection::default() };
    Ok(match blocking::run(move || discovery::find(&place)).await {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    })
}
