//! Places in a document: in bytes, in the client's positions, and in words.

use crate::{
    cells::Placed,
    session::{CellView, DocumentView, Snapshot},
    text::{Position, TextRange},
};

/// The client's positions of a byte range.
pub(crate) fn positions(document: &DocumentView, snapshot: &Snapshot, bytes: TextRange) -> [Position; 2] {
    [bytes.start, bytes.end].map(|offset| document.text.position(offset, snapshot.encoding))
}

/// The byte offset of a client's position.
pub(super) fn byte(document: &DocumentView, snapshot: &Snapshot, position: Position) -> usize {
    document.text.byte(position, snapshot.encoding)
}

/// The byte range of a range of client's positions.
pub(super) fn bytes(document: &DocumentView, snapshot: &Snapshot, places: [Position; 2]) -> TextRange {
    let [start, end] = places.map(|position| byte(document, snapshot, position));
    TextRange::new(start, end)
}

/// The px cells that overlap or touch a byte range, found by binary search.
pub(super) fn near(document: &DocumentView, bytes: TextRange) -> &[CellView] {
    let cells = &document.cells;
    let from = cells.partition_point(|cell| cell.cell.range().end < bytes.start);
    let to = cells[from..].partition_point(|cell| cell.cell.range().start <= bytes.end);
    &cells[from..from + to]
}

/// The document range of a line of the code: from `column` (in characters), or else from its first non-blank, for
/// `width` characters if that is more than one, or else to the end of the line.
pub(crate) fn code_place(cell: &Placed, line: u32, column: Option<u32>, width: u32) -> Option<TextRange> {
    let code = cell.code.lines().nth(line as usize).unwrap_or_default();
    let indent = code.len() - code.trim_start().len();
    let from = match column {
        Some(column) => code.char_indices().nth(column as usize).map_or(indent, |(at, _)| at),
        None => indent,
    };
    let whole = cell.code_range(line)?;
    let start = cell.code_offset(line, from)?.min(whole.end);
    let marked = column.filter(|_| width > 1).and_then(|column| {
        let (to, _) = code.char_indices().nth((column + width) as usize)?;
        cell.code_offset(line, to)
    });
    Some(TextRange::new(start, marked.filter(|end| (start..whole.end).contains(end)).unwrap_or(whole.end)))
}

/// Whether a selection or cursor overlaps a px cell. A range that ends before the first column of a line does not
/// include that line.
pub(super) fn touch(cell: [Position; 2], selection: [Position; 2]) -> bool {
    cell[0].line <= last_line(selection) && selection[0].line <= last_line(cell)
}

/// The last line that a range includes.
pub(super) fn last_line([start, end]: [Position; 2]) -> u32 {
    end.line - u32::from(end.character == 0 && end.line > start.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_ends_at_the_start_of_a_line_does_not_include_it() {
        let range = |start: (u32, u32), end: (u32, u32)| {
            [start, end].map(|(line, character)| Position { line, character })
        };
        let (first, second) = (range((0, 0), (2, 0)), range((2, 0), (4, 0)));
        let cursor = range((2, 0), (2, 0));
        assert!(!touch(first, cursor) && touch(second, cursor));
        let lines = range((0, 0), (2, 0));
        assert!(touch(first, lines) && !touch(second, lines));
        assert!(touch(first, range((1, 5), (2, 1))) && touch(second, range((1, 5), (2, 1))));
    }
}
