//! One simulated engine: takes its requests one after the other and does what their scripts say.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::AbortHandle,
};

use super::{
    ExecuteRequest, Scripts,
    controller::kernel_info,
    script::{Garbage, Script, Step, flood_line},
    wire::{self, Author, Signer},
};
use crate::zmtp::Outgoing;

/// The controller's handle of an engine.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) uuid: String,
    jobs: mpsc::UnboundedSender<Job>,
    shared: Arc<Shared>,
    task: AbortHandle,
}

/// A request on its way to an engine.
#[derive(Debug)]
pub(super) struct Job {
    /// Whom to answer on mux.
    pub(super) client: Bytes,
    /// The request's header as text, which is the parent of every answer.
    pub(super) parent: String,
    pub(super) msg_id: String,
    pub(super) content: Value,
    pub(super) asked: Asked,
}

/// What an engine's shell is asked. It answers in the order of the requests, when it is past what it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Execute,
    KernelInfo,
}

/// Where an engine's messages go.
#[derive(Clone, Debug)]
pub(super) struct Outlets {
    pub(super) mux: Outgoing,
    pub(super) iopub: Outgoing,
    pub(super) gates: watch::Receiver<HashSet<String>>,
    /// Receives the id and uuid of an engine that dies because its script says so.
    pub(super) deaths: mpsc::UnboundedSender<(u32, String)>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The request that runs, by its id.
    running: Mutex<Option<String>>,
    interrupted: AtomicBool,
    wake: Notify,
    aborted: Mutex<HashSet<String>>,
    abort_all: AtomicBool,
    waiting: Mutex<HashSet<String>>,
}

