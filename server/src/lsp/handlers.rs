//! The methods of the server, and a file for each subject of them. A handler reads its parameters, queries or commands the
//! session, and returns the answer.

mod code_action;
mod code_lens;
mod completion;
mod copy;
mod did_change;
mod did_change_configuration;
mod did_change_workspace_folders;
mod did_close;
mod did_open;
mod did_rename_files;
mod document_symbol;
mod execute_command;
mod folding_range;
mod hover;
mod inlay_hint;
mod notebook_did_change;
mod notebook_did_close;
mod notebook_did_open;
mod progress_cancel;
mod px_ack_outputs;
mod px_cells;
mod px_clear;
mod px_clusters;
mod px_compare;
mod px_connect;
mod px_console;
mod px_engines;
mod px_export;
mod px_interrupt;
mod px_interrupt_engines;
mod px_notebook_outputs;
mod px_page;
mod px_refresh_outputs;
mod px_result;
mod px_run;
mod px_run_notebook_cell;
mod px_runs;
mod px_start_cluster;
mod px_stop_cluster;
mod px_trust;
mod semantic_tokens;
mod show_output;
mod show_run;
mod text_document_content;
mod unknown;
mod write_view;

use tower_lsp::{ClientSocket, LspService};

use super::{
    backend::{Backend, Setup},
    snapshot::{reads, shows},
    wire::decode,
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
        .custom_method("textDocument/didOpen", did_open::handle)
        .custom_method("textDocument/didChange", did_change::handle)
        .custom_method("textDocument/didClose", did_close::handle)
        .custom_method("notebookDocument/didOpen", notebook_did_open::handle)
        .custom_method("notebookDocument/didChange", notebook_did_change::handle)
        .custom_method("notebookDocument/didClose", notebook_did_close::handle)
        .custom_method("textDocument/codeLens", reads(code_lens::handle))
        .custom_method("textDocument/codeAction", reads(code_action::handle))
        .custom_method("textDocument/hover", shows(hover::handle))
        .custom_method("textDocument/inlayHint", reads(inlay_hint::handle))
        .custom_method("textDocument/completion", reads(completion::handle))
        .custom_method("textDocument/semanticTokens/full", reads(semantic_tokens::full))
        .custom_method("textDocument/semanticTokens/range", reads(semantic_tokens::range))
        .custom_method("textDocument/foldingRange", reads(folding_range::handle))
        .custom_method("textDocument/documentSymbol", reads(document_symbol::handle))
        .custom_method("workspace/executeCommand", execute_command::handle)
        .custom_method("workspace/didChangeConfiguration", did_change_configuration::handle)
        .custom_method("workspace/didChangeWorkspaceFolders", did_change_workspace_folders::handle)
        .custom_method("workspace/didRenameFiles", did_rename_files::handle)
        .custom_method("window/workDoneProgress/cancel", progress_cancel::handle)
        .custom_method("px/run", px_run::handle)
        .custom_method("px/runNotebookCell", px_run_notebook_cell::handle)
        .custom_method("px/notebookOutputs", reads(px_notebook_outputs::handle))
        .custom_method("px/interrupt", px_interrupt::handle)
        .custom_method("px/interruptEngines", px_interrupt_engines::handle)
        .custom_method("px/cells", reads(px_cells::handle))
        .custom_method("px/result", shows(px_result::handle))
        .custom_method("px/page", px_page::handle)
        .custom_method("px/runs", reads(px_runs::handle))
        .custom_method("px/compare", shows(px_compare::handle))
        .custom_method("px/clear", px_clear::handle)
        .custom_method("px/content", text_document_content::px)
        .custom_method("workspace/textDocumentContent", text_document_content::handle)
        .custom_method("px/export", px_export::handle)
        .custom_method("px/engines", px_engines::handle)
        .custom_method("px/clusters", px_clusters::handle)
        .custom_method("px/connect", px_connect::handle)
        .custom_method("px/startCluster", px_start_cluster::handle)
        .custom_method("px/stopCluster", px_stop_cluster::handle)
        .custom_method("px/console", px_console::handle)
        .custom_method("px/refreshOutputs", px_refresh_outputs::handle)
        .custom_method("px/ackOutputs", px_ack_outputs::handle)
        .custom_method("px/trust", px_trust::handle)
        .custom_method(decode::UNREADABLE, unknown::unreadable)
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
