//! What the lines above a px cell decide for it: `%pxconfig` and `%autopx`, in the order of the document.

use std::collections::BTreeMap;

use super::{Magic, NotebookCellRef};
use crate::{
    engines::{Targets, TargetsError},
    text::TextRange,
};

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
    /// Which of the texts given to [`super::recognize_cells`] it stands in, from 0; 0 in other documents.
    pub text: usize,
    /// The cell of the notebook, in raw notebooks.
    pub notebook_cell: Option<NotebookCellRef>,
    /// The 0-based line of its document; of the cell's document in a synchronised notebook.
    pub line: u32,
    /// The magic on it.
    pub range: TextRange,
    /// What it sets and no later line has set anew, one bit per setting.
    settings: u8,
}

impl DecidedBy {
    /// What it sets and no later line has set anew, each in a word or two.
    pub fn decides(&self) -> impl Iterator<Item = &'static str> + '_ {
        let names = ["the targets", "blocking", "streaming", "verbosity", "the progress bar", "the signal"];
        names.into_iter().enumerate().filter(|(bit, _)| self.settings & (1 << bit) != 0).map(|(_, name)| name)
    }
}

/// Why the targets that a `%pxconfig` set are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadTargets {
    /// The expression is not in the grammar.
    #[error("the %pxconfig on line {} sets targets that pxlens cannot read: {error}", line + 1)]
    Refused {
        /// 0-based line.
        line: u32,
        /// Why.
        error: TargetsError,
    },
    /// The line holds `{…}` or `$name`.
    #[error(
        "the %pxconfig on line {} takes its options from Python variables, which pxlens does not know; write the targets out",
        line + 1
    )]
    Dynamic {
        /// 0-based line.
        line: u32,
    },
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
            self.targets = Some(Err(UnreadTargets::Dynamic { line: by.line }));
            set(0, true);
        } else if let Some(targets) = &options.targets {
            self.targets =
                Some(targets.parsed.clone().map_err(|error| UnreadTargets::Refused { line: by.line, error }));
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
pub(super) struct Carry {
    views: BTreeMap<String, ViewState>,
    pub(super) autopx: Option<Region>,
}

/// An `%autopx` region that is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Region {
    pub(super) suffix: String,
    /// The toggle's line, in its own document.
    pub(super) toggle: TextRange,
    /// Which of the texts that were read holds the toggle, counted from 0.
    pub(super) text: usize,
}

impl Carry {
    /// What is in force for a suffix.
    pub(super) fn view(&self, suffix: &str) -> ViewState {
        self.views.get(suffix).cloned().unwrap_or_default()
    }

    pub(super) fn configure(
        &mut self,
        magic: &Magic,
        text: usize,
        line: u32,
        notebook_cell: Option<NotebookCellRef>,
    ) {
        let by = DecidedBy { text, notebook_cell, line, range: magic.name_range, settings: 0 };
        self.views.entry(magic.suffix.clone()).or_default().configure(magic, by);
    }
}
