//! What the session answers about a text that is being written. Positions are in the negotiated encoding.

use lsp_types::{Position, Range};
use pxlens_protocol::Cell;

use crate::assist::{CompletionKind, TokenKind};

/// Something that may stand where the cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text, as it is shown and as it is put in.
    pub label: String,
    /// A few words beside it.
    pub detail: String,
    /// What it means, plain; may be empty.
    pub documentation: String,
    /// What it replaces.
    pub edit: Range,
    /// What it is.
    pub kind: CompletionKind,
}

/// What an option or a magic means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is explained.
    pub range: Range,
    /// Plain lines; the first names it.
    pub lines: Vec<String>,
    /// Whether it is of a magic as a whole, so that what its px cell does belongs beside it.
    pub is_of_magic: bool,
}

/// A coloured stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it begins.
    pub start: Position,
    /// How long it is, in units of the encoding.
    pub length: u32,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it belongs to an `%autopx` region: a toggle of one, or a px cell inside.
    pub in_region: bool,
}

/// Lines that can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The line that stays, 0-based.
    pub start_line: u32,
    /// The last line that goes, 0-based.
    pub end_line: u32,
}

/// An entry of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The magic, and the beginning of what it sends.
    pub name: String,
    /// Targets and last state; may be empty.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub range: Range,
    /// Its magic's line, inside `range`.
    pub selection: Range,
    /// What is inside.
    pub children: Vec<Symbol>,
}

/// What an entry of the outline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A px cell that sends something.
    Cell,
    /// An `%autopx` region.
    Region,
    /// A line that sets or shows something.
    Line,
}

/// What to say behind a magic's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The end of the magic's line.
    pub at: Position,
    /// What differs from the plain default.
    pub plan: Option<String>,
    /// Which line decided what; empty if there is no plan.
    pub tooltip: String,
    /// The newest run in one line, as short as the plan leaves room for.
    pub result: Option<String>,
}

/// What the lenses of a document are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lenses {
    /// The px cells, in order.
    pub cells: Vec<LensCell>,
    /// The ends of `%autopx` regions.
    pub regions: Vec<RegionEnd>,
}

/// A px cell for a lens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensCell {
    /// The cell, without its code.
    pub cell: Cell,
    /// Whether its output is shown only when asked for: a run that nothing waits for, or a `%pxresult`.
    pub shows: bool,
}

/// One end of an `%autopx` region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionEnd {
    /// The toggle's line.
    pub at: Range,
    /// What is said there.
    pub title: String,
}
