//! Inspects and signals processes of this machine: everything about finding, starting and stopping clusters that depends on
//! the operating system.
//!
//! A process id may belong to another process by now, so callers signal a process only if its command line is still that of
//! a cluster's process.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The state of a process id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProcessState {
    /// There is no such process, or it has ended and only waits to be reaped.
    Gone,
    /// It runs, with this command line (arguments separated by spaces).
    Running(String),
    /// This system does not say.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux always says"))]
    Unknown,
}

impl ProcessState {
    /// Whether it runs and its command line holds one of these words.
    pub(crate) fn mentions(&self, words: &[&str]) -> bool {
        matches!(self, Self::Running(command) if words.iter().any(|word| command.contains(word)))
    }
}

/// Words of which the command line of every process of an ipyparallel cluster holds at least one.
pub(crate) const IPYPARALLEL: [&str; 3] = ["ipyparallel", "ipcontroller", "ipengine"];

/// A signal that ends a process.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EndSignal {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

pub(crate) use imp::{
    descendants, end_group, end_process, host_name, is_program, matching, neutral_folder, state_of,
};

#[cfg(unix)]
mod imp {
    use std::os::unix::fs::PermissionsExt;

    use nix::{
        errno::Errno,
        sys::signal::{Signal, kill, killpg},
        unistd::{Pid, getpgid},
    };

    use super::*;

    impl From<EndSignal> for Signal {
        fn from(signal: EndSignal) -> Self {
            match signal {
                EndSignal::Term => Self::SIGTERM,
                EndSignal::Kill => Self::SIGKILL,
            }
        }
    }

