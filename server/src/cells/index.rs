//! What a document holds, kept up to date while it is edited.
//!
//! A document is a list of blocks. Each was looked through by itself ([`Scanned`], from its text alone) and then told what
//! stands above it ([`Resolved`]). An edit looks again only through blocks whose text or borders it touched, and tells
//! again only those below which something else is in force now. Nothing here is done once per line of the document; what
//! is done once per block is to move an offset. Raw notebooks are one JSON text and are read whole.

mod hunks;
mod script;

#[cfg(test)]
pub(super) use script::parts;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use ropey::Rope;

use super::{
    Block, Carry, Cells, Decider, Dialect, NotNotebook, Origin, PxCell,
    divide::Shape,
    findings::{BlockFacts, Findings, OpenRegion},
    format::{Known, Wanted},
    resolve::{Resolved, resolve},
    scan::Scanned,
};
use crate::text::{Edit, TextRange};

/// What a document holds, see the module.
#[derive(Debug)]
pub struct Index {
    dialect: Dialect,
    /// What names the document in an [`Origin`].
    text: u32,
    next_block: u32,
    before: Arc<Carry>,
    script: script::Script,
    entries: Vec<Entry>,
    error: Option<NotNotebook>,
    /// See [`Index::send_plain`].
    sends_plain: bool,
}

/// A block of the document.
#[derive(Clone, Debug)]
struct Entry {
    /// What its ranges count from.
    start: usize,
    /// Where it ends, its last line end included.
    end: usize,
    /// The line of `start`, 0-based.
    line: u32,
    /// Of a script's block.
    shape: Shape,
    /// Whether it may hide magics in comments.
    hides: bool,
    /// Its name in an [`Origin`].
    number: u32,
    scanned: Arc<Scanned>,
    /// `None` until it is known what is in force above it.
    told: Option<Told>,
}

/// What is in force at a block.
#[derive(Clone, Debug)]
struct Told {
    before: Arc<Carry>,
    after: Arc<Carry>,
    cells: Vec<Arc<PxCell>>,
    findings: Arc<Findings>,
    local_lines: u32,
    set_up: Option<u32>,
}

/// A block as others see it.
#[derive(Clone, Copy, Debug)]
pub struct BlockRef<'a> {
    /// What the ranges of its px cells count from.
    pub base: usize,
    /// The 0-based line of `base`.
    pub line: u32,
    /// Where it is, its marker included, in bytes of the document.
    pub range: TextRange,
    /// Its px cells, in order; their ordinals count in the block.
    pub cells: &'a [Arc<PxCell>],
    /// See [`Block::local_lines`].
    pub local_lines: u32,
    /// The 0-based line by which a plain cell reads as set-up, if it was asked to run on the engines.
    pub set_up: Option<u32>,
}

/// What only the end of all texts that belong together shows: a document alone, or the cells of a notebook.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// What is in force there.
    pub carry: Arc<Carry>,
    /// Whether any of the texts holds a px cell.
    pub has_px: bool,
}

/// What became of the blocks of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Blocks of before and what stands in their place, in rising order. All others are as they were, one for one.
    pub replaced: Vec<(Range<usize>, Range<usize>)>,
    /// Of the others those, by their new place, in which what is in force makes px cells or findings others.
    pub resolved: Vec<usize>,
}

impl Index {
    /// Reads a document. `text` is its name in an [`Origin`]; `before` is what is in force where it begins.
    pub fn new(rope: &Rope, dialect: Dialect, text: u32, before: Arc<Carry>) -> Self {
        Self::new_as(rope, dialect, Wanted::default(), text, before)
    }

    /// The same, where something is known of a script's format before it is read.
    pub fn new_as(rope: &Rope, dialect: Dialect, wanted: Wanted, text: u32, before: Arc<Carry>) -> Self {
        let mut index = Self {
            dialect,
            text,
            next_block: 0,
            before,
            script: script::Script::new(wanted),
            entries: Vec::new(),
            error: None,
            sends_plain: false,
        };
        let replaced = index.read(rope);
        index.resolve(&replaced);
        index
    }

