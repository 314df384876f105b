//! How the index of a script follows edits: in which format it is, how that divides it, which blocks are the ones of before.

use std::ops::Range;

use ropey::Rope;

use super::{Entry, Index, hunks::Hunk};
use crate::cells::{
    divide::{self, Divider, Kind, Part},
    format::{self, Fault, Header, Known, Piece, Style, Tally, Wanted},
    jupytext::Strings,
    scan::Scanned,
};

/// The byte order mark that some editors begin a file with.
const BOM: char = '\u{feff}';

/// How a script is divided.
#[derive(Debug, Default)]
pub(super) struct Script {
    wanted: Wanted,
    /// The first byte that counts.
    start: usize,
    header: Header,
    /// What the header counts as content.
    header_piece: Piece,
    style: Style,
    /// All of its cells, in order, without gaps from the header's end on.
    parts: Vec<Part>,
}

/// Cells that were divided anew.
struct Span {
    /// Where those of before stood.
    old: Range<usize>,
    /// Those that stand there now, by number.
    parts: Range<usize>,
}

/// What an edit did to the division of a script.
struct Redivided {
    spans: Vec<Span>,
    /// Whether other magics in comments count than before.
    is_freed: bool,
    /// Whether all has to be looked through again.
    is_other: bool,
}

impl Script {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// What the script is taken to be.
    pub(super) fn known(&self) -> Known {
        self.style.known
    }

    /// Why jupytext does not read the script.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.header.fault.as_ref()
    }

    /// The line that begins a cell.
    pub(super) fn border(&self) -> Option<&'static str> {
        self.style.border()
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Reads all of a script.
    fn read(&mut self, rope: &Rope) {
        let text = rope.to_string();
        self.start = start(rope);
        self.header = format::header(&text, self.start);
        self.header_piece = Piece::of(&text[self.start..self.header.end], false);
        let mut tally = Tally::default();
        Piece::of(&text[self.start..], false).add_to(&mut tally, &mut Strings::default());
        self.style = format::decide(self.wanted, &self.header, &tally);
        self.parts = divide::divide(&text, self.header.end, &self.style);
        // Which cells hold code is known only now; the px magics in them say nothing of how the script is divided.
        self.style = format::decide(self.wanted, &self.header, &self.tally());
        self.style.escapes.is_unsure = self.is_unsure();
    }

    /// Divides anew what the edits can have reached.
    fn edit(&mut self, rope: &Rope, hunks: &[Hunk]) -> Redivided {
        let old_style = self.style.clone();
        let all = |script: &Self| vec![Span { old: 0..usize::MAX, parts: 0..script.parts.len() }];
        let is_kept = self.follow_header(rope, hunks);
        let mut spans = Vec::new();
        if is_kept {
            spans = self.redivide(rope, hunks);
            let mut style = format::decide(self.wanted, &self.header, &self.tally());
            style.escapes.is_unsure = self.is_unsure();
            if style.divides_as(&self.style) {
                self.style = style;
            } else {
                self.read(rope);
                spans = all(self);
            }
        } else {
            self.read(rope);
            spans.extend(all(self));
        }
        let is_freed = self.style.escapes != old_style.escapes;
        let is_other = self.style.border() != old_style.border();
        if is_freed || is_other {
            spans = all(self);
        }
        Redivided { spans, is_freed, is_other }
    }

    /// Reads the header again if an edit can have reached it; says whether the cells begin where they did.
    fn follow_header(&mut self, rope: &Rope, hunks: &[Hunk]) -> bool {
        let Some(first) = hunks.first() else { return true };
        if first.old.start > self.header.looked {
            return true;
        }
        let begin = start(rope);
        if begin != self.start || first.old.start < begin.max(self.header.end) {
            return false;
        }
        let header = read_at(rope, begin, |text, is_whole| {
            let header = format::header(text, 0);
            (is_whole || header.looked < text.len()).then_some(header)
        });
        let header = header.moved(begin);
        let is_same = header.says_as(&self.header);
        self.header = header;
        is_same
    }

    /// Whether cells that are code for jupytext alone hold an `%autopx`.
    fn is_unsure(&self) -> bool {
        self.parts.iter().any(|part| part.toggles)
    }

    /// What all of it says of the format.
    fn tally(&self) -> Tally {
        let (mut tally, mut state) = (Tally::default(), Strings::default());
        self.header_piece.add_to(&mut tally, &mut state);
        self.parts.iter().for_each(|part| part.piece.add_to(&mut tally, &mut state));
        tally
    }

    /// Divides anew from the first cell on that an edit can have reached, up to where a border falls on one of before behind
    /// the edit.
    fn redivide(&mut self, rope: &Rope, hunks: &[Hunk]) -> Vec<Span> {
        let len = rope.len_bytes();
        let old_len = self.parts.last().map_or(self.header.end, |part| part.end);
        // Which parts are replaced, by what, and how many hunks lie before their end.
        let mut replaced: Vec<(Range<usize>, Vec<Part>, usize)> = Vec::new();
        let (mut next, mut passed) = (0, 0);
        while passed < hunks.len() {
            let is_reached = |part: &Part| part.looked() >= hunks[passed].old.start;
            let behind = &self.parts[next..];
            let first = next + behind.iter().position(is_reached).unwrap_or(behind.len());
            let begun = passed;
            let mut at =
                Gap::before(hunks, passed).moved(self.parts.get(first).map_or(old_len, |part| part.start));
            let mut fresh = Vec::new();
            next = loop {
                while hunks.get(passed).is_some_and(|hunk| hunk.new.end <= at) {
                    passed += 1;
                }
                // Where nothing was changed, each border of before is one again.
                let is_kept = hunks.get(passed).is_none_or(|hunk| at <= hunk.new.start);
                if is_kept && (passed > begun || !fresh.is_empty()) {
                    let old = Gap::before(hunks, passed).back(at);
                    let same = first + self.parts[first..].partition_point(|part| part.start < old);
                    if self.parts.get(same).map_or(old_len, |part| part.start) == old {
                        break same;
                    }
                }
                if at >= len {
                    passed = hunks.len();
                    break self.parts.len();
                }
                let part = self.part_at(rope, at);
                at = part.end;
                fresh.push(part);
            };
            replaced.push((first..next, fresh, passed));
        }
        self.put(replaced, hunks, old_len)
    }

    fn part_at(&self, rope: &Rope, at: usize) -> Part {
        let part = read_at(rope, at, |text, is_whole| {
            let part = Divider::new(text, &self.style).part(0);
            (is_whole || part.looked < text.len()).then_some(part)
        });
        Part { start: at, end: at + part.end, ..part }
    }

    /// Puts new parts in the place of old ones, and moves the others to where they stand now.
    fn put(
        &mut self,
        replaced: Vec<(Range<usize>, Vec<Part>, usize)>,
        hunks: &[Hunk],
        old_len: usize,
    ) -> Vec<Span> {
        let mut spans = Vec::with_capacity(replaced.len());
        let mut grown = 0;
        for (old, fresh, _) in &replaced {
            let place = |at: usize| self.parts.get(at).map_or(old_len, |part| part.start);
            let begin = (old.start + grown) - replaced_before(&replaced, old.start);
            spans.push(Span { old: place(old.start)..place(old.end), parts: begin..begin + fresh.len() });
            grown += fresh.len();
        }
        let mut end = self.parts.len();
        for (old, fresh, passed) in replaced.into_iter().rev() {
            let gap = Gap::before(hunks, passed);
            for part in &mut self.parts[old.end..end] {
                (part.start, part.end) = (gap.moved(part.start), gap.moved(part.end));
            }
            end = old.start;
            self.parts.splice(old, fresh);
        }
        spans
    }
}

