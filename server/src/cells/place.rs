//! How a line is called before people: by its number in a script, and in a notebook by its cell and its number there, whatever
//! lines the notebook's file has.

use std::fmt;

use crate::text::TextRange;

/// The lines of a cell of a raw notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotebookLines {
    /// Its 0-based place among all cells.
    pub(crate) cell: u32,
    /// Where its source stands in the document.
    pub(crate) range: TextRange,
    /// Where each of its lines begins in the document.
    pub(crate) starts: Vec<usize>,
}

/// A line as a reader calls it: `line 12`, or `cell 3, line 12`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineName {
    /// The cell of the notebook, 0-based; `None` in a script.
    pub(crate) cell: Option<u32>,
    /// The line in that cell or in the script, 0-based.
    pub(crate) line: u32,
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cell) = self.cell {
            write!(f, "cell {}, ", cell + 1)?;
        }
        write!(f, "line {}", self.line + 1)
    }
}

/// The cell of a raw notebook and the line in it, both 0-based, in which a byte of the document is.
pub(crate) fn notebook_line(cells: &[NotebookLines], at: usize) -> Option<(u32, u32)> {
    let cell = cells.get(cells.partition_point(|cell| cell.range.end < at))?;
    if at < cell.range.start {
        return None;
    }
    let line = cell.starts.partition_point(|start| *start <= at).saturating_sub(1);
    Some((cell.cell, u32::try_from(line).unwrap_or(u32::MAX)))
}
