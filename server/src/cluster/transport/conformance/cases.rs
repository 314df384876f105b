//! The cases of the suite. Each waits for events; a case that waits in vain is ended by the suite's limit.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use tokio::io::AsyncWriteExt;

use super::{
    Case, Verdict,
    peer::{Connection, MORE, Peer},
};
use crate::cluster::transport::{Channel, DownReason, Endpoints, SendError, Transport, TransportEvent};

const DEALER: Channel = Channel::Mux;
const SUB: Channel = Channel::Iopub;

/// All cases that cannot harm the process.
pub(super) fn all<T: Transport>() -> Vec<Case> {
    fn case(name: &'static str, play: fn() -> BoxFuture<'static, Verdict>) -> Case {
        Case { name, play }
    }
    vec![
        case("messages pass whole, both ways", || messages_pass::<T>().boxed()),
        case("a closed port is refused at once, and found once it opens", || refused::<T>().boxed()),
        case("frames are refused while down, and never sent later", || nothing_is_replayed::<T>().boxed()),
        case("frames beyond the limit are refused", || send_limit::<T>().boxed()),
        case("what a broken connection was sending counts no more", || cut_short::<T>().boxed()),
        case("messages beyond the receive limit arrive, in order", || receive_limit::<T>().boxed()),
        case("DEALER: a reset is reported and the connection renewed", || {
            ending::<T>(DEALER, End::Reset).boxed()
        }),
        case("SUB: a reset is reported and the connection renewed", || ending::<T>(SUB, End::Reset).boxed()),
        case("DEALER: a FIN is reported and the connection renewed", || {
            ending::<T>(DEALER, End::Fin).boxed()
        }),
        case("SUB: a FIN is reported and the connection renewed", || ending::<T>(SUB, End::Fin).boxed()),
        case("DEALER: half a frame and a FIN are reported and the connection renewed", || {
            ending::<T>(DEALER, End::HalfFrame).boxed()
        }),
        case("SUB: half a frame and a FIN are reported and the connection renewed", || {
            ending::<T>(SUB, End::HalfFrame).boxed()
        }),
        case("DEALER: garbage is reported and the connection renewed", || {
            ending::<T>(DEALER, End::Garbage).boxed()
        }),
        case("DEALER: a reset right after the second handshake is reported", || {
            reset_after_handshake::<T>(DEALER).boxed()
        }),
        case("SUB: a reset right after the second handshake is reported", || {
            reset_after_handshake::<T>(SUB).boxed()
        }),
        case("DEALER: a peer that says nothing is reported in time", || silent::<T>(DEALER).boxed()),
        case("SUB: a peer that says nothing is reported in time", || silent::<T>(SUB).boxed()),
        case("a peer that speaks HTTP is reported", || http::<T>().boxed()),
        case("a connection is renewed on demand", || rebuild::<T>().boxed()),
        case("dropping the transport closes its connections", || dropping::<T>().boxed()),
        case("a PING is answered", || ping::<T>().boxed()),
        case("a message of endless parts ends the connection", || endless_parts::<T>().boxed()),
    ]
}

fn open<T: Transport>(peers: &[(Channel, &Peer)]) -> T {
    T::open(endpoints(peers.iter().map(|(channel, peer)| (*channel, peer.address()))))
}

fn endpoints(channels: impl IntoIterator<Item = (Channel, std::net::SocketAddr)>) -> Endpoints {
    Endpoints {
        connect_limit: Duration::from_secs(10),
        backoff_first: Duration::from_millis(10),
        backoff_most: Duration::from_millis(50),
        ..Endpoints::new(channels)
    }
}

fn fail<A>(what: impl Debug) -> Result<A, String> {
    Err(format!("{what:?}"))
}

