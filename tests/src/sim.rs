//! A simulated ipyparallel controller with as many engines as a test wants, over real sockets.
//!
//! It is for what a real cluster cannot be made to do: die at a given message, fall silent, send garbage, answer
//! late or twice, have 1,000 engines. It speaks the wire protocol of ipyparallel 9.2 with its own signing and
//! transport, and writes a real connection file. Engines run their requests one after the other and do what a
//! [`Script`] says; code that no rule fits runs without output.
//!
//! It runs on threads of its own, so that tests may be async or not. It never sleeps and never drops a message: a
//! subscriber that does not read slows the engines down after some 16,000 messages.
//!
//! ```
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! use pxlens_tests::sim::{Script, Sim};
//! let sim = Sim::builder()
//!     .engines(4)
//!     .on("1+1", Script::new().result_text("2"))
//!     .on_engine(2, "1+1", Script::new().error("ValueError", "not here"))
//!     .start()
//!     .await;
//! assert!(sim.connection_file().exists());
//! # });
//! ```

mod controller;
mod engine;
mod script;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    runtime::{Handle, Runtime},
    sync::mpsc,
    time::timeout,
};

pub use controller::Channel;
pub use script::{Garbage, Script, Step, flood_line};

use crate::{PATIENCE, within, zmtp::Incoming};
use controller::{Core, Sockets};
use wire::Signer;

/// A message of a client with the right signature.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the parts of a Jupyter message")]
pub struct Received {
    pub channel: Channel,
    /// The engine it is for, if that one is alive.
    pub engine: Option<u32>,
    pub msg_id: String,
    pub msg_type: String,
    pub session: String,
    pub header: Value,
    pub metadata: Value,
    pub content: Value,
}

impl Received {
    /// The code of an `execute_request`; empty for other messages.
    pub fn code(&self) -> &str {
        self.content["code"].as_str().unwrap_or_default()
    }
}

/// What a [`Script`] is looked up by.
#[derive(Clone, Debug)]
pub struct ExecuteRequest {
    /// The engine that runs it.
    pub engine: u32,
    /// The code, as it was sent.
    pub code: String,
    /// The request's id.
    pub msg_id: String,
}

type Rule = Arc<dyn Fn(&ExecuteRequest) -> Option<Script> + Send + Sync>;

/// The host of an engine; `None` if the engine does not answer where it runs.
type HostRule = Arc<dyn Fn(u32) -> Option<String> + Send + Sync>;

/// The rules of a simulation; of those that fit, the last added wins.
#[derive(Clone, Default)]
struct Scripts(Arc<std::sync::RwLock<Vec<Rule>>>);

impl Scripts {
    fn add(&self, rule: Rule) {
        self.0.write().expect("no holder of this lock panics").push(rule);
    }

    fn find(&self, request: &ExecuteRequest) -> Script {
        let rules = self.0.read().expect("no holder of this lock panics").clone();
        rules.iter().rev().find_map(|rule| rule(request)).unwrap_or_default()
    }
}

/// Describes a simulation before it starts.
#[derive(Default)]
pub struct Builder {
    engines: u32,
    scripts: Scripts,
    key: Option<String>,
    without_nanny: bool,
    hosts: Option<HostRule>,
}

impl Builder {
    /// How many engines are registered at the start; by default none.
    #[must_use]
    pub fn engines(mut self, count: u32) -> Self {
        self.engines = count;
        self
    }

    /// What every engine does with `code`, compared without the blanks around it.
    #[must_use]
    pub fn on(self, code: &str, script: Script) -> Self {
        let code = code.trim().to_owned();
        self.script(move |request| (request.code.trim() == code).then(|| script.clone()))
    }

    /// What one engine does with `code`.
    #[must_use]
    pub fn on_engine(self, engine: u32, code: &str, script: Script) -> Self {
        let code = code.trim().to_owned();
        self.script(move |request| {
            (request.engine == engine && request.code.trim() == code).then(|| script.clone())
        })
    }

