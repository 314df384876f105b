//! What is wrong in a document, and what could be changed about its px cells: fixes of problems, other ways to write them.

use super::places::{byte, positions};
use crate::{
    cells::Dialect,
    lint::{self, Problem},
    rewrite,
    session::{DocumentKey, DocumentView, Snapshot},
    text::{Position, TextRange},
};

/// What is wrong in the document: what stands in it, and targets that choose no engine of the cluster.
pub(crate) fn problems(snapshot: &Snapshot) -> Vec<Problem> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut problems = document.problems.clone();
    if snapshot.is_connected() {
        let engines = &snapshot.cluster.engines;
        problems.extend(document.cells.iter().filter_map(|cell| lint::dead_target(&cell.cell, engines)));
    }
    problems
}

/// Which suggestions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What mends problems.
    pub fixes: bool,
    /// What writes px cells in another way.
    pub rewrites: bool,
}

/// A change that somebody may want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suggestion {
    /// What it does, as an order.
    pub title: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What replaces what, text by text.
    pub changes: Vec<TextEdits>,
}

/// Changes of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextEdits {
    /// Which.
    pub document: DocumentKey,
    /// The version that the places are of.
    pub version: i32,
    /// What replaces what; none touches another.
    pub edits: Vec<([Position; 2], String)>,
}

/// What a [`Suggestion`] is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It mends a problem.
    Fix {
        /// The problem.
        problem: Problem,
        /// Whether it is the only fix.
        only: bool,
    },
    /// It writes px cells in another way, unless there is a reason why it cannot.
    Rewrite {
        /// The reason.
        disabled: Option<String>,
    },
}

/// What could be changed about the px cells that these lines touch. Fixes of one problem stand side by side, the likeliest
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

/// The same for one of the cells of a notebook, where the change reaches over others.
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
        // The cell that was asked about comes first.
        offered.sort_by_key(|(index, _)| *index != here.at);
        let changes = offered.into_iter().map(of_text).collect();
        let purpose = Purpose::Rewrite { disabled: offer.disabled };
        Suggestion { title: offer.title, purpose, changes }
    };
    rewrite::offers_in_notebook(&texts, here.at, at).into_iter().map(suggestion).collect()
}

/// The selection in bytes, from the beginning of its first line on.
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
