//! `workspace/didRenameFiles`.

use lsp_types::RenameFilesParams;

use crate::lsp::{backend::Backend, from_proto, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<RenameFilesParams>) {
    let Some(params) = params.or_log("workspace/didRenameFiles") else { return };
    for file in params.files {
        backend.session.rename(from_proto::key(&file.old_uri), from_proto::key(&file.new_uri));
    }
}
