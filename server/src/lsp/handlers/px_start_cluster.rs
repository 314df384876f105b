//! `px/startCluster`: starts a cluster and uses it.

use pxlens_protocol::{ConnectResult, StartClusterParams};
use tower_lsp::jsonrpc::Result;

use super::px_connect::{failed, refused, used};
use crate::{lsp::backend::Backend, session::StartPolicy};

pub(crate) async fn handle(backend: &Backend, _: StartClusterParams) -> Result<ConnectResult> {
    if let Some(refused) = refused(backend).await {
        return Ok(refused);
    }
    Ok(match backend.session.connect(StartPolicy::Another).await {
        Ok(cluster) => used(backend, cluster, None).await,
        Err(error) => failed(error.to_string()),
    })
}
