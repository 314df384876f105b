//! The controller's side of the simulation: its sockets, the answers of its hub, and the relay to its engines.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::{
    HostRule, Received, Scripts,
    engine::{Asked, Engine, Job, Outlets},
    wire::{self, Author, Signer},
};
use crate::zmtp::{Endpoint, Incoming, Kind};

/// The sockets of a controller, by the names of the connection file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The hub.
    Registration,
    /// Requests to one engine.
    Mux,
    /// Urgent requests to one engine, or to its nanny.
    Control,
    /// Load-balanced requests: recorded, never answered.
    Task,
    /// One request to many engines: recorded, never answered.
    Broadcast,
    /// Output.
    Iopub,
    /// Who registered and unregistered.
    Notification,
}

impl Channel {
    /// All, in the order of [`Sockets::endpoints`].
    pub(super) const ALL: [Self; 7] = [
        Self::Registration,
        Self::Mux,
        Self::Control,
        Self::Task,
        Self::Broadcast,
        Self::Iopub,
        Self::Notification,
    ];

    /// The key in the connection file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Mux => "mux",
            Self::Control => "control",
            Self::Task => "task",
            Self::Broadcast => "broadcast",
            Self::Iopub => "iopub",
            Self::Notification => "notification",
        }
    }
}

/// The bound sockets of the controller, from its start until it vanishes.
#[derive(Debug)]
pub(super) struct Sockets {
    endpoints: [Endpoint; 7],
}

impl Sockets {
    /// Binds all, to the ports that they had before the controller vanished, or to free ones where a port is 0.
    pub(super) async fn bind(
        ports: [u16; 7],
        inbox: &mpsc::UnboundedSender<Incoming<Channel>>,
    ) -> std::io::Result<Self> {
        let mut endpoints = Vec::new();
        for (channel, port) in Channel::ALL.into_iter().zip(ports) {
            let kind = match channel {
                Channel::Iopub | Channel::Notification => Kind::Publisher,
                _ => Kind::Router,
            };
            endpoints.push(Endpoint::bind(kind, port, channel, inbox.clone()).await?);
        }
        let endpoints = endpoints.try_into().expect("as many endpoints as channels");
        Ok(Self { endpoints })
    }

    pub(super) fn ports(&self) -> [u16; 7] {
        self.endpoints.each_ref().map(Endpoint::port)
    }

    pub(super) fn of(&self, channel: Channel) -> &Endpoint {
        let at = Channel::ALL.iter().position(|one| *one == channel).expect("ALL holds every channel");
        &self.endpoints[at]
    }
}

/// What the controller knows; one lock, never held across an await.
#[derive(Default)]
pub(super) struct State {
    pub(super) sockets: Option<Sockets>,
    pub(super) engines: BTreeMap<u32, Engine>,
    pub(super) next_id: u32,
    pub(super) requests: Vec<Received>,
    /// How many messages were malformed or had a wrong signature.
    pub(super) rejected: usize,
    /// While set, requests are recorded and nothing is answered.
    pub(super) mute: bool,
    /// Whether engines have nannies, which answer `signal_request`.
    pub(super) nanny: bool,
    /// Where engines run; without a rule all are on `n00`.
    pub(super) hosts: Option<HostRule>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("engines", &self.engines.keys()).finish_non_exhaustive()
    }
}

