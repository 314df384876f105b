//! Matching new px cells with old ones, when blocks of a document were replaced.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{CellId, cut::Cut, formatting::is_formatted, tracked::Tracked};
use crate::{
    cells::{BlockRef, Placed, PxCell},
    plan::{Overrides, Plan, plan},
    session::Places,
    text::{Document, Encoding, TextRange},
};

/// A px cell that was just recognised.
pub(super) struct Fresh {
    cell: Arc<PxCell>,
    base: usize,
    line: u32,
    magic: TextRange,
}

impl Fresh {
    /// The px cells of a block.
    pub(super) fn of(block: BlockRef<'_>) -> impl Iterator<Item = Self> {
        let BlockRef { base, line, .. } = block;
        block.cells.iter().map(move |cell| {
            let magic = Placed::new(Arc::clone(cell), base).magic_range();
            Self { cell: Arc::clone(cell), base, line, magic }
        })
    }
}

/// What tracking px cells needs.
pub(super) struct Tracker<'a> {
    pub(super) text: &'a Document,
    pub(super) encoding: Encoding,
    /// The next id.
    pub(super) next: &'a mut u32,
    /// What was deleted before.
    pub(super) cut: &'a mut Cut,
}

impl Tracker<'_> {
    fn track(&mut self, fresh: Fresh, old: Option<Tracked>) -> Tracked {
        let Fresh { cell, base, line, magic } = fresh;
        let range = Placed::new(Arc::clone(&cell), base).range();
        let at = |byte| {
            let mut position = self.text.position(byte, self.encoding);
            position.line = position.line.saturating_sub(line);
            position
        };
        let last = range.end.saturating_sub(1).max(range.start);
        let places = Places {
            range: [at(range.start), at(range.end)],
            magic: [at(magic.start), at(magic.end)],
            last_line: self.text.line_of(last).saturating_sub(line),
        };
        let plan = plan(&cell, &Overrides::default());
        let fingerprint = plan.as_ref().ok().map(Plan::fingerprint);
        let plan = Arc::new(plan);
        let anchors = Some((magic.start, magic.end));
        let mut tracked = Tracked {
            id: CellId(*self.next),
            anchors,
            cell,
            run: None,
            asked_for: false,
            plan,
            fingerprint,
            places,
        };
        match old {
            Some(old) => tracked.go_on_as(old),
            None => *self.next += 1,
        }
        tracked
    }

    /// Gives each new cell the id and the run of the old cell that it matches, or of one that was deleted before.
    pub(super) fn follow(&mut self, old: Vec<Tracked>, new: Vec<Fresh>) -> Vec<Tracked> {
        let pairs = pair(&old, &new);
        let mut old: Vec<Option<Tracked>> = old.into_iter().map(Some).collect();
        let mut track = |(fresh, at): (Fresh, Option<usize>)| {
            let old = match at {
                Some(at) => old[at].take(),
                None => self.cut.take(&fresh.cell),
            };
            self.track(fresh, old)
        };
        let tracked = new.into_iter().zip(pairs).map(&mut track).collect();
        self.cut.remember(old.into_iter().flatten());
        tracked
    }

    /// Updates the cells of a block whose own text did not change; returns whether a plan changed.
    pub(super) fn refresh(&mut self, old: &mut Vec<Tracked>, block: BlockRef<'_>) -> bool {
        let is_same = |(old, new): (&Tracked, &Arc<PxCell>)| {
            old.cell.kind == new.kind && old.cell.magic_range == new.magic_range
        };
        if old.len() != block.cells.len() || !old.iter().zip(block.cells).all(is_same) {
            *old = self.follow(std::mem::take(old), Fresh::of(block).collect());
            return true;
        }
        let mut replanned = false;
        for (old, new) in old.iter_mut().zip(block.cells) {
            if !Arc::ptr_eq(&old.cell, new) {
                replanned |= old.replan(new);
            }
        }
        replanned
    }
}

/// For each new cell, the index of the old one that it matches.
fn pair(old: &[Tracked], new: &[Fresh]) -> Vec<Option<usize>> {
    let old_places = places(old.iter().map(|old| &*old.cell));
    let new_places = places(new.iter().map(|new| &*new.cell));
    let mut pairs: Vec<Option<usize>> = Vec::with_capacity(new.len());
    let mut from = 0;
    for (cell, place) in new.iter().zip(&new_places) {
        let at = match place {
            Some(place) => old_places.iter().position(|old| old.as_ref() == Some(place)),
            // Anchors are in ascending order, so the ones that were skipped need not be looked at again.
            None => old[from..].iter().position(|old| is_anchored_in(old, cell)).map(|at| from + at),
        };
        if let (Some(at), None) = (at, place) {
            from = at + 1;
        }
        pairs.push(at);
    }
    let places = |at: usize| new_places[at].is_some();
    // If cells look alike, the edit can move the anchor of one onto its neighbour; equal code tells which is which.
    pair_by_code(&mut pairs, old, new, places, |one, other| one == other);
    // A formatter that replaces the whole text leaves no anchors, and changes whitespace and quotes.
    pair_by_code(&mut pairs, old, new, places, is_formatted);
    // What another program wrote leaves no anchors either; code that only grew or lost its end is still the same cell's.
    pair_by_code(&mut pairs, old, new, places, |one, other| {
        let (one, other) = (one.trim_end(), other.trim_end());
        !one.is_empty() && !other.is_empty() && (one.starts_with(other) || other.starts_with(one))
    });
    pairs
}

/// Pairs new cells with old ones of like code, unless either has a closer match.
fn pair_by_code(
    pairs: &mut [Option<usize>],
    old: &[Tracked],
    new: &[Fresh],
    is_placed: impl Fn(usize) -> bool,
    alike: impl Fn(&str, &str) -> bool,
) {
    let fits = |at: usize, cell: &PxCell| {
        old[at].cell.magic.suffix == cell.magic.suffix && alike(&old[at].cell.code, &cell.code)
    };
    let settled =
        |at: usize, old: Option<usize>| is_placed(at) || old.is_some_and(|old| fits(old, &new[at].cell));
    let is_settled: Vec<bool> = (0..).zip(&*pairs).map(|(at, pair)| settled(at, *pair)).collect();
    let closest = pairs.iter().zip(&is_settled).filter(|(_, is_settled)| **is_settled);
    let closest: HashSet<usize> = closest.filter_map(|(pair, _)| *pair).collect();
    let mut free: BTreeSet<usize> = (0..old.len()).filter(|old| !closest.contains(old)).collect();
    for at in (0..new.len()).filter(|at| !is_settled[*at]) {
        let Some(found) = free.iter().copied().find(|old| fits(*old, &new[at].cell)) else { continue };
        free.remove(&found);
        pairs.iter_mut().filter(|taken| **taken == Some(found)).for_each(|taken| *taken = None);
        pairs[at] = Some(found);
    }
}

/// The places of px cells in a raw notebook: the nbformat id of their cell, and their number in it.
fn places<'a>(cells: impl Iterator<Item = &'a PxCell>) -> Vec<Option<(String, usize)>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    cells
        .map(|cell| {
            let id = cell.notebook_cell.as_ref()?.id.clone()?;
            let count = counts.entry(id.clone()).or_default();
            *count += 1;
            Some((id, *count))
        })
        .collect()
}

fn is_anchored_in(old: &Tracked, new: &Fresh) -> bool {
    old.anchors.is_some_and(|(start, _)| new.magic.as_range().contains(&start))
}
