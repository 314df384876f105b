//! A watch on the processes of a cluster: a small shell process that ends them when pxlens goes away.
//!
//! pxlens writes the id of each process to the standard input of the watch. If that closes without `done`, because pxlens
//! was killed or the start was cancelled, the watch ends the processes and removes their files. The kernel closes it however
//! pxlens dies, so this also works after SIGKILL, when no destructor runs.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
    process::Stdio,
};

use tokio::process::{Child, Command};

/// `pids`: the newest first, so that engines end before their controller. `$@`: files to remove.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
pids=
while read -r word; do
  case $word in
    done) exit 0 ;;
    -*) left=; for pid in $pids; do [ "-$pid" = "$word" ] || left="$left $pid"; done; pids=$left ;;
    *) pids="$word $pids" ;;
  esac
done
for pid in $pids; do kill -s TERM "$pid"; done
for second in 1 2 3 4 5; do
  left=
  for pid in $pids; do kill -s 0 "$pid" && left=yes; done
  [ -z "$left" ] && break
  sleep 1
done
for pid in $pids; do kill -s KILL -- "-$pid"; done
rm -f -- "$@"
"#;

/// The watch on one cluster. Dropping it ends the cluster; [`Watch::release`] does not.
#[derive(Debug)]
pub(super) struct Watch {
    stdin: File,
    /// Kept so that the runtime reaps it.
    _child: Child,
}

impl Watch {
    /// Starts a watch that removes `files` after it has ended the processes.
    pub(super) fn start(files: &[PathBuf]) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "pxlens-watch"]).args(files);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        // A group of its own, so that Ctrl-C in the terminal does not reach it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().ok_or_else(|| io::Error::other("the watch has no standard input"))?;
        Ok(Self { stdin: into_file(stdin)?, _child: child })
    }

    /// Adds a process, which leads a group of its own, to those that end when pxlens goes away.
    pub(super) fn add(&mut self, pid: u32) -> io::Result<()> {
        writeln!(self.stdin, "{pid}")
    }

    /// Removes a process that has ended, since its id may be given to another.
    pub(super) fn remove(&mut self, pid: u32) -> io::Result<()> {
        writeln!(self.stdin, "-{pid}")
    }

    /// Ends the watch and leaves the processes alone.
    pub(super) fn release(mut self) -> io::Result<()> {
        writeln!(self.stdin, "done")
    }
}

#[cfg(unix)]
fn into_file(stdin: tokio::process::ChildStdin) -> io::Result<File> {
    Ok(File::from(stdin.into_owned_fd()?))
}

#[cfg(not(unix))]
fn into_file(_: tokio::process::ChildStdin) -> io::Result<File> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "pxlens cannot start clusters on this system"))
}
