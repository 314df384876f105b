//! What to paint for px cells: one line beside each, and a block of lines below it.

use std::{collections::BTreeSet, sync::Arc};

use super::{errors::failing_line, run_line::RunLine};
use crate::{
    cells::CellKind,
    render::{self, BlockLine, GroupBy, InlineLine, Limits, Paint, Span},
    run::{EngineRun, Run},
    session::{CellId, CellView, DocumentView, RunHandle, Snapshot},
    text::Position,
};

/// What is painted beside a px cell.
#[derive(Clone, Debug)]
pub(crate) struct CellOutput {
    pub cell: CellId,
    /// The run that it shows.
    pub run: Arc<RunHandle>,
    /// The state of that run.
    pub now: Arc<Run>,
    /// The whole cell.
    pub range: [Position; 2],
    /// Whether the cell would now send something other than the run sent.
    pub stale: bool,
    /// The run in one line.
    pub line: InlineLine,
    /// The 0-based line of the document that the line is painted on.
    pub line_at: u32,
    /// The lines below the cell.
    pub block: Vec<BlockLine>,
}

/// What to paint for the cells of the document that have something to show, restricted to `only` if given.
/// `runs_local`: whether the client runs the local parts of `--local` cells.
pub(crate) fn outputs(
    snapshot: &Snapshot,
    only: Option<&BTreeSet<CellId>>,
    runs_local: bool,
) -> Vec<CellOutput> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let wanted = |cell: &&CellView| only.is_none_or(|only| only.contains(&cell.id));
    document
        .cells
        .iter()
        .filter(wanted)
        .filter_map(|cell| output(snapshot, document, cell, runs_local))
        .collect()
}

/// About how many bytes of output [`outputs`] lays out, and some for each cell.
pub(crate) fn weight_of_outputs(snapshot: &Snapshot, only: Option<&BTreeSet<CellId>>) -> usize {
    /// What a cell costs whose engines wrote nothing.
    const CELL: usize = 256;
    let Some(document) = snapshot.document() else { return 0 };
    let wanted = document.cells.iter().filter(|cell| only.is_none_or(|only| only.contains(&cell.id)));
    let runs = wanted.filter_map(|cell| snapshot.shown(cell));
    runs.map(|run| CELL + run.now().parts().map(EngineRun::weight).sum::<usize>()).sum()
}

fn output(
    snapshot: &Snapshot,
    document: &DocumentView,
    cell: &CellView,
    runs_local: bool,
) -> Option<CellOutput> {
    let handle = snapshot.shown(cell)?;
    let run = handle.excerpt(Limits::default().bytes);
    let is_pxresult = cell.cell.kind == CellKind::Result;
    let own = cell.cell.magic.options.own.group_outputs.map(GroupBy::from);
    let by = own.filter(|_| is_pxresult).or(handle.group_by()).unwrap_or(snapshot.settings.group_by);
    let source = snapshot.shown_result(cell).filter(|_| is_pxresult);
    let place = source.as_ref().map(|source| source.place.as_str());
    let note = note(handle, runs_local);
    let line = RunLine { snapshot, cell, handle, run: &run }.painted(place, note);
    let mut block = Vec::new();
    if let Some(source) = &source {
        block.push(note_line(&render::terminal_text(&source.line(), false)));
    }
    block.push(note_line(&render::heading(&run)));
    if !snapshot.is_withheld(cell, &run) {
        block.extend(render::block(&run, by, Limits::default()));
    }
    block.extend(note.map(note_line));
    let failing = failing_line(document, cell, &run).filter(|_| !is_pxresult);
    Some(CellOutput {
        cell: cell.id,
        run: Arc::clone(handle),
        range: cell.places.range,
        stale: snapshot.is_stale(cell),
        line,
        line_at: failing.unwrap_or(cell.last_line),
        block,
        now: run,
    })
}

fn note_line(text: &str) -> BlockLine {
    // The rank set of scattered engines can be long, and so can a magic's line.
    BlockLine { spans: vec![Span { text: render::cut(text, 200), paint: Paint::Note }] }
}

/// A note beside a run's output: that the client did not run the local part of a `--local` cell.
pub(crate) fn note(handle: &RunHandle, runs_local: bool) -> Option<&'static str> {
    (handle.plan.local && !runs_local).then_some("local part not run")
}
