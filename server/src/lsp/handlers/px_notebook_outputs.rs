//! `px/notebookOutputs`.

use pxlens_protocol::{NotebookOutputsParams, NotebookOutputsResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: NotebookOutputsParams,
) -> Result<NotebookOutputsResult> {
    backend.session.notebook_outputs(params).await.map_err(Error::invalid_params)
}
