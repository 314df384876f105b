//! Run commands: the cells and their code are taken in the one turn of the session in which the command is handled.
//!
//! From then on the text is not read again: what the user types while a cluster starts, or while a cell waits in the
//! queue, is not sent. When the cell's turn comes, only the engines are looked up, and whether the px cell was deleted: then it is
//! not sent, since nothing would show its run. A document that was closed makes no difference.
//!
//! # Running a queued cell again
//!
//! A cell that is still queued may be run again, alone or together with others. This is the whole rule:
//!
//! * With the same code, plan and engines ([`PinnedCell::wants`]), nothing is queued anew: both commands get the same
//!   run. It keeps its place, and waits from now on for what the newest command puts before it. After "cell 3", "all"
//!   makes it run behind 1 and 2; after "all", "cell 3" makes it run even if 2 fails.
//! * Otherwise the newer run replaces it in the queue, and the answer to the older command says so.
//! * While the cell is running, one more run of it can be queued; the two rules above apply to that one.
//! * Commands that wait for a cluster are all queued before the first of their runs is sent, so that the same holds
//!   among them: three presses give one run, and the order is that of the newest command. A command whose answer nobody
//!   awaits any more runs nothing.
//! * A command whose outputs are still being compared ([`Only::Differing`]) counts as queued: a newer one of its cell
//!   replaces it.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::oneshot;

use super::{Actor, Message, Waiter, run_index::RunEntry, send_back};
use crate::{
    cells::{CellKind, LineName},
    engines::{EngineId, RankSet},
    plan::{Plan, Refusal, plan},
    run::{Run, RunId},
    session::{
        Cancellation, CellId, CellView, Conditional, DocumentKey, DocumentView, FileWish, Level, NoCell,
        NotRun, NotRunKind, Only, Place, RunCommand, RunError, RunHandle, RunResponse, Scope, Session,
        SessionEvent, StartPolicy, Whereabouts, parts,
        queue::{REPLACED, Steps},
    },
};

/// Where the answer to a run command goes, and whether the command was cancelled.
struct Reply {
    to: oneshot::Sender<Result<RunResponse, RunError>>,
    cancellation: Cancellation,
}

impl Reply {
    /// Whether nobody awaits the answer any more.
    fn is_cancelled(&self) -> bool {
        self.to.is_closed() || self.cancellation.is_cancelled()
    }

    fn send(self, answer: Result<RunResponse, RunError>) {
        // Fails if the caller was dropped.
        let _ = self.to.send(answer);
    }
}

/// A px cell as it was when the command was handled.
pub(super) struct PinnedCell {
    pub(super) at: Whereabouts,
    pub(super) view: CellView,
    /// What running it does, with the options of the command.
    pub(super) planned: Result<Plan, Refusal>,
    /// The part of its last run's engines to run it again on.
    pub(super) only: Option<Only>,
    /// Whether its first engine runs it before the others.
    pub(super) canary: bool,
    /// The magic's line, without blanks around it.
    pub(super) magic_line: String,
    /// That line as a reader calls it.
    pub(super) place_name: LineName,
    /// The cell of the file that holds it.
    pub(super) holder: Option<Holder>,
}

/// A cell of a file that holds px cells.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    /// Its place among the file's cells.
    pub(super) number: usize,
    /// How many lines of local code are in it.
    local_lines: u32,
}

impl PinnedCell {
    /// Whether a queued run is what this cell would run.
    pub(super) fn wants(&self, plan: &Plan, engines: &[EngineId], waiting: &RunEntry) -> bool {
        let handle = &waiting.handle;
        handle.cell == self.view.id
            && handle.px_cell.kind == self.view.cell.kind
            && handle.plan == *plan
            && handle.engines == engines
            && waiting.canary.is_some() == self.canary
    }
}

