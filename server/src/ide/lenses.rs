//! Code lenses: what running each px cell would do, and the button that does it. The px lines in one cell of a script
//! or notebook share a lens.

use super::{
    actions::{Action, RunAction, RunCells},
    outlook::{self, Outlook, Outlooks, line_title, run_title},
};
use crate::{
    cells::{CellKind, Region, RegionPlace},
    run::RunId,
    session::{CellView, DocumentView, Here, Snapshot},
    text::Position,
};

/// A line above the text that says something, and mostly has an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lens {
    pub range: [Position; 2],
    pub title: String,
    /// What the title has no room for.
    pub tooltip: Option<String>,
    /// `None` for a lens that only says something.
    pub action: Option<Action>,
}

impl Lens {
    fn with_action(range: [Position; 2], title: impl Into<String>, action: Action) -> Self {
        Self { range, title: title.into(), tooltip: None, action: Some(action) }
    }
}

/// A px cell, and what its lenses need.
struct LensCell<'a> {
    view: &'a CellView,
    /// The index of the cell of the file that holds it, if the file is divided into cells.
    outer: Option<usize>,
    outlook: Outlook,
    /// Its newest run, if it is not over.
    busy: Option<RunId>,
}

impl LensCell<'_> {
    fn line(&self) -> [Position; 2] {
        let at = Position { line: self.view.line, character: 0 };
        [at, at]
    }
}

/// The lenses of the document; `None` if it is not open.
pub(crate) fn lenses(snapshot: &Snapshot) -> Option<Vec<Lens>> {
    let here = snapshot.texts()?;
    let document = here.document();
    let mut outlooks = Outlooks::new(snapshot);
    let mut cells = Vec::with_capacity(document.cells.len());
    for block in &document.blocks {
        let views = document.cells[block.px_cells.clone()].iter();
        // The notebook runs plain cells itself.
        cells.extend(views.filter(|view| view.cell.kind != CellKind::Plain).map(|view| LensCell {
            view,
            outer: document.divided.then_some(block.number),
            outlook: outlooks.of(view),
            busy: snapshot.shown(view).filter(|run| !run.view.borrow().is_over()).map(|run| run.id),
        }));
    }
    let mut lenses = Vec::with_capacity(2 * cells.len());
    lenses.extend(region_ends(here, &mut outlooks));
    let mut above = false;
    // What may not be meant to run is no part of its cell.
    let is_conditional = |cell: &LensCell<'_>| cell.view.cell.suite.is_some();
    let (conditional, cells): (Vec<_>, Vec<_>) = cells.into_iter().partition(is_conditional);
    for group in cells.chunk_by(|one, next| one.outer.is_some() && one.outer == next.outer) {
        above |= run_lenses(document, group, above, &mut lenses);
        lenses.extend(group.iter().filter_map(|cell| show_lens(snapshot, cell)));
    }
    for cell in &conditional {
        run_lenses(document, std::slice::from_ref(cell), false, &mut lenses);
        lenses.extend(show_lens(snapshot, cell));
    }
    Some(lenses)
}

/// The lens that shows the result of a non-blocking run or of a `%pxresult`, which is only shown when the user asks.
fn show_lens(snapshot: &Snapshot, cell: &LensCell<'_>) -> Option<Lens> {
    let action = if cell.view.cell.kind == CellKind::Result {
        // Running such a line shows the newest result there.
        Action::Run(RunAction::cell(cell.view.id))
    } else {
        let run = snapshot.shown(cell.view).filter(|run| !run.plan.blocking)?;
        Action::ShowResult(run.id)
    };
    Some(Lens::with_action(cell.line(), "Show result", action))
}

/// Adds the lenses that run a group of px cells, and returns whether any cell can be run. `above`: whether a cell
/// before it can be run.
fn run_lenses(document: &DocumentView, group: &[LensCell<'_>], above: bool, lenses: &mut Vec<Lens>) -> bool {
    let runnable: Vec<&LensCell<'_>> = group.iter().filter(|cell| cell.outlook.sends()).collect();
    let Some(first) = runnable.first() else { return false };
    let at = first.line();
    let mut run = RunAction::cell(first.view.id);
    if runnable.len() > 1 {
        // The whole cell, so that all its px lines run in order.
        let last = group.last().map_or(first.view.last_line, |last| last.view.last_line);
        let begin = document.cells.partition_point(|cell| cell.line < group[0].view.line);
        let cells = document.cells[begin..].iter().take_while(|cell| cell.line <= last);
        run.cells = RunCells::These(cells.map(|cell| cell.id).collect());
    }
    let outlooks: Vec<&Outlook> = runnable.iter().map(|cell| &cell.outlook).collect();
    let tooltip = outlook::tooltip(&first.outlook);
    let title =
        if first.view.cell.suite.is_some() { line_title(&first.outlook) } else { run_title(&outlooks) };
    lenses.push(Lens { tooltip, ..Lens::with_action(at, title, Action::Run(run)) });
    if above {
        lenses.push(Lens::with_action(at, "▶ Run cells above", Action::RunAbove(first.view.id)));
    }
    // The last, so that nothing takes its place when the run ends while somebody is about to click it.
    if let Some(run) = group.iter().find_map(|cell| cell.busy) {
        lenses.push(Lens::with_action(at, "■ Interrupt", Action::Interrupt { run, stragglers: false }));
    }
    true
}

/// The lenses at both ends of the `%autopx` regions that begin or end in the document.
fn region_ends<'a>(here: Here<'a>, outlooks: &mut Outlooks<'a>) -> Vec<Lens> {
    let mut ends = Vec::new();
    let toggle = |place: RegionPlace| &here.all()[place.text].cells[place.cell];
    let says = |place: RegionPlace, title: String| Lens {
        range: toggle(place).places.magic,
        title,
        tooltip: None,
        action: None,
    };
    for Region { open, close, cells } in here.regions_here() {
        let suffix = &toggle(*open).cell.magic.suffix;
        if open.text == here.at {
            let count = cells.len();
            let (noun, verb) = if count == 1 { ("cell", "runs") } else { ("cells", "run") };
            let plan = cells.first().and_then(|first| outlooks.of(toggle(*first)).plan);
            let on = plan.map(|plan| format!(" on {}", plan.ranks)).unwrap_or_default();
            let until = match close {
                Some(close) => {
                    here.line_name(close.text, toggle(*close).cell.magic_range().start).to_string()
                }
                None => "the end".to_owned(),
            };
            ends.push(says(*open, format!("%autopx{suffix}: {count} {noun} {verb}{on} until {until}")));
        }
        if let Some(close) = close.filter(|close| close.text == here.at) {
            let from = here.line_name(open.text, toggle(*open).cell.magic_range().start);
            ends.push(says(close, format!("end of the %autopx{suffix} region from {from}")));
        }
    }
    ends
}
