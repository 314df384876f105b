//! Ctrl-C in the shell.

use tokio::sync::mpsc;

/// Listens for Ctrl-C from the start; presses that nobody waits for yet are kept.
pub(super) struct Interrupts {
    presses: mpsc::Receiver<()>,
    /// How many presses were taken.
    count: u32,
}

impl Interrupts {
    pub(super) fn listen() -> Self {
        let (pressed, presses) = mpsc::channel(2);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && pressed.send(()).await.is_ok() {}
        });
        Self { presses, count: 0 }
    }

    /// Waits for the next press.
    pub(super) async fn next(&mut self) {
        if self.presses.recv().await.is_none() {
            // This system delivers no Ctrl-C.
            std::future::pending::<()>().await;
        }
        self.count += 1;
    }

    /// Waits until there were two presses in all, which ask to exit at once.
    pub(super) async fn second(&mut self) {
        while self.count < 2 {
            self.next().await;
        }
    }
}
