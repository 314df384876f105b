//! Open documents, and following their px cells while the text is edited. What was closed is in `closed.rs`; how open texts go
//! on with it is in `renames.rs`.
//!
//! A cell keeps its id, and with it its result, as long as it can be followed: in a notebook by the cell that holds it,
//! in raw `.ipynb` by the nbformat id, in a script by an anchor at its magic that moves with the edits. If the anchor
//! is lost because the whole text was replaced, equal code in the same order counts as the same cell.

mod closed;
mod cut;
mod follow;
mod formatting;
mod notebook;
mod renames;
mod tracked;
mod views;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{CellId, DocumentKey, DocumentView, FileWish, RunHandle, SessionEvent, snapshot::Texts};
use crate::{
    cells::{Carry, Delta, Dialect, End, Format, Index, PxCell, Views, Wanted},
    lint::Lints,
    run::RunId,
    text::{Change, Document, Encoding, TextRange},
};
pub(super) use closed::Moved;

use closed::Closed;
use cut::Cut;
use follow::{Fresh, Tracker};
use tracked::Tracked;

/// One text: a script, a raw notebook, or one cell of a synchronised notebook.
#[derive(Debug)]
struct Unit {
    text: Document,
    notebook: Option<DocumentKey>,
    /// Its index among the texts of its notebook, as of the newest [`Texts`].
    nth: usize,
    index: Index,
    lints: Lints,
    /// What was last passed on from it to the texts below it in its notebook.
    passed: Option<End>,
    /// The px cells of each block of the index.
    blocks: Vec<Vec<Tracked>>,
    cut: Cut,
    /// Its view, until something about it changes.
    view: Option<Arc<DocumentView>>,
    /// The view that was outdated last.
    earlier: Option<Arc<DocumentView>>,
    /// The view as [`Texts`], if it belongs to no notebook.
    texts: Option<Arc<Texts>>,
}

/// A synchronised notebook.
#[derive(Debug, Default)]
struct Notebook {
    /// Its cells, in order.
    order: Vec<DocumentKey>,
    end: End,
    /// The views of its texts as of the last request.
    texts: Option<Arc<Texts>>,
    /// The texts that have changed since.
    outdated: Vec<DocumentKey>,
    /// Its cells of Markdown.
    markup: HashSet<DocumentKey>,
    /// The texts of these, in case they become code: a client does not send a text again for that.
    unread: HashMap<DocumentKey, Document>,
}

/// All open documents.
#[derive(Debug)]
pub(super) struct Documents {
    encoding: Encoding,
    /// The views of the settings.
    views: Arc<Views>,
    /// The format that the settings name for scripts.
    format: Option<Format>,
    /// What is in force at the top of each document.
    top: Arc<Carry>,
    units: HashMap<DocumentKey, Unit>,
    notebooks: HashMap<DocumentKey, Notebook>,
    closed: Closed,
    next_cell: u32,
    next_text: u32,
}

