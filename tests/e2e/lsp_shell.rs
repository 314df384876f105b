//! The language server as a process: how it ends when its client goes, in every way a client can go.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Only to end a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with nobody who reads what it says unless a test does.
pub(crate) struct Server {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
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
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
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
            let message = self.read();
            if message["id"] == method {
                return message;
            }
        }
    }

    /// The next message. Anything on standard output that is no message fails the test.
    pub(crate) fn read(&mut self) -> Value {
        let output = self.output.as_mut().unwrap();
        let mut length = None;
        loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the server closed its output");
            if line == "\r\n" {
                break;
            }
            let number =
                line.strip_prefix("Content-Length: ").unwrap_or_else(|| panic!("no header: {line:?}"));
            length = Some(number.trim().parse().unwrap());
        }
        let mut body = vec![0; length.unwrap()];
        output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Waits for the process to end, with its pipes as they are.
    pub(crate) fn code(mut self) -> Option<i32> {
        let (sender, ended) = mpsc::channel::<ExitStatus>();
        let id = self.child.id();
        let pipes = (self.input.take(), self.output.take());
        thread::spawn(move || sender.send(self.child.wait().unwrap()));
        let status = ended.recv_timeout(PATIENCE);
        drop(pipes);
        status.unwrap_or_else(|_| panic!("the server (process {id}) stays")).code()
    }
}

#[test]
fn shutdown_and_exit_end_the_process_with_0_although_its_input_stays_open() {
    let mut server = Server::initialized(None);
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}

#[test]
fn what_clients_add_to_the_command_line_is_accepted() {
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
    server.output = None;
    server.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "px/engines" }));
    assert_eq!(server.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn the_death_of_its_editor_ends_the_process_although_its_input_stays_open() {
    let mut editor = Command::new("sleep").arg("600").spawn().unwrap();
    let server = Server::initialized(Some(editor.id()));
    editor.kill().unwrap();
    editor.wait().unwrap();
    assert_eq!(server.code(), Some(1));
}

#[test]
fn an_editor_that_cannot_be_seen_from_here_does_not_end_the_process() {
    let mut server = Server::initialized(Some(i32::MAX as u32));
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}
