//! When the server's life ends, and with which exit code.
//!
//! Whoever notices that the client is gone (end of input, a broken pipe, the parent's death, `exit`) says so here; the
//! shell waits for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

/// The one life of a server. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub(in crate::lsp) struct Lifetime {
    gone: CancellationToken,
    shutdown_seen: Arc<AtomicBool>,
}

impl Lifetime {
    /// The client is gone, or said that it wants the server to go. `why` is for the log.
    pub(in crate::lsp) fn end(&self, why: &str) {
        if !self.gone.is_cancelled() {
            tracing::info!(why, "ending");
            self.gone.cancel();
        }
    }

    /// Waits until the client is gone.
    pub(in crate::lsp) async fn ended(&self) {
        self.gone.cancelled().await;
    }

    /// The client asked for `shutdown`, so that its going will be no surprise.
    pub(in crate::lsp) fn note_shutdown(&self) {
        self.shutdown_seen.store(true, Ordering::SeqCst);
    }

    /// 0 if `shutdown` came before the end, else 1, as the LSP specification wants it.
    pub(in crate::lsp) fn exit_code(&self) -> u8 {
        u8::from(!self.shutdown_seen.load(Ordering::SeqCst))
    }
}
