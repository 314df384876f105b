//! The one owner of a controller's sockets. Commands and transport events come in; it tracks requests and sends messages.

mod commands;
mod questions;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    ClientOptions, ClusterStatus, Command, ConnectError,
    health::Health,
    hosts::Hosts,
    hub::{Gone, Hub},
    interrupts::Interrupts,
    requests::Requests,
    wire::Wire,
};
use crate::{
    clock,
    cluster::{
        connection::ConnectionInfo,
        origin::Origins,
        transport::{Channel, DownReason, Transport, TransportEvent},
    },
    engines::{Activities, EngineTable},
    jupyter::Message,
    run::LostReason,
};
use questions::{Fence, FenceMeaning, Survey, Warmth};

/// How often time limits are checked while anything waits.
const TICK: Duration = Duration::from_millis(50);

/// Between two updates of what engines do.
const ACTIVITY_PACE: Duration = Duration::from_millis(100);

/// The actor behind a [`ClusterClient`](super::ClusterClient).
pub(super) struct Actor<T> {
    transport: T,
    info: ConnectionInfo,
    options: ClientOptions,
    wire: Wire,
    origins: Origins,
    health: Health,
    hub: Hub,
    requests: Requests,
    interrupts: Interrupts,
    hosts: Hosts,
    warmth: Warmth,
    /// Questions to the Hub about what engines have not finished.
    surveys: Vec<Survey>,
    fences: Vec<Fence>,
    /// Whether the controller may be another one since the Hub last listed its engines.
    reconnected: bool,
    /// Whether the table changed since it was published.
    dirty: bool,
    /// Whether the host of an engine became known since then; it is published with the next tick.
    placed: bool,
    /// When to publish what engines do; `None` while nothing changed since.
    activities_due: Option<Instant>,
    watches: Watches,
    connecting: Option<Connecting>,
}

/// What handles can watch.
pub(super) struct Watches {
    pub(super) table: watch::Sender<Arc<EngineTable>>,
    pub(super) activities: watch::Sender<Arc<Activities>>,
    pub(super) status: watch::Sender<ClusterStatus>,
    /// Whether no engine is being asked where it runs, nor the Hub what they work on.
    pub(super) settled: watch::Sender<bool>,
}

struct Connecting {
    since: Instant,
    ready: oneshot::Sender<Result<(), ConnectError>>,
}

impl<T: Transport> Actor<T> {
    pub(super) fn new(
        transport: T,
        info: ConnectionInfo,
        options: ClientOptions,
        origins: Origins,
        watches: Watches,
        ready: oneshot::Sender<Result<(), ConnectError>>,
    ) -> Self {
        let now = Instant::now();
        Self {
            transport,
            wire: Wire::new(&info, origins.clone()),
            origins,
            info,
            health: Health::new(now),
            hub: Hub::default(),
            requests: Requests::new(options.idle, now),
            hosts: Hosts::new(options.host),
            options,
            interrupts: Interrupts::default(),
            warmth: Warmth::Cold,
            surveys: Vec::new(),
            fences: Vec::new(),
            reconnected: false,
            dirty: false,
            placed: false,
            activities_due: None,
            watches,
            connecting: Some(Connecting { since: now, ready }),
        }
    }

