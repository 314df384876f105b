//! Notifies a client that announced `engines` that they have changed: once, and not again before it has requested them.
//!
//! ```text
//! changes   |x xx x xxxxx    xx|       x
//! notified  |x    x          x |       x
//! requested | x          x     | x
//! ```
//!
//! Many busy engines thus cost only one message if the client does not show them, and a client that does sets its own
//! pace.

use std::time::Duration;

use pxlens_protocol::{EnginesChanged, EnginesChangedParams};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// The shortest time between two notifications.
const GAP: Duration = Duration::from_millis(100);

/// What happened since the last notification.
#[derive(Clone, Copy, Debug)]
struct Pending {
    changed: bool,
    requested: bool,
}

/// The sender of marks. Marking never waits, and marks merge.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct EnginesMarks(watch::Sender<Pending>);

impl EnginesMarks {
    /// Starts the task that notifies this client.
    pub(in crate::lsp) fn start(client: tower_lsp::Client, lifetime: &Lifetime) -> Self {
        let (sender, pending) = watch::channel(Pending { changed: false, requested: true });
        let marks = Self(sender);
        tasks::spawn("engines", lifetime, notify(client, marks.clone(), pending));
        marks
    }

    /// Marks that something changed.
    pub(in crate::lsp) fn mark(&self) {
        self.0.send_if_modified(|pending| !std::mem::replace(&mut pending.changed, true));
    }

    /// Notes that the client requested the engines, so that later changes are worth a notification.
    pub(in crate::lsp) fn requested(&self) {
        self.0.send_if_modified(|pending| {
            pending.changed = false;
            !std::mem::replace(&mut pending.requested, true)
        });
    }
}

async fn notify(client: tower_lsp::Client, marks: EnginesMarks, mut pending: watch::Receiver<Pending>) {
    // The marks hold a sender, so this never fails.
    while pending.wait_for(|pending| pending.changed && pending.requested).await.is_ok() {
        marks.0.send_modify(|pending| (pending.changed, pending.requested) = (false, false));
        client.send_notification::<EnginesChanged>(EnginesChangedParams {}).await;
        sleep_until(Instant::now() + GAP).await;
    }
}
