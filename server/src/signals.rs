//! The signals that end a program: Ctrl-C, `kill`, a batch system whose time is up, a terminal that closes.

use tokio::sync::mpsc;

/// A signal that asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "only Ctrl-C is known everywhere"))]
pub enum EndSignal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: `kill`, `scancel`, a walltime.
    Terminate,
    /// SIGHUP: the terminal has gone, or the connection to it.
    HangUp,
    /// SIGQUIT: Ctrl-\.
    Quit,
    /// SIGUSR1: `sbatch --signal=USR1@60`, a minute before a walltime.
    User1,
    /// SIGUSR2: the same with `USR2`.
    User2,
    /// SIGALRM: a timer that somebody set.
    Alarm,
    /// SIGXCPU: the limit of CPU time.
    CpuTime,
}

/// Signals that may arrive before somebody takes the first.
const WAITING: usize = 8;

impl EndSignal {
    pub(crate) const ALL: [Self; 8] = [
        Self::Interrupt,
        Self::Terminate,
        Self::HangUp,
        Self::Quit,
        Self::User1,
        Self::User2,
        Self::Alarm,
        Self::CpuTime,
    ];

    /// The exit status of a program that ended because of it: 128 + its number.
    pub(crate) fn exit_status(self) -> u8 {
        128 + imp::number(self)
    }

    /// `SIGTERM`
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
            Self::Quit => "SIGQUIT",
            Self::User1 => "SIGUSR1",
            Self::User2 => "SIGUSR2",
            Self::Alarm => "SIGALRM",
            Self::CpuTime => "SIGXCPU",
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

    /// The signal's number on this system.
    pub(super) fn number(signal: EndSignal) -> u8 {
        use nix::libc;
        let number = match signal {
            EndSignal::Interrupt => libc::SIGINT,
            EndSignal::Terminate => libc::SIGTERM,
            EndSignal::HangUp => libc::SIGHUP,
            EndSignal::Quit => libc::SIGQUIT,
            EndSignal::User1 => libc::SIGUSR1,
            EndSignal::User2 => libc::SIGUSR2,
            EndSignal::Alarm => libc::SIGALRM,
            EndSignal::CpuTime => libc::SIGXCPU,
        };
        u8::try_from(number).unwrap_or_default()
    }

    pub(super) fn forward(to: &mpsc::Sender<EndSignal>) {
        for end in EndSignal::ALL {
            let kind = SignalKind::from_raw(i32::from(number(end)));
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

    /// The signal's number where there are signals.
    pub(super) fn number(signal: EndSignal) -> u8 {
        match signal {
            EndSignal::HangUp => 1,
            EndSignal::Interrupt => 2,
            EndSignal::Quit => 3,
            EndSignal::User1 => 10,
            EndSignal::User2 => 12,
            EndSignal::Alarm => 14,
            EndSignal::Terminate => 15,
            EndSignal::CpuTime => 24,
        }
    }

    pub(super) fn forward(to: &mpsc::Sender<EndSignal>) {
        let to = to.clone();
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && to.send(EndSignal::Interrupt).await.is_ok() {}
        });
    }
}