/// A transport with one connection that stands.
async fn connected<T: Transport>(channel: Channel) -> Result<(T, Peer, Connection), String> {
    let peer = Peer::new(channel).await;
    let mut transport: T = open(&[(channel, &peer)]);
    let connection = peer.accept_subscribed().await;
    up(&mut transport).await?;
    Ok((transport, peer, connection))
}

async fn up<T: Transport>(transport: &mut T) -> Verdict {
    match transport.event().await {
        TransportEvent::Up(_) => Ok(()),
        other => fail(other),
    }
}

async fn down<T: Transport>(transport: &mut T) -> Result<DownReason, String> {
    match transport.event().await {
        TransportEvent::Down(_, reason) => Ok(reason),
        other => fail(other),
    }
}

async fn message<T: Transport>(transport: &mut T) -> Result<Vec<Bytes>, String> {
    match transport.event().await {
        TransportEvent::Message(_, frames) => Ok(frames),
        other => fail(other),
    }
}

/// The connection is reported as down, comes back with its identity, and works.
async fn renewed<T: Transport>(transport: &mut T, peer: &Peer, identity: &[u8]) -> Verdict {
    down(transport).await?;
    let mut connection = peer.accept_subscribed().await;
    if connection.identity != identity {
        return fail(("another identity", connection.identity));
    }
    up(transport).await?;
    connection.send(&[b"again"]).await;
    match message(transport).await?.as_slice() {
        [frame] if frame.as_ref() == b"again" => Ok(()),
        other => fail(other),
    }
}

async fn messages_pass<T: Transport>() -> Verdict {
    let (mut transport, _peer, mut connection) = connected::<T>(DEALER).await?;
    let large = vec![b'x'; 300_000];
    let frames: [&[u8]; 4] = [b"", b"a", &large[..255], &large];
    connection.send(&frames).await;
    if message(&mut transport).await? != frames {
        return fail("frames differ inwards");
    }
    transport
        .send(DEALER, frames.iter().map(|f| Bytes::copy_from_slice(f)).collect())
        .map_err(|e| e.to_string())?;
    if connection.message().await.unwrap_or_default() != frames {
        return fail("frames differ outwards");
    }
    if connection.identity.is_empty() {
        return fail("no identity: replies would not survive a new connection");
    }
    let (mut transport, _peer, mut connection) = connected::<T>(SUB).await?;
    connection.send(&[b"topic", b"body"]).await;
    let received = message(&mut transport).await?;
    if received == [b"topic".as_slice(), b"body"] { Ok(()) } else { fail(received) }
}

async fn refused<T: Transport>() -> Verdict {
    let peer = Peer::new(DEALER).await;
    let address = peer.address();
    drop(peer);
    let mut transport = T::open(endpoints([(DEALER, address)]));
    match down(&mut transport).await? {
        DownReason::Refused => {}
        other => return fail(other),
    }
    let peer = Peer::at(DEALER, address).await;
    let mut connection = peer.accept().await;
    loop {
        match transport.event().await {
            TransportEvent::Down(_, DownReason::Refused) => {}
            TransportEvent::Up(_) => break,
            other => return fail(other),
        }
    }
    connection.send(&[b"hello"]).await;
    message(&mut transport).await.map(drop)
}

async fn nothing_is_replayed<T: Transport>() -> Verdict {
    let (mut transport, peer, connection) = connected::<T>(DEALER).await?;
    drop(connection);
    down(&mut transport).await?;
    let early = transport.send(DEALER, vec![Bytes::from_static(b"early")]);
    if early != Err(SendError::Down(DEALER)) {
        return fail(early);
    }
    let mut connection = peer.accept().await;
    up(&mut transport).await?;
    transport.send(DEALER, vec![Bytes::from_static(b"late")]).map_err(|e| e.to_string())?;
    match connection.message().await {
        Some(frames) if frames == [b"late"] => Ok(()),
        other => fail(other),
    }
}

