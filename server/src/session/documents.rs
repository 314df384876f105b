//! Open documents, and which px cell is which while their text is edited.
//!
//! A cell keeps its id, and with it its result, as long as it can be followed: in a notebook by the cell that holds it, in
//! raw `.ipynb` by the nbformat id, in a script by an anchor at its magic that moves with the edits. Where the anchor is
//! gone because the whole text was replaced, equal code in the same order counts as the same cell.

use std::{collections::HashMap, sync::Arc};

use super::{CellId, CellText, DocumentKey, NotebookChange, Notice, Recall, RunHandle};
use crate::{
    cells::{Cells, Dialect, Placed, Problem, PxCell, Views, recognize_cells_with, recognize_with},
    plan::{Overrides, Plan, Refusal, plan},
    run::RunId,
    text::{Anchor, Change, Document, Edit, Encoding, TextRange},
};

/// A document as faces see it: a snapshot.
#[derive(Clone, Debug)]
pub struct DocumentView {
    /// Its key.
    pub key: DocumentKey,
    /// Its text.
    pub text: Document,
    /// How it is read.
    pub dialect: Dialect,
    /// Its px cells, in order.
    pub cells: Vec<CellView>,
    /// Cells of the file's own kind (percent cells, notebook cells) that hold px cells.
    pub blocks: Vec<BlockView>,
    /// What is wrong in it.
    pub problems: Vec<Problem>,
    /// Why it cannot be read at all.
    pub unreadable: Option<String>,
}

/// A px cell as faces see it.
#[derive(Clone, Debug)]
pub struct CellView {
    /// Its id.
    pub id: CellId,
    /// What was recognised, and where.
    pub cell: Placed,
    /// The magic's line, 0-based.
    pub line: u32,
    /// The last line of the px cell, 0-based.
    pub last_line: u32,
    /// What running it would do.
    pub plan: Result<Plan, Refusal>,
    /// Its newest run, unless cleared.
    pub run: Option<Arc<RunHandle>>,
    /// Whether what would be sent now differs from what that run sent; of a `%pxresult`, whether there is a newer run.
    pub stale: bool,
    /// Of a `%pxresult`: what it would show now.
    pub recalls: Option<Recall>,
    /// Of a `%pxresult` that was run: what it shows, which is also its `run`.
    pub recalled: Option<Recall>,
    /// Whether the output of its run is kept until somebody asks for it.
    pub withheld: bool,
}

/// A percent cell or notebook cell that holds px cells.
#[derive(Clone, Debug)]
pub struct BlockView {
    /// Where it stands.
    pub range: TextRange,
    /// Indices into the document's px cells.
    pub px_cells: std::ops::Range<usize>,
    /// Lines in it that are local code.
    pub local_lines: u32,
}

/// A px cell that is followed through edits.
#[derive(Debug)]
struct Tracked {
    id: CellId,
    cell: Arc<PxCell>,
    /// Where its magic begins and ends, in bytes; moves with edits. `None`: it was deleted.
    anchors: Option<(usize, usize)>,
    run: Option<Arc<RunHandle>>,
}

/// One text: a script, a raw notebook, or one cell of a synchronised notebook.
#[derive(Debug)]
struct Unit {
    text: Document,
    dialect: Dialect,
    notebook: Option<DocumentKey>,
    cells: Vec<Tracked>,
    blocks: Vec<BlockView>,
    problems: Vec<Problem>,
    unreadable: Option<String>,
}

/// All open documents.
#[derive(Debug)]
pub(super) struct Documents {
    encoding: Encoding,
    /// What the settings name; counts at the top of each document.
    views: Arc<Views>,
    units: HashMap<DocumentKey, Unit>,
    /// The cells of each synchronised notebook, in order.
    notebooks: HashMap<DocumentKey, Vec<DocumentKey>>,
    next_cell: u32,
}

