//! One run of a program, as a shell would do it: arguments, environment, output, exit status, signals.
//!
//! ```
//! use pxlens_tests::cli::Cli;
//! let done = Cli::new("/bin/sh").args(["-c", "echo hi; exit 3"]).run();
//! assert_eq!((done.status, done.stdout.as_str()), (3, "hi\n"));
//! ```

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{PATIENCE, waits};

/// A program with its arguments, not started yet.
///
/// Its environment holds only what is needed to run (`PATH`, `LANG`, a home in a temporary folder) and what
/// [`Cli::env`] adds, so that a test depends on nothing that the machine has set.
#[derive(Debug)]
pub struct Cli {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    input: Vec<u8>,
    patience: Duration,
}

const IN_TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])) & 0xff)";

/// How a run ended, and what it wrote.
#[derive(Debug)]
#[must_use]
pub struct Done {
    /// The exit status; 128 + the signal where a signal ended it.
    pub status: i32,
    /// Bytes that are no UTF-8 are replaced, here and in `stderr`.
    pub stdout: String,
    /// See `stdout`.
    pub stderr: String,
}

impl Cli {
    /// The program at this path, e.g. `env!("CARGO_BIN_EXE_pxlens")`.
    pub fn new(program: impl AsRef<Path>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            input: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Lets it run in a terminal of its own, of which everything that is written to it comes out as stdout.
    ///
    /// `python` is one that has the standard library. Ending the program that runs then closes the terminal.
    #[must_use]
    pub fn in_terminal(self, python: &Path) -> Self {
        let mut args: Vec<OsString> = ["-c", IN_TERMINAL].map(OsString::from).into();
        args.push(self.program.into());
        args.extend(self.args);
        Self { program: python.to_owned(), args, ..self }.env("TERM", "xterm")
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// What the program reads from stdin, which is otherwise empty.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// How long the whole run may take, instead of [`PATIENCE`].
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs it to its end. Panics, with what it wrote, when it does not end.
    pub fn run(self) -> Done {
        self.start().wait()
    }

    /// Starts it, without waiting for anything.
    pub fn start(self) -> Running {
        let home = tempfile::Builder::new().prefix("pxlens-home-").tempdir().expect("a temporary folder");
        let mut command = clean_command(&self.program, home.path());
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // An error says that the program ended without reading its input, which is its own affair.
        let input = self.input;
        std::thread::spawn(move || _ = stdin.write_all(&input));
        let (sender, lines) = mpsc::channel();
        read_lines(child.stdout.take().expect("stdout is piped"), Pipe::Stdout, sender.clone());
        read_lines(child.stderr.take().expect("stderr is piped"), Pipe::Stderr, sender);
        Running {
            child,
            lines,
            written: [String::new(), String::new()],
            deadline: Instant::now() + self.patience,
            _home: home,
        }
    }
}

/// A command whose environment is empty but for what every program needs.
pub(crate) fn clean_command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("LANG", "C.UTF-8").env("TERM", "dumb");
    for name in
        ["PATH", "LD_LIBRARY_PATH", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LLVM_PROFILE_FILE"]
    {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

#[derive(Clone, Copy, Debug)]
enum Pipe {
    Stdout,
    Stderr,
}

/// A program that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<(Pipe, String)>,
    /// What was read of stdout and of stderr.
    written: [String; 2],
    deadline: Instant,
    _home: tempfile::TempDir,
}

impl Running {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The part of its stdout that [`Self::wait_for_stdout`] and similar methods have read so far.
    pub fn stdout(&self) -> &str {
        &self.written[0]
    }

    /// The part of its stderr that they have read so far.
    pub fn stderr(&self) -> &str {
        &self.written[1]
    }

    /// Sends SIGINT, as Ctrl-C in a terminal does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(nix::sys::signal::Signal::SIGINT);
    }

    /// Sends a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.pid()).expect("process ids fit");
        // An error says that it has ended already, which `wait` will show.
        _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    }

    /// Sends a signal again and again until the program ends. Panics when it does not.
    #[cfg(unix)]
    pub fn signal_until_it_ends(&mut self, signal: nix::sys::signal::Signal) {
        while self.child.try_wait().expect("a child can be waited for").is_none() {
            assert!(Instant::now() < self.deadline, "the program does not end: {:#?}", self.written);
            self.signal(signal);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until stdout holds `text`. Panics when it does not come.
    pub fn wait_for_stdout(&mut self, text: &str) {
        self.wait_until(text, |stdout, _| stdout.contains(text));
    }

    /// Waits until stderr holds `text`. Panics when it does not come.
    pub fn wait_for_stderr(&mut self, text: &str) {
        self.wait_until(text, |_, stderr| stderr.contains(text));
    }

    /// Waits until stdout and stderr are as wanted. Panics, with `awaited`, when that does not happen.
    pub fn wait_until(&mut self, awaited: &str, fits: impl Fn(&str, &str) -> bool) {
        while !fits(&self.written[0], &self.written[1]) {
            assert!(self.read_more(awaited), "the program ended without {awaited:?}: {:#?}", self.written);
        }
    }

    /// Waits for its end. Panics, with what it wrote, when it does not end.
    pub fn wait(mut self) -> Done {
        while self.read_more("the end of the program") {}
        let [stdout, stderr] = std::mem::take(&mut self.written);
        let Some(status) = waits::exit_status(&mut self.child, self.deadline) else {
            panic!("the program closed its output and does not end; it wrote {stdout:?} and {stderr:?}")
        };
        Done { status: exit_code(status), stdout, stderr }
    }

    /// `false` when both pipes are at their end.
    fn read_more(&mut self, awaited: &str) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok((Pipe::Stdout, text)) => self.written[0].push_str(&text),
            Ok((Pipe::Stderr, text)) => self.written[1].push_str(&text),
            Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!(
                "waited in vain for {awaited:?}; the program, or a process that it started, still holds its \
                 output open; written so far: {:#?}",
                self.written
            ),
        }
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(-1)
}

/// Reads line by line in a thread, so that neither pipe fills up.
fn read_lines(pipe: impl Read + Send + 'static, which: Pipe, sender: mpsc::Sender<(Pipe, String)>) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if sender.send((which, String::from_utf8_lossy(&line).into_owned())).is_err() {
                return;
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Cli {
        Cli::new("/bin/sh").args(["-c", script])
    }

    #[test]
    fn output_and_status_are_those_of_the_program() {
        let done = shell("echo out; echo err >&2; exit 3").run();
        assert_eq!((done.status, &*done.stdout, &*done.stderr), (3, "out\n", "err\n"));
    }

    #[test]
    fn the_environment_is_clean_but_for_what_was_set() {
        let done = shell("echo ${CARGO_MANIFEST_DIR-none} $MINE").env("MINE", "yes").run();
        assert_eq!(done.stdout, "none yes\n");
    }

    #[test]
    fn input_reaches_the_program() {
        assert_eq!(Cli::new("/bin/cat").input("abc").run().stdout, "abc");
    }

    #[cfg(unix)]
    #[test]
    fn an_interrupt_reaches_the_program() {
        let mut running =
            shell("trap 'echo interrupted; exit 130' INT; echo ready; while :; do :; done").start();
        running.wait_for_stdout("ready");
        running.interrupt();
        let done = running.wait();
        assert_eq!((done.status, &*done.stdout), (130, "ready\ninterrupted\n"));
    }
}
