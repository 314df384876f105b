//! The problems of a document, and suggested changes of its px cells: fixes for problems, and rewrites.

use super::places::{byte, positions};
use crate::{
    cells::Dialect,
    lint::{self, Problem},
    rewrite,
    session::{DocumentKey, DocumentView, Snapshot},
    text::{Position, TextRange},
};

/// The problems of the document: those of its text, and targets that choose no engine of the cluster.
pub(crate) fn problems(snapshot: &Snapshot) -> Vec<Problem> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut problems = document.problems.clone();
    if snapshot.is_connected() {
        let engines = snapshot.connection.engines();
        problems.extend(document.cells.iter().filter_map(|cell| lint::dead_target(&cell.cell, engines)));
    }
    problems
}

/// Which suggestions the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Fixes for problems.
    pub fixes: bool,
    /// Other ways to write px cells.
    pub rewrites: bool,
}

/// A suggested change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suggestion {
    /// The title, in the imperative.
    pub title: String,
    pub purpose: Purpose,
    /// The edits of each text.
    pub changes: Vec<TextEdits>,
}

/// Edits of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextEdits {
    pub document: DocumentKey,
    /// The version that the positions refer to.
    pub version: i32,
    /// Ranges and their replacements; no two overlap.
    pub edits: Vec<([Position; 2], String)>,
}

/// What a [`Suggestion`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It fixes a problem.
    Fix {
        problem: Problem,
        /// Whether it is the only fix of the problem.
        only: bool,
    },
    /// It writes px cells in another way.
    Rewrite {
        /// Why it cannot be applied, if it cannot.
        disabled: Option<String>,
    },
}

/// Suggested changes of the px cells that overlap these lines. The fixes of one problem come together, the most likely
/// first.
pub(crate) fn suggestions(snapshot: &Snapshot, lines: [Position; 2], wanted: Wanted) -> Vec<Suggestion> {
    let mut all = Vec::new();
    if wanted.fixes {
        all.extend(fixes(snapshot, lines));
    }
    if wanted.rewrites && snapshot.document().is_some_and(|document| !document.cells.is_empty()) {
        all.extend(rewrites(snapshot, lines));
        all.extend(rewrites_in_notebook(snapshot, lines));
    }
    all
}

fn fixes(snapshot: &Snapshot, lines: [Position; 2]) -> Vec<Suggestion> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut suggestions = Vec::new();
    for problem in problems(snapshot) {
        let [start, end] = positions(document, snapshot, problem.range);
        if start.line > lines[1].line || end.line < lines[0].line {
            continue;
        }
        let only = problem.fixes.len() == 1;
        suggestions.extend(problem.fixes.iter().map(|fix| Suggestion {
            title: fix.title.clone(),
            purpose: Purpose::Fix { problem: problem.clone(), only },
            changes: vec![edits(document, snapshot, &fix.edits)],
        }));
    }
    suggestions
}

fn rewrites(snapshot: &Snapshot, lines: [Position; 2]) -> Vec<Suggestion> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let at = selected(document, snapshot, lines);
    let suggestion = |offer: rewrite::Rewrite| Suggestion {
        title: offer.title,
        changes: vec![edits(document, snapshot, &offer.edits)],
        purpose: Purpose::Rewrite { disabled: offer.disabled },
    };
    let text = document.text.text();
    rewrite::offers(&text, document.dialect, document.wanted, at).into_iter().map(suggestion).collect()
}

/// Rewrites at a cell of a notebook that also change other cells.
fn rewrites_in_notebook(snapshot: &Snapshot, lines: [Position; 2]) -> Vec<Suggestion> {
    let Some(here) = snapshot.texts().filter(|here| here.document().dialect == Dialect::NotebookCell) else {
        return Vec::new();
    };
    let texts: Vec<String> = here.all().iter().map(|view| view.text.text()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let at = selected(here.document(), snapshot, lines);
    let suggestion = |offer: rewrite::NotebookRewrite| {
        let of_text = |(index, changes): (usize, Vec<_>)| edits(&here.all()[index], snapshot, &changes);
        let mut offered = offer.edits;
        // The cell of the request comes first.
        offered.sort_by_key(|(index, _)| *index != here.at);
        let changes = offered.into_iter().map(of_text).collect();
        let purpose = Purpose::Rewrite { disabled: offer.disabled };
        Suggestion { title: offer.title, purpose, changes }
    };
    rewrite::offers_in_notebook(&texts, here.at, at).into_iter().map(suggestion).collect()
}

/// The selection in bytes, extended to the start of its first line.
fn selected(document: &DocumentView, snapshot: &Snapshot, [start, end]: [Position; 2]) -> TextRange {
    let from = byte(document, snapshot, Position { character: 0, ..start });
    TextRange::new(from, byte(document, snapshot, end))
}

fn edits(document: &DocumentView, snapshot: &Snapshot, edits: &[(TextRange, String)]) -> TextEdits {
    let edit = |(at, text): &(TextRange, String)| (positions(document, snapshot, *at), text.clone());
    TextEdits {
        document: document.key.clone(),
        version: document.text.version(),
        edits: edits.iter().map(edit).collect(),
    }
}
