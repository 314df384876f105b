//! Asking for runs, queueing and interrupting them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{Actor, Message, RunEntry, Waiter, send_back};
use crate::{
    cells::CellKind,
    clock::now,
    engines::{EngineId, RankSet},
    plan::{Plan, Refusal, plan},
    run::{Run, RunId, RunRequest, RunState},
    session::{
        Ask, AskError, Asked, CellId, CellView, ClusterError, DocumentKey, DocumentView, Interrupted, Level,
        NotRun, NotRunKind, Notice, RunHandle, Scope,
        queue::{After, Entry, Steps},
        run_task::{self, INTERRUPTED, Order},
        spill::{Spill, SpillFolder},
    },
};

/// The cells that an ask means.
struct Chosen {
    /// With the key of their text.
    cells: Vec<(DocumentKey, CellId)>,
    /// Whether any of them asks engines for something.
    sends: bool,
}

/// How far the cells of one ask have been queued.
#[derive(Default)]
pub(super) struct Sequence {
    pub(super) keep_going: bool,
    /// What the next cell waits for.
    after: Vec<After>,
    /// Why nothing that follows is run.
    stopped: Option<String>,
    /// Runs that still wait of the cells of the ask, which replaces them: a `%pxresult` in it does not show them.
    pub(super) replaced: HashSet<RunId>,
}

impl Sequence {
    /// Has what follows wait for a run.
    pub(super) fn wait_for(&mut self, run: RunId) {
        self.after.push(After { run, must_succeed: !self.keep_going });
    }

    /// Has nothing follow, unless it is to go on.
    pub(super) fn stop(&mut self, why: String) {
        if !self.keep_going {
            self.stopped = Some(format!("not run, since {why}"));
        }
    }
}

impl Actor {
    pub(super) fn run(&mut self, ask: Ask, reply: oneshot::Sender<Result<Asked, AskError>>) {
        // Which cells are meant is settled now, and what is wrong in them said, before a cluster is looked for or started:
        // lines may shift meanwhile.
        let chosen = if self.trusted { self.select(&ask) } else { Err(AskError::Untrusted) };
        match chosen {
            Err(error) => drop(reply.send(Err(error))),
            Ok(Chosen { cells, sends }) if !sends || (self.cluster.is_some() && !self.is_leaving()) => {
                drop(reply.send(self.start_runs(&ask, &cells)));
            }
            Ok(Chosen { cells: chosen, .. }) => {
                if let Some(cluster) = self.cluster.is_some().then(|| self.cluster_view()) {
                    let text = format!(
                        "waiting until the runs on {} are over, since another cluster is set now",
                        cluster.name
                    );
                    self.tell(Notice::Say(Level::Info, text));
                }
                let start = ask.start;
                self.waiters.push(Waiter::Run(ask, chosen, reply));
                self.attach(start);
            }
        }
    }