impl Documents {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            views: Arc::default(),
            format: None,
            top: Arc::default(),
            units: HashMap::new(),
            notebooks: HashMap::new(),
            closed: Closed::default(),
            next_cell: 1,
            next_text: 0,
        }
    }

    pub(super) fn open(
        &mut self,
        key: DocumentKey,
        dialect: Dialect,
        version: i32,
        text: &str,
    ) -> Vec<SessionEvent> {
        // Some clients also open the cells of a notebook as documents; the notebook's own message is the one that
        // counts.
        if self.units.get(&key).is_some_and(|unit| unit.notebook.is_some()) || self.is_markup(&key) {
            return Vec::new();
        }
        self.add(key.clone(), dialect, version, text, None);
        vec![SessionEvent::Cells(key)]
    }

    pub(super) fn change(
        &mut self,
        key: &DocumentKey,
        version: i32,
        changes: &[Change],
    ) -> Vec<SessionEvent> {
        let Some(unit) = self.units.get_mut(key) else {
            self.edit_unread(key, version, changes);
            return Vec::new();
        };
        unit.edit(version, changes, self.encoding, &mut self.next_cell);
        match unit.notebook.clone() {
            Some(notebook) if unit.passes_on_change() => self.pass_on(&notebook, std::slice::from_ref(key)),
            Some(_) => {
                self.outdate(key);
                vec![SessionEvent::Cells(key.clone())]
            }
            None => vec![SessionEvent::Cells(key.clone())],
        }
    }

    /// Notes that a px cell was asked to run: should it leave its text, it is remembered until it comes back.
    pub(super) fn asked_for(&mut self, key: &DocumentKey, cell: CellId) {
        let unit = self.units.get_mut(key);
        if let Some(cell) = unit.and_then(|unit| unit.cells_mut().find(|other| other.id == cell)) {
            cell.asked_for = true;
        }
    }

    /// Makes a notebook cell run on the engines even if it holds no px magic.
    pub(super) fn send_plain(&mut self, key: &DocumentKey) -> Vec<SessionEvent> {
        let Some(unit) = self.units.get_mut(key) else { return Vec::new() };
        let Some(notebook) = unit.notebook.clone() else { return Vec::new() };
        let delta = unit.index.send_plain();
        if delta == Delta::default() {
            return Vec::new();
        }
        unit.outdate();
        unit.update(&delta, self.encoding, &mut self.next_cell);
        self.pass_on(&notebook, std::slice::from_ref(key))
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
    }

    /// Puts new views of the settings in force.
    pub(super) fn set_views(&mut self, views: &Arc<Views>) -> Vec<SessionEvent> {
        if self.views == *views {
            return Vec::new();
        }
        self.views = views.clone();
        self.top = Arc::new(Carry::new(views));
        let mut events = vec![SessionEvent::Plans];
        let notebooks: Vec<DocumentKey> = self.notebooks.keys().cloned().collect();
        for notebook in notebooks {
            events.extend(self.pass_on(&notebook, &[]));
        }
        for (key, unit) in self.units.iter_mut().filter(|(_, unit)| unit.notebook.is_none()) {
            let delta = unit.index.begin_with(&self.top);
            unit.outdate();
            unit.update(&delta, self.encoding, &mut self.next_cell);
            events.push(SessionEvent::Cells(key.clone()));
        }
        events
    }

    /// Reads scripts in the format of the settings.
    pub(super) fn set_format(&mut self, format: Option<Format>) -> Vec<SessionEvent> {
        if self.format == format {
            return Vec::new();
        }
        self.format = format;
        let mut events = vec![SessionEvent::Plans];
        for (key, unit) in &mut self.units {
            let wanted = Wanted { format, ..unit.index.wanted() };
            let delta = unit.index.read_as(unit.text.rope(), wanted);
            if delta == Delta::default() {
                continue;
            }
            unit.outdate();
            unit.update(&delta, self.encoding, &mut self.next_cell);
            events.push(SessionEvent::Cells(key.clone()));
        }
        events
    }

    /// The texts that belong together, in order: a document alone, or all cells of its notebook.
    pub(super) fn notebook_cells(&self, key: &DocumentKey) -> Vec<DocumentKey> {
        let notebook = self.units.get(key).and_then(|unit| unit.notebook.as_ref()).unwrap_or(key);
        match self.notebooks.get(notebook) {
            Some(Notebook { order, .. }) => {
                order.iter().filter(|cell| self.units.contains_key(*cell)).cloned().collect()
            }
            None if self.units.contains_key(key) => vec![key.clone()],
            None => Vec::new(),
        }
    }

    /// The notebook of a text, or else the text itself.
    pub(super) fn home(&self, key: &DocumentKey) -> DocumentKey {
        self.units.get(key).and_then(|unit| unit.notebook.as_ref()).unwrap_or(key).clone()
    }

    /// All px cells, and the run that each shows.
    pub(super) fn shown(&self) -> impl Iterator<Item = (CellId, Option<RunId>)> + '_ {
        let cells = self.units.values().flat_map(Unit::cells);
        cells.map(|cell| (cell.id, cell.run.as_ref().map(|run| run.id)))
    }

    /// The px cells that left their texts and may come back.
    pub(super) fn cut(&self) -> impl Iterator<Item = CellId> + '_ {
        let open = self.units.values().map(|unit| &unit.cut);
        open.chain(self.closed.cuts()).flat_map(Cut::ids)
    }

    /// Forgets deleted px cells whose runs are forgotten: should they come back, they have no result.
    pub(super) fn forget(&mut self, is_forgotten: impl Fn(RunId) -> bool) {
        let open = self.units.values_mut().map(|unit| &mut unit.cut);
        open.chain(self.closed.cuts_mut()).for_each(|cut| cut.forget(&is_forgotten));
    }

    /// Whether any open document holds a px cell.
    pub(super) fn has_cells(&self) -> bool {
        self.units.values().any(|unit| unit.cells().next().is_some())
    }

    /// What the open documents that hold px cells ask of the cluster; nothing, unless all ask for the same.
    pub(super) fn wish_of_all(&mut self) -> FileWish {
        let with_cells = self.units.iter().filter(|(_, unit)| unit.cells().next().is_some());
        let keys: Vec<DocumentKey> = with_cells.map(|(key, _)| key.clone()).collect();
        let mut found: Option<FileWish> = None;
        for key in keys {
            let Some((texts, _)) = self.texts(&key) else { continue };
            let wish = texts.wish();
            if !wish.chooses() || found.as_ref().is_some_and(|other| other != wish) {
                return FileWish::default();
            }
            found = Some(wish.clone());
        }
        found.unwrap_or_default()
    }

    /// A line of a document, or a part of it, without the JSON around it in a raw notebook; empty if there is no such part.
    pub(super) fn excerpt(&self, key: &DocumentKey, range: TextRange) -> String {
        let excerpt = |unit: &Unit| {
            let part = unit.text.rope().get_byte_slice(range.start..range.end)?.to_string();
            Some(match unit.index.dialect() {
                Dialect::NotebookJson => unquoted(&part).unwrap_or(part),
                Dialect::Script | Dialect::NotebookCell => part,
            })
        };
        self.units.get(key).and_then(excerpt).unwrap_or_default()
    }

    /// Notes the newest run of a cell, which may have left its text.
    pub(super) fn set_run(&mut self, run: &Arc<RunHandle>) {
        let document = run.document();
        let unit = self.units.get_mut(&document);
        if let Some(cell) = unit.and_then(|unit| unit.cells_mut().find(|cell| cell.id == run.cell)) {
            cell.run = Some(run.clone());
            self.outdate(&document);
            return;
        }
        let open = self.units.values_mut().map(|unit| &mut unit.cut);
        open.chain(self.closed.cuts_mut()).for_each(|cut| cut.set_run(run));
    }

    /// The texts under a key: a document, a notebook's cell, or all cells of a notebook.
    pub(super) fn texts_under(&self, key: &DocumentKey) -> Vec<DocumentKey> {
        if self.units.contains_key(key) { vec![key.clone()] } else { self.notebook_cells(key) }
    }

    /// The ids of a text's px cells.
    pub(super) fn cell_ids(&self, key: &DocumentKey) -> Vec<CellId> {
        self.units.get(key).into_iter().flat_map(Unit::cells).map(|cell| cell.id).collect()
    }

    /// Clears the shown runs of a text, also of its deleted cells; returns how many of its cells showed one.
    pub(super) fn clear(&mut self, key: &DocumentKey) -> usize {
        if let Some(unit) = self.units.get_mut(key) {
            unit.cut = Cut::default();
        }
        self.clear_cells(key, &self.cell_ids(key))
    }

    /// Clears the shown runs of these cells of a text; returns how many showed one.
    pub(super) fn clear_cells(&mut self, key: &DocumentKey, cells: &[CellId]) -> usize {
        let Some(unit) = self.units.get_mut(key) else { return 0 };
        let shown = unit.cells_mut().filter(|cell| cells.contains(&cell.id));
        let cleared = shown.filter_map(|cell| cell.run.take()).count();
        if cleared > 0 {
            self.outdate(key);
        }
        cleared
    }

    fn add(
        &mut self,
        key: DocumentKey,
        dialect: Dialect,
        version: i32,
        text: &str,
        notebook: Option<DocumentKey>,
    ) {
        let text = Document::new(text, version);
        let wanted = Wanted { format: self.format, is_ipy: key.has_extension("ipy") };
        let index = Index::new_as(text.rope(), dialect, wanted, self.next_text, Arc::clone(&self.top));
        self.next_text += 1;
        let mut unit = Unit {
            notebook,
            nth: 0,
            index,
            lints: Lints::default(),
            passed: None,
            blocks: Vec::new(),
            cut: Cut::default(),
            text,
            view: None,
            earlier: None,
            texts: None,
        };
        let at = unit.whereabouts(&key);
        unit.cut = self.closed.take(&at, &unit.px_cells()).unwrap_or_default();
        let all = Delta { replaced: vec![(0..0, 0..unit.index.blocks().len())], resolved: Vec::new() };
        unit.update(&all, self.encoding, &mut self.next_cell);
        self.units.insert(key, unit);
    }

    /// Passes what each cell of a notebook sets on to the cells after it. If the plan of a cell changed that is not
    /// among `touched`, the client must be told, since it does not ask again by itself.
    fn pass_on(&mut self, key: &DocumentKey, touched: &[DocumentKey]) -> Vec<SessionEvent> {
        let mut changed: Vec<DocumentKey> = Vec::new();
        let mut replanned = false;
        let Some(notebook) = self.notebooks.get_mut(key) else { return Vec::new() };
        let mut end = End { carry: Arc::clone(&self.top), has_px: false };
        for cell in &notebook.order {
            let Some(unit) = self.units.get_mut(cell) else { continue };
            let after = Arc::clone(unit.index.after());
            let delta = unit.index.begin_with(&end.carry);
            let is_changed = delta != Delta::default();
            if is_changed || !Arc::ptr_eq(&after, unit.index.after()) {
                unit.outdate();
            }
            let plans_changed = unit.update(&delta, self.encoding, &mut self.next_cell);
            let passed = End { carry: Arc::clone(unit.index.after()), has_px: unit.index.has_px() };
            end = End { carry: Arc::clone(&passed.carry), has_px: end.has_px || passed.has_px };
            unit.passed = Some(passed);
            let is_touched = touched.contains(cell);
            replanned |= plans_changed && !is_touched;
            if is_changed || is_touched {
                changed.push(cell.clone());
            }
        }
        (notebook.texts, notebook.outdated) = (None, Vec::new());
        let before = std::mem::replace(&mut notebook.end, end);
        let end = &notebook.end;
        let px_use_changed = before.has_px != end.has_px;
        // The texts whose open region has, or had, a diagnostic.
        let regions = [before.carry.open_region(), end.carry.open_region()];
        if px_use_changed || regions[0] != regions[1] {
            let is_concerned = |unit: &Unit| px_use_changed || regions.contains(&Some(unit.index.text()));
            for cell in &notebook.order {
                let Some(unit) = self.units.get_mut(cell).filter(|unit| is_concerned(unit)) else { continue };
                unit.outdate();
                if !changed.contains(cell) {
                    changed.push(cell.clone());
                }
            }
        }
        let mut events: Vec<SessionEvent> = changed.into_iter().map(SessionEvent::Cells).collect();
        if replanned {
            events.push(SessionEvent::Plans);
        }
        events
    }
}

