//! Everything a request needs, as it was at one moment; of runs, the handles through which their newest output is read.
//!
//! The session hands out a [`Snapshot`] in one message. Everything in it is shared, and built once per version of a
//! document and once per change of the runs, so that it costs the same for one cell and for a thousand. What is derived
//! from several texts (which line decided what, which toggles make a region) is computed by the first reader that needs
//! it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::{Bound, Deref},
    sync::{Arc, OnceLock},
};

use super::wishes::Unsuited;
use super::{
    CellId, CellView, ConnectionView, DocumentKey, DocumentView, FileWish, ResultSource, RunHandle, Settings,
    queue::NOT_REACHED,
};
use crate::{
    cells::{CellKind, DecidedBy, Decider, LineName, Origin, Placed, Region, Wish, regions},
    run::{Run, RunId, RunState, Time},
    text::Encoding,
};

/// What a request is about, which decides the texts that its snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// No document: only the cluster, the runs and the settings.
    Nothing,
    /// A document, or a cell of a notebook.
    Document(DocumentKey),
    /// The document that held a run's cell.
    Run(RunId),
    /// The document that held the cell of the newest run.
    NewestRun,
}

impl From<&DocumentKey> for About {
    fn from(key: &DocumentKey) -> Self {
        Self::Document(key.clone())
    }
}

impl From<DocumentKey> for About {
    fn from(key: DocumentKey) -> Self {
        Self::Document(key)
    }
}

impl From<RunId> for About {
    fn from(run: RunId) -> Self {
        Self::Run(run)
    }
}

/// Everything a request needs, as it was at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The document or notebook that the request is about, open or not.
    pub(super) home: Option<DocumentKey>,
    pub(super) here: Option<(Arc<Texts>, usize)>,
    /// The connection to a cluster.
    pub connection: Arc<ConnectionView>,
    /// The runs that are kept, and where they are shown.
    pub runs: Arc<Runs>,
    /// The settings in force: those that only a trusted workspace may set have their defaults in any other.
    pub settings: Arc<Settings>,
    /// The unit of columns.
    pub encoding: Encoding,
    /// Whether the workspace is trusted.
    pub trusted: bool,
    /// When it was taken.
    pub at: Time,
}

impl Snapshot {
    /// The document that held a run's cell; `None` if it is not open, or is not among the texts that the request is about.
    pub(crate) fn document_of(&self, run: &RunHandle) -> Option<&Arc<DocumentView>> {
        let (texts, _) = self.here.as_ref()?;
        let at = run.at.borrow();
        texts.iter().find(|view| view.key == at.document)
    }

    /// The document that the request is about; `None` if it is not open.
    pub(crate) fn document(&self) -> Option<&Arc<DocumentView>> {
        self.here.as_ref().map(|(texts, at)| &texts[*at])
    }

