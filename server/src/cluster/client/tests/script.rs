//! A controller without sockets. It lists its engines and answers harmless questions; the rest is up to the test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use pxlens_tests::within_limit;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    cluster::{
        ClientError, ClientOptions, ClusterClient, ClusterStatus, ConnectionInfo, Execute, FeedReceiver,
        Identity,
        client::ConnectError,
        feed,
        transport::{Budget, Channel, DownReason, Endpoints, SendError, Transport, TransportEvent},
    },
    engines::{Activities, EngineId, EngineTable},
    jupyter::{Message, Signer, decode},
    run::{Event, EventKind, RunId, Slot},
};

pub(super) const KEY: &str = "the key of the script";

/// What another client calls itself.
pub(super) const SOMEBODY: &str = "somebody-else";

/// Longer than any limit of the client. Where the clock is paused, it moves as far as that once nothing else can happen.
const LIMIT: Duration = Duration::from_secs(600);

/// Awaits something that the client does.
#[track_caller]
pub(super) fn within<F: Future>(awaited: &str, event: F) -> impl Future<Output = F::Output> {
    within_limit(LIMIT, awaited, event)
}

/// Sockets that a [`Controller`] holds the other ends of.
pub(super) struct Wires {
    events: mpsc::UnboundedReceiver<TransportEvent>,
    sent: mpsc::UnboundedSender<(Channel, Vec<Bytes>)>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    up: BTreeSet<Channel>,
    engines: BTreeMap<String, String>,
    /// Whether the Hub says nothing.
    silent: bool,
    /// What it would have said meanwhile.
    unsaid: Vec<Vec<Bytes>>,
    /// Whether engines say nothing to `kernel_info_request` on control.
    cold: bool,
    rebuilt: Vec<Channel>,
    /// The engines that were asked where they run, in that order.
    asked: Vec<Message>,
    /// What the Hub says that engines have not finished.
    unfinished: Vec<Value>,
    /// Whether all of them answer at once, each with a host of its own.
    hosts: bool,
}

impl Transport for Wires {
    fn open(_: Endpoints) -> Self {
        Controller::new(&[]).1
    }

    fn unread(&self) -> Arc<Budget> {
        Arc::new(Budget::new(usize::MAX))
    }

    fn send(&self, channel: Channel, frames: Vec<Bytes>) -> Result<(), SendError> {
        if !self.shared.lock().unwrap().up.contains(&channel) {
            return Err(SendError::Down(channel));
        }
        self.sent.send((channel, frames)).map_err(|_| SendError::Down(channel))
    }

    async fn event(&mut self) -> TransportEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    fn rebuild(&self, channel: Channel) {
        self.shared.lock().unwrap().rebuilt.push(channel);
    }
}

/// The other ends.
pub(super) struct Controller {
    events: mpsc::UnboundedSender<TransportEvent>,
    requests: mpsc::UnboundedReceiver<(Channel, Message)>,
    shared: Arc<Mutex<Shared>>,
    signer: Signer,
}

/// The uuid of the script's engine of this id.
pub(super) fn uuid(id: u32) -> String {
    format!("uuid-{id}")
}

/// A connection file's content, for `KEY` and ports that nobody uses.
pub(super) fn info() -> ConnectionInfo {
    let file = json!({
        "interface": "tcp://127.0.0.1", "registration": 1, "control": 2, "mux": 3, "iopub": 4, "notification": 5,
        "key": KEY, "signature_scheme": "hmac-sha256", "location": "", "pack": "json", "unpack": "json",
    });
    read_info(&file)
}

pub(super) fn read_info(file: &Value) -> ConnectionInfo {
    // It is the user's alone, as a file with a key has to be.
    let named = tempfile::Builder::new().prefix("ipcontroller-client").suffix(".json").tempfile().unwrap();
    std::fs::write(named.path(), file.to_string()).unwrap();
    ConnectionInfo::read(named.path()).unwrap()
}

