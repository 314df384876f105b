//! A language client over the standard streams of a child process, for end-to-end tests.
//!
//! It behaves as VS Code or as Neovim does, answers the server's own requests by itself, and keeps everything it received.
//! A test ends with a check of what it did not look at: dropping a [`Client`] shuts the server down in order,
//! and fails the test when a request was never answered, when an error came that nobody read, when the server
//! panicked, or when it does not end with status 0.

mod capabilities;
mod recording;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, mpsc},
    time::{Duration, Instant},
};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use self::recording::Recording;
use crate::{PATIENCE, cli::clean_command, waits};

/// The error with which the server answered a request.
pub use lsp_server::ResponseError;

/// Describes a client before it starts.
#[derive(Debug)]
pub struct Builder {
    program: PathBuf,
    args: Vec<String>,
    env: Vec<(String, std::ffi::OsString)>,
    name: &'static str,
    capabilities: Value,
    nulls: bool,
    options: Value,
    settings: Value,
    folder: Option<PathBuf>,
    acknowledge: bool,
}

impl Builder {
    fn new(program: &Path, name: &'static str, capabilities: Value) -> Self {
        Self {
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            name,
            capabilities,
            nulls: name == "Neovim",
            options: json!({"trusted": true}),
            settings: json!({}),
            folder: None,
            acknowledge: true,
        }
    }

    /// Adds arguments to the command line of the server.
    #[must_use]
    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// Sets an environment variable of the server; otherwise it has what [`crate::cli::Cli`] gives.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// `initializationOptions`, instead of `{"trusted": true}`.
    #[must_use]
    pub fn options(mut self, options: Value) -> Self {
        self.options = options;
        self
    }

    /// The settings of section `pxlens`, for `workspace/configuration`.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    /// Opens this folder as the workspace; otherwise single files are edited.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Changes what is announced, e.g. `|c| c["workspace"]["codeLens"] = json!(null)`.
    #[must_use]
    pub fn capabilities(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.capabilities);
        self
    }

    /// Does not acknowledge `px/outputs`, as a client that cannot keep up.
    #[must_use]
    pub fn without_acknowledging(mut self) -> Self {
        self.acknowledge = false;
        self
    }

    /// Starts the server and initializes it.
    pub fn start(self) -> Client {
        let home = tempfile::Builder::new().prefix("pxlens-home-").tempdir().expect("a temporary folder");
        let mut command = clean_command(&self.program, home.path());
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        let shared = Arc::new(Shared {
            log: Mutex::new(Log { settings: self.settings.clone(), ..Log::default() }),
            changed: Condvar::new(),
            outgoing: Mutex::new(Some(write_messages(child.stdin.take().expect("stdin is piped")))),
            acknowledge: self.acknowledge && self.capabilities["experimental"]["pxlens"]["ack"] == true,
            recording: Recording::begin(&self.program),
        });
        read_messages(child.stdout.take().expect("stdout is piped"), shared.clone());
        read_stderr(child.stderr.take().expect("stderr is piped"), shared.clone());
        let mut client =
            Client { child, shared, next_id: 1, initialized: Value::Null, ended: false, _home: home };
        client.initialize(&self);
        client
    }
}

/// A started server with the client's end of the conversation.
#[derive(Debug)]
pub struct Client {
    child: Child,
    shared: Arc<Shared>,
    next_id: i32,
    initialized: Value,
    ended: bool,
    _home: tempfile::TempDir,
}

/// A request that was sent; its answer may have come or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Sent(i32);

impl Client {
    /// A client that announces what VS Code does: UTF-16, dynamic registration, refreshes, notebooks, `px/outputs`.
    pub fn vscode(program: impl AsRef<Path>) -> Builder {
        Builder::new(program.as_ref(), "Visual Studio Code", capabilities::vscode())
    }

    /// A client that announces what Neovim 0.11 does without a plugin: UTF-8 first, no pxlens extension, JSON nulls.
    pub fn neovim(program: impl AsRef<Path>) -> Builder {
        Builder::new(program.as_ref(), "Neovim", capabilities::neovim())
    }

    fn initialize(&mut self, builder: &Builder) {
        let folder = builder.folder.as_deref();
        let mut params = json!({
            "processId": std::process::id(),
            "clientInfo": {"name": builder.name, "version": "1.0"},
            "locale": "en",
            "capabilities": builder.capabilities,
            "initializationOptions": builder.options,
            "trace": "off",
        });
        if let Some(folder) = folder {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            params["rootUri"] = json!(uri(folder));
            params["rootPath"] = json!(folder);
            params["workspaceFolders"] = json!([{"uri": uri(folder), "name": name}]);
        } else if builder.nulls {
            params["rootUri"] = Value::Null;
            params["rootPath"] = Value::Null;
            params["workspaceFolders"] = Value::Null;
        }
        self.initialized = self.request("initialize", params);
        self.notify("initialized", json!({}));
    }