    /// What engines do, by a function of engine and code. Of the rules that fit, the last added wins.
    #[must_use]
    pub fn script(self, rule: impl Fn(&ExecuteRequest) -> Option<Script> + Send + Sync + 'static) -> Self {
        self.scripts.add(Arc::new(rule));
        self
    }

    /// The key in the connection file, instead of a random one.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Engines without nannies: `signal_request` is never answered.
    #[must_use]
    pub fn without_nanny(mut self) -> Self {
        self.without_nanny = true;
        self
    }

    /// Where engines say that they run, by their id; `None` for an engine that does not know the question, like ipykernel
    /// before 6.10. By default all are on `n00`. Their process ids are 1000 + id.
    #[must_use]
    pub fn hosts(mut self, rule: impl Fn(u32) -> Option<String> + Send + Sync + 'static) -> Self {
        self.hosts = Some(Arc::new(rule));
        self
    }

    /// Every engine is on a host of its own: engine 0 on `n01`, engine 1 on `n02`, ...
    #[must_use]
    pub fn a_host_each(self) -> Self {
        self.hosts(|engine| Some(format!("n{:02}", engine + 1)))
    }

    /// Starts it. When this returns, the connection file is written and all ports are bound.
    pub async fn start(self) -> Sim {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || _ = sender.send(self.start_blocking()));
        receiver.await.expect("the simulation starts")
    }

    /// Like [`Self::start`], for tests that are not async. Panics inside an async one.
    pub fn start_blocking(self) -> Sim {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("simulated-controller")
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let key = self.key.unwrap_or_else(wire::fresh_id);
        let (deaths, died) = mpsc::unbounded_channel();
        let (inbox, incoming) = mpsc::unbounded_channel();
        let core = Arc::new(Core::new(Signer::new(&key), self.scripts, deaths));
        core.state().nanny = !self.without_nanny;
        core.state().hosts = self.hosts;
        let folder = tempfile::Builder::new().prefix("pxlens-sim-").tempdir().expect("a temporary folder");
        let sim = Sim {
            core: core.clone(),
            inbox,
            key,
            folder,
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        };
        sim.handle.spawn(core.clone().serve(incoming));
        sim.handle.spawn(core.clone().unregister_dead(died));
        sim.handle.block_on(sim.open_sockets([0; 7]));
        let _context = sim.handle.enter();
        for _ in 0..self.engines {
            core.new_engine();
        }
        sim
    }
}

