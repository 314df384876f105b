//! Px cells that left a text and may come back: what was cut is pasted elsewhere, a deletion is undone, and what was closed is
//! opened again.

use std::{
    cmp::Reverse,
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use super::{CellId, RunHandle, formatting::is_formatted, tracked::Tracked};
use crate::{cells::PxCell, run::RunId};

/// How many deleted px cells of one text are remembered.
const MOST: usize = 100;

/// The deleted px cells of one text that were run or are to run, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Cut {
    cells: VecDeque<(u64, Tracked)>,
    edits: u64,
}

impl Cut {
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Remembers px cells that one edit deleted, in their order. Of those that never ran, the ones with the same code as one that
    /// did: when they come back, each has to be the one it was.
    pub(super) fn remember(&mut self, deleted: impl IntoIterator<Item = Tracked>) {
        let deleted: Vec<Tracked> = deleted.into_iter().collect();
        let mattering = deleted.iter().filter(|cell| cell.matters());
        let codes: HashSet<Arc<str>> = mattering.map(|cell| cell.cell.code.clone()).collect();
        self.edits += 1;
        let edit = self.edits;
        let kept = deleted.into_iter().filter(|cell| codes.contains(&cell.cell.code));
        self.cells.extend(kept.map(|cell| (edit, cell)));
        let too_many = self.cells.len().saturating_sub(MOST);
        self.cells.drain(..too_many);
    }

    /// Takes the one that a new px cell is the same as, but for its formatting, which is the one that was deleted last. Of those
    /// that were deleted together the first is taken first, as they come back in their order.
    pub(super) fn take(&mut self, new: &PxCell) -> Option<Tracked> {
        let cells = self.cells.iter().enumerate();
        let alike = cells.filter(|(_, (_, old))| is_alike(&old.cell, new));
        let found = alike.map(|(at, (edit, old))| (old.cell.code == new.code, *edit, Reverse(at)));
        let (_, _, Reverse(at)) = found.max()?;
        self.cells.remove(at).map(|(_, cell)| cell)
    }

    /// Whether the px cells that left the text last are all among these, but for their formatting; not if there are none. They
    /// left it when it was closed, or before that: VS Code empties an untitled document that was saved, and then closes it.
    pub(super) fn is_among(&self, cells: &[&PxCell]) -> bool {
        let Some((last, _)) = self.cells.back() else { return false };
        let mut last = self.cells.iter().filter(|(edit, _)| edit == last);
        last.all(|(_, old)| cells.iter().any(|new| is_alike(&old.cell, new)))
    }

    /// Their ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.iter().map(|(_, cell)| cell.id)
    }

    /// Notes the newest run of a cell, if it is here.
    pub(super) fn set_run(&mut self, run: &Arc<RunHandle>) {
        if let Some((_, cell)) = self.cells.iter_mut().find(|(_, cell)| cell.id == run.cell) {
            cell.run = Some(Arc::clone(run));
        }
    }

    /// Forgets those whose runs are forgotten.
    pub(super) fn forget(&mut self, is_forgotten: impl Fn(RunId) -> bool) {
        self.cells.retain(|(_, cell)| cell.run.as_ref().is_none_or(|run| !is_forgotten(run.id)));
    }
}

/// Whether two px cells are the same but for their formatting.
fn is_alike(one: &PxCell, other: &PxCell) -> bool {
    (one.kind, &one.magic.suffix) == (other.kind, &other.magic.suffix) && is_formatted(&one.code, &other.code)
}
