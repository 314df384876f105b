//! A client at the other end of an in-memory pipe. It answers nothing by itself. A test ends it with [`Client::end`], which
//! fails on unread messages, or closes it in another way that it tests; otherwise the client fails when it is dropped.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream},
    task::JoinHandle,
};

use pxlens_tests::{
    PATIENCE,
    sim::{Script, Sim},
    within,
};
use tokio::sync::mpsc;

use crate::{
    lsp::{server::serve_session, wire::lifetime::Lifetime},
    session::{About, Session, SessionEvent, Settings, Snapshot},
    text::Encoding,
};

/// How long a conversation may last in all, for a test that keeps reading messages, but never the one it waits for.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(240);

pub(super) struct Client {
    writer: DuplexStream,
    reader: BufReader<DuplexStream>,
    server: JoinHandle<u8>,
    unread: VecDeque<Value>,
    unended: Unended,
    last_id: i64,
    begun: Instant,
    pub(super) session: Session,
    /// Sends the server an event as if the session had reported it.
    events: mpsc::UnboundedSender<SessionEvent>,
}

/// Fails when it is dropped: its client was not ended.
struct Unended;

impl Unended {
    fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unended {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "a client was dropped without `end`, `exit_code` or `hang_up`");
    }
}

impl Client {
    /// A client whose server waits for `initialize`.
    pub(super) fn connect() -> Self {
        let (session, mut session_events) =
            Session::start(Settings::default(), Encoding::default(), false, true);
        let (events, receiver) = mpsc::unbounded_channel();
        let forward = events.clone();
        // Ends with the session.
        tokio::spawn(async move {
            while let Some(event) = session_events.recv().await {
                if forward.send(event).is_err() {
                    return;
                }
            }
        });
        let (writer, server_reader) = tokio::io::duplex(1 << 20);
        let (server_writer, reader) = tokio::io::duplex(1 << 16);
        let server = tokio::spawn(serve_session(
            server_reader,
            server_writer,
            session.clone(),
            receiver,
            Lifetime::default(),
        ));
        let reader = BufReader::new(reader);
        Self {
            writer,
            reader,
            server,
            unread: VecDeque::new(),
            unended: Unended,
            last_id: 0,
            begun: Instant::now(),
            session,
            events,
        }
    }

    /// An initialized client with these capabilities, in an untrusted workspace, so without a cluster.
    pub(super) async fn start(capabilities: Value) -> Self {
        Self::start_with(capabilities, json!({ "trusted": false })).await
    }

    /// An initialized client in a trusted workspace whose settings name this controller.
    pub(super) async fn start_on(sim: &Sim, capabilities: Value) -> Self {
        let file = sim.connection_file();
        Self::start_with(capabilities, json!({ "trusted": true, "cluster": { "connectionFile": file } }))
            .await
    }

    /// An initialized client with these capabilities and options.
    pub(super) async fn start_with(capabilities: Value, options: Value) -> Self {
        let mut client = Self::connect();
        let params = json!({
            "processId": null, "capabilities": capabilities, "initializationOptions": options,
        });
        client.request("initialize", params).await;
        client.notify("initialized", json!({})).await;
        client
    }

    /// Sends the server an event as if the session had reported it.
    pub(super) fn emit(&self, event: SessionEvent) {
        self.events.send(event).expect("the server listens");
    }

    pub(super) async fn send(&mut self, message: &Value) {
        self.send_raw(&message.to_string()).await;
    }

    pub(super) async fn send_raw(&mut self, body: &str) {
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.write(&framed).await;
    }

    async fn write(&mut self, framed: &str) {
        let written = self.writer.write_all(framed.as_bytes());
        within("the server to read what it is sent", written).await.unwrap();
    }

    /// Sends messages in one write, so that the server gets them in one read.
    pub(super) async fn send_together(&mut self, messages: &[Value]) {
        let framed = |message: &Value| {
            let body = message.to_string();
            format!("Content-Length: {}\r\n\r\n{body}", body.len())
        };
        let framed: String = messages.iter().map(framed).collect();
        self.write(&framed).await;
    }

