//! `px/clusters`.

use pxlens_protocol::{ClustersParams, ClustersResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, _: ClustersParams) -> Result<ClustersResult> {
    Ok(backend.session.clusters().await)
}
