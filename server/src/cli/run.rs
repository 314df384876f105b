//! `pxlens run FILE`: the px cells of a file, in order, on a cluster; their output as text or as JSON.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Failure, Status,
    args::RunArgs,
    file::SourceFile,
    output::{Form, Screen},
};
use crate::{
    cells::CellKind,
    engines::Targets,
    plan::Overrides,
    render::GroupBy,
    run::{Ending, LostReason, Run, RunState},
    session::{
        Ask, AskError, Asked, DocumentKey, DocumentView, Level, Notice, RunHandle, Scope, Session,
        StartPolicy,
    },
    text::Encoding,
};

/// How long engines may take to end after Ctrl-C, before pxlens leaves without them.
const INTERRUPT_LIMIT: Duration = Duration::from_secs(10);

/// Runs the px cells of `args.file`.
pub(super) async fn run(args: RunArgs) -> Result<Status, Failure> {
    let file = SourceFile::read(&args.file)?;
    run_source(file, args).await
}

/// Runs the px cells of a text that was read already.
pub(super) async fn run_source(file: SourceFile, args: RunArgs) -> Result<Status, Failure> {
    let overrides =
        Overrides { targets: args.targets.as_deref().map(parse_targets).transpose()?, block: None };
    let (session, notices) = Session::start(args.settings(file.folder.clone()), Encoding::Utf8, true, false);
    let telling = tokio::spawn(tell(notices));
    let outcome = run_in(&session, &file, &args, overrides).await;
    // Stops a cluster that was started for this.
    session.shutdown().await;
    telling.abort();
    outcome
}

async fn run_in(
    session: &Session,
    file: &SourceFile,
    args: &RunArgs,
    overrides: Overrides,
) -> Result<Status, Failure> {
    let key = DocumentKey::from(file.label.as_str());
    session.open(key.clone(), file.dialect, 0, file.text.clone());
    let view = session.document(key.clone()).await.ok_or_else(ended)?;
    if let Some(why) = &view.unreadable {
        return Err(Failure::new(Status::Usage, format!("{}: {why}", file.label)));
    }
    let scope = scope_of(&view, args)?;
    let ask =
        Ask { document: key, scope, overrides, keep_going: args.keep_going, start: StartPolicy::Attached };
    let mut interrupts = Interrupts::listen();
    let asked = tokio::select! {
        asked = session.run(ask) => asked.map_err(|error| refused(file, error))?,
        () = interrupts.next() => return Ok(Status::Interrupted),
    };
    let form = match (args.json, args.plain) {
        (true, _) => Form::Json,
        (_, true) => Form::Plain,
        _ => Form::Grouped,
    };
    let screen = Screen::new(form, args.group_by, args.images.clone());
    let show = Show { session, view: &view, asked: &asked, screen, interrupts, keep_going: args.keep_going };
    show.all().await
}

/// Shows the runs of one ask until all have ended.
struct Show<'a> {
    session: &'a Session,
    view: &'a DocumentView,
    asked: &'a Asked,
    screen: Screen,
    interrupts: Interrupts,
    keep_going: bool,
}

impl Show<'_> {
    async fn all(mut self) -> Result<Status, Failure> {
        let interrupted = if self.screen.form() == Form::Json {
            self.follow_json().await?
        } else {
            self.follow_cells().await?
        };
        let not_run: u32 = self.asked.local_lines;
        if not_run > 0 {
            self.screen
                .note(&format!("{not_run} local {} not run", if not_run == 1 { "line" } else { "lines" }))?;
        }
        if interrupted {
            return Ok(Status::Interrupted);
        }
        Ok(self.asked.runs.iter().map(|handle| status_of(&handle.now())).fold(Status::Ok, worse))
    }

    /// Cell after cell in the order of the document; those that do not block are shown when they end, at the latest at
    /// the end of the file.
    async fn follow_cells(&mut self) -> Result<bool, Failure> {
        let mut later: Vec<Arc<RunHandle>> = Vec::new();
        let mut newest: Option<Arc<RunHandle>> = None;
        for cell in &self.view.cells {
            if let Some(handle) = self.asked.runs.iter().find(|handle| handle.cell == cell.id).cloned() {
                newest = Some(handle.clone());
                if !handle.plan.blocking {
                    self.screen.submitted(&handle)?;
                    later.push(handle);
                } else if self.wait_and_show(&handle).await? {
                    return Ok(true);
                } else if !self.keep_going && handle.now().state() == RunState::Failed {
                    break;
                }
            } else if let Some((_, why)) = self.asked.not_run.iter().find(|(id, _)| *id == cell.id) {
                match (&cell.cell.kind, &newest) {
                    (CellKind::Result, Some(handle)) => {
                        let handle = handle.clone();
                        if self.wait(&handle).await? {
                            return Ok(true);
                        }
                        later.retain(|other| other.id != handle.id);
                        self.screen
                            .result(&handle, cell.cell.magic.options.group_outputs.map(GroupBy::from))?;
                    }
                    _ => self.screen.not_run(cell, why)?,
                }
            }
        }
        for handle in later {
            if self.wait_and_show(&handle).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn wait_and_show(&mut self, handle: &Arc<RunHandle>) -> Result<bool, Failure> {
        let interrupted = self.wait(handle).await?;
        self.screen.result(handle, None)?;
        Ok(interrupted)
    }

    /// Waits until a run is over; Ctrl-C interrupts the engines first, and waits on for what they still say.
    async fn wait(&mut self, handle: &RunHandle) -> Result<bool, Failure> {
        let mut view = handle.view.clone();
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        let mut interrupted = false;
        let deadline = tokio::time::sleep(Duration::MAX);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                over = view.wait_for(|run| run.is_over()) => {
                    // A run's task lives as long as its session, which this function borrows.
                    over.map_err(|_| ended())?;
                    break;
                }
                _ = tick.tick() => self.screen.progress(&handle.now())?,
                () = self.interrupts.next() => {
                    if interrupted {
                        break;
                    }
                    interrupted = true;
                    deadline.as_mut().reset(tokio::time::Instant::now() + INTERRUPT_LIMIT);
                    self.interrupt();
                }
                () = &mut deadline => break,
            }
        }
        self.screen.end_progress()?;
        Ok(interrupted)
    }

    fn interrupt(&self) {
        let session = self.session.clone();
        tokio::spawn(async move { session.interrupt(None, None, "SIGINT".to_owned()).await });
    }

    /// All runs at once: each event as it comes.
    async fn follow_json(&mut self) -> Result<bool, Failure> {
        let (changed, mut changes) = mpsc::channel(64);
        let watchers: Vec<JoinHandle<()>> = self
            .asked
            .runs
            .iter()
            .enumerate()
            .map(|(index, handle)| watch(index, handle, changed.clone()))
            .collect();
        drop(changed);
        for (cell, why) in &self.asked.not_run {
            let cell = self.view.cells.iter().find(|view| view.id == *cell);
            if let Some(cell) = cell {
                self.screen.not_run(cell, why)?;
            }
        }
        let mut interrupted = false;
        let deadline = tokio::time::sleep(Duration::MAX);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                index = changes.recv() => match index {
                    Some(index) => self.screen.events(&self.asked.runs[index])?,
                    None => break,
                },
                () = self.interrupts.next() => {
                    if interrupted {
                        break;
                    }
                    interrupted = true;
                    deadline.as_mut().reset(tokio::time::Instant::now() + INTERRUPT_LIMIT);
                    self.interrupt();
                }
                () = &mut deadline => break,
            }
        }
        watchers.iter().for_each(JoinHandle::abort);
        for handle in &self.asked.runs {
            self.screen.events(handle)?;
        }
        Ok(interrupted)
    }
}

