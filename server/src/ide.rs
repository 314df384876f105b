//! What editors ask of a document, answered from a snapshot: lenses, hints, symbols, folds, tokens, completion, hovers, actions, and
//! what is painted beside cells.
//!
//! Pure functions. They give places as the client counts and plain values; a face turns them into its own types. Bodies of px
//! cells are Python, and Python has its own server: nothing here looks into them.

mod action;
mod actions;
mod complete;
mod errors;
mod folds;
mod help;
mod hints;
mod hover;
mod lenses;
mod line;
mod outlook;
mod outputs;
mod places;
mod plan;
mod problems;
mod results;
mod source;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;
mod writing;

pub use action::{Action, Offer, RunAction, RunCells};
pub use actions::offers;
pub use complete::{Completion, CompletionKind};
pub use errors::{EngineError, ErrorVariant, Related, errors};
pub use folds::{Fold, folds};
pub use hints::{Hint, hints};
pub use hover::{CardFacts, Hover, HoverForm, hover};
pub use lenses::{Lens, lenses};
pub use outlook::{Outlook, Outlooks, PlannedRun};
pub use outputs::{CellOutput, note, outputs};
pub use places::{code_place, positions};
pub use problems::{Purpose, Suggestion, TextEdits, Wanted, problems, suggestions};
pub use results::{Shown, newest, shown_at};
pub use symbols::{Symbol, SymbolKind, symbols};
pub use tokens::TokenKind;
pub use writing::{PlacedToken, completions, semantic_tokens};

use crate::{
    cells::{Dialect, Placed},
    engines::EngineId,
    text::{Document, TextRange},
};

/// A document at a moment, as far as this module looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Nearby<'a> {
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