/// What the controller's tasks share with [`super::Sim`].
pub(super) struct Core {
    pub(super) state: Mutex<State>,
    pub(super) signer: Signer,
    hub: Author,
    nanny: Author,
    pub(super) scripts: Scripts,
    pub(super) gates: watch::Sender<std::collections::HashSet<String>>,
    deaths: mpsc::UnboundedSender<(u32, String)>,
    /// Counts what arrived, so that a test can wait for it.
    pub(super) arrived: watch::Sender<usize>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn new(
        signer: Signer,
        scripts: Scripts,
        deaths: mpsc::UnboundedSender<(u32, String)>,
    ) -> Self {
        Self {
            state: Mutex::new(State { nanny: true, ..State::default() }),
            hub: Author::new(wire::fresh_id(), signer.clone()),
            nanny: Author::new(wire::fresh_id(), signer.clone()),
            signer,
            scripts,
            gates: watch::Sender::default(),
            deaths,
            arrived: watch::Sender::new(0),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Makes a new engine without announcing it, and returns its id and uuid.
    pub(super) fn new_engine(&self) -> (u32, String) {
        let mut state = self.state();
        let sockets = state.sockets.as_ref().expect("engines register while the controller is up");
        let outlets = Outlets {
            mux: sockets.of(Channel::Mux).sender(),
            iopub: sockets.of(Channel::Iopub).sender(),
            gates: self.gates.subscribe(),
            deaths: self.deaths.clone(),
        };
        let (id, uuid) = (state.next_id, wire::fresh_id());
        state.next_id += 1;
        let engine = Engine::start(id, uuid.clone(), &self.signer, self.scripts.clone(), outlets);
        state.engines.insert(id, engine);
        (id, uuid)
    }

    /// Notifies clients that an engine registered or unregistered.
    pub(super) async fn notify(&self, kind: &str, id: u32, uuid: &str) {
        let out = self.state().sockets.as_ref().map(|sockets| sockets.of(Channel::Notification).sender());
        let Some(out) = out else { return };
        let frames = self.hub.message(&[], kind, "{}", &json!({}), &json!({"id": id, "uuid": uuid}));
        out.publish(&frames).await;
    }

    /// Answers what comes in, until the simulation ends.
    pub(super) async fn serve(self: Arc<Self>, mut inbox: mpsc::UnboundedReceiver<Incoming<Channel>>) {
        while let Some(Incoming { tag, peer, frames }) = inbox.recv().await {
            self.handle(tag, &peer, &frames).await;
            self.arrived.send_modify(|count| *count += 1);
        }
    }

    /// Unregisters engines that died because their script says so.
    pub(super) async fn unregister_dead(self: Arc<Self>, mut deaths: mpsc::UnboundedReceiver<(u32, String)>) {
        while let Some((id, uuid)) = deaths.recv().await {
            let known = {
                let mut state = self.state();
                let same = state.engines.get(&id).is_some_and(|engine| engine.uuid == uuid);
                if same {
                    state.engines.remove(&id);
                }
                same
            };
            if known {
                self.notify("unregistration_notification", id, &uuid).await;
            }
        }
    }

    async fn handle(&self, channel: Channel, peer: &Bytes, frames: &[Bytes]) {
        let Some(message) = wire::read(&self.signer, frames) else {
            self.state().rejected += 1;
            return;
        };
        let uuid = message.prefix.first().map(|frame| String::from_utf8_lossy(frame).into_owned());
        let text = |key: &str| message.header[key].as_str().unwrap_or_default().to_owned();
        let received = {
            let mut state = self.state();
            let engine = uuid.as_ref().and_then(|uuid| {
                state.engines.iter().find(|(_, engine)| engine.uuid == *uuid).map(|(id, _)| *id)
            });
            let received = Received {
                channel,
                engine,
                msg_id: text("msg_id"),
                msg_type: text("msg_type"),
                session: text("session"),
                header: message.header.clone(),
                metadata: message.metadata,
                content: message.content,
            };
            state.requests.push(received.clone());
            if state.mute {
                return;
            }
            received
        };
        let parent = message.header.to_string();
        match (channel, received.engine) {
            (Channel::Registration, _) => self.answer_as_hub(peer, &parent, &received).await,
            (Channel::Mux, Some(id)) => self.relay(peer, parent, id, &received).await,
            (Channel::Control, Some(id)) => self.control(peer, &parent, id, &received).await,
            // Messages to unknown engines are dropped; those on task and broadcast are only recorded.
            _ => {}
        }
    }

    async fn answer_as_hub(&self, peer: &Bytes, parent: &str, request: &Received) {
        let (kind, content) = self.hub_answer(request);
        self.send(Channel::Registration, &self.hub, peer, &[], &kind, parent, content).await;
    }

    fn hub_answer(&self, request: &Received) -> (String, Value) {
        let state = self.state();
        let known = || state.engines.iter();
        match request.msg_type.as_str() {
            "connection_request" => {
                let engines: BTreeMap<String, &str> =
                    known().map(|(id, engine)| (id.to_string(), engine.uuid.as_str())).collect();
                ("connection_reply".to_owned(), json!({"status": "ok", "engines": engines}))
            }
            "queue_request" => {
                let wanted = request.content["targets"].as_array();
                let mut content = json!({"status": "ok", "unassigned": 0});
                for (id, engine) in known() {
                    let asked = wanted.is_none_or(|ids| ids.is_empty() || ids.contains(&json!(id)));
                    if asked {
                        let queue = engine.waiting() + usize::from(engine.running().is_some());
                        content[id.to_string()] = json!({"queue": queue, "completed": 0, "tasks": 0});
                    }
                }
                ("queue_reply".to_owned(), content)
            }
            // Whatever the query, it is about what has not ended.
            "db_request" => {
                let of = |engine: &Engine| {
                    let record = |(n, id): (usize, String)| {
                        let submitted = format!("2026-11-22T15:35:59.{n:06}Z");
                        json!({"msg_id": id, "engine_uuid": engine.uuid, "submitted": submitted})
                    };
                    engine.unfinished().into_iter().enumerate().map(record).collect::<Vec<_>>()
                };
                let records: Vec<Value> = known().flat_map(|(_, engine)| of(engine)).collect();
                ("db_reply".to_owned(), json!({"status": "ok", "records": records}))
            }
            "history_request" => {
                let runs = state.requests.iter().filter(|one| one.msg_type == "execute_request");
                let ids: Vec<&str> = runs.map(|one| one.msg_id.as_str()).collect();
                ("history_reply".to_owned(), json!({"status": "ok", "history": ids}))
            }
            other => {
                let evalue = format!("the simulated hub knows no {other}");
                let content =
                    json!({"status": "error", "ename": "KeyError", "evalue": evalue, "traceback": []});
                ("hub_error".to_owned(), content)
            }
        }
    }

    async fn relay(&self, peer: &Bytes, parent: String, id: u32, request: &Received) {
        let asked = match request.msg_type.as_str() {
            "execute_request" => Asked::Execute,
            "kernel_info_request" => Asked::KernelInfo,
            _ => return,
        };
        let job = Job {
            client: peer.clone(),
            parent,
            msg_id: request.msg_id.clone(),
            content: request.content.clone(),
            asked,
        };
        if let Some(engine) = self.state().engines.get(&id) {
            engine.take(job);
        }
    }

    async fn control(&self, peer: &Bytes, parent: &str, id: u32, request: &Received) {
        let Some(uuid) = self.state().engines.get(&id).map(|engine| engine.uuid.clone()) else { return };
        let prefix = [Bytes::from(uuid.clone())];
        let ok = || json!({"status": "ok"});
        match request.msg_type.as_str() {
            "kernel_info_request" => {
                let reply = Some(("kernel_info_reply", kernel_info()));
                self.answer_beside_work(Channel::Control, peer, parent, id, reply).await;
            }
            "usage_request" => self.usage(peer, parent, id).await,
            "signal_request" => {
                let content = {
                    let state = self.state();
                    if !state.nanny {
                        return;
                    }
                    match &request.content["sig"] {
                        Value::String(name) if name == "SIGINT" => interrupt(&state, id),
                        Value::Number(number) if number.as_i64() == Some(2) => interrupt(&state, id),
                        Value::String(name) if !name.starts_with("SIG") => json!({
                            "status": "error", "ename": "AttributeError", "traceback": [],
                            "evalue": format!("module 'signal' has no attribute '{name}'"),
                        }),
                        _ => ok(),
                    }
                };
                // ipyparallel's nanny really answers with `_request`, and with a session of its own.
                self.send(Channel::Control, &self.nanny, peer, &prefix, "_request", parent, content).await;
            }
            "interrupt_request" => {
                let content = interrupt(&self.state(), id);
                self.send(Channel::Control, &self.hub, peer, &prefix, "interrupt_reply", parent, content)
                    .await;
            }
            "abort_request" => {
                let Some(ids) = request.content["msg_ids"].as_array() else { return };
                let ids = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                if let Some(engine) = self.state().engines.get(&id) {
                    engine.abort(ids);
                }
                self.send(Channel::Control, &self.hub, peer, &prefix, "abort_reply", parent, ok()).await;
            }
            "clear_request" => {
                self.send(Channel::Control, &self.hub, peer, &prefix, "clear_reply", parent, ok()).await;
            }
            "shutdown_request" => {
                let content = json!({"status": "ok", "restart": false});
                self.send(Channel::Control, &self.hub, peer, &prefix, "shutdown_reply", parent, content)
                    .await;
                self.state().engines.remove(&id);
                self.notify("unregistration_notification", id, &uuid).await;
            }
            _ => {}
        }
    }

    /// Answers as ipykernel 6.10 and later do; earlier ones publish busy and idle, and do not answer.
    async fn usage(&self, peer: &Bytes, parent: &str, id: u32) {
        let rule = self.state().hosts.clone();
        let host = rule.map_or_else(|| Some("n00".to_owned()), |rule| rule(id));
        let content = host.map(|host| {
            json!({"hostname": host, "pid": 1000 + id, "kernel_cpu": 0.0, "kernel_memory": 79_000_576, "cpu_count": 2})
        });
        let reply = content.map(|content| ("usage_reply", content));
        self.answer_beside_work(Channel::Control, peer, parent, id, reply).await;
    }

    /// Answers also while the engine is busy, and publishes busy and idle, as ipykernel does.
    async fn answer_beside_work(
        &self,
        channel: Channel,
        peer: &Bytes,
        parent: &str,
        id: u32,
        reply: Option<(&str, Value)>,
    ) {
        let found = {
            let state = self.state();
            let sockets = state.sockets.as_ref().map(|sockets| sockets.of(Channel::Iopub).sender());
            let engine = state.engines.get(&id);
            engine.map(|engine| engine.uuid.clone()).zip(sockets)
        };
        let Some((uuid, iopub)) = found else { return };
        let author = Author::new(uuid.clone(), self.signer.clone());
        let topic = [Bytes::from(format!("engine.{id}.status"))];
        let metadata = json!({"engine": uuid});
        let status = |state: &str| {
            author.message(&topic, "status", parent, &metadata, &json!({"execution_state": state}))
        };
        iopub.publish(&status("busy")).await;
        if let Some((kind, content)) = reply {
            let prefix = [Bytes::from(uuid.clone())];
            self.send(channel, &author, peer, &prefix, kind, parent, content).await;
        }
        iopub.publish(&status("idle")).await;
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one message, each used once")]
    async fn send(
        &self,
        channel: Channel,
        author: &Author,
        peer: &Bytes,
        prefix: &[Bytes],
        kind: &str,
        parent: &str,
        content: Value,
    ) {
        let out = self.state().sockets.as_ref().map(|sockets| sockets.of(channel).sender());
        let Some(out) = out else { return };
        out.send(peer, &author.message(prefix, kind, parent, &json!({}), &content)).await;
    }
}

/// The content of a `kernel_info_reply`.
pub(super) fn kernel_info() -> Value {
    json!({
        "status": "ok", "protocol_version": "5.3", "implementation": "ipython",
        "implementation_version": "9.18.1", "banner": "simulated", "help_links": [],
        "language_info": {"name": "python", "version": "3.11.7", "mimetype": "text/x-python"},
    })
}

fn interrupt(state: &State, id: u32) -> Value {
    if let Some(engine) = state.engines.get(&id) {
        engine.interrupt();
    }
    json!({"status": "ok"})
}
