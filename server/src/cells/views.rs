//! What the lines above a px cell decide for it: `%pxconfig` and `%autopx`, in the order of the document.

use std::collections::BTreeMap;

use super::Magic;
use crate::engines::{Targets, TargetsError};

/// What is in force at a px cell, apart from its own options. `None` where nothing above decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewState {
    /// The targets; an error if the last line that set them cannot be read, in which case none are known.
    pub targets: Option<Result<Targets, UnreadTargets>>,
    /// Whether a run is waited for.
    pub block: Option<bool>,
    /// Whether output is streamed.
    pub stream: Option<bool>,
    /// Whether each run is announced.
    pub verbose: Option<bool>,
    /// Seconds before a progress bar.
    pub progress_after: Option<f64>,
    /// The signal that an interrupt sends.
    pub signal_on_interrupt: Option<String>,
    /// The lines that decided, in the order of the document; lines that nothing is left of are not in it.
    pub decided_by: Vec<DecidedBy>,
}

/// A line that decides what is in force below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// Which line.
    pub origin: Origin,
    /// What it sets and no later line has set anew, one bit per setting.
    settings: u8,
}

/// Names a line that decides something by what stays the same while text is edited around it, so that what is in force
/// stays equal then. [`super::Index::deciders`] and [`super::Cells::line_of`] say where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Which text: the number its index was made with; in [`super::recognize_cells`] its place among the texts given.
    pub text: u32,
    /// Which block of it: a number no other block of the text has.
    pub block: u32,
    /// Which of the block's magics, from 0.
    pub nth: u32,
}

/// Why the targets that a `%pxconfig` set are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadTargets {
    /// The expression is not in the grammar.
    #[error("the %pxconfig above sets targets that pxlens cannot read: {0}")]
    Refused(TargetsError),
    /// The line holds `{…}` or `$name`.
    #[error(
        "the %pxconfig above takes its options from Python variables, which pxlens does not know; write the targets out"
    )]
    Dynamic,
}

impl ViewState {
    /// Applies a `%pxconfig`. A line that ipyparallel refuses sets nothing.
    fn configure(&mut self, magic: &Magic, mut by: DecidedBy) {
        let options = &magic.options;
        if options.error.is_some() {
            return;
        }
        let mut set = |bit: u8, is_set: bool| {
            if is_set {
                by.settings |= 1 << bit;
            }
        };
        if options.dynamic {
            self.targets = Some(Err(UnreadTargets::Dynamic));
            set(0, true);
        } else if let Some(targets) = &options.targets {
            self.targets = Some(targets.parsed.clone().map_err(UnreadTargets::Refused));
            set(0, true);
        }
        set(1, replace(&mut self.block, &options.block));
        set(2, replace(&mut self.stream, &options.stream));
        set(3, replace(&mut self.verbose, &options.verbose));
        set(4, replace(&mut self.progress_after, &options.progress_after));
        set(5, replace(&mut self.signal_on_interrupt, &options.signal_on_interrupt));
        for earlier in &mut self.decided_by {
            earlier.settings &= !by.settings;
        }
        self.decided_by.retain(|earlier| earlier.settings != 0);
        if by.settings != 0 {
            self.decided_by.push(by);
        }
    }
}

/// Takes the new value over, if there is one.
fn replace<T: Clone>(value: &mut Option<T>, new: &Option<T>) -> bool {
    if new.is_some() {
        value.clone_from(new);
    }
    new.is_some()
}

/// What the part of a document that was read leaves for the rest of it. The default is the beginning of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carry {
    views: BTreeMap<String, ViewState>,
    pub(super) autopx: Option<Region>,
}

/// An `%autopx` region that is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Region {
    pub(super) suffix: String,
    /// The toggle's line.
    pub(super) toggle: Origin,
}

impl Carry {
    /// What is in force for a suffix.
    pub(super) fn view(&self, suffix: &str) -> ViewState {
        self.views.get(suffix).cloned().unwrap_or_default()
    }

    /// The text that an `%autopx` stands in whose region is open.
    pub fn open_region(&self) -> Option<u32> {
        self.autopx.as_ref().map(|region| region.toggle.text)
    }

    pub(super) fn configure(&mut self, magic: &Magic, origin: Origin) {
        let by = DecidedBy { origin, settings: 0 };
        self.views.entry(magic.suffix.clone()).or_default().configure(magic, by);
    }
}
