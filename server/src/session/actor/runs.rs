//! Queueing, sending and interrupting runs.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Actor, Message,
    commands::{PinnedCell, ResolvedCommand, local_lines},
    run_index::RunEntry,
    send_back,
};
use crate::{
    cells::{CellKind, magic::defaults::SIGNAL_ON_INTERRUPT},
    clock::now,
    cluster::INTERRUPTED,
    engines::{EngineId, EngineTable, RankSet},
    memory,
    plan::{Plan, Refusal},
    run::{Run, RunId, RunRequest, RunState},
    session::{
        CellId, CellView, ClusterError, DocumentKey, InterruptScope, Interrupted, Level, NotRun, NotRunKind,
        RunError, RunHandle, RunResponse, Session, SessionEvent, parts,
        queue::{After, Entry, Steps},
        run_task::{self, Dispatch, Recipient},
        spill::{Spill, SpillFolder},
    },
};

/// The state of queueing the cells of one command.
#[derive(Default)]
pub(super) struct Sequence {
    /// Whether what fails ends its own cell of the file only, as in IPython, and not the whole sequence.
    keep_going: bool,
    /// The cell of the file that the sequence has come to: its text, and its place among the cells of that.
    holder: Option<(DocumentKey, usize)>,
    /// Whether nothing is sent yet, since other commands are queued first.
    held: bool,
    /// The runs that the next cell waits for.
    after: Vec<After>,
    /// Why no later cell is run.
    stopped: Option<String>,
    /// Queued runs of the command's own cells, which the command replaces: a `%pxresult` in it does not show them.
    pub(super) replaced: HashSet<RunId>,
}

impl Sequence {
    /// Comes to the next px cell. If the command keeps going, what failed in an earlier cell of the file does not matter.
    fn come_to(&mut self, cell: &PinnedCell) {
        let holder = cell.holder.map(|holder| (cell.at.document.clone(), holder.number));
        if self.keep_going && (holder.is_none() || holder != self.holder) {
            self.stopped = None;
            self.after.iter_mut().for_each(|after| after.must_succeed = false);
        }
        self.holder = holder;
    }

    /// Makes later cells wait for a run, and run only if it succeeds.
    pub(super) fn wait_for(&mut self, run: RunId) {
        self.after.push(After { run, must_succeed: true });
    }

    /// Stops the sequence. `why` is told of each cell that is not run for it.
    pub(super) fn stop(&mut self, why: String) {
        self.stopped = Some(why);
    }
}

impl Session {
    /// Interrupts a run on some or all of its engines; without a run, everything that runs or waits. Without a signal,
    /// each run gets the one that its cell names, or else `SIGINT`. `None` if there is no such run.
    pub(crate) async fn interrupt(
        &self,
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
    ) -> Option<Interrupted> {
        self.ask_for(move |actor, reply| actor.interrupt(run, stop, signal, reply)).await.ok().flatten()
    }
}

impl Actor {
    /// Queues the cells of a command, one after the other. A cell that cannot run stops the sequence, up to the next cell of
    /// the file if the command keeps going; if it is the only cell, that is an error. `held`: nothing is sent yet.
    pub(super) fn start_runs(
        &mut self,
        command: &ResolvedCommand,
        held: bool,
    ) -> Result<RunResponse, RunError> {
        let cluster = self.cluster_view();
        if command.sends
            && let Some(cluster) = &cluster
            && let Some(unsuited) = command.wish.unsuited(&self.settings, cluster)
        {
            return Err(ClusterError::Unsuited(unsuited.why).into());
        }
        let table = cluster.map(|cluster| cluster.engines);
        let deleted = self.deleted_cells(command);
        let mut response = RunResponse {
            changed: command.changed,
            conditional: command.conditional.clone(),
            ..RunResponse::default()
        };
        let waiting = command
            .cells
            .iter()
            .flat_map(|cell| self.queue.of_cell(cell.view.id))
            .filter(|entry| !entry.sent);
        let replaced = waiting.map(|entry| entry.run).collect();
        let mut sequence = Sequence { keep_going: command.keep_going, held, replaced, ..Sequence::default() };
        for cell in &command.cells {
            sequence.come_to(cell);
            if deleted.contains(&cell.view.id) {
                let why = "it was deleted before there was a cluster".to_owned();
                response.not_run.push(not_run(cell, NotRunKind::Refused, why));
                continue;
            }
            let why = match self.start_next(cell, table.as_deref(), &mut sequence, &mut response) {
                Ok(()) => continue,
                Err(error) if command.cells.len() == 1 => return Err(error),
                Err(RunError::Refused { why, .. }) => why,
                Err(RunError::Targets { source, .. }) => source.to_string(),
                Err(error) => return Err(error),
            };
            response.not_run.push(not_run(cell, NotRunKind::Refused, why));
            sequence.stop(format!("{} above cannot run", cell.place_name));
        }
        response.local_lines = local_lines(&command.cells, &response.runs);
        self.forget_old_runs();
        Ok(response)
    }

