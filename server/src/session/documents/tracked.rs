//! A px cell that is followed through edits.

use std::{sync::Arc, vec};

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
    /// Whether it was asked to run, even if it has no run yet or shows that of another cell.
    pub(super) asked_for: bool,
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

    /// Whether it is worth remembering once it has left its text.
    pub(super) fn matters(&self) -> bool {
        self.run.is_some() || self.asked_for
    }

    /// Makes it the cell that it was before.
    pub(super) fn go_on_as(&mut self, before: Self) {
        (self.id, self.run, self.asked_for) = (before.id, before.run, before.asked_for);
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

    /// Its view, in a block; `number` is its own in the document.
    pub(super) fn view(&self, block: BlockRef<'_>, number: u32, earlier: &mut EarlierViews) -> CellView {
        let places = self.places.below(block.line);
        let (line, last_line) = (places.magic[0].line, places.last_line);
        match earlier.of(self) {
            Some(view) => CellView {
                line,
                last_line,
                places,
                cell: view.cell.moved(block.base).numbered(number),
                ..view
            },
            None => CellView {
                id: self.id,
                line,
                last_line,
                places,
                cell: Placed::new(Arc::clone(&self.cell), block.base).numbered(number),
                plan: self.plan.clone(),
                run: self.run.clone(),
                stale: self.run.as_ref().is_some_and(|run| self.fingerprint != Some(run.fingerprint)),
            },
        }
    }

    /// Whether an earlier view differs from what it would be now by its place alone.
    fn is_seen_in(&self, view: &CellView) -> bool {
        self.id == view.id
            && view.cell.is_of(&self.cell)
            && Arc::ptr_eq(&self.plan, &view.plan)
            && self.run.as_ref().map(Arc::as_ptr) == view.run.as_ref().map(Arc::as_ptr)
    }
}

/// The px cells of a view that nobody holds any more. A typed character changes one of them and moves the others, which are used
/// again: what they share is spread over the memory, and counting anew who shares it would cost more than all else.
pub(super) struct EarlierViews(vec::IntoIter<CellView>);

/// How many px cells may be gone in a row for those behind them to be used again.
const GONE: usize = 8;

impl EarlierViews {
    pub(super) fn new(cells: Vec<CellView>) -> Self {
        Self(cells.into_iter())
    }

    /// The view of this px cell, where it differs by its place alone. They are asked for in the order of the text.
    fn of(&mut self, cell: &Tracked) -> Option<CellView> {
        let ahead = self.0.as_slice().iter().take(GONE + 1).position(|view| view.id == cell.id)?;
        self.0.nth(ahead).filter(|view| cell.is_seen_in(view))
    }
}

/// The range of a magic after an edit; `None` if it was deleted, that is if one end is gone or both are in the same
/// place.
fn moved((start, end): (usize, usize), edit: &Edit) -> Option<(usize, usize)> {
    let start = Anchor::new(start).moved(edit)?.offset();
    let end = Anchor::new(end).moved(edit)?.offset();
    (start < end).then_some((start, end))
}
