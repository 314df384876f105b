//! The regions between two `%autopx`, across all texts that belong together.

use crate::cells::{CellKind, PxCell};

/// A px cell of some of the texts that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the texts, from 0.
    pub text: usize,
    /// Which of its px cells, from 0.
    pub cell: usize,
}

/// What stands between two `%autopx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The toggle that begins it.
    pub open: Place,
    /// The toggle that ends it; `None` if it goes on to the end.
    pub close: Option<Place>,
    /// The cells in it that are sent as a whole.
    pub cells: Vec<Place>,
}

/// The regions of texts in their order, given the px cells of each. Any toggle ends a region, whatever its suffix.
pub fn regions<'a>(texts: impl Iterator<Item = impl Iterator<Item = &'a PxCell>>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut is_open = false;
    for (text, cells) in texts.enumerate() {
        for (cell, px) in cells.enumerate() {
            let place = Place { text, cell };
            match (px.kind, regions.last_mut()) {
                (CellKind::Autopx, Some(region)) if is_open => {
                    region.close = Some(place);
                    is_open = false;
                }
                (CellKind::Autopx, _) => {
                    regions.push(Region { open: place, close: None, cells: Vec::new() });
                    is_open = true;
                }
                (CellKind::AutopxCell, Some(region)) if is_open => region.cells.push(place),
                _ => {}
            }
        }
    }
    regions
}
