//! `textDocument/foldingRange`: px cells and `%autopx` regions.

use lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, Fold},
    lsp::snapshot::Snapshot,
};

pub(crate) fn handle(snapshot: &Snapshot, _: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
    let mut folds = ide::folds(snapshot);
    if let Some(limit) = snapshot.client.fold_limit {
        folds.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let range = |fold: Fold| FoldingRange {
        start_line: fold.start_line,
        end_line: fold.end_line,
        kind: Some(FoldingRangeKind::Region),
        ..Default::default()
    };
    Ok((!folds.is_empty()).then(|| folds.into_iter().map(range).collect()))
}