/// How many parts are replaced before one.
fn replaced_before(replaced: &[(Range<usize>, Vec<Part>, usize)], at: usize) -> usize {
    replaced.iter().take_while(|(old, ..)| old.start < at).map(|(old, ..)| old.len()).sum()
}

/// Reads a rope from a byte on, as much of it as it takes: `read` says `None` where it needs more.
fn read_at<T>(rope: &Rope, at: usize, mut read: impl FnMut(&str, bool) -> Option<T>) -> T {
    let len = rope.len_bytes();
    let mut size = 2048;
    loop {
        let end = match at.saturating_add(size) {
            end if end >= len => len,
            end => rope.char_to_byte(rope.byte_to_char(end)),
        };
        let slice = rope.byte_slice(at..end);
        let found = match slice.as_str() {
            Some(text) => read(text, end == len),
            None => read(&slice.to_string(), end == len),
        };
        if let Some(found) = found {
            return found;
        }
        size *= 4;
    }
}

impl Index {
    /// Reads all of a script; gives what became of its blocks.
    pub(super) fn read_script(&mut self, rope: &Rope) {
        self.script.read(rope);
        let code = self.script.parts.iter().filter(|part| part.is_block(&self.script.style));
        let scans = code.map(|part| scan(rope, part, &self.script.style)).collect();
        let old = self.entries.len();
        self.replace(0..old, scans);
    }

