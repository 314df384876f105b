//! The command that shows a run in the client's panel, and the request `px/showRun` behind it.

use pxlens_protocol::{ShowRun, ShowRunParams, ShowRunResult};

use crate::lsp::{backend::Backend, tasks};

/// Asks the client to show a run, if it has a panel.
pub(super) async fn show(backend: &Backend, params: ShowRunParams) -> ShowRunResult {
    if !backend.capabilities().extension.panel {
        return ShowRunResult::default();
    }
    match tasks::request(backend.client.send_request::<ShowRun>(params)).await {
        Ok(result) => result,
        Err(error) => {
            tracing::warn!(%error, "the client did not show the run");
            ShowRunResult::default()
        }
    }
}