/// The frames of what an engine or the Hub sends: `session` is the sender's, `parent` the header of what it answers.
pub(super) fn answer(
    signer: &Signer,
    prefix: &[&str],
    session: &str,
    msg_type: &str,
    parent: &Value,
    content: &Value,
) -> Vec<Bytes> {
    let id = uuid::Uuid::new_v4().to_string();
    let header = json!({"msg_id": id, "msg_type": msg_type, "session": session, "version": "5.4"});
    let parts = [header, parent.clone(), json!({}), content.clone()].map(|part| part.to_string());
    let signature = signer.sign([0, 1, 2, 3].map(|i| parts[i].as_bytes()));
    let prefix = prefix.iter().map(|frame| (*frame).to_owned());
    let rest = ["<IDS|MSG>".to_owned(), signature].into_iter().chain(parts);
    prefix.chain(rest).map(Bytes::from).collect()
}

/// The header of a request, as an answer's parent.
pub(super) fn parent(request: &Message) -> Value {
    serde_json::to_value(&request.header).unwrap()
}

/// The answer of engine `uuid-7` is that it runs on `host-7` as process 7, but for the fields of `other`.
fn usage_reply(signer: &Signer, request: &Message, other: &Value) -> Vec<Bytes> {
    let engine = engine_of(request);
    let number: u32 = engine.rsplit('-').next().unwrap().parse().unwrap();
    let mut content = json!({"hostname": format!("host-{number}"), "pid": number, "kernel_memory": 1});
    content.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    answer(signer, &[&engine], &engine, "usage_reply", &parent(request), &content)
}

/// The uuid of the engine that a request is for.
pub(super) fn engine_of(request: &Message) -> String {
    String::from_utf8(request.prefix[0].to_vec()).unwrap()
}

impl Controller {
    /// A controller with these engines, every channel up.
    pub(super) fn new(engines: &[u32]) -> (Self, Wires) {
        let (events, received) = mpsc::unbounded_channel();
        let (sent, mut outgoing) = mpsc::unbounded_channel::<(Channel, Vec<Bytes>)>();
        let (forward, requests) = mpsc::unbounded_channel();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let signer = Signer::new("hmac-sha256", KEY).unwrap();
        let wires = Wires { events: received, sent, shared: Arc::clone(&shared) };
        let controller = Self { events, requests, shared, signer };
        controller.list(engines);
        Channel::ALL.iter().for_each(|channel| controller.up(*channel));

        let (events, shared, signer) =
            (controller.events.clone(), Arc::clone(&controller.shared), controller.signer.clone());
        tokio::spawn(async move {
            while let Some((channel, frames)) = outgoing.recv().await {
                let message = decode(&signer, frames).unwrap();
                let kind = message.header.msg_type.as_str();
                let say = |channel, frames| drop(events.send(TransportEvent::Message(channel, frames)));
                let (silent, cold, engines) = {
                    let shared = shared.lock().unwrap();
                    (shared.silent, shared.cold, shared.engines.clone())
                };
                match (channel, kind) {
                    (Channel::Registration, "connection_request") => {
                        let content = json!({"status": "ok", "engines": engines});
                        let reply =
                            answer(&signer, &[], "hub", "connection_reply", &parent(&message), &content);
                        if silent {
                            shared.lock().unwrap().unsaid.push(reply);
                        } else {
                            say(Channel::Registration, reply);
                        }
                    }
                    (Channel::Registration, "db_request") => {
                        let content = json!({"status": "ok", "records": shared.lock().unwrap().unfinished});
                        say(
                            Channel::Registration,
                            answer(&signer, &[], "hub", "db_reply", &parent(&message), &content),
                        );
                    }
                    (Channel::Control, "kernel_info_request") => {
                        let engine = String::from_utf8(message.prefix[0].to_vec()).unwrap();
                        for state in ["busy", "idle"].iter().filter(|_| !cold) {
                            let content = json!({"execution_state": state});
                            let status =
                                answer(&signer, &["t"], &engine, "status", &parent(&message), &content);
                            say(Channel::Iopub, status);
                        }
                    }
                    (Channel::Control, "usage_request") => {
                        let mut shared = shared.lock().unwrap();
                        if shared.hosts {
                            say(Channel::Control, usage_reply(&signer, &message, &json!({})));
                        }
                        shared.asked.push(message);
                    }
                    _ => drop(forward.send((channel, message))),
                }
            }
        });
        (controller, wires)
    }

