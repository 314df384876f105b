//! Px cells: text becomes the cells one can run, the exact code each sends, and what is in force at each.
//!
//! A pure function of the text. Nothing here runs, evaluates or imports anything, nothing here knows an engine, and nothing
//! here judges: of what may be wrong it keeps the facts ([`findings`]), and `lint` says what they mean. Lines are 0-based.
//! Ranges are bytes: those of a block and of what is in it count from the block's beginning ([`BlockRange`]), since an edit
//! above moves the block and nothing else. [`Placed`] gives those of a px cell in bytes of the document.

mod automagic;
pub(crate) mod block;
mod block_range;
pub(crate) mod broken;
mod calls;
mod divide;
pub(crate) mod escapes;
pub(crate) mod findings;
mod format;
pub(crate) mod found;
mod index;
mod jupytext;
mod lines;
pub(crate) mod magic;
pub(crate) mod mapped;
pub(crate) mod markers;
mod notebook;
pub(crate) mod options;
mod origin;
mod own_magics;
mod place;
pub(crate) mod prefix;
mod prompts;
pub(crate) mod python;
pub(crate) mod refusal;
mod regions;
mod resolve;
pub(crate) mod scan;
mod set_up;
mod shared_code;
mod shell;
mod spelling;
mod statements;
mod suites;
mod syntax;
mod unreadable;
mod values;
mod views;
mod wish;

use std::{
    collections::BTreeMap,
    ops::{Deref, Range},
    sync::Arc,
};

use ropey::Rope;

pub(crate) use block_range::BlockRange;
pub(crate) use format::{Fault, FaultKind, Format, Known, Wanted};
pub(crate) use index::{BlockRef, Deciding, Delta, End, Index};
pub(crate) use magic::{MagicKind, Options, OwnOptions};
pub(crate) use mapped::LineMap;
pub(crate) use notebook::NotNotebook;
pub(crate) use origin::Origin;
pub(crate) use place::{LineName, NotebookLines, notebook_line};
pub(crate) use regions::{Region, RegionPlace, regions};
pub(crate) use spelling::{is_marker, spelled};
pub(crate) use suites::Suite;
pub(crate) use unreadable::Unreadable;
pub(crate) use values::{GroupOutputs, TargetsOption};
pub(crate) use views::{Carry, DecidedBy, Effective, Sets, UnreadTargets, ViewState, Views};
pub(crate) use wish::{ClusterWish, Wish};

use crate::{
    engines::{Targets, TargetsError},
    text::TextRange,
};

/// What kind of text a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A script, `.py` or `.ipy`: its format decides how it is divided into cells, and which magics in comments count.
    Script,
    /// One code cell of a notebook that the client synchronises cell by cell.
    NotebookCell,
    /// A notebook as the raw text of its `.ipynb` file.
    NotebookJson,
}

/// What a document holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    /// The px cells, in the order of the document.
    pub cells: Vec<Placed>,
    /// The code cells of the document, with or without px cells in them.
    pub blocks: Vec<Block>,
    /// The format of a script.
    pub format: Option<Known>,
    /// The line that begins a cell in a script, where there is one that does in its format.
    pub(crate) border: Option<&'static str>,
    /// What the document says about the cluster that it wants.
    pub(crate) wish: Arc<Wish>,
    /// The lines of its cells, if it is a raw notebook.
    pub(crate) notebook: Vec<NotebookLines>,
    deciders: BTreeMap<Origin, Decider>,
}

impl Cells {
    /// Names the line of a byte of the document, which is on this 0-based line of it.
    pub(crate) fn line_name(&self, at: usize, line: u32) -> LineName {
        match notebook_line(&self.notebook, at) {
            Some((cell, line)) => LineName { cell: Some(cell), line },
            None => LineName { cell: None, line },
        }
    }

    /// Where the line of an origin stands; `None` if it stands in another text.
    pub(crate) fn place(&self, origin: Origin) -> Option<Decider> {
        self.deciders.get(&origin).copied()
    }

    /// Where a line stands that decides something; `None` if it stands in another text.
    pub fn decider(&self, by: &DecidedBy) -> Option<Decider> {
        self.deciders.get(&by.origin).copied()
    }
}

/// Where a line stands that decides what is in force below it, in its own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decider {
    /// Its 0-based line.
    pub line: u32,
    /// The magic or the statement on it.
    pub range: TextRange,
}

/// A code cell of a notebook or of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Where it is, its marker included.
    pub range: TextRange,
    /// Which cell of the notebook it is, in raw notebooks.
    pub notebook_cell: Option<NotebookCellRef>,
    /// The px cells in it, by their ordinal.
    pub px_cells: Range<u32>,
    /// How many lines hold code that belongs to no px cell; blank lines and comments do not count.
    pub local_lines: u32,
}

