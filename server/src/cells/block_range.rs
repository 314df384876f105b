//! Where something is in a block.

use crate::text::TextRange;

/// A range in bytes from the beginning of a block, which only its place in the document ([`super::Placed`]) makes a range of
/// the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockRange(TextRange);

impl BlockRange {
    /// For what reads the block alone.
    pub(crate) fn in_block(self) -> TextRange {
        self.0
    }

    /// In bytes of the document, in which the block begins at byte `base`.
    pub(crate) fn at(self, base: usize) -> TextRange {
        self.0.shifted(base)
    }
}

impl From<TextRange> for BlockRange {
    fn from(in_block: TextRange) -> Self {
        Self(in_block)
    }
}
