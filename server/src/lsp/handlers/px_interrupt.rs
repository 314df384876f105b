//! `px/interrupt`; and the same where the user has no other way to hear what it did not do.

use lsp_types::MessageType;
use pxlens_protocol::{InterruptParams, InterruptResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    engines::{EngineId, RankSet},
    lsp::{backend::Backend, facade::Session, messages},
};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: InterruptParams,
) -> Result<InterruptResult> {
    let run = params.run;
    backend
        .session
        .interrupt(params)
        .await
        .ok_or_else(|| Error::invalid_params(format!("there is no run {}", run.0)))
}

/// Interrupts, and shows what was not done about it.
pub(super) async fn told<S: Session>(
    backend: &Backend<S>,
    params: InterruptParams,
) -> Result<InterruptResult> {
    let result = handle(backend, params).await?;
    if let Some(why) = undone(&result) {
        let client = backend.client.clone();
        tokio::spawn(async move { messages::show(&client, MessageType::Warning, why).await });
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