/// The smallest thing one can run, without where its block stands; [`Placed`] knows that.
#[derive(Clone, Debug, PartialEq)]
pub struct PxCell {
    /// Its 0-based number in its block.
    ordinal: u32,
    /// What it is.
    pub kind: CellKind,
    /// Its first line, parsed; for a cell inside an `%autopx` region the toggle's name and suffix.
    pub magic: Magic,
    /// All of it, from its magic on.
    pub range: BlockRange,
    /// Its magic's line, from the first character that is not blank; of an autopx cell the first line that is not blank.
    pub magic_range: BlockRange,
    /// Exactly what is sent.
    pub code: Arc<str>,
    /// The way from the lines of `code` back to the block.
    lines: Arc<LineMap>,
    /// Which cell of the notebook it is in, in raw notebooks.
    pub notebook_cell: Option<NotebookCellRef>,
    /// What the lines above it put in force.
    pub view: ViewState,
    /// How it is written.
    pub spelling: Spelling,
    /// The statement whose body it stands in. Such a px cell sets nothing that is in force, and runs only where somebody asks
    /// for that very one.
    pub suite: Option<Suite>,
    /// What the alias that it is written with stands for, as `%%px --targets 0`.
    pub alias: Option<Arc<str>>,
    refusal: Option<String>,
}

/// How a px magic is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `%%px`, `%px`: as IPython reads it. Also of a cell inside an `%autopx` region.
    Plain,
    /// `# %%px`, `#%px`: jupytext's way to keep a script Python.
    Comment,
    /// `#!%%px`: VS Code's.
    Bang,
    /// `# MAGIC %%px`: that of Databricks, which hides all lines of a cell.
    Databricks,
    /// `get_ipython().run_cell_magic(…)`.
    Call {
        /// Whether nothing else stands on its lines: no assignment, no other statement.
        is_alone: bool,
    },
}

impl PxCell {
    /// Why it cannot run, whatever the engines are, as a sentence; targets apart, see [`PxCell::targets`].
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// How it runs, targets apart.
    pub fn effective(&self) -> Effective {
        self.view.effective(&self.magic.options)
    }

    /// The targets it asks for: its own, else those in force, else all engines.
    pub fn targets(&self) -> Result<Targets, CellTargetsError> {
        match (&self.magic.options.targets, &self.view.targets) {
            (Some(own), _) => Ok(own.parsed.clone()?),
            (None, Some(view)) => Ok(view.clone()?),
            (None, None) => Ok(Targets::All),
        }
    }
}

/// A px cell where it stands in its document.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Its 0-based number in the document.
    pub ordinal: u32,
    cell: Arc<PxCell>,
    base: usize,
}

impl Placed {
    /// A cell of a block that begins at byte `base` of its document.
    pub(crate) fn new(cell: Arc<PxCell>, base: usize) -> Self {
        Self { ordinal: cell.ordinal, cell, base }
    }

    /// The same cell where its block has moved.
    pub(crate) fn moved(self, base: usize) -> Self {
        Self { base, ..self }
    }

    /// Whether it is this very cell, wherever it stands.
    pub(crate) fn is_of(&self, cell: &Arc<PxCell>) -> bool {
        Arc::ptr_eq(&self.cell, cell)
    }

    /// The same cell, numbered in its document.
    pub(crate) fn numbered(self, ordinal: u32) -> Self {
        Self { ordinal, ..self }
    }

    /// A range of the cell, in bytes of the document.
    pub(crate) fn place(&self, range: BlockRange) -> TextRange {
        range.at(self.base)
    }

    /// All of it, in bytes of the document.
    pub(crate) fn range(&self) -> TextRange {
        self.place(self.cell.range)
    }

    /// Its magic's line, in bytes of the document; see [`PxCell::magic_range`].
    pub(crate) fn magic_range(&self) -> TextRange {
        self.place(self.cell.magic_range)
    }

    /// The magic's name with its percent signs, in bytes of the document.
    pub(crate) fn name_range(&self) -> TextRange {
        self.place(self.cell.magic.name_range)
    }

    /// Where a 0-based line of its code stands in the document, without its line end.
    pub(crate) fn code_range(&self, code_line: u32) -> Option<TextRange> {
        self.cell.lines.block_range(code_line).map(|range| self.place(range))
    }

    /// The document's byte of a 0-based line and byte column of its code; a column beyond the line is its end.
    pub(crate) fn code_offset(&self, code_line: u32, column: usize) -> Option<usize> {
        Some(self.base + self.cell.lines.block_offset(code_line, column)?)
    }
}

