//! The server round the handlers: reads, routes, answers, and comes to an end whatever happens.
//!
//! ```text
//! stdin ▶ strainer ▶ Tolerance ▶ Guard ▶ router ▶ handlers ▶ session
//! stdout ◀ Output ◀─────────────────────────────────────────┘
//! ```
//!
//! Four traps of tower-lsp are closed here. Its queue never fills, so that a cancel is heard at once and the reader never
//! waits for a handler that waits for the reader. Handlers' panics are caught. The end of the client is noticed in every
//! form it takes, and running handlers get a grace, not a veto. And the exit code tells whether `shutdown` was asked for.

use std::{process::ExitCode, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp::Server;

use super::{
    facade::Session, guard::Guard, lifetime::Lifetime, pipes::Output, router, strainer::strain,
    tolerance::Tolerance, written::Shelf,
};

/// How long running handlers may go on, and last replies be written, after the client is gone.
const GRACE: Duration = Duration::from_millis(200);
/// Bytes between the strainer and the server.
const PIPE: usize = 64 * 1024;
/// How long the session may take to close.
const CLOSING: Duration = Duration::from_secs(2);

/// Serves a client on standard input and output until it is gone.
///
/// Reading standard input blocks a thread that nobody can stop, so the caller must not wait for the runtime to end:
/// `runtime.shutdown_background()`, and then return the code from `main`.
pub async fn serve_stdio<S: Session>(session: S) -> ExitCode {
    ExitCode::from(serve(tokio::io::stdin(), tokio::io::stdout(), session).await)
}

/// Serves a client on any pair of pipes until it is gone; gives the exit code.
pub async fn serve<R, W, S>(reader: R, writer: W, session: S) -> u8
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    S: Session,
{
    let lifetime = Lifetime::default();
    let shelf = Shelf::default();
    let (service, socket) = router::service(session.clone(), lifetime.clone(), shelf.clone());
    let service = Tolerance::new(Guard::new(service, lifetime.clone()));
    let (strained, input) = tokio::io::duplex(PIPE);
    let output = Output::new(writer, lifetime.clone(), shelf);
    let server = Server::new(strained, output, socket).concurrency_level(usize::MAX);
    // The grace belongs into this branch: after it, `select!` drops the server with replies unwritten.
    let end = async {
        lifetime.ended().await;
        tokio::time::sleep(GRACE).await;
    };
    // Ends with the input; the server, which then finds its own input at the end, drains what is running.
    let conversation = async { tokio::join!(server.serve(service), strain(reader, input, &lifetime)) };
    tokio::select! {
        _ = conversation => lifetime.end("the conversation is over"),
        () = end => {}
    }
    if tokio::time::timeout(CLOSING, session.close()).await.is_err() {
        tracing::warn!("the session did not close in time");
    }
    lifetime.exit_code()
}
