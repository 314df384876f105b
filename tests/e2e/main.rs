//! The binary as its users run it.

mod lsp_shell;
