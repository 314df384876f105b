//! A part of a run's engines, chosen by how they did: to be asked again, or stopped. Refused with a sentence where none is.

use pxlens_protocol::{InterruptResult, Only, RunId, RunResult};

use super::{Bridge, Parts, aside, ids};
use crate::{
    engines::{EngineId, RankSet},
    render::{differing, failed, stragglers as still_at_it},
    run::{self, Run},
    session::{AskError, CellView, DocumentKey, Interrupted, Scope},
};

/// Engines to run a cell again on.
pub(super) struct Again {
    pub(super) engines: RankSet,
    /// Whether the cell's code or plan is another than that of its last run.
    pub(super) changed: bool,
}

impl Bridge {
    /// The engines of the last run of the one cell that is meant.
    pub(super) async fn again(
        &self,
        key: &DocumentKey,
        scope: &Scope,
        only: Only,
    ) -> Result<Again, AskError> {
        let refused = |why: String| AskError::NothingAgain(why);
        let meant = |cell: &CellView| match scope {
            Scope::Cell(id) => cell.id == *id,
            Scope::Lines(first, last) => cell.line <= *last && cell.last_line >= *first,
            _ => true,
        };
        let view = self.session.document(key.clone()).await;
        let mut cells = view.ok_or_else(|| AskError::NoDocument(key.clone()))?.cells;
        cells.retain(meant);
        let one = matches!(scope, Scope::Cell(_) | Scope::Lines(..)) && cells.len() < 2;
        let Some(cell) = cells.pop().filter(|_| one) else {
            return Err(match one {
                true => AskError::NoCell,
                false => {
                    refused("only one px cell can be run again on a part of its engines; choose one".into())
                }
            });
        };
        let Some(handle) = cell.run else {
            return Err(refused(
                "this cell has no run yet, so no engine to run it again on; run it first".into(),
            ));
        };
        let last = handle.now();
        let run = handle.id;
        if !last.is_over() {
            return Err(refused(format!(
                "{run} of this cell still goes on; wait for it or interrupt it first"
            )));
        }
        let (none, engines) = match only {
            Only::Failed => (
                format!("no engine of {run} failed, so there is none to run this cell again on"),
                failed(&last),
            ),
            Only::Differing => (
                format!("all engines of {run} gave alike output, so there is none to run this cell again on"),
                aside(move || differing(&last)).await,
            ),
        };
        if engines.is_empty() {
            return Err(refused(none));
        }
        let alive = self.session.cluster().await.engines;
        let there: RankSet = engines.iter().filter(|engine| alive.get(*engine).is_some()).collect();
        if there.is_empty() {
            return Err(refused(format!(
                "of {engines}, on which {run} is to be repeated, no engine is there now"
            )));
        }
        Ok(Again { engines: there, changed: cell.stale })
    }

    /// What an interrupt did, engine by engine.
    pub(super) async fn told(&self, outcome: Interrupted) -> InterruptResult {
        let mut result = InterruptResult::default();
        for dropped in outcome.dropped {
            let handle = self.session.run_handle(dropped).await;
            result
                .aborted
                .extend(handle.iter().flat_map(|handle| handle.engines.iter().map(|engine| engine.0)));
        }
        for (_, report) in outcome.reports {
            result.signalled.extend(ids(&report.signalled));
            result.aborted.extend(ids(&report.aborted));
            result.left_alone.extend(ids(&report.left_alone));
            result.unanswered.extend(ids(&report.unanswered));
        }
        // What waited of a run is dropped on engines that may be signalled for another of the same cell.
        let told: Vec<u32> = [&result.signalled, &result.left_alone, &result.unanswered]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        result.aborted.retain(|engine| !told.contains(engine));
        result.aborted.sort_unstable();
        result.aborted.dedup();
        result
    }

    /// What there is to do for engines of a run.
    pub(super) async fn parts_of(&self, run: RunId) -> Parts {
        let Some(handle) = self.session.run_handle(run::RunId(run.0)).await else { return Parts::default() };
        let alive = self.session.cluster().await.engines;
        let run = handle.now();
        aside(move || parts(&run, |engine| alive.get(engine).is_some())).await
    }
}

fn parts(run: &Run, alive: impl Fn(EngineId) -> bool) -> Parts {
    let named = |set: RankSet| (!set.is_empty()).then(|| set.to_string());
    if !run.is_over() {
        return Parts { stragglers: named(still_at_it(run)), ..Parts::default() };
    }
    let there = |set: RankSet| set.iter().filter(|engine| alive(*engine)).collect::<RankSet>();
    let all: RankSet = run.parts().map(|part| part.engine).collect();
    let (failed, differing) = (failed(run), differing(run));
    Parts {
        differing: named(there(differing.clone())).filter(|_| differing != failed),
        failed: named(there(failed.clone())).filter(|_| failed != all),
        stragglers: None,
    }
}

/// The stragglers of a run among `named` engines, or why there are none.
pub(super) fn stragglers(run: &Run, named: Option<&RankSet>) -> Result<RankSet, String> {
    let id = run.id;
    if run.is_over() {
        return Err(format!("{id} is over, so no engine is a straggler"));
    }
    let late = still_at_it(run);
    if late.is_empty() {
        let pending = run.pending();
        return Err(format!(
            "fewer than half of the engines of {id} have ended, so none of {pending} is a straggler; interrupt \
             them by naming them"
        ));
    }
    let meant: RankSet =
        late.iter().filter(|engine| named.is_none_or(|named| named.contains(*engine))).collect();
    match meant.is_empty() {
        true => Err(format!("the stragglers of {id} are {late}, and none of them was named")),
        false => Ok(meant),
    }
}

/// Says with the runs that their cell is no longer what it was when it ran before.
pub(super) fn noted(mut result: RunResult, changed: bool) -> RunResult {
    if changed {
        for run in &mut result.runs {
            let before = run.note.take().map_or_else(String::new, |note| format!("{note}; "));
            run.note = Some(format!("{before}the cell has changed since its last run"));
        }
    }
    result
}
