//! A layer around every handler: a panic becomes an error response and an entry in the log, each message gets a span,
//! `shutdown` and `exit` are noticed when they are read, and every request is answered.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use tower::Service;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};
use tracing::Instrument;

use super::lifetime::Lifetime;

/// A service that survives panics of its handlers.
#[derive(Debug)]
pub(in crate::lsp) struct Guard<S> {
    inner: S,
    lifetime: Lifetime,
}

impl<S> Guard<S> {
    pub(in crate::lsp) fn new(inner: S, lifetime: Lifetime) -> Self {
        Self { inner, lifetime }
    }
}

impl<S> Service<Request> for Guard<S>
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
        let method = request.method().to_owned();
        let id = request.id().cloned();
        match method.as_str() {
            "shutdown" => self.lifetime.note_shutdown(),
            "exit" => self.lifetime.end("the client sent exit"),
            _ => {}
        }
        let span = tracing::debug_span!("message", method, id = id.as_ref().map(tracing::field::display));
        let future = match std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => future,
            Err(panic) => return std::future::ready(Ok(panic_response(&method, id, &*panic))).boxed(),
        };
        let guarded = async move {
            match AssertUnwindSafe(future).catch_unwind().await {
                // tower-lsp drops all that begins with `$/` and that it does not know, requests as well.
                Ok(Ok(None)) => Ok(id.map(|id| Response::from_error(id, Error::method_not_found()))),
                Ok(response) => response,
                Err(panic) => Ok(panic_response(&method, id, &*panic)),
            }
        };
        guarded.instrument(span).boxed()
    }
}

/// Logs a panic, and makes the error response if the message was a request.
fn panic_response(method: &str, id: Option<Id>, panic: &(dyn Any + Send)) -> Option<Response> {
    let what = panic_text(panic);
    tracing::error!(method, what, "a handler panicked; this is a bug in pxlens");
    let mut error = Error::internal_error();
    error.message = format!(
        "pxlens hit a bug while handling {method}: {what}. The server keeps running; please report this."
    )
    .into();
    id.map(|id| Response::from_error(id, error))
}

/// The message of a panic.
pub(in crate::lsp) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
