//! Which run a request for a result means, and how it is described and grouped.

use std::sync::Arc;

use crate::{
    cells::CellKind,
    render::GroupBy,
    session::{CellView, RunHandle, Snapshot},
    text::Position,
};

/// A run to show.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub run: Arc<RunHandle>,
    /// The grouping that the request or the `%pxresult` line asks for.
    pub asked: Option<GroupBy>,
    /// A line that describes the run, if it is not the run of the cell in question.
    pub line: Option<String>,
}

impl From<Arc<RunHandle>> for Shown {
    fn from(run: Arc<RunHandle>) -> Self {
        Self { run, asked: None, line: None }
    }
}

impl Shown {
    /// The grouping to show it in.
    pub(crate) fn group_by(&self, snapshot: &Snapshot) -> GroupBy {
        self.asked.or(self.run.group_by()).unwrap_or(snapshot.settings.group_by)
    }
}

/// The newest run of the px cell at a position, or of the px cells below a marker; at a `%pxresult`, the run that it would show now.
pub(crate) fn shown_at(snapshot: &Snapshot, position: Position) -> Option<Shown> {
    let view = snapshot.document()?;
    let newest = |cell: &&CellView| Some(cell.run.as_ref()?.id);
    let cell = view.cells_on(position.line, position.line).max_by_key(newest)?;
    if cell.cell.kind != CellKind::Result {
        return Some(cell.run.clone()?.into());
    }
    let source = snapshot.result_to_show(cell)?;
    let asked = cell.cell.magic.options.own.group_outputs.map(GroupBy::from);
    Some(Shown { run: source.run.clone(), asked, line: Some(source.line()) })
}

/// The newest run of the document or its notebook, or of all if the request is about no document. With a suffix, the
/// newest that was sent, since others have no output.
pub(crate) fn newest(snapshot: &Snapshot, suffix: Option<&str>) -> Option<Shown> {
    let fits = |run: &Arc<RunHandle>| {
        suffix.is_none_or(|suffix| run.suffix == suffix && !run.view.borrow().was_never_sent())
    };
    snapshot.history().rev().map(|past| &past.handle).find(|run| fits(run)).cloned().map(Shown::from)
}
