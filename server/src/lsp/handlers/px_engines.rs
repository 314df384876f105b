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
    session::{self, About, AskError},
};

pub(crate) async fn handle(backend: &Backend, _: EnginesParams) -> Result<EnginesResult> {
    // What changes from here on may not be in the answer.
    let is_told = backend.engines_asked();
    if !is_told {
        backend.session.places().await;
    }
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(match find(&snapshot).await {
        Ok((found, message)) => {
            let work = move || clusters::engines(&snapshot.cluster, activity(&snapshot), &found);
            EnginesResult { clusters: blocking::run(work).await, message }
        }
        Err(why) => EnginesResult { message: Some(why), ..EnginesResult::default() },
    })
}

/// What the engines of the cluster in use do and did in this session.
pub(super) fn activity(snapshot: &session::Snapshot) -> EngineActivity {
    let cluster = &snapshot.cluster;
    let runs = snapshot.runs.iter().rev().map(|record| &*record.handle);
    EngineActivity::of(&cluster.engines.ids(), runs.filter(|run| run.id >= cluster.first_run))
}

/// All clusters that left files, and what went wrong in looking for them.
///
/// # Errors
/// A sentence where nothing is looked for, since the workspace is not trusted.
pub(super) async fn find(
    snapshot: &session::Snapshot,
) -> std::result::Result<(Vec<FoundCluster>, Option<String>), String> {
    if !snapshot.trusted {
        return Err(AskError::Untrusted.to_string());
    }
    let ipython_dir = snapshot.settings.cluster.ipython_dir.clone();
    let place = Selection { ipython_dir, ..Selection::default() };
    Ok(match blocking::run(move || discovery::find(&place)).await {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    })
}