impl Documents {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            views: Arc::default(),
            units: HashMap::new(),
            notebooks: HashMap::new(),
            next_cell: 1,
        }
    }

    pub(super) fn open(
        &mut self,
        key: DocumentKey,
        dialect: Dialect,
        version: i32,
        text: &str,
    ) -> Vec<Notice> {
        // Some clients open a notebook's cells as documents as well; the notebook's own message says more.
        if self.units.get(&key).is_some_and(|unit| unit.notebook.is_some()) {
            return Vec::new();
        }
        self.units.insert(key.clone(), Unit::new(Document::new(text, version), dialect, None));
        self.recognize(&key);
        vec![Notice::Cells(key)]
    }

    pub(super) fn change(&mut self, key: &DocumentKey, version: i32, changes: &[Change]) -> Vec<Notice> {
        let Some(unit) = self.units.get_mut(key) else { return Vec::new() };
        unit.edit(version, changes, self.encoding);
        match unit.notebook.clone() {
            Some(notebook) => self.recognize_notebook(&notebook, std::slice::from_ref(key)),
            None => {
                self.recognize(key);
                vec![Notice::Cells(key.clone())]
            }
        }
    }

    pub(super) fn close(&mut self, key: &DocumentKey) -> Vec<Notice> {
        if self.units.get(key).is_some_and(|unit| unit.notebook.is_some()) {
            return Vec::new();
        }
        self.units.remove(key);
        vec![Notice::Cells(key.clone())]
    }

    pub(super) fn open_notebook(
        &mut self,
        key: DocumentKey,
        order: Vec<DocumentKey>,
        cells: Vec<CellText>,
    ) -> Vec<Notice> {
        self.add_cells(&key, cells);
        self.notebooks.insert(key.clone(), order.clone());
        self.recognize_notebook(&key, &order)
    }

    pub(super) fn change_notebook(&mut self, key: &DocumentKey, change: NotebookChange) -> Vec<Notice> {
        let mut touched: Vec<DocumentKey> = change.opened.iter().map(|cell| cell.key.clone()).collect();
        touched.extend(change.edited.iter().map(|(cell, ..)| cell.clone()));
        self.add_cells(key, change.opened);
        let Some(order) = self.notebooks.get_mut(key) else { return Vec::new() };
        if let Some((start, gone, come)) = change.splice {
            let start = start.min(order.len());
            let end = (start + gone).min(order.len());
            order.splice(start..end, come);
        }
        for (cell, version, changes) in change.edited {
            if let Some(unit) = self.units.get_mut(&cell) {
                unit.edit(version, &changes, self.encoding);
            }
        }
        let mut notices = Vec::new();
        for cell in change.closed {
            if self.units.remove(&cell).is_some() {
                notices.push(Notice::Cells(cell));
            }
        }
        notices.extend(self.recognize_notebook(key, &touched));
        notices
    }

    pub(super) fn close_notebook(&mut self, key: &DocumentKey) -> Vec<Notice> {
        self.notebooks.remove(key);
        let gone: Vec<DocumentKey> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.notebook.as_ref() == Some(key))
            .map(|(cell, _)| cell.clone())
            .collect();
        gone.iter().for_each(|cell| drop(self.units.remove(cell)));
        gone.into_iter().map(Notice::Cells).collect()
    }

    pub(super) fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
    }

    /// Reads all documents again, with other views from the settings.
    pub(super) fn set_views(&mut self, views: &Arc<Views>) -> Vec<Notice> {
        if self.views == *views {
            return Vec::new();
        }
        self.views = views.clone();
        let mut notices = vec![Notice::Plans];
        let notebooks: Vec<DocumentKey> = self.notebooks.keys().cloned().collect();
        for notebook in notebooks {
            notices.extend(self.recognize_notebook(&notebook, &[]));
        }
        let alone = self.units.iter().filter(|(_, unit)| unit.notebook.is_none());
        let alone: Vec<DocumentKey> = alone.map(|(key, _)| key.clone()).collect();
        for key in alone {
            self.recognize(&key);
            notices.push(Notice::Cells(key));
        }
        notices
    }

    /// The texts that belong together, in order: a document alone, or all cells of its notebook.
    pub(super) fn together(&self, key: &DocumentKey) -> Vec<DocumentKey> {
        let notebook = self.units.get(key).and_then(|unit| unit.notebook.as_ref()).unwrap_or(key);
        match self.notebooks.get(notebook) {
            Some(order) => order.iter().filter(|cell| self.units.contains_key(*cell)).cloned().collect(),
            None if self.units.contains_key(key) => vec![key.clone()],
            None => Vec::new(),
        }
    }

    /// What holds a text: its notebook, else itself.
    pub(super) fn home(&self, key: &DocumentKey) -> DocumentKey {
        self.units.get(key).and_then(|unit| unit.notebook.as_ref()).unwrap_or(key).clone()
    }

    /// Every px cell there is, and the run that it shows.
    pub(super) fn shown(&self) -> impl Iterator<Item = (CellId, Option<RunId>)> + '_ {
        let cells = self.units.values().flat_map(|unit| &unit.cells);
        cells.map(|cell| (cell.id, cell.run.as_ref().map(|run| run.id)))
    }

    /// Whether any open document holds a px cell.
    pub(super) fn has_cells(&self) -> bool {
        self.units.values().any(|unit| !unit.cells.is_empty())
    }

    pub(super) fn view(&self, key: &DocumentKey) -> Option<DocumentView> {
        let unit = self.units.get(key)?;
        let cells = unit.cells.iter().map(|cell| cell.view(&unit.text)).collect();
        Some(DocumentView {
            key: key.clone(),
            text: unit.text.clone(),
            dialect: unit.dialect,
            cells,
            blocks: unit.blocks.clone(),
            problems: unit.problems.clone(),
            unreadable: unit.unreadable.clone(),
        })
    }

    /// A part of a document's text; empty where there is none.
    pub(super) fn excerpt(&self, key: &DocumentKey, range: TextRange) -> String {
        let excerpt = |unit: &Unit| {
            unit.text.rope().get_byte_slice(range.start..range.end).map(|part| part.to_string())
        };
        self.units.get(key).and_then(excerpt).unwrap_or_default()
    }

    /// Notes the newest run of a cell.
    pub(super) fn set_run(&mut self, run: &Arc<RunHandle>) {
        let cell = self
            .units
            .get_mut(&run.document)
            .and_then(|unit| unit.cells.iter_mut().find(|cell| cell.id == run.cell));
        if let Some(cell) = cell {
            cell.run = Some(run.clone());
        }
    }

    /// Forgets the results of a document's cells.
    pub(super) fn clear(&mut self, key: &DocumentKey) -> Vec<Notice> {
        let Some(unit) = self.units.get_mut(key) else { return Vec::new() };
        unit.cells.iter_mut().for_each(|cell| cell.run = None);
        vec![Notice::Cells(key.clone())]
    }

    fn add_cells(&mut self, notebook: &DocumentKey, cells: Vec<CellText>) {
        for cell in cells {
            let text = Document::new(&cell.text, cell.version);
            let unit = Unit::new(text, Dialect::NotebookCell, Some(notebook.clone()));
            self.units.insert(cell.key, unit);
        }
    }

    fn recognize(&mut self, key: &DocumentKey) {
        let Some(unit) = self.units.get_mut(key) else { return };
        let found =
            recognize_with(&unit.text.text(), unit.dialect, &self.views).map_err(|error| error.to_string());
        unit.take_in(found, &mut self.next_cell);
    }

    /// What one cell sets is in force in those after it, so all are read again. Of those that were not touched, a client
    /// asks for no new plan by itself.
    fn recognize_notebook(&mut self, key: &DocumentKey, touched: &[DocumentKey]) -> Vec<Notice> {
        let order = self.notebooks.get(key).cloned().unwrap_or_default();
        let present: Vec<DocumentKey> =
            order.into_iter().filter(|cell| self.units.contains_key(cell)).collect();
        let texts: Vec<String> = present.iter().map(|cell| self.units[cell].text.text()).collect();
        let found = recognize_cells_with(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &self.views);
        let mut notices: Vec<Notice> = present.iter().cloned().map(Notice::Cells).collect();
        let mut replanned = false;
        for (cell, found) in present.iter().zip(found) {
            let Some(unit) = self.units.get_mut(cell) else { continue };
            let before = unit.plans();
            unit.take_in(Ok(found), &mut self.next_cell);
            replanned |= !touched.contains(cell) && unit.plans() != before;
        }
        if replanned {
            notices.push(Notice::Plans);
        }
        notices
    }
}