    /// Queues the next cell of a sequence, or says in the response why it is passed over.
    ///
    /// # Errors
    /// If it cannot run.
    fn start_next(
        &mut self,
        cell: &PinnedCell,
        table: Option<&EngineTable>,
        sequence: &mut Sequence,
        response: &mut RunResponse,
    ) -> Result<(), RunError> {
        let place_name = cell.place_name;
        if let (Err(why @ Refusal::RunsNothing(_)), false) = (&cell.planned, is_pxresult(&cell.view)) {
            response.not_run.push(not_run(cell, NotRunKind::RunsNothing, why.to_string()));
            return Ok(());
        }
        if let Some(why) = &sequence.stopped {
            response.not_run.push(not_run(cell, NotRunKind::Skipped, why.clone()));
            return Ok(());
        }
        match &cell.planned {
            Err(Refusal::RunsNothing(_)) => {
                if let Err(why) = self.show_result(cell, sequence, response) {
                    response.not_run.push(not_run(cell, NotRunKind::NothingYet, why));
                    sequence.stop(format!("{place_name} above has nothing to show"));
                }
            }
            Err(Refusal::Cell(why)) => {
                return Err(RunError::Refused { place_name, why: why.clone() });
            }
            Ok(plan) => {
                let targets = |source| RunError::Targets { place_name, source };
                let request = plan.request(table.ok_or(ClusterError::None)?).map_err(targets)?;
                let run = self.queue_up(cell, plan, request, sequence);
                response.runs.push(run);
            }
        }
        Ok(())
    }

    /// The cells of a command that were deleted since.
    fn deleted_cells(&self, command: &ResolvedCommand) -> HashSet<CellId> {
        let texts: HashSet<&DocumentKey> = command.cells.iter().map(|cell| &cell.at.document).collect();
        let there: HashSet<CellId> = texts.into_iter().flat_map(|key| self.documents.cell_ids(key)).collect();
        let is_gone =
            |cell: &&PinnedCell| !there.contains(&cell.view.id) && !self.documents.is_closed(&cell.at);
        command.cells.iter().filter(is_gone).map(|cell| cell.view.id).collect()
    }

    /// Queues a cell: as a new run, or as the queued run of the same cell if that is the same.
    fn queue_up(
        &mut self,
        cell: &PinnedCell,
        plan: &Plan,
        request: RunRequest,
        sequence: &mut Sequence,
    ) -> Arc<RunHandle> {
        let after = sequence.after.clone();
        let (handle, mut steps) = match self.waiting_alike(cell, plan, &request) {
            Some(handle) => {
                self.queue.put_behind(handle.id, after);
                (handle, Steps::default())
            }
            None => {
                let handle = self.new_run(cell, plan.clone(), request);
                let entry = Entry {
                    run: handle.id,
                    cell: handle.cell,
                    engines: handle.engines.iter().copied().collect::<HashSet<EngineId>>(),
                    blocking: handle.plan.blocking,
                    after,
                    sent: false,
                };
                let steps = self.queue.put(entry);
                self.notify(SessionEvent::Started(handle.clone()));
                (handle, steps)
            }
        };
        if !sequence.held {
            self.queue.advance(&mut steps);
        }
        self.apply_steps(steps);
        if handle.plan.blocking {
            // The handle itself waits for what came before it.
            sequence.after.clear();
            sequence.wait_for(handle.id);
        }
        handle
    }

