//! The commands of handles to the actor: execute, interrupt, forget.

use bytes::Bytes;
use serde_json::json;
use tokio::{sync::oneshot, time::Instant};

use super::Actor;
use crate::{
    clock,
    cluster::{
        client::{
            ClientError, ClusterStatus, Command, Execute, InterruptReport,
            interrupts::{Ask, Interrupted, Question},
            requests::Request,
        },
        feed::FeedSender,
        transport::{Channel, SendError, Transport},
    },
    engines::RankSet,
    run::{RunId, Slot},
};

impl<T: Transport> Actor<T> {
    pub(super) fn handle(&mut self, command: Command) {
        match command {
            Command::Execute { execute, silent, feed, answer } => {
                let _ = answer.send(self.execute(&execute, silent, feed));
            }
            Command::Interrupt { run, engines, signal, answer } => {
                self.interrupt(run, engines.as_ref(), signal, answer);
            }
            Command::Forget(run) => self.requests.forget(run),
            Command::Close(answer) => drop(answer),
        }
    }

    fn execute(&mut self, execute: &Execute, silent: bool, feed: FeedSender) -> Result<(), ClientError> {
        match &*self.watches.status.borrow() {
            ClusterStatus::Up | ClusterStatus::NotResponding => {}
            ClusterStatus::Down { why } | ClusterStatus::Lost { why } => {
                return Err(ClientError::Away { why: why.clone() });
            }
        }
        let waiting = self.requests.bytes();
        if waiting > 0 && waiting + execute.code.len() > self.options.in_flight {
            return Err(ClientError::TooMuchInFlight { waiting: waiting >> 20 });
        }
        let content = json!({
            "code": &*execute.code,
            "silent": silent,
            "store_history": !silent,
            "user_expressions": {},
            "allow_stdin": false,
            // A failure must not abort other runs that wait on this engine.
            "stop_on_error": false,
        });
        // All engines get the same bytes, held once.
        let content = Bytes::from(content.to_string());
        self.requests.open(execute.run, feed);
        let mut size = content.len();
        for (slot, &engine) in (execute.first_slot..).map(Slot).zip(&execute.engines) {
            let there = self.hub.table().get(engine).map(|there| (there.uuid.clone(), there.host.clone()));
            let Some((uuid, host)) = there else {
                let why = format!("engine {engine} is gone");
                self.requests.not_sent(execute.run, slot, why, clock::now());
                continue;
            };
            let metadata = r#"{"label":null}"#;
            let (id, frames) = self.wire.request(Some(&uuid), "execute_request", metadata, content.clone());
            match self.transport.send(Channel::Mux, frames) {
                Ok(()) => {
                    let size = std::mem::take(&mut size);
                    let request = Request::new(execute.run, slot, engine, uuid, size);
                    self.requests.sent(id, request, host, clock::now());
                }
                Err(error @ (SendError::Down(_) | SendError::Full(_))) => {
                    self.requests.not_sent(execute.run, slot, error.to_string(), clock::now());
                }
            }
        }
        Ok(())
    }

    fn interrupt(
        &mut self,
        run: RunId,
        engines: Option<&RankSet>,
        signal: String,
        answer: oneshot::Sender<Result<InterruptReport, ClientError>>,
    ) {
        if !self.health.is_up(Channel::Control) {
            let why = "the control connection to the controller is down".to_owned();
            let _ = answer.send(Err(ClientError::Away { why }));
            return;
        }
        let asked = Interrupted { run, engines, signal };
        let questions = self.interrupts.begin(asked, &self.requests, &self.hub, answer);
        self.ask(questions);
    }

    /// Sends what an interrupt asks of engines, and reports on those interrupts that are done.
    pub(super) fn ask(&mut self, questions: Vec<Question>) {
        for question in questions {
            let (msg_type, content) = match &question.ask {
                Ask::Signal(signal) => {
                    // A number is sent as one; a name is looked up by the engine.
                    let signal = signal.parse::<u32>().map_or_else(|_| json!(signal), |number| json!(number));
                    ("signal_request", json!({ "sig": signal }).to_string())
                }
                Ask::Interrupt => ("interrupt_request", "{}".to_owned()),
                Ask::Abort(ids) => ("abort_request", json!({ "msg_ids": ids }).to_string()),
            };
            let (id, frames) = self.wire.request(Some(&question.uuid), msg_type, "{}", content.into());
            let until = Instant::now() + self.options.signal;
            let sent = self.transport.send(Channel::Control, frames).is_ok();
            self.interrupts.asked(&question, sent.then_some((id, until)));
        }
        self.interrupts.report();
    }
}
