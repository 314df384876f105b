//! `px/cells`.

use pxlens_protocol::CellsParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{snapshot::Snapshot, to_proto, wire::raw_response::Raw};

pub(crate) fn handle(snapshot: &Snapshot, params: CellsParams) -> Result<Raw> {
    let Some(here) = snapshot.texts() else {
        return Err(Error::invalid_params(format!("The document {} is not open in the editor", params.uri)));
    };
    snapshot.raw(&to_proto::cells(snapshot, here))
}