impl Deref for Placed {
    type Target = PxCell;

    fn deref(&self) -> &PxCell {
        &self.cell
    }
}

/// Why the targets of a px cell are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellTargetsError {
    /// Its own expression is not in the grammar.
    #[error(transparent)]
    Own(#[from] TargetsError),
    /// A line above set targets that cannot be read.
    #[error(transparent)]
    View(#[from] UnreadTargets),
}

/// What a px cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CellKind {
    /// `%%px` and its body.
    CellMagic,
    /// `%px`, also where its result is assigned.
    LineMagic,
    /// `%pxresult` or `%result`: shows the last result again, sends nothing.
    Result,
    /// `%pxconfig`: decides for the cells below, sends nothing.
    Config,
    /// `%autopx`: opens or closes a region, sends nothing.
    Autopx,
    /// A code cell inside an `%autopx` region.
    AutopxCell,
    /// A code cell of a notebook without px magics, which was asked to run on the engines as a whole.
    Plain,
    /// A `with view.sync_imports():` block: its imports, which bind on the engines what they bind upstream. That is the name
    /// of the module, or those that are taken from it, and no alias: `import numpy as np` gives the engines `numpy`.
    SyncImports,
}

impl CellKind {
    /// Whether a px cell of this kind sends code.
    pub fn sends(self) -> bool {
        matches!(self, Self::CellMagic | Self::LineMagic | Self::AutopxCell | Self::Plain | Self::SyncImports)
    }

    /// Whether a `%pxresult` can show the result of a px cell of this kind. ipyparallel does not count a `sync_imports` as a
    /// magic's result.
    pub fn gives_result(self) -> bool {
        self.sends() && self != Self::SyncImports
    }
}

/// The line that makes a px cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Magic {
    /// Which one it is.
    pub kind: MagicKind,
    /// What stands behind it: the name of the view. Empty for the first view.
    pub suffix: String,
    /// Its options; empty for the magics that take none.
    pub options: Options,
    /// The name with its percent signs; empty for a cell inside an `%autopx` region. Of a block of imports the word
    /// `sync_imports`.
    pub name_range: BlockRange,
}

/// Which cell of a notebook something is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotebookCellRef {
    /// Its 0-based place among all cells.
    pub index: u32,
    /// Its id, which notebooks have since nbformat 4.5.
    pub id: Option<String>,
}

/// Finds the px cells of a document that stands alone.
pub fn recognize(text: &str, dialect: Dialect) -> Result<Cells, Unreadable> {
    recognize_with(text, dialect, &Arc::default())
}

/// The same, with the views that the settings name.
pub(crate) fn recognize_with(text: &str, dialect: Dialect, views: &Arc<Views>) -> Result<Cells, Unreadable> {
    let rope = Rope::from_str(text);
    let index = Index::new(&rope, dialect, 0, Arc::new(Carry::new(views)));
    match index.error() {
        Some(error) => Err(error.clone()),
        None => Ok(index.cells(&rope)),
    }
}

/// The same of a script of which something is known before it is read.
pub(crate) fn recognize_as(text: &str, dialect: Dialect, wanted: Wanted) -> Result<Cells, Unreadable> {
    let rope = Rope::from_str(text);
    let index = Index::new_as(&rope, dialect, wanted, 0, Arc::default());
    match index.error() {
        Some(error) => Err(error.clone()),
        None => Ok(index.cells(&rope)),
    }
}

/// Finds the px cells of a synchronised notebook, given the texts of its code cells in order: what a cell puts in force
/// holds in those below it. Gives one answer per text; ranges, lines and ordinals count in that text.
pub fn recognize_cells(texts: &[&str]) -> Vec<Cells> {
    recognize_cells_with(texts, &Arc::default())
}

/// The same, with the views that the settings name.
pub(crate) fn recognize_cells_with(texts: &[&str], views: &Arc<Views>) -> Vec<Cells> {
    let (all, _) = read_cells(texts, views);
    all.iter().map(|(rope, index)| index.cells(rope)).collect()
}

/// The code cells of a notebook, read in order, and what their end shows.
fn read_cells(texts: &[&str], views: &Arc<Views>) -> (Vec<(Rope, Index)>, End) {
    let mut end = End { carry: Arc::new(Carry::new(views)), has_px: false };
    let read = |(number, text): (u32, &&str)| {
        let rope = Rope::from_str(text);
        let index = Index::new(&rope, Dialect::NotebookCell, number, end.carry.clone());
        end = End { carry: index.after().clone(), has_px: end.has_px || index.has_px() };
        (rope, index)
    };
    let all = (0..).zip(texts).map(read).collect();
    (all, end)
}

#[cfg(test)]
mod tests;
