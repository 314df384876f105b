//! Telling a client that a document it asked for may be another now (`workspace/textDocumentContent/refresh`).
//!
//! ```text
//! asked ──▶ answer ──▶ PACE ──▶ the run changed ──▶ refresh ──▶ (asked again)
//! ```
//!
//! Once per answer: a client that still shows the document asks again, and one that closed it hears no more.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use lsp_types::Uri;

use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// A document is refreshed at most this often.
const PACE: Duration = Duration::from_millis(500);

/// The documents that are watched. Cloning gives the same.
#[derive(Clone, Debug, Default)]
pub(in crate::lsp) struct Watched(Arc<Mutex<HashSet<Uri>>>);

impl Watched {
    /// Has the client ask once more when there is more of a document. `more`: waits until there may be more of it; `false` once
    /// there can be no more.
    pub(in crate::lsp) fn watch(
        &self,
        uri: Uri,
        more: BoxFuture<'static, bool>,
        client: tower_lsp::Client,
        lifetime: &Lifetime,
    ) {
        if !self.all(|all| all.insert(uri.clone())) {
            return;
        }
        let watched = self.clone();
        tasks::spawn("content", lifetime, async move {
            tokio::time::sleep(PACE).await;
            let is_more = more.await;
            // Before the client is told, which may ask at once.
            watched.all(|all| all.remove(&uri));
            if is_more && let Err(error) = tasks::ask(client.text_document_content_refresh(uri)).await {
                tracing::debug!(%error, "the client does not refresh a document");
            }
        });
    }

    fn all<T>(&self, look: impl FnOnce(&mut HashSet<Uri>) -> T) -> T {
        // A change is one step, so even after a panic the set is whole.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
