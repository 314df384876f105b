//! `window/workDoneProgress/cancel`: the cancel button of a run's progress interrupts the run.

use lsp_types::WorkDoneProgressCancelParams;
use pxlens_protocol::InterruptParams;

use crate::lsp::{backend::Backend, facade::Session, progress, tolerance::Lenient};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<WorkDoneProgressCancelParams>) {
    let Some(params) = params.or_log("window/workDoneProgress/cancel") else { return };
    if let Some(run) = progress::run_of(&params.token) {
        backend
            .session
            .interrupt(InterruptParams { run, engines: None, stragglers: false, signal: None })
            .await;
    }
}
