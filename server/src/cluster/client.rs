//! The client of one controller: executes, interrupts, and knows which engines there are.
//!
//! [`ClusterClient`] is a cheap handle. Behind it one actor owns the sockets, the engine table and every outstanding
//! request; requests go in as commands, and what happens to them comes out as [`crate::run::Event`]s in the run's feed. Every
//! wait has a limit: a request that cannot be answered any more ends as lost.

mod actor;
mod health;
mod hosts;
mod hub;
mod interrupts;
mod requests;
mod turns;
mod widgets;
mod wire;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use self::actor::{Actor, Watches};
use super::{
    connection::ConnectionInfo,
    feed::FeedSender,
    origin::{Identity, Origin, Origins, RunName},
    transport::{Budget, Channel, DownReason, Transport, ZeromqTransport},
};
use crate::{
    engines::{Activities, EngineId, EngineTable, RankSet},
    run::RunId,
};

/// A handle on the client of one controller. With the last handle the connection closes.
#[derive(Clone, Debug)]
pub struct ClusterClient {
    commands: mpsc::UnboundedSender<Command>,
    engines: watch::Receiver<Arc<EngineTable>>,
    activities: watch::Receiver<Arc<Activities>>,
    status: watch::Receiver<ClusterStatus>,
    settled: watch::Receiver<bool>,
    origins: Origins,
    /// See [`Transport::unread`].
    unread: Arc<Budget>,
}

/// Time limits, and one for memory.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// For the whole handshake.
    pub connect: Duration,
    /// How long a controller whose port is closed may still be starting. 0: refused is refused.
    pub starting: Duration,
    /// For the first answer of an engine on iopub.
    pub warm: Duration,
    /// For the end of an engine's output after its reply, and for its reply after that end, since its last message.
    pub idle: Duration,
    /// For what a dead engine had sent, since its last message.
    pub last_words: Duration,
    /// Between two questions to the Hub while something is outstanding; also for the answer.
    pub ping: Duration,
    /// Until a controller whose port is closed counts as lost.
    pub refused: Duration,
    /// Until a controller that does not answer gets new sockets, or counts as lost if its sockets are down.
    pub silence: Duration,
    /// For engines that a controller which came back has not listed again.
    pub relisted: Duration,
    /// For an engine's answer to a signal.
    pub signal: Duration,
    /// For an engine's answer to where it runs.
    pub host: Duration,
    /// Bytes of code that may be outstanding.
    pub in_flight: usize,
    /// Whose client it is.
    pub identity: Identity,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            starting: Duration::ZERO,
            warm: Duration::from_secs(2),
            idle: Duration::from_secs(10),
            last_words: Duration::from_millis(300),
            ping: Duration::from_secs(3),
            refused: Duration::from_secs(5),
            silence: Duration::from_secs(60),
            relisted: Duration::from_secs(10),
            signal: Duration::from_secs(1),
            host: Duration::from_secs(2),
            in_flight: 256 << 20,
            identity: Identity::fresh(),
        }
    }
}

/// The state of the connection to the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterStatus {
    /// The controller answers.
    Up,
    /// Its sockets are open and it does not answer. It may only be busy; requests are still sent.
    NotResponding,
    /// A connection broke and is being made again. Requests fail.
    Down {
        /// What broke.
        why: String,
    },
    /// It is gone; whatever was outstanding is lost. Should it come back, the status says so.
    Lost {
        /// How pxlens found out.
        why: String,
    },
}

/// Code to run.
#[derive(Clone, Debug)]
pub struct Execute {
    /// Names the run in [`ClusterClient::interrupt`] and [`ClusterClient::forget`]; never used before with this client, but for
    /// the same run's earlier slots.
    pub run: RunId,
    /// Sent as it stands.
    pub code: Arc<str>,
    /// One request each, in this order; slot `first_slot + i` is `engines[i]`.
    pub engines: Vec<EngineId>,
    /// Not 0 where the run's first engines were sent to before. The feed then takes over what is still to come of those, and
    /// the feed of that earlier call closes.
    pub first_slot: u32,
    /// For a `--noblock` run: its name in the reason of the runs that its failure aborts, such as `the --noblock run on line
    /// 5`. `None` for any other run, which neither aborts what is queued behind it nor is aborted.
    pub noblock: Option<Arc<str>>,
}

