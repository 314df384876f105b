//! `px/interrupt`; and the command, which also shows the user which engines were not interrupted.

use lsp_types::MessageType;
use pxlens_protocol::{InterruptParams, InterruptResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    engines::{EngineId, RankSet},
    lsp::{backend::Backend, from_proto, to_proto},
    session::{About, Interrupted, Runs},
};

pub(crate) async fn handle(backend: &Backend, params: InterruptParams) -> Result<InterruptResult> {
    let (run, scope) = (from_proto::run_id(params.run), from_proto::interrupt_scope(&params));
    let outcome = backend.session.interrupt(Some(run), scope, params.signal).await;
    let outcome =
        outcome.ok_or_else(|| Error::invalid_params(format!("There is no run {}", params.run.0)))?;
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(result_of(outcome, &snapshot.runs))
}

/// Converts the outcome of an interrupt, engine by engine.
fn result_of(outcome: Interrupted, runs: &Runs) -> InterruptResult {
    let mut result = InterruptResult { refused: outcome.refused, ..InterruptResult::default() };
    for handle in outcome.dropped.iter().filter_map(|run| runs.get(*run)) {
        result.aborted.extend(to_proto::engines(&handle.engines));
    }
    for (_, report) in outcome.reports {
        result.signalled.extend(to_proto::ids(&report.signalled));
        result.aborted.extend(to_proto::ids(&report.aborted));
        result.left_alone.extend(to_proto::ids(&report.left_alone));
        result.unanswered.extend(to_proto::ids(&report.unanswered));
    }
    // A queued run may be dropped on engines that are signalled for the running run of the same cell.
    let reported: Vec<u32> =
        [&result.signalled, &result.left_alone, &result.unanswered].into_iter().flatten().copied().collect();
    result.aborted.retain(|engine| !reported.contains(engine));
    result.aborted.sort_unstable();
    result.aborted.dedup();
    result
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
        let partly_done = InterruptResult { left_alone: vec![0, 1, 4], unanswered: vec![2], ..done };
        let words = "Engines [0-1,4] work for another client and were left alone. Engines [2] did not answer in time; interrupt them again, or stop the cluster.";
        assert_eq!(not_interrupted(&partly_done).as_deref(), Some(words));
        let refused = InterruptResult { refused: Some("It has ended.".into()), ..InterruptResult::default() };
        assert_eq!(not_interrupted(&refused).as_deref(), Some("It has ended."));
    }
}
