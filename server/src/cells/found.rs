//! A block of lines, and the px magics that are found in it, before it is known what is in force there.

use std::ops::Range;

use super::{
    CellKind, Magic, MagicKind, Spelling,
    escapes::{Escape, Hidden},
    mapped::Mapped,
    python,
    statements::Expr,
};
use crate::text::TextRange;

/// A block of lines of a source.
#[derive(Clone, Copy)]
pub(crate) struct BlockText<'a> {
    pub(crate) source: &'a Mapped,
    /// The lines of it that are code, in bytes of the source and without their line ends.
    pub(crate) lines: &'a [Range<usize>],
    /// Whether it is a script's: blank lines at the end do not count.
    pub(crate) is_script: bool,
    /// Its lines that are hidden in comments, and count.
    pub(crate) hidden: &'a [Hidden],
    /// The line that begins a cell in its script, where one does.
    pub(crate) border: Option<&'static str>,
}

/// A px magic as found, before it is known what is in force there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kind: CellKind,
    pub(crate) magic: Magic,
    /// The lines of the block it takes.
    pub(crate) lines: Range<usize>,
    pub(crate) range: TextRange,
    pub(crate) magic_range: TextRange,
    pub(crate) code: Mapped,
    /// What its options were read from, and what takes them; `None` for a magic that takes none.
    pub(crate) options_text: Option<(Mapped, MagicKind)>,
    /// On its first line, where its percent sign or its call stands.
    pub(crate) column: usize,
    pub(crate) escape: Option<Escape>,
    pub(crate) spelling: Spelling,
    /// Of a `sync_imports` block its view, and how many lines of local code are no longer local.
    pub(super) imports: Option<(Expr, usize)>,
}

impl Found {
    /// Whether it is written as a call of a function.
    pub(crate) fn is_call(&self) -> bool {
        matches!(self.spelling, Spelling::Call { .. })
    }
}

impl<'a> BlockText<'a> {
    /// A line without its line end.
    pub(crate) fn line(&self, index: usize) -> &'a str {
        &self.source.text()[self.lines[index].clone()]
    }

    /// How a line is hidden in a comment, if it is and counts.
    pub(crate) fn hidden(&self, index: usize) -> Option<&'a Hidden> {
        let at = self.hidden.binary_search_by_key(&index, |hidden| hidden.line).ok()?;
        self.hidden.get(at)
    }

    /// The first line from this one on that is not blank.
    pub(crate) fn first_filled(&self, from: usize) -> Option<usize> {
        (from..self.lines.len()).find(|index| !self.line(*index).trim().is_empty())
    }

    /// A line from its first character to its last that is not blank, in bytes of the document.
    pub(crate) fn filled(&self, index: usize) -> TextRange {
        let (line, start) = (self.line(index), self.lines[index].start);
        let end = line.trim_end().len();
        self.source.range(start + python::indent(line).min(end)..start + end)
    }
}

/// A magic with two percent signs where IPython takes it for a line magic, or that is one.
#[derive(Debug)]
pub(crate) struct Stray {
    /// The lines of the block it takes.
    pub(crate) lines: Range<usize>,
    /// Where its first percent sign stands on the first of them.
    pub(crate) column: usize,
    pub(crate) escape: Option<Escape>,
    /// Without its percent signs.
    pub(crate) name: String,
    /// Whether one percent sign would be right.
    pub(crate) is_line_magic: bool,
}
