//! The server round the handlers: reads, routes, answers, and comes to an end whatever happens.
//!
//! Four traps of tower-lsp are closed here. Its queue never fills, so that a cancel is heard at once and the reader never
//! waits for a handler that waits for the reader. Handlers' panics are caught. The end of the client is noticed in every
//! form it takes, and running handlers get a grace, not a veto. And the exit code tells whether `shutdown` was asked for.

use std::{process::ExitCode, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tower_lsp::Server;

use super::{
    router,
    wire::{
        compat::Compat, decode::decode, encode::Encode, guard::Guard, lifetime::Lifetime,
        raw_response::RawResponses,
    },
};
use crate::{
    lsp::backend::Setup,
    session::{self, Session, SessionEvent},
    text::Encoding,
};

/// How long running handlers may go on, and last replies be written, after the client is gone.
const GRACE: Duration = Duration::from_millis(200);
/// Bytes between what decodes and the server.
const PIPE: usize = 64 * 1024;
/// How long the session may take to close.
const CLOSING: Duration = Duration::from_secs(2);

/// Serves a client on standard input and output until it is gone.
///
/// Reading standard input blocks a thread that nobody can stop, so the caller must not wait for the runtime to end:
/// `runtime.shutdown_background()`, and then return the code from `main`.
pub async fn serve_stdio() -> ExitCode {
    ExitCode::from(serve(tokio::io::stdin(), tokio::io::stdout()).await)
}

/// Serves a client on any pair of pipes until it is gone; gives the exit code.
pub(super) async fn serve<R, W>(reader: R, writer: W) -> u8
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    // It looks for a cluster while a document with px cells is open. Nothing is trusted before the client said so.
    let (session, events) = Session::start(session::Settings::default(), Encoding::default(), false, true);
    serve_session(reader, writer, session, events).await
}

/// The same over a session that was started, with what it says unasked.
pub(super) async fn serve_session<R, W>(
    reader: R,
    writer: W,
    session: Session,
    events: mpsc::UnboundedReceiver<SessionEvent>,
) -> u8
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let lifetime = Lifetime::default();
    let raw = RawResponses::default();
    let backend = Setup { session: session.clone(), events, lifetime: lifetime.clone(), raw: raw.clone() };
    let (service, socket) = router::service(backend);
    let service = Compat::new(Guard::new(service, lifetime.clone()));
    let (decoded, input) = tokio::io::duplex(PIPE);
    let output = Encode::new(writer, lifetime.clone(), raw);
    let server = Server::new(decoded, output, socket).concurrency_level(usize::MAX);
    // The grace belongs into this branch: after it, `select!` drops the server with replies unwritten.
    let end = async {
        lifetime.ended().await;
        tokio::time::sleep(GRACE).await;
    };
    // Ends with the input; the server, which then finds its own input at the end, drains what is running.
    let conversation = async { tokio::join!(server.serve(service), decode(reader, input, &lifetime)) };
    tokio::select! {
        _ = conversation => lifetime.end("the conversation is over"),
        () = end => {}
    }
    if tokio::time::timeout(CLOSING, session.shutdown()).await.is_err() {
        tracing::warn!("the session did not close in time");
    }
    lifetime.exit_code()
}