impl Unit {
    fn new(text: Document, dialect: Dialect, notebook: Option<DocumentKey>) -> Self {
        Self {
            text,
            dialect,
            notebook,
            cells: Vec::new(),
            blocks: Vec::new(),
            problems: Vec::new(),
            unreadable: None,
        }
    }

    /// What running each cell would do.
    fn plans(&self) -> Vec<Result<Plan, Refusal>> {
        self.cells.iter().map(|cell| plan(&cell.cell, &Overrides::default())).collect()
    }

    fn edit(&mut self, version: i32, changes: &[Change], encoding: Encoding) {
        let edits = self.text.apply(changes, version, encoding);
        for cell in &mut self.cells {
            cell.anchors = cell.anchors.and_then(|anchors| edits.iter().try_fold(anchors, moved));
        }
    }

    /// Takes in what was recognised. A notebook that is broken for a moment, in the middle of an edit, keeps its cells and
    /// their results.
    fn take_in(&mut self, found: Result<Cells, String>, next: &mut u32) {
        match found {
            Err(why) => {
                self.unreadable = Some(why);
                self.problems.clear();
            }
            Ok(found) => {
                self.unreadable = None;
                self.problems = found.problems;
                self.blocks = found
                    .blocks
                    .into_iter()
                    .map(|block| BlockView {
                        range: block.range,
                        px_cells: block.px_cells.start as usize..block.px_cells.end as usize,
                        local_lines: block.local_lines,
                    })
                    .collect();
                let old = std::mem::take(&mut self.cells);
                self.cells = follow(old, found.cells, next);
            }
        }
    }
}

