//! The `zeromq` crate in a supervisor, for NULL security and a peer one can trust with this process: a controller on this
//! machine or at the end of a tunnel.
//!
//! The crate is not used bare. One task owns each socket; the first error or disconnection ends that socket for good, and
//! a new one is built after a pause. What the crate cannot be kept from doing stands in the conformance suite's list of
//! known failures.

mod socket;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, sync::DropGuard};

use self::socket::{Dialer, Socket};
use super::{Budget, Channel, DownReason, Endpoints, SendError, Transport, TransportEvent};

/// What a message costs beside its bytes, so that the number of messages that wait is bounded too.
const PER_MESSAGE: usize = 1024;

/// A connection that lived this long was a good one: the next pause is short again.
const SETTLED: Duration = Duration::from_secs(5);

/// Sockets of the `zeromq` crate.
#[derive(Debug)]
pub(crate) struct ZeromqTransport {
    channels: Vec<(Channel, Arc<Line>)>,
    events: mpsc::UnboundedReceiver<TransportEvent>,
    /// Bytes that were received and not yet taken.
    budget: Arc<Budget>,
    /// See [`Transport::unread`].
    unread: Arc<Budget>,
    /// Ends the tasks when the transport is dropped.
    _stop: DropGuard,
}

/// What the transport and the task of one channel share.
#[derive(Debug)]
struct Line {
    outbox: mpsc::UnboundedSender<Vec<Bytes>>,
    /// Bytes in `outbox`.
    waiting: AtomicUsize,
    limit: usize,
    up: AtomicBool,
    rebuild: Notify,
}

impl Transport for ZeromqTransport {
    fn open(endpoints: Endpoints) -> Self {
        let stop = CancellationToken::new();
        let (report, events) = mpsc::unbounded_channel();
        let budget = Arc::new(Budget::new(endpoints.receive_limit));
        let unread = Arc::new(Budget::new(endpoints.unread_limit));
        // Kept when a socket is built anew, so that replies to what the old one sent still arrive.
        let identity = Bytes::from(format!("pxlens-{}", uuid::Uuid::new_v4().simple()));
        let open = |&(channel, address)| {
            let (outbox, unsent) = mpsc::unbounded_channel();
            let line = Arc::new(Line {
                outbox,
                waiting: AtomicUsize::new(0),
                limit: endpoints.send_limit,
                up: AtomicBool::new(false),
                rebuild: Notify::new(),
            });
            let task = Task {
                channel,
                dialer: Dialer {
                    channel,
                    address,
                    identity: identity.clone(),
                    limit: endpoints.connect_limit,
                },
                line: Arc::clone(&line),
                unsent,
                inbox: Inbox {
                    report: report.clone(),
                    budget: Arc::clone(&budget),
                    unread: (channel == Channel::Iopub).then(|| Arc::clone(&unread)),
                },
                backoff: Backoff::new(&endpoints),
            };
            tokio::spawn(stop.clone().run_until_cancelled_owned(task.supervise()));
            (channel, line)
        };
        let channels = endpoints.channels.iter().map(open).collect();
        Self { channels, events, budget, unread, _stop: stop.drop_guard() }
    }

    fn send(&self, channel: Channel, frames: Vec<Bytes>) -> Result<(), SendError> {
        let line = self.line(channel).filter(|line| line.up.load(Ordering::Acquire));
        let Some(line) = line else { return Err(SendError::Down(channel)) };
        let size = size_of_frames(&frames);
        if line.waiting.fetch_add(size, Ordering::AcqRel) + size > line.limit {
            line.waiting.fetch_sub(size, Ordering::AcqRel);
            return Err(SendError::Full(channel));
        }
        line.outbox.send(frames).map_err(|_| SendError::Down(channel))
    }

    async fn event(&mut self) -> TransportEvent {
        match self.events.recv().await {
            Some(event) => {
                if let TransportEvent::Message(_, frames) = &event {
                    self.budget.free(size_of_message(frames));
                }
                event
            }
            // Every task has ended, which happens only while the runtime shuts down.
            None => std::future::pending().await,
        }
    }

    fn unread(&self) -> Arc<Budget> {
        Arc::clone(&self.unread)
    }