/// Why a request was not sent, if it was interrupted first.
pub(crate) const INTERRUPTED: &str = "interrupted before it was sent";

/// Why a request that was sent did not run, if it was interrupted before its engine began it.
const INTERRUPTED_WAITING: &str = "it was interrupted before it began";

/// Code that was handed to the client.
#[derive(Debug)]
pub struct Submitted {
    accepted: oneshot::Receiver<Result<(), ClientError>>,
}

impl Submitted {
    /// Waits until the client has accepted it, which takes no longer than its current work.
    ///
    /// # Errors
    /// As [`ClusterClient::execute`].
    pub async fn accepted(self) -> Result<(), ClientError> {
        self.accepted.await.map_err(|_| ClientError::Closed)?
    }
}

/// What an interrupt did. An engine is in one set at most, the first of these that fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterruptReport {
    /// Worked on the run, and was signalled.
    pub signalled: RankSet,
    /// Did not answer to a signal or an abort in time.
    pub unanswered: RankSet,
    /// Works for somebody else, and was not signalled. What waited there is aborted.
    pub left_alone: RankSet,
    /// Works for another pxlens of this user, and was not signalled. What waited there is aborted.
    pub left_mine: RankSet,
    /// Had requests waiting, which it drops.
    pub aborted: RankSet,
}

impl InterruptReport {
    /// Adds what another interrupt did. What matters most of an engine counts.
    pub(crate) fn merge(&mut self, other: Self) {
        let mut named = BTreeSet::new();
        for (own, more) in [
            (&mut self.signalled, other.signalled),
            (&mut self.unanswered, other.unanswered),
            (&mut self.left_alone, other.left_alone),
            (&mut self.left_mine, other.left_mine),
            (&mut self.aborted, other.aborted),
        ] {
            *own = own.iter().chain(more.iter()).filter(|id| !named.contains(id)).collect();
            named.extend(own.iter());
        }
    }

    /// Whether it says anything of an engine.
    pub(crate) fn names(&self, engine: EngineId) -> bool {
        [&self.signalled, &self.unanswered, &self.left_alone, &self.left_mine, &self.aborted]
            .iter()
            .any(|those| those.contains(engine))
    }
}

/// Which requests of other clients to interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody's: the report only says who works for whom.
    Nobody,
    /// Those of one run.
    Run(RunName),
    /// Those of any pxlens of this user.
    Mine,
    /// Everybody's.
    Anybody,
}

impl Whose {
    /// Whether a request that came from there is meant. What this client itself sent never is: its runs are known.
    pub(crate) fn covers(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Self::Nobody, _) | (_, Origin::Own) => false,
            (Self::Run(run), Origin::Mine(of)) => run == of,
            (Self::Run(_) | Self::Mine, Origin::Other) => false,
            (Self::Mine, Origin::Mine(_)) | (Self::Anybody, _) => true,
        }
    }
}

/// Why no controller was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nothing listens there.
    #[error(
        "no controller is running at {address}, the address in {}: the file is stale; start the cluster again, or name \
         another connection file", path.display()
    )]
    Refused {
        /// The registration port.
        address: SocketAddr,
        /// The connection file.
        path: PathBuf,
    },
    /// Something listens, but no connection could be made.
    #[error(
        "the {channel} port of the controller, {address}, could not be reached within {} s: {reason}; if the \
         controller of {} has ended, start the cluster again", limit.as_secs(), path.display()
    )]
    Unreachable {
        /// The channel that did not connect.
        channel: Channel,
        /// Its address.
        address: SocketAddr,
        /// Why the last attempt failed.
        reason: DownReason,
        /// How long pxlens tried.
        limit: Duration,
        /// The connection file.
        path: PathBuf,
    },
    /// Connected, but the Hub does not answer.
    #[error(
        "the controller at {address} does not answer: either the key in {} is wrong, since the file belongs to an \
         earlier controller, or the controller hangs; start the cluster again, or name another connection file", path.display()
    )]
    NoAnswer {
        /// The registration port.
        address: SocketAddr,
        /// The connection file.
        path: PathBuf,
    },
    /// What the controller sends is signed with another key.
    #[error(
        "the key in {} is not that of the controller at {address}: the file belongs to an earlier controller; name \
         the file that this controller wrote", path.display()
    )]
    WrongKey {
        /// The registration port.
        address: SocketAddr,
        /// The connection file.
        path: PathBuf,
    },
}

