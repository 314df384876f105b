//! `px/export`, and the command of that name.

use lsp_types::MessageType;
use pxlens_protocol::{ExportParams, ExportResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, facade::Session, messages, written::Written};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ExportParams) -> Result<Written> {
    let result = backend.session.export(params).await.map_err(Error::invalid_params)?;
    backend.shelf.put(&result)
}

/// The same, for who only shows messages.
pub(super) async fn command<S: Session>(backend: &Backend<S>, params: ExportParams) -> Result<ExportResult> {
    let result = backend.session.export(params).await.map_err(Error::invalid_params)?;
    let mut said: Vec<String> = result.file.iter().map(|file| format!("exported to {file}")).collect();
    said.extend(result.message.clone());
    let severity = if result.file.is_none() { MessageType::Warning } else { MessageType::Info };
    if !said.is_empty() {
        let client = backend.client.clone();
        tokio::spawn(async move { messages::show(&client, severity, said.join("; ")).await });
    }
    Ok(result)
}
