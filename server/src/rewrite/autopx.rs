//! Turns `%autopx` regions into `%%px` cells.

use super::{Rewrite, Source};
use crate::{
    cells::{CellKind, Placed, Spelling},
    text::TextRange,
};

/// Offered at a toggle and inside its region. A script without cell markers can only change all regions at once, since the
/// first marker changes what the others send.
pub(super) fn offer(source: &Source<'_>, at: TextRange) -> Option<Rewrite> {
    let regions = regions(&source.cells.cells);
    let is_here = |region: &&Region<'_>| region.range.start <= at.end && at.start <= region.range.end;
    let region = regions.iter().find(is_here)?;
    if region.cells.is_empty() {
        return None;
    }
    let one = edits(source, region);
    if one.is_empty() {
        return None;
    }
    if source.keeps(&one, true) {
        return Some(Rewrite::new("Turn this %autopx region into %%px cells", one));
    }
    let all: Vec<_> = regions.iter().flat_map(|region| edits(source, region)).collect();
    source.keeps(&all, true).then(|| Rewrite::new("Turn all %autopx regions into %%px cells", all))
}

/// The toggles of a region and the cells between them.
struct Region<'a> {
    toggles: Vec<&'a Placed>,
    cells: Vec<&'a Placed>,
    range: TextRange,
}

fn regions(cells: &[Placed]) -> Vec<Region<'_>> {
    let mut regions: Vec<Region<'_>> = Vec::new();
    let mut is_open = false;
    // A toggle that may not be run begins and ends nothing.
    for cell in cells.iter().filter(|cell| cell.suite.is_none()) {
        match regions.last_mut().filter(|_| is_open) {
            Some(region) => {
                region.range.end = cell.range().end;
                match cell.kind {
                    CellKind::Autopx => region.toggles.push(cell),
                    CellKind::AutopxCell => region.cells.push(cell),
                    _ => {}
                }
            }
            None if cell.kind == CellKind::Autopx => {
                regions.push(Region { toggles: vec![cell], cells: Vec::new(), range: cell.range() });
            }
            None => {}
        }
        is_open ^= cell.kind == CellKind::Autopx;
    }
    regions
}

fn edits(source: &Source<'_>, region: &Region<'_>) -> Vec<(TextRange, String)> {
    let is_plain = |cell: &&Placed| cell.spelling == Spelling::Plain;
    if !region.toggles.iter().all(is_plain) {
        return Vec::new();
    }
    let mut edits: Vec<(TextRange, String)> =
        region.toggles.iter().map(|toggle| (toggle_range(source, toggle), String::new())).collect();
    for cell in &region.cells {
        let line = source.line_at(cell.range().start);
        let magic = format!("%%px{}\n", cell.magic.suffix);
        let is_alone = is_alone(source, cell);
        let Some(border) = source.cells.border else { return Vec::new() };
        let above = if is_alone { magic } else { format!("{border}\n{magic}") };
        edits.push((TextRange::new(line.start, line.start), source.with_line_ends(&above)));
        if !is_alone {
            let end = source.line_at(cell.range().end).end;
            if source.is_filled(end, source.text.len()) {
                edits.push((TextRange::new(end, end), source.with_line_ends(&format!("\n{border}"))));
            }
        }
    }
    edits.sort_by_key(|(range, _)| *range);
    edits
}

/// The line of a toggle; its whole cell, if the cell holds nothing else.
fn toggle_range(source: &Source<'_>, toggle: &Placed) -> TextRange {
    let line = source.line_at(toggle.range().start);
    let end = source.next_line(source.line_at(toggle.range().end).end);
    let block = source.cells.blocks.iter().find(|block| block.px_cells.contains(&toggle.ordinal));
    let whole = block.filter(|block| {
        let marker = source.line_at(block.range.start);
        is_marked(source, marker)
            && !source.is_filled(marker.end, line.start)
            && !source.is_filled(end, block.range.end)
    });
    match whole {
        Some(block) => TextRange::new(block.range.start, source.next_line(block.range.end).max(end)),
        None => TextRange::new(line.start, end),
    }
}

/// Whether a cell of a region is the only one in a block that begins with a marker.
fn is_alone(source: &Source<'_>, cell: &Placed) -> bool {
    let block = source.cells.blocks.iter().find(|block| block.px_cells.contains(&cell.ordinal));
    block.is_some_and(|block| {
        block.px_cells.len() == 1 && is_marked(source, source.line_at(block.range.start))
    })
}

fn is_marked(source: &Source<'_>, line: TextRange) -> bool {
    crate::cells::is_marker(source.slice(line))
}
