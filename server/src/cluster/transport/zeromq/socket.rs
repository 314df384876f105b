//! One `zeromq` socket from its connection to its first error, after which it is never used again.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, channel::mpsc};
use tokio::{net::TcpStream, time::timeout};
use zeromq::{
    DealerRecvHalf, DealerSendHalf, DealerSocket, Socket as _, SocketEvent, SocketOptions, SocketRecv,
    SocketSend, SubSocket, ZmqError, ZmqMessage, util::PeerIdentity,
};

use super::super::{Channel, DownReason};

/// Connects sockets to one address.
pub(super) struct Dialer {
    pub(super) channel: Channel,
    pub(super) address: SocketAddr,
    pub(super) identity: Bytes,
    pub(super) limit: Duration,
}

/// A socket whose handshake is done.
pub(super) enum Socket {
    Dealer(DealerSocket, Monitor),
    Sub(SubSocket, Monitor),
}

/// Reports the end of a connection, after which `recv` alone would wait for ever.
type Monitor = mpsc::Receiver<SocketEvent>;

/// The half that sends.
pub(super) enum Sender {
    Dealer(DealerSendHalf),
    /// A subscription sends nothing.
    Sub,
}

/// The half that receives.
pub(super) enum Receiver {
    Dealer(DealerRecvHalf, Monitor),
    Sub(SubSocket, Monitor),
}

impl Dialer {
    pub(super) async fn connect(&self) -> Result<Socket, DownReason> {
        // The crate tries again by itself where nothing listens, and reports that as a timeout.
        match timeout(self.limit, TcpStream::connect(self.address)).await {
            Err(_) => return Err(DownReason::Silent),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(DownReason::Refused);
            }
            Ok(Err(error)) => return Err(DownReason::Broken(error.to_string())),
            Ok(Ok(probe)) => drop(probe),
        }
        let mut options = SocketOptions::default();
        options.connect_timeout(self.limit);
        let endpoint = format!("tcp://{}", self.address);
        if self.channel.is_subscription() {
            let mut socket = SubSocket::with_options(options);
            let monitor = socket.monitor();
            socket.connect(&endpoint).await.map_err(handshake_failed)?;
            // After connecting: a subscription that cannot be written is an error here. One made before is
            // written by `connect`, which says nothing if that fails, and the socket stays deaf.
            socket.subscribe("").await.map_err(ended)?;
            return Ok(Socket::Sub(socket, monitor));
        }
        let identity = PeerIdentity::try_from(self.identity.clone()).map_err(handshake_failed)?;
        options.peer_identity(identity);
        let mut socket = DealerSocket::with_options(options);
        let monitor = socket.monitor();
        socket.connect(&endpoint).await.map_err(handshake_failed)?;
        Ok(Socket::Dealer(socket, monitor))
    }
}

impl Socket {
    pub(super) fn split(self) -> (Sender, Receiver) {
        match self {
            Self::Dealer(socket, monitor) => {
                let (sender, receiver) = socket.split();
                (Sender::Dealer(sender), Receiver::Dealer(receiver, monitor))
            }
            Self::Sub(socket, monitor) => (Sender::Sub, Receiver::Sub(socket, monitor)),
        }
    }
}

impl Sender {
    pub(super) async fn send(&mut self, frames: Vec<Bytes>) -> Result<(), DownReason> {
        let Self::Dealer(socket) = self else { return Ok(()) };
        let Ok(message) = ZmqMessage::try_from(frames) else { return Ok(()) };
        socket.send(message).await.map_err(ended)
    }
}

impl Receiver {
    /// The next message. After an error, or once the monitor reported the end, the socket must be dropped: some errors come
    /// back from every further call.
    pub(super) async fn receive(&mut self) -> Result<Vec<Bytes>, DownReason> {
        // What has already arrived comes first, then the news that nothing more will.
        let received = match self {
            Self::Dealer(socket, monitor) => tokio::select! {
                biased;
                received = socket.recv() => received,
                () = disconnected(monitor) => return Err(DownReason::Closed),
            },
            Self::Sub(socket, monitor) => tokio::select! {
                biased;
                received = socket.recv() => received,
                () = disconnected(monitor) => return Err(DownReason::Closed),
            },
        };
        received.map(ZmqMessage::into_vec).map_err(ended)
    }
}

async fn disconnected(monitor: &mut Monitor) {
    while let Some(event) = monitor.next().await {
        if matches!(event, SocketEvent::Disconnected(_) | SocketEvent::Closed) {
            return;
        }
    }
}

/// Why a connection was not made.
fn handshake_failed(error: ZmqError) -> DownReason {
    match error {
        ZmqError::ConnectTimeout(_) => DownReason::Silent,
        ZmqError::Network(error) if error.kind() == io::ErrorKind::ConnectionRefused => DownReason::Refused,
        ZmqError::Network(error) => DownReason::Broken(error.to_string()),
        // Also a connection that the other side closed before it said who it is.
        error => DownReason::NotZmtp(error.to_string()),
    }
}

/// Why a connection ended.
fn ended(error: ZmqError) -> DownReason {
    match error {
        ZmqError::NoMessage => DownReason::Closed,
        error => DownReason::Broken(error.to_string()),
    }
}
