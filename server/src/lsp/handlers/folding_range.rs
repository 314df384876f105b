//! `textDocument/foldingRange`: px cells and `%autopx` regions.

use lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, facade::Session};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: FoldingRangeParams,
) -> Result<Option<Vec<FoldingRange>>> {
    let mut folds = backend.session.folds(&params.text_document.uri).await;
    if let Some(limit) = backend.capabilities().fold_limit {
        folds.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let range = |fold: crate::lsp::Fold| FoldingRange {
        start_line: fold.start_line,
        end_line: fold.end_line,
        kind: Some(FoldingRangeKind::Region),
        ..Default::default()
    };
    Ok((!folds.is_empty()).then(|| folds.into_iter().map(range).collect()))
}