    /// The document that the request is about, with the other texts of its notebook; `None` if it is not open.
    pub(crate) fn texts(&self) -> Option<Here<'_>> {
        self.here.as_ref().map(|(texts, at)| Here { texts, at: *at })
    }

    /// Whether a cluster is connected and may be used.
    pub(crate) fn is_connected(&self) -> bool {
        self.trusted && self.connection.cluster().is_some()
    }

    /// Why the document does not run on the cluster in use.
    pub(crate) fn unsuited(&self) -> Option<Unsuited> {
        self.wish()?.unsuited(&self.settings, self.connection.cluster()?)
    }

    /// Why the document does not run while no cluster is found.
    pub(crate) fn unsuited_to_start(&self) -> Option<Unsuited> {
        self.wish()?.unsuited_to_start(&self.settings)
    }

    /// How many engines a cluster gets that is started for the document.
    pub(crate) fn engines_to_start(&self) -> u32 {
        self.wish()
            .map_or_else(|| FileWish::default().engines(&self.settings), |wish| wish.engines(&self.settings))
    }

    /// The line of the document that says how many engines that is.
    pub(crate) fn engines_line(&self) -> Option<&str> {
        self.wish()?.engines_line(&self.settings)
    }

    /// What the document says about the cluster that it wants.
    fn wish(&self) -> Option<&FileWish> {
        self.here.as_ref().map(|(texts, _)| texts.wish())
    }

    /// The run that a px cell shows: its newest, or the one that a `%pxresult` shows. A cell that a failure kept from running
    /// shows what it showed before.
    pub(crate) fn shown<'a>(&'a self, cell: &'a CellView) -> Option<&'a Arc<RunHandle>> {
        match cell.cell.kind {
            CellKind::Result => self.runs.shown_by(cell.id),
            _ => self.kept(cell).or(cell.run.as_ref()),
        }
    }

    /// Why the run that a px cell shows is not its newest: a cell before it failed, so that one was never sent.
    pub(crate) fn why_kept(&self, cell: &CellView) -> Option<&'static str> {
        self.kept(cell).map(|_| NOT_REACHED)
    }

    /// The run that a px cell goes on to show, since a failure kept its newest one from being sent.
    fn kept<'a>(&'a self, cell: &CellView) -> Option<&'a Arc<RunHandle>> {
        let newest = cell.run.as_ref().filter(|run| run.view.borrow().was_not_sent_since(NOT_REACHED))?;
        self.runs.earlier(newest).filter(|run| !self.runs.is_dismissed(run.id))
    }

    /// Whether the cell would now send something other than the shown run sent; for a `%pxresult`, whether there is a
    /// newer run.
    pub(crate) fn is_stale(&self, cell: &CellView) -> bool {
        if cell.cell.kind != CellKind::Result {
            return cell.stale || self.kept(cell).is_some();
        }
        let Some(shown) = self.runs.shown_by(cell.id) else { return false };
        self.newest_for(cell).is_some_and(|newest| newest.id != shown.id)
    }

    /// Whether the output of a cell's run, in the state `now`, is withheld until the user asks for it.
    pub(crate) fn is_withheld(&self, cell: &CellView, now: &Run) -> bool {
        let hides = |run: &Arc<RunHandle>| self.runs.is_withheld(run, now);
        cell.cell.kind != CellKind::Result && self.shown(cell).is_some_and(hides)
    }

    /// What a `%pxresult` of the document would show if it were run now.
    pub(crate) fn result_to_show(&self, cell: &CellView) -> Option<ResultSource> {
        Some(self.result_source(cell, self.newest_for(cell)?))
    }

    /// What a `%pxresult` of the document shows, if it was run.
    pub(crate) fn shown_result(&self, cell: &CellView) -> Option<ResultSource> {
        Some(self.result_source(cell, self.runs.shown_by(cell.id)?))
    }

    /// The runs of the document and its notebook that are kept, oldest first; all runs, if the request is about no
    /// document.
    pub(crate) fn history(&self) -> impl DoubleEndedIterator<Item = &RunRecord> {
        self.runs.history(self.home.clone())
    }

    fn newest_for(&self, cell: &CellView) -> Option<&Arc<RunHandle>> {
        self.runs.newest(self.home.as_ref()?, &cell.cell.magic.suffix, &HashSet::new())
    }

    /// Describes a run to the reader of a `%pxresult` of the document.
    fn result_source(&self, by: &CellView, run: &Arc<RunHandle>) -> ResultSource {
        let (texts, here): (&[Arc<DocumentView>], usize) = match &self.here {
            Some((texts, here)) => (texts, *here),
            None => (&[], 0),
        };
        let sends = |cell: &&CellView| {
            cell.cell.magic.suffix == by.cell.magic.suffix && cell.cell.kind.gives_result()
        };
        let named = |text: usize, cell: &CellView| {
            let at = cell.cell.magic_range().start;
            match &self.here {
                Some((all, _)) if text != here => all.line_name(text, at),
                _ => texts[text].place_of(cell),
            }
        };
        let above = texts.iter().enumerate().take(here + 1).rev().find_map(|(at, text)| {
            let before = |cell: &&CellView| at != here || cell.line < by.line;
            let nearest = text.cells.iter().rev().filter(before).find(sends)?;
            Some((nearest.id, named(at, nearest)))
        });
        let now = texts.iter().enumerate().find_map(|(at, text)| {
            let cell = text.cells.iter().find(|cell| cell.id == run.cell)?;
            Some(named(at, cell))
        });
        let place = match now {
            Some(place) => place.to_string(),
            None => format!("a deleted cell, formerly {}", run.place_name),
        };
        let hint = above.filter(|(cell, _)| *cell != run.cell).map(|(cell, place)| {
            let ran = self.runs.iter().any(|record| record.handle.cell == cell);
            let why = if ran { "ran before that" } else { "has not run" };
            format!("{place}, right above, {why}")
        });
        ResultSource { run: run.clone(), place, hint }
    }
}

