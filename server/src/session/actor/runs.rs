//! Asking for runs, queueing, interrupting and forgetting them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::{oneshot, watch};

use super::{Actor, HISTORY, Message, RunEntry, Waiter, send_back};
use crate::{
    clock::now,
    engines::{EngineId, RankSet},
    plan::{Plan, Refusal, plan},
    run::{Run, RunId, RunRequest, RunState},
    session::{
        Ask, AskError, Asked, CellId, CellView, ClusterError, DocumentKey, Interrupted, Level, Notice,
        RunHandle, Scope,
        queue::{Entry, Steps},
        run_task::{self, Order},
    },
};

impl Actor {
    pub(super) fn run(&mut self, ask: Ask, reply: oneshot::Sender<Result<Asked, AskError>>) {
        if !self.trusted {
            drop(reply.send(Err(AskError::Untrusted)));
        } else if let Err(error) = self.select(&ask) {
            // What is wrong in the document is said before a cluster is looked for or started.
            drop(reply.send(Err(error)));
        } else if self.cluster.is_some() {
            drop(reply.send(self.start_runs(&ask)));
        } else {
            let start = ask.start;
            self.waiters.push(Waiter::Run(ask, reply));
            self.attach(start);
        }
    }

    /// The cells of an ask, with the key of their text.
    fn select(&self, ask: &Ask) -> Result<Vec<(DocumentKey, CellView)>, AskError> {
        let keys = match ask.scope {
            Scope::Cell(_) | Scope::Lines(..) => vec![ask.document.clone()],
            Scope::Above(_) | Scope::Below(_) | Scope::All => self.documents.together(&ask.document),
        };
        let here = keys.iter().position(|key| *key == ask.document);
        let mut chosen = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let Some(view) = self.documents.view(key) else { continue };
            if let Some(why) = view.unreadable {
                return Err(AskError::Unreadable(why));
            }
            let wanted = |cell: &CellView| match ask.scope {
                Scope::All => true,
                Scope::Cell(id) => cell.id == id,
                Scope::Lines(first, last) => cell.line <= last && cell.last_line >= first,
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
        let asked_for_one = chosen.len() == 1;
        for (_, cell) in &chosen {
            if let Err(Refusal::Cell(why)) = plan(&cell.cell, &ask.overrides)
                && (asked_for_one || !ask.keep_going)
            {
                return Err(AskError::Refused { line: cell.line + 1, why });
            }
        }
        Ok(chosen)
    }

    /// Plans all cells of an ask, and queues them all or, where one cannot be planned, none.
    pub(super) fn start_runs(&mut self, ask: &Ask) -> Result<Asked, AskError> {
        let chosen = self.select(ask)?;
        let table = self.cluster.as_ref().ok_or(ClusterError::None)?.view().engines;
        let mut asked = Asked::default();
        let mut planned = Vec::new();
        for (key, cell) in chosen {
            match plan(&cell.cell, &ask.overrides) {
                Err(why) => asked.not_run.push((cell.id, why.to_string())),
                Ok(plan) => match plan.request(&table) {
                    Ok(request) => planned.push((key, cell, plan, request)),
                    Err(source) if ask.keep_going => asked.not_run.push((cell.id, source.to_string())),
                    Err(source) => return Err(AskError::Targets { line: cell.line + 1, source }),
                },
            }
        }
        asked.local_lines = self.local_lines(planned.iter().map(|(key, cell, ..)| (key, cell.id)));
        let mut after = None;
        for (key, cell, plan, request) in planned {
            let blocking = plan.blocking;
            let handle = self.new_run(key, &cell, plan, request);
            let entry = Entry {
                run: handle.id,
                cell: cell.id,
                engines: handle.engines.iter().copied().collect::<HashSet<EngineId>>(),
                blocking,
                after,
                sent: false,
            };
            let steps = self.queue.add(entry);
            self.tell(Notice::Started(handle.clone()));
            self.take(steps);
            if blocking && !ask.keep_going {
                after = Some(handle.id);
            }
            asked.runs.push(handle);
        }
        self.forget_old_runs();
        Ok(asked)
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
        let run = Run::new(id, Arc::new(request), now());
        let (tell_view, view) = watch::channel(Arc::new(run.clone()));
        let (order, wait) = oneshot::channel();
        let title = self.documents.excerpt(&key, cell.cell.magic_range);
        let handle = Arc::new(RunHandle {
            id,
            document: key,
            cell: cell.id,
            number: cell.cell.ordinal + 1,
            line: cell.line,
            title,
            suffix: cell.cell.magic.suffix.clone(),
            lines: cell.cell.lines.clone(),
            fingerprint: plan.fingerprint(),
            plan,
            engines,
            view,
        });
        self.documents.set_run(&handle);
        self.runs.insert(id, RunEntry { handle: handle.clone(), order: Some(order), over: false });
        let this = self.this.clone();
        tokio::spawn(run_task::drive(run, tell_view, wait, move |run| {
            let succeeded = run.state() == RunState::Succeeded;
            send_back(&this, Message::Over { run: run.id, succeeded });
        }));
        handle
    }

    /// Local lines beside the px cells, in the cells of the file that hold them; each counted once.
    fn local_lines<'a>(&self, cells: impl Iterator<Item = (&'a DocumentKey, CellId)>) -> u32 {
        let mut counted: HashMap<(DocumentKey, usize), u32> = HashMap::new();
        for (key, id) in cells {
            let Some(view) = self.documents.view(key) else { continue };
            let at = view.cells.iter().position(|cell| cell.id == id);
            let block = view
                .blocks
                .iter()
                .enumerate()
                .find(|(_, block)| at.is_some_and(|at| block.px_cells.contains(&at)));
            if let Some((index, block)) = block {
                counted.insert((key.clone(), index), block.local_lines);
            }
        }
        counted.values().sum()
    }

    pub(super) fn take(&mut self, steps: Steps) {
        for run in steps.send {
            let client = self.cluster.as_ref().map(|cluster| cluster.client.clone());
            self.order(run, client.map_or_else(|| Order::Drop(ClusterError::None.to_string()), Order::Send));
        }
        for (run, why) in steps.drop {
            self.order(run, Order::Drop(why));
        }
    }

    fn order(&mut self, run: RunId, order: Order) {
        if let Some(wait) = self.runs.get_mut(&run).and_then(|entry| entry.order.take()) {
            // The run's task waits for exactly this; it cannot be gone.
            let _ = wait.send(order);
        }
    }

    pub(super) fn over(&mut self, run: RunId, succeeded: bool) {
        let Some(entry) = self.runs.get_mut(&run) else { return };
        entry.over = true;
        let handle = entry.handle.clone();
        let steps = self.queue.ended(run, succeeded);
        self.tell(Notice::Over(handle));
        self.take(steps);
    }

    /// Keeps the newest runs of each document, and all that have not ended.
    fn forget_old_runs(&mut self) {
        let mut kept: HashMap<DocumentKey, usize> = HashMap::new();
        let mut gone = Vec::new();
        for (id, entry) in self.runs.iter().rev() {
            let count = kept.entry(entry.handle.document.clone()).or_default();
            *count += 1;
            if *count > HISTORY && entry.over {
                gone.push(*id);
            }
        }
        for id in gone {
            self.runs.remove(&id);
            if let Some(cluster) = &self.cluster {
                cluster.client.forget(id);
            }
        }
    }

    pub(super) fn interrupt(
        &mut self,
        run: Option<RunId>,
        engines: Option<RankSet>,
        signal: String,
        reply: oneshot::Sender<Interrupted>,
    ) {
        let mut outcome = Interrupted::default();
        // Engines of a run that waits are not busy with it, so it is withdrawn only as a whole.
        let waiting: Vec<RunId> = match run {
            Some(run) => self.queue.waiting().filter(|waiting| *waiting == run).collect(),
            None => self.queue.waiting().collect(),
        };
        for run in waiting {
            let steps = self.queue.withdraw(run, "interrupted before it was sent");
            outcome.dropped.extend(steps.drop.iter().map(|(run, _)| *run));
            self.take(steps);
        }
        let running: Vec<RunId> =
            self.queue.sent().filter(|sent| run.is_none_or(|run| run == *sent)).collect();
        let Some(client) = self.cluster.as_ref().map(|cluster| cluster.client.clone()) else {
            drop(reply.send(outcome));
            return;
        };
        let this = self.this.clone();
        tokio::spawn(async move {
            for run in running {
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
