//! `px/refreshOutputs`.

use pxlens_protocol::RefreshOutputsParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<RefreshOutputsParams>) {
    let Some(params) = params.or_log("px/refreshOutputs") else { return };
    match backend.marks() {
        Some(marks) => marks.refresh(&params.uri),
        None => tracing::warn!("px/refreshOutputs from a client that did not announce outputs"),
    }
}
