//! Requests to end before the work is done: a signal, or nobody who reads stdout any more.

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};

use crate::{
    signals::{self, EndSignal},
    streams::Stream,
};

/// Why pxlens ends before its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quit {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// SIGHUP.
    HungUp,
    /// Nobody reads stdout any more (`pxlens run … | head`).
    Unread,
}

impl Quit {
    /// The exit status: that of a program which this ended.
    pub(super) fn exit_status(self) -> u8 {
        match self {
            Self::Interrupted => EndSignal::Interrupt.exit_status(),
            Self::Terminated => EndSignal::Terminate.exit_status(),
            Self::HungUp => EndSignal::HangUp.exit_status(),
            // Of SIGPIPE.
            Self::Unread => 128 + 13,
        }
    }

    /// The cause, as the end of a sentence that begins with what was done.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "ended by SIGTERM",
            Self::HungUp => "ended by SIGHUP",
            Self::Unread => "ended since nobody reads the output any more",
        }
    }

    /// Whether somebody who asks this again wants pxlens to end at once. A terminal that closes and a pipe that breaks may be
    /// noticed in several ways.
    fn may_insist(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated)
    }
}

impl From<EndSignal> for Quit {
    fn from(signal: EndSignal) -> Self {
        match signal {
            EndSignal::Interrupt => Self::Interrupted,
            EndSignal::Terminate => Self::Terminated,
            EndSignal::HangUp => Self::HungUp,
        }
    }
}

/// How long after the first request the same one may arrive again: `timeout` and `npm` send a signal to pxlens that its whole
/// process group gets as well.
const ECHO: Duration = Duration::from_millis(300);

/// Requests that may arrive before somebody takes the first.
const WAITING: usize = 8;

/// Listens for requests to end from the start; those that nobody waits for yet are kept.
pub(super) struct Quits {
    /// Each with the time at which it came.
    requests: mpsc::Receiver<(Quit, Instant)>,
    first: Option<(Quit, Instant)>,
    /// Whether a second request asked to end at once.
    insisted: bool,
}

impl Quits {
    pub(super) fn listen() -> Self {
        let (sender, requests) = mpsc::channel(WAITING);
        let mut signals = signals::listen();
        let signalled = sender.clone();
        tokio::spawn(async move {
            while let Some(signal) = signals.recv().await
                && signalled.send((signal.into(), Instant::now())).await.is_ok()
            {}
        });
        tokio::spawn(async move {
            Stream::Stdout.closed().await;
            // Fails if the command is over, which is fine.
            let _ = sender.send((Quit::Unread, Instant::now())).await;
        });
        Self::new(requests)
    }

    fn new(requests: mpsc::Receiver<(Quit, Instant)>) -> Self {
        Self { requests, first: None, insisted: false }
    }

    /// Why pxlens was asked to end, if it was.
    pub(super) fn why(&self) -> Option<Quit> {
        self.first.map(|(quit, _)| quit)
    }

    /// Waits until pxlens is asked to end, or returns at once if it was.
    pub(super) async fn asked(&mut self) -> Quit {
        loop {
            if let Some(quit) = self.why() {
                return quit;
            }
            self.take().await;
        }
    }

    /// Waits until somebody who asked before asks again, and so wants pxlens to end at once.
    pub(super) async fn insisted(&mut self) {
        while !self.insisted {
            self.take().await;
        }
    }

    async fn take(&mut self) {
        let Some((quit, at)) = self.requests.recv().await else {
            // Nothing on this system asks pxlens to end.
            return std::future::pending().await;
        };
        match &mut self.first {
            None => self.first = Some((quit, at)),
            // The terminal closed, which broke the output first.
            Some((first @ Quit::Unread, _)) if quit == Quit::HungUp => *first = quit,
            Some((_, first)) => self.insisted |= quit.may_insist() && at >= *first + ECHO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes these requests, each so many milliseconds after the one before.
    async fn after(requests: &[(u64, Quit)]) -> Quits {
        let (sender, receiver) = mpsc::channel(1);
        let mut quits = Quits::new(receiver);
        for (wait, quit) in requests {
            tokio::time::advance(Duration::from_millis(*wait)).await;
            sender.send((*quit, Instant::now())).await.expect("it is taken");
            quits.take().await;
        }
        quits
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_request_asks_to_end_at_once() {
        use Quit::{HungUp, Interrupted, Terminated, Unread};
        for (requests, why, insisted) in [
            (vec![(0, Interrupted)], Interrupted, false),
            (vec![(0, Interrupted), (900, Interrupted)], Interrupted, true),
            (vec![(0, HungUp), (900, Terminated)], HungUp, true),
            // The echo of the first one.
            (vec![(0, Terminated), (2, Terminated)], Terminated, false),
            (vec![(0, Terminated), (2, Terminated), (900, Terminated)], Terminated, true),
            // The same end of a terminal or a reader, noticed again.
            (vec![(0, HungUp), (900, HungUp), (0, Unread)], HungUp, false),
            (vec![(0, Interrupted), (900, Unread)], Interrupted, false),
            (vec![(0, Unread), (1, HungUp)], HungUp, false),
        ] {
            let quits = after(&requests).await;
            assert_eq!((quits.why(), quits.insisted), (Some(why), insisted), "{requests:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_later_is_told_of_an_earlier_request() {
        let mut quits = after(&[(0, Quit::HungUp)]).await;
        assert_eq!(quits.asked().await, Quit::HungUp);
    }
}