    /// The queued run of a cell, if it is the same as the one to queue.
    fn waiting_alike(&self, cell: &PinnedCell, plan: &Plan, request: &RunRequest) -> Option<Arc<RunHandle>> {
        let waiting = self.queue.of_cell(cell.view.id).find(|entry| !entry.sent)?;
        let entry = self.index.runs.get(&waiting.run)?;
        cell.wants(plan, &request.engines, entry).then(|| entry.handle.clone())
    }

    fn new_run(&mut self, pinned: &PinnedCell, plan: Plan, request: RunRequest) -> Arc<RunHandle> {
        let cell = &pinned.view;
        let id = RunId(self.next_run);
        self.next_run += 1;
        let engines = request.engines.clone();
        let run = Run::new(id, Arc::new(request), now(), plan.blocking);
        let (tell_view, view) = watch::channel(Arc::new(run.clone()));
        let (dispatch, wait) = oneshot::channel();
        let (regroup, regrouped) = watch::channel(None);
        // Its file may have another name since it was asked for.
        let at = self.documents.whereabouts(cell.id).unwrap_or_else(|| pinned.at.clone());
        let (now_at, at) = watch::channel(at);
        let limits = self.settings.limits.clone();
        let spilled = Arc::new(SpillFolder::new(Arc::clone(&self.space), limits.clone(), id));
        let handle = Arc::new(RunHandle {
            id,
            at,
            cell: cell.id,
            number: cell.cell.ordinal + 1,
            line: cell.line,
            place_name: pinned.place_name,
            magic_line: pinned.magic_line.clone(),
            suffix: cell.cell.magic.suffix.clone(),
            px_cell: cell.cell.clone(),
            fingerprint: cell.plan().unwrap_or(&plan).fingerprint(),
            plan,
            engines,
            view,
            spilled: Arc::clone(&spilled),
            regrouped,
        });
        // While an earlier run of the cell is going on, that is the one to show and to interrupt.
        if !self.is_going_on(handle.cell) {
            self.documents.set_run(&handle);
        }
        self.refresh_pxresults(&handle);
        let entry = RunEntry {
            handle: handle.clone(),
            at: now_at,
            dispatch: Some(dispatch),
            only: pinned.only,
            canary: pinned.canary.then(CancellationToken::new),
            over: false,
            dismissed: false,
            revealed: false,
            regroup,
            names: Vec::new(),
            kept: 0,
            bytes: 0,
            task: None,
        };
        self.index.runs.insert(id, entry);
        let task = tokio::spawn(self.drive(run, tell_view, wait, Spill::new(limits, spilled)));
        if let Some(entry) = self.index.runs.get_mut(&id) {
            entry.task = Some(task);
        }
        handle
    }

    /// The task of a run, which reports its end to the session, even if it panics.
    fn drive(
        &self,
        run: Run,
        view: watch::Sender<Arc<Run>>,
        dispatch: oneshot::Receiver<Dispatch>,
        spill: Spill,
    ) -> impl Future<Output = ()> + use<> {
        let (id, session) = (run.id, self.this.clone());
        let report = move |message| send_back(&session, message);
        let (over, late, warn) = (report.clone(), report.clone(), report.clone());
        let over = move |run: &Run| {
            let succeeded = run.state() == RunState::Succeeded;
            over(Message::Over { run: id, succeeded });
        };
        let late = move |_: &Run| late(Message::Late { run: id });
        let warn = move |why| warn(Message::Say(Level::Warning, why));
        async move {
            let task = tokio::spawn(run_task::drive(run, view, dispatch, spill, warn, over, late));
            if task.await.is_err() {
                // Otherwise its engines would be held for ever.
                report(Message::Over { run: id, succeeded: false });
                let why = format!("pxlens hit a bug and lost track of run {}; please report this", id.0);
                report(Message::Say(Level::Error, why));
            }
        }
    }

