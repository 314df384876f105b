//! `px/ackOutputs`.

use pxlens_protocol::AckOutputsParams;

use crate::lsp::{backend::Backend, facade::Session, tolerance::Lenient};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: Lenient<AckOutputsParams>) {
    let Some(params) = params.or_log("px/ackOutputs") else { return };
    if let Some(marks) = backend.marks() {
        marks.acknowledge(params.seq);
    }
}
