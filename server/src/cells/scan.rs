//! What a block holds by its text alone, whatever stands above it. All ranges count from the block's beginning, so that it
//! holds for as long as the block's own text is not touched.

use std::ops::Range;

use super::{
    CellKind, NotNotebook, NotebookCellRef, NotebookLines, block,
    found::{BlockText, Found, Stray},
    mapped::Mapped,
    notebook,
    statements::{Act, Expr, Statement},
};
use crate::text::TextRange;

/// A block that was looked through.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// With its marker.
    source: Mapped,
    /// The lines of the source that are code, without their ends.
    lines: Vec<Range<usize>>,
    is_script: bool,
    /// The block, its marker included and its last line end not.
    pub(crate) range: TextRange,
    pub(crate) place: Option<NotebookCellRef>,
    pub(crate) found: Vec<Found>,
    pub(crate) strays: Vec<Stray>,
    /// The lines, by index, that hold local code.
    pub(crate) local: Vec<usize>,
    /// Those of them that are a whole statement each.
    pub(crate) one_line: Vec<usize>,
    /// What local code says about views, in order.
    pub(super) statements: Vec<Statement>,
}

impl Scanned {
    /// The first `head` lines are no code.
    fn new(
        source: Mapped,
        head: usize,
        is_script: bool,
        range: TextRange,
        place: Option<NotebookCellRef>,
    ) -> Self {
        let mut lines = lines_of(source.text());
        lines.drain(..head);
        let block::Scan { found, strays, local, one_line, statements } =
            block::scan(BlockText { source: &source, lines: &lines, is_script });
        Self { source, lines, is_script, range, place, found, strays, local, one_line, statements }
    }

    /// A block of a script, of which `head` bytes at the beginning are no code.
    pub(crate) fn script(text: &str, head: usize) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        Self::new(source, usize::from(head > 0), true, TextRange::new(0, without_line_end(text)), None)
    }

    /// A cell of a synchronised notebook.
    pub(crate) fn notebook_cell(text: &str) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        Self::new(source, 0, false, TextRange::new(0, text.len()), None)
    }

    /// The code cells of a notebook as its file holds it; ranges are the file's.
    pub(crate) fn notebook_json(text: &str) -> Result<Vec<Self>, NotNotebook> {
        let cells = notebook::code_cells(text)?.into_iter().map(|cell| {
            let place = NotebookCellRef { index: cell.index, id: cell.id };
            Self::new(cell.source, 0, false, cell.range, Some(place))
        });
        Ok(cells.collect())
    }

    /// The lines that may decide what is in force: their number, that of statements counting on from the magics, and where
    /// they stand.
    pub(crate) fn deciders(&self) -> impl Iterator<Item = (u32, TextRange)> {
        let range = |found: &Found| match found.kind {
            CellKind::Config => found.magic.name_range,
            _ => found.magic_range,
        };
        let found = (0..).zip(&self.found);
        let found = found.filter(|(_, found)| matches!(found.kind, CellKind::Config | CellKind::SyncImports));
        let statements = (0..).zip(&self.statements).filter(|(_, statement)| may_decide(&statement.act));
        found
            .map(move |(nth, found)| (nth, range(found)))
            .chain(statements.map(|(at, statement)| (self.number_of(at), statement.range)))
    }

    /// The number of a statement. Those that one line of code was made into share one.
    pub(crate) fn number_of(&self, statement: usize) -> u32 {
        let range = self.statements[statement].range;
        let first =
            self.statements[..statement].iter().rev().take_while(|other| other.range == range).count();
        u32::try_from(self.found.len() + statement - first).unwrap_or(u32::MAX)
    }

    /// Where its lines stand, if it is a cell of a raw notebook that begins at `base`.
    pub(crate) fn notebook_lines(&self, base: usize) -> Option<NotebookLines> {
        let start = |line: &Range<usize>| base + self.source.range(line.start..line.start).start;
        let starts = self.lines.iter().map(start).collect();
        Some(NotebookLines { cell: self.place.as_ref()?.index, range: self.range.shifted(base), starts })
    }

    /// Its text, by lines.
    pub(crate) fn text(&self) -> BlockText<'_> {
        BlockText { source: &self.source, lines: &self.lines, is_script: self.is_script }
    }
}

/// Whether something of a view can come from what a statement does; most assignments make none.
fn may_decide(act: &Act) -> bool {
    match act {
        Act::Bind { value, .. } => matches!(value, Expr::Subscript(_) | Expr::Call(_)),
        Act::Forget(_) | Act::Unset(_) => false,
        Act::Evaluate(_)
        | Act::SetBlock { .. }
        | Act::SetTargets { .. }
        | Act::BeginFlags { .. }
        | Act::EndFlags { .. } => true,
    }
}

fn without_line_end(text: &str) -> usize {
    // `\n`, `\r\n` and `\r` are one end each; `\n\r` is two.
    let rest = text.strip_suffix('\n').unwrap_or(text);
    rest.strip_suffix('\r').unwrap_or(rest).len()
}

/// The lines of a text with `\n` line ends, without them.
fn lines_of(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            start..start + line.strip_suffix('\n').unwrap_or(line).len()
        })
        .collect()
}