    /// Takes in what changed. `edits` are in bytes of what the one before left; the rope is what the last one left.
    pub fn edit(&mut self, rope: &Rope, edits: &[Edit]) -> Delta {
        if edits.is_empty() {
            return Delta::default();
        }
        let replaced = match self.dialect {
            Dialect::Script => self.edit_script(rope, &hunks::hunks(edits)),
            Dialect::NotebookCell | Dialect::NotebookJson => self.read(rope),
        };
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// Takes in what is known of a script's format from elsewhere.
    pub fn read_as(&mut self, rope: &Rope, wanted: Wanted) -> Delta {
        if self.dialect != Dialect::Script || self.script.wanted() == wanted {
            return Delta::default();
        }
        self.script = script::Script::new(wanted);
        let replaced = self.read(rope);
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// Takes in what is in force where the document begins.
    pub fn begin_with(&mut self, before: &Arc<Carry>) -> Delta {
        self.before = Arc::clone(before);
        Delta { replaced: Vec::new(), resolved: self.resolve(&[]) }
    }

    /// Takes a notebook's cell for one that runs on the engines also where it holds no px magic: from now on it is a px cell
    /// then, unless it reads as set-up.
    pub fn send_plain(&mut self) -> Delta {
        if self.sends_plain || self.dialect != Dialect::NotebookCell {
            return Delta::default();
        }
        self.sends_plain = true;
        self.entries.iter_mut().for_each(|entry| entry.told = None);
        let all = 0..self.entries.len();
        let replaced = vec![(all.clone(), all)];
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// What is in force where the document ends.
    pub fn after(&self) -> &Arc<Carry> {
        self.entries.last().and_then(|last| last.told.as_ref()).map_or(&self.before, |told| &told.after)
    }

    /// Why the document cannot be read. What it held when it last could is kept.
    pub fn error(&self) -> Option<&NotNotebook> {
        self.error.as_ref()
    }

    /// How it is read.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What names it in an [`Origin`].
    pub fn text(&self) -> u32 {
        self.text
    }

    /// What was known of a script before it was read.
    pub(crate) fn wanted(&self) -> Wanted {
        self.script.wanted()
    }

    /// The format that a script is in; `None` for what is no script.
    pub fn format(&self) -> Option<Known> {
        (self.dialect == Dialect::Script).then(|| self.script.known())
    }

    /// The line that begins a cell in a script, where there is one that does in its format.
    pub(crate) fn border(&self) -> Option<&'static str> {
        self.script.border().filter(|_| self.dialect == Dialect::Script)
    }

    /// Its blocks, in order.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = BlockRef<'_>> {
        (0..self.entries.len()).map(|at| self.block(at))
    }

    /// A block.
    ///
    /// # Panics
    /// Where there is none.
    pub fn block(&self, at: usize) -> BlockRef<'_> {
        let entry = &self.entries[at];
        let (cells, local_lines, set_up) = entry
            .told
            .as_ref()
            .map_or((&[][..], 0, None), |told| (&told.cells, told.local_lines, told.set_up));
        let range = entry.scanned.range.shifted(entry.start);
        BlockRef { base: entry.start, line: entry.line, range, cells, local_lines, set_up }
    }

    /// Whether it holds px cells.
    pub fn has_px(&self) -> bool {
        self.entries.iter().filter_map(|entry| entry.told.as_ref()).any(|told| !told.cells.is_empty())
    }

    /// What the end of a document shows that stands alone.
    pub fn end(&self) -> End {
        End { carry: Arc::clone(self.after()), has_px: self.has_px() }
    }

