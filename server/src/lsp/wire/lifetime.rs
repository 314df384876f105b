//! When the server ends, and with which exit code.
//!
//! Whatever notices that the client is gone (end of input, a broken pipe, the parent's death, `exit`) calls
//! [`Lifetime::end`]; the serve loop waits for that.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

use crate::signals::EndSignal;

/// The lifetime of a server. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifetime {
    gone: CancellationToken,
    shutdown_seen: Arc<AtomicBool>,
    /// The signal that ended it.
    signal: Arc<OnceLock<EndSignal>>,
}

impl Lifetime {
    /// Ends the server, since the client is gone or sent `exit`. `why` is for the log.
    pub(in crate::lsp) fn end(&self, why: &str) {
        if !self.gone.is_cancelled() {
            tracing::info!(why, "ending");
            self.gone.cancel();
        }
    }

    /// Ends the server because of a signal.
    pub(in crate::lsp) fn end_by(&self, signal: EndSignal) {
        self.signal.get_or_init(|| signal);
        self.end("a signal asked for it");
    }

    /// Waits until the client is gone.
    pub(in crate::lsp) async fn ended(&self) {
        self.gone.cancelled().await;
    }

    /// Notes that the client requested `shutdown`, so that its end is expected.
    pub(in crate::lsp) fn note_shutdown(&self) {
        self.shutdown_seen.store(true, Ordering::SeqCst);
    }

    /// 0 if `shutdown` came before the end, else 1, as the LSP specification asks for; after a signal, 128 + its number.
    pub(in crate::lsp) fn exit_code(&self) -> u8 {
        match self.signal.get() {
            Some(signal) => signal.exit_status(),
            None => u8::from(!self.shutdown_seen.load(Ordering::SeqCst)),
        }
    }
}
