//! Texts that were closed, and under which names they come back: their own, a new one after a rename, or the name of a file that
//! an untitled document was saved as.

use std::collections::{HashMap, HashSet};

use super::cut::Cut;
use crate::{
    cells::PxCell,
    session::{CellId, DocumentKey, Renames, TextId, Whereabouts},
};

/// A text that was closed, with its px cells.
#[derive(Debug)]
pub(super) struct ClosedText {
    /// Under which name it comes back.
    at: Whereabouts,
    /// Whether it is a cell that left a notebook which stayed open.
    is_deleted: bool,
    cut: Cut,
}

/// That the runs of a text are from now on those of another one, or of the same under another name.
#[derive(Debug)]
pub(in crate::session) struct Moved {
    pub(in crate::session) from: TextId,
    pub(in crate::session) to: Whereabouts,
}

/// How a closed text is that of a text which is open; the nearest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// They have the same name.
    Name,
    /// They are cells of one notebook with the same px cells: cells may get other names when their notebook is opened again.
    Notebook,
    /// It was in an untitled document or notebook, and what is open has the same px cells.
    Untitled,
}

impl ClosedText {
    fn nearness(&self, at: &Whereabouts, cells: &[&PxCell]) -> Option<Nearness> {
        if self.at.document == at.document {
            return Some(Nearness::Name);
        }
        let nearness = match () {
            () if self.at.home == at.home && !self.is_deleted => Nearness::Notebook,
            () if self.at.home.is_untitled() => Nearness::Untitled,
            () => return None,
        };
        self.cut.is_among(cells).then_some(nearness)
    }

    /// Gives its document or notebook another name.
    fn rename(&mut self, home: DocumentKey) -> Moved {
        if self.at.document == self.at.home {
            self.at.document = home.clone();
        }
        self.at.home = home;
        Moved { from: self.at.text, to: self.at.clone() }
    }
}

/// The texts that were closed, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Closed {
    texts: Vec<ClosedText>,
    /// The new names of documents and notebooks that are still open under their old ones.
    renames: HashMap<DocumentKey, DocumentKey>,
    moved: Vec<Moved>,
}

impl Closed {
    /// Puts a text away. Returns whether it may be open already under a new name that its file got.
    pub(super) fn put(&mut self, at: Whereabouts, is_deleted: bool, cut: Cut) -> bool {
        let mut closed = ClosedText { at, is_deleted, cut };
        let new = self.renames.get(&closed.at.home).cloned();
        if let Some(new) = &new {
            self.moved.push(closed.rename(new.clone()));
        }
        self.texts.retain(|other| other.at.document != closed.at.document);
        self.texts.push(closed);
        new.is_some()
    }

    /// Notes that a document or notebook that was to get another name is closed now.
    pub(super) fn was_closed(&mut self, home: &DocumentKey) {
        self.renames.remove(home);
    }

    /// Whether a document or notebook is open under a name that is no longer that of its file.
    pub(super) fn is_to_be_renamed(&self, home: &DocumentKey) -> bool {
        self.renames.contains_key(home)
    }

    /// Gives files other names. `open`: the documents and notebooks that are open; they get theirs when
    /// they are closed. Returns whether a closed text may be open already under its new name.
    pub(super) fn rename<'a>(
        &mut self,
        files: &Renames,
        open: impl Iterator<Item = &'a DocumentKey>,
    ) -> bool {
        for waiting in self.renames.values_mut() {
            if let Some(newer) = files.new_name(waiting) {
                *waiting = newer;
            }
        }
        self.renames.extend(open.filter_map(|home| Some((home.clone(), files.new_name(home)?))));
        self.renames.retain(|home, new| home != new);
        let before = self.moved.len();
        for closed in &mut self.texts {
            if let Some(home) = files.new_name(&closed.at.home) {
                self.moved.push(closed.rename(home));
            }
        }
        self.moved.len() > before
    }

    /// Takes what was in the text that is now opened with these px cells; nothing if it was never closed.
    pub(super) fn take(&mut self, at: &Whereabouts, cells: &[&PxCell]) -> Option<Cut> {
        // Somebody who throws an untitled document away may open another file with the same px cell.
        self.take_if(at, cells, |_, nearness| nearness < Nearness::Untitled)
    }

    /// Takes what was in the untitled text that was just saved as this one; nothing if it does not look like that. `untitled`: the
    /// document or notebook that was just closed.
    pub(super) fn take_saved(
        &mut self,
        untitled: &DocumentKey,
        at: &Whereabouts,
        cells: &[&PxCell],
    ) -> Option<Cut> {
        self.take_if(at, cells, |closed, nearness| {
            nearness == Nearness::Untitled && closed.at.home == *untitled
        })
    }

    fn take_if(
        &mut self,
        at: &Whereabouts,
        cells: &[&PxCell],
        is_near: impl Fn(&ClosedText, Nearness) -> bool,
    ) -> Option<Cut> {
        let near = self.texts.iter().enumerate();
        let near = near.filter_map(|(nth, closed)| {
            let nearness = closed.nearness(at, cells)?;
            is_near(closed, nearness).then_some((nearness, nth))
        });
        let (_, nth) = near.min()?;
        let closed = self.texts.remove(nth);
        self.moved.push(Moved { from: closed.at.text, to: at.clone() });
        Some(closed.cut)
    }

    /// The texts whose runs have another name since the last time.
    pub(super) fn take_moved(&mut self) -> Vec<Moved> {
        std::mem::take(&mut self.moved)
    }

    pub(super) fn cuts(&self) -> impl Iterator<Item = &Cut> {
        self.texts.iter().map(|closed| &closed.cut)
    }

    pub(super) fn cuts_mut(&mut self) -> impl Iterator<Item = &mut Cut> {
        self.texts.iter_mut().map(|closed| &mut closed.cut)
    }

    /// Where a px cell is, if it is in one of these texts.
    pub(super) fn whereabouts(&self, cell: CellId) -> Option<&Whereabouts> {
        let has_it = |closed: &&ClosedText| closed.cut.ids().any(|id| id == cell);
        self.texts.iter().find(has_it).map(|closed| &closed.at)
    }

    /// Forgets the texts of which nothing is remembered, unless they have runs, which are to follow when they are renamed.
    pub(super) fn forget_empty(&mut self, with_runs: &HashSet<TextId>) {
        self.texts.retain(|closed| !closed.cut.is_empty() || with_runs.contains(&closed.at.text));
    }
}