/// A document among the texts that belong together: the document alone, or the code cells of its notebook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here<'a> {
    texts: &'a Texts,
    /// The index of the document among the texts.
    pub at: usize,
}

impl<'a> Here<'a> {
    /// The document.
    pub(crate) fn document(self) -> &'a Arc<DocumentView> {
        &self.texts[self.at]
    }

    /// All texts that belong together, in order.
    pub(crate) fn all(self) -> &'a [Arc<DocumentView>] {
        self.texts
    }

    /// Names the line of a byte of one of the texts for a reader of the document: `line 12`, `cell 3, line 2`.
    pub(crate) fn line_name(self, text: usize, at: usize) -> LineName {
        match text == self.at {
            true => self.document().line_name(at),
            false => self.texts.line_name(text, at),
        }
    }

    /// The `%autopx` regions of all texts.
    pub(crate) fn regions(self) -> &'a [Region] {
        self.texts.regions()
    }

    /// The `%autopx` regions that begin, end, or have a cell in the document.
    pub(crate) fn regions_here(self) -> impl Iterator<Item = &'a Region> {
        self.regions().iter().filter(move |region| {
            let mut places = region.cells.iter().chain([&region.open]).chain(&region.close);
            places.any(|place| place.text == self.at)
        })
    }

    /// What decided about a px cell, in the order of the texts: the index of its text, and its place there.
    pub(crate) fn decided(self, cell: &'a Placed) -> Vec<(usize, Decider, &'a DecidedBy)> {
        let deciders = self.texts.deciders();
        let place = |by: &'a DecidedBy| deciders.get(&by.origin).map(|(text, place)| (*text, *place, by));
        let mut all: Vec<_> = cell.view.decided_by.iter().filter_map(place).collect();
        all.sort_by_key(|(text, place, _)| (*text, *place));
        all
    }
}

/// Texts that belong together, in order: a document alone, or the code cells of a notebook. Built once per version.
#[derive(Debug)]
pub(super) struct Texts {
    views: Vec<Arc<DocumentView>>,
    /// The 0-based place of each among all cells of its notebook; empty for a document alone.
    numbers: Vec<u32>,
    deciders: OnceLock<HashMap<Origin, (usize, Decider)>>,
    regions: OnceLock<Vec<Region>>,
    /// What they say about the cluster that is wanted.
    wish: Arc<Wish>,
    file_wish: OnceLock<FileWish>,
}

impl Texts {
    pub(super) fn new(views: Vec<Arc<DocumentView>>, numbers: Vec<u32>, wish: Arc<Wish>) -> Self {
        let (deciders, regions, file_wish) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { views, numbers, deciders, regions, wish, file_wish }
    }

    /// What they say about the cluster that is wanted.
    pub(super) fn wish(&self) -> &FileWish {
        self.file_wish.get_or_init(|| {
            FileWish::new(&self.wish, |origin| {
                let (text, decider) = self.deciders().get(&origin)?;
                Some(self.line_name(*text, decider.range.start).to_string())
            })
        })
    }

    /// Names the line of a byte of a text.
    pub(super) fn line_name(&self, text: usize, at: usize) -> LineName {
        let view = &self.views[text];
        match self.numbers.get(text) {
            Some(cell) => LineName { cell: Some(*cell), line: view.text.line_of(at) },
            None => view.line_name(at),
        }
    }

    /// The places of the lines that decide what is in force at their px cells, by their origin.
    fn deciders(&self) -> &HashMap<Origin, (usize, Decider)> {
        self.deciders.get_or_init(|| {
            let cells = self.views.iter().flat_map(|view| &view.cells);
            let by = cells.flat_map(|cell| &cell.cell.view.decided_by).map(|by| by.origin);
            let named: HashSet<Origin> = by.chain(self.wish.origins()).collect();
            let blocks: HashSet<(u32, u32)> =
                named.iter().map(|origin| (origin.text, origin.block)).collect();
            let mut found = HashMap::new();
            for (at, view) in self.views.iter().enumerate() {
                for block in view.deciding.iter().filter(|block| blocks.contains(&block.name())) {
                    for (origin, range) in block.deciders().filter(|(origin, _)| named.contains(origin)) {
                        let decider = Decider { line: view.text.line_of(range.start), range };
                        found.entry(origin).or_insert((at, decider));
                    }
                }
            }
            found
        })
    }

