//! Help while writing: what completes a magic's line, what its options mean, how its parts are coloured, where its region
//! ends, and what is in force at it, in words.
//!
//! Pure functions of a document snapshot. They give byte ranges and plain values; a face turns them into its own. Nothing
//! here knows a run, and nothing looks into the bodies of px cells: those are Python, and Python has its own server.

mod complete;
mod help;
mod line;
mod options;
mod plan;
mod regions;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

pub use complete::{Completion, CompletionKind, complete};
pub use help::{Help, help};
pub use plan::{Decision, excerpt, label};
pub use regions::{Place, Region, regions};
pub use tokens::{Token, TokenKind, tokens};

use crate::{
    cells::{Dialect, Placed},
    engines::EngineId,
    text::{Document, TextRange},
};

/// A document at a moment, as far as this module looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// Its text.
    pub text: &'a Document,
    /// How it is read.
    pub dialect: Dialect,
    /// The px cells near the place in question, in order; those elsewhere may be left out.
    pub cells: &'a [&'a Placed],
    /// The code cell that holds the place in question, its marker included; `None` if it is in none, as in the Markdown of
    /// a raw notebook.
    pub block: Option<TextRange>,
}

/// What is known beyond the line that is written.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The engines alive, by rising id; empty while no cluster is known.
    pub engines: Vec<EngineId>,
    /// The suffixes of views, without doubles, the empty one left out.
    pub suffixes: Vec<String>,
}

impl Known {
    /// What a document shows of views: the suffixes of `views`, which it makes or the settings name, and those that stand in
    /// its px cells, but for the one that is being written.
    pub fn of<'a>(
        engines: Vec<EngineId>,
        views: impl Iterator<Item = &'a str>,
        cells: impl Iterator<Item = &'a Placed>,
        cursor: Option<usize>,
    ) -> Self {
        let written = |cell: &&Placed| {
            let name = cell.name_range();
            !cell.magic.suffix.is_empty() && cursor.is_none_or(|at| at < name.start || name.end < at)
        };
        let mut suffixes: Vec<String> = cells.filter(written).map(|cell| cell.magic.suffix.clone()).collect();
        suffixes.extend(views.map(str::to_owned));
        suffixes.sort_unstable();
        suffixes.dedup();
        Self { engines, suffixes }
    }
}
