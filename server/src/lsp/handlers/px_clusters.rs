//! `px/clusters`.

use pxlens_protocol::{ClustersParams, ClustersResult};
use tower_lsp::jsonrpc::Result;

use super::px_engines::find;
use crate::{
    lsp::{backend::Backend, to_proto::clusters},
    session::About,
};

pub(crate) async fn handle(backend: &Backend, _: ClustersParams) -> Result<ClustersResult> {
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(match find(&snapshot).await {
        Ok((found, message)) => {
            ClustersResult { clusters: clusters::clusters(&snapshot.connection, &found), message }
        }
        Err(why) => ClustersResult { message: Some(why), ..ClustersResult::default() },
    })
}