/// Why a request was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection is down; requests are never kept for later.
    #[error("the cluster cannot be reached: {why}; try again when it is back")]
    Away {
        /// What the status says.
        why: String,
    },
    /// Too much code is waiting for the engines.
    #[error(
        "{waiting} MiB of code are still waiting for the engines; try again when they have worked through it, or send less code \
         at a time, for instance by reading data from files"
    )]
    TooMuchInFlight {
        /// How much code waits, in MiB.
        waiting: usize,
    },
    /// The engine knows no such signal.
    #[error("an engine refused the signal '{signal}': {why}; use a name such as SIGINT, or a number")]
    SignalRefused {
        /// What was asked for.
        signal: String,
        /// What the engine said.
        why: String,
    },
    /// The client was closed.
    #[error("the connection to the cluster is closed")]
    Closed,
}

impl ClusterClient {
    /// Connects to the controller of a connection file: returns once the engines are known and their output arrives.
    ///
    /// Must be called in a tokio runtime, which then drives the client.
    ///
    /// # Errors
    /// See [`ConnectError`]; at once where nothing listens, else within [`ClientOptions::connect`].
    pub async fn connect(info: ConnectionInfo, options: ClientOptions) -> Result<Self, ConnectError> {
        if let Some(warning) = info.warning() {
            tracing::warn!("{warning}");
        }
        let transport = ZeromqTransport::open(info.endpoints());
        Self::connect_over(transport, info, options).await
    }

