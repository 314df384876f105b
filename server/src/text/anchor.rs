//! Positions that stay with the text around them.

use super::Edit;

/// A byte offset that moves with edits.
///
/// Text inserted at an anchor comes before it, so that a cell pushed down by a new line above keeps its anchor. A cell
/// marked by two anchors has been deleted when one of them is, or when they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Anchor(usize);

impl Anchor {
    /// An anchor at this byte offset.
    pub(crate) fn new(offset: usize) -> Self {
        Self(offset)
    }

    /// The byte offset it is at now.
    pub(crate) fn offset(self) -> usize {
        self.0
    }

    /// The anchor after an edit; `None` if the text on both sides of it was removed.
    pub(crate) fn moved(self, edit: &Edit) -> Option<Self> {
        if self.0 >= edit.old_end {
            Some(Self(self.0 - edit.old_end + edit.new_end))
        } else {
            (self.0 <= edit.start).then_some(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(offset: usize, start: usize, old_end: usize, new_end: usize) -> Option<usize> {
        Anchor::new(offset).moved(&Edit { start, old_end, new_end }).map(Anchor::offset)
    }

    #[test]
    fn anchors_move_with_the_text_before_them() {
        assert_eq!(moved(10, 2, 4, 9), Some(15), "text before grew");
        assert_eq!(moved(10, 2, 8, 2), Some(4), "text before was deleted");
        assert_eq!(moved(10, 12, 20, 13), Some(10), "text after changed");
        assert_eq!(moved(10, 10, 10, 13), Some(13), "an insertion at the anchor comes before it");
        assert_eq!(moved(10, 4, 10, 4), Some(4), "a deletion that ends at the anchor");
        assert_eq!(moved(10, 10, 12, 10), Some(10), "a deletion that begins at the anchor");
    }

    #[test]
    fn an_anchor_inside_deleted_text_is_gone() {
        assert_eq!(moved(10, 9, 11, 9), None);
        assert_eq!(moved(10, 0, 40, 50), None);
    }
}