    /// A controller with these engines, and a client that is connected to it.
    pub(super) async fn with_client(engines: &[u32]) -> (Self, ClusterClient) {
        let (controller, wires) = Self::new(engines);
        let client = connect(wires).await.unwrap();
        (controller, client)
    }

    /// Changes what the Hub lists, without a notification.
    pub(super) fn list(&self, engines: &[u32]) {
        self.list_as(engines.iter().map(|id| (*id, uuid(*id))));
    }

    pub(super) fn list_as(&self, engines: impl IntoIterator<Item = (u32, String)>) {
        let engines = engines.into_iter().map(|(id, uuid)| (id.to_string(), uuid));
        self.shared.lock().unwrap().engines = engines.collect();
    }

    pub(super) fn silence(&self, silent: bool) {
        self.shared.lock().unwrap().silent = silent;
    }

    /// The Hub answers what it was asked while it was silent; waits until it was asked something.
    pub(super) async fn answer_late(&self) {
        // Counts its turns, since a paused clock stands still while a task is ready.
        for _ in 0..100_000 {
            let unsaid = std::mem::take(&mut self.shared.lock().unwrap().unsaid);
            if !unsaid.is_empty() {
                return unsaid.into_iter().for_each(|reply| self.say(Channel::Registration, reply));
            }
            tokio::task::yield_now().await;
        }
        panic!("waited in vain for a question to the silent Hub");
    }

    /// No output of any engine arrives.
    pub(super) fn cold(&self) {
        self.shared.lock().unwrap().cold = true;
    }

    /// From now on engines report at once where they run.
    pub(super) fn tell_hosts(&self) {
        self.shared.lock().unwrap().hosts = true;
    }

    /// The requests so far that asked engines where they run.
    pub(super) fn asked_hosts(&self) -> Vec<Message> {
        self.shared.lock().unwrap().asked.clone()
    }

    /// An engine reports where it runs, but for the fields of `other`.
    pub(super) fn tell_host(&self, request: &Message, other: &Value) {
        self.say(Channel::Control, usage_reply(&self.signer, request, other));
    }

    /// From now on the Hub says that engines have not finished these requests; the last was sent first.
    pub(super) fn unfinished(&self, requests: &[(u32, &str)]) {
        let sent = (0..requests.len()).rev();
        let record = |(&(engine, id), n)| {
            let submitted = format!("2026-11-22T15:35:{n:02}.000000Z");
            json!({"msg_id": id, "engine_uuid": uuid(engine), "submitted": submitted})
        };
        self.shared.lock().unwrap().unfinished = requests.iter().zip(sent).map(record).collect();
    }

    /// The channels that the client asked to renew.
    pub(super) fn rebuilt(&self) -> Vec<Channel> {
        self.shared.lock().unwrap().rebuilt.clone()
    }

    pub(super) fn up(&self, channel: Channel) {
        self.shared.lock().unwrap().up.insert(channel);
        let _ = self.events.send(TransportEvent::Up(channel));
    }

    pub(super) fn down(&self, channel: Channel, reason: DownReason) {
        self.shared.lock().unwrap().up.remove(&channel);
        let _ = self.events.send(TransportEvent::Down(channel, reason));
    }

    pub(super) fn down_all(&self, reason: &DownReason) {
        Channel::ALL.iter().for_each(|channel| self.down(*channel, reason.clone()));
    }

    /// The next request that the script does not answer by itself.
    pub(super) async fn request(&mut self) -> (Channel, Message) {
        within("a request", self.requests.recv()).await.unwrap()
    }