    /// Serves until it is closed, the last handle is dropped, or connecting fails.
    pub(super) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut done = None;
        loop {
            tokio::select! {
                biased;
                _ = tick.tick(), if self.waits() => {
                    self.advance();
                    self.publish_table();
                    self.publish_activities();
                    if self.fail_connecting() {
                        break;
                    }
                }
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Close(answer)) => {
                        done = Some(answer);
                        break;
                    }
                    Some(command) => self.handle(command),
                },
                event = self.transport.event() => self.take(event),
                // Once nothing more has arrived, so that a burst of notifications is one update.
                () = std::future::ready(()), if self.dirty => self.publish_table(),
            }
            self.send_next();
        }
        self.requests.lose_all(&LostReason::ControllerLost, clock::now());
        let _ = self.watches.status.send(ClusterStatus::Lost { why: "the connection was closed".into() });
        drop(self.transport);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    /// Whether any limit is running.
    fn waits(&self) -> bool {
        self.requests.outstanding() > 0
            || self.connecting.is_some()
            || self.dirty
            || self.placed
            || !self.hosts.is_settled()
            || self.activities_due.is_some()
            || !self.interrupts.is_empty()
            || !self.surveys.is_empty()
            || self.hub.waiting_since().is_some()
            || !self.is_well()
    }

    fn is_well(&self) -> bool {
        matches!(*self.watches.status.borrow(), ClusterStatus::Up)
    }

    fn take(&mut self, event: TransportEvent) {
        match event {
            TransportEvent::Message(channel, frames) => {
                let Some(message) = self.wire.read(channel, frames) else { return };
                match channel {
                    Channel::Iopub => self.output(&message),
                    _ => self.answer(channel, &message),
                }
                // Limits that depend on engines are checked by the tick, not after each of their messages.
                if matches!(channel, Channel::Iopub | Channel::Mux | Channel::Control) {
                    return;
                }
            }
            TransportEvent::Up(channel) => self.up(channel),
            TransportEvent::Down(channel, reason) => self.down(channel, reason),
        }
        self.advance();
    }

    fn up(&mut self, channel: Channel) {
        self.health.up(channel);
        match channel {
            Channel::Registration => {
                self.hub.disconnected();
                self.reconnected = self.connecting.is_none();
            }
            Channel::Iopub => self.warmth = Warmth::Cold,
            Channel::Mux => {
                self.fences.clear();
                self.requests.close_abandoned(None);
                self.set_fences(FenceMeaning::Lost, |_, _| true);
            }
            Channel::Control => self.hosts.reconnected(),
            Channel::Notification => {}
        }
        // The Hub knows what was missed meanwhile.
        self.hub.ask_soon();
    }

    fn down(&mut self, channel: Channel, reason: DownReason) {
        let was_up = self.health.down(channel, reason, Instant::now());
        if channel == Channel::Registration {
            self.hub.disconnected();
        }
        match channel {
            Channel::Iopub if was_up => {
                self.requests.note_gap();
                self.hub.deaf();
                self.activities_changed();
            }
            Channel::Mux if was_up => self.requests.note_reply_gap(),
            _ => {}
        }
    }

    /// What one of the engines published, for this client or another.
    fn output(&mut self, message: &Message) {
        self.published(message);
        // The time after this message was handled: while a large one is, no engine counts as silent.
        self.requests.heard(Instant::now());
    }

    fn published(&mut self, message: &Message) {
        if self.hub.published(message) {
            self.activities_changed();
        }
        let Some(id) = self.wire.our_request(message) else { return };
        self.requests.message(id, message, Instant::now(), clock::now());
        match message.header.msg_type.as_str() {
            "status" => {
                if matches!(&self.warmth, Warmth::Asked { asked, .. } if asked.contains(id)) {
                    self.warmed();
                    self.advance();
                }
            }
            // Of what is dropped, an engine calls itself busy too. Any output shows that it began: the first may be missed.
            _ if !self.interrupts.is_empty() => {
                let questions = self.interrupts.started(id, &self.requests);
                self.ask(questions);
            }
            _ => {}
        }
    }

    /// What came on any channel but iopub.
    fn answer(&mut self, channel: Channel, message: &Message) {
        let now = Instant::now();
        if channel == Channel::Notification {
            if message.header.msg_type == "shutdown_notification" {
                self.health.shut_down();
                self.lose_everything();
            }
            let gone = self.hub.notified(message, now);
            self.dirty = true;
            self.hosts.came(self.hub.take_new());
            self.part_with(gone.into_iter().collect(), false);
            return;
        }
        let Some(id) = self.wire.our_request(message).cloned() else { return };
        match channel {
            Channel::Registration => {
                if let Some(at) = self.surveys.iter().position(|survey| survey.id.as_ref() == Some(&id)) {
                    return self.surveyed(at, message);
                }
                let Some(gone) = self.hub.answer(&id, message) else { return };
                self.dirty = true;
                self.hosts.came(self.hub.take_new());
                self.health.found();
                let reconnected = std::mem::take(&mut self.reconnected);
                self.hub.table().iter().for_each(|engine| self.requests.keep(&engine.uuid));
                self.part_with(gone, reconnected);
            }
            Channel::Mux => match self.fences.iter().position(|fence| fence.id == id) {
                Some(at) => {
                    let fence = self.fences.swap_remove(at);
                    match fence.meaning {
                        FenceMeaning::Lost => self.requests.overtaken(&fence.before, clock::now()),
                        FenceMeaning::Passed => self.requests.passed(&fence.engine, &fence.before),
                        FenceMeaning::Free => self.is_free(&fence.engine, &fence.before),
                    }
                }
                None => self.requests.message(&id, message, now, clock::now()),
            },
            Channel::Control => {
                if let Some(engine) = self.hosts.answered(&id) {
                    return self.place(&engine, message);
                }
                let questions =
                    self.interrupts.answered(&id, message, &self.requests, now + self.options.signal);
                self.ask(questions);
            }
            Channel::Iopub | Channel::Notification => {}
        }
    }

    /// Ends the requests of engines that are gone, once what they had sent is in.
    fn part_with(&mut self, gone: Vec<Gone>, reconnected: bool) {
        let now = Instant::now();
        for Gone { uuid, replaced } in gone {
            tracing::info!(engine = %uuid, "the engine is gone");
            self.fences.retain(|fence| fence.engine != uuid);
            self.hosts.left(&uuid);
            let (reason, quiet) = match (reconnected, replaced) {
                (false, false) => (LostReason::EngineDied, self.options.last_words),
                // A controller that comes back with its engines may list them a little later.
                (true, false) => (LostReason::ControllerLost, self.options.relisted),
                (_, true) => (LostReason::ControllerLost, self.options.last_words),
            };
            self.requests.expect_loss(&uuid, &reason, quiet, now);
        }
    }

    /// Does everything that is due by now. Idempotent.
    fn advance(&mut self) {
        let now = Instant::now();
        self.question_hub(now);
        self.warm(now);
        self.ask_hosts(now);
        self.requests.expire(now, clock::now());
        let limit = self.options.idle;
        // The end of the output is in and the reply is not: ask what comes after it.
        self.set_fences(FenceMeaning::Lost, |_, request| request.is_answerless(now, limit));
        let holding_up = self.requests.holding_up(now);
        self.set_fences(FenceMeaning::Passed, |id, _| holding_up.contains(id));
        self.expire_surveys(now);
        let questions = self.interrupts.expire(&self.requests, now);
        self.ask(questions);
        if self.health.check_lost(&self.options, now) {
            self.lose_everything();
        }
        self.publish_status(now);
        if self.is_well()
            && let Some(connecting) = self.connecting.take()
        {
            self.publish_table();
            let _ = connecting.ready.send(Ok(()));
        }
    }

    fn activities_changed(&mut self) {
        self.activities_due.get_or_insert_with(|| Instant::now() + ACTIVITY_PACE);
    }

    /// Whether a question to the Hub was not answered in time.
    fn is_hub_silent(&self, now: Instant) -> bool {
        self.hub.waiting_since().is_some_and(|since| now >= since + self.options.ping)
    }

    fn lose_everything(&mut self) {
        self.requests.lose_all(&LostReason::ControllerLost, clock::now());
        self.fences.clear();
        self.hosts = Hosts::new(self.options.host);
        self.hub.lost();
        self.dirty = true;
    }

    fn publish_table(&mut self) {
        (self.dirty, self.placed) = (false, false);
        let changed = self.watches.table.send_if_modified(|table| {
            let changed = **table != *self.hub.table();
            if changed {
                *table = Arc::new(self.hub.table().clone());
            }
            changed
        });
        if changed {
            // What an engine did goes with it.
            self.activities_changed();
        }
        let settled = self.hosts.is_settled() && self.surveys.is_empty();
        self.watches.settled.send_if_modified(|before| std::mem::replace(before, settled) != settled);
    }

    fn publish_activities(&mut self) {
        if self.activities_due.take_if(|due| Instant::now() >= *due).is_some() {
            self.watches.activities.send_replace(Arc::new(self.hub.activities().clone()));
        }
    }

    fn publish_status(&mut self, now: Instant) {
        let silent = self.is_hub_silent(now);
        let warm = self.hub.is_known() && matches!(self.warmth, Warmth::Warm);
        let new = self.health.status(silent, warm);
        self.watches.status.send_if_modified(|status| {
            let changed = *status != new;
            if changed {
                tracing::info!(status = ?new, "the state of the connection changed");
                *status = new;
            }
            changed
        });
    }

    /// Whether connecting failed; then that was reported.
    fn fail_connecting(&mut self) -> bool {
        let Some(connecting) = &self.connecting else { return false };
        let waited = connecting.since.elapsed();
        let (path, address) = (self.info.path().to_owned(), self.info.address(Channel::Registration));
        let refused = self.health.refused();
        let error = if refused && waited >= self.options.starting {
            ConnectError::Refused { address, path }
        } else if self.wire.bad_signatures() > 0 && self.is_hub_silent(Instant::now()) {
            ConnectError::WrongKey { address, path }
        } else if waited < self.options.connect.max(self.options.starting) {
            return false;
        } else {
            match self.health.first_down() {
                Some((channel, reason)) => ConnectError::Unreachable {
                    channel,
                    address: self.info.address(channel),
                    reason: reason.cloned().unwrap_or(DownReason::Silent),
                    limit: waited,
                    path,
                },
                None => ConnectError::NoAnswer { address, path },
            }
        };
        if let Some(connecting) = self.connecting.take() {
            let _ = connecting.ready.send(Err(error));
        }
        true
    }
}
