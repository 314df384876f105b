//! Asks the client to refresh lenses and hints when the state or the plan of a cell has changed, at most twice a
//! second.

use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// The shortest time between two refreshes.
const GAP: Duration = Duration::from_millis(500);

/// What changed since the last refresh.
#[derive(Clone, Copy, Debug, Default)]
struct Outdated {
    states: bool,
    /// What cells would do when run.
    plans: bool,
}

/// What the client can refresh.
#[derive(Clone, Copy, Debug)]
pub(in crate::lsp) struct Refreshes {
    pub(in crate::lsp) lenses: bool,
    pub(in crate::lsp) hints: bool,
    /// Whether its hints only show plans, since it paints outputs.
    pub(in crate::lsp) hints_of_plans_only: bool,
}

/// The sender of marks. Marking never waits, and marks merge.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct RefreshMarks(watch::Sender<Outdated>);

impl RefreshMarks {
    /// Starts the task that refreshes this client.
    pub(in crate::lsp) fn start(client: tower_lsp::Client, what: Refreshes, lifetime: &Lifetime) -> Self {
        let (sender, outdated) = watch::channel(Outdated::default());
        let marks = Self(sender);
        tasks::spawn("refresh", lifetime, refresh(client, what, marks.clone(), outdated));
        marks
    }

    /// Marks that the state of a cell changed.
    pub(in crate::lsp) fn mark_states(&self) {
        self.0.send_modify(|outdated| outdated.states = true);
    }

    /// Marks that plans of cells may have changed.
    pub(in crate::lsp) fn mark_plans(&self) {
        self.0.send_modify(|outdated| (outdated.states, outdated.plans) = (true, true));
    }
}

async fn refresh(
    client: tower_lsp::Client,
    what: Refreshes,
    marks: RefreshMarks,
    mut outdated: watch::Receiver<Outdated>,
) {
    // The marks hold a sender, so this never fails.
    while outdated.wait_for(|outdated| outdated.states).await.is_ok() {
        let mut taken = Outdated::default();
        marks.0.send_modify(|outdated| taken = std::mem::take(outdated));
        let hints = what.hints && (taken.plans || !what.hints_of_plans_only);
        if what.lenses
            && let Err(error) = tasks::request(client.code_lens_refresh()).await
        {
            tracing::debug!(%error, "lenses were not refreshed");
        }
        if hints && let Err(error) = tasks::request(client.inlay_hint_refresh()).await {
            tracing::debug!(%error, "hints were not refreshed");
        }
        sleep(GAP).await;
    }
}
