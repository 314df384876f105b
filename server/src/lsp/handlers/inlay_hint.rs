//! `textDocument/inlayHint`: behind a magic's line what differs from the plain default, and, for clients that paint no
//! outputs, the result in one line. Both stay within 43 characters.

use lsp_types::{InlayHint, InlayHintParams, Label, Position, Tooltip};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{
    backend::Backend,
    facade::{Hint, Session},
};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: InlayHintParams,
) -> Result<Option<Vec<InlayHint>>> {
    // Who paints outputs shows the result itself; one fact, one place.
    let results = !backend.capabilities().extension.outputs;
    let found = backend.session.hints(&params.text_document.uri, params.range, results).await;
    let mut hints = Vec::with_capacity(found.len());
    for Hint { at, plan, tooltip, result } in found {
        hints.extend(plan.map(|plan| hint(at, plan, Some(tooltip))));
        hints.extend(result.map(|result| hint(at, result, None)));
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
