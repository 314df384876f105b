//! Where in a document engines raised.

use crate::{
    cells::Placed,
    render,
    run::{Run, RunState},
    session::{CellView, DocumentView},
    text::{Encoding, TextRange},
};

/// The line of the document on which most engines raised, where that is in the code as it stands.
pub(super) fn failing_line(view: &DocumentView, cell: &CellView, run: &Run) -> Option<u32> {
    if cell.recalled.is_some() || run.state() != RunState::Failed || run.request.code != cell.cell.code {
        return None;
    }
    let line = render::errors(run, &run.request.code).into_iter().find_map(|group| group.code_line)?;
    let at = place(&cell.cell, line, None)?;
    Some(view.text.position(at.start, Encoding::Utf8).line)
}

/// From a line of the code, or a column of it in characters, to the end of the line in the document.
pub(super) fn place(cell: &Placed, line: u32, column: Option<u32>) -> Option<TextRange> {
    let code = cell.code.lines().nth(line as usize).unwrap_or_default();
    let indent = code.len() - code.trim_start().len();
    let from = match column {
        Some(column) => code.char_indices().nth(column as usize).map_or(indent, |(at, _)| at),
        None => indent,
    };
    let whole = cell.code_range(line)?;
    let start = cell.code_offset(line, from)?;
    Some(TextRange::new(start.min(whole.end), whole.end))
}