    fn regions(&self) -> &[Region] {
        self.regions
            .get_or_init(|| regions(self.views.iter().map(|text| text.cells.iter().map(|view| &*view.cell))))
    }
}

impl Deref for Texts {
    type Target = [Arc<DocumentView>];

    fn deref(&self) -> &Self::Target {
        &self.views
    }
}

/// The runs that are kept, and where they are shown. A value: the session makes a new one when something has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pub(super) records: BTreeMap<RunId, RunRecord>,
    /// What each `%pxresult` that was run shows.
    pub(super) shown_by: HashMap<CellId, RunId>,
    /// The newest run of each name.
    pub(super) named: BTreeMap<String, RunId>,
}

/// A run, and what the user did with it.
#[derive(Clone, Debug)]
pub(crate) struct RunRecord {
    pub handle: Arc<RunHandle>,
    /// The name that `-o` gave it; the newest if there were several.
    pub name: Option<String>,
    /// Whether the user asked to see it, if it is a non-blocking run.
    pub revealed: bool,
    /// Whether its result was cleared.
    pub dismissed: bool,
}

impl Runs {
    /// All runs, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &RunRecord> {
        self.records.values()
    }

    /// A run by its number.
    pub(crate) fn get(&self, run: RunId) -> Option<&Arc<RunHandle>> {
        self.records.get(&run).map(|record| &record.handle)
    }

    /// Whether the result of a run was cleared.
    fn is_dismissed(&self, run: RunId) -> bool {
        self.records.get(&run).is_some_and(|record| record.dismissed)
    }

    /// The newest run that was given this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<RunHandle>> {
        self.get(*self.named.get(name)?)
    }

    /// The run that a `%pxresult` shows, if it was run.
    pub(crate) fn shown_by(&self, cell: CellId) -> Option<&Arc<RunHandle>> {
        self.get(*self.shown_by.get(&cell)?)
    }

    /// Whether the output of a run, in the state `now`, is withheld until the user asks for it. A failure never is.
    pub(crate) fn is_withheld(&self, run: &RunHandle, now: &Run) -> bool {
        !run.plan.blocking
            && now.state() != RunState::Failed
            && self.records.get(&run.id).is_some_and(|record| !record.revealed)
    }

    /// The runs of one document or notebook, or all runs, oldest first.
    pub(crate) fn history(&self, home: Option<DocumentKey>) -> impl DoubleEndedIterator<Item = &RunRecord> {
        let is_of = move |record: &&RunRecord| {
            let at = record.handle.at.borrow();
            home.as_ref().is_none_or(|home| at.home == *home || at.document == *home)
        };
        self.iter().filter(is_of)
    }

    /// The newest run of a suffix in a document or notebook, except for those in `but`. A run that was never sent has
    /// nothing to show, and is skipped.
    pub(crate) fn newest(
        &self,
        home: &DocumentKey,
        suffix: &str,
        but: &HashSet<RunId>,
    ) -> Option<&Arc<RunHandle>> {
        let fits = |handle: &&Arc<RunHandle>| {
            handle.is_result_of(home, suffix)
                && !but.contains(&handle.id)
                && !handle.view.borrow().was_never_sent()
        };
        self.iter().rev().map(|record| &record.handle).find(fits)
    }

    /// The newest run of the same cell after this one that was not dropped before it was sent.
    pub(crate) fn newer(&self, than: &RunHandle) -> Option<&Arc<RunHandle>> {
        let after = self.records.range((Bound::Excluded(than.id), Bound::Unbounded)).rev();
        let is_of_cell =
            |handle: &&Arc<RunHandle>| handle.cell == than.cell && !handle.view.borrow().was_never_sent();
        after.map(|(_, record)| &record.handle).find(is_of_cell)
    }

    /// The previous run of the same cell that was sent, if it is still kept.
    pub(crate) fn earlier(&self, than: &RunHandle) -> Option<&Arc<RunHandle>> {
        let before =
            |handle: &&Arc<RunHandle>| handle.cell == than.cell && !handle.view.borrow().was_never_sent();
        self.records.range(..than.id).rev().map(|(_, record)| &record.handle).find(before)
    }
}
