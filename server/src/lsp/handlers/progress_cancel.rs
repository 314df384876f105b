//! `window/workDoneProgress/cancel`: the cancel button of a run's progress interrupts the run.

use lsp_types::WorkDoneProgressCancelParams;
use pxlens_protocol::InterruptParams;

use super::px_interrupt;
use crate::lsp::{backend::Backend, notify::progress, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<WorkDoneProgressCancelParams>) {
    let Some(params) = params.or_log("window/workDoneProgress/cancel") else { return };
    let Some(run) = progress::run_of(&params.token) else { return };
    let params = InterruptParams { run, engines: None, stragglers: false, signal: None };
    if let Err(error) = px_interrupt::command(backend, params).await {
        tracing::warn!(%error, "the progress of an unknown run was cancelled");
    }
}
