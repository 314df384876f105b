//! What a document holds, kept up to date while it is edited.
//!
//! A document is a list of blocks. Each is scanned by itself ([`Scanned`], from its text alone), and then resolved in the context
//! above it ([`Resolved`]). An edit scans again only the blocks whose text or borders it touched, and resolves again only
//! those below whose context changed. Nothing here is done once per line of the document; per block, only an offset moves.
//! Raw notebooks are one JSON text and are read whole.

mod hunks;
mod script;

#[cfg(test)]
pub(super) use script::parts;

use std::{ops::Range, sync::Arc};

use ropey::Rope;

use super::{
    Block, Carry, Cells, Decider, Dialect, NotebookLines, Origin, Placed, PxCell, Unreadable,
    divide::Shape,
    findings::{BlockFacts, Findings, OpenRegion},
    format::{Fault, Known, Wanted},
    resolve::{Resolved, resolve},
    scan::Scanned,
};
use crate::text::{Edit, TextRange};

/// What a document holds, see the module.
#[derive(Debug)]
pub(crate) struct Index {
    dialect: Dialect,
    /// What names the document in an [`Origin`].
    text: u32,
    next_block: u32,
    before: Arc<Carry>,
    script: script::Script,
    entries: Vec<Entry>,
    /// The blocks that hold more than local code of which there is nothing to say, by place, in order. Few are, in long
    /// scripts; the others are not visited for each typed character.
    notable: Vec<usize>,
    error: Option<Unreadable>,
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
    /// That of `scanned`, kept here since all blocks are visited after each edit, and few of those visits need more.
    range: TextRange,
    /// Whether a line of it may decide what is in force, which few do; kept here for the same reason.
    decides: bool,
    /// `None` until it is known what is in force above it.
    resolved: Option<InForce>,
}

/// What is in force at a block.
#[derive(Clone, Debug)]
struct InForce {
    before: Arc<Carry>,
    after: Arc<Carry>,
    cells: Vec<Arc<PxCell>>,
    findings: Arc<Findings>,
    local_lines: u32,
    set_up: Option<u32>,
    /// See [`Resolved::reread`].
    reread: Option<Arc<Scanned>>,
}

/// A block as others see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockRef<'a> {
    /// What the ranges of its px cells count from.
    pub base: usize,
    /// The 0-based line of `base`.
    pub line: u32,
    /// Where it is, its marker included, in bytes of the document.
    pub range: TextRange,
    /// Whether it begins with a marker or the like, which is no code of it.
    pub is_marked: bool,
    /// Its px cells, in order; their ordinals count in the block.
    pub cells: &'a [Arc<PxCell>],
    /// See [`Block::local_lines`].
    pub local_lines: u32,
    /// The 0-based line by which a plain cell reads as set-up, if it was asked to run on the engines.
    pub set_up: Option<u32>,
}

/// A block with lines that may decide what is in force.
#[derive(Clone, Debug)]
pub(crate) struct Deciding {
    text: u32,
    block: u32,
    base: usize,
    scanned: Arc<Scanned>,
}

/// What only the end of all texts that belong together shows: a document alone, or the cells of a notebook.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// What is in force there.
    pub carry: Arc<Carry>,
    /// Whether any of the texts holds a px cell.
    pub has_px: bool,
}

/// What became of the blocks of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    /// Blocks of before and what stands in their place, in rising order. All others are as they were, one for one.
    pub replaced: Vec<(Range<usize>, Range<usize>)>,
    /// Indices of the other blocks whose px cells or findings changed because the context above them did.
    pub resolved: Vec<usize>,
}

impl Index {
    /// Reads a document. `text` is its name in an [`Origin`]; `before` is what is in force where it begins.
    pub(crate) fn new(rope: &Rope, dialect: Dialect, text: u32, before: Arc<Carry>) -> Self {
        Self::new_as(rope, dialect, Wanted::default(), text, before)
    }

    /// The same, where something is known of a script's format before it is read.
    pub(crate) fn new_as(
        rope: &Rope,
        dialect: Dialect,
        wanted: Wanted,
        text: u32,
        before: Arc<Carry>,
    ) -> Self {
        let mut index = Self {
            dialect,
            text,
            next_block: 0,
            before,
            script: script::Script::new(wanted),
            entries: Vec::new(),
            notable: Vec::new(),
            error: None,
            sends_plain: false,
        };
        let replaced = index.read(rope);
        index.resolve(&replaced);
        index
    }

