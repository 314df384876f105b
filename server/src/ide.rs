//! Answers the requests of editors from a snapshot: lenses, hints, symbols, folds, tokens, completion, hovers, actions,
//! and what is painted beside cells.
//!
//! Pure functions. They return plain values with positions in the client's encoding; a face converts them to its own
//! types. Bodies of px cells are Python, which has its own language server, so nothing here looks into them.

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
mod run_line;
mod source;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;
mod writing;

pub(crate) use actions::{Action, Offer, RunAction, RunCells, offers};
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

/// How many bytes of a run are looked at where a line of it is shown, or its errors.
pub(crate) const SHOWN: usize = 100_000;

/// Why a result may not fit the code beside it.
pub(crate) const STALE: &str = "The code or its plan has changed since this run.";

/// The part of a document around a place in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearby<'a> {
    pub text: &'a Document,
    /// How the text is parsed.
    pub dialect: Dialect,
    /// The px cells near the place, in order; others may be left out.
    pub cells: &'a [&'a Placed],
    /// The code cell that holds the place, including its marker; `None` if it is in none, as in the Markdown of a raw
    /// notebook.
    pub block: Option<TextRange>,
}

/// What completion knows beyond the line at the cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The engines that are alive, in ascending order; empty while no cluster is known.
    pub engines: Vec<EngineId>,
    /// The suffixes of views, without duplicates and without the empty one.
    pub suffixes: Vec<String>,
    /// The aliases of px magics, and what each stands for, without duplicates.
    pub aliases: Vec<(String, String)>,
}

impl Known {
    /// Collects the suffixes in a document: `views`, which it makes or the settings name, and those of its px cells,
    /// except for the one at the cursor.
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
        Self { engines, suffixes, aliases: Vec::new() }
    }
}