    /// The server's answer to `initialize`.
    pub fn server(&self) -> &Value {
        &self.initialized
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.shared.send(Notification { method: method.to_owned(), params }.into());
    }

    /// Sends a request without waiting.
    pub fn send(&mut self, method: &str, params: Value) -> Sent {
        let id = self.next_id;
        self.next_id += 1;
        self.shared.log().waiting.insert(id, method.to_owned());
        self.shared.send(Request { id: RequestId::from(id), method: method.to_owned(), params }.into());
        Sent(id)
    }

    /// Waits for the answer to a request.
    ///
    /// # Errors
    /// What the server answered.
    pub fn answer(&mut self, sent: Sent) -> Result<Value, ResponseError> {
        let method = self.shared.log().waiting.get(&sent.0).cloned().unwrap_or_default();
        self.shared.wait_until(&format!("an answer to {method}"), |log| log.answers.remove(&sent.0))
    }

    /// Whether the answer to a request has come.
    pub fn is_answered(&self, sent: &Sent) -> bool {
        self.shared.log().answers.contains_key(&sent.0)
    }

    /// Cancels a request; its answer is still to be read.
    pub fn cancel(&mut self, sent: &Sent) {
        self.notify("$/cancelRequest", json!({"id": sent.0}));
    }

    /// Sends a request, waits for its answer, and panics when that is an error.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.try_request(method, params).unwrap_or_else(|error| {
            panic!("{method} was answered with error {}: {}", error.code, error.message)
        })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// What the server answered.
    pub fn try_request(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let sent = self.send(method, params);
        self.answer(sent)
    }

    /// Waits for a notification or a request of the server that fits and was not returned before; returns its params.
    pub fn expect(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.shared.wait_until(method, |log| {
            let found =
                log.heard.iter_mut().find(|one| !one.read && one.method == method && fits(&one.params));
            found.map(|one| {
                one.read = true;
                one.params.clone()
            })
        })
    }

    /// All notifications and requests of this method that arrived so far, read or not. They count as read.
    pub fn heard(&mut self, method: &str) -> Vec<Value> {
        let mut log = self.shared.log();
        let fitting = log.heard.iter_mut().filter(|one| one.method == method);
        fitting
            .map(|one| {
                one.read = true;
                one.params.clone()
            })
            .collect()
    }

    /// Waits until the newest diagnostics of a document fit.
    pub fn expect_diagnostics(&mut self, uri: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.shared.wait_until("textDocument/publishDiagnostics", |log| {
            let newest =
                log.heard.iter().rev().find(|one| {
                    one.method == "textDocument/publishDiagnostics" && one.params["uri"] == uri
                })?;
            let list = newest.params["diagnostics"].as_array().expect("diagnostics are a list");
            fits(list).then(|| list.clone())
        })
    }

    /// Sends a request again and again, whenever something came from the server, until its answer fits.
    ///
    /// For what a client has to ask for (lenses, hints, hovers): the server only says when to ask again.
    pub fn ask_until(&mut self, method: &str, params: &Value, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let count = self.shared.log().count;
            let answer = self.request(method, params.clone());
            if fits(&answer) {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for another answer to {method} than {answer:#}"
            );
            // The answer itself is one message; what is awaited is the next, or a moment where none comes.
            self.shared.wait_for_news(count + 1, Duration::from_millis(100));
        }
    }

    /// Changes the settings and notifies the server.
    pub fn configure(&mut self, settings: Value) {
        self.shared.log().settings = settings.clone();
        self.notify("workspace/didChangeConfiguration", json!({"settings": {"pxlens": settings}}));
    }

    /// Sets the answer to requests of this method, instead of the usual one.
    pub fn answer_with(&mut self, method: &str, result: Value) {
        self.shared.log().prepared.insert(method.to_owned(), result);
    }

    /// Opens a document.
    pub fn open(&mut self, uri: &str, text: &str) {
        let language = if uri.ends_with(".ipynb") { "json" } else { "python" };
        self.notify(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}}),
        );
    }

    /// Replaces the whole text of a document.
    pub fn replace(&mut self, uri: &str, version: i32, text: &str) {
        self.notify(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}),
        );
    }

    /// Closes a document.
    pub fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// What the server wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.shared.log().stderr.clone()
    }

    /// Shuts the server down in order; returns its exit status.
    pub fn shut_down(mut self) -> i32 {
        let status = self.end();
        self.check(status);
        status
    }

    /// Closes the server's stdin without `shutdown` and `exit`; returns its exit status. Requests may stay unanswered.
    pub fn hang_up(mut self) -> i32 {
        self.ended = true;
        self.shared.hang_up();
        self.exit_status()
    }

    /// Kills the server, as a crash would. Nothing is checked afterwards.
    pub fn kill(mut self) {
        self.ended = true;
        _ = self.child.kill();
    }

    fn end(&mut self) -> i32 {
        self.ended = true;
        let answer = self.try_request("shutdown", Value::Null);
        assert!(answer.is_ok(), "shutdown was answered with {answer:?}");
        self.notify("exit", Value::Null);
        let status = self.exit_status();
        self.shared.hang_up();
        self.shared.wait_until("the end of stdout and stderr", |log| log.is_at_end().then_some(()));
        status
    }

    fn exit_status(&mut self) -> i32 {
        let Some(status) = waits::exit_status(&mut self.child, Instant::now() + PATIENCE) else {
            panic!("waited {PATIENCE:?} in vain for the server to end; it wrote:\n{}", self.stderr())
        };
        status.code().unwrap_or(-1)
    }

    /// Fails on what a test must not leave behind.
    fn check(&self, status: i32) {
        let log = self.shared.log();
        assert_eq!(status, 0, "the server's exit status; it wrote:\n{}", log.stderr);
        assert!(!log.stderr.contains("panicked at"), "the server panicked:\n{}", log.stderr);
        assert!(log.waiting.is_empty(), "requests that were never answered: {:?}", log.waiting);
        let errors: Vec<_> = log.answers.values().filter_map(|answer| answer.as_ref().err()).collect();
        assert!(errors.is_empty(), "errors that nobody read: {errors:?}");
        let messages: Vec<_> = log.heard.iter().filter(|one| one.is_unread_error()).collect();
        assert!(messages.is_empty(), "errors shown to the user that nobody read: {messages:?}");
        assert!(log.unknown.is_empty(), "the server sent what no client expects: {:?}", log.unknown);
        assert!(log.broken.is_none(), "the conversation broke: {:?}", log.broken);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.ended {
            let status = self.end();
            self.check(status);
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A `file:` URI as editors write it.
pub fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// One notification or request of the server.
#[derive(Debug)]
struct Heard {
    method: String,
    params: Value,
    read: bool,
}

impl Heard {
    fn is_unread_error(&self) -> bool {
        let shown = ["window/showMessage", "window/showMessageRequest", "window/logMessage"];
        !self.read && shown.contains(&self.method.as_str()) && self.params["type"] == 1
    }
}

#[derive(Debug, Default)]
struct Log {
    heard: Vec<Heard>,
    answers: BTreeMap<i32, Result<Value, ResponseError>>,
    waiting: BTreeMap<i32, String>,
    prepared: BTreeMap<String, Value>,
    settings: Value,
    unknown: Vec<String>,
    stderr: String,
    /// Counts messages of the server.
    count: usize,
    stdout_ended: bool,
    stderr_ended: bool,
    broken: Option<String>,
}

#[derive(Debug)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
    /// What is on its way to the server's stdin, which closes when this is dropped.
    outgoing: Mutex<Option<mpsc::Sender<Message>>>,
    acknowledge: bool,
    recording: Recording,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("no holder of this lock panics")
    }

    fn send(&self, message: Message) {
        let outgoing = self.outgoing.lock().expect("no holder of this lock panics");
        if let Some(outgoing) = outgoing.as_ref() {
            self.recording.write("client", &message);
            // An error says that the server has ended, which shows in what the test waits for.
            _ = outgoing.send(message);
        }
    }

    fn hang_up(&self) {
        self.outgoing.lock().expect("no holder of this lock panics").take();
    }

    /// `what` is what is waited for: a method, or in other words.
    fn wait_until<T>(&self, what: &str, mut find: impl FnMut(&mut Log) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut log = self.log();
        loop {
            if let Some(found) = find(&mut log) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || log.is_at_end() {
                let why = match left.is_zero() {
                    true => format!("nothing that fits came within {PATIENCE:?}"),
                    false => "the server has ended".to_owned(),
                };
                let heard: Vec<_> = log.heard.iter().map(|one| &one.method).collect();
                let same: Vec<_> = log.heard.iter().filter(|one| one.method == what).collect();
                let text = format!(
                    "waited in vain for {what}: {why}. The server sent {heard:?}\n\
                     Those of this method: {same:#?}\nstderr:\n{}",
                    log.stderr
                );
                drop(log);
                panic!("{text}");
            }
            log = self.changed.wait_timeout(log, left).expect("no holder of this lock panics").0;
        }
    }

    fn wait_for_news(&self, count: usize, limit: Duration) {
        let log = self.log();
        let waited =
            self.changed.wait_timeout_while(log, limit, |log| log.count <= count && !log.stdout_ended);
        drop(waited.expect("no holder of this lock panics"));
    }

    fn take(&self, message: Message) {
        let mut reply = None;
        {
            let mut log = self.log();
            log.count += 1;
            match message {
                Message::Response(Response { id, response_result }) => {
                    let known = log.waiting.keys().copied().find(|one| RequestId::from(*one) == id);
                    match known {
                        Some(known) => {
                            log.waiting.remove(&known);
                            log.answers.insert(known, response_result);
                        }
                        None => log.unknown.push(format!("an answer to {id}, which is no open request")),
                    }
                }
                Message::Notification(Notification { method, params }) => {
                    if self.acknowledge && method == "px/outputs" {
                        let params = json!({"seq": params["seq"]});
                        reply = Some(Notification { method: "px/ackOutputs".to_owned(), params }.into());
                    }
                    log.heard.push(Heard { method, params, read: false });
                }
                Message::Request(Request { id, method, params }) => {
                    let answer = log.reply(&method, &params);
                    if answer.is_none() {
                        log.unknown.push(method.clone());
                    }
                    reply = Some(match answer {
                        Some(result) => Response { id, response_result: Ok(result) }.into(),
                        None => {
                            let code = ErrorCode::MethodNotFound as i32;
                            Response::new_err(id, code, format!("this client knows no {method}")).into()
                        }
                    });
                    log.heard.push(Heard { method, params, read: false });
                }
            }
        }
        if let Some(reply) = reply {
            self.send(reply);
        }
        self.changed.notify_all();
    }
}

