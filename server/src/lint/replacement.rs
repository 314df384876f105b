//! Changes that several rules offer.

use std::ops::Range;

use crate::{cells::found::BlockText, text::TextRange};

/// The change that puts `text` in the place of whole lines of a block and makes it a cell of its own. `None` in a notebook
/// whose cell holds something else as well.
pub(super) fn as_cell(block: &BlockText<'_>, lines: Range<usize>, text: &str) -> Option<(TextRange, String)> {
    let is_filled = |index: usize| !block.line(index).trim().is_empty();
    let before = (0..lines.start).any(is_filled);
    let after = (lines.end..block.lines.len()).any(is_filled);
    let border = block.border.filter(|_| block.is_script);
    if border.is_none() && (before || after) {
        return None;
    }
    let border = border.unwrap_or_default();
    let above = if before { format!("{border}\n") } else { String::new() };
    let below = if after { format!("\n{border}") } else { String::new() };
    let bytes = block.lines[lines.start].start..block.lines[lines.end - 1].end;
    Some(block.source.edit(bytes, &format!("{above}{text}{below}")))
}