/// A run command whose cells have been looked up.
pub(super) struct ResolvedCommand {
    /// At least one, in the order of the document or notebook.
    pub(super) cells: Vec<PinnedCell>,
    pub(super) keep_going: bool,
    pub(super) start: StartPolicy,
    /// Whether the one cell has changed since it ran, if it is to run again on a part of its engines.
    pub(super) changed: bool,
    /// The cells that the command covers, and leaves out.
    pub(super) conditional: Vec<Conditional>,
    /// Whether anything is sent to engines.
    pub(super) sends: bool,
    /// What the file says about the cluster that it wants.
    pub(super) wish: FileWish,
    /// More than one if the same command was given again.
    replies: Vec<Reply>,
}

impl ResolvedCommand {
    /// Whether nobody awaits the answer any more: a user who cancels the request does not want its code run.
    fn is_cancelled(&self) -> bool {
        self.replies.iter().all(Reply::is_cancelled)
    }

    /// Begins to run it: from now on it cannot be cancelled. `false` if it was.
    fn begin(&mut self) -> bool {
        self.replies.retain(|reply| !reply.to.is_closed() && reply.cancellation.begin());
        !self.replies.is_empty()
    }

    pub(super) fn answer(self, answer: &Result<RunResponse, RunError>) {
        self.replies.into_iter().for_each(|reply| reply.send(answer.clone()));
    }
}

/// A command for the engines whose output differs, while it is being found out which these are.
pub(super) struct Comparing {
    number: u64,
    /// The run whose outputs are being compared.
    run: RunId,
    command: ResolvedCommand,
}

impl Session {
    /// Runs cells. Answers once they are planned and queued, which may need a cluster to be found or started first.
    ///
    /// # Errors
    /// See [`RunError`]; then nothing was run.
    pub(crate) async fn run(&self, command: RunCommand) -> Result<RunResponse, RunError> {
        self.run_unless(command, Cancellation::default()).await
    }

    /// The same, unless it is cancelled before it begins: while it waits for a cluster, or for the session to handle it. Then
    /// nothing is run, and the answer means nothing.
    ///
    /// # Errors
    /// See [`RunError`]; then nothing was run.
    pub(crate) async fn run_unless(
        &self,
        command: RunCommand,
        cancellation: Cancellation,
    ) -> Result<RunResponse, RunError> {
        let run = move |actor: &mut Actor, to| actor.run(&command, Reply { to, cancellation });
        self.ask_for(run).await.unwrap_or_else(|_| Err(self.unanswered()))
    }
}

impl Actor {
    fn run(&mut self, command: &RunCommand, reply: Reply) {
        if reply.is_cancelled() {
            return;
        }
        // Look up the cells, and report errors in them, before a cluster is looked for or started.
        let cells = if self.trusted { self.pick(command) } else { Err(RunError::Untrusted) };
        let (cells, conditional) = match cells {
            Ok(picked) => picked,
            Err(error) => return reply.send(Err(error)),
        };
        if cells.is_empty() {
            return reply.send(Ok(RunResponse { conditional, ..RunResponse::default() }));
        }
        let refuses = |cell: &PinnedCell| matches!(cell.planned, Err(Refusal::Cell(_)));
        // Cells after a refused one will not be sent.
        let mut reached = cells.iter().take_while(|cell| command.keep_going || !refuses(cell));
        let sends = reached.any(|cell| cell.planned.is_ok());
        let wish = self.documents.texts(&command.document).map(|(texts, _)| texts.wish().clone());
        let resolved = ResolvedCommand {
            sends,
            wish: wish.unwrap_or_default(),
            cells,
            conditional,
            keep_going: command.keep_going,
            start: command.start,
            changed: false,
            replies: vec![reply],
        };
        match command.only {
            Some(only) => self.narrow(resolved, only),
            None => self.proceed(resolved),
        }
    }

