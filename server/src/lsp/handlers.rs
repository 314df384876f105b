//! One file per method. A handler reads its parameters, asks or tells the session, and writes the answer.

pub(super) mod code_action;
pub(super) mod code_lens;
pub(super) mod completion;
pub(super) mod did_change;
pub(super) mod did_change_configuration;
pub(super) mod did_change_workspace_folders;
pub(super) mod did_close;
pub(super) mod did_open;
pub(super) mod document_symbol;
pub(super) mod execute_command;
pub(super) mod folding_range;
pub(super) mod hover;
pub(super) mod inlay_hint;
pub(super) mod notebook_did_change;
pub(super) mod notebook_did_close;
pub(super) mod notebook_did_open;
pub(super) mod progress_cancel;
pub(super) mod px_ack_outputs;
pub(super) mod px_cells;
pub(super) mod px_engines;
pub(super) mod px_interrupt;
pub(super) mod px_refresh_outputs;
pub(super) mod px_result;
pub(super) mod px_run;
pub(super) mod px_trust;
pub(super) mod semantic_tokens;
