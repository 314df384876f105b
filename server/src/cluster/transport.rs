//! Sockets to one controller, by the names of their channels, behind a trait.
//!
//! Frames go out by [`Transport::send`]; what happens comes in as [`TransportEvent`]s. A transport connects, notices the
//! end of a connection, and connects again on its own, for ever; it never sends again what was not delivered, and knows
//! no message. The suite in `transport/conformance.rs` says what every kind must bear.

mod budget;
mod zeromq;

#[cfg(test)]
mod conformance;

use std::{fmt, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

pub(crate) use self::budget::Budget;
pub(crate) use self::zeromq::ZeromqTransport;

/// One of the controller's sockets that pxlens speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// To the Hub: engine list and queries (DEALER).
    Registration,
    /// To one named engine's shell (DEALER).
    Mux,
    /// To one named engine's control thread or nanny (DEALER).
    Control,
    /// What all engines publish (SUB).
    Iopub,
    /// Engines come and go (SUB).
    Notification,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::Mux, Self::Control, Self::Iopub, Self::Notification];

    /// The name in the connection file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Mux => "mux",
            Self::Control => "control",
            Self::Iopub => "iopub",
            Self::Notification => "notification",
        }
    }

    /// Whether this side only listens.
    pub fn is_subscription(self) -> bool {
        matches!(self, Self::Iopub | Self::Notification)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which channels to open, where, and how patiently.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Each channel with its address.
    pub channels: Vec<(Channel, SocketAddr)>,
    /// For TCP and for the ZMTP handshake, each.
    pub connect_limit: Duration,
    /// Between two attempts at first; doubles up to `backoff_most`.
    pub backoff_first: Duration,
    /// Between two attempts at most.
    pub backoff_most: Duration,
    /// Bytes that may wait to be sent on one channel.
    pub send_limit: usize,
    /// Bytes that were received on all channels and may wait to be taken; then the sockets are not read.
    pub receive_limit: usize,
    /// Bytes of outputs that were taken and may wait for those who read them, see [`Transport::unread`].
    pub unread_limit: usize,
}

impl Endpoints {
    /// These channels with the usual limits.
    pub fn new(channels: impl IntoIterator<Item = (Channel, SocketAddr)>) -> Self {
        Self {
            channels: channels.into_iter().collect(),
            connect_limit: Duration::from_secs(2),
            backoff_first: Duration::from_millis(100),
            backoff_most: Duration::from_secs(2),
            send_limit: 64 << 20,
            // In a flood this is what fills: engines together write faster than one client reads.
            receive_limit: 4 << 20,
            // And then this, if what is written to disk is more than the disk takes.
            unread_limit: 16 << 20,
        }
    }
}

/// What happens on a transport.
#[derive(Debug)]
pub enum TransportEvent {
    /// The channel can be used; a subscription is on its way.
    Up(Channel),
    /// The channel cannot be used, or one more attempt to connect failed. An attempt follows by itself.
    Down(Channel, DownReason),
    /// The frames of one message.
    Message(Channel, Vec<Bytes>),
}

/// Why a channel cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownReason {
    /// Nothing listens there.
    Refused,
    /// Something listens there, but does not complete the handshake within the time limit.
    Silent,
    /// Whatever listens there speaks another protocol.
    NotZmtp(String),
    /// The other side closed the connection.
    Closed,
    /// The connection broke.
    Broken(String),
}

impl fmt::Display for DownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nothing listens there"),
            Self::Silent => f.write_str("the process that listens there does not answer"),
            Self::NotZmtp(what) => write!(f, "the process that listens there does not speak ZeroMQ: {what}"),
            Self::Closed => f.write_str("the other side closed the connection"),
            Self::Broken(what) => write!(f, "the connection broke: {what}"),
        }
    }
}

/// Why frames were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The channel is down; frames are never kept for later.
    #[error("the {0} connection to the controller is down")]
    Down(Channel),
    /// Too many bytes wait already.
    #[error("too much is waiting to be sent on the {0} connection to the controller")]
    Full(Channel),
}

/// The sockets of one controller.
///
/// Made and dropped inside a tokio runtime; dropping closes every socket.
pub trait Transport: Sized + Send + 'static {
    /// Begins to connect every channel.
    fn open(endpoints: Endpoints) -> Self;

    /// Hands frames to a channel's socket. Never waits.
    ///
    /// # Errors
    /// See [`SendError`]. After `Ok` the frames can still be lost with the connection; they are never sent twice.
    fn send(&self, channel: Channel, frames: Vec<Bytes>) -> Result<(), SendError>;

    /// The next event. Cancel-safe.
    fn event(&mut self) -> impl Future<Output = TransportEvent> + Send;

    /// Where those who took messages count what waits of them elsewhere. While that is too much, [`Channel::Iopub`] is not read;
    /// the other channels are.
    fn unread(&self) -> Arc<Budget>;

    /// Drops a channel's socket and connects again, for a connection that seems dead although nobody closed it.
    fn rebuild(&self, channel: Channel);
}
