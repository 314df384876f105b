//! Asks the client to reload a document whose content may have changed (`workspace/textDocumentContent/refresh`).
//!
//! ```text
//! request ──▶ response ──▶ PACE ──▶ the run changed ──▶ refresh ──▶ (next request)
//! ```
//!
//! It does so once per response: a client that still shows the document requests it again, and one that closed it gets
//! no more messages.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use lsp_types::Uri;

use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// The shortest time between two refreshes of a document.
const PACE: Duration = Duration::from_millis(500);

/// The documents that are watched. Clones share the same set.
#[derive(Clone, Debug, Default)]
pub(in crate::lsp) struct Watched(Arc<Mutex<HashSet<Uri>>>);

impl Watched {
    /// Asks the client to reload a document when there is more of it. `more`: completes when there may be more, with
    /// `false` if there never will be.
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
            // Before the refresh is sent, since the client may request the document at once.
            watched.all(|all| all.remove(&uri));
            if is_more && let Err(error) = tasks::request(client.text_document_content_refresh(uri)).await {
                tracing::debug!(%error, "the client did not refresh a document");
            }
        });
    }

    fn all<T>(&self, look: impl FnOnce(&mut HashSet<Uri>) -> T) -> T {
        // Every change is a single step, so the set is consistent even after a panic.
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
