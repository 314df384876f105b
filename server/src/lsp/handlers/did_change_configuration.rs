//! `workspace/didChangeConfiguration`.

use lsp_types::DidChangeConfigurationParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidChangeConfigurationParams>) {
    if backend.capabilities().configuration {
        // The settings in the notification are not per folder, and newer clients leave them empty.
        return backend.pull_settings();
    }
    let Some(params) = params.or_log("workspace/didChangeConfiguration") else { return };
    if !params.settings.is_null() {
        backend.configure(&params.settings);
    }
}
