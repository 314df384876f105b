//! `px/export`, and the command for it.

use std::path::PathBuf;

use lsp_types::{MessageType, Uri};
use pxlens_protocol::{ExportFormat, ExportParams, ExportResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    blocking,
    lsp::{
        backend::Backend, file_path, from_proto, handlers::text_document_content::run_to_show,
        wire::raw_response::Raw,
    },
    session::{self, Format},
};

pub(crate) async fn handle(backend: &Backend, params: ExportParams) -> Result<Raw> {
    backend.raw.put(&export(backend, params).await?)
}

/// Exports a run, and shows the outcome as a message.
pub(super) async fn command(backend: &Backend, params: ExportParams) -> Result<ExportResult> {
    let result = export(backend, params).await?;
    let mut messages: Vec<String> = result.file.iter().map(|file| format!("Exported to {file}")).collect();
    messages.extend(result.message.clone());
    let severity = if result.file.is_none() { MessageType::Warning } else { MessageType::Info };
    if !messages.is_empty() {
        backend.show_message(severity, messages.join("; "));
    }
    Ok(result)
}

/// Exports a run; an error if there is no such run.
async fn export(backend: &Backend, params: ExportParams) -> Result<ExportResult> {
    let only_message = |message: String| ExportResult { message: Some(message), ..ExportResult::default() };
    let snapshot = backend.snapshot(from_proto::run_id(params.run)).await;
    if params.path.is_some() && !snapshot.trusted {
        let why = "This workspace is not trusted, so pxlens writes nothing; trust it first";
        return Ok(only_message(why.to_owned()));
    }
    let handle = run_to_show(backend, &snapshot, from_proto::run_id(params.run))?;
    let format = match params.format {
        ExportFormat::Markdown => Format::Markdown,
        ExportFormat::Json => Format::Json,
    };
    let path = params.path.map(|path| match file_path(&Uri::from(path.as_str())) {
        Some(file) => file,
        None => PathBuf::from(path),
    });
    let written = path.clone();
    let exported = blocking::run(move || match &path {
        Some(path) => session::export_to(&handle, format, path, params.overwrite),
        None => session::export(&handle, format),
    });
    Ok(match exported.await {
        Err(error) => only_message(error.to_string()),
        Ok(exported) => ExportResult {
            text: exported.text,
            file: written.map(|path| path.display().to_string()),
            images: exported.images.iter().map(|path| path.display().to_string()).collect(),
            message: (!exported.missing.is_empty()).then(|| exported.missing.join("; ")),
        },
    })
}
