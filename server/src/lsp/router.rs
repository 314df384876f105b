//! Maps methods to their handlers.

use tower_lsp::{ClientSocket, LspService};

use super::{
    backend::{Backend, Setup},
    handlers,
    snapshot::{reads, shows},
};

/// The service for one client, and the socket for messages from the server to it.
///
/// Everything but the life cycle is registered here instead of through the `LanguageServer` trait: the trait silently
/// drops notifications that it cannot parse, and a method that it knows cannot be overridden.
pub(super) fn service(setup: Setup) -> (LspService<Backend>, ClientSocket) {
    let builder = LspService::build_with_lifecycle_methods(|client| Backend::new(client, setup));
    #[cfg(test)]
    let builder = builder
        .custom_method("px/testPanic", reads(panics::request))
        .custom_method("px/testPanicOfNotification", panics::notification);
    builder
        .custom_method("textDocument/didOpen", handlers::did_open::handle)
        .custom_method("textDocument/didChange", handlers::did_change::handle)
        .custom_method("textDocument/didClose", handlers::did_close::handle)
        .custom_method("notebookDocument/didOpen", handlers::notebook_did_open::handle)
        .custom_method("notebookDocument/didChange", handlers::notebook_did_change::handle)
        .custom_method("notebookDocument/didClose", handlers::notebook_did_close::handle)
        .custom_method("textDocument/codeLens", reads(handlers::code_lens::handle))
        .custom_method("textDocument/codeAction", reads(handlers::code_action::handle))
        .custom_method("textDocument/hover", shows(handlers::hover::handle))
        .custom_method("textDocument/inlayHint", reads(handlers::inlay_hint::handle))
        .custom_method("textDocument/completion", reads(handlers::completion::handle))
        .custom_method("textDocument/semanticTokens/full", reads(handlers::semantic_tokens::full))
        .custom_method("textDocument/semanticTokens/range", reads(handlers::semantic_tokens::range))
        .custom_method("textDocument/foldingRange", reads(handlers::folding_range::handle))
        .custom_method("textDocument/documentSymbol", reads(handlers::document_symbol::handle))
        .custom_method("workspace/executeCommand", handlers::execute_command::handle)
        .custom_method("workspace/didChangeConfiguration", handlers::did_change_configuration::handle)
        .custom_method("workspace/didChangeWorkspaceFolders", handlers::did_change_workspace_folders::handle)
        .custom_method("window/workDoneProgress/cancel", handlers::progress_cancel::handle)
        .custom_method("px/run", handlers::px_run::handle)
        .custom_method("px/runNotebookCell", handlers::px_run_notebook_cell::handle)
        .custom_method("px/notebookOutputs", reads(handlers::px_notebook_outputs::handle))
        .custom_method("px/interrupt", handlers::px_interrupt::handle)
        .custom_method("px/interruptEngines", handlers::px_interrupt_engines::handle)
        .custom_method("px/cells", reads(handlers::px_cells::handle))
        .custom_method("px/result", shows(handlers::px_result::handle))
        .custom_method("px/page", handlers::px_page::handle)
        .custom_method("px/runs", reads(handlers::px_runs::handle))
        .custom_method("px/compare", shows(handlers::px_compare::handle))
        .custom_method("px/clear", handlers::px_clear::handle)
        .custom_method("px/content", handlers::text_document_content::px)
        .custom_method("workspace/textDocumentContent", handlers::text_document_content::handle)
        .custom_method("px/export", handlers::px_export::handle)
        .custom_method("px/engines", handlers::px_engines::handle)
        .custom_method("px/clusters", handlers::px_clusters::handle)
        .custom_method("px/connect", handlers::px_connect::handle)
        .custom_method("px/startCluster", handlers::px_start_cluster::handle)
        .custom_method("px/stopCluster", handlers::px_stop_cluster::handle)
        .custom_method("px/console", handlers::px_console::handle)
        .custom_method("px/refreshOutputs", handlers::px_refresh_outputs::handle)
        .custom_method("px/ackOutputs", handlers::px_ack_outputs::handle)
        .custom_method("px/trust", handlers::px_trust::handle)
        .finish()
}

/// Handlers that panic, for tests of what a panic costs.
#[cfg(test)]
mod panics {
    use pxlens_protocol::CellsParams;
    use tower_lsp::jsonrpc::Result;

    use crate::lsp::{backend::Backend, snapshot::Snapshot};

    pub(super) fn request(_: &Snapshot, params: CellsParams) -> Result<()> {
        panic!("asked for {}", params.uri.0)
    }

    pub(super) async fn notification(_: &Backend, params: CellsParams) {
        panic!("notified of {}", params.uri.0)
    }
}
