//! The serve loop: reads messages, routes them, answers them, and ends in every case.
//!
//! It avoids five pitfalls of tower-lsp. Its queue never fills, so that a cancellation is handled at once and the
//! reader never waits for a handler that waits for the reader. Panics in handlers are caught. A request
//! is answered as cancelled only if it has changed nothing. The end of the client is
//! noticed in every form, and running handlers get a grace period but cannot prevent the end. And the exit code tells
//! whether `shutdown` was requested.

use std::{process::ExitCode, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tower_lsp::Server;

use super::{
    handlers,
    wire::{
        cancel::Cancel, compat::Compat, decode::decode, encode::Encode, guard::Guard, lifetime::Lifetime,
        raw_response::RawResponses,
    },
};
use crate::{
    lsp::backend::Setup,
    session::{self, Session, SessionEvent},
    signals,
    text::Encoding,
};

/// How long handlers may go on, and last responses may be written, after the client is gone.
const GRACE: Duration = Duration::from_millis(200);
/// The size in bytes of the buffer between `decode` and the server.
const PIPE: usize = 64 * 1024;
/// How long the session may take to close.
const CLOSING: Duration = Duration::from_secs(2);

/// Serves a client on standard input and output until it is gone, or a signal asks the server to end. It then ends as it does
/// when its client goes: results are kept, files of runs deleted, and what it started for itself alone stopped.
///
/// Reading standard input blocks a thread that cannot be stopped, so the caller must not wait for the runtime to end:
/// call `runtime.shutdown_background()`, and then return the code from `main`.
pub async fn serve_stdio() -> ExitCode {
    let lifetime = Lifetime::default();
    let (mut signals, ending) = (signals::listen(), lifetime.clone());
    tokio::spawn(async move {
        if let Some(signal) = signals.recv().await {
            ending.end_by(signal);
        }
    });
    // It looks for a cluster while a document with px cells is open. No workspace is trusted until the client says so.
    let (session, events) = Session::start(session::Settings::default(), Encoding::default(), false, true);
    ExitCode::from(serve_session(tokio::io::stdin(), tokio::io::stdout(), session, events, lifetime).await)
}

/// Serves a client on any pair of pipes until it is gone, with a session that was already started, and its events; returns the
/// exit code.
pub(super) async fn serve_session<R, W>(
    reader: R,
    writer: W,
    session: Session,
    events: mpsc::UnboundedReceiver<SessionEvent>,
    lifetime: Lifetime,
) -> u8
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let raw = RawResponses::default();
    let backend = Setup { session: session.clone(), events, lifetime: lifetime.clone(), raw: raw.clone() };
    let (service, socket) = handlers::service(backend);
    let service = Compat::new(Guard::new(Cancel::new(service), lifetime.clone()));
    let (decoded, input) = tokio::io::duplex(PIPE);
    let output = Encode::new(writer, lifetime.clone(), raw);
    let server = Server::new(decoded, output, socket).concurrency_level(usize::MAX);
    // The grace period must be in this branch: after it, `select!` drops the server with responses unwritten.
    let end = async {
        lifetime.ended().await;
        tokio::time::sleep(GRACE).await;
    };
    // It ends with the input: the server then sees the end of its own input, and waits for running handlers.
    let conversation = async { tokio::join!(server.serve(service), decode(reader, input, &lifetime)) };
    tokio::select! {
        _ = conversation => lifetime.end("the connection is over"),
        () = end => {}
    }
    if tokio::time::timeout(CLOSING, session.shutdown()).await.is_err() {
        tracing::warn!("the session did not close in time");
    }
    lifetime.exit_code()
}
