//! The client over real sockets, against a controller of a few lines. Here time runs, so limits are short and tests wait
//! for events only.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, sync::DropGuard};
use zeromq::{PubSocket, RouterSocket, SocketRecv as _, SocketSend as _, ZmqMessage};

use super::script::{KEY, SOMEBODY, answer, engines, execute, parent, read_info, status, uuid};
use crate::{
    cluster::{
        ClientOptions, ClusterClient, ClusterStatus, ConnectionInfo, client::ConnectError, transport::Channel,
    },
    jupyter::{Message, Signer, content::StreamName, decode},
    run::{EventKind, LostReason},
};

/// Runs until it is dropped: two engines, which print their code and somebody else's output.
struct Controller {
    ports: Vec<u16>,
    _stop: DropGuard,
}

struct Sockets {
    registration: RouterSocket,
    mux: RouterSocket,
    control: RouterSocket,
    iopub: PubSocket,
    notification: PubSocket,
    signer: Signer,
    /// Whether it takes requests and never answers.
    hangs: bool,
}

async fn bind<S: zeromq::Socket>(port: u16) -> (S, u16) {
    let bound = async {
        loop {
            let mut socket = S::new();
            match socket.bind(&format!("tcp://127.0.0.1:{port}")).await {
                Ok(zeromq::Endpoint::Tcp(_, port)) => return (socket, port),
                // The socket that had this port before is still closing.
                _ => tokio::task::yield_now().await,
            }
        }
    };
    pxlens_tests::within(format!("a socket at port {port}"), bound).await
}

impl Controller {
    async fn start(ports: &[u16], hangs: bool) -> Self {
        let (registration, p0) = bind(ports[0]).await;
        let (mux, p1) = bind(ports[1]).await;
        let (control, p2) = bind(ports[2]).await;
        let (iopub, p3) = bind(ports[3]).await;
        let (notification, p4) = bind(ports[4]).await;
        let signer = Signer::new("hmac-sha256", KEY).unwrap();
        let sockets = Sockets { registration, mux, control, iopub, notification, signer, hangs };
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(sockets.serve()));
        Self { ports: vec![p0, p1, p2, p3, p4], _stop: stop.drop_guard() }
    }

    fn info(&self, key: &str) -> ConnectionInfo {
        let port = |channel| self.ports[Channel::ALL.iter().position(|of| *of == channel).unwrap()];
        read_info(&json!({
            "interface": "tcp://127.0.0.1", "location": "", "key": key, "signature_scheme": "hmac-sha256",
            "registration": port(Channel::Registration), "mux": port(Channel::Mux),
            "control": port(Channel::Control), "iopub": port(Channel::Iopub),
            "notification": port(Channel::Notification),
        }))
    }
}

impl Sockets {
    async fn serve(mut self) {
        loop {
            let (channel, received) = tokio::select! {
                received = self.registration.recv() => (Channel::Registration, received),
                received = self.mux.recv() => (Channel::Mux, received),
                received = self.control.recv() => (Channel::Control, received),
            };
            let mut frames = received.unwrap().into_vec();
            let client = frames.remove(0);
            // A wrong key, like a Hub: no word.
            let Ok(request) = decode(&self.signer, frames) else { continue };
            self.answer(channel, client, &request).await;
        }
    }

    async fn answer(&mut self, channel: Channel, client: Bytes, request: &Message) {
        let reply = |prefix: &[&str], msg_type: &str, content: Value| {
            let session = prefix.first().copied().unwrap_or("hub");
            let mut frames = answer(&self.signer, prefix, session, msg_type, &parent(request), &content);
            frames.insert(0, client.clone());
            ZmqMessage::try_from(frames).unwrap()
        };
        if channel == Channel::Registration {
            let listed = json!({"status": "ok", "engines": {"0": uuid(0), "1": uuid(1)}});
            return self.registration.send(reply(&[], "connection_reply", listed)).await.unwrap();
        }
        let engine = String::from_utf8(request.prefix[0].to_vec()).unwrap();
        let ok = json!({"status": "ok", "execution_count": 1, "payload": []});
        let executed = reply(&[&engine], "execute_reply", ok);
        self.publish(&engine, request, "status", &json!({"execution_state": "busy"})).await;
        if channel == Channel::Mux && self.hangs {
            return;
        }
        if channel == Channel::Mux {
            self.noise(&engine).await;
            for n in 0..100 {
                let text = format!("{engine} {n}\n");
                self.publish(&engine, request, "stream", &json!({"name": "stdout", "text": text})).await;
            }
            self.mux.send(executed).await.unwrap();
        }
        self.publish(&engine, request, "status", &json!({"execution_state": "idle"})).await;
    }

