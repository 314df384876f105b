//! Edits that followed each other, as what they changed together.

use std::ops::Range;

use crate::text::Edit;

/// A stretch of the text before and what stands there afterwards, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hunk {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// Edits, each in bytes of what the one before left, as stretches in rising order that do not touch.
pub(super) fn hunks(edits: &[Edit]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for edit in edits {
        let first = hunks.partition_point(|hunk| hunk.new.end < edit.start);
        let behind = first + hunks[first..].partition_point(|hunk| hunk.new.start <= edit.old_end);
        // From the new bytes to the old ones where nothing was changed.
        let gap = first.checked_sub(1).map_or((0, 0), |at| (hunks[at].new.end, hunks[at].old.end));
        let (new, old) = match hunks[first..behind] {
            [] => (edit.start..edit.old_end, edit.start - gap.0 + gap.1..edit.old_end - gap.0 + gap.1),
            [ref from, ..] => {
                let to = &hunks[behind - 1];
                let new = edit.start.min(from.new.start)..edit.old_end.max(to.new.end);
                let old = from.old.start - (from.new.start - new.start)..to.old.end + (new.end - to.new.end);
                (new, old)
            }
        };
        let grown = |at: usize| at - edit.old_end + edit.new_end;
        for later in &mut hunks[behind..] {
            later.new = grown(later.new.start)..grown(later.new.end);
        }
        hunks.splice(first..behind, [Hunk { old, new: new.start..grown(new.end) }]);
    }
    hunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_stands_between_hunks_is_as_it_was(steps in prop::collection::vec((0usize..40, 0usize..6, 0usize..6), 0..8)) {
            let before: Vec<usize> = (0..40).collect();
            let mut now = before.clone();
            let mut edits = Vec::new();
            for (number, (start, taken, put)) in steps.into_iter().enumerate() {
                let start = start.min(now.len());
                let old_end = (start + taken).min(now.len());
                now.splice(start..old_end, vec![1000 + number; put]);
                edits.push(Edit { start, old_end, new_end: start + put });
            }
            let (mut old, mut new) = (0, 0);
            for hunk in hunks(&edits) {
                prop_assert_eq!(&before[old..hunk.old.start], &now[new..hunk.new.start]);
                prop_assert!(old == 0 || hunk.old.start > old || hunk.new.start > new);
                (old, new) = (hunk.old.end, hunk.new.end);
            }
            prop_assert_eq!(&before[old..], &now[new..]);
        }
    }
}
