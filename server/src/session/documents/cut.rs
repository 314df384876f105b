//! Px cells that left a text and may come back: what was cut is pasted elsewhere, a deletion is undone, and what was closed is
//! opened again.

use std::{cmp::Reverse, collections::VecDeque};

use super::{CellId, tracked::Tracked};
use crate::{cells::PxCell, run::RunId};

/// How many deleted px cells of one text are remembered.
const MOST: usize = 100;

/// The deleted px cells of one text that have run, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Cut {
    cells: VecDeque<(u64, Tracked)>,
    edits: u64,
}

impl Cut {
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Remembers px cells that one edit deleted, in their order.
    pub(super) fn remember(&mut self, deleted: impl IntoIterator<Item = Tracked>) {
        self.edits += 1;
        let edit = self.edits;
        self.cells.extend(deleted.into_iter().filter(|cell| cell.run.is_some()).map(|cell| (edit, cell)));
        let too_many = self.cells.len().saturating_sub(MOST);
        self.cells.drain(..too_many);
    }

    /// Takes the one that a new px cell is the same as, which is the one that was deleted last. Of those that were deleted
    /// together the first is taken first, as they come back in their order.
    pub(super) fn take(&mut self, new: &PxCell) -> Option<Tracked> {
        let same = |old: &PxCell| {
            (old.kind, &old.magic.suffix, &old.code) == (new.kind, &new.magic.suffix, &new.code)
        };
        let found = self.cells.iter().enumerate().filter(|(_, (_, old))| same(&old.cell));
        let (at, _) = found.max_by_key(|(at, (edit, _))| (*edit, Reverse(*at)))?;
        self.cells.remove(at).map(|(_, cell)| cell)
    }

    /// Their ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.iter().map(|(_, cell)| cell.id)
    }

    /// Forgets those whose runs are forgotten.
    pub(super) fn forget(&mut self, is_forgotten: impl Fn(RunId) -> bool) {
        self.cells.retain(|(_, cell)| cell.run.as_ref().is_some_and(|run| !is_forgotten(run.id)));
    }
}