    /// The requests of one run, in the order of its slots.
    pub(super) async fn executes(&mut self, count: usize) -> Vec<Message> {
        let mut requests = Vec::new();
        while requests.len() < count {
            let (channel, request) = self.request().await;
            assert_eq!((channel, request.header.msg_type.as_str()), (Channel::Mux, "execute_request"));
            requests.push(request);
        }
        requests
    }

    /// Whether the client sent nothing more than what was taken.
    pub(super) fn is_idle(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }

    pub(super) fn say(&self, channel: Channel, frames: Vec<Bytes>) {
        let _ = self.events.send(TransportEvent::Message(channel, frames));
    }

    /// An engine publishes something about a request.
    pub(super) fn publish(&self, request: &Message, msg_type: &str, content: &Value) {
        let engine = String::from_utf8(request.prefix[0].to_vec()).unwrap();
        self.publish_as(&engine, msg_type, &parent(request), content);
    }

    pub(super) fn publish_as(&self, engine: &str, msg_type: &str, parent: &Value, content: &Value) {
        self.say(Channel::Iopub, answer(&self.signer, &["topic"], engine, msg_type, parent, content));
    }

    pub(super) fn status(&self, request: &Message, state: &str) {
        self.publish(request, "status", &json!({"execution_state": state}));
    }

    pub(super) fn print(&self, request: &Message, text: &str) {
        self.publish(request, "stream", &json!({"name": "stdout", "text": text}));
    }

    /// An engine begins to work on somebody else's request.
    pub(super) fn busy_for_somebody(&self, engine: u32) {
        self.busy_with(engine, "theirs");
    }

    /// An engine begins to work on a request of another client.
    pub(super) fn busy_with(&self, engine: u32, request: &str) {
        let parent = json!({"msg_id": request, "session": SOMEBODY, "msg_type": "execute_request"});
        self.publish_as(&uuid(engine), "status", &parent, &json!({"execution_state": "busy"}));
    }

    /// An engine answers a request, on the channel that it came by.
    pub(super) fn reply(&self, channel: Channel, request: &Message, msg_type: &str, content: &Value) {
        let engine = String::from_utf8(request.prefix[0].to_vec()).unwrap();
        let frames = answer(&self.signer, &[&engine], &engine, msg_type, &parent(request), content);
        self.say(channel, frames);
    }

