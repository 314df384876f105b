//! A small server that speaks ZMTP 3.0 (NULL mechanism) as ROUTER or PUB, after
//! <https://rfc.zeromq.org/spec/23/>.
//!
//! Written by hand, because tests need what no library offers: sockets that close as soon as they are dropped, a
//! publisher that waits instead of dropping messages, and a router for which the newest connection of a peer replaces
//! the one before. Frame sizes are not limited: all peers are tests.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};

/// How many messages may wait for one peer. A publisher waits for room; it never drops a message.
const QUEUE: usize = 16_384;

/// The socket type of an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers each peer by its identity.
    Router,
    /// Sends to all peers that subscribed to a prefix of the first frame.
    Publisher,
}

/// One message that a peer sent to a router.
#[derive(Clone, Debug)]
pub struct Incoming<T> {
    /// What the endpoint was bound with; tells endpoints apart that share an inbox.
    pub tag: T,
    /// The identity of the sender, to answer it.
    pub peer: Bytes,
    /// The frames, without the identity.
    pub frames: Vec<Bytes>,
}

/// A bound socket and its connections, all of which close when it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    peers: Peers,
    /// Changes when all connections are to be cut.
    cuts: watch::Sender<()>,
    accepting: JoinHandle<()>,
}

type Peers = Arc<Mutex<HashMap<Bytes, Peer>>>;

#[derive(Clone, Debug)]
struct Peer {
    queue: mpsc::Sender<Bytes>,
    topics: Vec<Vec<u8>>,
    /// Tells a connection from an earlier one of the same identity.
    connection: u64,
}

impl Endpoint {
    /// Listens on 127.0.0.1; port 0 takes a free one. What peers send to a router goes to `inbox`.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind<T: Copy + Send + Sync + 'static>(
        kind: Kind,
        port: u16,
        tag: T,
        inbox: mpsc::UnboundedSender<Incoming<T>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let peers = Peers::default();
        let cuts = watch::Sender::new(());
        let accepting = tokio::spawn(accept(listener, kind, tag, inbox, peers.clone(), cuts.clone()));
        Ok(Self { address, peers, cuts, accepting })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many peers are connected and have completed the handshake.
    pub fn peers(&self) -> usize {
        lock(&self.peers).len()
    }

    /// Closes all connections at once, with what is on its way in them, and goes on listening.
    pub fn cut(&self) {
        self.cuts.send_replace(());
    }

    /// Sends to the peers of this endpoint, and does not keep its sockets open.
    pub fn sender(&self) -> Outgoing {
        Outgoing { peers: self.peers.clone() }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.abort();
        lock(&self.peers).clear();
    }
}

/// Sends through an [`Endpoint`], from any task.
#[derive(Clone, Debug)]
pub struct Outgoing {
    peers: Peers,
}

impl Outgoing {
    /// Sends to one peer of a router. Like libzmq, drops messages to a peer that is not connected.
    pub async fn send(&self, peer: &Bytes, frames: &[Bytes]) {
        let queue = lock(&self.peers).get(peer).map(|peer| peer.queue.clone());
        if let Some(queue) = queue {
            _ = queue.send(encode(frames)).await;
        }
    }

    /// Sends to every peer that subscribed to a prefix of the first frame; waits where a queue is full.
    pub async fn publish(&self, frames: &[Bytes]) {
        let topic = frames.first().cloned().unwrap_or_default();
        let wanting: Vec<_> = lock(&self.peers)
            .values()
            .filter(|peer| peer.topics.iter().any(|prefix| topic.starts_with(prefix)))
            .map(|peer| peer.queue.clone())
            .collect();
        let blob = encode(frames);
        for queue in wanting {
            _ = queue.send(blob.clone()).await;
        }
    }
}