    /// Whether a run of the cell has been sent and has not ended.
    fn is_going_on(&self, cell: CellId) -> bool {
        self.queue.of_cell(cell).any(|entry| entry.sent)
    }

    pub(super) fn apply_steps(&mut self, steps: Steps) {
        for run in steps.send {
            let dispatch = self.send(run).unwrap_or_else(Dispatch::Drop);
            if let Dispatch::Sent(sent) = &dispatch {
                self.queue.sent_to(run, &sent.request.engines);
            }
            self.dispatch(run, dispatch);
        }
        for (run, why) in steps.drop {
            self.dispatch(run, Dispatch::Drop(why));
        }
    }

    /// Sends a run whose turn has come; its targets are resolved among the engines that are alive now.
    fn send(&self, run: RunId) -> Result<Dispatch, String> {
        let cluster = self.cluster().ok_or_else(|| ClusterError::None.to_string())?;
        let entry = self.index.runs.get(&run).ok_or_else(|| "it is no longer kept".to_owned())?;
        let at = entry.at.borrow().clone();
        let cells = || self.documents.cell_ids(&at.document);
        if !self.documents.is_closed(&at) && !cells().contains(&entry.handle.cell) {
            return Err("its px cell was deleted before its turn".to_owned());
        }
        let table = cluster.client.engines().borrow().clone();
        let plan = &entry.handle.plan;
        let request = plan.request(&table).map_err(|error| error.to_string())?;
        let place = entry.handle.place_name;
        let at = if place.cell.is_some() { "in" } else { "on" };
        let name = || format!("the --noblock run {at} {place}").into();
        let noblock = (!plan.blocking).then(name);
        let to = Recipient { client: cluster.client.clone(), noblock };
        Ok(Dispatch::send(run, request, to, entry.canary.clone()))
    }

    fn dispatch(&mut self, run: RunId, dispatch: Dispatch) {
        let Some(entry) = self.index.runs.get_mut(&run) else { return };
        if let Some(wait) = entry.dispatch.take() {
            let mut name = None;
            if let Dispatch::Sent(_) = dispatch {
                self.documents.set_run(&entry.handle);
                name = entry.handle.plan.name.clone();
            }
            // The run's task waits for this, so it cannot be gone.
            let _ = wait.send(dispatch);
            // Not earlier: a run that is never sent must not take a name from one that has a result.
            if let Some(name) = name {
                self.name(run, &name);
            }
        }
    }

    pub(super) fn over(&mut self, run: RunId, succeeded: bool) {
        let Some(entry) = self.index.runs.get_mut(&run) else { return };
        entry.over = true;
        let steps = self.queue.ended(run, succeeded);
        self.take_names_back(run);
        self.keep_named(run);
        if let Some(entry) = self.index.runs.get(&run) {
            // Only now: results with names are written from the files.
            entry.handle.spilled.run_is_over();
        }
        self.explain_missing_module(run);
        self.weigh(run);
        memory::give_back_soon();
        self.apply_steps(steps);
        self.forget_old_runs();
        self.leave_if_idle();
    }

