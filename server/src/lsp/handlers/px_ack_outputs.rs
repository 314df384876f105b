//! `px/ackOutputs`.

use pxlens_protocol::AckOutputsParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<AckOutputsParams>) {
    let Some(params) = params.or_log("px/ackOutputs") else { return };
    if let Some(marks) = backend.marks() {
        marks.acknowledge(params.seq);
    }
}