async fn accept<T: Copy + Send + Sync + 'static>(
    listener: TcpListener,
    kind: Kind,
    tag: T,
    inbox: mpsc::UnboundedSender<Incoming<T>>,
    peers: Peers,
    cuts: watch::Sender<()>,
) {
    let mut connections = JoinSet::new();
    let mut count = 0_u64;
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        count += 1;
        connections.spawn(serve(stream, kind, tag, inbox.clone(), peers.clone(), count, cuts.subscribe()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<T: Copy + Send + Sync + 'static>(
    stream: TcpStream,
    kind: Kind,
    tag: T,
    inbox: mpsc::UnboundedSender<Incoming<T>>,
    peers: Peers,
    connection: u64,
    mut cuts: watch::Receiver<()>,
) {
    _ = stream.set_nodelay(true);
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let Ok(identity) = handshake(&mut reader, &mut writer, kind).await else { return };
    let identity = identity.unwrap_or_else(|| {
        // Like libzmq: a zero byte, with which no identity that a peer chose may begin, and a number.
        let number = u32::try_from(connection).unwrap_or(u32::MAX);
        Bytes::from([&[0_u8][..], &number.to_be_bytes()].concat())
    });
    let (queue, outgoing) = mpsc::channel(QUEUE);
    let peer = Peer { queue: queue.clone(), topics: Vec::new(), connection };
    lock(&peers).insert(identity.clone(), peer);

    // The end of either half ends the connection, and dropping both closes the socket.
    tokio::select! {
        _ = cuts.changed() => {}
        () = write(writer, outgoing) => {}
        _ = read(reader, kind, &identity, &peers, &queue, |frames| {
            inbox.send(Incoming { tag, peer: identity.clone(), frames }).is_ok()
        }) => {}
    }
    let mut peers = lock(&peers);
    if peers.get(&identity).is_some_and(|peer| peer.connection == connection) {
        peers.remove(&identity);
    }
}

/// The 64 bytes of greeting, then READY. Returns the identity that the peer chose.
async fn handshake(
    reader: &mut BufReader<OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
    kind: Kind,
) -> io::Result<Option<Bytes>> {
    let mut greeting = [0_u8; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    writer.write_all(&greeting).await?;
    let mut theirs = [0_u8; 64];
    reader.read_exact(&mut theirs).await?;
    if theirs[0] != 0xff || theirs[10] < 3 || !theirs[12..].starts_with(b"NULL\0") {
        return Err(io::Error::other("the peer does not speak ZMTP 3 with the NULL mechanism"));
    }

    let socket = match kind {
        Kind::Router => "ROUTER",
        Kind::Publisher => "PUB",
    };
    let mut ready = BytesMut::from(&b"\x05READY"[..]);
    property(&mut ready, "Socket-Type", socket.as_bytes());
    let mut frame = BytesMut::new();
    put_frame(&mut frame, COMMAND, &ready);
    writer.write_all(&frame).await?;

    let (flags, body) = read_frame(reader).await?;
    if flags & COMMAND == 0 || !body.starts_with(b"\x05READY") {
        return Err(io::Error::other("the peer did not begin with READY"));
    }
    Ok(identity(&body[6..]))
}

fn property(into: &mut BytesMut, name: &str, value: &[u8]) {
    into.put_u8(u8::try_from(name.len()).expect("property names are short"));
    into.put_slice(name.as_bytes());
    into.put_u32(u32::try_from(value.len()).expect("property values are short"));
    into.put_slice(value);
}

fn identity(mut properties: &[u8]) -> Option<Bytes> {
    while let [length, rest @ ..] = properties {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        if name.eq_ignore_ascii_case(b"identity") && !value.is_empty() {
            return Some(Bytes::copy_from_slice(value));
        }
        properties = rest;
    }
    None
}

async fn read(
    mut reader: BufReader<OwnedReadHalf>,
    kind: Kind,
    identity: &Bytes,
    peers: &Peers,
    queue: &mpsc::Sender<Bytes>,
    mut deliver: impl FnMut(Vec<Bytes>) -> bool,
) -> io::Result<()> {
    let mut frames = Vec::new();
    loop {
        let (flags, body) = read_frame(&mut reader).await?;
        if flags & COMMAND != 0 {
            // A PING has a time to live of two bytes and a context, which PONG repeats.
            if let Some(context) = body.strip_prefix(b"\x04PING").and_then(|rest| rest.get(2..)) {
                let mut pong = BytesMut::new();
                put_frame(&mut pong, COMMAND, &[b"\x04PONG", context].concat());
                _ = queue.send(pong.freeze()).await;
            }
            continue;
        }
        frames.push(body);
        if flags & MORE != 0 {
            continue;
        }
        let message = std::mem::take(&mut frames);
        match kind {
            Kind::Router => {
                if !deliver(message) {
                    return Ok(());
                }
            }
            Kind::Publisher => subscription(&message, identity, peers),
        }
    }
}

/// In ZMTP 3.0 a subscription is a message of one frame: 1 or 0, then the prefix.
fn subscription(message: &[Bytes], identity: &Bytes, peers: &Peers) {
    let mut peers = lock(peers);
    let (Some(peer), [frame]) = (peers.get_mut(identity), message) else { return };
    match frame.split_first() {
        Some((1, prefix)) => peer.topics.push(prefix.to_vec()),
        Some((0, prefix)) => peer.topics.retain(|topic| topic != prefix),
        _ => {}
    }
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Bytes>) {
    let mut messages = Vec::new();
    let mut buffer = BytesMut::new();
    while queue.recv_many(&mut messages, 256).await > 0 {
        // A single message, which may be large, is not copied; several are written together.
        if let [only] = &messages[..] {
            if writer.write_all(only).await.is_err() {
                return;
            }
        } else {
            messages.iter().for_each(|message| buffer.put_slice(message));
            if writer.write_all(&buffer).await.is_err() {
                return;
            }
            buffer.clear();
        }
        messages.clear();
    }
}

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

async fn read_frame(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<(u8, Bytes)> {
    let flags = reader.read_u8().await?;
    let length =
        if flags & LONG != 0 { reader.read_u64().await? } else { u64::from(reader.read_u8().await?) };
    let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    reader.read_exact(&mut body).await?;
    Ok((flags, Bytes::from(body)))
}

fn put_frame(into: &mut BytesMut, flags: u8, body: &[u8]) {
    if let Ok(short) = u8::try_from(body.len()) {
        into.put_slice(&[flags, short]);
    } else {
        into.put_u8(flags | LONG);
        into.put_u64(body.len() as u64);
    }
    into.put_slice(body);
}

/// One multipart message as bytes on the wire.
fn encode(frames: &[Bytes]) -> Bytes {
    let size: usize = frames.iter().map(|frame| frame.len() + 9).sum();
    let mut blob = BytesMut::with_capacity(size);
    for (i, frame) in frames.iter().enumerate() {
        put_frame(&mut blob, if i + 1 < frames.len() { MORE } else { 0 }, frame);
    }
    blob.freeze()
}

fn lock(peers: &Peers) -> MutexGuard<'_, HashMap<Bytes, Peer>> {
    peers.lock().expect("no holder of this lock panics")
}
