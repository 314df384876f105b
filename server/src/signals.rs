//! The signals that ask pxlens to end: Ctrl-C, `kill`, a batch system whose time is up, a terminal that closes.

use tokio::sync::mpsc;

/// A signal that asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "only Ctrl-C is known everywhere"))]
pub(crate) enum EndSignal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: `kill`, `scancel`, a walltime.
    Terminate,
    /// SIGHUP: the terminal has gone, or the connection to it.
    HangUp,
}

/// Signals that may arrive before somebody takes the first.
const WAITING: usize = 8;

impl EndSignal {
    /// The exit status of a program that ended because of it: 128 + its number.
    pub(crate) fn exit_status(self) -> u8 {
        128 + match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Takes these signals from now on, so that none of them ends the process by itself. One that the process was told to ignore
/// (by `nohup`, or by a shell that started it in the background) stays ignored.
pub(crate) fn listen() -> mpsc::Receiver<EndSignal> {
    let (sender, receiver) = mpsc::channel(WAITING);
    imp::forward(&sender);
    receiver
}

#[cfg(unix)]
mod imp {
    use tokio::signal::unix::{SignalKind, signal};

    use super::*;

    pub(super) fn forward(to: &mpsc::Sender<EndSignal>) {
        for end in [EndSignal::Interrupt, EndSignal::Terminate, EndSignal::HangUp] {
            let kind = SignalKind::from_raw(i32::from(end.exit_status()) - 128);
            if is_ignored(kind) {
                continue;
            }
            // Without a handler the signal ends the process, as it does by default.
            let Ok(mut arrivals) = signal(kind) else { continue };
            let to = to.clone();
            tokio::spawn(
                async move { while arrivals.recv().await.is_some() && to.send(end).await.is_ok() {} },
            );
        }
    }

    /// Whether the process ignores this signal.
    #[cfg(target_os = "linux")]
    fn is_ignored(kind: SignalKind) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
    }

    /// Whether the process ignores this signal: then so does a shell that it starts, which outlives it.
    #[cfg(not(target_os = "linux"))]
    fn is_ignored(kind: SignalKind) -> bool {
        let script = format!("kill -{} $$", kind.as_raw_value());
        std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .status()
            .is_ok_and(|status| status.success())
    }
}

#[cfg(not(unix))]
mod imp {
    use super::*;

    pub(super) fn forward(to: &mpsc::Sender<EndSignal>) {
        let to = to.clone();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && to.send(EndSignal::Interrupt).await.is_ok() {}
        });
    }
}
