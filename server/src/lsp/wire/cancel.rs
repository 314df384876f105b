//! `$/cancelRequest`: a request that is answered as cancelled has changed nothing.
//!
//! tower-lsp drops the handler at any point, also when the session already has the command and runs its code. Here it never
//! learns of a cancellation: handlers that may be given up ask for [`current`], and all others run to their end and are
//! answered as if nobody had cancelled them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use tower::Service;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};

use crate::session::Cancellation;

tokio::task_local! {
    /// That of the request whose handler is polled.
    static CURRENT: Cancellation;
}

/// The cancellation of the request that is being handled. Outside of a request, one that never comes.
pub(in crate::lsp) fn current() -> Cancellation {
    CURRENT.try_with(Cancellation::clone).unwrap_or_default()
}

/// Gives work up once its request is cancelled. Only for work that changes nothing, or that asks the same [`Cancellation`] before
/// it does.
///
/// # Errors
/// That of the work, or that the request was cancelled.
pub(in crate::lsp) async fn unless_cancelled<T>(
    cancellation: &Cancellation,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(Error::request_cancelled()),
        result = work => result,
    }
}

type Pending = Arc<Mutex<HashMap<Id, Cancellation>>>;

/// A service that keeps cancellations from the one within.
#[derive(Debug)]
pub(in crate::lsp) struct Cancel<S> {
    inner: S,
    pending: Pending,
}

impl<S> Cancel<S> {
    pub(in crate::lsp) fn new(inner: S) -> Self {
        Self { inner, pending: Pending::default() }
    }

    /// Cancels the request that a notification names.
    fn cancel(&self, notification: &Request) {
        let id = notification.params().and_then(|params| Id::deserialize(&params["id"]).ok());
        let Some(id) = id else { return };
        // Without an entry it was answered.
        if let Some(cancellation) = pending(&self.pending).get(&id) {
            cancellation.cancel();
        }
    }
}

fn pending(all: &Pending) -> MutexGuard<'_, HashMap<Id, Cancellation>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that is being handled.
struct Entry {
    id: Id,
    all: Pending,
}

impl Drop for Entry {
    fn drop(&mut self) {
        pending(&self.all).remove(&self.id);
    }
}

impl<S> Service<Request> for Cancel<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.method() == "$/cancelRequest" && request.id().is_none() {
            self.cancel(&request);
            return std::future::ready(Ok(None)).boxed();
        }
        let Some(id) = request.id().cloned() else { return self.inner.call(request).boxed() };
        let cancellation = Cancellation::default();
        let entry = {
            let mut all = pending(&self.pending);
            // A second request with an id that is in use is refused within.
            let is_new = !all.contains_key(&id);
            is_new.then(|| {
                all.insert(id.clone(), cancellation.clone());
                Entry { id, all: Arc::clone(&self.pending) }
            })
        };
        let handled = CURRENT.sync_scope(cancellation.clone(), || self.inner.call(request));
        let answered = async move {
            let _entry = entry;
            handled.await
        };
        CURRENT.scope(cancellation, answered).boxed()
    }
}
