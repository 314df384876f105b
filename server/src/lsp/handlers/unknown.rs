//! What a request is answered that names a run that is not kept, or that cannot be read.

use tower_lsp::jsonrpc::{Error, Result};

use crate::{lsp::backend::Backend, run::RunId};

/// A message that cannot be read: the decoder says why.
pub(super) async fn unreadable(_: &Backend, error: Error) -> Result<()> {
    Err(error)
}

/// There is no run with this number.
pub(super) fn no_run(run: RunId) -> Error {
    Error::invalid_params(format!(
        "There is no run {}; pxlens numbers runs anew whenever it starts, and drops old ones",
        run.0
    ))
}

/// There is no run at the place, of the suffix or with the name that was asked for, or not with the number.
pub(super) fn no_result() -> Error {
    Error::invalid_params("There is no such run, or nothing has run here yet; run the cell first")
}