    fn unless_gone(result: Result<(), Errno>) -> io::Result<()> {
        match result {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The id as the system calls take it; ids that would name a group, or everybody, are refused.
    fn pid(id: u32) -> io::Result<Pid> {
        match i32::try_from(id) {
            Ok(id) if id > 1 => Ok(Pid::from_raw(id)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{id} is no process id"))),
        }
    }

    /// Signals a process. If it is gone already, that counts as success.
    pub(crate) fn end_process(id: u32, signal: EndSignal) -> io::Result<()> {
        unless_gone(kill(pid(id)?, Signal::from(signal)))
    }

    /// Signals the process and, where it leads a process group of its own, everything in that group.
    pub(crate) fn end_group(id: u32, signal: EndSignal) -> io::Result<()> {
        let pid = pid(id)?;
        match getpgid(Some(pid)) {
            Ok(group) if group == pid => unless_gone(killpg(group, Signal::from(signal))),
            _ => end_process(id, signal),
        }
    }

    /// The name of this machine, as `socket.gethostname()` gives it.
    pub(crate) fn host_name() -> Option<String> {
        nix::unistd::gethostname().ok()?.into_string().ok()
    }

    /// Whether this is a file that may be run.
    pub(crate) fn is_program(path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }

    /// A folder to start programs in that read what lies in their working folder, as Python does: only the system can put
    /// anything there.
    pub(crate) fn neutral_folder() -> PathBuf {
        PathBuf::from("/")
    }

    #[cfg(target_os = "linux")]
    mod table {
        use super::*;

        /// The state letter and the parent from `/proc/<pid>/stat`; the name before them may hold anything.
        fn state_and_parent(id: u32) -> Option<(u8, u32)> {
            let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
            let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
            let fields = std::str::from_utf8(&stat[after_name..]).ok()?;
            let mut fields = fields.split_ascii_whitespace();
            let state = *fields.next()?.as_bytes().first()?;
            Some((state, fields.next()?.parse().ok()?))
        }

        /// How often to read an empty command line again: it is empty for a moment after `exec`, and always for a kernel thread.
        const READS: usize = 100;

        pub(crate) fn state_of(id: u32) -> ProcessState {
            for _ in 0..READS {
                match state_and_parent(id) {
                    None | Some((b'Z' | b'X', _)) => return ProcessState::Gone,
                    Some(_) => {}
                }
                let Ok(words) = std::fs::read(format!("/proc/{id}/cmdline")) else {
                    return ProcessState::Gone;
                };
                if !words.is_empty() {
                    let line = String::from_utf8_lossy(&words).replace('\0', " ");
                    return ProcessState::Running(line.trim_end().to_owned());
                }
                std::thread::yield_now();
            }
            ProcessState::Running(String::new())
        }

        pub(super) fn parents() -> Vec<(u32, u32)> {
            let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
            entries
                .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
                .filter_map(|id| Some((id, state_and_parent(id)?.1)))
                .collect()
        }
    }

    #[cfg(not(target_os = "linux"))]
    mod table {
        use std::process::Command;

        use super::*;

        pub(crate) fn state_of(id: u32) -> ProcessState {
            let asked = Command::new("ps").args(["-o", "stat=,command=", "-p", &id.to_string()]).output();
            let Ok(output) = asked else { return ProcessState::Unknown };
            let text = String::from_utf8_lossy(&output.stdout);
            match text.trim().split_once(char::is_whitespace) {
                None => ProcessState::Gone,
                Some((state, _)) if state.starts_with('Z') => ProcessState::Gone,
                Some((_, command)) => ProcessState::Running(command.trim().to_owned()),
            }
        }

        pub(super) fn parents() -> Vec<(u32, u32)> {
            let Ok(output) = Command::new("ps").args(["-axo", "pid=,ppid="]).output() else {
                return Vec::new();
            };
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .filter_map(|line| {
                    let mut ids = line.split_whitespace().map(str::parse);
                    Some((ids.next()?.ok()?, ids.next()?.ok()?))
                })
                .collect()
        }
    }

    pub(crate) use table::state_of;

    /// The processes whose command lines hold all of these words.
    pub(crate) fn matching(words: &[&str]) -> Vec<u32> {
        let ids = table::parents().into_iter().map(|(id, _)| id);
        ids.filter(|id| words.iter().all(|word| state_of(*id).mentions(&[word]))).collect()
    }

    /// The children of these processes, their children, and so on.
    pub(crate) fn descendants(of: &[u32]) -> Vec<u32> {
        let parents = table::parents();
        let mut found: Vec<u32> = of.to_vec();
        let mut next = 0;
        while let Some(&parent) = found.get(next) {
            next += 1;
            let children = parents.iter().filter(|(child, above)| *above == parent && !found.contains(child));
            let children: Vec<u32> = children.map(|(child, _)| *child).collect();
            found.extend(children);
        }
        found.split_off(of.len())
    }
}

#[cfg(not(unix))]
mod imp {
    use super::*;

    fn unsupported() -> io::Error {
        io::Error::new(io::ErrorKind::Unsupported, "pxlens stops no processes on this system")
    }

    pub(crate) fn state_of(_: u32) -> ProcessState {
        ProcessState::Unknown
    }

    pub(crate) fn descendants(_: &[u32]) -> Vec<u32> {
        Vec::new()
    }

    pub(crate) fn matching(_: &[&str]) -> Vec<u32> {
        Vec::new()
    }

    pub(crate) fn end_process(_: u32, _: EndSignal) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn end_group(_: u32, _: EndSignal) -> io::Result<()> {
        Err(unsupported())
    }

    pub(crate) fn host_name() -> Option<String> {
        std::env::var("COMPUTERNAME").ok()
    }

    pub(crate) fn is_program(path: &Path) -> bool {
        path.is_file()
    }

    /// The root would not do: any user may make folders in it.
    pub(crate) fn neutral_folder() -> PathBuf {
        std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from("\\"), PathBuf::from)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_seen_while_it_runs_and_not_after() {
        let mut child =
            Command::new("sleep").arg("1234").stdout(Stdio::null()).spawn().expect("sleep is everywhere");
        let seen = state_of(child.id());
        let is_child = descendants(&[std::process::id()]).contains(&child.id());
        end_process(child.id(), EndSignal::Kill).expect("a child of ours");
        child.wait().expect("it was started");
        assert!(seen.mentions(&["1234"]) && is_child, "{seen:?}");
        assert_eq!(state_of(child.id()), ProcessState::Gone);
        end_process(child.id(), EndSignal::Kill).expect("gone counts as done");
    }

    #[test]
    fn ids_that_name_groups_are_refused() {
        for id in [0, 1, u32::MAX] {
            end_process(id, EndSignal::Term).expect_err("no single process");
        }
    }
}
