//! `px/connect`: switches to another cluster.

use std::path::PathBuf;

use pxlens_protocol::{ConnectParams, ConnectResult};
use tower_lsp::jsonrpc::Result;

use super::px_engines::activity;
use crate::{
    blocking,
    lsp::{ClusterChoice, backend::Backend, from_proto, to_proto::clusters},
    session::{About, Choice, ClusterView, RunError},
};

pub(crate) async fn handle(backend: &Backend, params: ConnectParams) -> Result<ConnectResult> {
    if let Some(refused) = refused(backend).await {
        return Ok(refused);
    }
    let ConnectParams { profile, cluster_id, connection_file } = params;
    let names_one = profile.is_some() || cluster_id.is_some() || connection_file.is_some();
    let connection_file = connection_file.map(PathBuf::from);
    let choice = ClusterChoice { profile, cluster_id, connection_file, name: None };
    let choice = names_one.then(|| from_proto::selection(choice));
    Ok(match backend.session.choose(choice).await {
        Ok(Choice::InUse(cluster)) => used(backend, cluster, None).await,
        Ok(Choice::Waits(cluster)) => {
            let message = format!(
                "Runs are going on on {}; pxlens switches to the other cluster once they are over",
                cluster.name()
            );
            used(backend, cluster, Some(message)).await
        }
        Err(error) => failed(error.to_string()),
    })
}

/// The refusal of all requests about clusters in a workspace that is not trusted.
pub(super) async fn refused(backend: &Backend) -> Option<ConnectResult> {
    let trusted = backend.session.snapshot(About::Nothing).await.trusted;
    (!trusted).then(|| failed(RunError::Untrusted.to_string()))
}

pub(super) fn failed(why: String) -> ConnectResult {
    ConnectResult { message: Some(why), ..ConnectResult::default() }
}

/// The response with the cluster that is in use now, and its engines.
pub(super) async fn used(backend: &Backend, cluster: ClusterView, message: Option<String>) -> ConnectResult {
    let snapshot = backend.session.snapshot(About::Nothing).await;
    let cluster = blocking::run(move || clusters::in_use(&cluster, activity(&snapshot))).await;
    ConnectResult { cluster: Some(cluster), message }
}
