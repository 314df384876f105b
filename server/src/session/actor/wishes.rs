//! What somebody asks to be run: which cells are meant, taken whole in the turn of the session in which they are asked for.
//!
//! From then on nobody reads the document again: what is typed while a cluster starts, or while a cell waits for its turn, is
//! not sent. Only the engines are looked up when the turn comes.
//!
//! # The same wish, once
//!
//! A cell that waits may be asked for again, alone or among others. This is the whole rule:
//!
//! * In the same way ([`PinnedCell::wants`]: code, plan, on which engines), it is the same wish. Both askers get the same run.
//!   It keeps its place, and waits from now on for what the newest ask puts before it: after "cell 3", "all" has it run behind
//!   1 and 2; after "all", "cell 3" has it run even if 2 fails.
//! * In another way, the newer one takes its place in the queue, and whoever asked for the older one is told.
//! * While it runs, one more waits; that one is then what the two sentences above speak of.
//! * Asks that wait for a cluster are all put into the queue before the first run of them is sent, so that the same holds
//!   among them: three presses give one run, and the order is that of the newest ask. Of an ask that nobody waits for any
//!   more nothing runs.
//! * An ask whose engines are still being compared ([`Only::Differing`]) counts as one that waits: a newer one of its cell
//!   takes its place.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::oneshot;

use super::{Actor, Message, RunEntry, Waiter, send_back};
use crate::{
    cells::CellKind,
    engines::{EngineId, RankSet},
    plan::{Plan, Refusal, plan},
    run::{Run, RunId},
    session::{
        Ask, AskError, Asked, CellId, CellView, Conditional, DocumentKey, Level, NotRun, NotRunKind, Only,
        Place, RunHandle, Scope, SessionEvent, StartPolicy, parts,
        queue::{ASKED_AGAIN, Steps},
    },
};

/// To whom an ask is answered.
pub(super) type Reply = oneshot::Sender<Result<Asked, AskError>>;

/// A px cell as it was when it was asked for.
pub(super) struct PinnedCell {
    pub(super) key: DocumentKey,
    /// The notebook of that text; the text itself where it has none.
    pub(super) home: DocumentKey,
    pub(super) view: CellView,
    /// What running it does, with what the ask says on top.
    pub(super) planned: Result<Plan, Refusal>,
    /// On which part of its last run's engines it is to run again.
    pub(super) only: Option<Only>,
    /// Whether its first engine goes first.
    pub(super) canary: bool,
    /// The magic's line.
    pub(super) title: String,
    /// Which cell of the file holds it, and how many lines of local code that has.
    pub(super) block: Option<(usize, u32)>,
}

impl PinnedCell {
    /// Whether a run that waits is what this asks for.
    pub(super) fn wants(&self, plan: &Plan, engines: &[EngineId], waiting: &RunEntry) -> bool {
        let handle = &waiting.handle;
        handle.cell == self.view.id
            && handle.place.kind == self.view.cell.kind
            && handle.plan == *plan
            && handle.engines == engines
            && waiting.canary.is_some() == self.canary
    }
}

/// An ask whose cells are settled.
pub(super) struct Wish {
    /// At least one, in the order of the document or notebook.
    pub(super) cells: Vec<PinnedCell>,
    pub(super) keep_going: bool,
    pub(super) start: StartPolicy,
    /// Whether the one cell, which is to run again on a part of its engines, has changed since it ran.
    pub(super) changed: bool,
    /// What else the ask names, and leaves out.
    pub(super) conditional: Vec<Conditional>,
    /// Whether anything is asked of engines.
    sends: bool,
    /// More than one where the same was asked for again.
    replies: Vec<Reply>,
}

impl Wish {
    /// Whether nobody waits for the answer: whoever cancelled the request does not want its code run.
    fn is_cancelled(&self) -> bool {
        self.replies.iter().all(oneshot::Sender::is_closed)
    }

    pub(super) fn answer(self, answer: &Result<Asked, AskError>) {
        for reply in self.replies {
            // Who no longer wants the answer goes without it.
            let _ = reply.send(answer.clone());
        }
    }
}

/// A wish for the engines whose output differs, until it is known which these are.
pub(super) struct Comparing {
    number: u64,
    /// The run whose outputs are compared.
    run: RunId,
    wish: Wish,
}

