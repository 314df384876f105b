//! Requests to end before the work is done: a signal, or nobody who reads stdout any more.

use std::{
    borrow::Cow,
    pin::pin,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use crate::{
    signals::{self, EndSignal},
    streams::Stream,
};

/// Why pxlens ends before its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quit {
    /// A signal.
    Signal(EndSignal),
    /// Nobody reads stdout any more (`pxlens run … | head`).
    Unread,
}

impl Quit {
    /// The exit status: that of a program which this ended.
    pub(super) fn exit_status(self) -> u8 {
        match self {
            Self::Signal(signal) => signal.exit_status(),
            // Of SIGPIPE.
            Self::Unread => 128 + 13,
        }
    }

    /// The cause, as the end of a sentence that begins with what was done.
    pub(super) fn cause(self) -> Cow<'static, str> {
        match self {
            Self::Signal(EndSignal::Interrupt) => "interrupted".into(),
            Self::Signal(signal) => format!("ended by {}", signal.name()).into(),
            Self::Unread => "ended since nobody reads the output any more".into(),
        }
    }

    /// Whether somebody who asks this again wants pxlens to end at once. A terminal that closes and a pipe that breaks may be
    /// noticed in several ways.
    fn may_insist(self) -> bool {
        !matches!(self, Self::Signal(EndSignal::HangUp) | Self::Unread)
    }
}

impl From<EndSignal> for Quit {
    fn from(signal: EndSignal) -> Self {
        Self::Signal(signal)
    }
}

/// How long after the first request the same one may arrive again: `timeout` and `npm` send a signal to pxlens that its whole
/// process group gets as well.
const ECHO: Duration = Duration::from_millis(300);

/// How long the end may take once somebody insists on it. Without this limit, writing to a pipe that nobody reads would take for
/// ever.
const LEAVING: Duration = Duration::from_secs(1);

/// The requests that came so far.
#[derive(Clone, Copy, Debug, Default)]
struct Requests {
    first: Option<(Quit, Instant)>,
    /// Whether a second one asked to end at once.
    insisted: bool,
}

impl Requests {
    fn add(&mut self, quit: Quit, at: Instant) {
        match &mut self.first {
            None => self.first = Some((quit, at)),
            // The terminal closed, which broke the output first.
            Some((first @ Quit::Unread, _)) if quit == Quit::Signal(EndSignal::HangUp) => *first = quit,
            Some((_, first)) => self.insisted |= quit.may_insist() && at >= *first + ECHO,
        }
    }

    fn why(self) -> Option<Quit> {
        self.first.map(|(quit, _)| quit)
    }
}

/// Listens for requests to end. Clones hear the same.
#[derive(Clone, Debug)]
pub(super) struct Quits {
    requests: watch::Receiver<Requests>,
}

impl Quits {
    pub(super) fn listen() -> Self {
        let (sender, requests) = watch::channel(Requests::default());
        tokio::spawn(collect(signals::listen(), sender));
        Self { requests }
    }

    /// Why pxlens was asked to end, if it was.
    pub(super) fn why(&self) -> Option<Quit> {
        self.requests.borrow().why()
    }

    /// Waits until pxlens is asked to end, or returns at once if it was.
    pub(super) async fn asked(&mut self) -> Quit {
        match self.requests.wait_for(|requests| requests.why().is_some()).await.map(|requests| requests.why())
        {
            Ok(Some(quit)) => quit,
            // Nothing on this system asks pxlens to end.
            _ => std::future::pending().await,
        }
    }

    /// Waits until somebody who asked before asks again, and so wants pxlens to end at once.
    pub(super) async fn insisted(&mut self) {
        if self.requests.wait_for(|requests| requests.insisted).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Collects requests. Ends the process if somebody insists and it does not end by itself.
async fn collect(mut signals: mpsc::Receiver<EndSignal>, requests: watch::Sender<Requests>) {
    let mut closed = pin!(Stream::Stdout.closed());
    let mut is_closed = false;
    loop {
        let quit = tokio::select! {
            Some(signal) = signals.recv() => signal.into(),
            () = &mut closed, if !is_closed => {
                is_closed = true;
                Quit::Unread
            }
            else => return,
        };
        requests.send_modify(|requests| requests.add(quit, Instant::now()));
        let known = *requests.borrow();
        if let Requests { first: Some((quit, _)), insisted: true } = known {
            tokio::time::sleep(LEAVING).await;
            std::process::exit(quit.exit_status().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_request_asks_to_end_at_once() {
        use Quit::Unread;
        let [interrupted, terminated, hung_up, ctrl_backslash] =
            [EndSignal::Interrupt, EndSignal::Terminate, EndSignal::HangUp, EndSignal::Quit]
                .map(Quit::Signal);
        // Each so many milliseconds after the one before.
        for (wanted, why, insisted) in [
            (&[(0, interrupted)][..], interrupted, false),
            (&[(0, interrupted), (900, interrupted)], interrupted, true),
            (&[(0, hung_up), (900, terminated)], hung_up, true),
            (&[(0, terminated), (900, ctrl_backslash)], terminated, true),
            // The echo of the first one.
            (&[(0, terminated), (2, terminated)], terminated, false),
            (&[(0, terminated), (2, terminated), (900, terminated)], terminated, true),
            // The same end of a terminal or a reader, noticed again.
            (&[(0, hung_up), (900, hung_up), (0, Unread)], hung_up, false),
            (&[(0, interrupted), (900, Unread)], interrupted, false),
            (&[(0, Unread), (1, hung_up)], hung_up, false),
        ] {
            let (mut requests, mut at) = (Requests::default(), Instant::now());
            for (wait, quit) in wanted {
                at += Duration::from_millis(*wait);
                requests.add(*quit, at);
            }
            assert_eq!((requests.why(), requests.insisted), (Some(why), insisted), "{wanted:?}");
        }
    }
}