    fn rebuild(&self, channel: Channel) {
        if let Some(line) = self.line(channel) {
            line.rebuild.notify_one();
        }
    }
}

impl ZeromqTransport {
    fn line(&self, channel: Channel) -> Option<&Arc<Line>> {
        self.channels.iter().find(|(of, _)| *of == channel).map(|(_, line)| line)
    }
}

fn size_of_frames(frames: &[Bytes]) -> usize {
    frames.iter().map(Bytes::len).sum()
}

fn size_of_message(frames: &[Bytes]) -> usize {
    size_of_frames(frames) + PER_MESSAGE
}

/// Owns the sockets of one channel, one after the other.
struct Task {
    channel: Channel,
    dialer: Dialer,
    line: Arc<Line>,
    unsent: mpsc::UnboundedReceiver<Vec<Bytes>>,
    inbox: Inbox,
    backoff: Backoff,
}

impl Task {
    async fn supervise(mut self) {
        loop {
            let reason = match self.dialer.connect().await {
                Ok(socket) => {
                    let since = Instant::now();
                    let reason = self.serve(socket).await;
                    self.backoff.settle(since.elapsed());
                    reason
                }
                Err(reason) => reason,
            };
            tracing::debug!(channel = %self.channel, address = %self.dialer.address, %reason, "down");
            self.inbox.publish(TransportEvent::Down(self.channel, reason));
            tokio::time::sleep(self.backoff.next()).await;
        }
    }

    /// Uses a socket until it ends; its drop closes it.
    async fn serve(&mut self, socket: Socket) -> DownReason {
        // What was handed in for the socket before this one is dropped: nothing is sent late.
        while let Ok(frames) = self.unsent.try_recv() {
            self.line.waiting.fetch_sub(size_of_frames(&frames), Ordering::AcqRel);
        }
        let Self { channel, line, unsent, inbox, .. } = self;
        line.up.store(true, Ordering::Release);
        inbox.publish(TransportEvent::Up(*channel));
        let (mut sender, mut receiver) = socket.split();
        let send = async {
            loop {
                let Some(frames) = unsent.recv().await else { return DownReason::Closed };
                let _place = Place { waiting: &line.waiting, size: size_of_frames(&frames) };
                if let Err(reason) = sender.send(frames).await {
                    return reason;
                }
            }
        };
        let receive = async {
            loop {
                match receiver.receive().await {
                    Ok(frames) => inbox.deliver(*channel, frames).await,
                    Err(reason) => return reason,
                }
            }
        };
        // Sending may wait for the socket; receiving goes on meanwhile.
        let reason = tokio::select! {
            reason = receive => reason,
            reason = send => reason,
            () = line.rebuild.notified() => DownReason::Closed,
        };
        line.up.store(false, Ordering::Release);
        reason
    }
}

/// Frames on their way out, which count as waiting until they are sent or the sending is given up half-way.
struct Place<'a> {
    waiting: &'a AtomicUsize,
    size: usize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.size, Ordering::AcqRel);
    }
}

/// Where a task leaves what it received.
struct Inbox {
    report: mpsc::UnboundedSender<TransportEvent>,
    budget: Arc<Budget>,
    /// For outputs: what of them waits for its readers.
    unread: Option<Arc<Budget>>,
}

impl Inbox {
    fn publish(&self, event: TransportEvent) {
        // An error means that the transport is gone.
        let _ = self.report.send(event);
    }

    /// Hands a message over, then waits while too much waits. In this order, since the wait may be cut short by the end of
    /// the socket, and the message must not be lost with it.
    async fn deliver(&self, channel: Channel, frames: Vec<Bytes>) {
        self.budget.take(size_of_message(&frames));
        self.publish(TransportEvent::Message(channel, frames));
        self.budget.wait().await;
        if let Some(unread) = &self.unread {
            unread.wait().await;
        }
    }
}

/// Pauses between attempts: doubling, and short again after a good connection.
struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    fn new(endpoints: &Endpoints) -> Self {
        Self { first: endpoints.backoff_first, most: endpoints.backoff_most, next: endpoints.backoff_first }
    }

    fn settle(&mut self, lived: Duration) {
        if lived >= SETTLED {
            self.next = self.first;
        }
    }

    fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        pause
    }
}
