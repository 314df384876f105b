//! `workspace/didRenameFiles`.

use lsp_types::{FileRename, RenameFilesParams};

use crate::{
    lsp::{backend::Backend, from_proto, wire::compat::Lenient},
    session::Renames,
};

pub(crate) async fn handle(backend: &Backend, params: Lenient<RenameFilesParams>) {
    let Some(params) = params.or_log("workspace/didRenameFiles") else { return };
    let name = |file: &FileRename| (from_proto::key(&file.old_uri), from_proto::key(&file.new_uri));
    backend.session.rename(Renames::new(params.files.iter().map(name).collect()));
}
