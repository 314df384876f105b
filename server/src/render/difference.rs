//! The output of a minority as its difference from the majority's: equal lines are counted, and words that differ are marked.

use std::fmt::Display;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{
    line::{BlockLine, Paint},
    wording::count,
};
use crate::{engines::RankSet, run::tokens::is_copied};

/// Longer outputs, and lines of more words, are shown as they are: the cost of a comparison grows faster than its length.
const MOST: usize = 2000;

/// How many characters two lines may have together to stand side by side.
const SHORT: usize = 76;

/// The lines of `other` as a difference from `reference`; `None` where that would not be shorter or plainer.
pub(super) fn difference(
    reference: &[BlockLine],
    other: &[BlockLine],
    of: &RankSet,
) -> Option<Vec<BlockLine>> {
    if other.len() < 3 || reference.len().max(other.len()) > MOST {
        return None;
    }
    if capture_diff_slices(Algorithm::Myers, reference, other).iter().any(|op| changes_copied(op, other)) {
        return None;
    }
    let (lines, same) = steps(reference, other, of);
    (same * 2 >= other.len() || lines.len() < other.len()).then_some(lines)
}

/// Whether what differs is copied as it stands, and so has to stand there whole.
fn changes_copied(op: &DiffOp, other: &[BlockLine]) -> bool {
    let is_change = !matches!(op, DiffOp::Equal { .. });
    is_change && other[op.new_range()].iter().any(|line| is_copied(&line.text()))
}

/// The lines that show how `before` became `after`, even if hardly anything stayed the same; `None` if either has too many
/// lines to compare.
pub(super) fn change(before: &[BlockLine], after: &[BlockLine]) -> Option<Vec<BlockLine>> {
    if before.len().max(after.len()) > MOST {
        return None;
    }
    if let ([before], [after]) = (before, after)
        && let Some(line) = word_by_word(before, after).or_else(|| whole(before, after))
    {
        return Some(vec![line]);
    }
    Some(steps(before, after, &"before").0)
}

/// The lines that show `other` as a difference from `reference`, and how many of its lines are the same. `of` is the name by
/// which they refer to the reference.
fn steps(reference: &[BlockLine], other: &[BlockLine], of: &dyn Display) -> (Vec<BlockLine>, usize) {
    let mut lines = Vec::new();
    let mut same = 0;
    for op in capture_diff_slices(Algorithm::Myers, reference, other) {
        match op {
            DiffOp::Equal { new_index, len, .. } => {
                same += len;
                match len {
                    1 => lines.push(other[new_index].clone()),
                    _ => lines.push(BlockLine::of(format!("⋮ {} as {of}", count(len, "line")), Paint::Note)),
                }
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                lines.extend(reference[old_index..old_index + old_len].iter().map(|line| marked("− ", line)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                lines.extend(other[new_index..new_index + new_len].iter().map(|line| marked("+ ", line)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let (old, new) =
                    (&reference[old_index..old_index + old_len], &other[new_index..new_index + new_len]);
                let words: Option<Vec<BlockLine>> =
                    old.iter().zip(new).map(|(old, new)| word_by_word(old, new)).collect();
                match words.filter(|_| old.len() == new.len()) {
                    Some(words) => lines.extend(words),
                    None => {
                        lines.extend(old.iter().map(|line| marked("− ", line)));
                        lines.extend(new.iter().map(|line| marked("+ ", line)));
                    }
                }
            }
        }
    }
    (lines, same)
}

/// A short line that became another: `‹old → new›`.
fn whole(old: &BlockLine, new: &BlockLine) -> Option<BlockLine> {
    let paint = new.spans.first()?.paint;
    let (old_text, new_text) = (old.text(), new.text());
    let short = old_text.chars().chain(new_text.chars()).nth(SHORT).is_none();
    (short && old.spans.first()?.paint == paint).then(|| {
        let mut line = BlockLine::of(format!("‹{} → ", unmarked(&old_text)), Paint::Note);
        line.add(&new_text, paint);
        line.and("›", Paint::Note)
    })
}

fn marked(mark: &str, line: &BlockLine) -> BlockLine {
    let mut spans = BlockLine::of(mark, Paint::Note);
    spans.spans.extend(line.spans.iter().cloned());
    spans
}

/// A line with the words that differ from another as `‹old → new›`; `None` where less than half of them are the same.
fn word_by_word(old: &BlockLine, new: &BlockLine) -> Option<BlockLine> {
    let paint = new.spans.first()?.paint;
    if old.spans.first()?.paint != paint {
        return None;
    }
    let (old, new) = (old.text(), new.text());
    let (old, new) = (words(&old), words(&new));
    if old.len().max(new.len()) > MOST {
        return None;
    }
    let mut line = BlockLine::default();
    let mut same = 0;
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (before, after) = (old[op.old_range()].concat(), new[op.new_range()].concat());
        match op {
            DiffOp::Equal { len, .. } => {
                same += len;
                line.add(&after, paint);
            }
            DiffOp::Delete { .. } => line.add(&format!("‹−{}›", unmarked(&before)), Paint::Note),
            DiffOp::Insert { .. } => {
                line.add("‹+", Paint::Note);
                line.add(&after, paint);
                line.add("›", Paint::Note);
            }
            DiffOp::Replace { .. } => {
                line.add(&format!("‹{} → ", unmarked(&before)), Paint::Note);
                line.add(&after, paint);
                line.add("›", Paint::Note);
            }
        }
    }
    (same * 2 >= new.len().max(old.len())).then_some(line)
}

/// A text whose own gaps would be marked within a mark.
fn unmarked(text: &str) -> String {
    text.replace(['‹', '›'], "")
}

/// Words and the blanks between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = first.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}
