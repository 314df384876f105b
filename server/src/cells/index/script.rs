//! How the index of a script follows edits: which lines mark, how they divide, which blocks are the ones of before.

use std::ops::Range;

use ropey::Rope;

use super::{Entry, Index, hunks::Hunk};
use crate::cells::{
    divide::{self, MarkerLine, Part},
    scan::Scanned,
};

/// The byte order mark that some editors begin a file with.
const BOM: char = '\u{feff}';

/// What divides a script.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The first byte that counts.
    start: usize,
    markers: Vec<MarkerLine>,
    was_divided: bool,
}

impl Script {
    /// Whether there are markers.
    pub(super) fn is_marked(&self) -> bool {
        !self.markers.is_empty()
    }

    /// Notes whether the document is divided; gives whether it was when last noted.
    pub(super) fn note_divided(&mut self, is_divided: bool) -> bool {
        std::mem::replace(&mut self.was_divided, is_divided)
    }

    /// Reads all of a script.
    pub(super) fn read(&mut self, rope: &Rope) -> Vec<Part> {
        self.start = start(rope);
        let text = rope.byte_slice(self.start..).to_string();
        self.markers = divide::markers_in(&text, self.start);
        look_before(rope, &mut self.markers, self.start);
        divide::divide(&self.markers, self.start, rope.len_bytes())
    }

    /// Reads the lines anew that were touched, and divides anew.
    fn edit(&mut self, rope: &Rope, hunks: &[Hunk]) -> Vec<Part> {
        let mut markers: Vec<MarkerLine> = Vec::with_capacity(self.markers.len() + 1);
        let mut old = self.markers.as_slice();
        let mut looked = Vec::new();
        let mut gap = Gap::default();
        for lines in touched_lines(rope, hunks, self.start) {
            let kept = old.partition_point(|marker| marker.start < lines.old.start);
            let gone = old.partition_point(|marker| marker.start < lines.old.end);
            markers.extend(old[..kept].iter().map(|marker| gap.marker(marker)));
            old = &old[gone..];
            let first = markers.len();
            let text = rope.byte_slice(lines.new.clone()).to_string();
            markers.extend(divide::markers_in(&text, lines.new.start));
            // With the first one behind these lines, which may follow another one now.
            looked.push(first..markers.len() + 1);
            gap = Gap::behind(&lines);
        }
        markers.extend(old.iter().map(|marker| gap.marker(marker)));
        for range in looked {
            let before = range.start.checked_sub(1).map_or(self.start, |at| markers[at].end);
            let end = range.end.min(markers.len());
            look_before(rope, &mut markers[range.start.min(end)..end], before);
        }
        self.markers = markers;
        divide::divide(&self.markers, self.start, rope.len_bytes())
    }
}

impl Index {
    /// Finds the blocks that were not touched where they stand now, and looks through the others.
    pub(super) fn edit_script(&mut self, rope: &Rope, hunks: &[Hunk]) -> Vec<(Range<usize>, Range<usize>)> {
        let begin = start(rope);
        let is_at_begin = |hunk: &Hunk| hunk.old.start.min(hunk.new.start) < begin;
        if begin != self.script.start || hunks.iter().any(is_at_begin) {
            return self.read(rope);
        }
        let parts = self.script.edit(rope, hunks);
        let mut replaced = Vec::new();
        let (mut next_old, mut next_new) = (0, 0);
        let mut passed = 0;
        let mut lines = (0, 0);
        let mut at = 0;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            while hunks.get(passed).is_some_and(|hunk| hunk.old.end <= entry.start) {
                passed += 1;
            }
            if hunks.get(passed).is_some_and(|hunk| hunk.old.start < entry.end) {
                continue;
            }
            let gap = passed.checked_sub(1).map_or(Gap::default(), |last| Gap::behind(&hunks[last]));
            let moved = Part { start: gap.moved(entry.start), end: gap.moved(entry.end), head: entry.head };
            at += parts[at..].partition_point(|part| part.start < moved.start);
            if parts.get(at) != Some(&moved) {
                continue;
            }
            // Between two hunks all lines are as many further down.
            let line = |further: i64| u32::try_from(i64::from(entry.line) + further).unwrap_or(u32::MAX);
            entry.line = match lines {
                (hunk, further) if hunk == passed => line(further),
                _ => {
                    let now = line_at(rope, moved.start);
                    lines = (passed, i64::from(now) - i64::from(entry.line));
                    now
                }
            };
            (entry.start, entry.end) = (moved.start, moved.end);
            if (index, at) != (next_old, next_new) {
                replaced.push((next_old..index, next_new..at));
            }
            (next_old, next_new) = (index + 1, at + 1);
        }
        if (next_old, next_new) != (self.entries.len(), parts.len()) {
            replaced.push((next_old..self.entries.len(), next_new..parts.len()));
        }
        for (old, new) in replaced.iter().rev() {
            let scans = parts[new.clone()].iter().map(|part| scan(rope, part)).collect();
            self.replace(old.clone(), scans);
        }
        replaced
    }
}

/// The way from bytes of the text before to those of the text after, where nothing was changed.
#[derive(Clone, Copy, Default)]
struct Gap {
    old: usize,
    new: usize,
}

impl Gap {
    fn behind(hunk: &Hunk) -> Self {
        Self { old: hunk.old.end, new: hunk.new.end }
    }

    fn moved(self, byte: usize) -> usize {
        byte - self.old + self.new
    }

    fn marker(self, marker: &MarkerLine) -> MarkerLine {
        MarkerLine { start: self.moved(marker.start), end: self.moved(marker.end), ..marker.clone() }
    }
}

/// The whole lines that hold changes, or whose ends may be others now; and the bytes where they stood.
fn touched_lines(rope: &Rope, hunks: &[Hunk], start: usize) -> Vec<Hunk> {
    let mut touched: Vec<Hunk> = Vec::new();
    for hunk in hunks {
        // A `\r` before or a `\n` behind may belong to another line end than it did.
        let first = rope.byte_to_line(hunk.new.start.saturating_sub(1));
        let last = rope.byte_to_line(hunk.new.end.min(rope.len_bytes()));
        let from = rope.line_to_byte(first).max(start);
        let to = if last + 1 < rope.len_lines() { rope.line_to_byte(last + 1) } else { rope.len_bytes() };
        let old_end = hunk.old.end + (to - hunk.new.end);
        match touched.last_mut() {
            Some(before) if from <= before.new.end => (before.old.end, before.new.end) = (old_end, to),
            _ => {
                let old = hunk.old.start - (hunk.new.start - from)..old_end;
                touched.push(Hunk { old, new: from..to });
            }
        }
    }
    touched
}

/// Notes for each marker whether only blanks stand between it and the one before, which ends at `before`.
fn look_before(rope: &Rope, markers: &mut [MarkerLine], mut before: usize) {
    for marker in markers {
        marker.follows = rope.byte_slice(before..marker.start).chars().all(char::is_whitespace);
        before = marker.end;
    }
}

/// Looks through a block.
pub(super) fn scan(rope: &Rope, part: &Part) -> Entry {
    let text = rope.byte_slice(part.start..part.end).to_string();
    let scanned = Scanned::script(&text, part.head);
    Entry::new(part.start..part.end, part.head, line_at(rope, part.start), scanned)
}

pub(super) fn line_at(rope: &Rope, byte: usize) -> u32 {
    u32::try_from(rope.byte_to_line(byte)).unwrap_or(u32::MAX)
}

/// The first byte behind a byte order mark.
fn start(rope: &Rope) -> usize {
    if rope.chars().next() == Some(BOM) { BOM.len_utf8() } else { 0 }
}