impl Log {
    fn is_at_end(&self) -> bool {
        self.stdout_ended && self.stderr_ended
    }

    /// What a client answers without asking its user.
    fn reply(&self, method: &str, params: &Value) -> Option<Value> {
        if let Some(prepared) = self.prepared.get(method) {
            return Some(prepared.clone());
        }
        Some(match method {
            "workspace/configuration" => {
                let items = params["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                items.iter().map(|item| self.setting(item["section"].as_str().unwrap_or_default())).collect()
            }
            "client/registerCapability"
            | "client/unregisterCapability"
            | "window/workDoneProgress/create"
            | "window/showMessageRequest"
            | "workspace/codeLens/refresh"
            | "workspace/inlayHint/refresh"
            | "workspace/diagnostic/refresh"
            | "workspace/semanticTokens/refresh" => Value::Null,
            "workspace/applyEdit" => json!({"applied": true}),
            "window/showDocument" => json!({"success": true}),
            "workspace/workspaceFolders" => Value::Null,
            _ => return None,
        })
    }

    /// `pxlens` gives all settings, `pxlens.groupBy` one, another section nothing.
    fn setting(&self, section: &str) -> Value {
        let mut parts = section.split('.');
        if parts.next() != Some("pxlens") {
            return Value::Null;
        }
        parts.fold(self.settings.clone(), |value, part| value[part].clone())
    }
}

/// Writes in a thread, so that a server that does not read holds up nobody. Closes stdin when the sender is dropped.
fn write_messages(mut stdin: impl Write + Send + 'static) -> mpsc::Sender<Message> {
    let (sender, messages) = mpsc::channel::<Message>();
    std::thread::spawn(move || {
        for message in messages {
            if message.write(&mut stdin).and_then(|()| stdin.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

fn read_messages(stdout: impl Read + Send + 'static, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        loop {
            match Message::read(&mut reader) {
                Ok(Some(message)) => {
                    shared.recording.write("server", &message);
                    shared.take(message);
                }
                Ok(None) => break,
                Err(error) => {
                    shared.log().broken = Some(error.to_string());
                    break;
                }
            }
        }
        shared.log().stdout_ended = true;
        shared.changed.notify_all();
    });
}

fn read_stderr(stderr: impl Read + Send + 'static, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stderr);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            shared.log().stderr.push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
        shared.log().stderr_ended = true;
        shared.changed.notify_all();
    });
}

#[cfg(test)]
mod tests;
