//! Background tasks: they end with the client, and their panics are logged.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use tokio::task::JoinHandle;
use tower_lsp::jsonrpc;

use super::wire::{guard::panic_text, lifetime::Lifetime};

/// How long a client may take to answer a request of the server.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Spawns a task that ends with the client.
pub(super) fn spawn(
    name: &'static str,
    lifetime: &Lifetime,
    work: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let lifetime = lifetime.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = lifetime.ended() => {}
            _ = guarded(name, work) => {}
        }
    })
}

/// The result of the work, or `None` and an error in the log if it panics. For tasks that must go on.
pub(super) async fn guarded<T>(name: &'static str, work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .inspect_err(|panic| {
            tracing::error!(name, what = panic_text(&**panic), "a task panicked; this is a bug in pxlens");
        })
        .ok()
}

/// Waits for the client's answer to a request, up to a time limit.
pub(super) async fn request<T>(sent: impl Future<Output = jsonrpc::Result<T>>) -> jsonrpc::Result<T> {
    tokio::time::timeout(ANSWER_LIMIT, sent).await.unwrap_or_else(|_| {
        let mut error = jsonrpc::Error::internal_error();
        error.message = "the client did not answer in time".into();
        Err(error)
    })
}
