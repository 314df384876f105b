//! `px/clear`: clears the shown results of px cells.

use pxlens_protocol::{ClearParams, ClearResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::lsp::{backend::Backend, from_proto};

pub(crate) async fn handle(backend: &Backend, params: ClearParams) -> Result<ClearResult> {
    let ClearParams { uri, cell } = params;
    let unknown = match &cell {
        Some(id) => format!("There is no px cell {} in {}", id.0, uri.0),
        None => format!("{} is not open in the editor", uri.0),
    };
    let unknown = || Error::invalid_params(unknown);
    let wanted = match &cell {
        Some(id) => match from_proto::cell_id(id) {
            Some(id) => Some(id),
            None => return Err(unknown()),
        },
        None => None,
    };
    let cleared = backend.session.clear(from_proto::key(&uri), wanted).await.ok_or_else(unknown)?;
    Ok(ClearResult { cleared: u32::try_from(cleared).unwrap_or(u32::MAX) })
}
