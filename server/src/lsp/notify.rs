//! Turns events of the session into messages to the editor: outputs, diagnostics, progress, refreshes, messages to the
//! user.
//!
//! It never waits for the client itself; the tasks that it feeds do all slow work.

pub(super) mod contents;
pub(super) mod diagnostics;
pub(super) mod engines;
pub(super) mod messages;
pub(super) mod outputs;
pub(super) mod progress;
mod refresh;
mod run_local;
mod runs;
mod starting;

use std::collections::HashMap;

use lsp_types::MessageType;
use tokio::{sync::mpsc, task::JoinHandle};

use self::{
    diagnostics::Diagnostics,
    engines::EnginesMarks,
    outputs::{Mark, Marks},
    refresh::{RefreshMarks, Refreshes},
    run_local::{LocalPart, LocalParts},
    runs::Followers,
    starting::StartProgress,
};
use super::{capabilities, tasks, to_proto, wire::lifetime::Lifetime};
use crate::session::{CellId, Level, SessionEvent};

/// The task that listens to the session.
#[derive(Debug)]
pub(super) struct Notifier {
    followers: Followers,
    starts: StartProgress,
    /// Set if the client runs local parts.
    local: Option<LocalParts>,
    /// What follows the result that each `%pxresult` shows. A run can be shown again and again, and what follows it goes on
    /// until the run is forgotten, so each line has one follower at most.
    shown: HashMap<CellId, JoinHandle<()>>,
}

impl Notifier {
    /// For a client with these capabilities. `marks` and `engines`: set if it wants to be notified of outputs and of
    /// engines.
    pub(super) fn new(
        client: tower_lsp::Client,
        capabilities: &capabilities::Client,
        marks: Option<Marks>,
        engines: Option<EnginesMarks>,
        diagnostics: Diagnostics,
        lifetime: Lifetime,
    ) -> Self {
        let refreshes = Refreshes {
            lenses: capabilities.lens_refresh,
            hints: capabilities.hint_refresh,
            hints_of_plans_only: capabilities.extension.outputs,
        };
        let local = || LocalParts::start(client.clone(), &lifetime);
        Self {
            starts: StartProgress::new(client.clone(), lifetime.clone(), capabilities.progress),
            local: capabilities.extension.run_local.then(local),
            shown: HashMap::new(),
            followers: Followers {
                refresh: RefreshMarks::start(client.clone(), refreshes, &lifetime),
                shows_progress: capabilities.progress,
                client,
                lifetime,
                marks,
                engines,
                diagnostics,
            },
        }
    }

    /// Handles events until the session ends.
    pub(super) async fn run(mut self, mut events: mpsc::UnboundedReceiver<SessionEvent>) {
        while let Some(event) = events.recv().await {
            self.handle(event);
        }
    }

    fn handle(&mut self, event: SessionEvent) {
        let Followers { lifetime, marks, diagnostics, refresh, .. } = &self.followers;
        match event {
            SessionEvent::Cells(key) => {
                let uri = to_proto::uri(&key);
                if let Some(marks) = marks {
                    marks.mark(&uri, Mark::Cells);
                }
                diagnostics.check(&uri);
            }
            SessionEvent::Cluster | SessionEvent::Plans => {
                diagnostics.check_all();
                refresh.mark_plans();
                self.followers.mark_engines();
            }
            SessionEvent::Engines => self.followers.mark_engines(),
            SessionEvent::Starting(how) => self.starts.handle(how),
            SessionEvent::Started(handle) => {
                if let Some(local) = self.local.as_ref().filter(|_| handle.plan.local) {
                    local.add(LocalPart::of(&handle));
                }
                let work = self.followers.clone().follow(handle);
                tasks::spawn("run", lifetime, work);
            }
            SessionEvent::ResultShown { document, shown } => {
                let cell = shown.cell;
                let work = self.followers.clone().follow_result(document, shown);
                let follower = tasks::spawn("shown result", lifetime, work);
                self.shown.retain(|_, follower| !follower.is_finished());
                if let Some(replaced) = self.shown.insert(cell, follower) {
                    replaced.abort();
                }
            }
            SessionEvent::Say(level, text) => self.say(level, text),
            SessionEvent::ConsoleWaits(text) => self.say(Level::Info, text),
        }
    }

    fn say(&self, level: Level, text: String) {
        let severity = match level {
            Level::Info => MessageType::Info,
            Level::Warning => MessageType::Warning,
            Level::Error => MessageType::Error,
        };
        let client = self.followers.client.clone();
        tasks::spawn("message", &self.followers.lifetime, async move {
            messages::show(&client, severity, text).await;
        });
    }
}
