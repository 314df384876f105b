//! `textDocument/inlayHint`: the result in one line, for clients that paint no outputs.

use lsp_types::{InlayHint, InlayHintParams, Label, Position};
use tower_lsp::jsonrpc::Result;

use super::code_lens::{run_title, runs};
use crate::lsp::{
    backend::Backend,
    facade::{CellOutputs, Session},
};

/// What plan and result may take of a line together, in characters. Some clients show both behind the code.
const WIDTH: usize = 43;
/// A result is not cut below this.
const LEAST: usize = 12;

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: InlayHintParams,
) -> Result<Option<Vec<InlayHint>>> {
    // They paint the result themselves; one fact, one place.
    if backend.capabilities().extension.outputs {
        return Ok(None);
    }
    let uri = params.text_document.uri;
    let Some(found) = backend.session.cells(&uri).await else { return Ok(None) };
    let CellOutputs { cells: outputs, .. } = backend.session.outputs(&uri, None).await.unwrap_or_default();
    let mut hints = Vec::new();
    for cell in &found.cells {
        let at = cell.magic_range.end;
        if at < params.range.start || at > params.range.end {
            continue;
        }
        let line = outputs.iter().find(|output| output.id == cell.id).and_then(|output| output.line.as_ref());
        let Some(line) = line else { continue };
        let plan = if runs(cell) { run_title(&[cell]).chars().count() } else { 0 };
        hints.push(hint(at, cut(&line.text, WIDTH.saturating_sub(plan + 1).max(LEAST))));
    }
    Ok(Some(hints))
}

fn hint(position: Position, text: String) -> InlayHint {
    InlayHint {
        position,
        label: Label::String(text),
        kind: None,
        text_edits: None,
        tooltip: None,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}

/// The text in so many characters, with an ellipsis if it was longer.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_result_is_cut_with_an_ellipsis() {
        assert_eq!(cut("4 × ready", 12), "4 × ready");
        assert_eq!(cut("[0-3] the quick brown fox", 12), "[0-3] the q…");
        assert_eq!(cut("[0-3] theq uick", 12).chars().count(), 11);
    }
}