    /// Takes in what changed. `edits` are in bytes of what the one before left; the rope is what the last one left.
    pub(crate) fn edit(&mut self, rope: &Rope, edits: &[Edit]) -> Delta {
        if edits.is_empty() {
            return Delta::default();
        }
        let is_unread = self.error.is_some() || Unreadable::too_large(rope, self.dialect).is_some();
        let replaced = match self.dialect {
            Dialect::Script if !is_unread => self.edit_script(rope, &hunks::hunks(edits)),
            _ => self.read(rope),
        };
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// Takes in what is known of a script's format from elsewhere.
    pub(crate) fn read_as(&mut self, rope: &Rope, wanted: Wanted) -> Delta {
        if self.dialect != Dialect::Script || self.script.wanted() == wanted {
            return Delta::default();
        }
        self.script = script::Script::new(wanted);
        let replaced = self.read(rope);
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// Takes in what is in force where the document begins.
    pub(crate) fn begin_with(&mut self, before: &Arc<Carry>) -> Delta {
        self.before = Arc::clone(before);
        Delta { replaced: Vec::new(), resolved: self.resolve(&[]) }
    }

    /// Takes a notebook's cell for one that runs on the engines also where it holds no px magic: from now on it is a px cell
    /// then, unless it reads as set-up.
    pub(crate) fn send_plain(&mut self) -> Delta {
        if self.sends_plain || self.dialect != Dialect::NotebookCell {
            return Delta::default();
        }
        self.sends_plain = true;
        self.entries.iter_mut().for_each(|entry| entry.resolved = None);
        let all = 0..self.entries.len();
        let replaced = vec![(all.clone(), all)];
        let resolved = self.resolve(&replaced);
        Delta { replaced, resolved }
    }

    /// What is in force where the document ends.
    pub(crate) fn after(&self) -> &Arc<Carry> {
        self.entries
            .last()
            .and_then(|last| last.resolved.as_ref())
            .map_or(&self.before, |resolved| &resolved.after)
    }

    /// Why the document is not read. What a notebook held when it last could be read is kept.
    pub(crate) fn error(&self) -> Option<&Unreadable> {
        self.error.as_ref()
    }

    /// How it is read.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What names it in an [`Origin`].
    pub(crate) fn text(&self) -> u32 {
        self.text
    }

    /// What was known of a script before it was read.
    pub(crate) fn wanted(&self) -> Wanted {
        self.script.wanted()
    }

    /// The format that a script is in; `None` for what is no script.
    pub(crate) fn format(&self) -> Option<Known> {
        (self.dialect == Dialect::Script).then(|| self.script.known())
    }

    /// Why jupytext does not read a script.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.script.fault().filter(|_| self.dialect == Dialect::Script)
    }

    /// The line that begins a cell in a script, where there is one that does in its format.
    pub(crate) fn border(&self) -> Option<&'static str> {
        self.script.border().filter(|_| self.dialect == Dialect::Script)
    }

