//! Completion, explanations and semantic tokens for the document of a snapshot.

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
    let ranges = &document.ranges;
    let block = ranges.get(ranges.partition_point(|range| range.end < cursor)).copied();
    look(Nearby {
        text: &document.text,
        dialect: document.dialect,
        cells: &cells,
        block: block.filter(|range| range.start <= cursor),
    })
}

/// The completions at a position, the most likely first.
pub(crate) fn completions(snapshot: &Snapshot, position: Position) -> Vec<Completion> {
    let Some(here) = snapshot.texts() else { return Vec::new() };
    let document = here.document();
    // The places in a notebook that cannot be parsed are not known.
    if document.unreadable.is_some() {
        return Vec::new();
    }
    let cursor = byte(document, snapshot, position);
    let mut known = Known { engines: snapshot.connection.engines().ids(), ..Known::default() };
    for (number, text) in here.all().iter().enumerate() {
        let cells = text.cells.iter().map(|cell| &cell.cell);
        let views = text.views.iter().map(String::as_str);
        let cursor = (number == here.at).then_some(cursor);
        known.suffixes.extend(Known::of(Vec::new(), views, cells, cursor).suffixes);
    }
    known.suffixes.sort_unstable();
    known.suffixes.dedup();
    known.aliases = here.all().iter().flat_map(|text| text.aliases.iter().cloned()).collect();
    known.aliases.sort_unstable();
    known.aliases.dedup();
    at(document, cursor, |nearby| complete::complete(nearby, cursor, &known))
}

/// Explains the option or the magic at a position.
pub(super) fn explanation(snapshot: &Snapshot, position: Position) -> Option<Help> {
    let document = snapshot.document().filter(|document| document.unreadable.is_none())?;
    let cursor = byte(document, snapshot, position);
    at(document, cursor, |nearby| help::help(nearby, cursor))
}

/// A token in the client's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacedToken {
    pub start: Position,
    /// Its length in units of the encoding.
    pub length: u32,
    pub kind: TokenKind,
    /// Whether it belongs to an `%autopx` region: to one of its toggles, or to a px cell inside.
    pub in_region: bool,
}

/// The tokens of magics' lines, in order; those in `wanted`, or all.
pub(crate) fn semantic_tokens(snapshot: &Snapshot, wanted: Option<[Position; 2]>) -> Vec<PlacedToken> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let cells = match wanted {
        // The places of the px cells are those of an older text.
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

/// Whether a px cell is inside an `%autopx` region. The region may begin in another text, so this looks for the problem
/// that reports it.
fn is_in_region(document: &DocumentView, cell: &Placed) -> bool {
    let magic = cell.magic_range();
    let problems = &document.problems;
    let from = problems.partition_point(|problem| problem.range < magic);
    problems[from..]
        .iter()
        .take_while(|problem| problem.range == magic)
        .any(|problem| *problem.rule == lint::PX_INSIDE_AUTOPX)
}
