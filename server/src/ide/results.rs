//! Which run a question about a result means, and how it is named and grouped there.

use std::sync::Arc;

use crate::{
    cells::CellKind,
    render::GroupBy,
    session::{RunHandle, Snapshot},
    text::Position,
};

/// A run that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The run.
    pub run: Arc<RunHandle>,
    /// How whoever asks, or the line that asks, wants it grouped.
    pub asked: Option<GroupBy>,
    /// What names it, where it is not the run of the cell that was asked about.
    pub line: Option<String>,
}

impl From<Arc<RunHandle>> for Shown {
    fn from(run: Arc<RunHandle>) -> Self {
        Self { run, asked: None, line: None }
    }
}

impl Shown {
    /// How it is grouped.
    pub(crate) fn group_by(&self, snapshot: &Snapshot) -> GroupBy {
        self.asked.or(self.run.group_by()).unwrap_or(snapshot.settings.group_by)
    }
}

/// The run of the px cell at a position: its newest; at a `%pxresult` the one that it would show now.
pub(crate) fn shown_at(snapshot: &Snapshot, position: Position) -> Option<Shown> {
    let cells = &snapshot.document()?.cells;
    let cell = cells.iter().find(|cell| (cell.line..=cell.last_line).contains(&position.line))?;
    if cell.cell.kind != CellKind::Result {
        return Some(cell.run.clone()?.into());
    }
    let source = snapshot.result_to_show(cell)?;
    let asked = cell.cell.magic.options.group_outputs.map(GroupBy::from);
    Some(Shown { run: source.run.clone(), asked, line: Some(source.line()) })
}

/// The newest run in time, in the document and what belongs to it, or of all where no document is asked about. Of a suffix one
/// that was sent: any other gave nothing.
pub(crate) fn newest(snapshot: &Snapshot, suffix: Option<&str>) -> Option<Shown> {
    let fits = |run: &Arc<RunHandle>| {
        suffix.is_none_or(|suffix| run.suffix == suffix && !run.view.borrow().was_never_sent())
    };
    snapshot.history().rev().map(|past| past.run).find(fits).map(Shown::from)
}