    /// Its blocks, in order.
    pub(crate) fn blocks(&self) -> impl ExactSizeIterator<Item = BlockRef<'_>> {
        (0..self.entries.len()).map(|at| self.block(at))
    }

    /// Its blocks that hold px cells or are set-up code, or of which there is something to say, by place.
    pub(crate) fn notable_blocks(&self) -> impl ExactSizeIterator<Item = (usize, BlockRef<'_>)> {
        self.notable.iter().map(|at| (*at, self.block(*at)))
    }

    /// Where each of its blocks stands, in bytes of the document.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = TextRange> {
        self.entries.iter().map(|entry| entry.range.shifted(entry.start))
    }

    fn notable(&self) -> impl Iterator<Item = &Entry> {
        self.notable.iter().map(|at| &self.entries[*at])
    }

    /// A block.
    ///
    /// # Panics
    /// Where there is none.
    pub(crate) fn block(&self, at: usize) -> BlockRef<'_> {
        let entry = &self.entries[at];
        let (cells, local_lines, set_up) = entry
            .resolved
            .as_ref()
            .map_or((&[][..], 0, None), |resolved| (&resolved.cells, resolved.local_lines, resolved.set_up));
        let range = entry.range.shifted(entry.start);
        let is_marked = entry.shape.head > 0;
        BlockRef { base: entry.start, line: entry.line, range, is_marked, cells, local_lines, set_up }
    }

    /// The lines of its cells, if it is a raw notebook.
    pub(crate) fn notebook_lines(&self) -> Vec<NotebookLines> {
        let of_cells = self.entries.iter().filter(|_| self.dialect == Dialect::NotebookJson);
        of_cells.filter_map(|entry| entry.scanned.notebook_lines(entry.start)).collect()
    }

    /// Whether it holds px cells.
    pub(crate) fn has_px(&self) -> bool {
        self.notable().filter_map(|entry| entry.resolved.as_ref()).any(|resolved| !resolved.cells.is_empty())
    }

    /// What the end of a document shows that stands alone.
    pub(crate) fn end(&self) -> End {
        End { carry: Arc::clone(self.after()), has_px: self.has_px() }
    }

    /// All that is known of its blocks of which there is something to say, in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = BlockFacts<'_>> {
        self.notable().filter_map(|entry| {
            let InForce { findings, .. } = entry.resolved.as_ref()?;
            Some(BlockFacts { base: entry.start, scanned: entry.as_read(), findings })
        })
    }

    /// The `%autopx` region that is open at the end, if it begins here.
    pub(crate) fn open_region<'a>(&'a self, end: &'a Carry) -> Option<OpenRegion<'a>> {
        let region = end.autopx.as_ref().filter(|region| region.toggle.text == self.text)?;
        let entry = self.entries.iter().find(|entry| entry.number == region.toggle.block)?;
        let toggle = region.toggle.nth as usize;
        let end = self.entries.last().map(|last| last.start + last.scanned.range.end)?;
        let (base, scanned) = (entry.start, &**entry.as_read());
        Some(OpenRegion { base, scanned, toggle, suffix: &region.suffix, end })
    }

    /// Its blocks with lines that may decide what is in force.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = Deciding> {
        self.entries.iter().filter(|entry| entry.decides).map(|entry| Deciding {
            text: self.text,
            block: entry.number,
            base: entry.start,
            scanned: Arc::clone(entry.as_read()),
        })
    }

    /// All of it in one piece, in bytes of the document, which is the rope.
    pub(crate) fn cells(&self, rope: &Rope) -> Cells {
        let mut all = Cells {
            format: self.format(),
            border: self.border(),
            wish: Arc::clone(self.after().wish()),
            notebook: self.notebook_lines(),
            ..Cells::default()
        };
        let mut next = 0;
        for (block, entry) in self.blocks().zip(&self.entries) {
            let first = next;
            for cell in block.cells {
                all.cells.push(Placed::new(Arc::clone(cell), block.base).numbered(next));
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
        for block in self.deciding() {
            all.deciders.extend(block.deciders().map(decider));
        }
        all
    }

    /// Reads all of the document anew; blocks that stand where one stood take over its name.
    fn read(&mut self, rope: &Rope) -> Vec<(Range<usize>, Range<usize>)> {
        let old = self.entries.len();
        self.error = Unreadable::too_large(rope, self.dialect);
        match self.dialect {
            _ if self.error.is_some() => {
                self.script = script::Script::new(self.wanted());
                self.replace(0..old, Vec::new());
            }
            Dialect::Script => self.read_script(rope),
            Dialect::NotebookCell => {
                let scanned = Scanned::notebook_cell(&rope.to_string());
                self.replace(0..old, vec![Entry::new(0..rope.len_bytes(), scanned)]);
            }
            Dialect::NotebookJson => match Scanned::notebook_json(&rope.to_string()) {
                Ok(cells) => {
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

    /// Resolves every block whose context changed, and stops where it is as before. Returns the blocks that were not replaced
    /// but whose px cells or findings changed.
    fn resolve(&mut self, replaced: &[(Range<usize>, Range<usize>)]) -> Vec<usize> {
        let changed = self.resolve_all(replaced);
        self.follow_notable(replaced, &changed);
        changed
    }

    /// Follows the notable blocks through a change. Only those that changed are looked at.
    fn follow_notable(&mut self, replaced: &[(Range<usize>, Range<usize>)], changed: &[usize]) {
        let mut list = Vec::with_capacity(self.notable.len());
        let mut ahead = replaced.iter().peekable();
        let (mut old_end, mut new_end) = (0, 0);
        for at in std::mem::take(&mut self.notable) {
            while let Some((old, new)) = ahead.next_if(|(old, _)| old.end <= at) {
                (old_end, new_end) = (old.end, new.end);
            }
            if ahead.peek().is_none_or(|(old, _)| at < old.start) {
                list.push(at - old_end + new_end);
            }
        }
        list.retain(|at| changed.binary_search(at).is_err());
        let fresh = replaced.iter().flat_map(|(_, new)| new.clone()).chain(changed.iter().copied());
        list.extend(fresh.filter(|at| self.entries[*at].is_notable()));
        list.sort_unstable();
        list.dedup();
        self.notable = list;
    }

    fn resolve_all(&mut self, replaced: &[(Range<usize>, Range<usize>)]) -> Vec<usize> {
        let mut changed = Vec::new();
        // Behind the last block that was replaced, each knows what the one before it leaves.
        let begin = replaced.first().map_or(0, |(_, new)| new.start);
        let end = replaced.last().map_or(0, |(_, new)| new.end);
        let above = begin.checked_sub(1).and_then(|at| self.entries[at].resolved.as_ref());
        let mut carry = Arc::clone(above.map_or(&self.before, |resolved| &resolved.after));
        // Blocks that change nothing share what is in force, so that the same two are met again and again.
        let mut differing: Option<[Arc<Carry>; 2]> = None;
        let mut is_in_force = |before: &Arc<Carry>, carry: &Arc<Carry>| {
            let pair = [before, carry];
            if differing.as_ref().is_some_and(|known| known.iter().zip(pair).all(|(a, b)| Arc::ptr_eq(a, b)))
            {
                return false;
            }
            let is_same = Carry::is_same(before, carry);
            if !is_same {
                differing = Some(pair.map(Arc::clone));
            }
            is_same
        };
        for (at, entry) in self.entries.iter_mut().enumerate().skip(begin) {
            if let Some(resolved) = &entry.resolved
                && is_in_force(&resolved.before, &carry)
            {
                if at >= end {
                    break;
                }
                carry = Arc::clone(&resolved.after);
                continue;
            }
            let Resolved { cells, findings, local_lines, after, set_up, reread } =
                resolve(&entry.scanned, &carry, self.text, entry.number, self.sends_plain);
            let before = std::mem::replace(&mut carry, Arc::clone(&after));
            let kept = entry.resolved.as_ref().map_or(&[][..], |resolved| &resolved.cells);
            let cells = keep(kept, cells);
            let findings = match &entry.resolved {
                Some(resolved) if *resolved.findings == findings => Arc::clone(&resolved.findings),
                _ => Arc::new(findings),
            };
            let is_as_it_was = |resolved: &InForce| {
                let same_cells = resolved.cells.iter().zip(&cells).all(|(old, new)| Arc::ptr_eq(old, new));
                resolved.cells.len() == cells.len()
                    && resolved.reread.is_none()
                    && reread.is_none()
                    && same_cells
                    && resolved.findings.all == findings.all
                    && resolved.local_lines == local_lines
            };
            if entry.resolved.as_ref().is_some_and(|resolved| !is_as_it_was(resolved)) {
                changed.push(at);
            }
            entry.resolved = Some(InForce { before, after, cells, findings, local_lines, set_up, reread });
            let decides = entry.as_read().deciders().next().is_some();
            entry.decides = decides;
        }
        changed
    }
}

impl Deciding {
    /// What names it in an [`Origin`]: its text and its number there.
    pub(crate) fn name(&self) -> (u32, u32) {
        (self.text, self.block)
    }

    /// Where those lines stand, in bytes of the document.
    pub(crate) fn deciders(&self) -> impl Iterator<Item = (Origin, TextRange)> {
        let origin = |nth| Origin { text: self.text, block: self.block, nth };
        self.scanned.deciders().map(move |(nth, range)| (origin(nth), range.shifted(self.base)))
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
            range: scanned.range,
            scanned: Arc::new(scanned),
            decides: false,
            resolved: None,
        }
    }

    /// Whether it holds more than local code of which there is nothing to say.
    fn is_notable(&self) -> bool {
        let in_force = |resolved: &InForce| {
            !resolved.cells.is_empty()
                || !resolved.findings.all.is_empty()
                || resolved.set_up.is_some()
                || resolved.reread.is_some()
        };
        self.scanned.is_notable() || self.resolved.as_ref().is_some_and(in_force)
    }

    /// What it holds where it stands.
    fn as_read(&self) -> &Arc<Scanned> {
        self.resolved.as_ref().and_then(|resolved| resolved.reread.as_ref()).unwrap_or(&self.scanned)
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
