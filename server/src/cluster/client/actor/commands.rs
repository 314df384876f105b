//! The commands of handles to the actor: execute, interrupt, forget.

use bytes::Bytes;
use serde_json::json;
use tokio::{sync::oneshot, time::Instant};

use super::Actor;
use crate::{
    clock,
    cluster::{
        client::{
            ClientError, ClusterStatus, Command, Execute, InterruptReport, OthersInterrupt,
            hub::Unfinished,
            interrupts::{Ask, Interrupted, InterruptedOthers, Question},
            requests::Request,
            turns::Turn,
        },
        feed::FeedSender,
        transport::{Channel, SendError, Transport},
    },
    engines::{EngineId, RankSet},
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
            Command::InterruptOthers(interrupt) => self.interrupt_others(interrupt),
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
            // If it were true, an engine would also abort the requests of other clients. Ours are held back in this client.
            "stop_on_error": false,
        });
        // All engines get the same bytes, held once.
        let content = Bytes::from(content.to_string());
        self.requests.open(execute.run, feed);
        let mut size = content.len();
        for (slot, &engine) in (execute.first_slot..).map(Slot).zip(&execute.engines) {
            let Some(there) = self.hub.table().get(engine) else {
                self.engine_gone(execute.run, slot, engine);
                continue;
            };
            self.requests.put(Turn {
                run: execute.run,
                slot,
                engine,
                uuid: there.uuid.clone(),
                content: content.clone(),
                size: std::mem::take(&mut size),
                noblock: execute.noblock.clone(),
            });
        }
        self.send_next();
        Ok(())
    }

    /// Sends the requests whose turn has come. While the connection is down they wait, since the engine has not got them yet.
    pub(super) fn send_next(&mut self) {
        if !self.health.is_up(Channel::Mux) {
            return;
        }
        while let Some(turn) = self.requests.next_turn() {
            let there = self.hub.table().get(turn.engine).filter(|there| there.uuid == turn.uuid);
            let Some(host) = there.map(|there| there.host.clone()) else {
                self.engine_gone(turn.run, turn.slot, turn.engine);
                continue;
            };
            let (id, frames) = self.wire.execute_request(&turn.uuid, turn.run, turn.content.clone());
            match self.transport.send(Channel::Mux, frames) {
                Ok(()) => {
                    let request = Request::new(turn, self.hears_output(), Instant::now());
                    self.requests.sent(id, request, host, clock::now());
                }
                Err(error @ (SendError::Down(_) | SendError::Full(_))) => {
                    self.requests.not_sent(turn.run, turn.slot, error.to_string(), clock::now());
                }
            }
        }
    }

    fn engine_gone(&self, run: RunId, slot: Slot, engine: EngineId) {
        let why = format!("engine {engine} is gone");
        self.requests.not_sent(run, slot, why, clock::now());
    }

    fn interrupt(
        &mut self,
        run: RunId,
        engines: Option<&RankSet>,
        signal: String,
        answer: oneshot::Sender<Result<InterruptReport, ClientError>>,
    ) {
        // Requests that are not sent yet can be dropped without a connection.
        let dropped = self.requests.withdraw(run, engines, clock::now());
        let is_dropped_entirely = || {
            let mut outstanding = self.requests.iter_outstanding();
            !dropped.is_empty() && outstanding.all(|(_, request)| request.run != run)
        };
        if !self.health.is_up(Channel::Control) && !is_dropped_entirely() {
            let why = "the control connection to the controller is down".to_owned();
            let _ = answer.send(Err(ClientError::Away { why }));
            return;
        }
        let asked = Interrupted { run, engines, signal, dropped };
        let questions = self.interrupts.begin(asked, &self.requests, &self.hub, &self.origins, answer);
        self.ask(questions);
    }

    /// First asks the Hub what waits on the engines: nobody else knows of what other clients sent.
    fn interrupt_others(&mut self, interrupt: OthersInterrupt) {
        if !self.health.is_up(Channel::Control) {
            let why = "the control connection to the controller is down".to_owned();
            let _ = interrupt.answer.send(Err(ClientError::Away { why }));
            return;
        }
        self.ask_unfinished(Some(interrupt), Vec::new());
    }

    /// Interrupts what other clients sent, now that it is known what waits.
    pub(super) fn begin_others(&mut self, interrupt: OthersInterrupt, unfinished: &[Unfinished]) {
        let OthersInterrupt { whose, engines, signal, answer } = interrupt;
        let asked = InterruptedOthers { whose: &whose, engines: engines.as_ref(), signal, unfinished };
        let questions = self.interrupts.begin_others(&asked, &self.hub, &self.origins, answer);
        self.ask(questions);
    }

    /// Sends what an interrupt asks of engines, and reports on those interrupts that are done.
    pub(super) fn ask(&mut self, questions: Vec<Question>) {
        for question in questions {
            let (msg_type, content) = match &question.ask {
                Ask::Signal(signal) => {
                    // A number is sent as one; a name is looked up by the engine.
                    self.ask_if_free(question.engine, &question.uuid);
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
        let abandoned = self.interrupts.take_abandoned();
        self.requests.abandon(&abandoned, clock::now());
        let doubts = self.interrupts.take_doubts();
        if !doubts.is_empty() {
            self.ask_unfinished(None, doubts);
        }
        self.interrupts.report();
    }
}
