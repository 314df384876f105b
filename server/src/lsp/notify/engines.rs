//! Tells a client that announced `engines` that it is worth asking for them again: once, and not again before it asked.
//!
//! ```text
//! changes  |x xx x xxxxx    xx|       x
//! told     |x    x          x |       x
//! asked    | x          x     | x
//! ```
//!
//! So many engines that do much cost a client that does not look one message, and one that looks sets its own pace.

use std::time::Duration;

use pxlens_protocol::{EnginesChanged, EnginesChangedParams};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// The least time between two messages.
const GAP: Duration = Duration::from_millis(100);

/// What happened since the client was last told.
#[derive(Clone, Copy, Debug)]
struct Standing {
    changed: bool,
    asked: bool,
}

/// The end that takes marks. Marking never waits, and marks merge.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct EnginesMarks(watch::Sender<Standing>);

impl EnginesMarks {
    /// Starts to tell this client.
    pub(in crate::lsp) fn start(client: tower_lsp::Client, lifetime: &Lifetime) -> Self {
        let (sender, standing) = watch::channel(Standing { changed: false, asked: true });
        let marks = Self(sender);
        tasks::spawn("engines", lifetime, tell(client, marks.clone(), standing));
        marks
    }

    /// Something changed.
    pub(in crate::lsp) fn mark(&self) {
        self.0.send_if_modified(|standing| !std::mem::replace(&mut standing.changed, true));
    }

    /// The client asks: what changes from now on is news.
    pub(in crate::lsp) fn asked(&self) {
        self.0.send_if_modified(|standing| {
            standing.changed = false;
            !std::mem::replace(&mut standing.asked, true)
        });
    }
}

async fn tell(client: tower_lsp::Client, marks: EnginesMarks, mut standing: watch::Receiver<Standing>) {
    // The marks hold a sender, so this fails never.
    while standing.wait_for(|standing| standing.changed && standing.asked).await.is_ok() {
        marks.0.send_modify(|standing| (standing.changed, standing.asked) = (false, false));
        client.send_notification::<EnginesChanged>(EnginesChangedParams {}).await;
        sleep_until(Instant::now() + GAP).await;
    }
}
