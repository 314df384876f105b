//! The regions between two `%autopx`, across all texts that belong together.

use super::{CellKind, PxCell};

/// A px cell of some of the texts that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegionPlace {
    /// Which of the texts, from 0.
    pub text: usize,
    /// Which of its px cells, from 0.
    pub cell: usize,
}

/// What stands between two `%autopx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    /// The toggle that begins it.
    pub open: RegionPlace,
    /// The toggle that ends it; `None` if it goes on to the end.
    pub close: Option<RegionPlace>,
    /// The cells in it that are sent as a whole.
    pub cells: Vec<RegionPlace>,
}

/// The regions of texts in their order, given the px cells of each. A toggle that does not end the region it
/// is in is none of them.
pub(crate) fn regions<'a>(texts: impl Iterator<Item = impl Iterator<Item = &'a PxCell>>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut is_open = false;
    for (text, cells) in texts.enumerate() {
        for (cell, px) in cells.enumerate() {
            let place = RegionPlace { text, cell };
            // What may not be run begins and ends nothing.
            if px.suite.is_some() {
                continue;
            }
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

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::cells::recognize_cells;

    #[test]
    fn a_region_reaches_over_cells_to_the_next_toggle() {
        let found = recognize_cells(&["%autopx", "x = 1", "%px 1", "%autopx", "y = 1", "%autopx", "z"]);
        let shown: Vec<String> = regions(found.iter().map(|cells| cells.cells.iter().map(|cell| &**cell)))
            .into_iter()
            .map(|region| format!("{:?} to {:?}: {:?}\n", region.open, region.close, region.cells))
            .collect();
        expect![[r#"
            { text: 0, cell: 0 } to Some({ text: 3, cell: 0 }): [{ text: 1, cell: 0 }]
            { text: 5, cell: 0 } to None: [{ text: 6, cell: 0 }]
        "#]]
        .assert_eq(&shown.concat().replace("RegionPlace ", ""));
    }
}