async fn send_limit<T: Transport>() -> Verdict {
    let peer = Peer::new(DEALER).await;
    let mut transport = T::open(Endpoints { send_limit: 1000, ..endpoints([(DEALER, peer.address())]) });
    let mut connection = peer.accept().await;
    up(&mut transport).await?;
    let large = transport.send(DEALER, vec![Bytes::from(vec![0; 1001])]);
    if large != Err(SendError::Full(DEALER)) {
        return fail(large);
    }
    transport.send(DEALER, vec![Bytes::from(vec![0; 1000])]).map_err(|e| e.to_string())?;
    connection.message().await.map(drop).ok_or_else(|| "the connection ended".to_owned())
}

async fn cut_short<T: Transport>() -> Verdict {
    const LIMIT: usize = 100_000;
    static PART: [u8; LIMIT / 100] = [0; LIMIT / 100];
    let peer = Peer::new(DEALER).await;
    let mut transport = T::open(Endpoints { send_limit: LIMIT, ..endpoints([(DEALER, peer.address())]) });
    // It reads nothing: whatever lies between fills up, and at last one message is on its way and does not get through.
    let _first = peer.accept().await;
    up(&mut transport).await?;
    let mut refused = 0;
    while refused < 1_000 {
        match transport.send(DEALER, vec![Bytes::from_static(&PART)]) {
            Ok(()) => refused = 0,
            Err(_) => {
                refused += 1;
                tokio::task::yield_now().await;
            }
        }
    }
    transport.rebuild(DEALER);
    down(&mut transport).await?;
    let _second = peer.accept().await;
    up(&mut transport).await?;
    transport.send(DEALER, vec![Bytes::from(vec![0; LIMIT])]).map_err(|e| e.to_string())
}

async fn receive_limit<T: Transport>() -> Verdict {
    let peer = Peer::new(SUB).await;
    let limits = Endpoints { receive_limit: 4096, ..endpoints([(SUB, peer.address())]) };
    let mut transport = T::open(limits);
    let mut connection = peer.accept_subscribed().await;
    up(&mut transport).await?;
    let flood = tokio::spawn(async move {
        for n in 0..500u32 {
            let size = if n % 100 == 0 { 100_000 } else { 500 };
            connection.send(&[&n.to_be_bytes(), &vec![0; size]]).await;
        }
        connection
    });
    for n in 0..500u32 {
        let frames = message(&mut transport).await?;
        if frames[0] != n.to_be_bytes().as_slice() {
            return fail(("out of order", n));
        }
    }
    flood.await.map(drop).map_err(|error| error.to_string())
}

#[derive(Clone, Copy)]
enum End {
    Reset,
    Fin,
    HalfFrame,
    Garbage,
}

async fn ending<T: Transport>(channel: Channel, end: End) -> Verdict {
    let (mut transport, peer, mut connection) = connected::<T>(channel).await?;
    let identity = connection.identity.clone();
    match end {
        End::Reset => connection.reset(),
        End::Fin => {
            // What was sent before the end still arrives, and before the news of it.
            connection.send(&[b"last words"]).await;
            drop(connection);
            if message(&mut transport).await? != [b"last words".as_slice()] {
                return fail("the last words are lost");
            }
        }
        End::HalfFrame => {
            connection.write(&[0, 100, 1, 2, 3]).await;
            drop(connection);
        }
        End::Garbage => connection.write(&[4, 9, 200, 1, 2, 3, 4, 5, 6, 7, 8]).await,
    }
    renewed(&mut transport, &peer, &identity).await
}

async fn reset_after_handshake<T: Transport>(channel: Channel) -> Verdict {
    let (mut transport, peer, connection) = connected::<T>(channel).await?;
    let identity = connection.identity.clone();
    connection.reset();
    down(&mut transport).await?;
    peer.accept().await.reset();
    // It may have seemed up for a moment.
    let mut connection = peer.accept_subscribed().await;
    let mut downs = 0;
    loop {
        match transport.event().await {
            TransportEvent::Down(..) => downs += 1,
            TransportEvent::Up(_) if downs > 0 => break,
            TransportEvent::Up(_) => {}
            other @ TransportEvent::Message(..) => return fail(other),
        }
    }
    if connection.identity != identity {
        return fail("another identity");
    }
    connection.send(&[b"again"]).await;
    message(&mut transport).await.map(drop)
}

