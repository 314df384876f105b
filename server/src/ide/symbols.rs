//! The outline: the px cells with their targets and last state. The cells of an `%autopx` region are nested in it.

use super::{outlook::Outlooks, places::positions, plan::excerpt};
use crate::{
    cells::{CellKind, Region, RegionPlace},
    engines::RankSet,
    render::outcome,
    run::{Ending, LostReason, Run, RunState},
    session::{CellView, Snapshot},
    text::{Position, TextRange},
};

/// An entry of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The magic, and the beginning of the code it sends.
    pub name: String,
    /// Targets and last state; may be empty.
    pub detail: String,
    pub kind: SymbolKind,
    /// The whole cell or region.
    pub range: [Position; 2],
    /// The magic's line, inside `range`.
    pub selection: [Position; 2],
    /// The cells inside a region.
    pub children: Vec<Symbol>,
}

/// The kind of an entry of the outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SymbolKind {
    /// A px cell that sends something.
    Cell,
    /// An `%autopx` region.
    Region,
    /// A line that sets or shows something.
    Line,
}

/// The outline of the document, in order.
pub(crate) fn symbols(snapshot: &Snapshot) -> Vec<Symbol> {
    let Some(here) = snapshot.texts() else { return Vec::new() };
    let document = here.document();
    let mut outlooks = Outlooks::new(snapshot);
    let mut symbols: Vec<Symbol> = Vec::new();
    let regions: Vec<&Region> = here.regions_here().collect();
    let is_here = |place: &RegionPlace| place.text == here.at;
    for (index, view) in document.cells.iter().enumerate() {
        let is_mine = |place: &RegionPlace| is_here(place) && place.cell == index;
        if regions.iter().filter_map(|region| region.close.as_ref()).any(is_mine) {
            // The region's own entry ends here.
            if let Some(region) = symbols.last_mut().filter(|last| last.kind == SymbolKind::Region) {
                region.range[1] = view.places.range[1];
                continue;
            }
        }
        let mut symbol = symbol(snapshot, view, &mut outlooks);
        if let Some(region) = regions.iter().find(|region| is_mine(&region.open)) {
            let count = region.cells.len();
            symbol.detail = format!("{count} cell{}", if count == 1 { "" } else { "s" });
            symbol.kind = SymbolKind::Region;
            symbols.push(symbol);
            continue;
        }
        let is_inside = |region: &&Region| {
            is_here(&region.open)
                && region.open.cell < index
                && region.close.is_none_or(|close| !is_here(&close) || index < close.cell)
        };
        match symbols.last_mut().filter(|last| last.kind == SymbolKind::Region) {
            Some(region) if regions.iter().any(is_inside) => {
                region.range[1] = symbol.range[1];
                region.children.push(symbol);
            }
            _ => symbols.push(symbol),
        }
    }
    symbols
}

fn symbol<'a>(snapshot: &'a Snapshot, view: &'a CellView, outlooks: &mut Outlooks<'a>) -> Symbol {
    let cell = &view.cell;
    let magic_range = cell.magic_range();
    let document = snapshot.document();
    let sends = matches!(cell.kind, CellKind::CellMagic | CellKind::LineMagic | CellKind::AutopxCell);
    let name = if sends {
        let signs = if cell.kind == CellKind::CellMagic { "%%" } else { "%" };
        let code = cell.code.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let code: String = code.chars().take(40).collect();
        match cell.kind {
            CellKind::AutopxCell => code,
            _ => format!("{signs}{}{} {code}", cell.magic.kind, cell.magic.suffix).trim_end().to_owned(),
        }
    } else {
        document.map(|text| excerpt(&text.text, text.dialect, magic_range.start)).unwrap_or_default()
    };
    let mut detail = Vec::new();
    if let (Some(plan), Ok(own)) = (outlooks.of(view).plan, view.plan()) {
        detail.push(if own.blocking { plan.ranks.to_string() } else { format!("{} noblock", plan.ranks) });
    }
    detail.extend(snapshot.shown(view).map(|run| state(&run.now())));
    let whole = cell.range();
    let whole = TextRange::new(whole.start.min(magic_range.start), whole.end.max(magic_range.end));
    Symbol {
        name,
        detail: detail.join(" "),
        kind: if sends { SymbolKind::Cell } else { SymbolKind::Line },
        range: document.map(|document| positions(document, snapshot, whole)).unwrap_or_default(),
        selection: view.places.magic,
        children: Vec::new(),
    }
}

/// The state of a run: `✓ 4 engines`, `✗ [2]`, `⏳ 1/4`.
fn state(run: &Run) -> String {
    let all = run.parts().len();
    match run.state() {
        RunState::Queued => "⏳ queued".to_owned(),
        RunState::Running => {
            format!("⏳ {}/{all}", run.parts().filter(|part| part.ending().is_some()).count())
        }
        RunState::Succeeded if all == 1 => "✓ 1 engine".to_owned(),
        RunState::Succeeded => format!("✓ {all} engines"),
        RunState::Failed => {
            let is_bad = |ending: &Ending| match ending {
                Ending::Error(_) => true,
                Ending::Lost(reason) => !matches!(reason, LostReason::NotSent(_)),
                Ending::Ok | Ending::Aborted(_) => false,
            };
            let bad = run.parts().filter(|part| part.ending().is_some_and(is_bad));
            let bad: RankSet = bad.map(|part| part.engine).collect();
            if bad.is_empty() { outcome(run) } else { format!("✗ {bad}") }
        }
    }
}
