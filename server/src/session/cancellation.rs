//! Cancelling a request that changes something. Of the session, which would begin, and the face, which would cancel, the first
//! decides: a request that is cancelled changes nothing, and one that has begun runs to its end and is answered.

use tokio::sync::watch;

/// Whether a request has begun or was cancelled. Clones are about the same request.
#[derive(Clone, Debug)]
pub(crate) struct Cancellation(watch::Sender<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Begun,
    Cancelled,
}

impl Default for Cancellation {
    fn default() -> Self {
        Self(watch::Sender::new(State::Waiting))
    }
}

impl Cancellation {
    /// Cancels the request, unless it has begun.
    pub(crate) fn cancel(&self) {
        self.decide(State::Cancelled);
    }

    /// Begins with the effects of the request. `false` if it was cancelled, so that it must have none.
    pub(super) fn begin(&self) -> bool {
        self.decide(State::Begun);
        !self.is_cancelled()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *self.0.borrow() == State::Cancelled
    }

    /// Waits until the request is cancelled; for ever if it has begun.
    pub(crate) async fn cancelled(&self) {
        // `self` holds a sender, so this never fails.
        let _ = self.0.subscribe().wait_for(|state| *state == State::Cancelled).await;
    }

    fn decide(&self, decision: State) {
        self.0.send_if_modified(|state| {
            let is_open = *state == State::Waiting;
            if is_open {
                *state = decision;
            }
            is_open
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_cannot_be_cancelled_and_what_was_cancelled_does_not_begin() {
        let begun = Cancellation::default();
        assert!(begun.begin() && begun.begin());
        begun.cancel();
        assert!(!begun.is_cancelled());
        let cancelled = Cancellation::default();
        cancelled.clone().cancel();
        assert!(cancelled.is_cancelled() && !cancelled.begin());
    }
}
