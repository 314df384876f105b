//! Notices the death of the editor that started the server.
//!
//! The end of the input is not enough: a child of the editor can keep the pipe open after the editor has died.

use std::time::Duration;

use super::lifetime::Lifetime;

const INTERVAL: Duration = Duration::from_secs(1);

/// Ends the lifetime when the process `pid` is gone. Does nothing if it cannot be seen: the client may run on another
/// machine or in another container.
///
/// It is looked up at once, not when the future is first polled: a client may die right after `initialize` was
/// answered.
pub(in crate::lsp) fn watch(pid: i32, lifetime: Lifetime) -> impl Future<Output = ()> + Send + 'static {
    let parent = Parent::find(pid);
    async move {
        let Some(parent) = parent else {
            tracing::debug!(pid, "the client's process cannot be seen from here and is not watched");
            return;
        };
        loop {
            tokio::time::sleep(INTERVAL).await;
            if parent.is_gone() {
                lifetime.end("the client's process is gone");
                return;
            }
        }
    }
}

#[cfg(unix)]
struct Parent {
    pid: nix::unistd::Pid,
    ours: bool,
}

#[cfg(unix)]
impl Parent {
    fn find(pid: i32) -> Option<Self> {
        let pid = (pid > 0).then(|| nix::unistd::Pid::from_raw(pid))?;
        let parent = Self { pid, ours: nix::unistd::getppid() == pid };
        (!parent.is_gone()).then_some(parent)
    }

    fn is_gone(&self) -> bool {
        // A parent that died but was not reaped still has its process id, but its children have another parent by then.
        let orphaned = self.ours && nix::unistd::getppid() != self.pid;
        orphaned || nix::sys::signal::kill(self.pid, None) == Err(nix::errno::Errno::ESRCH)
    }
}

#[cfg(not(unix))]
struct Parent;

#[cfg(not(unix))]
impl Parent {
    fn find(_: i32) -> Option<Self> {
        None
    }

    fn is_gone(&self) -> bool {
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_cannot_be_seen_is_not_watched() {
        assert!(Parent::find(0).is_none());
        assert!(Parent::find(-1).is_none());
        assert!(Parent::find(i32::MAX).is_none());
    }

    #[test]
    fn a_process_is_gone_after_its_end() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let parent = Parent::find(child.id().try_into().unwrap()).unwrap();
        assert!(!parent.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(parent.is_gone());
    }
}
