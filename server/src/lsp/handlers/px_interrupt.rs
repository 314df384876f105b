//! `px/interrupt`; and the command, which also shows the user which engines were not interrupted.

use lsp_types::MessageType;
use pxlens_protocol::{InterruptParams, InterruptResult};
use tower_lsp::jsonrpc::Result;

use super::unknown::no_run;
use crate::{
    cluster::InterruptReport,
    engines::{EngineId, RankSet},
    lsp::{backend::Backend, from_proto, to_proto},
    session::{About, Interrupted, Runs},
};

pub(crate) async fn handle(backend: &Backend, params: InterruptParams) -> Result<InterruptResult> {
    let (run, scope) = (from_proto::run_id(params.run), from_proto::interrupt_scope(&params));
    let outcome = backend.session.interrupt(Some(run), scope, params.signal).await;
    let outcome = outcome.ok_or_else(|| no_run(run))?;
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(result_of(&report_of(&outcome, &snapshot.runs), outcome.refused))
}

/// The answer: what was done to each engine, or why nothing was.
pub(super) fn result_of(report: &InterruptReport, refused: Option<String>) -> InterruptResult {
    InterruptResult {
        signalled: to_proto::ids(&report.signalled).collect(),
        aborted: to_proto::ids(&report.aborted).collect(),
        left_alone: to_proto::ids(&report.left_alone).collect(),
        left_mine: to_proto::ids(&report.left_mine).collect(),
        unanswered: to_proto::ids(&report.unanswered).collect(),
        refused,
    }
}

/// What was done to each engine. A queued run may have been dropped on engines that are signalled for a run that goes on.
pub(super) fn report_of(outcome: &Interrupted, runs: &Runs) -> InterruptReport {
    let dropped = outcome.dropped.iter().filter_map(|run| runs.get(*run));
    let aborted = dropped.flat_map(|handle| handle.engines.iter().copied()).collect();
    let mut all = InterruptReport { aborted, ..InterruptReport::default() };
    outcome.reports.iter().for_each(|(_, report)| all.merge(report.clone()));
    all
}

/// Interrupts a run, and shows which engines were not interrupted.
pub(super) async fn command(backend: &Backend, params: InterruptParams) -> Result<InterruptResult> {
    let result = handle(backend, params).await?;
    if let Some(why) = not_interrupted(&result) {
        backend.show_message(MessageType::Warning, why);
    }
    Ok(result)
}

/// Which engines were not interrupted, as a message for the user.
fn not_interrupted(result: &InterruptResult) -> Option<String> {
    let some = |ids: &[u32], what: &str| {
        let engines: RankSet = ids.iter().copied().map(EngineId).collect();
        (!ids.is_empty()).then(|| format!("Engines {engines} {what}"))
    };
    let parts = [
        result.refused.clone(),
        some(&result.left_alone, "work for another client and were left alone."),
        some(
            &result.left_mine,
            "work for another window or shell of yours and were left alone; `pxlens interrupt --mine` stops that.",
        ),
        some(&result.unanswered, "did not answer in time; interrupt them again, or stop the cluster."),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_engines_that_were_not_interrupted_are_reported() {
        let done = InterruptResult { signalled: vec![0, 1], aborted: vec![2], ..InterruptResult::default() };
        assert_eq!(not_interrupted(&done), None);
        let partly_done = InterruptResult { left_alone: vec![0, 1, 4], unanswered: vec![2], ..done.clone() };
        let words = "Engines [0-1,4] work for another client and were left alone. Engines [2] did not answer in time; interrupt them again, or stop the cluster.";
        assert_eq!(not_interrupted(&partly_done).as_deref(), Some(words));
        let behind_earlier = InterruptResult { left_mine: vec![3], ..done };
        let words = "Engines [3] work for another window or shell of yours and were left alone; `pxlens interrupt --mine` stops that.";
        assert_eq!(not_interrupted(&behind_earlier).as_deref(), Some(words));
        let refused = InterruptResult { refused: Some("It has ended.".into()), ..InterruptResult::default() };
        assert_eq!(not_interrupted(&refused).as_deref(), Some("It has ended."));
    }
}
