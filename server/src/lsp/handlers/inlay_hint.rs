//! `textDocument/inlayHint`: at the end of a magic's line, what differs from the default and, for clients that paint no
//! outputs, the result in one line. Together they have at most 43 characters.

use lsp_types::{InlayHint, InlayHintParams, Label, Position, Tooltip};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, Hint},
    lsp::{from_proto, snapshot::Snapshot, to_proto},
};

pub(crate) fn handle(snapshot: &Snapshot, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
    // A client that paints outputs already shows the result.
    let results = !snapshot.client.extension.outputs;
    let found = ide::hints(snapshot, from_proto::range(params.range), results);
    let mut hints = Vec::with_capacity(found.len());
    for Hint { at, plan, tooltip, result, stale } in found {
        let at = to_proto::position(at);
        hints.extend(plan.map(|plan| hint(at, plan, Some(tooltip))));
        hints.extend(result.map(|result| hint(at, result, stale.map(str::to_owned))));
    }
    Ok(Some(hints))
}

fn hint(position: Position, text: String, tooltip: Option<String>) -> InlayHint {
    InlayHint {
        position,
        label: Label::String(text),
        kind: None,
        text_edits: None,
        tooltip: tooltip.map(Tooltip::String),
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}
