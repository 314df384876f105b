//! Ctrl-C, as the shell's face hears it.

use tokio::sync::mpsc;

/// Ctrl-C, heard from the first moment on; presses that nobody waits for yet are kept.
pub(super) struct Interrupts {
    presses: mpsc::Receiver<()>,
    /// How many presses were waited for.
    heard: u32,
}

impl Interrupts {
    pub(super) fn listen() -> Self {
        let (pressed, presses) = mpsc::channel(2);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && pressed.send(()).await.is_ok() {}
        });
        Self { presses, heard: 0 }
    }

    /// Waits for the next press.
    pub(super) async fn next(&mut self) {
        if self.presses.recv().await.is_none() {
            // No signal can be heard on this system: then none comes.
            std::future::pending::<()>().await;
        }
        self.heard += 1;
    }

    /// Waits until there were two in all: whoever presses twice wants to leave at once.
    pub(super) async fn second(&mut self) {
        while self.heard < 2 {
            self.next().await;
        }
    }
}
