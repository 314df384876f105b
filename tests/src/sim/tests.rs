//! The simulation against a client made of the `zeromq` crate and nothing of pxlens.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::timeout;
use zeromq::{DealerSocket, Socket, SocketRecv, SocketSend, SubSocket, ZmqMessage};

use super::*;

/// A client with the sockets that `%px` needs.
struct Raw {
    key: String,
    session: String,
    count: usize,
    registration: DealerSocket,
    mux: DealerSocket,
    control: DealerSocket,
    iopub: SubSocket,
    notification: SubSocket,
}

#[derive(Clone, Debug, PartialEq)]
struct Message {
    prefix: Vec<String>,
    kind: String,
    parent: Value,
    content: Value,
    session: String,
}

impl Raw {
    async fn connect(sim: &Sim) -> Self {
        let text = std::fs::read_to_string(sim.connection_file()).unwrap();
        let info: Value = serde_json::from_str(&text).unwrap();
        let url = |name: &str| format!("{}:{}", info["interface"].as_str().unwrap(), info[name]);
        let mut raw = Self {
            key: info["key"].as_str().unwrap().to_owned(),
            session: "raw-client".to_owned(),
            count: 0,
            registration: DealerSocket::new(),
            mux: DealerSocket::new(),
            control: DealerSocket::new(),
            iopub: SubSocket::new(),
            notification: SubSocket::new(),
        };
        let connected = async {
            raw.registration.connect(&url("registration")).await.unwrap();
            raw.mux.connect(&url("mux")).await.unwrap();
            raw.control.connect(&url("control")).await.unwrap();
            raw.iopub.subscribe("").await.unwrap();
            raw.iopub.connect(&url("iopub")).await.unwrap();
            raw.notification.subscribe("").await.unwrap();
            raw.notification.connect(&url("notification")).await.unwrap();
        };
        within("connections to the controller", connected).await;
        raw.warm_up(sim).await;
        raw
    }

    /// Waits until the subscription is in force; what is published before that is lost.
    async fn warm_up(&mut self, sim: &Sim) {
        let Some((_, uuid)) = sim.engines().into_iter().next() else { return };
        self.send("control", Some(&uuid), "kernel_info_request", json!({})).await;
        loop {
            let message = self.receive("iopub").await;
            if message.content["execution_state"] == "idle" {
                break;
            }
        }
        assert_eq!(self.receive("control").await.kind, "kernel_info_reply");
    }

    fn sign(key: &str, frames: &[Bytes]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        frames.iter().for_each(|frame| mac.update(frame));
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn send(&mut self, channel: &str, to: Option<&str>, kind: &str, content: Value) -> String {
        let id = format!("{}_{}", self.session, self.count);
        self.count += 1;
        let header = json!({
            "msg_id": id, "msg_type": kind, "session": self.session, "username": "u",
            "date": "2026-11-22T15:35:59.931177Z", "version": "5.4",
        });
        let parts: Vec<Bytes> = [header, json!({}), json!({}), content]
            .iter()
            .map(|part| Bytes::from(part.to_string()))
            .collect();
        let mut frames: Vec<Bytes> = to.map(|to| Bytes::from(to.to_owned())).into_iter().collect();
        frames.push(Bytes::from_static(b"<IDS|MSG>"));
        frames.push(Bytes::from(Self::sign(&self.key, &parts)));
        frames.extend(parts);
        let message = ZmqMessage::try_from(frames).unwrap();
        let sent = async {
            match channel {
                "registration" => self.registration.send(message).await.unwrap(),
                "mux" => self.mux.send(message).await.unwrap(),
                "control" => self.control.send(message).await.unwrap(),
                other => panic!("nothing is sent on {other}"),
            }
        };
        within(format!("{kind} to be sent on {channel}"), sent).await;
        id
    }

    async fn frames(&mut self, channel: &str) -> Vec<Bytes> {
        let received = async {
            match channel {
                "registration" => self.registration.recv().await,
                "mux" => self.mux.recv().await,
                "control" => self.control.recv().await,
                "iopub" => self.iopub.recv().await,
                _ => self.notification.recv().await,
            }
        };
        within(format!("a message on {channel}"), received).await.unwrap().into_vec()
    }

    async fn receive(&mut self, channel: &str) -> Message {
        let frames = self.frames(channel).await;
        self.decode(&frames).expect("the message is complete and has the right signature")
    }

    fn decode(&self, frames: &[Bytes]) -> Option<Message> {
        let at = frames.iter().position(|frame| frame.as_ref() == b"<IDS|MSG>")?;
        let rest = frames.get(at + 1..at + 6)?;
        (Self::sign(&self.key, &rest[1..]).as_bytes() == rest[0]).then_some(())?;
        let json = |at: usize| serde_json::from_slice::<Value>(&rest[at]).ok().filter(Value::is_object);
        let header = json(1)?;
        Some(Message {
            prefix: frames[..at].iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect(),
            kind: header["msg_type"].as_str()?.to_owned(),
            session: header["session"].as_str()?.to_owned(),
            parent: json(2)?,
            content: json(4)?,
        })
    }

    async fn execute(&mut self, sim: &Sim, engine: u32, code: &str) -> String {
        let engines = sim.engines();
        let (_, uuid) = engines.iter().find(|(id, _)| *id == engine).unwrap();
        let content = json!({"code": code, "silent": false, "user_expressions": {}});
        self.send("mux", Some(uuid), "execute_request", content).await
    }

    /// The iopub messages up to idle.
    async fn output(&mut self) -> Vec<Message> {
        let mut messages = vec![self.receive("iopub").await];
        while messages.last().unwrap().content["execution_state"] != "idle" {
            messages.push(self.receive("iopub").await);
        }
        messages
    }
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.kind.as_str()).collect()
}