    /// The cells that a command is for, and those that it leaves out: at least one of either.
    fn pick(&mut self, command: &RunCommand) -> Result<(Vec<PinnedCell>, Vec<Conditional>), RunError> {
        let (views, here) = self.views_for(command)?;
        let border = border(&command.scope, &views, here)?;
        let (mut picked, mut conditional) = (Vec::new(), Vec::new());
        for (index, view) in &views {
            for (at, cell) in covered(&command.scope, *index, view, border) {
                match cell.cell.suite.filter(|_| !is_named_itself(&command.scope, cell)) {
                    Some(suite) => {
                        let lines = cell.last_line - cell.line + 1;
                        conditional.push(Conditional { cell: cell.id, lines, keyword: suite.keyword });
                    }
                    None => picked.push(self.pin(command, view, at)),
                }
            }
        }
        check_picked(command, &picked, &conditional)?;
        Ok((picked, conditional))
    }

    /// The texts that a command is about, each with its place among the code cells of the notebook; and the place of the text
    /// that it names.
    fn views_for(&mut self, command: &RunCommand) -> Result<(Vec<PlacedView>, usize), RunError> {
        let keys = match command.scope {
            Scope::Cell(_) | Scope::Cells(_) | Scope::Lines(..) => vec![command.document.clone()],
            Scope::Above(_) | Scope::Below(_) | Scope::All => {
                self.documents.notebook_cells(&command.document)
            }
        };
        let unknown = || RunError::NoDocument(command.document.clone());
        let here = keys.iter().position(|key| *key == command.document).ok_or_else(unknown)?;
        let mut views = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let Some(view) = self.documents.view(key) else { continue };
            if let Some(why) = &view.unreadable {
                return Err(RunError::Unreadable(why.clone()));
            }
            views.push((index, view));
        }
        let is_there = views.iter().any(|(index, _)| *index == here);
        if is_there { Ok((views, here)) } else { Err(unknown()) }
    }

    /// Takes a px cell of a text, by its index there, as it is now.
    fn pin(&mut self, command: &RunCommand, text: &DocumentView, at: usize) -> PinnedCell {
        let mut view = text.cells[at].clone();
        if view.cell.kind == CellKind::Result {
            // The last run of a `%pxresult` is the one that it shows.
            let shown = self.index.shown_by.get(&view.id).and_then(|run| self.index.runs.get(run));
            view.run = shown.map(|entry| Arc::clone(&entry.handle));
        }
        self.documents.asked_for(&text.key, view.id);
        let magic = view.cell.magic_range();
        PinnedCell {
            at: Whereabouts {
                text: text.id,
                document: text.key.clone(),
                home: self.documents.home(&text.key),
            },
            planned: plan(&view.cell, &command.overrides),
            only: command.only,
            canary: command.canary,
            holder: text
                .block_of(at)
                .map(|block| Holder { number: block.number, local_lines: block.local_lines }),
            place_name: match self.documents.texts(&text.key) {
                Some((texts, at)) => texts.line_name(at, magic.start),
                None => text.place_of(&view),
            },
            magic_line: self.documents.excerpt(&text.key, magic).trim().to_owned(),
            view,
        }
    }

    /// Continues with a command whose cells and engines are known: runs them, or waits for a cluster.
    fn proceed(&mut self, mut command: ResolvedCommand) {
        if command.is_cancelled() {
            return;
        }
        self.replace_compared(&command);
        if command.sends {
            self.wish(&command.wish);
        }
        if !command.sends || (self.cluster().is_some() && !self.is_leaving()) {
            if command.begin() {
                let response = self.start_runs(&command, false);
                command.answer(&response);
            }
            return;
        }
        let is_first = !self.waiters.iter().any(|waiter| matches!(waiter, Waiter::Run(_)));
        if let Some(cluster) = self.cluster()
            && is_first
        {
            let name = cluster.found.label();
            let text = format!(
                "Waiting until the runs on the cluster {name} are over; then pxlens switches to the other cluster"
            );
            self.notify(SessionEvent::Say(Level::Info, text));
        }
        let start = command.start;
        self.waiters.push(Waiter::Run(command));
        self.attach(start);
    }

    /// Notes what a file asks of the cluster, and tells the user which part of it their own choice overrides.
    fn wish(&mut self, wish: &FileWish) {
        let running = self.cluster().map(|cluster| cluster.found.label());
        if let Some(text) = wish.overruled(&self.settings, running.as_deref())
            && self.overruled.insert(text.clone())
        {
            self.notify(SessionEvent::Say(Level::Info, text));
        }
        if self.wished != *wish {
            self.wished = wish.clone();
            self.leave_if_idle();
        }
    }

    /// Runs the commands that waited for a cluster. Nothing is sent before all of them are queued, so that a cell that
    /// is in several of them runs once.
    pub(super) fn start_waiting(&mut self, commands: Vec<ResolvedCommand>) {
        let mut answers = Vec::with_capacity(commands.len());
        for mut command in commands {
            if !command.begin() {
                continue;
            }
            let response =
                if self.trusted { self.start_runs(&command, true) } else { Err(RunError::Untrusted) };
            answers.push((command, response));
        }
        for (command, response) in &mut answers {
            if let Ok(response) = response {
                self.report_replaced(command, response);
            }
        }
        let mut steps = Steps::default();
        self.queue.advance(&mut steps);
        self.apply_steps(steps);
        for (command, response) in answers {
            command.answer(&response);
        }
    }

    /// Moves runs that a later command replaced, before any was sent, to the cells that were not run.
    fn report_replaced(&self, command: &ResolvedCommand, response: &mut RunResponse) {
        let (kept, replaced): (Vec<_>, Vec<_>) =
            std::mem::take(&mut response.runs).into_iter().partition(|handle| self.queue.holds(handle.id));
        response.runs = kept;
        if replaced.is_empty() {
            return;
        }
        response.not_run.extend(replaced.iter().map(|handle| self::replaced(handle.cell, handle.place_name)));
        let place = |cell: CellId| command.cells.iter().position(|pinned| pinned.view.id == cell);
        response.not_run.sort_by_key(|one| place(one.cell));
        response.local_lines = local_lines(&command.cells, &response.runs);
    }

    /// Restricts a command for one cell to a part of its last run's engines.
    fn narrow(&mut self, mut command: ResolvedCommand, only: Only) {
        let Some(cell) = command.cells.first() else { return };
        if let Some(run) = self.waiting_part(cell) {
            let local_lines = local_lines(&command.cells, std::slice::from_ref(&run));
            return command.answer(&Ok(RunResponse {
                runs: vec![run],
                local_lines,
                ..RunResponse::default()
            }));
        }
        let last = match parts::last_run(cell.view.run.as_ref()) {
            Ok(last) => last,
            Err(why) => return command.answer(&Err(RunError::NothingToRerun(why))),
        };
        command.changed = cell.view.stale;
        match only {
            Only::Failed => {
                let engines = parts::selected(only, &last);
                self.narrowed(command, only, last.id, &engines);
            }
            Only::Differing => self.compare(command, last),
        }
    }

    /// The queued run of a cell on the same part of its engines, if there is one.
    fn waiting_part(&self, cell: &PinnedCell) -> Option<Arc<RunHandle>> {
        let waiting = self.queue.of_cell(cell.view.id).find(|entry| !entry.sent)?;
        let entry = self.index.runs.get(&waiting.run)?;
        let plan = Plan { only: entry.handle.plan.only.clone(), ..cell.planned.clone().ok()? };
        let is_same = entry.only == cell.only && cell.wants(&plan, &entry.handle.engines, entry);
        is_same.then(|| entry.handle.clone())
    }

    /// Continues with a command for these engines of a run, as far as they are alive.
    fn narrowed(&mut self, mut command: ResolvedCommand, only: Only, run: RunId, engines: &RankSet) {
        match parts::still_live(only, run, engines, &self.engines()) {
            Err(why) => command.answer(&Err(RunError::NothingToRerun(why))),
            Ok(there) => {
                for plan in command.cells.iter_mut().filter_map(|cell| cell.planned.as_mut().ok()) {
                    plan.only = Some(there.clone());
                }
                self.proceed(command);
            }
        }
    }

    /// Finds out in another task which engines' output differs, since there may be a lot of output.
    fn compare(&mut self, mut command: ResolvedCommand, run: Arc<Run>) {
        let is_same = |other: &&mut Comparing| {
            let alike = |(one, other): (&PinnedCell, &PinnedCell)| {
                one.view.id == other.view.id && one.planned == other.planned && one.canary == other.canary
            };
            other.run == run.id
                && other.command.start == command.start
                && other.command.keep_going == command.keep_going
                && other.command.cells.iter().zip(&command.cells).all(alike)
        };
        if let Some(same) = self.comparing.iter_mut().find(is_same) {
            same.command.replies.append(&mut command.replies);
            return;
        }
        self.replace_compared(&command);
        let (number, this) = (self.next_comparison, self.this.clone());
        self.next_comparison += 1;
        self.comparing.push(Comparing { number, run: run.id, command });
        tokio::spawn(async move {
            let engines = tokio::task::spawn_blocking(move || parts::selected(Only::Differing, &run)).await;
            send_back(&this, Message::Compared { number, engines: engines.ok() });
        });
    }

    /// Continues with a command once it is known which engines' output differs; `None` if the comparison panicked.
    pub(super) fn compared(&mut self, number: u64, engines: Option<RankSet>) {
        // If it is not there, it was replaced in the meantime.
        let Some(at) = self.comparing.iter().position(|comparing| comparing.number == number) else { return };
        let Comparing { run, command, .. } = self.comparing.remove(at);
        match engines {
            _ if command.is_cancelled() => {}
            _ if !self.trusted => command.answer(&Err(RunError::Untrusted)),
            Some(engines) => self.narrowed(command, Only::Differing, run, &engines),
            None => {
                let why = "pxlens hit a bug while comparing outputs; please report this";
                command.answer(&Err(RunError::NothingToRerun(why.to_owned())));
            }
        }
    }

    /// A newer command for a cell replaces one whose outputs are still being compared.
    fn replace_compared(&mut self, command: &ResolvedCommand) {
        if self.comparing.is_empty() {
            return;
        }
        let run = command.cells.iter().filter(|cell| cell.planned.is_ok());
        let cells: HashSet<CellId> = run.map(|cell| cell.view.id).collect();
        let is_meant =
            |older: &Comparing| older.command.cells.iter().any(|cell| cells.contains(&cell.view.id));
        for older in self.comparing.extract_if(.., |older| is_meant(older)) {
            let not_run =
                older.command.cells.iter().map(|cell| replaced(cell.view.id, cell.place_name)).collect();
            older.command.answer(&Ok(RunResponse { not_run, ..RunResponse::default() }));
        }
    }
}