    pub(super) fn reply_ok(&self, request: &Message) {
        let content = json!({"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []});
        self.reply(Channel::Mux, request, "execute_reply", &content);
    }

    pub(super) fn reply_error(&self, request: &Message) {
        let content = json!({"status": "error", "ename": "ZeroDivisionError", "evalue": "", "traceback": []});
        self.reply(Channel::Mux, request, "execute_reply", &content);
    }

    /// The whole life of a request that ends well.
    pub(super) fn succeed(&self, request: &Message) {
        self.status(request, "busy");
        self.reply_ok(request);
        self.status(request, "idle");
    }

    pub(super) fn notify(&self, msg_type: &str, content: &Value) {
        let frames = answer(&self.signer, &[], "hub", msg_type, &json!({}), content);
        self.say(Channel::Notification, frames);
    }

    /// The Hub says that an engine is gone, and does not list it any more.
    pub(super) fn unregister(&self, id: u32) {
        self.shared.lock().unwrap().engines.remove(&id.to_string());
        self.notify("unregistration_notification", &json!({"id": id, "uuid": uuid(id)}));
    }

    pub(super) fn register(&self, id: u32) {
        self.shared.lock().unwrap().engines.insert(id.to_string(), uuid(id));
        self.notify("registration_notification", &json!({"id": id, "uuid": uuid(id)}));
    }
}

pub(super) async fn connect(wires: Wires) -> Result<ClusterClient, ConnectError> {
    connect_as(wires, Identity::fresh()).await
}

/// Connects as a client of this user.
pub(super) async fn connect_as(wires: Wires, identity: Identity) -> Result<ClusterClient, ConnectError> {
    let options = ClientOptions { identity, ..ClientOptions::default() };
    let connecting = ClusterClient::connect_over(wires, info(), options);
    within("a connection or the reason for none", connecting).await
}

/// A run's feed and all that came out of it.
pub(super) struct Watched {
    feed: FeedReceiver,
    events: Vec<Event>,
}

/// Sends code to these engines.
pub(super) async fn execute(client: &ClusterClient, run: u32, engines: &[u32]) -> Watched {
    try_execute(client, run, engines).await.unwrap()
}

pub(super) async fn try_execute(
    client: &ClusterClient,
    run: u32,
    engines: &[u32],
) -> Result<Watched, ClientError> {
    send(client, run, engines, None).await
}

/// Sends code to these engines, as a `--noblock` run does.
pub(super) async fn execute_noblock(client: &ClusterClient, run: u32, engines: &[u32]) -> Watched {
    send(client, run, engines, Some(format!("run {run}").into())).await.unwrap()
}

async fn send(
    client: &ClusterClient,
    run: u32,
    engines: &[u32],
    noblock: Option<Arc<str>>,
) -> Result<Watched, ClientError> {
    let (sender, feed) = feed();
    let engines = engines.iter().copied().map(EngineId).collect();
    let request = Execute { run: RunId(run), code: "1+1".into(), engines, first_slot: 0, noblock };
    within("requests to be sent or refused", client.execute(request, sender)).await?;
    Ok(Watched { feed, events: Vec::new() })
}

impl Watched {
    /// What happened to a slot, once its newest event is as wanted; without `Sent`.
    pub(super) async fn until(&mut self, slot: u32, wanted: impl Fn(&EventKind) -> bool) -> Vec<EventKind> {
        loop {
            let of_slot = self.events.iter().filter(|event| event.slot == Slot(slot));
            let kinds: Vec<_> = of_slot.map(|event| event.kind.clone()).collect();
            if let Some(last) = kinds.iter().position(&wanted) {
                let seen = kinds[..=last].iter().filter(|kind| !matches!(kind, EventKind::Sent(_)));
                return seen.cloned().collect();
            }
            let awaited = format!("an event of slot {slot} after {kinds:?}");
            let received = within(&awaited, self.feed.recv_many(&mut self.events)).await;
            assert!(received, "the feed ended with {kinds:?}");
        }
    }

    /// Everything that happens to a slot until the feed closes.
    pub(super) async fn until_closed(&mut self) -> Vec<EventKind> {
        while within("the end of the feed", self.feed.recv_many(&mut self.events)).await {}
        self.events.iter().map(|event| event.kind.clone()).collect()
    }

    pub(super) async fn lost(&mut self, slot: u32) -> Vec<EventKind> {
        self.until(slot, |kind| matches!(kind, EventKind::Lost(_))).await
    }
}

/// Waits until the status is as wanted.
pub(super) async fn status(client: &ClusterClient, wanted: impl Fn(&ClusterStatus) -> bool) {
    within("another status", client.status().wait_for(|status| wanted(status))).await.unwrap();
}

/// Waits until the table is as wanted.
pub(super) async fn table(client: &ClusterClient, wanted: impl Fn(&EngineTable) -> bool) {
    within("another table of engines", client.engines().wait_for(|table| wanted(table))).await.unwrap();
}

/// Waits until what the engines do is as wanted.
pub(super) async fn activities(client: &ClusterClient, wanted: impl Fn(&Activities) -> bool) {
    let mut activities = client.activities();
    within("other work of the engines", activities.wait_for(|activities| wanted(activities))).await.unwrap();
}

/// Waits until these engines are there.
pub(super) async fn engines(client: &ClusterClient, wanted: &[u32]) {
    let wanted: Vec<_> = wanted.iter().copied().map(EngineId).collect();
    table(client, |table| table.ids() == wanted).await;
}
