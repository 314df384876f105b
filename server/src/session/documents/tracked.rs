//! A px cell that is followed through edits.

use std::sync::Arc;

use super::{CellId, RunHandle};
use crate::{
    cells::{BlockRef, Placed, PxCell},
    plan::{Fingerprint, Overrides, Plan, Refusal, plan},
    session::{CellView, Places},
    text::{Anchor, Edit},
};

/// A px cell that is followed through edits.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) id: CellId,
    pub(super) cell: Arc<PxCell>,
    /// Start and end of its magic, in bytes; they move with edits. `None` if it was deleted.
    pub(super) anchors: Option<(usize, usize)>,
    pub(super) run: Option<Arc<RunHandle>>,
    /// Shared with what is handed out after each edit.
    pub(super) plan: Arc<Result<Plan, Refusal>>,
    pub(super) fingerprint: Option<Fingerprint>,
    /// Its place, with lines counted from the first line of its block.
    pub(super) places: Places,
}

impl Tracked {
    /// Moves the anchors with the text.
    pub(super) fn moved(&mut self, edits: &[Edit]) {
        self.anchors = self.anchors.and_then(|anchors| edits.iter().try_fold(anchors, moved));
    }

    /// Plans the cell again with what is in force now; returns whether the plan changed.
    pub(super) fn replan(&mut self, cell: &Arc<PxCell>) -> bool {
        self.cell = Arc::clone(cell);
        let plan = plan(cell, &Overrides::default());
        if *self.plan == plan {
            return false;
        }
        self.fingerprint = plan.as_ref().ok().map(Plan::fingerprint);
        self.plan = Arc::new(plan);
        true
    }

    /// Its view, in a block whose first px cell has the number `first`.
    pub(super) fn view(&self, block: BlockRef<'_>, first: u32) -> CellView {
        let places = self.places.below(block.line);
        CellView {
            id: self.id,
            line: places.magic[0].line,
            last_line: places.last_line,
            places,
            cell: Placed::new(Arc::clone(&self.cell), block.base).numbered(first + self.cell.ordinal),
            plan: self.plan.clone(),
            run: self.run.clone(),
            stale: self.run.as_ref().is_some_and(|run| self.fingerprint != Some(run.fingerprint)),
        }
    }
}

/// The range of a magic after an edit; `None` if it was deleted, that is if one end is gone or both are in the same
/// place.
fn moved((start, end): (usize, usize), edit: &Edit) -> Option<(usize, usize)> {
    let start = Anchor::new(start).moved(edit)?.offset();
    let end = Anchor::new(end).moved(edit)?.offset();
    (start < end).then_some((start, end))
}
