//! Documents as the editor holds them: their text in a rope, their version, positions in the negotiated encoding, and
//! anchors that move with edits.
//!
//! Lines end with `\n`, `\r\n` or `\r`, as in LSP, and with nothing else. Offsets are bytes of UTF-8. Whatever a client
//! sends, nothing here panics: positions beyond a line or the document are clamped.

mod anchor;
mod document;

pub(crate) use anchor::Anchor;
pub(crate) use document::Document;

/// The unit in which a client counts columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Code units of UTF-16, which LSP uses if nothing else was negotiated.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A place in a document as LSP counts it: both numbers 0-based, the column in units of an [`Encoding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    /// 0-based line.
    pub line: u32,
    /// 0-based column.
    pub character: u32,
}

/// A stretch of a document in bytes, half open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextRange {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl TextRange {
    /// The range from `start` to `end`; empty at `start` if they are the wrong way round.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the range is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The range, moved towards the end by this many bytes.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }

    /// As a range to slice text with.
    pub fn as_range(self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// One change of a `didChange`: what replaces a range, or the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The range that is replaced; `None` for the whole text.
    pub range: Option<(Position, Position)>,
    /// The replacement.
    pub text: String,
}

/// The effect of a change, in bytes: `start..old_end` of the text before became `start..new_end` of the text after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// First byte that differs.
    pub start: usize,
    /// End of the removed text, in the text before.
    pub old_end: usize,
    /// End of the inserted text, in the text after.
    pub new_end: usize,
}
