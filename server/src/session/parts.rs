//! Parts of a run's engines, chosen by their outcome: to run the cell again on, or to interrupt.
//!
//! Pure: a run and the live engines go in; engines, or a sentence that says why there are none, come out.

use std::sync::Arc;

use super::RunHandle;
use crate::{
    engines::{EngineTable, RankSet},
    render::{differing, failed, stragglers as still_running},
    run::{Run, RunId},
};

/// The engines of a px cell's last run on which to run it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// Those that failed.
    Failed,
    /// Those whose output differs from that of the largest group that ended well.
    Differing,
}

/// The engines of a run that an interrupt is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InterruptScope {
    /// All of them, and queued runs of the same cell.
    All,
    /// These.
    Engines(RankSet),
    /// Those still running although at least half of the run's engines have ended; only those of them in the set, if
    /// there is one.
    Stragglers(Option<RankSet>),
}

/// The parts of a run's engines that an action can be offered for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The live engines that failed, unless every engine of the run failed. `None` while the run goes on.
    pub failed: Option<RankSet>,
    /// The live engines whose output differs from that of the largest group that ended well, unless they are the ones that failed. `None`
    /// while the run goes on.
    pub differing: Option<RankSet>,
    /// Those still running although at least half have ended.
    pub stragglers: Option<RankSet>,
}

/// The parts that actions can be offered for, among live engines. Costly: it compares the whole output of all engines.
pub(crate) fn parts(run: &Run, table: &EngineTable) -> Parts {
    let some = |set: RankSet| (!set.is_empty()).then_some(set);
    if !run.is_over() {
        return Parts { stragglers: some(still_running(run)), ..Parts::default() };
    }
    let all: RankSet = run.parts().map(|part| part.engine).collect();
    let (failed, differing) = (failed(run), differing(run));
    Parts {
        differing: some(live(&differing, table)).filter(|_| differing != failed),
        failed: some(live(&failed, table)).filter(|_| failed != all),
        stragglers: None,
    }
}

/// The last run of a cell that is to run again on a part of its engines.
///
/// # Errors
/// A sentence, if there is none or it has not ended.
pub(super) fn last_run(last: Option<&Arc<RunHandle>>) -> Result<Arc<Run>, String> {
    let none = "This cell has no run yet, so there are no engines to run it again on; run it first";
    let last = last.ok_or_else(|| none.to_owned())?.now();
    match last.is_over() {
        true => Ok(last),
        false => {
            Err(format!("Run {} of this cell is not over; wait for it or interrupt it first", last.id.0))
        }
    }
}

/// The engines of a finished run to run its cell again on. Costly if outputs are compared.
pub(super) fn selected(only: Only, run: &Run) -> RankSet {
    match only {
        Only::Failed => failed(run),
        Only::Differing => differing(run),
    }
}

/// The chosen engines that are still live.
///
/// # Errors
/// A sentence, if there are none.
pub(super) fn still_live(
    only: Only,
    run: RunId,
    engines: &RankSet,
    table: &EngineTable,
) -> Result<RankSet, String> {
    let run = run.0;
    if engines.is_empty() {
        let why = match only {
            Only::Failed => format!("No engine of run {run} failed"),
            Only::Differing => format!("All engines of run {run} gave the same output"),
        };
        return Err(format!(
            "{why}, so there are no engines to run this cell again on; run it on all of them"
        ));
    }
    let live = live(engines, table);
    match live.is_empty() {
        true => Err(format!(
            "Engines {engines} of run {run} are gone; run the cell on the engines that are alive"
        )),
        false => Ok(live),
    }
}

/// The stragglers of a run; of these, only the `named` ones if any are named.
///
/// # Errors
/// A sentence, if there are none.
pub(super) fn stragglers(run: &Run, named: Option<&RankSet>) -> Result<RankSet, String> {
    let id = run.id.0;
    if run.is_over() {
        return Err(format!("Run {id} is over, so it has no stragglers"));
    }
    let late = still_running(run);
    if late.is_empty() {
        let pending = run.pending();
        return Err(format!(
            "Fewer than half of the engines of run {id} have ended, so none of {pending} is a straggler; name \
             the engines to interrupt them"
        ));
    }
    let selected: RankSet =
        late.iter().filter(|engine| named.is_none_or(|named| named.contains(*engine))).collect();
    match selected.is_empty() {
        true => Err(format!(
            "The stragglers of run {id} are {late}, and none of them was named; name one of them"
        )),
        false => Ok(selected),
    }
}

fn live(engines: &RankSet, table: &EngineTable) -> RankSet {
    engines.iter().filter(|engine| table.get(*engine).is_some()).collect()
}
