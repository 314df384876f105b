//! `workspace/textDocumentContent` and `px/content`: outputs as documents with `px-output:` addresses.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use lsp_types::TextDocumentContentParams;
use pxlens_protocol::{ContentParams, ContentResult};
use serde_json::json;
use tower_lsp::jsonrpc::{Error, Result};

use super::unknown::no_run;
use crate::{
    blocking,
    lsp::{
        backend::Backend,
        wire::{
            cancel::{self, unless_cancelled},
            raw_response::Raw,
        },
    },
    render::{Address, Extract, NoAddress},
    run::RunId,
    session::{self, About, RunHandle, Snapshot},
};

/// The request of LSP. While the document may grow, the client is asked to refresh it.
pub(crate) async fn handle(backend: &Backend, params: TextDocumentContentParams) -> Result<Raw> {
    let content = content(backend, &params.uri.0);
    let (content, more) = unless_cancelled(&cancel::current(), content).await?;
    if backend.capabilities().text_document_content {
        backend.watch(params.uri, more);
    }
    backend.raw.put(&json!({ "text": content.text }))
}

/// The request for other clients.
pub(crate) async fn px(backend: &Backend, params: ContentParams) -> Result<Raw> {
    let content = content(backend, &params.uri);
    let (content, _) = unless_cancelled(&cancel::current(), content).await?;
    backend.raw.put(&content)
}

/// The current document at an address, and a future that completes when there may be more of it, with `false` if there
/// never will be.
async fn content(backend: &Backend, uri: &str) -> Result<(ContentResult, BoxFuture<'static, bool>)> {
    let Addressed { handle, what, other } = addressed(backend, uri).await?;
    let mut view = handle.view.clone();
    // The state is read before the text, so that output that arrives in between causes a refresh too many instead of
    // one too few.
    let goes_on = !view.borrow_and_update().is_over();
    let text = blocking::run(move || session::content(&handle, &what, other.as_deref())).await;
    let text = text.map_err(|error| Error::invalid_params(error.to_string()))?;
    let more = async move { view.changed().await.is_ok() }.boxed();
    Ok((ContentResult { text, goes_on }, more))
}

/// What an address refers to.
pub(super) struct Addressed {
    pub(super) handle: Arc<RunHandle>,
    pub(super) what: Extract,
    /// The run to compare with, if the address is of a comparison.
    pub(super) other: Option<Arc<RunHandle>>,
}

/// Resolves an address.
///
/// # Errors
/// If it is not a valid address or its run is no longer kept.
pub(super) async fn addressed(backend: &Backend, uri: &str) -> Result<Addressed> {
    let invalid = |error: NoAddress| Error::invalid_params(error.to_string());
    let address: Address = uri.parse().map_err(invalid)?;
    let snapshot = backend.session.snapshot(About::Nothing).await;
    let handle = run_to_show(backend, &snapshot, address.run)?;
    let other = match address.what {
        Extract::Compared(with) => Some(run_to_show(backend, &snapshot, with)?),
        _ => None,
    };
    Ok(Addressed { handle, what: address.what, other })
}

/// A run that is about to be shown, so that its output is no longer withheld.
///
/// # Errors
/// If it is no longer kept.
pub(super) fn run_to_show(backend: &Backend, snapshot: &Snapshot, run: RunId) -> Result<Arc<RunHandle>> {
    let handle = snapshot.runs.get(run).ok_or_else(|| no_run(run))?;
    backend.session.reveal(run);
    Ok(Arc::clone(handle))
}