#[tokio::test]
async fn the_hub_lists_its_engines() {
    let sim = Sim::builder().engines(3).start().await;
    let mut raw = Raw::connect(&sim).await;
    let id = raw.send("registration", None, "connection_request", json!({})).await;
    let reply = raw.receive("registration").await;
    assert_eq!((reply.kind.as_str(), &reply.parent["msg_id"]), ("connection_reply", &json!(id)));
    let engines: BTreeMap<String, String> = serde_json::from_value(reply.content["engines"].clone()).unwrap();
    let expected: BTreeMap<String, String> =
        sim.engines().into_iter().map(|(id, uuid)| (id.to_string(), uuid)).collect();
    assert_eq!((engines.len(), &engines), (3, &expected));

    raw.send("registration", None, "queue_request", json!({"targets": null, "verbose": false})).await;
    let reply = raw.receive("registration").await;
    assert_eq!(reply.content["2"], json!({"queue": 0, "completed": 0, "tasks": 0}));
}

#[tokio::test]
async fn a_run_gives_its_messages_in_the_order_of_the_script() {
    let script =
        Script::new().stdout("a\n").stderr("b\n").display(json!({"text/plain": "d"})).result_text("2");
    let sim = Sim::builder().engines(2).on("1+1", script).start().await;
    let mut raw = Raw::connect(&sim).await;
    let id = raw.execute(&sim, 1, "1+1\n").await;
    let output = raw.output().await;
    assert_eq!(
        kinds(&output),
        ["status", "execute_input", "stream", "stream", "display_data", "execute_result", "status"]
    );
    let uuid = sim.engines()[1].1.clone();
    assert!(output.iter().all(|message| message.parent["msg_id"] == id && message.session == uuid));
    assert_eq!(output[3].prefix, ["engine.1.stderr"]);
    assert_eq!(output[5].content["execution_count"], 1);
    let reply = raw.receive("mux").await;
    assert_eq!((reply.prefix, &reply.content["status"]), (vec![uuid], &json!("ok")));
    assert_eq!(sim.wait_for_runs(1).await[0].engine, Some(1));
}

#[tokio::test]
async fn an_error_is_in_the_reply_too_and_aborts_what_waits() {
    let script = Script::new().wait("queued").error("ValueError", "no");
    let sim = Sim::builder().engines(1).on("bad", script).start().await;
    let mut raw = Raw::connect(&sim).await;
    raw.execute(&sim, 0, "bad").await;
    raw.execute(&sim, 0, "next").await;
    sim.wait_for_runs(2).await;
    sim.open("queued");
    let first = raw.receive("mux").await.content;
    assert_eq!((&first["status"], &first["ename"]), (&json!("error"), &json!("ValueError")));
    assert_eq!(first["engine_info"]["engine_id"], 0);
    assert_eq!(raw.receive("mux").await.content, json!({"status": "aborted"}));
    raw.execute(&sim, 0, "later").await;
    assert_eq!(raw.receive("mux").await.content["status"], "ok");
}

#[tokio::test]
async fn an_interrupt_ends_what_runs_with_keyboard_interrupt() {
    let sim = Sim::builder().engines(1).on("loop", Script::new().hang()).start().await;
    let mut raw = Raw::connect(&sim).await;
    let uuid = sim.engines()[0].1.clone();
    raw.execute(&sim, 0, "loop").await;
    while raw.receive("iopub").await.kind != "execute_input" {}
    let id = raw.send("control", Some(&uuid), "signal_request", json!({"sig": "SIGINT"})).await;
    let answer = raw.receive("control").await;
    assert_eq!((answer.kind.as_str(), &answer.parent["msg_id"]), ("_request", &json!(id)));
    assert_eq!(raw.receive("mux").await.content["ename"], "KeyboardInterrupt");
    assert_eq!(kinds(&raw.output().await), ["error", "status"]);
}

