//! What only the lines above a block show about it, as facts that the rules of `lint` judge.
//!
//! What its own text shows is in [`Scanned`].

use std::sync::Arc;

use super::{scan::Scanned, views::UnreadTargets};
use crate::text::TextRange;

/// What was noticed in a block; ranges count from the block's beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// In the order in which they were noticed.
    pub(crate) all: Vec<Finding>,
    /// Whether an `%autopx` region reaches into it, begins or ends in it.
    pub(crate) meets_region: bool,
}

/// A fact that a rule may be about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Finding {
    /// A statement does not do to a view what it looks like, and why.
    NoEffect { range: TextRange, why: &'static str },
    /// A px magic, by its place among those of the block, stands inside the `%autopx` region of a view.
    InsideRegion { magic: usize, suffix: String },
    /// An `%autopx`, by its place among the magics of the block, begins a region of which nobody here knows where it ends.
    /// `is_perhaps`: since a toggle above may have run or not.
    UnsureRegion { magic: usize, is_perhaps: bool },
    /// A `sync_imports` block, by its place among the magics of the block, has imports that do not do on the engines what they
    /// do here. Whether a `%px` there runs on the same engines.
    UnlikeImports { magic: usize, is_of_px: bool },
    /// A magic goes by a view that nothing makes.
    UnknownView { name: TextRange, why: String },
    /// A magic goes by a view of another cluster than the one that the document is run on.
    OtherCluster { name: TextRange, why: String, of_imports: bool },
    /// A statement makes a client or a cluster of which nobody can tell which cluster it means.
    UnreadCluster { range: TextRange },
    /// A magic goes by a view whose targets cannot be read.
    UnreadView { name: TextRange, error: UnreadTargets, of_imports: bool },
}

/// A block with all that is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockFacts<'a> {
    /// What its ranges count from, in bytes of the document.
    pub(crate) base: usize,
    /// What its text shows. As long as it is the very same, so is the text.
    pub(crate) scanned: &'a Arc<Scanned>,
    /// What the lines above it show. As long as they are the very same, nothing about them changed.
    pub(crate) findings: &'a Arc<Findings>,
}

/// An `%autopx` region that is open at the end of all texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRegion<'a> {
    /// What the ranges of its block count from, in bytes of the document.
    pub(crate) base: usize,
    /// The block of its toggle.
    pub(crate) scanned: &'a Scanned,
    /// The toggle, by its place among the magics of the block.
    pub(crate) toggle: usize,
    /// Its view's suffix.
    pub(crate) suffix: &'a str,
    /// The document's last byte that holds something.
    pub(crate) end: usize,
}
