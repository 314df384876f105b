//! Turns what happens in the session into what the editor is told: marks for the publisher and for diagnostics, progress,
//! refreshes, messages.
//!
//! It never waits for the client itself; whatever may take long is done by the tasks that it feeds.

use std::{collections::HashMap, time::Duration};

use pxlens_protocol::RunId;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::{
    capabilities,
    diagnostics::Diagnostics,
    engines_changed::EnginesMarks,
    facade::Happening,
    lifetime::Lifetime,
    messages,
    progress::{self, Progress},
    publish::{Mark, Marks},
    run_local::RunLocal,
    starting::Starts,
    tasks,
};

/// The least time between two requests to draw lenses and hints again.
const REFRESH: Duration = Duration::from_millis(500);

/// The task that listens to the session.
#[derive(Debug)]
pub(super) struct Herald {
    client: tower_lsp::Client,
    capabilities: capabilities::Client,
    marks: Option<Marks>,
    diagnostics: Diagnostics,
    lifetime: Lifetime,
    running: HashMap<RunId, Progress>,
    refreshed: Option<Instant>,
    refreshing: Option<JoinHandle<()>>,
    outdated: bool,
    /// Whether what cells would run on may have changed since the client was last asked.
    replanned: bool,
    local: RunLocal,
    engines: Option<EnginesMarks>,
    starts: Starts,
}

impl Herald {
    pub(super) fn new(
        client: tower_lsp::Client,
        capabilities: capabilities::Client,
        marks: Option<Marks>,
        engines: Option<EnginesMarks>,
        diagnostics: Diagnostics,
        lifetime: Lifetime,
    ) -> Self {
        let starts = Starts::new(client.clone(), lifetime.clone(), capabilities.progress);
        let local = RunLocal::new(client.clone(), lifetime.clone());
        Self {
            client,
            capabilities,
            marks,
            diagnostics,
            lifetime,
            running: HashMap::new(),
            refreshed: None,
            refreshing: None,
            outdated: false,
            replanned: false,
            local,
            engines,
            starts,
        }
    }

    /// Listens until the session says no more.
    pub(super) async fn run(mut self, mut happenings: mpsc::UnboundedReceiver<Happening>) {
        loop {
            let due = self.refreshed.map_or_else(Instant::now, |last| last + REFRESH);
            tokio::select! {
                happening = happenings.recv() => match happening {
                    Some(happening) => self.note(happening),
                    None => return,
                },
                () = tokio::time::sleep_until(due), if self.outdated => self.refresh(),
            }
        }
    }

    fn note(&mut self, happening: Happening) {
        match happening {
            Happening::CellsChanged { uri } => {
                self.mark(&uri, Mark::Cells);
                self.diagnostics.check(&uri);
            }
            Happening::StateChanged { uri, cell } => {
                self.mark(&uri, Mark::Cell(cell));
                self.diagnostics.check(&uri);
                self.outdated = true;
                self.mark_engines();
            }
            Happening::OutputGrew { uri, cell } => self.mark(&uri, Mark::Cell(cell)),
            Happening::EnginesChanged => {
                self.diagnostics.check_all();
                self.outdated = true;
                self.replanned = true;
                self.mark_engines();
            }
            Happening::EnginesWorked => self.mark_engines(),
            Happening::ClusterStarting(how) => self.starts.note(how),
            Happening::RunStarted { run, title, progress } => {
                if let Some(delay) = progress::delay(progress)
                    && self.capabilities.progress
                {
                    let progress = Progress::start(run, title, delay, self.client.clone(), &self.lifetime);
                    self.running.insert(run, progress);
                }
            }
            Happening::RunAdvanced { run, ended, of, message } => {
                if let Some(progress) = self.running.get(&run) {
                    progress.advance(ended, of, message);
                }
            }
            Happening::RunEnded { run, summary } => {
                if let Some(progress) = self.running.remove(&run) {
                    progress.end(summary);
                }
            }
            Happening::LocalPart(params) => {
                if self.capabilities.extension.run_local {
                    self.local.send(params);
                }
            }
            Happening::Said { severity, text } => {
                let client = self.client.clone();
                tasks::spawn("message", &self.lifetime, async move {
                    messages::show(&client, severity, text).await;
                });
            }
        }
    }

    fn mark(&self, uri: &lsp_types::Uri, mark: Mark) {
        if let Some(marks) = &self.marks {
            marks.mark(uri, mark);
        }
    }

    fn mark_engines(&self) {
        if let Some(engines) = &self.engines {
            engines.mark();
        }
    }

    /// Asks the client to draw lenses and hints again, unless it has not answered the last time.
    fn refresh(&mut self) {
        self.refreshed = Some(Instant::now());
        if self.refreshing.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        self.outdated = false;
        let lens = self.capabilities.lens_refresh;
        // Who paints outputs has hints of plans only.
        let hint = self.capabilities.hint_refresh && (self.replanned || !self.capabilities.extension.outputs);
        self.replanned = false;
        let client = self.client.clone();
        self.refreshing = Some(tasks::spawn("refresh", &self.lifetime, async move {
            if lens && let Err(error) = tasks::ask(client.code_lens_refresh()).await {
                tracing::debug!(%error, "lenses were not refreshed");
            }
            if hint && let Err(error) = tasks::ask(client.inlay_hint_refresh()).await {
                tracing::debug!(%error, "hints were not refreshed");
            }
        }));
    }
}