async fn silent<T: Transport>(channel: Channel) -> Verdict {
    let peer = Peer::new(channel).await;
    let connect_limit = Duration::from_millis(300);
    let mut transport = T::open(Endpoints { connect_limit, ..endpoints([(channel, peer.address())]) });
    // The system accepts; nobody reads or writes.
    match down(&mut transport).await? {
        DownReason::Silent => {}
        other => return fail(other),
    }
    // The next attempt finds somebody who speaks.
    let mut connection = peer.accept_subscribed().await;
    loop {
        match transport.event().await {
            TransportEvent::Up(_) => break,
            TransportEvent::Down(..) => connection = peer.accept_subscribed().await,
            other @ TransportEvent::Message(..) => return fail(other),
        }
    }
    connection.send(&[b"hello"]).await;
    message(&mut transport).await.map(drop)
}

async fn http<T: Transport>() -> Verdict {
    let peer = Peer::new(DEALER).await;
    let mut transport: T = open(&[(DEALER, &peer)]);
    let serve = async {
        loop {
            let mut stream = peer.accept_raw().await;
            let page = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(page.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    };
    tokio::select! {
        () = serve => Ok(()),
        reason = down(&mut transport) => match reason? {
            DownReason::NotZmtp(_) => Ok(()),
            other => fail(other),
        },
    }
}

async fn rebuild<T: Transport>() -> Verdict {
    let (mut transport, peer, mut connection) = connected::<T>(SUB).await?;
    let identity = connection.identity.clone();
    transport.rebuild(SUB);
    if connection.message().await.is_some() {
        return fail("the old connection goes on");
    }
    renewed(&mut transport, &peer, &identity).await
}

async fn dropping<T: Transport>() -> Verdict {
    for channel in [DEALER, SUB] {
        let (transport, _peer, mut connection) = connected::<T>(channel).await?;
        drop(transport);
        if connection.message().await.is_some() {
            return fail(channel);
        }
    }
    Ok(())
}

async fn ping<T: Transport>() -> Verdict {
    let (mut transport, _peer, mut connection) = connected::<T>(DEALER).await?;
    connection.ping().await;
    connection.send(&[b"after"]).await;
    message(&mut transport).await?;
    match connection.frame().await {
        Some(frame) if frame.body == b"\x04PONGcontext" => Ok(()),
        other => fail(other.map(|frame| frame.body)),
    }
}

async fn endless_parts<T: Transport>() -> Verdict {
    let (mut transport, _peer, mut connection) = connected::<T>(SUB).await?;
    let parts = [MORE, 1, b'x'].repeat(100_000);
    let flood = tokio::spawn(async move {
        connection.write(&parts).await;
        connection.send(&[b"end"]).await;
        connection
    });
    let verdict = match transport.event().await {
        TransportEvent::Down(..) => Ok(()),
        TransportEvent::Message(_, frames) => fail(format!("a message of {} parts", frames.len())),
        other @ TransportEvent::Up(_) => fail(other),
    };
    flood.await.map_err(|error| error.to_string())?;
    verdict
}

/// A frame of 2^`bits` bytes is announced. Only for a process of its own.
pub(super) async fn huge_frame<T: Transport>(bits: u32) -> Verdict {
    let (mut transport, peer, mut connection) = connected::<T>(SUB).await?;
    let identity = connection.identity.clone();
    let mut header = vec![2];
    header.extend_from_slice(&(1u64 << bits).to_be_bytes());
    connection.write(&header).await;
    renewed(&mut transport, &peer, &identity).await
}
