//! What lenses, code actions and the links of a card offer: a deed and its words. A face turns it into a command.

use crate::{
    engines::EngineId,
    render::GroupBy,
    run::RunId,
    session::{CellId, Only},
};

/// Something that a user can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What it does, as an order.
    pub title: String,
    /// What is done.
    pub action: Action,
}

impl Offer {
    pub(super) fn new(title: impl Into<String>, action: Action) -> Self {
        Self { title: title.into(), action }
    }
}

/// What is done where somebody chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Px cells run.
    Run(RunAction),
    /// The px cells above one run, and not that.
    RunAbove(CellId),
    /// A px cell and those below it run.
    RunBelow(CellId),
    /// A run, or its stragglers, are interrupted.
    Interrupt {
        /// Which run.
        run: RunId,
        /// Whether only engines that hold up the others.
        stragglers: bool,
    },
    /// What a run gave is shown, from then on also beside its cell.
    ShowResult(RunId),
    /// A console on an engine is opened.
    Console(EngineId),
    /// What a run gave is opened as a document.
    ShowOutput {
        /// Which run.
        run: RunId,
        /// How it is grouped; `None`: as it is shown.
        group_by: Option<GroupBy>,
    },
    /// A px cell shows its result no more.
    Clear(CellId),
    /// A view is added to the settings.
    WriteView {
        /// Its suffix.
        suffix: String,
        /// Its targets.
        targets: String,
    },
}

/// Px cells that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunAction {
    /// Which.
    pub cells: RunCells,
    /// Only these engines of the last run.
    pub only: Option<Only>,
    /// Whether the first engine goes first.
    pub canary: bool,
}

/// Which px cells run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunCells {
    /// One.
    One(CellId),
    /// Those that these places touch: the first, and the one behind the last.
    Between([crate::text::Position; 2]),
}

impl RunAction {
    pub(super) fn cell(cell: CellId) -> Self {
        Self { cells: RunCells::One(cell), only: None, canary: false }
    }
}
