//! Documents and their px cells, as the session shows them to faces.

use std::sync::Arc;

use super::{CellId, DocumentKey, RunHandle, TextId};
use crate::{
    cells::{Deciding, Dialect, Known, LineName, NotebookLines, Placed, Wanted, notebook_line},
    lint::Problem,
    plan::{Plan, Refusal},
    text::{Document, Position, TextRange},
};

/// A document as it was at one moment.
#[derive(Clone, Debug)]
pub(crate) struct DocumentView {
    pub key: DocumentKey,
    pub id: TextId,
    pub text: Document,
    /// How its text is parsed.
    pub dialect: Dialect,
    /// What was known of a script before it was read.
    pub wanted: Wanted,
    /// The format that a script is in.
    pub format: Option<Known>,
    /// Whether its blocks are cells of the file's own kind; if not, there is one block, a script that IPython runs as a whole.
    pub divided: bool,
    /// Its px cells, in order.
    pub cells: Vec<CellView>,
    /// Those of the file's own cells (percent cells, notebook cells) that hold px cells or are set-up code.
    pub blocks: Vec<BlockView>,
    /// Where each of the file's own cells stands.
    pub ranges: Vec<TextRange>,
    /// The problems found in it.
    pub problems: Vec<Problem>,
    /// Why it cannot be parsed at all.
    pub unreadable: Option<String>,
    /// The suffixes of the views that are known at its end.
    pub views: Vec<String>,
    /// The aliases of px magics where it ends, with their percent signs, and what each stands for.
    pub aliases: Vec<(String, String)>,
    /// Its blocks with lines that may decide what is in force, here and below.
    pub(super) deciding: Vec<Deciding>,
    /// The lines of its cells, if it is a raw notebook.
    pub(super) notebook: Vec<NotebookLines>,
}

impl DocumentView {
    /// Names the line of a byte: `line 12`; in a raw notebook `cell 3, line 2`.
    pub(crate) fn line_name(&self, at: usize) -> LineName {
        match notebook_line(&self.notebook, at) {
            Some((cell, line)) => LineName { cell: Some(cell), line },
            None => LineName { cell: None, line: self.text.line_of(at) },
        }
    }

    /// The px cells on these lines, from the first to the last. On the marker of a cell of the file, and no other line: those of
    /// that cell.
    pub(crate) fn cells_on(&self, first: u32, last: u32) -> impl Iterator<Item = &CellView> {
        let is_marked = |block: &&BlockView| first == last && block.marker == Some(first);
        let block = self.blocks.iter().find(is_marked);
        let marked = block.map_or(&[][..], |block| &self.cells[block.px_cells.clone()]);
        let is_on = move |cell: &&CellView| cell.line <= last && first <= cell.last_line;
        self.cells.iter().filter(is_on).chain(marked)
    }

    /// The cell of the file that holds one of its px cells, by that one's index.
    pub(crate) fn block_of(&self, px_cell: usize) -> Option<&BlockView> {
        // Blocks are in the order of the text.
        let number = self.blocks.partition_point(|block| block.px_cells.end <= px_cell);
        self.blocks.get(number)
    }

    /// Names the line of a px cell's magic.
    pub(crate) fn place_of(&self, cell: &CellView) -> LineName {
        match self.notebook.is_empty() {
            true => LineName { cell: None, line: cell.line },
            false => self.line_name(cell.cell.magic_range().start),
        }
    }
}

/// A px cell of a [`DocumentView`].
#[derive(Clone, Debug)]
pub(crate) struct CellView {
    pub id: CellId,
    /// The cell as it was recognised, and its place in the text.
    pub cell: Placed,
    /// The same place in the client's positions.
    pub places: Places,
    /// The magic's line, 0-based.
    pub line: u32,
    /// Its last line that is not blank, 0-based; as in `places`.
    pub last_line: u32,
    pub(super) plan: Arc<Result<Plan, Refusal>>,
    /// Its newest run, unless cleared. A `%pxresult` has none; see [`Snapshot::shown`](super::Snapshot::shown).
    pub run: Option<Arc<RunHandle>>,
    /// Whether what would be sent now differs from what that run sent.
    pub stale: bool,
}

impl CellView {
    /// What running it would do, or why it cannot run.
    pub(crate) fn plan(&self) -> Result<&Plan, &Refusal> {
        (*self.plan).as_ref()
    }
}

/// The place of a px cell in the client's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Start and end of the whole cell.
    pub range: [Position; 2],
    /// Start and end of its magic's line.
    pub magic: [Position; 2],
    /// Its last line that is not blank.
    pub last_line: u32,
}

impl Places {
    /// The same place, this many lines further down.
    pub(super) fn below(self, lines: u32) -> Self {
        let down = |position: Position| Position { line: position.line + lines, ..position };
        Self { range: self.range.map(down), magic: self.magic.map(down), last_line: self.last_line + lines }
    }
}

/// A cell of the file: a percent cell, a notebook cell, or the whole script.
#[derive(Clone, Debug)]
pub(crate) struct BlockView {
    /// Its place among all cells of the file.
    pub number: usize,
    /// The 0-based line of its marker, if it has one.
    pub marker: Option<u32>,
    /// Its px cells, as indices into those of the document.
    pub px_cells: std::ops::Range<usize>,
    /// The number of lines in it that are local code.
    pub local_lines: u32,
    /// The 0-based line because of which a plain cell counts as set-up code, if it was to run on the engines.
    pub set_up: Option<u32>,
}