/// Sends `index` whenever the run has changed, until it is over.
fn watch(index: usize, handle: &RunHandle, changed: mpsc::Sender<usize>) -> JoinHandle<()> {
    let mut view = handle.view.clone();
    tokio::spawn(async move {
        loop {
            let over = view.borrow_and_update().is_over();
            if changed.send(index).await.is_err() || over || view.changed().await.is_err() {
                return;
            }
        }
    })
}

/// Ctrl-C, heard from the first moment on.
struct Interrupts {
    presses: mpsc::Receiver<()>,
}

impl Interrupts {
    fn listen() -> Self {
        let (pressed, presses) = mpsc::channel(2);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && pressed.send(()).await.is_ok() {}
        });
        Self { presses }
    }

    async fn next(&mut self) {
        if self.presses.recv().await.is_none() {
            // No signal can be heard on this system: then none comes.
            std::future::pending::<()>().await;
        }
    }
}

async fn tell(mut notices: mpsc::UnboundedReceiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        if let Notice::Say(level, text) = notice {
            super::output::say(level, &text);
        }
    }
}

fn scope_of(view: &DocumentView, args: &RunArgs) -> Result<Scope, Failure> {
    let count = view.cells.len();
    let nothing = |sentence: String| Failure::new(Status::Usage, sentence);
    if count == 0 {
        super::output::say(Level::Info, "the file has no px cells");
    }
    match (args.cell, args.line) {
        (Some(number), _) => view
            .cells
            .iter()
            .find(|cell| cell.cell.ordinal + 1 == number)
            .map(|cell| Scope::Cell(cell.id))
            .ok_or_else(|| {
                nothing(format!("there is no px cell {number}; the file has {count} (see `pxlens cells`)"))
            }),
        (None, Some(line)) => view
            .cells
            .iter()
            .find(|cell| (cell.line + 1..=cell.last_line + 1).contains(&line))
            .map(|cell| Scope::Cell(cell.id))
            .ok_or_else(|| nothing(format!("there is no px cell at line {line} (see `pxlens cells`)"))),
        (None, None) => Ok(Scope::All),
    }
}

fn parse_targets(text: &str) -> Result<Targets, Failure> {
    Targets::parse_flag(text).map_err(|error| Failure::new(Status::Usage, format!("--targets: {error}")))
}

fn refused(file: &SourceFile, error: AskError) -> Failure {
    let status = match error {
        AskError::Cluster(_) | AskError::Ended => Status::NoCluster,
        _ => Status::Usage,
    };
    match error {
        AskError::Refused { .. } | AskError::Targets { .. } | AskError::NoCell => {
            Failure::new(status, format!("{}: {error}", file.label))
        }
        other => Failure::new(status, other),
    }
}

fn ended() -> Failure {
    Failure::new(Status::NoCluster, AskError::Ended)
}

/// How one run counts for the exit status.
fn status_of(run: &Run) -> Status {
    let of_part = |ending: Option<&Ending>| match ending {
        Some(Ending::Ok) => Status::Ok,
        Some(Ending::Lost(LostReason::ControllerLost)) => Status::NoCluster,
        _ => Status::EngineFailed,
    };
    run.parts().map(|part| of_part(part.ending())).fold(Status::Ok, worse)
}

fn worse(one: Status, other: Status) -> Status {
    let rank = |status| match status {
        Status::Ok => 0,
        Status::EngineFailed => 1,
        Status::Usage => 2,
        Status::NoCluster => 3,
        Status::Interrupted => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}
