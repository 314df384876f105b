//! `px/startCluster`.

use pxlens_protocol::{ConnectResult, StartClusterParams};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, _: StartClusterParams) -> Result<ConnectResult> {
    Ok(backend.session.start_cluster().await)
}