    /// Finds the blocks that were not touched where they stand now, and looks through the others.
    pub(super) fn edit_script(&mut self, rope: &Rope, hunks: &[Hunk]) -> Vec<(Range<usize>, Range<usize>)> {
        let Redivided { spans, is_freed, is_other } = self.script.edit(rope, hunks);
        let mut replaced = Vec::new();
        let mut end = self.entries.len();
        let of = |byte: usize| self.entries.partition_point(|entry| entry.start < byte);
        let stood: Vec<Range<usize>> =
            spans.iter().map(|span| of(span.old.start)..of(span.old.end)).collect();
        for (span, old) in spans.iter().zip(stood).rev() {
            // Behind it all is as it was, but for its place.
            move_entries(rope, &mut self.entries[old.end..end], Gap::behind_byte(hunks, span.old.end));
            end = old.start;
            let parts = self.script.parts[span.parts.clone()].iter();
            let code: Vec<&Part> = parts.filter(|part| part.is_block(&self.script.style)).collect();
            let mut here = Vec::new();
            let (mut next_old, mut next_new) = (old.start, 0);
            let mut passed = 0;
            let mut lines = (usize::MAX, 0);
            for (index, entry) in self.entries[old.clone()].iter_mut().enumerate() {
                let index = old.start + index;
                while hunks.get(passed).is_some_and(|hunk| hunk.old.end <= entry.start) {
                    passed += 1;
                }
                let is_touched = hunks.get(passed).is_some_and(|hunk| hunk.old.start < entry.end);
                if is_touched || is_other || (is_freed && entry.hides) {
                    continue;
                }
                let gap = Gap::before(hunks, passed);
                let (start, end) = (gap.moved(entry.start), gap.moved(entry.end));
                let at = next_new + code[next_new..].partition_point(|part| part.start < start);
                let is_it =
                    |part: &&Part| part.start == start && part.end == end && part.shape == entry.shape;
                if !code.get(at).is_some_and(is_it) {
                    continue;
                }
                if lines.0 != passed {
                    lines = (passed, i64::from(line_at(rope, start)) - i64::from(entry.line));
                }
                entry.move_to(start, end, lines.1);
                if (index, at) != (next_old, next_new) {
                    here.push((next_old..index, next_new..at));
                }
                (next_old, next_new) = (index + 1, at + 1);
            }
            if (next_old, next_new) != (old.end, code.len()) {
                here.push((next_old..old.end, next_new..code.len()));
            }
            let style = &self.script.style;
            let fresh: Vec<(Range<usize>, Vec<Entry>)> = here
                .into_iter()
                .map(|(old, new)| (old, code[new].iter().map(|part| scan(rope, part, style)).collect()))
                .collect();
            replaced.extend(fresh.into_iter().rev());
        }
        // From the back, so that numbers further up stay.
        let mut list = Vec::with_capacity(replaced.len());
        for (old, new) in replaced {
            list.push((old.clone(), new.len()));
            self.replace(old, new);
        }
        list.reverse();
        let (mut come, mut gone) = (0, 0);
        list.into_iter()
            .map(|(old, count)| {
                let begin = old.start + come - gone;
                (come, gone) = (come + count, gone + old.len());
                (old, begin..begin + count)
            })
            .collect()
    }
}

/// Moves blocks between which nothing was changed.
fn move_entries(rope: &Rope, entries: &mut [Entry], gap: Gap) {
    let Some(first) = entries.first() else { return };
    let further = i64::from(line_at(rope, gap.moved(first.start))) - i64::from(first.line);
    for entry in entries {
        entry.move_to(gap.moved(entry.start), gap.moved(entry.end), further);
    }
}

impl Entry {
    fn move_to(&mut self, start: usize, end: usize, lines_further: i64) {
        (self.start, self.end) = (start, end);
        self.line = u32::try_from(i64::from(self.line) + lines_further).unwrap_or(u32::MAX);
    }
}

/// The way from bytes of the text before to those of the text after, where nothing was changed.
#[derive(Clone, Copy, Default)]
struct Gap {
    old: usize,
    new: usize,
}

impl Gap {
    /// In front of a hunk, by its number.
    fn before(hunks: &[Hunk], number: usize) -> Self {
        number
            .checked_sub(1)
            .map_or(Self::default(), |last| Self { old: hunks[last].old.end, new: hunks[last].new.end })
    }

    /// Behind a byte of the text before, where no hunk is.
    fn behind_byte(hunks: &[Hunk], byte: usize) -> Self {
        Self::before(hunks, hunks.partition_point(|hunk| hunk.old.end <= byte))
    }

    fn moved(self, byte: usize) -> usize {
        byte - self.old + self.new
    }

    fn back(self, byte: usize) -> usize {
        byte - self.new + self.old
    }
}

/// Looks through a block.
fn scan(rope: &Rope, part: &Part, style: &Style) -> Entry {
    let text = rope.byte_slice(part.start..part.end).to_string();
    let scanned = match part.shape.kind {
        Kind::Language => Scanned::other_language(&text, part, style),
        Kind::Inactive => Scanned::inactive(&text, part, style),
        _ => Scanned::script(&text, part, style),
    };
    let entry = Entry::new(part.start..part.end, scanned);
    Entry { line: line_at(rope, part.start), shape: part.shape, hides: part.hides, ..entry }
}

pub(super) fn line_at(rope: &Rope, byte: usize) -> u32 {
    u32::try_from(rope.byte_to_line(byte)).unwrap_or(u32::MAX)
}

/// The first byte behind a byte order mark.
fn start(rope: &Rope) -> usize {
    if rope.chars().next() == Some(BOM) { BOM.len_utf8() } else { 0 }
}

/// How a script is divided, all kinds of cells among them.
#[cfg(test)]
pub(in crate::cells) fn parts(text: &str) -> (Style, Vec<Part>) {
    let mut script = Script::default();
    script.read(&Rope::from_str(text));
    (script.style, script.parts)
}
