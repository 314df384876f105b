//! `px/stopCluster`.

use std::path::PathBuf;

use pxlens_protocol::{StopClusterParams, StopClusterResult};
use tower_lsp::jsonrpc::Result;

use super::px_connect;
use crate::{
    blocking,
    cluster::{
        discovery::{self, Selection},
        local,
    },
    lsp::backend::Backend,
};

pub(crate) async fn handle(backend: &Backend, params: StopClusterParams) -> Result<StopClusterResult> {
    Ok(match stop(backend, params).await {
        Ok(()) => StopClusterResult { stopped: true, message: None },
        Err(why) => StopClusterResult { stopped: false, message: Some(why) },
    })
}

async fn stop(backend: &Backend, params: StopClusterParams) -> std::result::Result<(), String> {
    if let Some(refused) = px_connect::refused(backend).await {
        return Err(refused.message.unwrap_or_default());
    }
    let file = PathBuf::from(params.connection_file);
    let named = Selection { connection_file: Some(file.clone()), ..Selection::default() };
    let found = blocking::run(move || discovery::find(&named)).await.map_err(|error| error.to_string())?;
    let cluster = found.into_iter().next();
    let cluster =
        cluster.ok_or_else(|| format!("There is no cluster with the connection file {}", file.display()))?;
    if !cluster.ours && !params.not_ours {
        // Refuse before the session is told that the cluster is being stopped.
        return Err(local::StopError::NotConfirmed(cluster.label()).to_string());
    }
    backend.session.stop(cluster, params.not_ours).await
}
