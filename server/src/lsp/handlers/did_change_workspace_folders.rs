//! `workspace/didChangeWorkspaceFolders`.

use lsp_types::DidChangeWorkspaceFoldersParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<DidChangeWorkspaceFoldersParams>) {
    let Some(params) = params.or_log("workspace/didChangeWorkspaceFolders") else { return };
    backend.change_folders(|folders| {
        folders.retain(|uri| !params.event.removed.iter().any(|folder| folder.uri == *uri));
        folders.extend(params.event.added.into_iter().map(|folder| folder.uri));
    });
}
