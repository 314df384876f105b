//! The command that shows an output as a document: by its address where the client can, else as a file, else by naming that.

use lsp_types::{MessageType, ShowDocumentParams, Uri};
use pxlens_protocol::{ShowOutputParams, ShowOutputResult};
use tower_lsp::jsonrpc::{Error, Result};
use url::Url;

use crate::lsp::{backend::Backend, facade::Session, messages, tasks};

pub(super) async fn show<S: Session>(
    backend: &Backend<S>,
    params: ShowOutputParams,
) -> Result<ShowOutputResult> {
    let uri = backend.session.address(params).await.map_err(Error::invalid_params)?;
    let capabilities = backend.capabilities();
    if shows_addresses(backend) {
        ask_to_show(&backend.client, Uri::from(uri.as_str()), uri.clone());
        return Ok(ShowOutputResult { uri, file: None });
    }
    let path = match backend.session.content_file(&uri).await {
        Ok(path) => path,
        Err(why) => {
            say(&backend.client, MessageType::Warning, why);
            return Ok(ShowOutputResult { uri, file: None });
        }
    };
    let file = path.display().to_string();
    match Url::from_file_path(&path) {
        Ok(url) if capabilities.shows_documents => {
            ask_to_show(&backend.client, Uri::from(url.as_str()), file.clone());
        }
        _ => say(&backend.client, MessageType::Info, format!("the output is in {file}")),
    }
    Ok(ShowOutputResult { uri, file: Some(file) })
}

/// Whether the client opens outputs as documents, by their addresses.
pub(super) fn shows_addresses<S: Session>(backend: &Backend<S>) -> bool {
    let capabilities = backend.capabilities();
    let opens = capabilities.text_document_content || capabilities.extension.content;
    opens && capabilities.shows_documents
}

/// Without waiting for it.
fn ask_to_show(client: &tower_lsp::Client, uri: Uri, name: String) {
    let client = client.clone();
    tokio::spawn(async move {
        let asked =
            ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
        match tasks::ask(client.show_document(asked)).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the client shows no document"),
        }
        messages::show(&client, MessageType::Warning, format!("{name} could not be shown")).await;
    });
}

fn say(client: &tower_lsp::Client, severity: MessageType, text: String) {
    let client = client.clone();
    tokio::spawn(async move { messages::show(&client, severity, text).await });
}
