//! A document and its px cells as faces see them.

use std::sync::Arc;

use super::{CellId, DocumentKey, RunHandle};
use crate::{
    cells::{Decider, Dialect, Known, Origin, Placed, Wanted},
    lint::Problem,
    plan::{Plan, Refusal},
    text::{Document, Position, TextRange},
};

/// A document as faces see it: a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct DocumentView {
    /// Its key.
    pub key: DocumentKey,
    /// Its text.
    pub text: Document,
    /// How it is read.
    pub dialect: Dialect,
    /// What was known of a script before it was read.
    pub wanted: Wanted,
    /// The format that a script is in.
    pub format: Option<Known>,
    /// Whether its blocks are cells of the file's own kind; else the one block is all of a script that IPython runs as a whole.
    pub divided: bool,
    /// Its px cells, in order.
    pub cells: Vec<CellView>,
    /// Cells of the file's own kind (percent cells, notebook cells), with or without px cells.
    pub blocks: Vec<BlockView>,
    /// What is wrong in it.
    pub problems: Vec<Problem>,
    /// Why it cannot be read at all.
    pub unreadable: Option<String>,
    /// The suffixes of the views that are known at its end.
    pub views: Vec<String>,
    /// Where the lines stand in it that may decide what is in force, in it and below.
    pub(super) deciders: Vec<(Origin, Decider)>,
}

/// A px cell as faces see it.
#[derive(Clone, Debug)]
pub(crate) struct CellView {
    /// Its id.
    pub id: CellId,
    /// What was recognised, and where.
    pub cell: Placed,
    /// Where that is as the client counts.
    pub places: Places,
    /// The magic's line, 0-based.
    pub line: u32,
    /// The last line of the px cell, 0-based.
    pub last_line: u32,
    /// What running it would do.
    pub plan: Result<Plan, Refusal>,
    /// Its newest run, unless cleared. A `%pxresult` has none; see [`Snapshot::shown`](super::Snapshot::shown).
    pub run: Option<Arc<RunHandle>>,
    /// Whether what would be sent now differs from what that run sent.
    pub stale: bool,
}

/// Where a px cell stands, as the client counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Beginning and end of all of it.
    pub range: [Position; 2],
    /// Beginning and end of its magic's line.
    pub magic: [Position; 2],
    /// Its last line that holds something.
    pub last_line: u32,
}

impl Places {
    /// So many lines further down.
    pub(super) fn below(self, lines: u32) -> Self {
        let down = |position: Position| Position { line: position.line + lines, ..position };
        Self { range: self.range.map(down), magic: self.magic.map(down), last_line: self.last_line + lines }
    }
}

/// A percent cell or notebook cell that holds px cells.
#[derive(Clone, Debug)]
pub(crate) struct BlockView {
    /// Where it stands.
    pub range: TextRange,
    /// Indices into the document's px cells.
    pub px_cells: std::ops::Range<usize>,
    /// Lines in it that are local code.
    pub local_lines: u32,
    /// The 0-based line by which a plain cell reads as set-up, if it was asked to run on the engines.
    pub set_up: Option<u32>,
}
