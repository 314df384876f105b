//! `px/stopCluster`.

use pxlens_protocol::{StopClusterParams, StopClusterResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: StopClusterParams,
) -> Result<StopClusterResult> {
    Ok(backend.session.stop_cluster(params).await)
}