impl Engine {
    pub(super) fn start(id: u32, uuid: String, signer: &Signer, scripts: Scripts, outlets: Outlets) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let worker = Worker {
            id,
            uuid: uuid.clone(),
            author: Author::new(uuid.clone(), signer.clone()),
            stranger: Author::new(uuid.clone(), Signer::new("another key")),
            scripts,
            outlets,
            shared: shared.clone(),
            count: 0,
        };
        let task = tokio::spawn(worker.work(queue)).abort_handle();
        Self { uuid, jobs, shared, task }
    }

    pub(super) fn take(&self, job: Job) {
        // What it has not finished is code.
        if job.asked == Asked::Execute {
            lock(&self.shared.waiting).insert(job.msg_id.clone());
        }
        _ = self.jobs.send(job);
    }

    /// SIGINT: ends what runs, and does nothing to an idle engine.
    pub(super) fn interrupt(&self) {
        if lock(&self.shared.running).is_some() {
            self.shared.interrupted.store(true, Ordering::SeqCst);
            self.shared.wake.notify_one();
        }
    }

    /// `abort_request`: an empty list stands for all that wait.
    pub(super) fn abort(&self, ids: Vec<String>) {
        if ids.is_empty() {
            let waiting = lock(&self.shared.waiting).clone();
            lock(&self.shared.aborted).extend(waiting);
        } else {
            lock(&self.shared.aborted).extend(ids);
        }
    }

    /// From now on it answers nothing; the hub still lists it.
    pub(super) fn silence(&self) {
        self.task.abort();
    }

    /// The request that runs now, if any.
    pub(super) fn running(&self) -> Option<String> {
        lock(&self.shared.running).clone()
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.shared.waiting).len()
    }

    /// What it was sent and has not ended: what runs, and then what waits, in no order.
    pub(super) fn unfinished(&self) -> Vec<String> {
        let waiting = lock(&self.shared.waiting).clone();
        self.running().into_iter().chain(waiting).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Worker {
    id: u32,
    uuid: String,
    author: Author,
    /// Signs with a wrong key.
    stranger: Author,
    scripts: Scripts,
    outlets: Outlets,
    shared: Arc<Shared>,
    count: u64,
}

/// What the steps of one request share.
struct Run {
    job: Job,
    /// What the reply says, once the code raised.
    error: Option<Value>,
    replied: bool,
    twice: bool,
}

/// Why an engine stops taking requests.
enum End {
    Died,
    Vanished,
}

impl Worker {
    async fn work(mut self, mut queue: mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = queue.recv().await {
            if job.asked == Asked::KernelInfo {
                self.answer(&job, "kernel_info_reply", &kernel_info()).await;
                continue;
            }
            let id = job.msg_id.clone();
            lock(&self.shared.waiting).remove(&id);
            if self.shared.abort_all.load(Ordering::SeqCst) || lock(&self.shared.aborted).remove(&id) {
                self.answer(&job, "execute_reply", &json!({"status": "aborted"})).await;
                self.end_of_aborting();
                continue;
            }
            self.shared.interrupted.store(false, Ordering::SeqCst);
            *lock(&self.shared.running) = Some(id);
            let ended = self.run(job).await;
            *lock(&self.shared.running) = None;
            match ended {
                Ok(()) => {}
                Err(End::Died) => {
                    _ = self.outlets.deaths.send((self.id, self.uuid.clone()));
                    return;
                }
                // Its queue stays open, so that requests are still accepted.
                Err(End::Vanished) => std::future::pending().await,
            }
        }
    }

    /// An error aborts the requests that wait already; later ones run again.
    fn end_of_aborting(&self) {
        if lock(&self.shared.waiting).is_empty() {
            self.shared.abort_all.store(false, Ordering::SeqCst);
        }
    }

    /// Answers without running anything.
    async fn answer(&self, job: &Job, kind: &str, content: &Value) {
        self.iopub(job, "status", &json!({"execution_state": "busy"})).await;
        let frames = self.reply_frames(job, kind, content);
        self.outlets.mux.send(&job.client, &frames).await;
        self.iopub(job, "status", &json!({"execution_state": "idle"})).await;
    }

    async fn run(&mut self, job: Job) -> Result<(), End> {
        let text = |key: &str| job.content.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |key: &str, default| job.content.get(key).and_then(Value::as_bool).unwrap_or(default);
        let silent = flag("silent", false);
        let stop_on_error = flag("stop_on_error", true);
        if !silent {
            self.count += 1;
        }
        let request = ExecuteRequest { engine: self.id, code: text("code"), msg_id: job.msg_id.clone() };
        let Script { before, body, after } = self.scripts.find(&request);
        let mut run = Run { job, error: None, replied: false, twice: false };
        let mut steps: VecDeque<Step> = before.into_iter().chain(body).collect();
        let mut after = VecDeque::from(after);
        let mut interruptible = true;
        while let Some(step) = steps.pop_front().or_else(|| after.pop_front()) {
            let hidden = silent && matches!(step, Step::Input | Step::Result(_));
            if !hidden {
                self.step(&mut run, step).await?;
            }
            if interruptible && self.shared.interrupted.load(Ordering::SeqCst) {
                interruptible = false;
                // Like a real engine: the code ends with KeyboardInterrupt, and the request is answered.
                steps.clear();
                let mut ending = vec![error_step("KeyboardInterrupt", "")];
                if !run.replied {
                    ending.push(Step::Reply);
                }
                ending.push(Step::Idle);
                after = ending.into();
            }
        }
        if run.error.is_some() && stop_on_error && !silent && !lock(&self.shared.waiting).is_empty() {
            self.shared.abort_all.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn step(&self, run: &mut Run, step: Step) -> Result<(), End> {
        match step {
            Step::Busy => self.out(run, "status", json!({"execution_state": "busy"})).await,
            Step::Idle => self.out(run, "status", json!({"execution_state": "idle"})).await,
            Step::Input => {
                let code = run.job.content.get("code").cloned().unwrap_or_default();
                self.out(run, "execute_input", json!({"code": code, "execution_count": self.count})).await;
            }
            Step::Stream { name, text } => self.out(run, "stream", json!({"name": name, "text": text})).await,
            Step::Flood { name, lines, bytes, per_message } => {
                let mut at = 0;
                while at < lines {
                    let until = lines.min(at + per_message);
                    let text: String = (at..until).map(|n| flood_line(self.id, n, bytes)).collect();
                    self.out(run, "stream", json!({"name": name, "text": text})).await;
                    at = until;
                }
            }
            Step::Output { kind, content } => self.out(run, kind, content).await,
            Step::Result(data) => {
                let content = json!({"data": data, "metadata": {}, "execution_count": self.count});
                self.out(run, "execute_result", content).await;
            }
            Step::Error { ename, evalue, traceback } => {
                let content = json!({"ename": ename, "evalue": evalue, "traceback": traceback});
                run.error = Some(content.clone());
                self.out(run, "error", content).await;
            }
            Step::Reply => {
                let content = self.reply(run.error.as_ref());
                self.reply_with(run, content).await;
            }
            Step::ReplyWith(content) => self.reply_with(run, content).await,
            Step::Wait(gate) => self.wait(&gate).await,
            Step::Hang => self.interrupted().await,
            Step::Die => return Err(End::Died),
            Step::Vanish => return Err(End::Vanished),
            Step::Garbage(garbage) => self.garbage(&run.job, garbage).await,
            Step::Foreign(step) => {
                let parent = json!({
                    "msg_id": format!("{}_7_7", wire::fresh_id()), "msg_type": "execute_request",
                    "username": "username", "session": wire::fresh_id(), "date": wire::now(), "version": "5.4",
                });
                let ours = std::mem::replace(&mut run.job.parent, parent.to_string());
                let (error, replied) = (run.error.take(), run.replied);
                let result = Box::pin(self.step(run, *step)).await;
                run.job.parent = ours;
                (run.error, run.replied) = (error, replied);
                result?;
            }
            Step::Twice(step) => {
                run.twice = true;
                let result = Box::pin(self.step(run, *step)).await;
                run.twice = false;
                result?;
            }
        }
        Ok(())
    }

    async fn out(&self, run: &Run, kind: &str, content: Value) {
        let frames = self.iopub_frames(&run.job.parent, kind, &content);
        for _ in 0..=u8::from(run.twice) {
            self.outlets.iopub.publish(&frames).await;
        }
    }

    async fn iopub(&self, job: &Job, kind: &str, content: &Value) {
        self.outlets.iopub.publish(&self.iopub_frames(&job.parent, kind, content)).await;
    }

    fn iopub_frames(&self, parent: &str, kind: &str, content: &Value) -> Vec<Bytes> {
        let last = match kind {
            "stream" => content["name"].as_str().unwrap_or("stdout"),
            "display_data" | "update_display_data" | "clear_output" => "displaypub",
            other => other,
        };
        // Real engines name themselves in the metadata of these types only.
        let metadata = match kind {
            "status" | "execute_input" | "error" => json!({"engine": self.uuid}),
            _ => json!({}),
        };
        let topic = Bytes::from(format!("engine.{}.{last}", self.id));
        self.author.message(&[topic], kind, parent, &metadata, content)
    }

    fn reply(&self, error: Option<&Value>) -> Value {
        let mut content = match error {
            None => json!({"status": "ok"}),
            Some(error) => {
                let mut content = error.clone();
                content["status"] = json!("error");
                content["engine_info"] =
                    json!({"engine_uuid": self.uuid, "engine_id": self.id, "method": "execute"});
                content
            }
        };
        content["execution_count"] = json!(self.count);
        content["user_expressions"] = json!({});
        content["payload"] = json!([]);
        content
    }

    async fn reply_with(&self, run: &mut Run, content: Value) {
        let frames = self.reply_frames(&run.job, "execute_reply", &content);
        for _ in 0..=u8::from(run.twice) {
            self.outlets.mux.send(&run.job.client, &frames).await;
        }
        run.replied = true;
    }

    fn reply_frames(&self, job: &Job, kind: &str, content: &Value) -> Vec<Bytes> {
        let metadata = json!({
            "started": wire::now(), "dependencies_met": true, "engine": self.uuid, "is_broadcast": false,
            "is_coalescing": false, "original_msg_id": "", "label": null, "status": content["status"],
        });
        let prefix = [Bytes::from(self.uuid.clone())];
        self.author.message(&prefix, kind, &job.parent, &metadata, content)
    }

    async fn wait(&self, gate: &str) {
        let mut gates = self.outlets.gates.clone();
        let opened = async {
            // The sender lives as long as the simulation does.
            _ = gates.wait_for(|open| open.contains(gate)).await.is_ok();
        };
        tokio::select! {
            () = opened => {}
            () = self.interrupted() => {}
        }
    }

    async fn interrupted(&self) {
        while !self.shared.interrupted.load(Ordering::SeqCst) {
            self.shared.wake.notified().await;
        }
    }

    async fn garbage(&self, job: &Job, garbage: Garbage) {
        let topic = Bytes::from(format!("engine.{}.stdout", self.id));
        for (prefix, kind) in [(topic, "stream"), (Bytes::from(self.uuid.clone()), "execute_reply")] {
            let frames = self.garbage_frames(prefix, kind, job, garbage);
            if kind == "stream" {
                self.outlets.iopub.publish(&frames).await;
            } else {
                self.outlets.mux.send(&job.client, &frames).await;
            }
        }
    }

    fn garbage_frames(&self, prefix: Bytes, kind: &str, job: &Job, garbage: Garbage) -> Vec<Bytes> {
        let prefix = [prefix];
        let bad = json!({"name": "stdout", "text": "GARBAGE\n", "status": "ok"});
        let message = |kind: &str, parent: &str, content: &[u8]| {
            self.author.frames(&prefix, kind, parent, &json!({}), Bytes::copy_from_slice(content))
        };
        match garbage {
            Garbage::NoDelimiter => vec![prefix[0].clone(), Bytes::from_static(b"no delimiter here")],
            Garbage::TooFewFrames => {
                let mut frames = message(kind, &job.parent, bad.to_string().as_bytes());
                frames.truncate(wire::signature_at(prefix.len()) + 2);
                frames
            }
            Garbage::Empty => vec![Bytes::new()],
            Garbage::BadSignature => self.stranger.message(&prefix, kind, &job.parent, &json!({}), &bad),
            Garbage::BadJson => message(kind, &job.parent, br#"{"name": "stdout", "text": "GARB"#),
            Garbage::BadParent => message(kind, "[1, 2]", bad.to_string().as_bytes()),
            Garbage::UnknownType => message("nobody_knows_this", &job.parent, b"{}"),
            Garbage::MissingFields => message(kind, &job.parent, b"{}"),
            Garbage::BadUtf8 => {
                message(kind, &job.parent, b"{\"name\": \"stdout\", \"text\": \"GARB\xff\xfe\"}")
            }
        }
    }
}

fn error_step(ename: &str, evalue: &str) -> Step {
    match Script::new().error(ename, evalue).body.pop() {
        Some(step) => step,
        None => unreachable!("Script::error adds a step"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