/// A text, with its place among the code cells of its notebook.
type PlacedView = (usize, Arc<DocumentView>);

/// Where "above" ends and "below" begins: the place of a text, and the line in it. None for the other scopes.
fn border(scope: &Scope, views: &[PlacedView], here: usize) -> Result<Option<(usize, u32)>, RunError> {
    let (Scope::Above(place) | Scope::Below(place)) = scope else { return Ok(None) };
    let of_cell = |id: CellId| {
        views.iter().find_map(|(index, view)| {
            view.cells.iter().find(|cell| cell.id == id).map(|cell| (*index, cell.line))
        })
    };
    match place {
        Place::Line(line) => Ok(Some((here, *line))),
        // If the cell was deleted, nothing is above or below it.
        Place::Cell(id) => of_cell(*id).map(Some).ok_or(RunError::NoCell(NoCell::Gone)),
    }
}

/// The px cells of a text that a scope covers, each with its index there.
fn covered<'a>(
    scope: &Scope,
    index: usize,
    view: &'a DocumentView,
    border: Option<(usize, u32)>,
) -> Vec<(usize, &'a CellView)> {
    let is_above = |cell: &CellView| {
        border.is_some_and(|(text, line)| index < text || (index == text && cell.last_line < line))
    };
    let on_lines: HashSet<CellId> = match scope {
        Scope::Lines(first, last) => view.cells_on(*first, *last).map(|cell| cell.id).collect(),
        _ => HashSet::new(),
    };
    let is_covered = |cell: &CellView| match scope {
        Scope::Cell(id) => cell.id == *id,
        Scope::Cells(ids) => ids.contains(&cell.id),
        Scope::Lines(..) => on_lines.contains(&cell.id),
        // A plain cell only runs if it is chosen itself.
        _ if cell.cell.kind == CellKind::Plain => false,
        Scope::All => true,
        Scope::Above(_) => is_above(cell),
        Scope::Below(_) => !is_above(cell),
    };
    view.cells.iter().enumerate().filter(|(_, cell)| is_covered(cell)).collect()
}

