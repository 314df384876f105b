//! What a block holds by its text alone, whatever stands above it. All ranges count from the block's beginning, so that it
//! holds for as long as the block's own text is not touched.

use std::ops::Range;

use super::{
    CellKind, NotNotebook, NotebookCellRef, Problem,
    block::{self, BlockText, Found},
    divide::lines,
    mapped::Mapped,
    notebook,
};
use crate::text::TextRange;

/// A block that was looked through.
#[derive(Debug)]
pub(super) struct Scanned {
    source: Mapped,
    /// The lines of the source, without their ends.
    lines: Vec<Range<usize>>,
    is_script: bool,
    /// The block, its marker included and its last line end not.
    pub(super) range: TextRange,
    pub(super) place: Option<NotebookCellRef>,
    pub(super) found: Vec<Found>,
    /// The line of each magic found.
    pub(super) first_lines: Vec<u32>,
    pub(super) problems: Vec<Problem>,
    /// The lines, by index, that hold local code.
    pub(super) local: Vec<usize>,
}

impl Scanned {
    fn new(source: Mapped, is_script: bool, range: TextRange, place: Option<NotebookCellRef>) -> Self {
        let lines = lines_of(source.text());
        let block::Scan { found, problems, local } =
            block::scan(BlockText { source: &source, lines: &lines, is_script });
        let first_lines = Vec::new();
        Self { source, lines, is_script, range, place, found, first_lines, problems, local }
    }

    /// A block of a script, of which `head` bytes at the beginning are no code.
    pub(super) fn script(text: &str, head: usize) -> Self {
        let source = Mapped::plain(&text[head..], head).with_unix_line_ends();
        let mut scanned = Self::new(source, true, TextRange::new(0, without_line_end(text)), None);
        let lines_before = u32::from(head > 0);
        scanned.first_lines = scanned.found.iter().map(|found| lines_before + first_line(found)).collect();
        scanned
    }

    /// A cell of a synchronised notebook.
    pub(super) fn notebook_cell(text: &str) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        let mut scanned = Self::new(source, false, TextRange::new(0, text.len()), None);
        scanned.first_lines = scanned.found.iter().map(first_line).collect();
        scanned
    }

    /// The code cells of a notebook as its file holds it; ranges and lines are the file's.
    pub(super) fn notebook_json(text: &str) -> Result<Vec<Self>, NotNotebook> {
        let mut ends = lines(text).scan(0, |at, line| {
            *at += line.len();
            Some(*at)
        });
        let mut end = ends.next().unwrap_or_default();
        let mut line = 0;
        let mut line_at = |byte: usize| {
            while end <= byte {
                let Some(next) = ends.next() else { break };
                (end, line) = (next, line + 1);
            }
            line
        };
        let cells = notebook::code_cells(text)?.into_iter().map(|cell| {
            let place = NotebookCellRef { index: cell.index, id: cell.id };
            let mut scanned = Self::new(cell.source, false, cell.range, Some(place));
            scanned.first_lines = scanned.found.iter().map(|found| line_at(found.range.start)).collect();
            scanned
        });
        Ok(cells.collect())
    }

    /// The lines that decide what is in force below: their number among those found, and their line.
    pub(super) fn deciders(&self) -> impl Iterator<Item = (u32, u32)> {
        let found = (0u32..).zip(&self.found).zip(&self.first_lines);
        found.filter(|((_, found), _)| found.kind == CellKind::Config).map(|((nth, _), line)| (nth, *line))
    }

    /// Its text, by lines.
    pub(super) fn text(&self) -> BlockText<'_> {
        BlockText { source: &self.source, lines: &self.lines, is_script: self.is_script }
    }
}

fn first_line(found: &Found) -> u32 {
    u32::try_from(found.lines.start).unwrap_or(u32::MAX)
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