    /// Makes a request without sending it; returns its id and the message.
    pub(super) fn prepare(&mut self, method: &str, params: Value) -> (i64, Value) {
        self.last_id += 1;
        let id = self.last_id;
        (id, json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    /// Waits until the cluster has this many engines.
    pub(super) async fn engines(&self, count: usize) {
        let is_there =
            |now: &Snapshot| now.connection.cluster().is_some_and(|cluster| cluster.engines.len() == count);
        self.session_is(&format!("a cluster of {count} engines"), is_there).await;
    }

    /// Waits until a snapshot of the session fits.
    pub(super) async fn session_is(&self, awaited: &str, fits: impl Fn(&Snapshot) -> bool) {
        let looking = async {
            while !fits(&self.session.snapshot(About::Nothing).await) {
                tokio::task::yield_now().await;
            }
        };
        within(awaited, looking).await;
    }

    pub(super) async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a request without waiting for its response; returns its id.
    pub(super) async fn send_request(&mut self, method: &str, params: Value) -> i64 {
        let (id, request) = self.prepare(method, params);
        self.send(&request).await;
        id
    }

    /// Waits for a response; keeps other messages for later.
    pub(super) async fn answer(&mut self, id: i64) -> Value {
        let is_answer = |message: &Value| message["id"] == id && message.get("method").is_none();
        self.take(&format!("an answer to request {id}"), is_answer).await
    }

    /// Sends a request and waits for its result.
    pub(super) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send_request(method, params).await;
        let answer = self.answer(id).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Repeats a request until its result fits.
    pub(super) async fn ask_until(
        &mut self,
        method: &str,
        params: Value,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let result = self.request(method, params.clone()).await;
            if fits(&result) {
                return result;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for another result of {method} than {result:#}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// Waits for a request or notification of the server; keeps other messages for later.
    pub(super) async fn expect(&mut self, method: &str) -> Value {
        self.take(method, |message| message["method"] == method).await
    }

    /// Reads the server's messages of this method until the params of one fit; returns these.
    pub(super) async fn expect_until(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let params = self.expect(method).await["params"].take();
            if fits(&params) {
                return params;
            }
        }
    }

    /// Takes the first message that is wanted, from those received or still to come.
    async fn take(&mut self, awaited: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.unread.iter().position(&wanted) {
            return self.unread.remove(place).unwrap();
        }
        loop {
            let message = self.read_for(awaited).await;
            let Some(message) = message else { panic!("the server ended before {awaited} came") };
            if wanted(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    /// Reads the next message; `None` at the end.
    pub(super) async fn read(&mut self) -> Option<Value> {
        self.read_for("a message or the end of the conversation").await
    }

    async fn read_for(&mut self, awaited: &str) -> Option<Value> {
        assert!(self.begun.elapsed() < PATIENCE_IN_ALL, "waited {PATIENCE_IN_ALL:?} in vain for {awaited}");
        within(awaited, read(&mut self.reader)).await
    }

    pub(super) async fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "python", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document })).await;
    }

    pub(super) async fn edit(&mut self, uri: &str, version: i32, text: &str) {
        let params = json!({
            "textDocument": { "uri": uri, "version": version },
            "contentChanges": [{ "text": text }],
        });
        self.notify("textDocument/didChange", params).await;
    }

    /// Ends the connection properly, and fails if there are unread messages.
    pub(super) async fn end(self) {
        self.end_with_unread(&[]).await;
    }

    /// Ends the connection properly, and fails if there are unread messages of other methods than these.
    pub(super) async fn end_with_unread(mut self, may_be_unread: &[&str]) {
        self.request("shutdown", Value::Null).await;
        self.send(&json!({ "jsonrpc": "2.0", "method": "exit" })).await;
        while let Some(message) = self.read().await {
            self.unread.push_back(message);
        }
        self.unread.retain(|message| !may_be_unread.iter().any(|method| message["method"] == *method));
        assert!(self.unread.is_empty(), "unread messages: {:?}", self.unread);
        assert_eq!(self.exit_code().await, 0);
    }

    /// Waits for the server to end.
    pub(super) async fn exit_code(self) -> u8 {
        let Self { server, writer, reader, unended, .. } = self;
        unended.end();
        let code = within("the server to end", server).await.unwrap();
        drop((writer, reader));
        code
    }

    /// Closes the pipe to the server, and waits for it to end.
    pub(super) async fn hang_up(self) -> u8 {
        let Self { server, writer, reader, unended, .. } = self;
        unended.end();
        drop(writer);
        let code = within("the server to end", server).await.unwrap();
        drop(reader);
        code
    }

    /// Stops reading from the server; the other direction stays open.
    pub(super) fn deafen(&mut self) {
        self.reader = BufReader::new(tokio::io::duplex(1).0);
    }
}

/// A client with a px cell on a controller that answers nothing, so that every run of the cell waits.
pub(super) async fn on_a_silent_controller(uri: &str) -> (Sim, Client) {
    let sim = Sim::builder().engines(1).start().await;
    sim.mute(true);
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(uri, "%px 1\n").await;
    (sim, client)
}

/// A client whose run has started on a controller that has stopped answering, so that a handler that interrupts the run
/// waits.
pub(super) async fn with_a_run_that_hangs(uri: &str) -> (Sim, Client) {
    let sim = Sim::builder().engines(1).on("work()", Script::new().hang()).start().await;
    let mut client = Client::start_on(&sim, json!({})).await;
    client.open(uri, "%px work()\n").await;
    client.engines(1).await;
    client.request("px/run", json!({ "uri": uri, "scope": "all" })).await;
    sim.wait_for_runs(1).await;
    sim.mute(true);
    (sim, client)
}

/// What a request is answered that names a run that is not kept.
pub(super) fn no_run(run: u32) -> String {
    format!("There is no run {run}; pxlens numbers runs anew whenever it starts, and drops old ones")
}

async fn read(reader: &mut BufReader<DuplexStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.unwrap() == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    Some(serde_json::from_slice(&body).unwrap())
}