    /// The cells that an ask means.
    fn select(&self, ask: &Ask) -> Result<Chosen, AskError> {
        let keys = match ask.scope {
            Scope::Cell(_) | Scope::Lines(..) => vec![ask.document.clone()],
            Scope::Above(_) | Scope::Below(_) | Scope::All => self.documents.together(&ask.document),
        };
        let here = keys.iter().position(|key| *key == ask.document);
        let mut chosen: Vec<(DocumentKey, CellView)> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let Some(view) = self.documents.view(key) else { continue };
            if let Some(why) = view.unreadable {
                return Err(AskError::Unreadable(why));
            }
            let wanted = |cell: &CellView| match ask.scope {
                Scope::Cell(id) => cell.id == id,
                Scope::Lines(first, last) => cell.line <= last && cell.last_line >= first,
                // A plain cell is only run where it is meant itself.
                _ if cell.cell.kind == CellKind::Plain => false,
                Scope::All => true,
                Scope::Above(line) if here == Some(index) => cell.last_line < line,
                Scope::Above(_) => Some(index) < here,
                Scope::Below(line) if here == Some(index) => cell.last_line >= line,
                Scope::Below(_) => Some(index) > here,
            };
            chosen.extend(view.cells.into_iter().filter(wanted).map(|cell| (key.clone(), cell)));
        }
        if here.is_none() {
            return Err(AskError::NoDocument(ask.document.clone()));
        }
        if chosen.is_empty() {
            return Err(AskError::NoCell);
        }
        let mut sends = false;
        for (_, cell) in &chosen {
            match plan(&cell.cell, &ask.overrides) {
                Ok(_) => sends = true,
                Err(Refusal::Cell(why)) if chosen.len() == 1 => {
                    return Err(AskError::Refused { line: cell.line + 1, why });
                }
                // What follows will not be sent.
                Err(Refusal::Cell(_)) if !ask.keep_going => break,
                Err(_) => {}
            }
        }
        let cells = chosen.into_iter().map(|(key, cell)| (key, cell.id)).collect();
        Ok(Chosen { cells, sends })
    }

    /// Plans and queues the cells of an ask, one after the other. One that cannot run stops the sequence there, unless it is
    /// to go on; where it is the only one, that is an error.
    pub(super) fn start_runs(
        &mut self,
        ask: &Ask,
        chosen: &[(DocumentKey, CellId)],
    ) -> Result<Asked, AskError> {
        let table = self.cluster.is_some().then(|| self.cluster_view().engines);
        let views = self.views_of(chosen);
        let mut asked = Asked::default();
        let waiting =
            chosen.iter().flat_map(|(_, cell)| self.queue.of_cell(*cell)).filter(|entry| !entry.sent);
        let replaced = waiting.map(|entry| entry.run).collect();
        let mut sequence = Sequence { keep_going: ask.keep_going, replaced, ..Sequence::default() };
        for (key, id) in chosen {
            let cell = views.get(key).and_then(|view| view.cells.iter().find(|cell| cell.id == *id));
            let Some(cell) = cell else {
                let why = "it was deleted before there was a cluster".to_owned();
                asked.not_run.push(NotRun { cell: *id, kind: NotRunKind::Refused, why });
                continue;
            };
            let not_run = |kind, why| NotRun { cell: cell.id, kind, why };
            let planned = plan(&cell.cell, &ask.overrides);
            if let (Err(why @ Refusal::RunsNothing(_)), false) = (&planned, is_recall(cell)) {
                asked.not_run.push(not_run(NotRunKind::RunsNothing, why.to_string()));
                continue;
            }
            if let Some(why) = &sequence.stopped {
                asked.not_run.push(not_run(NotRunKind::Behind, why.clone()));
                continue;
            }
            let refused = match planned {
                Err(Refusal::RunsNothing(_)) => {
                    if let Err(why) = self.recall(key, cell, &mut sequence, &mut asked) {
                        asked.not_run.push(not_run(NotRunKind::NothingYet, why));
                        sequence.stop(format!("line {} before it has nothing to show", cell.line + 1));
                    }
                    continue;
                }
                Err(Refusal::Cell(why)) => AskError::Refused { line: cell.line + 1, why },
                Ok(plan) => {
                    let table = table.as_ref().ok_or(ClusterError::None)?;
                    match plan.request(table) {
                        Ok(request) => {
                            let handle = self.new_run(key.clone(), cell, plan, request);
                            if let Some(entry) = self.runs.get_mut(&handle.id) {
                                entry.canary = ask.overrides.canary.then(CancellationToken::new);
                            }
                            self.queue_up(&handle, &mut sequence);
                            asked.runs.push(handle);
                            continue;
                        }
                        Err(source) => AskError::Targets { line: cell.line + 1, source },
                    }
                }
            };
            if chosen.len() == 1 {
                return Err(refused);
            }
            let why = match refused {
                AskError::Refused { why, .. } => why,
                AskError::Targets { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            asked.not_run.push(not_run(NotRunKind::Refused, why));
            sequence.stop(format!("line {} before it cannot run", cell.line + 1));
        }
        let run = asked.runs.iter().map(|handle| (&handle.document, handle.cell));
        asked.local_lines = local_lines(&views, run);
        self.forget_old_runs();
        Ok(asked)
    }

    fn queue_up(&mut self, handle: &Arc<RunHandle>, sequence: &mut Sequence) {
        let entry = Entry {
            run: handle.id,
            cell: handle.cell,
            engines: handle.engines.iter().copied().collect::<HashSet<EngineId>>(),
            blocking: handle.plan.blocking,
            after: sequence.after.clone(),
            sent: false,
        };
        let steps = self.queue.add(entry);
        self.tell(Notice::Started(handle.clone()));
        self.take(steps);
        if handle.plan.blocking {
            // It waits itself for what came before it.
            sequence.after.clear();
            sequence.wait_for(handle.id);
        }
    }

    fn new_run(
        &mut self,
        key: DocumentKey,
        cell: &CellView,
        plan: Plan,
        request: RunRequest,
    ) -> Arc<RunHandle> {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let engines = request.engines.clone();
        let mut run = Run::new(id, Arc::new(request), now());
        run.blocking = plan.blocking;
        let (tell_view, view) = watch::channel(Arc::new(run.clone()));
        let (order, wait) = oneshot::channel();
        let (regroup, regrouped) = watch::channel(None);
        let title = self.documents.excerpt(&key, cell.cell.magic_range());
        let limits = self.settings.limits.clone();
        let spilled = Arc::new(SpillFolder::new(limits.folder.clone(), id));
        let home = self.documents.home(&key);
        let handle = Arc::new(RunHandle {
            id,
            document: key,
            home,
            cell: cell.id,
            number: cell.cell.ordinal + 1,
            line: cell.line,
            title,
            suffix: cell.cell.magic.suffix.clone(),
            place: cell.cell.clone(),
            fingerprint: plan.fingerprint(),
            plan,
            engines,
            view,
            spilled: Arc::clone(&spilled),
            regrouped,
        });
        // While an earlier run of the cell goes on, that is the one to look at and to stop.
        if !self.is_going_on(handle.cell) {
            self.documents.set_run(&handle);
        }
        self.outdate_recalled(&handle);
        let entry = RunEntry {
            handle: handle.clone(),
            order: Some(order),
            canary: None,
            over: false,
            asked_for: false,
            regroup,
            names: Vec::new(),
            kept: 0,
            bytes: 0,
            task: None,
        };
        self.runs.insert(id, entry);
        let this = self.this.clone();
        let behind = this.clone();
        let bereaved = this.clone();
        let words = this.clone();
        let warn = move |why| send_back(&words, Message::Say(Level::Warning, why));
        let spill = Spill::new(limits, spilled);
        let over = move |run: &Run| {
            let succeeded = run.state() == RunState::Succeeded;
            send_back(&this, Message::Over { run: run.id, succeeded });
        };
        let late = move |run: &Run| send_back(&behind, Message::Late { run: run.id });
        let task = tokio::spawn(run_task::drive(run, tell_view, wait, spill, warn, over, late));
        let watch = tokio::spawn(async move {
            if task.await.is_err() {
                // Its engines would be held for ever.
                send_back(&bereaved, Message::Over { run: id, succeeded: false });
                let why = format!("pxlens met a bug and lost sight of {id}; please report this");
                send_back(&bereaved, Message::Say(Level::Error, why));
            }
        });
        if let Some(entry) = self.runs.get_mut(&id) {
            entry.task = Some(watch);
        }
        handle
    }

    fn views_of(&self, chosen: &[(DocumentKey, CellId)]) -> HashMap<DocumentKey, DocumentView> {
        let keys: HashSet<&DocumentKey> = chosen.iter().map(|(key, _)| key).collect();
        keys.into_iter().filter_map(|key| Some((key.clone(), self.documents.view(key)?))).collect()
    }

    /// Whether a run of the cell was sent and has not ended.
    fn is_going_on(&self, cell: CellId) -> bool {
        self.queue.of_cell(cell).any(|entry| entry.sent)
    }

    pub(super) fn take(&mut self, steps: Steps) {
        for run in steps.send {
            let order = self.sending(run).unwrap_or_else(Order::Drop);
            self.order(run, order);
        }
        for (run, why) in steps.drop {
            self.order(run, Order::Drop(why));
        }
    }

    /// What a run whose turn has come is sent with: its targets among the engines that are alive now.
    fn sending(&self, run: RunId) -> Result<Order, String> {
        let cluster = self.cluster.as_ref().ok_or_else(|| ClusterError::None.to_string())?;
        let entry = self.runs.get(&run).ok_or_else(|| "it is forgotten".to_owned())?;
        let table = cluster.client.engines().borrow().clone();
        let request = entry.handle.plan.request(&table).map_err(|error| error.to_string())?;
        Ok(Order::Send { client: cluster.client.clone(), request, canary: entry.canary.clone() })
    }

    fn order(&mut self, run: RunId, order: Order) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        if let Some(wait) = entry.order.take() {
            let mut name = None;
            if let Order::Send { .. } = order {
                self.documents.set_run(&entry.handle);
                name = entry.handle.plan.name.clone();
            }
            // The run's task waits for exactly this; it cannot be gone.
            let _ = wait.send(order);
            // Not before: a run that is never sent takes no name from one that gave something.
            if let Some(name) = name {
                self.name(run, &name);
            }
        }
    }

    pub(super) fn over(&mut self, run: RunId, succeeded: bool) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        entry.over = true;
        let handle = entry.handle.clone();
        let steps = self.queue.ended(run, succeeded);
        self.take_names_back(run);
        self.keep_named(run);
        self.weigh(run);
        self.tell(Notice::Over(handle));
        self.take(steps);
        self.forget_old_runs();
        self.leave_if_idle();
    }

    pub(super) fn interrupt(
        &mut self,
        run: Option<RunId>,
        engines: Option<RankSet>,
        signal: Option<String>,
        reply: oneshot::Sender<Interrupted>,
    ) {
        let mut outcome = Interrupted::default();
        // Whoever stops a cell does not want it to begin again: what else waits of it goes too. Only some engines of a run
        // can be meant, then it is just that run; but what waits is withdrawn as a whole, since no engine is busy with it.
        let cell = run.and_then(|run| self.runs.get(&run)).map(|entry| entry.handle.cell);
        let alike: Vec<RunId> = match (run, &engines, cell) {
            (Some(_), None, Some(cell)) => self.queue.of_cell(cell).map(|entry| entry.run).collect(),
            (Some(run), ..) => vec![run],
            (None, ..) => self.queue.waiting().chain(self.queue.sent()).collect(),
        };
        let waiting: Vec<RunId> = self.queue.waiting().filter(|waiting| alike.contains(waiting)).collect();
        for run in waiting {
            let steps = self.queue.withdraw(run, INTERRUPTED);
            outcome.dropped.extend(steps.drop.iter().map(|(run, _)| *run));
            self.take(steps);
        }
        // What waits for the first engine of a run is not sent any more, whichever of its engines are meant.
        for run in self.queue.sent().filter(|sent| alike.contains(sent)) {
            let first_alone = self.runs.get(&run).and_then(|entry| entry.canary.as_ref());
            first_alone.into_iter().for_each(CancellationToken::cancel);
        }
        let of_its_own = |run: RunId| self.runs.get(&run)?.handle.plan.signal.as_deref().map(str::to_owned);
        let running: Vec<(RunId, String)> = self
            .queue
            .sent()
            .filter(|sent| alike.contains(sent))
            .map(|run| {
                (run, signal.clone().or_else(|| of_its_own(run)).unwrap_or_else(|| "SIGINT".to_owned()))
            })
            .collect();
        let Some(client) = self.cluster.as_ref().map(|cluster| cluster.client.clone()) else {
            drop(reply.send(outcome));
            return;
        };
        let this = self.this.clone();
        tokio::spawn(async move {
            for (run, signal) in running {
                match client.interrupt(run, engines.clone(), &signal).await {
                    Ok(report) => outcome.reports.push((run, report)),
                    Err(error) => send_back(
                        &this,
                        Message::Say(Level::Error, format!("{run} was not interrupted: {error}")),
                    ),
                }
            }
            // Whoever asked may be gone; the engines were interrupted all the same.
            let _ = reply.send(outcome);
        });
    }
}

/// Whether it is a `%pxresult` that can be run.
fn is_recall(cell: &CellView) -> bool {
    cell.cell.kind == CellKind::Result && cell.cell.refusal().is_none()
}

/// Local lines beside px cells, in the cells of the file that hold them; each counted once.
fn local_lines<'a>(
    views: &HashMap<DocumentKey, DocumentView>,
    cells: impl Iterator<Item = (&'a DocumentKey, CellId)>,
) -> u32 {
    let chosen: HashSet<(&DocumentKey, CellId)> = cells.collect();
    let mut lines = 0;
    for (key, view) in views {
        for block in &view.blocks {
            let held = view.cells.get(block.px_cells.clone()).unwrap_or_default();
            if held.iter().any(|cell| chosen.contains(&(key, cell.id))) {
                lines += block.local_lines;
            }
        }
    }
    lines
}