/// A running simulation. Everything in it ends when it is dropped.
#[derive(Debug)]
pub struct Sim {
    core: Arc<Core>,
    inbox: mpsc::UnboundedSender<Incoming<Channel>>,
    key: String,
    folder: tempfile::TempDir,
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Sim {
    /// Describes a simulation.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An IPython directory in which discovery finds this controller (by its connection file).
    pub fn ipython_dir(&self) -> &Path {
        self.folder.path()
    }

    /// The client's connection file.
    pub fn connection_file(&self) -> PathBuf {
        self.folder.path().join("profile_default/security/ipcontroller-client.json")
    }

    /// A copy of the connection file in which some fields differ, e.g. `key`.
    pub fn connection_file_with(&self, changes: &Value) -> PathBuf {
        let text = std::fs::read_to_string(self.connection_file()).expect("the connection file is there");
        let mut info: Value = serde_json::from_str(&text).expect("the connection file is JSON");
        for (key, value) in changes.as_object().into_iter().flatten() {
            info[key] = value.clone();
        }
        let path = self.folder.path().join(format!("changed-{}.json", wire::fresh_id()));
        write_for_owner(&path, &info.to_string());
        path
    }

    /// The ids and uuids of the engines that the hub lists.
    pub fn engines(&self) -> Vec<(u32, String)> {
        self.core.state().engines.iter().map(|(id, engine)| (*id, engine.uuid.clone())).collect()
    }

    /// Like [`Builder::on`], for a running simulation. This rule takes precedence over earlier ones.
    pub fn on(&self, code: &str, script: Script) {
        let code = code.trim().to_owned();
        self.core.scripts.add(Arc::new(move |request| (request.code.trim() == code).then(|| script.clone())));
    }

    /// Registers one more engine, announces it, and returns its id.
    pub async fn add_engine(&self) -> u32 {
        let (id, uuid) = {
            let _context = self.handle.enter();
            self.core.new_engine()
        };
        self.core.notify("registration_notification", id, &uuid).await;
        id
    }

    /// Kills an engine; the hub hears of it from its nanny and notifies clients.
    pub async fn kill_engine(&self, id: u32) {
        let engine = self.core.state().engines.remove(&id);
        if let Some(engine) = engine {
            self.core.notify("unregistration_notification", id, &engine.uuid).await;
        }
    }

    /// Kills an engine and its nanny, unnoticed by the hub: the engine stays listed and never answers.
    pub fn lose_engine(&self, id: u32) {
        if let Some(engine) = self.core.state().engines.get(&id) {
            engine.silence();
        }
    }

    /// Opens a gate: scripts that wait at it go on, and later ones do not wait.
    pub fn open(&self, gate: &str) {
        self.core.gates.send_modify(|open| _ = open.insert(gate.to_owned()));
    }

    /// While it is mute, requests are recorded and nothing is answered, like a controller that hangs.
    pub fn mute(&self, mute: bool) {
        self.core.state().mute = mute;
    }

    /// Breaks the connections of these channels, with what is on its way in them. The controller and its engines go on.
    pub fn cut(&self, channels: &[Channel]) {
        let state = self.core.state();
        let Some(sockets) = &state.sockets else { return };
        channels.iter().for_each(|channel| sockets.of(*channel).cut());
    }

    /// Ends the controller: its sockets close at once, and its engines end with it. The connection file stays.
    pub fn vanish(&self) -> Gone {
        let (sockets, engines) = {
            let mut state = self.core.state();
            (state.sockets.take(), std::mem::take(&mut state.engines))
        };
        drop(engines);
        let ports = sockets.as_ref().map_or([0; 7], Sockets::ports);
        drop(sockets);
        Gone { ports }
    }

    /// Starts the controller again with the same ports and key, and with `engines` new engines whose ids begin at 0.
    pub async fn come_back(&self, gone: Gone, engines: u32) {
        self.restart(gone.ports, engines).await;
    }

    /// Like [`Self::come_back`], on other ports, which it writes to the connection file.
    pub async fn come_back_elsewhere(&self, _gone: Gone, engines: u32) {
        self.restart([0; 7], engines).await;
    }

    async fn restart(&self, ports: [u16; 7], engines: u32) {
        self.core.state().next_id = 0;
        // Sockets live on the simulation's own runtime, whichever the caller runs on.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let inbox = self.inbox.clone();
        self.handle.spawn(async move { sender.send(bind(ports, &inbox).await) });
        self.put_sockets(receiver.await.expect("the simulation's runtime is up"));
        let _context = self.handle.enter();
        for _ in 0..engines {
            self.core.new_engine();
        }
    }

    async fn open_sockets(&self, ports: [u16; 7]) {
        self.put_sockets(bind(ports, &self.inbox).await);
    }

    fn put_sockets(&self, sockets: Sockets) {
        write_connection_file(&self.connection_file(), &sockets, &self.key);
        self.core.state().sockets = Some(sockets);
    }

    /// All messages that arrived so far with the right signature, in order.
    pub fn requests(&self) -> Vec<Received> {
        self.core.state().requests.clone()
    }

    /// The `execute_request`s that arrived so far, in order.
    pub fn executed(&self) -> Vec<Received> {
        let mut requests = self.requests();
        requests.retain(|one| one.msg_type == "execute_request");
        requests
    }

    /// How many messages arrived that were malformed or had a wrong signature.
    pub fn rejected(&self) -> usize {
        self.core.state().rejected
    }

    /// How many subscribers iopub has.
    pub fn subscribers(&self) -> usize {
        self.core.state().sockets.as_ref().map_or(0, |sockets| sockets.of(Channel::Iopub).peers())
    }

    /// Waits until a message fits that arrived before or arrives now, and returns it. Panics when none comes.
    pub async fn wait_for(&self, what: &str, fits: impl Fn(&Received) -> bool) -> Received {
        self.wait_for_all(what, 1, fits).await.swap_remove(0)
    }

    /// Waits until `count` messages that fit have arrived, and returns all that have. Panics when they do not come.
    pub async fn wait_for_all(
        &self,
        what: &str,
        count: usize,
        fits: impl Fn(&Received) -> bool,
    ) -> Vec<Received> {
        let mut arrived = self.core.arrived.subscribe();
        let search = async {
            loop {
                arrived.mark_unchanged();
                let mut found = self.requests();
                found.retain(&fits);
                if found.len() >= count {
                    return found;
                }
                arrived.changed().await.expect("the simulation outlives the waiting");
            }
        };
        let found = timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| {
            let all = self.requests();
            let came: Vec<_> = all.iter().map(|one| (one.engine, &one.msg_type, one.code())).collect();
            panic!("waited {PATIENCE:?} in vain for {count} × {what}; these messages came: {came:?}")
        })
    }

