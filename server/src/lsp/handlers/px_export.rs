//! `px/export`, and the command of that name.

use std::path::PathBuf;

use lsp_types::{MessageType, Uri};
use pxlens_protocol::{ExportFormat, ExportParams, ExportResult};
use tower_lsp::jsonrpc::{Error, Result};

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

/// The same, for who only shows messages.
pub(super) async fn command(backend: &Backend, params: ExportParams) -> Result<ExportResult> {
    let result = export(backend, params).await?;
    let mut said: Vec<String> = result.file.iter().map(|file| format!("exported to {file}")).collect();
    said.extend(result.message.clone());
    let severity = if result.file.is_none() { MessageType::Warning } else { MessageType::Info };
    if !said.is_empty() {
        backend.say(severity, said.join("; "));
    }
    Ok(result)
}

/// Exports a run; an error where there is no such run.
async fn export(backend: &Backend, params: ExportParams) -> Result<ExportResult> {
    let told = |message: String| ExportResult { message: Some(message), ..ExportResult::default() };
    let snapshot = backend.snapshot(from_proto::run_id(params.run)).await;
    if params.path.is_some() && !snapshot.trusted {
        return Ok(told("this workspace is not trusted, so nothing is written; trust it first".to_owned()));
    }
    let handle =
        run_to_show(backend, &snapshot, from_proto::run_id(params.run)).map_err(Error::invalid_params)?;
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
        Err(error) => told(error.to_string()),
        Ok(exported) => ExportResult {
            text: exported.text,
            file: written.map(|path| path.display().to_string()),
            images: exported.images.iter().map(|path| path.display().to_string()).collect(),
            message: (!exported.missing.is_empty()).then(|| exported.missing.join("; ")),
        },
    })
}