    /// As [`Self::connect`], over sockets of another kind.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_over<T: Transport>(
        transport: T,
        info: ConnectionInfo,
        options: ClientOptions,
    ) -> Result<Self, ConnectError> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (table, engines) = watch::channel(Arc::default());
        let (doing, activities) = watch::channel(Arc::default());
        let starting = ClusterStatus::Down { why: "connecting".into() };
        let (state, status) = watch::channel(starting);
        let (all_placed, settled) = watch::channel(false);
        let (ready, connected) = oneshot::channel();
        let origins = Origins::new(&options.identity);
        let watches = Watches { table, activities: doing, status: state, settled: all_placed };
        let unread = transport.unread();
        let actor = Actor::new(transport, info, options, origins.clone(), watches, ready);
        tokio::spawn(actor.run(inbox));
        connected.await.expect("the actor answers before it ends")?;
        Ok(Self { commands, engines, activities, status, settled, origins, unread })
    }

    /// The engines alive, now and as they come and go.
    pub fn engines(&self) -> watch::Receiver<Arc<EngineTable>> {
        self.engines.clone()
    }

    /// Waits until the Hub has said what engines work on, and every engine where it runs or missed its time limit, or until nothing becomes known for `quiet`.
    pub async fn settled(&self, quiet: Duration) {
        let (mut settled, mut engines) = (self.settled.clone(), self.engines.clone());
        let news = async { while let Ok(Ok(())) = timeout(quiet, engines.changed()).await {} };
        tokio::select! {
            _ = settled.wait_for(|settled| *settled) => {}
            () = news => {}
        }
    }

    /// What the engines do, for this client or another. Lags about 100 ms behind, so that a busy cluster causes no flood of
    /// updates.
    pub fn activities(&self) -> watch::Receiver<Arc<Activities>> {
        self.activities.clone()
    }

    /// Tells who sent what the engines work on.
    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The state of the connection, now and as it changes.
    pub fn status(&self) -> watch::Receiver<ClusterStatus> {
        self.status.clone()
    }

    /// Sends code to engines, to each one when it is past earlier `--noblock` requests. What happens to each request goes into
    /// the feed: `Sent`, then in the end `Reply` and `Idle`, or an `aborted` reply, or `Lost`. A request that is never sent
    /// ends as `Lost(NotSent)`, at once if the engine is not there, or as `Aborted` if a `--noblock` run failed on the engine
    /// ([`Execute::noblock`]). Output that comes after the end still arrives, until [`Self::forget`].
    ///
    /// # Errors
    /// See [`ClientError`]; then nothing was sent and nothing goes into the feed.
    pub async fn execute(&self, execute: Execute, feed: FeedSender) -> Result<(), ClientError> {
        self.submit(execute, feed).accepted().await
    }

    /// As [`Self::execute`], without waiting until the client has accepted it. Engines get code in the order of these calls.
    pub fn submit(&self, execute: Execute, feed: FeedSender) -> Submitted {
        let (answer, accepted) = oneshot::channel();
        feed.count_in(&self.unread);
        // If the client is closed, this drops the sender of the answer too, which `accepted` reports.
        let _ = self.commands.send(Command::Execute { execute, silent: false, feed, answer });
        Submitted { accepted }
    }

    /// As [`Self::execute`], for what pxlens itself wants to know: the engine counts no prompt and keeps no history of it.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn execute_silently(&self, execute: Execute, feed: FeedSender) -> Result<(), ClientError> {
        self.ask(|answer| Command::Execute { execute, silent: true, feed, answer }).await?
    }

    /// Stops a run, on some of its engines or on all: requests that are not sent yet are dropped, requests that wait on engines
    /// are aborted by their ids, and engines that work on the run get the signal, a name such as `SIGINT` or a number. Engines
    /// that work for somebody else are left alone.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn interrupt(
        &self,
        run: RunId,
        engines: Option<RankSet>,
        signal: &str,
    ) -> Result<InterruptReport, ClientError> {
        let signal = signal.to_owned();
        self.ask(|answer| Command::Interrupt { run, engines, signal, answer }).await?
    }

    /// Stops what other clients sent, on some engines or on all: what waits is aborted by its ids, and engines that work on it
    /// get the signal. Engines that work on something that is not covered by `whose` are left alone; those that do nothing are
    /// not in the report.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(crate) async fn interrupt_others(
        &self,
        whose: Whose,
        engines: Option<RankSet>,
        signal: &str,
    ) -> Result<InterruptReport, ClientError> {
        let signal = signal.to_owned();
        self.ask(|answer| Command::InterruptOthers(OthersInterrupt { whose, engines, signal, answer }))
            .await?
    }

    /// Closes a run's feed. Its requests are not stopped.
    pub fn forget(&self, run: RunId) {
        // A client that is closed has forgotten already.
        let _ = self.commands.send(Command::Forget(run));
    }

    /// Closes the connection. Whatever is outstanding ends as lost; engines go on with what they do.
    pub async fn close(&self) {
        let _ = self.ask(Command::Close).await;
    }

    async fn ask<A>(&self, command: impl FnOnce(oneshot::Sender<A>) -> Command) -> Result<A, ClientError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).map_err(|_| ClientError::Closed)?;
        answered.await.map_err(|_| ClientError::Closed)
    }
}

/// A command of a handle to the actor.
enum Command {
    Execute {
        execute: Execute,
        silent: bool,
        feed: FeedSender,
        answer: oneshot::Sender<Result<(), ClientError>>,
    },
    Interrupt {
        run: RunId,
        engines: Option<RankSet>,
        signal: String,
        answer: oneshot::Sender<Result<InterruptReport, ClientError>>,
    },
    InterruptOthers(OthersInterrupt),
    Forget(RunId),
    Close(oneshot::Sender<()>),
}

/// An interrupt of what other clients sent.
struct OthersInterrupt {
    whose: Whose,
    engines: Option<RankSet>,
    signal: String,
    answer: oneshot::Sender<Result<InterruptReport, ClientError>>,
}
