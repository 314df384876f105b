//! Bytes that may wait somewhere before those who bring more have to wait themselves.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// See the module.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    limit: usize,
    freed: Notify,
}

impl Budget {
    /// Nothing waits yet.
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit, freed: Notify::new() }
    }

    /// Counts bytes, also those that are too many: whoever has them already has them.
    pub(crate) fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Counts bytes no longer.
    pub(crate) fn free(&self, bytes: usize) {
        let before = self.used.fetch_sub(bytes, Ordering::AcqRel);
        if before >= self.limit && before - bytes < self.limit {
            self.freed.notify_waiters();
        }
    }

    /// Waits until less waits than may.
    pub(crate) async fn wait(&self) {
        let mut freed = std::pin::pin!(self.freed.notified());
        loop {
            // Enlisted before looking, so that what is freed in between is not missed.
            freed.as_mut().enable();
            if self.used.load(Ordering::Acquire) < self.limit {
                return;
            }
            freed.as_mut().await;
            freed.set(self.freed.notified());
        }
    }
}
