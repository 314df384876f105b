//! What the engine table says about the targets written in a document.

use super::{Fix, Problem, Rule, Severity};
use crate::{
    cells::{Placed, TargetsOption},
    engines::{EngineTable, RankSet, ResolveError, Targets},
};

/// Targets that choose no engine that is there.
pub(crate) static DEAD_TARGET: Rule = Rule {
    code: "dead-target",
    severity: Severity::Warning,
    meaning: "The targets name an engine that is not alive, or choose none of those that are. Said while a cluster is \
              connected; the cell does not run until the engine is there.",
    examples: &["%%px --targets 0,9\nx\n"],
};

/// How many engines a fix writes out one by one.
const LISTED: usize = 16;

/// Warns of targets on the line of a px cell that choose no engine that is there. A cluster without engines is no fault of
/// the document.
pub(crate) fn dead_target(cell: &Placed, engines: &EngineTable) -> Option<Problem> {
    let written = cell.magic.options.targets.as_ref().filter(|_| cell.refusal().is_none())?;
    let targets = written.parsed.as_ref().ok()?;
    let error = match targets.resolve(&engines.ids()) {
        Ok(_) | Err(ResolveError::NoEngines) => return None,
        Err(error) => error,
    };
    let range = cell.place(written.range);
    let fix = |text: String| Fix { title: format!("Write {text}"), edits: vec![(range, text)] };
    let fixes = instead(written, targets, engines).into_iter().map(fix).collect();
    Some(DEAD_TARGET.problem(range, error.to_string(), fixes))
}

/// Targets to write instead: what is left of these, the engines there are, all.
fn instead(written: &TargetsOption, targets: &Targets, engines: &EngineTable) -> Vec<String> {
    let alive: RankSet = engines.ids().into_iter().collect();
    let left: RankSet = match targets {
        Targets::Ids(ids) => {
            ids.iter().filter_map(|id| alive.iter().find(|alive| i64::from(alive.0) == *id)).collect()
        }
        Targets::Ranks(set) => set.iter().filter(|id| alive.iter().any(|alive| alive == *id)).collect(),
        _ => RankSet::default(),
    };
    let mut texts: Vec<String> = [left, alive].iter().filter_map(written_out).collect();
    texts.push("all".to_owned());
    texts.dedup();
    texts.retain(|text| *text != written.text);
    texts
}

/// `0,1,2`, which ipyparallel reads as well; `0-127,` where that would be long. One engine is a list of one.
fn written_out(engines: &RankSet) -> Option<String> {
    let ids: Vec<String> = engines.iter().map(|id| id.to_string()).collect();
    match ids.len() {
        0 => None,
        1 => Some(format!("[{}]", ids[0])),
        2..=LISTED => Some(ids.join(",")),
        _ => Some(Targets::Ranks(engines.clone()).to_string()),
    }
}

#[cfg(test)]
mod tests;