#[tokio::test]
async fn an_aborted_request_is_answered_without_running() {
    let sim = Sim::builder().engines(1).on("first", Script::new().wait("go")).start().await;
    let mut raw = Raw::connect(&sim).await;
    let uuid = sim.engines()[0].1.clone();
    raw.execute(&sim, 0, "first").await;
    let second = raw.execute(&sim, 0, "second").await;
    raw.send("control", Some(&uuid), "abort_request", json!({"msg_ids": [second]})).await;
    assert_eq!(raw.receive("control").await.kind, "abort_reply");
    sim.open("go");
    assert_eq!(raw.receive("mux").await.content["status"], "ok");
    assert_eq!(raw.receive("mux").await.content["status"], "aborted");
}

#[tokio::test]
async fn the_death_of_an_engine_is_notified_and_it_never_answers() {
    let sim = Sim::builder().engines(2).on("die", Script::new().stdout("last words\n").die()).start().await;
    let mut raw = Raw::connect(&sim).await;
    let uuid = sim.engines()[1].1.clone();
    raw.execute(&sim, 1, "die").await;
    let notice = raw.receive("notification").await;
    assert_eq!(notice.kind, "unregistration_notification");
    assert_eq!(notice.content, json!({"id": 1, "uuid": uuid}));
    assert_eq!((notice.prefix.len(), notice.parent), (0, json!({})));
    assert_eq!(sim.engines().len(), 1);

    assert_eq!(sim.add_engine().await, 2);
    assert_eq!(raw.receive("notification").await.content["id"], 2);
    sim.kill_engine(0).await;
    assert_eq!(raw.receive("notification").await.content["id"], 0);
}

#[tokio::test]
async fn a_lost_engine_is_listed_and_silent() {
    let sim = Sim::builder().engines(2).start().await;
    let mut raw = Raw::connect(&sim).await;
    sim.lose_engine(0);
    raw.execute(&sim, 0, "x").await;
    raw.execute(&sim, 1, "x").await;
    assert_eq!(raw.receive("mux").await.prefix, [sim.engines()[1].1.clone()]);
    assert_eq!(sim.engines().len(), 2);
}

#[tokio::test]
async fn messages_around_garbage_are_readable() {
    for garbage in Garbage::ALL {
        let sim =
            Sim::builder().engines(1).on("x", Script::new().garbage(garbage).stdout("ok\n")).start().await;
        let mut raw = Raw::connect(&sim).await;
        raw.execute(&sim, 0, "x").await;
        let strange = raw.frames("mux").await;
        let readable = raw.decode(&strange).is_some_and(|message| message.kind == "execute_reply");
        assert_eq!(readable, garbage == Garbage::MissingFields, "{garbage:?}");
        assert_eq!(raw.receive("mux").await.content["status"], "ok", "{garbage:?}");
        let mut streams = 0;
        loop {
            let frames = raw.frames("iopub").await;
            let Some(message) = raw.decode(&frames) else { continue };
            streams += usize::from(message.content["text"] == "ok\n");
            if message.content["execution_state"] == "idle" {
                break;
            }
        }
        assert_eq!(streams, 1, "{garbage:?}");
    }
}

#[tokio::test]
async fn foreign_messages_have_another_parent_and_repeated_ones_are_equal() {
    let stream = |text: &str| Step::Stream { name: "stdout", text: text.to_owned() };
    let script = Script::new().foreign(stream("theirs\n")).step(Step::Twice(Box::new(stream("ours\n"))));
    let sim = Sim::builder().engines(1).on("x", script.idle_before_reply()).start().await;
    let mut raw = Raw::connect(&sim).await;
    raw.execute(&sim, 0, "x").await;
    let output = raw.output().await;
    assert_ne!(output[2].parent["session"], "raw-client");
    assert_eq!(output[3], output[4]);
    assert_eq!(output[3].parent["session"], "raw-client");
}

#[tokio::test]
async fn a_late_reply_waits_for_its_gate() {
    let sim = Sim::builder().engines(1).on("x", Script::new().late_reply("go")).start().await;
    let mut raw = Raw::connect(&sim).await;
    raw.execute(&sim, 0, "x").await;
    raw.output().await;
    assert!(timeout(Duration::ZERO, raw.mux.recv()).await.is_err());
    sim.open("go");
    assert_eq!(raw.receive("mux").await.content["status"], "ok");
}

