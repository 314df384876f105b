//! Scripts, cells and notebooks, as they are opened and while they are edited.

use std::fmt::Write;
use std::sync::Arc;

use super::{SEPARATOR, check_range};
use crate::{
    cells::{Cells, Dialect, End, Index, PxCell, ViewState, Wanted},
    lint::{Lints, Problem},
    rewrite,
    text::{Change, Document, Encoding, TextRange},
};

/// The input: a script, then its edits, each behind a [`SEPARATOR`]: the byte where it begins, in two bytes, how many bytes it
/// replaces, in one, and the new text.
///
/// As a script and as a notebook's cell, its px cells lie in the text, and after each edit they are those that reading the text from
/// scratch gives.
pub fn scripts(data: &[u8]) {
    for dialect in [Dialect::Script, Dialect::NotebookCell] {
        let document = edited(data, dialect);
        let text = document.text();
        if text.len() < 2000 {
            check_rewrites(&text, dialect);
        }
    }
}

/// The input: a notebook's file, and its edits as those of [`scripts`].
pub fn notebooks(data: &[u8]) {
    edited(data, Dialect::NotebookJson);
}

fn edited(data: &[u8], dialect: Dialect) -> Document {
    let mut parts = data.split(|byte| *byte == SEPARATOR);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let mut document = Document::new(&text, 0);
    let mut index = Index::new(document.rope(), dialect, 0, Arc::default());
    let mut lints = Lints::default();
    check(&document, &index, &mut lints);
    for edit in parts.take(6) {
        let Some((&[high, low, length], new)) = edit.split_first_chunk() else { continue };
        let text = document.text();
        let border = |at: usize| text.floor_char_boundary(at.min(text.len()));
        let start = usize::from(u16::from_be_bytes([high, low])) % (text.len() + 1);
        let place = |at| document.position(border(at), Encoding::Utf16);
        let range = Some((place(start), place(start + usize::from(length))));
        let change = Change { range, text: String::from_utf8_lossy(new).into_owned() };
        let edits = document.apply(&[change], 0, Encoding::Utf16);
        index.edit(document.rope(), &edits);
        check(&document, &index, &mut lints);
    }
    document
}

/// Checks what an index holds, and that a fresh one holds the same.
fn check(document: &Document, index: &Index, lints: &mut Lints) {
    let text = document.text();
    let problems = lints.problems(index, &index.end());
    let fresh = Index::new(document.rope(), index.dialect(), 0, Arc::default());
    assert_eq!(index.error(), fresh.error());
    if index.error().is_some() {
        // Of a notebook that cannot be read, what it held before is kept, with places that may be beyond its end.
        for range in index.ranges() {
            document.position(range.end, Encoding::Utf16);
        }
        assert_eq!(problems, []);
        return;
    }
    let cells = index.cells(document.rope());
    check_ranges(&text, &cells, &problems);
    let again = Lints::default().problems(&fresh, &fresh.end());
    let expected = shown(&fresh, &fresh.cells(document.rope()), &again);
    assert_eq!(shown(index, &cells, &problems), expected, "{text:?}");
}

/// All that is known of a document, with the places of lines that decide instead of what names them.
fn shown(index: &Index, cells: &Cells, problems: &[Problem]) -> String {
    let mut shown = String::new();
    for placed in &cells.cells {
        let by: Vec<_> = placed.view.decided_by.iter().map(|by| (cells.decider(by), &by.sets)).collect();
        let mut view = placed.view.clone();
        view.decided_by.clear();
        let mut bare = PxCell::clone(placed);
        bare.view = ViewState::default();
        let _ = writeln!(shown, "{:?} {bare:?} {by:?} {view:?}", placed.range());
    }
    let blocks = index.blocks().map(|block| (block.base, block.line, block.is_marked, block.set_up));
    let blocks: Vec<_> = blocks.zip(&cells.blocks).collect();
    let End { has_px, .. } = index.end();
    let _ = write!(shown, "{blocks:?}\n{has_px} {:?} {:?}\n{problems:?}", cells.format, cells.border);
    shown
}

/// Checks that every range lies in the text, and that blocks and px cells agree.
fn check_ranges(text: &str, cells: &Cells, problems: &[Problem]) {
    for problem in problems {
        check_range(text, problem.range);
        for (range, _) in problem.fixes.iter().flat_map(|fix| &fix.edits) {
            check_range(text, *range);
        }
    }
    for (ordinal, cell) in (0..).zip(&cells.cells) {
        assert_eq!(cell.ordinal, ordinal);
        let (range, magic) = (cell.range(), cell.magic_range());
        assert!(range.start <= magic.start && magic.end <= range.end, "{magic:?} of {range:?}");
        [range, magic, cell.name_range()].into_iter().for_each(|range| check_range(text, range));
        let targets = cell.magic.options.targets.iter().map(|targets| cell.place(targets.range));
        targets.for_each(|range| check_range(text, range));
        for (line, code) in (0..).zip(cell.code.split('\n')) {
            let Some(range) = cell.code_range(line) else { break };
            check_range(text, range);
            for (column, _) in code.char_indices().take(50) {
                let at = cell.code_offset(line, column).expect("the line is there");
                assert!((range.start..=range.end).contains(&at) && text.is_char_boundary(at));
            }
        }
    }
    let mut next = 0;
    for block in &cells.blocks {
        check_range(text, block.range);
        assert_eq!(block.px_cells.start, next);
        next = block.px_cells.end;
    }
    assert_eq!(next as usize, cells.cells.len());
}

/// Checks that a rewrite of all of a text is edits that can be made, in order.
fn check_rewrites(text: &str, dialect: Dialect) {
    for offer in rewrite::offers(text, dialect, Wanted::default(), TextRange::new(0, text.len())) {
        assert!(offer.edits.is_empty() == offer.disabled.is_some(), "{offer:?}");
        let mut end = 0;
        for (range, _) in offer.edits {
            check_range(text, range);
            assert!(end <= range.start, "{range:?} begins before {end}");
            end = range.end;
        }
    }
}