/// What a part of a JSON string says, up to where the string ends.
fn unquoted(part: &str) -> Option<String> {
    let mut is_escaped = false;
    let end = part.find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    serde_json::from_str(&format!("\"{}\"", &part[..end.unwrap_or(part.len())])).ok()
}

impl Unit {
    fn edit(&mut self, version: i32, changes: &[Change], encoding: Encoding, next: &mut u32) {
        let edits = self.text.apply(changes, version, encoding);
        self.cells_mut().for_each(|cell| cell.moved(&edits));
        let delta = self.index.edit(self.text.rope(), &edits);
        self.outdate();
        self.update(&delta, encoding, next);
    }

    /// Whether what it passes on to the texts below it in its notebook has changed.
    fn passes_on_change(&self) -> bool {
        let passed = self.passed.as_ref();
        passed
            .is_none_or(|passed| passed.has_px != self.index.has_px() || passed.carry != *self.index.after())
    }

    /// Follows the px cells through a change; returns whether a plan changed in a block that was not replaced.
    fn update(&mut self, delta: &Delta, encoding: Encoding, next: &mut u32) -> bool {
        let mut tracker = Tracker { text: &self.text, encoding, next, cut: &mut self.cut };
        let mut gone = Vec::new();
        for (old, new) in delta.replaced.iter().rev() {
            gone.push(self.blocks.splice(old.clone(), new.clone().map(|_| Vec::new())).collect::<Vec<_>>());
        }
        let old = gone.into_iter().rev().flatten().flatten().collect();
        let come = || delta.replaced.iter().flat_map(|(_, new)| new.clone());
        let new = come().flat_map(|at| Fresh::of(self.index.block(at))).collect();
        let mut followed = tracker.follow(old, new).into_iter();
        for at in come() {
            self.blocks[at] = followed.by_ref().take(self.index.block(at).cells.len()).collect();
        }
        let mut replanned = false;
        for at in &delta.resolved {
            replanned |= tracker.refresh(&mut self.blocks[*at], self.index.block(*at));
        }
        replanned
    }

    /// Its px cells as they are read.
    fn px_cells(&self) -> Vec<&PxCell> {
        let blocks = (0..self.index.blocks().len()).map(|at| self.index.block(at));
        blocks.flat_map(|block| block.cells).map(AsRef::as_ref).collect()
    }

    fn cells(&self) -> impl Iterator<Item = &Tracked> {
        self.blocks.iter().flatten()
    }

    fn cells_mut(&mut self) -> impl Iterator<Item = &mut Tracked> {
        self.blocks.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests;
