//! `px/interrupt`; and the same where the user has no other way to hear what it did not do.

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
        outcome.ok_or_else(|| Error::invalid_params(format!("there is no run {}", params.run.0)))?;
    let snapshot = backend.session.snapshot(About::Nothing).await;
    Ok(done(outcome, &snapshot.runs))
}

/// What an interrupt did, engine by engine.
fn done(outcome: Interrupted, runs: &Runs) -> InterruptResult {
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
    // What waited of a run is dropped on engines that may be signalled for another of the same cell.
    let told: Vec<u32> =
        [&result.signalled, &result.left_alone, &result.unanswered].into_iter().flatten().copied().collect();
    result.aborted.retain(|engine| !told.contains(engine));
    result.aborted.sort_unstable();
    result.aborted.dedup();
    result
}

/// Interrupts, and shows what was not done about it.
pub(super) async fn told(backend: &Backend, params: InterruptParams) -> Result<InterruptResult> {
    let result = handle(backend, params).await?;
    if let Some(why) = undone(&result) {
        backend.say(MessageType::Warning, why);
    }
    Ok(result)
}

/// In words for the user.
fn undone(result: &InterruptResult) -> Option<String> {
    let some = |ids: &[u32], what: &str| {
        let engines: RankSet = ids.iter().copied().map(EngineId).collect();
        (!ids.is_empty()).then(|| format!("Engines {engines} {what}"))
    };
    let parts = [
        result.refused.clone(),
        some(&result.left_alone, "work for another client and were left alone."),
        some(&result.unanswered, "did not answer."),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_is_said_in_words_and_what_was_is_not() {
        let done = InterruptResult { signalled: vec![0, 1], aborted: vec![2], ..InterruptResult::default() };
        assert_eq!(undone(&done), None);
        let undone_of = InterruptResult { left_alone: vec![0, 1, 4], unanswered: vec![2], ..done };
        let words =
            "Engines [0-1,4] work for another client and were left alone. Engines [2] did not answer.";
        assert_eq!(undone(&undone_of).as_deref(), Some(words));
        let refused = InterruptResult { refused: Some("It has ended.".into()), ..InterruptResult::default() };
        assert_eq!(undone(&refused).as_deref(), Some("It has ended."));
    }
}
