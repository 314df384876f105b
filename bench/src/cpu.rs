//! CPU time: of another process, with all its threads and those that ended, and of this thread.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::{
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};

/// How long a process must have rested to count as done.
const REST: Duration = Duration::from_millis(4);
/// How long a process may go on before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The CPU time of a process so far, in the system and outside.
pub(crate) fn of(pid: u32) -> Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let clock = clock_getcpuclockid(pid).with_context(|| format!("the CPU clock of process {pid}"))?;
    Ok(clock.now()?.into())
}

/// The CPU time of a process, once it rests.
pub(crate) fn rested(pid: u32) -> Result<Duration> {
    let begun = Instant::now();
    let mut last = (of(pid)?, begun);
    while begun.elapsed() < PATIENCE {
        std::thread::sleep(REST / 4);
        let now = of(pid)?;
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > REST {
            return Ok(now);
        }
    }
    anyhow::bail!("process {pid} does not come to rest")
}

/// The CPU time of this thread so far.
pub(crate) fn own_thread() -> Result<Duration> {
    Ok(ClockId::CLOCK_THREAD_CPUTIME_ID.now()?.into())
}
