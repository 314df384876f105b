//! Moves ranges. Those of a px cell count from the beginning of its block; to say where something is in the document, the
//! place of the block is added.

use std::sync::Arc;

use super::{LineMap, PxCell};
use crate::text::TextRange;

impl TextRange {
    /// The range, moved towards the end by this many bytes.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

impl PxCell {
    /// The cell, with every range in it moved towards the end by this many bytes.
    pub(super) fn shifted(&self, by: usize) -> Self {
        let mut cell = self.clone();
        let options = &mut cell.magic.options;
        let ranges = [&mut cell.range, &mut cell.magic_range, &mut cell.magic.name_range];
        let of_options = options.targets.iter_mut().map(|targets| &mut targets.range);
        let of_error = options.error.iter_mut().map(|error| &mut error.range);
        let of_suite = cell.suite.iter_mut().map(|suite| &mut suite.header);
        for range in ranges.into_iter().chain(of_options).chain(of_error).chain(of_suite) {
            *range = range.shifted(by);
        }
        cell.lines = Arc::new(LineMap::clone(&cell.lines).shifted(by));
        cell
    }
}