    fn interrupt(
        &mut self,
        run: Option<RunId>,
        stop: InterruptScope,
        signal: Option<String>,
        reply: oneshot::Sender<Option<Interrupted>>,
    ) {
        let named = match run.map(|run| self.index.runs.get(&run)) {
            Some(None) => return drop(reply.send(None)),
            Some(Some(entry)) => Some(entry.handle.clone()),
            None => None,
        };
        let engines = match engines_of(stop, named.as_deref()) {
            Ok(engines) => engines,
            Err(why) => {
                let refused = Interrupted { refused: Some(why), ..Interrupted::default() };
                return drop(reply.send(Some(refused)));
            }
        };
        let meant = self.meant(named.as_deref(), engines.as_ref());
        let mut outcome = Interrupted { dropped: self.withdraw(&meant), ..Interrupted::default() };
        let signal_for = |run: RunId| {
            let of_its_own = || Some(self.index.runs.get(&run)?.handle.plan.signal.to_string());
            signal.clone().or_else(of_its_own).unwrap_or_else(|| SIGNAL_ON_INTERRUPT.to_owned())
        };
        let running = self.queue.sent().filter(|sent| meant.contains(sent));
        let running: Vec<(RunId, String)> = running.map(|run| (run, signal_for(run))).collect();
        let Some(client) = self.cluster().map(|cluster| cluster.client.clone()) else {
            return drop(reply.send(Some(outcome)));
        };
        let this = self.this.clone();
        tokio::spawn(async move {
            // The newest first: when an engine is past a run, it gets the next one, which must not begin now.
            for (run, signal) in running.into_iter().rev() {
                match client.interrupt(run, engines.clone(), &signal).await {
                    Ok(report) => outcome.reports.push((run, report)),
                    Err(error) => {
                        let why = format!("Run {} was not interrupted: {error}", run.0);
                        send_back(&this, Message::Say(Level::Error, why));
                    }
                }
            }
            outcome.reports.reverse();
            // Fails if the request was cancelled; the engines were interrupted all the same.
            let _ = reply.send(Some(outcome));
        });
    }

    /// The runs that an interrupt is meant for.
    ///
    /// A user who stops a cell does not want it to start again, so its queued runs are meant too. With only some engines
    /// given, just that run is meant; a queued run is still withdrawn as a whole, since no engine is busy with it.
    fn meant(&self, named: Option<&RunHandle>, engines: Option<&RankSet>) -> Vec<RunId> {
        match (named, engines) {
            (Some(run), None) => self.queue.of_cell(run.cell).map(|entry| entry.run).collect(),
            (Some(run), Some(_)) => vec![run.id],
            (None, Some(engines)) => self.queue.on(engines),
            (None, None) => self.queue.waiting().chain(self.queue.sent()).collect(),
        }
    }

    /// Withdraws what is not sent yet of these runs; returns those of which nothing will be sent.
    fn withdraw(&mut self, runs: &[RunId]) -> Vec<RunId> {
        let waiting: Vec<RunId> = self.queue.waiting().filter(|waiting| runs.contains(waiting)).collect();
        let steps = self.queue.withdraw(&waiting, INTERRUPTED);
        let dropped = steps.drop.iter().map(|(run, _)| *run).collect();
        self.apply_steps(steps);
        // Requests that wait for the first engine of a run are no longer sent, whichever of its engines are
        // interrupted.
        for run in self.queue.sent().filter(|sent| runs.contains(sent)) {
            let first_alone = self.index.runs.get(&run).and_then(|entry| entry.canary.as_ref());
            first_alone.into_iter().for_each(CancellationToken::cancel);
        }
        dropped
    }
}

/// The engines that an interrupt is limited to, if it is.
///
/// # Errors
/// A sentence, if no engine qualifies.
fn engines_of(stop: InterruptScope, named: Option<&RunHandle>) -> Result<Option<RankSet>, String> {
    match (stop, named) {
        (InterruptScope::All, _) => Ok(None),
        (InterruptScope::Engines(engines), _) => Ok(Some(engines)),
        (InterruptScope::Stragglers(among), Some(handle)) => {
            parts::stragglers(&handle.now(), among.as_ref()).map(Some)
        }
        (InterruptScope::Stragglers(_), None) => {
            Err("Stragglers can only be interrupted in one run; choose a run".to_owned())
        }
    }
}

fn not_run(cell: &PinnedCell, kind: NotRunKind, why: String) -> NotRun {
    NotRun { cell: cell.view.id, place_name: cell.place_name, kind, why }
}

/// Whether the cell is a `%pxresult` that can be run.
fn is_pxresult(cell: &CellView) -> bool {
    cell.cell.kind == CellKind::Result && cell.cell.refusal().is_none()
}
