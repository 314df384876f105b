//! What lenses, code actions and inlay hints offer: an action and its title. A face turns it into a command. The links of a
//! card have actions of their own, [`crate::render::CardAction`].

use crate::{
    engines::EngineId,
    render::GroupBy,
    run::RunId,
    session::{CellId, Only},
};

/// An action that the user can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The title, in the imperative.
    pub title: String,
    pub action: Action,
}

impl Offer {
    pub(super) fn new(title: impl Into<String>, action: Action) -> Self {
        Self { title: title.into(), action }
    }
}

/// What happens when the user chooses an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Runs px cells.
    Run(RunAction),
    /// Runs the px cells above this one.
    RunAbove(CellId),
    /// Runs this px cell and those below it.
    RunBelow(CellId),
    /// Interrupts a run, or only its stragglers.
    Interrupt { run: RunId, stragglers: bool },
    /// Shows the result of a run; from then on it is also shown beside its cell.
    ShowResult(RunId),
    /// Opens a console on an engine.
    Console(EngineId),
    /// Opens the output of a run as a document.
    ShowOutput {
        run: RunId,
        /// The grouping; `None` for the one that is shown.
        group_by: Option<GroupBy>,
    },
    /// Clears the result of a px cell.
    Clear(CellId),
    /// Adds a view to the settings.
    WriteView { suffix: String, targets: String },
}

/// How px cells are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunAction {
    pub cells: RunCells,
    /// Run only on these engines of the last run.
    pub only: Option<Only>,
    /// Whether the first engine runs them before the others.
    pub canary: bool,
}

/// Which px cells are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunCells {
    One(CellId),
    /// Those that overlap this range of positions, whose end is exclusive.
    Between([crate::text::Position; 2]),
}

impl RunAction {
    pub(super) fn cell(cell: CellId) -> Self {
        Self { cells: RunCells::One(cell), only: None, canary: false }
    }
}