impl Actor {
    pub(super) fn run(&mut self, ask: &Ask, reply: Reply) {
        // Which cells are meant is settled now, and what is wrong in them said, before a cluster is looked for or started.
        let cells = if self.trusted { self.pick(ask) } else { Err(AskError::Untrusted) };
        let (cells, conditional) = match cells {
            Ok(picked) => picked,
            Err(error) => return drop(reply.send(Err(error))),
        };
        if cells.is_empty() {
            return drop(reply.send(Ok(Asked { conditional, ..Asked::default() })));
        }
        let refuses = |cell: &PinnedCell| matches!(cell.planned, Err(Refusal::Cell(_)));
        // What follows on one that is refused will not be sent.
        let mut reached = cells.iter().take_while(|cell| ask.keep_going || !refuses(cell));
        let sends = reached.any(|cell| cell.planned.is_ok());
        let wish = Wish {
            sends,
            cells,
            conditional,
            keep_going: ask.keep_going,
            start: ask.start,
            changed: false,
            replies: vec![reply],
        };
        match ask.only {
            Some(only) => self.narrow(wish, only),
            None => self.proceed(wish),
        }
    }

    /// The cells that an ask means, and those that it leaves out: there is at least one of either.
    fn pick(&mut self, ask: &Ask) -> Result<(Vec<PinnedCell>, Vec<Conditional>), AskError> {
        let keys = match ask.scope {
            Scope::Cell(_) | Scope::Lines(..) => vec![ask.document.clone()],
            Scope::Above(_) | Scope::Below(_) | Scope::All => self.documents.notebook_cells(&ask.document),
        };
        let Some(here) = keys.iter().position(|key| *key == ask.document) else {
            return Err(AskError::NoDocument(ask.document.clone()));
        };
        let mut views = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            let Some(view) = self.documents.view(key) else { continue };
            if let Some(why) = &view.unreadable {
                return Err(AskError::Unreadable(why.clone()));
            }
            views.push((index, view));
        }
        if !views.iter().any(|(index, _)| *index == here) {
            return Err(AskError::NoDocument(ask.document.clone()));
        }
        // In which text, and at which line of it.
        let place = match ask.scope {
            Scope::Above(place) | Scope::Below(place) => Some(match place {
                Place::Line(line) => (here, line),
                Place::Cell(id) => views
                    .iter()
                    .find_map(|(index, view)| {
                        view.cells.iter().find(|cell| cell.id == id).map(|cell| (*index, cell.line))
                    })
                    // It was deleted: nothing is above or below it.
                    .ok_or(AskError::NoCell)?,
            }),
            _ => None,
        };
        let is_above = |index: usize, cell: &CellView| {
            place.is_some_and(|(text, line)| index < text || (index == text && cell.last_line < line))
        };
        let mut picked = Vec::new();
        let mut conditional = Vec::new();
        for (index, view) in views {
            let wanted = |cell: &CellView| match ask.scope {
                Scope::Cell(id) => cell.id == id,
                Scope::Lines(first, last) => cell.line <= last && cell.last_line >= first,
                // A plain cell is only run where it is meant itself.
                _ if cell.cell.kind == CellKind::Plain => false,
                Scope::All => true,
                Scope::Above(_) => is_above(index, cell),
                Scope::Below(_) => !is_above(index, cell),
            };
            let is_meant_itself = |cell: &CellView| match ask.scope {
                Scope::Cell(_) => true,
                Scope::Lines(first, last) => cell.line <= first && last <= cell.last_line,
                Scope::Above(_) | Scope::Below(_) | Scope::All => false,
            };
            let block = |at: usize| {
                // In the order of the text.
                let number = view.blocks.partition_point(|block| block.px_cells.end <= at);
                view.blocks.get(number).map(|block| (number, block.local_lines))
            };
            let home = self.documents.home(&view.key);
            for (at, cell) in view.cells.iter().enumerate().filter(|(_, cell)| wanted(cell)) {
                if let Some(suite) = cell.cell.suite.filter(|_| !is_meant_itself(cell)) {
                    let lines = cell.last_line - cell.line + 1;
                    conditional.push(Conditional { cell: cell.id, lines, keyword: suite.keyword });
                    continue;
                }
                let mut pinned = cell.clone();
                if cell.cell.kind == CellKind::Result {
                    // Its last run is the one that it shows.
                    let shown = self.recalled.get(&cell.id).and_then(|run| self.runs.get(run));
                    pinned.run = shown.map(|entry| Arc::clone(&entry.handle));
                }
                picked.push(PinnedCell {
                    key: view.key.clone(),
                    home: home.clone(),
                    planned: plan(&cell.cell, &ask.overrides),
                    only: ask.only,
                    canary: ask.overrides.canary,
                    title: self.documents.excerpt(&view.key, cell.cell.magic_range()),
                    block: block(at),
                    view: pinned,
                });
            }
        }
        let is_one = matches!(ask.scope, Scope::Cell(_) | Scope::Lines(..)) && picked.len() < 2;
        match &picked[..] {
            _ if ask.only.is_some() && !is_one => {
                let why = "only one px cell can be run again on a part of its engines; choose one";
                Err(AskError::NothingAgain(why.to_owned()))
            }
            [] if conditional.is_empty() => Err(AskError::NoCell),
            [PinnedCell { planned: Err(Refusal::Cell(why)), view, .. }] => {
                Err(AskError::Refused { line: view.line + 1, why: why.clone() })
            }
            _ => Ok((picked, conditional)),
        }
    }

    /// Goes on with a wish whose cells and engines are settled: runs them, or waits for a cluster.
    fn proceed(&mut self, wish: Wish) {
        self.replace_compared(&wish);
        if !wish.sends || (self.cluster.is_some() && !self.is_leaving()) {
            let asked = self.start_runs(&wish, false);
            return wish.answer(&asked);
        }
        let is_first = !self.waiters.iter().any(|waiter| matches!(waiter, Waiter::Run(_)));
        if self.cluster.is_some() && is_first {
            let name = self.cluster_view().name;
            let text = format!("waiting until the runs on {name} are over, since another cluster is set now");
            self.tell(SessionEvent::Say(Level::Info, text));
        }
        let start = wish.start;
        self.waiters.push(Waiter::Run(wish));
        self.attach(start);
    }

    /// Runs what waited for a cluster. Nothing is sent before all of it is in the queue, so that a cell that was asked for
    /// several times runs once.
    pub(super) fn start_waiting(&mut self, wishes: Vec<Wish>) {
        let mut answers = Vec::with_capacity(wishes.len());
        for wish in wishes.into_iter().filter(|wish| !wish.is_cancelled()) {
            let asked = if self.trusted { self.start_runs(&wish, true) } else { Err(AskError::Untrusted) };
            answers.push((wish, asked));
        }
        for (wish, asked) in &mut answers {
            if let Ok(asked) = asked {
                self.tell_replaced(wish, asked);
            }
        }
        let mut steps = Steps::default();
        self.queue.advance(&mut steps);
        self.take(steps);
        for (wish, asked) in answers {
            wish.answer(&asked);
        }
    }

    /// Says of runs that a later wish replaced, before any was sent, that they are none.
    fn tell_replaced(&self, wish: &Wish, asked: &mut Asked) {
        let (kept, replaced): (Vec<_>, Vec<_>) =
            std::mem::take(&mut asked.runs).into_iter().partition(|handle| self.queue.holds(handle.id));
        asked.runs = kept;
        if replaced.is_empty() {
            return;
        }
        asked.not_run.extend(replaced.iter().map(|handle| self::replaced(handle.cell)));
        let place = |cell: CellId| wish.cells.iter().position(|pinned| pinned.view.id == cell);
        asked.not_run.sort_by_key(|one| place(one.cell));
        asked.local_lines = local_lines(&wish.cells, &asked.runs);
    }

    /// Has the one cell of a wish run on a part of its last run's engines.
    fn narrow(&mut self, mut wish: Wish, only: Only) {
        let Some(cell) = wish.cells.first() else { return };
        if let Some(run) = self.waiting_part(cell) {
            let local_lines = local_lines(&wish.cells, std::slice::from_ref(&run));
            return wish.answer(&Ok(Asked { runs: vec![run], local_lines, ..Asked::default() }));
        }
        let last = match parts::last_run(cell.view.run.as_ref()) {
            Ok(last) => last,
            Err(why) => return wish.answer(&Err(AskError::NothingAgain(why))),
        };
        wish.changed = cell.view.stale;
        match only {
            Only::Failed => {
                let engines = parts::meant(only, &last);
                self.narrowed(wish, only, last.id, &engines);
            }
            Only::Differing => self.compare(wish, last),
        }
    }

    /// The run that waits of a cell on the very part of its engines that is asked for again.
    fn waiting_part(&self, cell: &PinnedCell) -> Option<Arc<RunHandle>> {
        let waiting = self.queue.of_cell(cell.view.id).find(|entry| !entry.sent)?;
        let entry = self.runs.get(&waiting.run)?;
        let plan = Plan { only: entry.handle.plan.only.clone(), ..cell.planned.clone().ok()? };
        let is_same = entry.only == cell.only && cell.wants(&plan, &entry.handle.engines, entry);
        is_same.then(|| entry.handle.clone())
    }

    /// Goes on with a wish for these engines of a run, as far as they are there.
    fn narrowed(&mut self, mut wish: Wish, only: Only, run: RunId, engines: &RankSet) {
        match parts::still_there(only, run, engines, &self.cluster_view().engines) {
            Err(why) => wish.answer(&Err(AskError::NothingAgain(why))),
            Ok(there) => {
                for plan in wish.cells.iter_mut().filter_map(|cell| cell.planned.as_mut().ok()) {
                    plan.only = Some(there.clone());
                }
                self.proceed(wish);
            }
        }
    }

    /// Looks beside the session which engines' output differs; what they wrote may be much.
    fn compare(&mut self, mut wish: Wish, run: Arc<Run>) {
        let is_same = |other: &&mut Comparing| {
            let alike = |(one, other): (&PinnedCell, &PinnedCell)| {
                one.view.id == other.view.id && one.planned == other.planned && one.canary == other.canary
            };
            other.run == run.id
                && other.wish.start == wish.start
                && other.wish.keep_going == wish.keep_going
                && other.wish.cells.iter().zip(&wish.cells).all(alike)
        };
        if let Some(same) = self.comparing.iter_mut().find(is_same) {
            same.wish.replies.append(&mut wish.replies);
            return;
        }
        self.replace_compared(&wish);
        let (number, this) = (self.next_comparison, self.this.clone());
        self.next_comparison += 1;
        self.comparing.push(Comparing { number, run: run.id, wish });
        tokio::spawn(async move {
            let engines = tokio::task::spawn_blocking(move || parts::meant(Only::Differing, &run)).await;
            send_back(&this, Message::Compared { number, engines: engines.ok() });
        });
    }

    /// Goes on with a wish once it is known which engines' output differs; `None` where that met a bug.
    pub(super) fn compared(&mut self, number: u64, engines: Option<RankSet>) {
        // Else it was replaced meanwhile.
        let Some(at) = self.comparing.iter().position(|comparing| comparing.number == number) else { return };
        let Comparing { run, wish, .. } = self.comparing.remove(at);
        match engines {
            _ if wish.is_cancelled() => {}
            _ if !self.trusted => wish.answer(&Err(AskError::Untrusted)),
            Some(engines) => self.narrowed(wish, Only::Differing, run, &engines),
            None => {
                let why = "pxlens met a bug while it compared outputs; please report this";
                wish.answer(&Err(AskError::NothingAgain(why.to_owned())));
            }
        }
    }

    /// A newer wish for a cell takes the place of one whose engines are still being compared.
    fn replace_compared(&mut self, wish: &Wish) {
        if self.comparing.is_empty() {
            return;
        }
        let run = wish.cells.iter().filter(|cell| cell.planned.is_ok());
        let cells: HashSet<CellId> = run.map(|cell| cell.view.id).collect();
        let is_meant = |older: &Comparing| older.wish.cells.iter().any(|cell| cells.contains(&cell.view.id));
        for older in self.comparing.extract_if(.., |older| is_meant(older)) {
            let not_run = older.wish.cells.iter().map(|cell| replaced(cell.view.id)).collect();
            older.wish.answer(&Ok(Asked { not_run, ..Asked::default() }));
        }
    }
}

fn replaced(cell: CellId) -> NotRun {
    NotRun { cell, kind: NotRunKind::Replaced, why: ASKED_AGAIN.to_owned() }
}

/// Local lines beside the cells that run, in the cells of the file that hold them; each counted once.
pub(super) fn local_lines(cells: &[PinnedCell], runs: &[Arc<RunHandle>]) -> u32 {
    let running: HashSet<CellId> = runs.iter().map(|handle| handle.cell).collect();
    let mut counted: HashSet<(&DocumentKey, usize)> = HashSet::new();
    let mut lines = 0;
    for cell in cells.iter().filter(|cell| running.contains(&cell.view.id)) {
        if let Some((number, local_lines)) = cell.block
            && counted.insert((&cell.key, number))
        {
            lines += local_lines;
        }
    }
    lines
}
