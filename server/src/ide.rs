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

pub(crate) use action::{Action, Offer, RunAction, RunCells};
pub(crate) use actions::offers;
pub(crate) use complete::{Completion, CompletionKind};
pub(crate) use errors::{EngineError, errors};
#[cfg(test)]
pub(crate) use errors::{ErrorVariant, Related};
pub(crate) use folds::{Fold, folds};
pub(crate) use hints::{Hint, hints};
pub(crate) use hover::{CardFacts, HoverForm, hover};
pub(crate) use lenses::{Lens, lenses};
pub(crate) use outlook::{Outlook, Outlooks};
pub(crate) use outputs::{CellOutput, note, outputs, weight_of_outputs};
pub(crate) use places::{code_place, positions};
pub(crate) use problems::{Purpose, Suggestion, TextEdits, Wanted, problems, suggestions};
pub(crate) use results::{Shown, newest, shown_at};
pub(crate) use symbols::{Symbol, SymbolKind, symbols};
pub(crate) use tokens::TokenKind;
pub(crate) use writing::{PlacedToken, completions, semantic_tokens};

use crate::{
    cells::{Dialect, Placed},
    engines::EngineId,
    text::{Document, TextRange},
};

/// A document at a moment, as far as this module looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearby<'a> {
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
pub(crate) struct Known {
    /// The engines alive, by rising id; empty while no cluster is known.
    pub engines: Vec<EngineId>,
    /// The suffixes of views, without doubles, the empty one left out.
    pub suffixes: Vec<String>,
}

impl Known {
    /// What a document shows of views: the suffixes of `views`, which it makes or the settings name, and those that stand in
    /// its px cells, but for the one that is being written.
    pub(crate) fn of<'a>(
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