    /// Waits until `count` `execute_request`s have arrived, and returns all. Panics when they do not come.
    pub async fn wait_for_runs(&self, count: usize) -> Vec<Received> {
        self.wait_for_all("execute_request", count, |one| one.msg_type == "execute_request").await
    }

    /// [`Self::wait_for_runs`] for tests that are not async.
    pub fn wait_for_runs_blocking(&self, count: usize) -> Vec<Received> {
        self.handle.block_on(self.wait_for_runs(count))
    }

    /// Waits until so many engines run a request: one that has only arrived can still be aborted. Panics when they do not.
    pub fn wait_until_running_blocking(&self, count: usize) {
        let running =
            || self.core.state().engines.values().filter(|engine| engine.running().is_some()).count();
        let all_run = async {
            while running() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let all_run = async { timeout(PATIENCE, all_run).await };
        assert!(self.handle.block_on(all_run).is_ok(), "{} of {count} engines run a request", running());
    }

    /// Ends it. Dropping does the same.
    pub fn stop(self) {}
}

impl Drop for Sim {
    fn drop(&mut self) {
        {
            let mut state = self.core.state();
            state.engines.clear();
            state.sockets = None;
        }
        if let Some(runtime) = self.runtime.take() {
            // Without waiting for its end, which another runtime would refuse if the drop happens inside it.
            runtime.shutdown_background();
        }
    }
}

/// The ports of a controller that vanished, on which it can come back.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Gone {
    ports: [u16; 7],
}

async fn bind(ports: [u16; 7], inbox: &mpsc::UnboundedSender<Incoming<Channel>>) -> Sockets {
    // The sockets of a controller that vanished close in their tasks, a moment after they were told to.
    let bound = async {
        loop {
            match Sockets::bind(ports, inbox).await {
                Ok(sockets) => return sockets,
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => tokio::task::yield_now().await,
                Err(error) => panic!("cannot listen on 127.0.0.1: {error}"),
            }
        }
    };
    within("free ports for the simulated controller", bound).await
}

fn write_connection_file(path: &Path, sockets: &Sockets, key: &str) {
    let mut info = json!({
        "ssh": "", "interface": "tcp://127.0.0.1", "task_scheme": "leastload", "key": key,
        "curve_serverkey": null, "location": "localhost", "pack": "json", "unpack": "json",
        "signature_scheme": "hmac-sha256",
    });
    for (channel, port) in Channel::ALL.into_iter().zip(sockets.ports()) {
        info[channel.name()] = json!(port);
    }
    let folder = path.parent().expect("the file lies in a folder");
    std::fs::create_dir_all(folder).expect("the temporary folder can be written");
    // A reader must never see an unfinished file.
    let unfinished = path.with_extension("tmp");
    write_for_owner(&unfinished, &info.to_string());
    std::fs::rename(&unfinished, path).expect("the temporary folder can be written");
}

/// Writes a file that only its owner can read, as ipyparallel does with its keys.
fn write_for_owner(path: &Path, text: &str) {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).expect("the temporary folder can be written");
    file.write_all(text.as_bytes()).expect("the temporary folder can be written");
}
