//! `px/runNotebookCell`.

use pxlens_protocol::{RunNotebookCellParams, RunNotebookCellResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: RunNotebookCellParams,
) -> Result<RunNotebookCellResult> {
    Ok(backend.session.run_notebook_cell(params).await)
}
