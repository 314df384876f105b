//! `workspace/didChangeConfiguration`.

use lsp_types::DidChangeConfigurationParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidChangeConfigurationParams>) {
    if backend.capabilities().configuration {
        // What the notification carries is not told per folder, and empty in newer clients.
        return backend.pull_settings();
    }
    let Some(params) = params.or_log("workspace/didChangeConfiguration") else { return };
    if !params.settings.is_null() {
        backend.configure(&params.settings);
    }
}
