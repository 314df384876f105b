//! Help while writing, for a document of a snapshot: completion, explanation, colours.

use super::{
    Known, Nearby,
    complete::{self, Completion},
    help::{self, Help},
    places::{byte, bytes, near},
    tokens::{self, TokenKind},
};
use crate::{
    cells::{CellKind, Placed},
    lint,
    session::{DocumentView, Snapshot},
    text::{Position, TextRange},
};

fn at<T>(document: &DocumentView, cursor: usize, look: impl FnOnce(Nearby<'_>) -> T) -> T {
    let line = document.text.line_range(document.text.line_of(cursor));
    let cells: Vec<&Placed> = near(document, line).iter().map(|cell| &cell.cell).collect();
    let blocks = &document.blocks;
    let block = blocks.get(blocks.partition_point(|block| block.range.end < cursor));
    look(Nearby {
        text: &document.text,
        dialect: document.dialect,
        cells: &cells,
        block: block.map(|block| block.range).filter(|range| range.start <= cursor),
    })
}

/// What may stand at a position, the likeliest first.
pub(crate) fn completions(snapshot: &Snapshot, position: Position) -> Vec<Completion> {
    let Some(here) = snapshot.texts() else { return Vec::new() };
    let document = here.document();
    // What a broken notebook holds where is not known.
    if document.unreadable.is_some() {
        return Vec::new();
    }
    let cursor = byte(document, snapshot, position);
    let mut known = Known { engines: snapshot.cluster.engines.ids(), suffixes: Vec::new() };
    for (number, text) in here.all().iter().enumerate() {
        let cells = text.cells.iter().map(|cell| &cell.cell);
        let views = text.views.iter().map(String::as_str);
        let cursor = (number == here.at).then_some(cursor);
        known.suffixes.extend(Known::of(Vec::new(), views, cells, cursor).suffixes);
    }
    known.suffixes.sort_unstable();
    known.suffixes.dedup();
    at(document, cursor, |nearby| complete::complete(nearby, cursor, &known))
}

/// What the option or the magic at a position means.
pub(super) fn explanation(snapshot: &Snapshot, position: Position) -> Option<Help> {
    let document = snapshot.document().filter(|document| document.unreadable.is_none())?;
    let cursor = byte(document, snapshot, position);
    at(document, cursor, |nearby| help::help(nearby, cursor))
}

/// A coloured stretch of one line, as the client counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacedToken {
    /// Where it begins.
    pub start: Position,
    /// How long it is, in units of the encoding.
    pub length: u32,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it belongs to an `%autopx` region: a toggle of one, or a px cell inside.
    pub in_region: bool,
}

/// The coloured parts of magics' lines, in order; those of px cells that touch `wanted`, or all.
pub(crate) fn semantic_tokens(snapshot: &Snapshot, wanted: Option<[Position; 2]>) -> Vec<PlacedToken> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let cells = match wanted {
        // The places are those of an older text.
        _ if document.unreadable.is_some() => &[],
        Some(range) => near(document, bytes(document, snapshot, range)),
        None => document.cells.as_slice(),
    };
    let mut found = Vec::new();
    for view in cells {
        let is_toggle = view.cell.kind == CellKind::Autopx && view.cell.suite.is_none();
        let in_region = is_toggle || is_in_region(document, &view.cell);
        for token in tokens::tokens(&document.text, document.dialect, &view.cell) {
            let TextRange { start, end } = token.range;
            let [start, end] = [start, end].map(|at| document.text.position(at, snapshot.encoding));
            let length = end.character.saturating_sub(start.character);
            found.push(PlacedToken { start, length, kind: token.kind, in_region });
        }
    }
    found.retain(|token| wanted.is_none_or(|[start, end]| start <= token.start && token.start <= end));
    found
}

/// Whether a px cell is inside an `%autopx` region. Its region may begin in another text, so the problem that says so is
/// looked for.
fn is_in_region(document: &DocumentView, cell: &Placed) -> bool {
    let magic = cell.magic_range();
    let problems = &document.problems;
    let from = problems.partition_point(|problem| problem.range < magic);
    problems[from..]
        .iter()
        .take_while(|problem| problem.range == magic)
        .any(|problem| *problem.rule == lint::PX_INSIDE_AUTOPX)
}
