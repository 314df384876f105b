//! `workspace/textDocumentContent` and `px/content`: outputs as documents, at `px-output:` addresses.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use lsp_types::TextDocumentContentParams;
use pxlens_protocol::{ContentParams, ContentResult};
use serde_json::json;
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    blocking,
    lsp::{backend::Backend, wire::raw_response::Raw},
    render::{Address, Extract, NoAddress},
    run::RunId,
    session::{self, About, RunHandle, Snapshot},
};

/// As LSP has it. While there may be more of the document, the client is told to ask again.
pub(crate) async fn handle(backend: &Backend, params: TextDocumentContentParams) -> Result<Raw> {
    let (content, more) = content(backend, &params.uri.0).await.map_err(Error::invalid_params)?;
    if backend.capabilities().text_document_content {
        backend.watch(params.uri, more);
    }
    backend.raw.put(&json!({ "text": content.text }))
}

/// For other clients.
pub(crate) async fn px(backend: &Backend, params: ContentParams) -> Result<Raw> {
    let (content, _) = content(backend, &params.uri).await.map_err(Error::invalid_params)?;
    backend.raw.put(&content)
}

/// The document of an address as it is now, and what waits until there may be more of it; `false` once there can be no more.
async fn content(
    backend: &Backend,
    uri: &str,
) -> std::result::Result<(ContentResult, BoxFuture<'static, bool>), String> {
    let Addressed { handle, what, other } = addressed(backend, uri).await?;
    let mut view = handle.view.clone();
    // Looked at first: what comes meanwhile is told of once more than needed, not once less.
    let goes_on = !view.borrow_and_update().is_over();
    let text = blocking::run(move || session::content(&handle, &what, other.as_deref())).await;
    let text = text.map_err(|error| error.to_string())?;
    let more = async move { view.changed().await.is_ok() }.boxed();
    Ok((ContentResult { text, goes_on }, more))
}

/// What an address stands for.
pub(super) struct Addressed {
    pub(super) handle: Arc<RunHandle>,
    pub(super) what: Extract,
    /// The run that it is compared with, where it is.
    pub(super) other: Option<Arc<RunHandle>>,
}

/// Looks an address up.
///
/// # Errors
/// A sentence, where it is none or its run is gone.
pub(super) async fn addressed(backend: &Backend, uri: &str) -> std::result::Result<Addressed, String> {
    let address: Address = uri.parse().map_err(|error: NoAddress| error.to_string())?;
    let snapshot = backend.session.snapshot(About::Nothing).await;
    let handle = run_to_show(backend, &snapshot, address.run)?;
    let other = match address.what {
        Extract::Compared(with) => Some(run_to_show(backend, &snapshot, with)?),
        _ => None,
    };
    Ok(Addressed { handle, what: address.what, other })
}

/// A run that is shown from now on.
///
/// # Errors
/// A sentence, where it is gone.
pub(super) fn run_to_show(
    backend: &Backend,
    snapshot: &Snapshot,
    run: RunId,
) -> std::result::Result<Arc<RunHandle>, String> {
    let handle = snapshot.runs.get(run).ok_or_else(|| {
        let number = run.0;
        format!("there is no run {number}; runs are numbered anew whenever pxlens starts, and old ones are forgotten")
    })?;
    backend.session.asked_for(run);
    Ok(Arc::clone(handle))
}