    /// All that is known of its blocks, in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = BlockFacts<'_>> {
        self.entries.iter().filter_map(|entry| {
            let Told { findings, .. } = entry.told.as_ref()?;
            Some(BlockFacts { base: entry.start, scanned: &entry.scanned, findings })
        })
    }

    /// The `%autopx` region that is open at the end, if it begins here.
    pub(crate) fn open_region<'a>(&'a self, end: &'a Carry) -> Option<OpenRegion<'a>> {
        let region = end.autopx.as_ref().filter(|region| region.toggle.text == self.text)?;
        let entry = self.entries.iter().find(|entry| entry.number == region.toggle.block)?;
        let toggle = region.toggle.nth as usize;
        let end = self.entries.last().map(|last| last.start + last.scanned.range.end)?;
        let (base, scanned) = (entry.start, &*entry.scanned);
        Some(OpenRegion { base, scanned, toggle, suffix: &region.suffix, end })
    }

    /// Where the lines stand that may decide something, in bytes of the document.
    pub fn deciders(&self) -> impl Iterator<Item = (Origin, TextRange)> {
        self.entries.iter().flat_map(|entry| {
            let origin = |nth| Origin { text: self.text, block: entry.number, nth };
            entry.scanned.deciders().map(move |(nth, range)| (origin(nth), range.shifted(entry.start)))
        })
    }

    /// All of it in one piece, in bytes of the document, which is the rope.
    pub fn cells(&self, rope: &Rope) -> Cells {
        let mut all = Cells { format: self.format(), border: self.border(), ..Cells::default() };
        let mut next = 0;
        for (block, entry) in self.blocks().zip(&self.entries) {
            let first = next;
            for cell in block.cells {
                all.cells.push(PxCell { ordinal: next, ..cell.shifted(block.base) });
                next += 1;
            }
            all.blocks.push(Block {
                range: block.range,
                notebook_cell: entry.scanned.place.clone(),
                px_cells: first..next,
                local_lines: block.local_lines,
            });
        }
        let decider = |(origin, range): (Origin, TextRange)| {
            (origin, Decider { line: script::line_at(rope, range.start), range })
        };
        all.deciders = self.deciders().map(decider).collect::<BTreeMap<_, _>>();
        all
    }

    /// Reads all of the document anew; blocks that stand where one stood take over its name.
    fn read(&mut self, rope: &Rope) -> Vec<(Range<usize>, Range<usize>)> {
        let old = self.entries.len();
        match self.dialect {
            Dialect::Script => self.read_script(rope),
            Dialect::NotebookCell => {
                let scanned = Scanned::notebook_cell(&rope.to_string());
                self.replace(0..old, vec![Entry::new(0..rope.len_bytes(), scanned)]);
            }
            Dialect::NotebookJson => match Scanned::notebook_json(&rope.to_string()) {
                Ok(cells) => {
                    self.error = None;
                    let entry = |scanned| Entry::new(0..0, scanned);
                    self.replace(0..old, cells.into_iter().map(entry).collect());
                }
                Err(error) => {
                    self.error = Some(error);
                    return Vec::new();
                }
            },
        }
        vec![(0..old, 0..self.entries.len())]
    }

    /// Puts blocks in the place of others, and names them.
    fn replace(&mut self, old: Range<usize>, mut new: Vec<Entry>) {
        let names = self.entries[old.clone()].iter().map(|entry| entry.number);
        let mut next = self.next_block;
        let fresh = std::iter::repeat_with(|| {
            next += 1;
            next - 1
        });
        for (entry, name) in new.iter_mut().zip(names.chain(fresh)) {
            entry.number = name;
        }
        self.next_block = next;
        self.entries.splice(old, new);
    }

    /// Tells blocks what stands above them where they do not know it, up to where what they know is still so. Gives those that were not replaced and hold others
    /// px cells or findings now.
    fn resolve(&mut self, replaced: &[(Range<usize>, Range<usize>)]) -> Vec<usize> {
        let mut changed = Vec::new();
        // Behind the last block that was replaced, each knows what the one before it leaves.
        let begin = replaced.first().map_or(0, |(_, new)| new.start);
        let end = replaced.last().map_or(0, |(_, new)| new.end);
        let above = begin.checked_sub(1).and_then(|at| self.entries[at].told.as_ref());
        let mut carry = Arc::clone(above.map_or(&self.before, |told| &told.after));
        for (at, entry) in self.entries.iter_mut().enumerate().skip(begin) {
            if let Some(told) = &entry.told
                && same(&told.before, &carry)
            {
                if at >= end {
                    break;
                }
                carry = Arc::clone(&told.after);
                continue;
            }
            let Resolved { cells, findings, local_lines, after, set_up } =
                resolve(&entry.scanned, &carry, self.text, entry.number, self.sends_plain);
            let before = std::mem::replace(&mut carry, Arc::clone(&after));
            let kept = entry.told.as_ref().map_or(&[][..], |told| &told.cells);
            let cells = keep(kept, cells);
            let findings = match &entry.told {
                Some(told) if *told.findings == findings => Arc::clone(&told.findings),
                _ => Arc::new(findings),
            };
            let is_as_it_was = |told: &Told| {
                let same_cells = told.cells.iter().zip(&cells).all(|(old, new)| Arc::ptr_eq(old, new));
                told.cells.len() == cells.len()
                    && same_cells
                    && told.findings.all == findings.all
                    && told.local_lines == local_lines
            };
            if entry.told.as_ref().is_some_and(|told| !is_as_it_was(told)) {
                changed.push(at);
            }
            entry.told = Some(Told { before, after, cells, findings, local_lines, set_up });
        }
        changed
    }
}

impl Entry {
    fn new(bytes: Range<usize>, scanned: Scanned) -> Self {
        Self {
            start: bytes.start,
            end: bytes.end,
            line: 0,
            shape: Shape::default(),
            hides: false,
            number: 0,
            scanned: Arc::new(scanned),
            told: None,
        }
    }
}

/// The new cells, with the old ones in the place of those that are as they were.
fn keep(old: &[Arc<PxCell>], new: Vec<PxCell>) -> Vec<Arc<PxCell>> {
    let keep = |(at, cell): (usize, PxCell)| match old.get(at) {
        Some(old) if **old == cell => Arc::clone(old),
        _ => Arc::new(cell),
    };
    new.into_iter().enumerate().map(keep).collect()
}

/// Equal, which the same are without a look.
pub(super) fn same(one: &Arc<Carry>, other: &Arc<Carry>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}
