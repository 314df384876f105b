//! The language server as a process: how it ends, in whatever way its client ends the conversation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Instant,
};

use pxlens_tests::{PATIENCE, waits::exit_status};
use serde_json::{Value, json};

/// A server whose output stays in the pipe until the test reads it.
pub(crate) struct Server {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: Option<Output>,
}

/// Reads a message only when it is asked for one, in a thread, so that the wait for it has a limit.
struct Output {
    wanted: mpsc::Sender<()>,
    messages: mpsc::Receiver<io::Result<Value>>,
    reader: JoinHandle<()>,
}

impl Output {
    fn new(pipe: ChildStdout) -> Self {
        let (wanted, requests) = mpsc::channel();
        let (sender, messages) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            for () in requests {
                if sender.send(read_message(&mut pipe)).is_err() {
                    return;
                }
            }
        });
        Self { wanted, messages, reader }
    }

    fn next(&self, awaited: &str) -> Value {
        // An error says that the reader has ended, which shows in what it sent last.
        _ = self.wanted.send(());
        match self.messages.recv_timeout(PATIENCE) {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => panic!("waited in vain for {awaited}: {error}"),
            Err(RecvTimeoutError::Timeout) => panic!("waited {PATIENCE:?} in vain for {awaited}"),
            Err(RecvTimeoutError::Disconnected) => panic!("waited in vain for {awaited}: nobody reads"),
        }
    }

    /// Closes this end of the pipe. The reader waits for a request, so that it ends at once.
    fn close(self) {
        drop(self.wanted);
        self.reader.join().unwrap();
    }
}

/// Anything on standard output that is no message is an error, and so is its end.
fn read_message(pipe: &mut impl BufRead) -> io::Result<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if pipe.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the server closed its output"));
        }
        if line == "\r\n" {
            break;
        }
        let number = line.strip_prefix("Content-Length: ").and_then(|number| number.trim().parse().ok());
        length = Some(number.ok_or_else(|| io::Error::other(format!("{line:?} is no header")))?);
    }
    let length = length.ok_or_else(|| io::Error::other("a message without a length"))?;
    let mut body = vec![0; length];
    pipe.read_exact(&mut body)?;
    serde_json::from_slice(&body).map_err(io::Error::other)
}

impl Server {
    fn start() -> Self {
        Self::start_with_log("trace")
    }

    pub(crate) fn start_with_log(level: &str) -> Self {
        Self::start_with(&["lsp"], level)
    }

    fn start_with(arguments: &[&str], level: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pxlens"))
            .args(arguments)
            .env("PXLENS_LOG", level)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().map(Output::new));
        Self { child, input, output }
    }

    fn initialized(process: Option<u32>) -> Self {
        let mut server = Self::start();
        let params = json!({ "processId": process, "capabilities": {} });
        let answer = server.request("initialize", params);
        assert_eq!(answer["result"]["serverInfo"]["name"], "pxlens");
        server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        server
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn notify(&mut self, method: &str) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method }));
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({ "jsonrpc": "2.0", "id": method, "method": method, "params": params }));
        loop {
            let message = self.read(&format!("an answer to {method}"));
            if message["id"] == method {
                return message;
            }
        }
    }

    /// The next message; the test fails if none comes while it waits for what is `awaited`.
    pub(crate) fn read(&mut self, awaited: &str) -> Value {
        self.output.as_ref().unwrap().next(awaited)
    }

    /// Waits for the end of the process while its pipes stay as they are; returns its exit code.
    pub(crate) fn code(mut self) -> Option<i32> {
        let status = exit_status(&mut self.child, Instant::now() + PATIENCE);
        let Some(status) = status else {
            panic!("waited {PATIENCE:?} in vain for the server (process {}) to end", self.child.id())
        };
        status.code()
    }
}

impl Drop for Server {
    /// Nothing is left of a test that failed.
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn after_shutdown_and_exit_the_process_ends_with_0_although_its_input_stays_open() {
    let mut server = Server::initialized(None);
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}

#[test]
fn arguments_that_clients_add_to_the_command_line_are_accepted() {
    let lines: [&[&str]; 4] =
        [&["lsp", "--stdio"], &["lsp", "--stdio", "--clientProcessId=1"], &["--stdio"], &[]];
    for arguments in lines {
        let mut server = Server::start_with(arguments, "trace");
        let answer = server.request("initialize", json!({ "processId": null, "capabilities": {} }));
        assert_eq!(answer["result"]["serverInfo"]["name"], "pxlens", "{arguments:?}");
        server.request("shutdown", Value::Null);
        server.notify("exit");
        assert_eq!(server.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn exit_without_shutdown_ends_the_process_with_1() {
    let mut server = Server::initialized(None);
    server.notify("exit");
    assert_eq!(server.code(), Some(1));
}

#[test]
fn the_end_of_its_input_ends_the_process_with_1() {
    let mut server = Server::initialized(None);
    server.input = None;
    assert_eq!(server.code(), Some(1));
}

#[test]
fn a_broken_output_ends_the_process_with_1() {
    let mut server = Server::initialized(None);
    server.output.take().unwrap().close();
    server.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "px/engines" }));
    assert_eq!(server.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn the_process_ends_with_its_editor_although_its_input_stays_open() {
    let mut editor = Command::new("sleep").arg("600").spawn().unwrap();
    let server = Server::initialized(Some(editor.id()));
    editor.kill().unwrap();
    editor.wait().unwrap();
    assert_eq!(server.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_process_in_order_although_its_input_stays_open() {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129), (Signal::SIGINT, 130)] {
        let server = Server::initialized(None);
        kill(Pid::from_raw(i32::try_from(server.child.id()).unwrap()), signal).unwrap();
        // A process that a signal has killed has no exit code.
        assert_eq!(server.code(), Some(code));
    }
}

#[test]
fn an_unknown_process_id_of_its_editor_does_not_end_the_process() {
    let mut server = Server::initialized(Some(i32::MAX as u32));
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}
