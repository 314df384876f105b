//! `px/cells`.

use pxlens_protocol::CellsParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session, written::Written};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: CellsParams) -> Result<Written> {
    let Some(cells) = backend.session.cells(&params.uri).await else {
        return Err(Error::invalid_params(format!("the document {} is not open", params.uri)));
    };
    backend.shelf.put(&cells)
}
