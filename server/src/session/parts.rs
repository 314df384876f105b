//! Parts of a run's engines, chosen by how they did: to run its cell again on, or to interrupt.
//!
//! Pure: a run and the engines that are there go in, engines or a sentence why there are none come out.

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
    /// Those whose output differs from that of most.
    Differing,
}

/// The engines of a run that an interrupt is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InterruptScope {
    /// All of them, and whatever else of the cell waits.
    All,
    /// These.
    Engines(RankSet),
    /// Those that still run while at least half of the others have ended; of them only these, where some are named.
    Stragglers(Option<RankSet>),
}

/// What can be done with a part of a run's engines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Those that failed and are there, unless these are all that the run was sent to. `None` while it goes on.
    pub failed: Option<RankSet>,
    /// Those whose output differs from that of most, unless these are those that failed. `None` while it goes on.
    pub differing: Option<RankSet>,
    /// Those that still run while at least half have ended.
    pub stragglers: Option<RankSet>,
}

/// What can be done with a part of a run's engines, of those that are there. Costly: it compares all that they wrote.
pub(crate) fn parts(run: &Run, table: &EngineTable) -> Parts {
    let some = |set: RankSet| (!set.is_empty()).then_some(set);
    if !run.is_over() {
        return Parts { stragglers: some(still_running(run)), ..Parts::default() };
    }
    let all: RankSet = run.parts().map(|part| part.engine).collect();
    let (failed, differing) = (failed(run), differing(run));
    Parts {
        differing: some(there(&differing, table)).filter(|_| differing != failed),
        failed: some(there(&failed, table)).filter(|_| failed != all),
        stragglers: None,
    }
}

/// The run of which a cell is to be run again on a part.
///
/// # Errors
/// A sentence, where it has none or that one goes on.
pub(super) fn last_run(last: Option<&Arc<RunHandle>>) -> Result<Arc<Run>, String> {
    let none = "this cell has no run yet, so no engine to run it again on; run it first";
    let last = last.ok_or_else(|| none.to_owned())?.now();
    match last.is_over() {
        true => Ok(last),
        false => Err(format!("{} of this cell still goes on; wait for it or interrupt it first", last.id)),
    }
}

/// The engines that are meant of a run that is over. Costly where outputs are compared.
pub(super) fn meant(only: Only, run: &Run) -> RankSet {
    match only {
        Only::Failed => failed(run),
        Only::Differing => differing(run),
    }
}

/// Those of the engines that are meant that are there now.
///
/// # Errors
/// A sentence, where there are none.
pub(super) fn still_there(
    only: Only,
    run: RunId,
    engines: &RankSet,
    table: &EngineTable,
) -> Result<RankSet, String> {
    if engines.is_empty() {
        let why = match only {
            Only::Failed => format!("no engine of {run} failed"),
            Only::Differing => format!("all engines of {run} gave alike output"),
        };
        return Err(format!("{why}, so there is none to run this cell again on"));
    }
    let there = there(engines, table);
    match there.is_empty() {
        true => Err(format!("of {engines}, on which {run} is to be repeated, no engine is there now")),
        false => Ok(there),
    }
}

/// The stragglers of a run, among those that are `named` if any are.
///
/// # Errors
/// A sentence, where there are none.
pub(super) fn stragglers(run: &Run, named: Option<&RankSet>) -> Result<RankSet, String> {
    let id = run.id;
    if run.is_over() {
        return Err(format!("{id} is over, so no engine is a straggler"));
    }
    let late = still_running(run);
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

fn there(engines: &RankSet, table: &EngineTable) -> RankSet {
    engines.iter().filter(|engine| table.get(*engine).is_some()).collect()
}