/// Whether a scope means just this px cell, so that it runs even in the body of a statement such as `if`.
fn is_named_itself(scope: &Scope, cell: &CellView) -> bool {
    match scope {
        Scope::Cell(_) => true,
        Scope::Cells(ids) => *ids == [cell.id],
        Scope::Lines(first, last) => cell.line <= *first && *last <= cell.last_line,
        Scope::Above(_) | Scope::Below(_) | Scope::All => false,
    }
}

/// Refuses a command that comes to nothing.
fn check_picked(
    command: &RunCommand,
    picked: &[PinnedCell],
    conditional: &[Conditional],
) -> Result<(), RunError> {
    let names_some = matches!(command.scope, Scope::Cell(_) | Scope::Cells(_) | Scope::Lines(..));
    let is_one = names_some && picked.len() < 2;
    if let Scope::Cells(ids) = &command.scope
        && picked.len() + conditional.len() < ids.len()
    {
        return Err(RunError::NoCell(NoCell::OneGone));
    }
    match picked {
        _ if command.only.is_some() && !is_one => {
            let why = "Only one px cell at a time can be run again on a part of its engines; choose one";
            Err(RunError::NothingToRerun(why.to_owned()))
        }
        [] if conditional.is_empty() => Err(RunError::NoCell(match command.scope {
            Scope::Cell(_) | Scope::Cells(_) => NoCell::Gone,
            Scope::Lines(..) => NoCell::Here,
            Scope::Above(_) => NoCell::Above,
            Scope::Below(_) => NoCell::Below,
            Scope::All => NoCell::InFile,
        })),
        [PinnedCell { planned: Err(Refusal::Cell(why)), place_name, .. }] => {
            Err(RunError::Refused { place_name: *place_name, why: why.clone() })
        }
        _ => Ok(()),
    }
}

fn replaced(cell: CellId, place_name: LineName) -> NotRun {
    NotRun { cell, place_name, kind: NotRunKind::Replaced, why: REPLACED.to_owned() }
}

/// The number of local lines in the cells of the file that hold the cells that run; each line counts once.
pub(super) fn local_lines(cells: &[PinnedCell], runs: &[Arc<RunHandle>]) -> u32 {
    let running: HashSet<CellId> = runs.iter().map(|handle| handle.cell).collect();
    let mut counted: HashSet<(&DocumentKey, usize)> = HashSet::new();
    let mut lines = 0;
    for cell in cells.iter().filter(|cell| running.contains(&cell.view.id)) {
        if let Some(holder) = cell.holder
            && counted.insert((&cell.at.document, holder.number))
        {
            lines += holder.local_lines;
        }
    }
    lines
}