    async fn publish(&mut self, engine: &str, request: &Message, msg_type: &str, content: &Value) {
        let frames = answer(&self.signer, &["topic"], engine, msg_type, &parent(request), content);
        self.iopub.send(ZmqMessage::try_from(frames).unwrap()).await.unwrap();
    }

    /// What comes over the same socket and is nobody's business, or no message.
    async fn noise(&mut self, engine: &str) {
        let theirs = json!({"msg_id": "theirs", "session": SOMEBODY, "msg_type": "execute_request"});
        let stream = json!({"name": "stdout", "text": "theirs"});
        let frames = answer(&self.signer, &["topic"], engine, "stream", &theirs, &stream);
        self.iopub.send(ZmqMessage::try_from(frames).unwrap()).await.unwrap();
        self.iopub.send(ZmqMessage::from("no message")).await.unwrap();
        self.notification.send(ZmqMessage::from("no message")).await.unwrap();
    }
}

/// Limits that pass quickly. `connect` is only waited out where no connection comes about.
fn short(connect: u64) -> ClientOptions {
    ClientOptions {
        connect: Duration::from_secs(connect),
        ping: Duration::from_millis(500),
        refused: Duration::from_millis(300),
        ..ClientOptions::default()
    }
}

async fn runs(client: &ClusterClient, run: u32) {
    let mut watched = execute(client, run, &[1, 0]).await;
    for (slot, engine) in [(0, 1), (1, 0)] {
        let seen = watched.until(slot, |kind| *kind == EventKind::Idle).await;
        let expected: String = (0..100).map(|n| format!("{} {n}\n", uuid(engine))).collect();
        let text: String = seen
            .iter()
            .filter_map(|kind| match kind {
                EventKind::Stream { name: StreamName::Stdout, text } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_over_sockets_gets_all_of_its_output_and_no_other() {
    let controller = Controller::start(&[0; 5], false).await;
    let client = ClusterClient::connect(controller.info(KEY), ClientOptions::default()).await.unwrap();
    engines(&client, &[0, 1]).await;
    for run in 0..10 {
        runs(&client, run).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_dies_mid_run_is_lost_and_found_again_at_the_same_ports() {
    let controller = Controller::start(&[0; 5], true).await;
    let client = ClusterClient::connect(controller.info(KEY), short(30)).await.unwrap();
    let mut watched = execute(&client, 1, &[0]).await;
    watched.until(0, |kind| *kind == EventKind::Busy).await;
    let ports = controller.ports.clone();
    drop(controller);
    let seen = watched.lost(0).await;
    assert_eq!(seen.last(), Some(&EventKind::Lost(LostReason::ControllerLost)));
    status(&client, |status| matches!(status, ClusterStatus::Lost { .. })).await;
    let _again = Controller::start(&ports, false).await;
    status(&client, |status| *status == ClusterStatus::Up).await;
    runs(&client, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_reported_in_time() {
    let controller = Controller::start(&[0; 5], false).await;
    let wrong = controller.info("another key");
    let error = ClusterClient::connect(wrong, short(4)).await.unwrap_err();
    assert!(matches!(error, ConnectError::NoAnswer { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_file_and_a_foreign_process_at_the_port_are_reported() {
    let mut controller = Controller::start(&[0; 5], false).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    controller.ports[0] = listener.local_addr().unwrap().port();
    let error = ClusterClient::connect(controller.info(KEY), short(4)).await.unwrap_err();
    let silent = matches!(error, ConnectError::Unreachable { channel: Channel::Registration, .. });
    assert!(silent, "{error}");
    drop(listener);
    let error = ClusterClient::connect(controller.info(KEY), short(4)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
}
