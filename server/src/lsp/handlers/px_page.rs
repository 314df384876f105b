//! `px/page`.

use pxlens_protocol::PageParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session, written::Written};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: PageParams) -> Result<Written> {
    let page = backend.session.page(params).await.map_err(Error::invalid_params)?;
    backend.shelf.put(&page)
}