impl Tracked {
    fn view(&self, text: &Document) -> CellView {
        let plan = plan(&self.cell, &Overrides::default());
        let stale = match (&self.run, &plan) {
            (Some(run), Ok(plan)) => run.fingerprint != plan.fingerprint(),
            (Some(_), Err(_)) => true,
            (None, _) => false,
        };
        let cell = Placed::new(self.cell.clone(), 0);
        let range = cell.range();
        CellView {
            id: self.id,
            line: text.line_of(cell.magic_range().start),
            last_line: text.line_of(range.end.saturating_sub(1).max(range.start)),
            cell,
            plan,
            run: self.run.clone(),
            stale,
            recalls: None,
            recalled: None,
            withheld: false,
        }
    }
}

/// Where a magic is after an edit; `None` where it was deleted: then one end is gone, or both are in the same place.
fn moved((start, end): (usize, usize), edit: &Edit) -> Option<(usize, usize)> {
    let start = Anchor::new(start).moved(edit)?.offset();
    let end = Anchor::new(end).moved(edit)?.offset();
    (start < end).then_some((start, end))
}

/// Gives each new cell the id and the run of the old cell that it is.
fn follow(old: Vec<Tracked>, new: Vec<PxCell>, next: &mut u32) -> Vec<Tracked> {
    let is_whose = pair(&old, &new);
    let mut old: Vec<Option<Tracked>> = old.into_iter().map(Some).collect();
    let mut tracked = |(cell, whose): (PxCell, Option<usize>)| {
        let (id, run) = whose.and_then(|at| old[at].take()).map_or_else(
            || {
                *next += 1;
                (CellId(*next - 1), None)
            },
            |old| (old.id, old.run),
        );
        Tracked {
            id,
            anchors: Some((cell.magic_range.start, cell.magic_range.end)),
            cell: Arc::new(cell),
            run,
        }
    };
    new.into_iter().zip(is_whose).map(&mut tracked).collect()
}

/// For each new cell, the old one that it is.
fn pair(old: &[Tracked], new: &[PxCell]) -> Vec<Option<usize>> {
    let old_places = places(old.iter().map(|old| &*old.cell));
    let new_places = places(new.iter());
    let mut pairs: Vec<Option<usize>> = Vec::with_capacity(new.len());
    let mut from = 0;
    for (cell, place) in new.iter().zip(&new_places) {
        let at = match place {
            Some(place) => old_places.iter().position(|old| old.as_ref() == Some(place)),
            // Anchors rise, so what was passed over need not be looked at again.
            None => old[from..].iter().position(|old| is_anchored_in(old, cell)).map(|at| from + at),
        };
        if let (Some(at), None) = (at, place) {
            from = at + 1;
        }
        pairs.push(at);
    }
    let places = |at: usize| new_places[at].is_some();
    // Where cells look alike, a difference of two texts can put the anchor of one on its neighbour; equal code tells.
    reunite(&mut pairs, old, new, places, |one, other| one == other);
    // A formatter that replaces all leaves no anchors, and changes blanks and quotes.
    reunite(&mut pairs, old, new, places, |one, other| one == other || essence(one).eq(essence(other)));
    pairs
}

/// Pairs new cells with old ones of like code, if neither is with one that is liker.
fn reunite(
    pairs: &mut [Option<usize>],
    old: &[Tracked],
    new: &[PxCell],
    is_placed: impl Fn(usize) -> bool,
    alike: impl Fn(&str, &str) -> bool,
) {
    let fits = |at: usize, cell: &PxCell| {
        old[at].cell.magic.suffix == cell.magic.suffix && alike(&old[at].cell.code, &cell.code)
    };
    let settled =
        |at: usize, whose: Option<usize>| is_placed(at) || whose.is_some_and(|whose| fits(whose, &new[at]));
    for at in 0..new.len() {
        if settled(at, pairs[at]) {
            continue;
        }
        let free = |whose: &usize| {
            pairs.iter().enumerate().all(|(at, taken)| *taken != Some(*whose) || !settled(at, *taken))
        };
        let Some(whose) = (0..old.len()).filter(|whose| fits(*whose, &new[at])).find(free) else { continue };
        pairs.iter_mut().filter(|taken| **taken == Some(whose)).for_each(|taken| *taken = None);
        pairs[at] = Some(whose);
    }
}

/// What a formatter leaves of a code.
fn essence(code: &str) -> impl Iterator<Item = char> + '_ {
    code.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '\'' { '"' } else { c })
}

/// The places that px cells of a raw notebook have: the nbformat id of their cell, and their number in it.
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

fn is_anchored_in(old: &Tracked, new: &PxCell) -> bool {
    old.anchors.is_some_and(|(start, _)| (new.magic_range.start..new.magic_range.end).contains(&start))
}

#[cfg(test)]
mod tests;
