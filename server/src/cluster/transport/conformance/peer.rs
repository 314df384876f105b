//! The other side of a connection, in raw ZMTP 3.0 over TCP: it can do wrong what a library would not.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::cluster::transport::Channel;

/// Waits for connections of one channel.
pub(super) struct Peer {
    listener: TcpListener,
    channel: Channel,
}

/// A connection to the transport under test.
pub(super) struct Connection {
    stream: TcpStream,
    /// What the other side calls itself.
    pub(super) identity: Vec<u8>,
}

/// One frame as it was received.
pub(super) struct Frame {
    pub(super) flags: u8,
    pub(super) body: Vec<u8>,
}

/// Another frame of the same message follows.
pub(super) const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

impl Peer {
    pub(super) async fn new(channel: Channel) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, channel }
    }

    /// Listens where nobody listened a moment ago.
    pub(super) async fn at(channel: Channel, address: SocketAddr) -> Self {
        Self { listener: TcpListener::bind(address).await.unwrap(), channel }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next connection, with nothing said yet.
    pub(super) async fn accept_raw(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// The next connection that says something, after the handshake. A transport may also just look whether anybody
    /// listens.
    pub(super) async fn accept(&self) -> Connection {
        loop {
            let mut stream = self.accept_raw().await;
            let mut greeting = [0; 64];
            if stream.read_exact(&mut greeting).await.is_err() {
                continue;
            }
            assert_eq!((greeting[0], greeting[9]), (0xff, 0x7f), "no ZMTP greeting");
            let mut ours = [0; 64];
            (ours[0], ours[9], ours[10]) = (0xff, 0x7f, 3);
            ours[12..16].copy_from_slice(b"NULL");
            if stream.write_all(&ours).await.is_err() {
                continue;
            }
            let mut connection = Connection { stream, identity: Vec::new() };
            // One that waited too long for an answer has gone by now.
            let Some(ready) = connection.frame().await else { continue };
            assert!(ready.flags & COMMAND != 0 && ready.body.starts_with(b"\x05READY"));
            connection.identity = property(&ready.body[6..], b"Identity").unwrap_or_default();
            let kind: &[u8] = if self.channel.is_subscription() { b"XPUB" } else { b"ROUTER" };
            let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
            body.push(u8::try_from(kind.len()).unwrap());
            body.extend_from_slice(kind);
            connection.write_frame(COMMAND, &body).await;
            return connection;
        }
    }

    /// As [`Self::accept`], and a subscription's first message is in.
    pub(super) async fn accept_subscribed(&self) -> Connection {
        let mut connection = self.accept().await;
        if self.channel.is_subscription() {
            assert_eq!(connection.message().await.unwrap(), [b"\x01".to_vec()]);
        }
        connection
    }
}

impl Connection {
    /// The next frame; `None` at the end of the connection.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        let flags = self.stream.read_u8().await.ok()?;
        let length = if flags & LONG == 0 {
            u64::from(self.stream.read_u8().await.ok()?)
        } else {
            self.stream.read_u64().await.ok()?
        };
        let mut body = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut body).await.ok()?;
        Some(Frame { flags, body })
    }

    /// The frames of the next message; `None` at the end of the connection.
    pub(super) async fn message(&mut self) -> Option<Vec<Vec<u8>>> {
        let mut frames = Vec::new();
        loop {
            let Frame { flags, body } = self.frame().await?;
            frames.push(body);
            if flags & MORE == 0 {
                return Some(frames);
            }
        }
    }

    pub(super) async fn send(&mut self, frames: &[&[u8]]) {
        let Some((last, first)) = frames.split_last() else { return };
        for frame in first {
            self.write_frame(MORE, frame).await;
        }
        self.write_frame(0, last).await;
    }

    pub(super) async fn ping(&mut self) {
        self.write_frame(COMMAND, b"\x04PING\0\0context").await;
    }

    /// Bytes as they stand. The other side may have gone meanwhile.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    pub(super) async fn write_frame(&mut self, flags: u8, body: &[u8]) {
        let mut bytes = Vec::with_capacity(body.len() + 9);
        match u8::try_from(body.len()) {
            Ok(length) => bytes.extend_from_slice(&[flags, length]),
            Err(_) => {
                bytes.push(flags | LONG);
                bytes.extend_from_slice(&u64::try_from(body.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend_from_slice(body);
        self.write(&bytes).await;
    }

    /// Ends the connection with a RST instead of a FIN.
    pub(super) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

fn property(mut rest: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    while let Some((&length, after)) = rest.split_first() {
        let (name, after) = after.split_at(usize::from(length));
        let (length, after) = after.split_at(4);
        let length = u32::from_be_bytes(length.try_into().unwrap());
        let (value, after) = after.split_at(usize::try_from(length).unwrap());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.to_vec());
        }
        rest = after;
    }
    None
}
