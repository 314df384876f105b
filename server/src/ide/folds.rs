//! Folding: px cells and `%autopx` regions.

use crate::{
    cells::{CellKind, RegionPlace},
    session::Snapshot,
};

/// Lines that can be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    /// The line that stays visible, 0-based.
    pub start_line: u32,
    /// The last line that is hidden, 0-based.
    pub end_line: u32,
}

/// The folding ranges of the document.
pub(crate) fn folds(snapshot: &Snapshot) -> Vec<Fold> {
    let Some(here) = snapshot.texts() else { return Vec::new() };
    let cells = &here.document().cells;
    let sends = |kind| matches!(kind, CellKind::CellMagic | CellKind::AutopxCell);
    let mut folds: Vec<Fold> = cells
        .iter()
        .filter(|view| sends(view.cell.kind))
        .map(|view| Fold { start_line: view.line, end_line: view.last_line })
        .collect();
    for region in here.regions_here() {
        let is_here = |place: &RegionPlace| place.text == here.at;
        let open = is_here(&region.open).then(|| cells.get(region.open.cell)).flatten();
        let close = region.close.filter(is_here).and_then(|close| cells.get(close.cell));
        let mut inside =
            region.cells.iter().filter(|place| is_here(place)).filter_map(|place| cells.get(place.cell));
        let last = close.or(inside.next_back()).map(|view| view.last_line);
        if let (Some(open), Some(end_line)) = (open, last) {
            folds.push(Fold { start_line: open.line, end_line });
        }
    }
    folds.retain(|fold| fold.start_line < fold.end_line);
    folds.sort_by_key(|fold| (fold.start_line, std::cmp::Reverse(fold.end_line)));
    folds
}