#[tokio::test]
async fn a_flood_arrives_whole_and_in_order() {
    const LINES: usize = 120_000;
    let sim = Sim::builder().engines(1).on("x", Script::new().flood_by(LINES, 40, 2)).start().await;
    let mut raw = Raw::connect(&sim).await;
    raw.execute(&sim, 0, "x").await;
    // The queues fill up, so that the publisher has to wait for the reader.
    sim.wait_for_runs(1).await;
    let mut number = 0;
    loop {
        let frames = raw.frames("iopub").await;
        let content: Value = serde_json::from_slice(frames.last().unwrap()).unwrap();
        for line in content["text"].as_str().unwrap_or_default().split_inclusive('\n') {
            assert_eq!(line, flood_line(0, number, 40));
            number += 1;
        }
        if content["execution_state"] == "idle" {
            break;
        }
    }
    assert_eq!(number, LINES);
}

#[tokio::test]
async fn a_thousand_engines_answer() {
    let sim = Sim::builder().engines(1000).on("1+1", Script::new().result_text("2")).start().await;
    let mut raw = Raw::connect(&sim).await;
    for engine in 0..1000 {
        raw.execute(&sim, engine, "1+1").await;
    }
    let mut idle = 0;
    while idle < 1000 {
        idle += usize::from(raw.receive("iopub").await.content["execution_state"] == "idle");
    }
    for _ in 0..1000 {
        assert_eq!(raw.receive("mux").await.content["status"], "ok");
    }
}

#[tokio::test]
async fn a_message_signed_with_a_wrong_key_is_counted_and_not_answered() {
    let sim = Sim::builder().engines(1).start().await;
    let mut raw = Raw::connect(&sim).await;
    let right = std::mem::replace(&mut raw.key, "wrong".to_owned());
    raw.send("registration", None, "connection_request", json!({})).await;
    raw.key = right;
    let id = raw.send("registration", None, "connection_request", json!({})).await;
    assert_eq!(raw.receive("registration").await.parent["msg_id"], id);
    assert_eq!(sim.rejected(), 1);
}

#[tokio::test]
async fn a_controller_vanishes_and_comes_back_with_other_engines() {
    let sim = Sim::builder().engines(2).start().await;
    let mut raw = Raw::connect(&sim).await;
    let before = sim.engines();
    let gone = sim.vanish();
    // `zeromq` notices the end of a connection only while `recv` is polled.
    let monitor = raw.registration.monitor().recv_closed();
    let end = async {
        tokio::select! { () = monitor => {} _ = raw.registration.recv() => {} }
    };
    within("the end of the connection", end).await;
    sim.come_back(gone, 2).await;
    let again = Raw::connect(&sim).await;
    assert_eq!(sim.engines().len(), 2);
    assert!(sim.engines().iter().zip(&before).all(|(now, then)| now.0 == then.0 && now.1 != then.1));
    drop(again);
}

#[tokio::test]
async fn a_cut_closes_connections_and_the_engines_take_new_ones() {
    let sim = Sim::builder().engines(2).start().await;
    let mut raw = Raw::connect(&sim).await;
    let before = sim.engines();
    sim.cut(&[Channel::Registration, Channel::Iopub]);
    let monitor = raw.registration.monitor().recv_closed();
    let end = async {
        tokio::select! { () = monitor => {} _ = raw.registration.recv() => {} }
    };
    within("the end of the connection", end).await;
    let mut again = Raw::connect(&sim).await;
    assert_eq!(sim.engines(), before);
    let id = again.send("registration", None, "connection_request", json!({})).await;
    assert_eq!(again.receive("registration").await.parent["msg_id"], id);
}

#[tokio::test]
async fn a_mute_controller_records_and_does_not_answer() {
    let sim = Sim::builder().engines(1).start().await;
    let mut raw = Raw::connect(&sim).await;
    sim.mute(true);
    let unanswered = raw.send("registration", None, "connection_request", json!({})).await;
    sim.wait_for("the request", |one| one.msg_id == unanswered).await;
    sim.mute(false);
    let answered = raw.send("registration", None, "connection_request", json!({})).await;
    assert_eq!(raw.receive("registration").await.parent["msg_id"], answered);
}

#[test]
fn a_simulation_works_without_async() {
    let sim = Sim::builder().engines(1).start_blocking();
    let text = std::fs::read_to_string(sim.connection_file()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap().len(), 16);
    sim.stop();
}

/// Waits for the end of a connection, as its socket's monitor tells it.
trait RecvClosed {
    async fn recv_closed(self);
}

impl RecvClosed for futures::channel::mpsc::Receiver<zeromq::SocketEvent> {
    async fn recv_closed(mut self) {
        use futures::StreamExt;
        while let Some(event) = self.next().await {
            if matches!(event, zeromq::SocketEvent::Disconnected(_)) {
                return;
            }
        }
    }
}
