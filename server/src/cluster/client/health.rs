//! The state of the channels, and what it says about the controller.

use tokio::time::Instant;

use super::{ClientOptions, ClusterStatus};
use crate::cluster::transport::{Channel, DownReason};

/// The state of every channel.
pub(super) struct Health {
    channels: [(Channel, State); Channel::ALL.len()],
    /// Why the controller counts as gone.
    lost: Option<String>,
    /// Whether the Hub said that it is about to end.
    ending: bool,
}

#[derive(Clone, Debug)]
enum State {
    Up,
    Down {
        /// Since when there was no connection.
        since: Instant,
        /// Why the newest attempt failed; `None` before the first one ended.
        reason: Option<DownReason>,
    },
}

impl Health {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            channels: Channel::ALL.map(|channel| (channel, State::Down { since: now, reason: None })),
            lost: None,
            ending: false,
        }
    }

    pub(super) fn up(&mut self, channel: Channel) {
        *self.state(channel) = State::Up;
        self.ending &= channel != Channel::Registration;
    }

    /// Notes a failure. Returns whether the channel was up before.
    pub(super) fn down(&mut self, channel: Channel, why: DownReason, now: Instant) -> bool {
        let state = self.state(channel);
        match state {
            State::Up => {
                *state = State::Down { since: now, reason: Some(why) };
                true
            }
            State::Down { reason, .. } => {
                *reason = Some(why);
                false
            }
        }
    }

    pub(super) fn is_up(&self, channel: Channel) -> bool {
        self.channels.iter().any(|(of, state)| *of == channel && matches!(state, State::Up))
    }

    /// A channel that is down, with the newest reason.
    pub(super) fn first_down(&self) -> Option<(Channel, Option<&DownReason>)> {
        self.channels.iter().find_map(|(channel, state)| match state {
            State::Up => None,
            State::Down { reason, .. } => Some((*channel, reason.as_ref())),
        })
    }

    /// Whether nothing listens where the Hub should be.
    pub(super) fn refused(&self) -> bool {
        self.channels.iter().any(|(channel, state)| {
            *channel == Channel::Registration
                && matches!(state, State::Down { reason: Some(DownReason::Refused), .. })
        })
    }

    /// Checks whether the controller counts as lost: its port has been closed for some seconds, or a connection could not be
    /// made again for long. Returns whether it just became so.
    ///
    /// Mere silence over open sockets is not the end: a stopped controller goes on where it was.
    pub(super) fn check_lost(&mut self, options: &ClientOptions, now: Instant) -> bool {
        if self.lost.is_some() {
            return false;
        }
        self.lost = self.channels.iter().find_map(|(channel, state)| {
            let State::Down { since, reason: Some(reason) } = state else { return None };
            let limit = match reason {
                DownReason::Refused => options.refused,
                _ => options.silence,
            };
            (now >= *since + limit).then(|| broken(*channel, reason))
        });
        self.lost.is_some()
    }

    /// The Hub said that it is about to end.
    pub(super) fn shut_down(&mut self) {
        self.ending = true;
        self.lost = Some("it was shut down".into());
    }

    /// Whether the Hub said that it is about to end, and still holds the connection.
    pub(super) fn is_ending(&self) -> bool {
        self.ending
    }

    /// The controller answers again.
    pub(super) fn found(&mut self) {
        self.lost = None;
    }

    /// The status that users see. `silent`: a question to the Hub is not answered in time; `warm`: output arrives.
    pub(super) fn status(&self, silent: bool, warm: bool) -> ClusterStatus {
        if let Some(why) = &self.lost {
            return ClusterStatus::Lost { why: why.clone() };
        }
        // Without the Hub, the relays still carry requests and output: that is no reason to refuse to run.
        let hub_only =
            [Channel::Mux, Channel::Control, Channel::Iopub].iter().all(|channel| self.is_up(*channel));
        match self.first_down() {
            Some((_, Some(DownReason::Silent))) if hub_only => ClusterStatus::NotResponding,
            Some((channel, Some(reason))) => ClusterStatus::Down { why: broken(channel, reason) },
            Some((_, None)) => ClusterStatus::Down { why: "connecting".into() },
            None if !warm => {
                ClusterStatus::Down { why: "the connection to the controller is being renewed".into() }
            }
            None if silent => ClusterStatus::NotResponding,
            None => ClusterStatus::Up,
        }
    }

    fn state(&mut self, channel: Channel) -> &mut State {
        let found = self.channels.iter_mut().find(|(of, _)| *of == channel);
        found.map(|(_, state)| state).expect("every channel has a state")
    }
}

fn broken(channel: Channel, reason: &DownReason) -> String {
    format!("the {channel} connection to the controller is down ({reason})")
}
