//! The command that shows an output as a document: by its address if the client can open it, or else as a file, or else
//! by naming the file.

use lsp_types::{MessageType, ShowDocumentParams, Uri};
use pxlens_protocol::{ShowOutputParams, ShowOutputResult};
use tower_lsp::jsonrpc::{Error, Result};
use url::Url;

use super::text_document_content::{Addressed, addressed, run_to_show};
use crate::{
    blocking,
    engines::{EngineId, RankSet},
    lsp::{backend::Backend, from_proto, notify::messages, tasks},
    render::{Address, Extract},
    session,
};

pub(super) async fn show(backend: &Backend, params: ShowOutputParams) -> Result<ShowOutputResult> {
    let uri = address(backend, params).await?;
    if shows_addresses(backend) {
        ask_to_show(backend, Uri::from(uri.as_str()), uri.clone());
        return Ok(ShowOutputResult { uri, file: None });
    }
    let Addressed { handle, what, other } = addressed(backend, &uri).await?;
    let file = blocking::run(move || session::content_file(&handle, &what, other.as_deref())).await;
    let path = match file {
        Ok(path) => path,
        Err(why) => {
            backend.show_message(MessageType::Warning, why.to_string());
            return Ok(ShowOutputResult { uri, file: None });
        }
    };
    let file = path.display().to_string();
    match Url::from_file_path(&path) {
        Ok(url) if backend.capabilities().shows_documents => {
            ask_to_show(backend, Uri::from(url.as_str()), file.clone());
        }
        _ => backend.show_message(MessageType::Info, format!("The output is in {file}")),
    }
    Ok(ShowOutputResult { uri, file: Some(file) })
}

/// The address of an output.
async fn address(backend: &Backend, params: ShowOutputParams) -> Result<String> {
    let snapshot = backend.session.snapshot(from_proto::run_id(params.run)).await;
    let known = |run| run_to_show(backend, &snapshot, from_proto::run_id(run));
    let handle = known(params.run)?;
    let what = match (params.group_by, params.ranks, params.engine, params.compared_with) {
        (None, None, None, Some(with)) => Extract::Compared(known(with)?.id),
        (None, Some(ranks), None, None) => {
            let invalid = |error| Error::invalid_params(format!("ranks: {error}"));
            let ranks: RankSet = ranks.parse().map_err(invalid)?;
            Extract::Group(ranks)
        }
        (None, None, Some(engine), None) => Extract::Raw { engine: EngineId(engine), slot: None },
        (by, None, None, None) => {
            let by = by.map(from_proto::group_by).or(handle.group_by());
            Extract::Whole(by.unwrap_or(snapshot.settings.group_by))
        }
        _ => {
            let why = "Only one of groupBy, ranks, engine and comparedWith can be given";
            return Err(Error::invalid_params(why));
        }
    };
    session::check(&handle.now(), &what).map_err(|error| Error::invalid_params(error.to_string()))?;
    Ok(Address { run: handle.id, what }.to_string())
}

/// Whether the client can open outputs by their addresses.
pub(super) fn shows_addresses(backend: &Backend) -> bool {
    let capabilities = backend.capabilities();
    let opens = capabilities.text_document_content || capabilities.extension.content;
    opens && capabilities.shows_documents
}

/// Asks the client to show a document, without waiting for it.
fn ask_to_show(backend: &Backend, uri: Uri, name: String) {
    let client = backend.client.clone();
    backend.spawn("document", async move {
        let params =
            ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
        match tasks::request(client.show_document(params)).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the client did not show a document"),
        }
        messages::show(
            &client,
            MessageType::Warning,
            format!("The editor could not show {name}; open it by hand"),
        )
        .await;
    });
}
