//! Inlay hints at the end of a magic's line: what differs from the default, which line decided it, and the result in
//! one line.

use super::{
    SHOWN, STALE,
    outlook::{Outlooks, run_title},
    places::{bytes, near},
    plan::{Decision, excerpt, label},
    run_line::RunLine,
};
use crate::{
    cells::{CellKind, Sets},
    engines::{EngineId, RankSet},
    session::{CellView, Here, Snapshot},
    text::Position,
};

/// Why the result at a `%pxresult` is stale.
const NEWER: &str = "There is a newer run than this; run the line again to show it.";

/// A hint at the end of a magic's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The end of the magic's line.
    pub at: Position,
    /// What differs from the default.
    pub plan: Option<String>,
    /// Which lines decided what; empty if there is no plan.
    pub tooltip: String,
    /// The newest run in one line, cut to the room that the plan leaves.
    pub result: Option<String>,
    /// Why it is stale, if it is.
    pub stale: Option<&'static str>,
}

/// The hints of a range of the document. `results`: whether they include the results of runs.
pub(crate) fn hints(snapshot: &Snapshot, wanted: [Position; 2], results: bool) -> Vec<Hint> {
    let Some(here) = snapshot.texts() else { return Vec::new() };
    let document = here.document();
    let bytes = bytes(document, snapshot, wanted);
    let ids = snapshot.connection.engines().ids();
    let mut outlooks = Outlooks::new(snapshot);
    let hint = |view| {
        let plan = plan_label(snapshot, view, &ids);
        let why = if view.cell.kind == CellKind::Result { NEWER } else { STALE };
        let stale = snapshot.is_stale(view).then_some(why);
        let result = snapshot.shown(view).filter(|_| results).map(|handle| {
            let run = handle.excerpt(SHOWN);
            RunLine { snapshot, cell: view, handle, run: &run }.hint(|| {
                let lens = outlooks.of(view);
                // Some editors show the lens on the same line as the hint.
                let lens = lens.sends().then(|| run_title(&[&lens]).chars().count() + 1);
                let plan = plan.as_ref().map(|plan| plan.chars().count() + 1);
                plan.unwrap_or_default() + lens.unwrap_or_default()
            })
        });
        let tooltip = plan.as_ref().map(|_| tooltip(snapshot, here, view, &ids)).unwrap_or_default();
        (plan.is_some() || result.is_some()).then(|| Hint {
            at: view.places.magic[1],
            plan,
            tooltip,
            result,
            stale,
        })
    };
    near(document, bytes)
        .iter()
        .filter(|view| view.cell.kind != CellKind::Plain)
        .filter(|view| (bytes.start..=bytes.end).contains(&view.cell.magic_range().end))
        .filter_map(hint)
        .collect()
}

/// The engines that a px cell would run on, if they are known.
fn chosen(snapshot: &Snapshot, view: &CellView, ids: &[EngineId]) -> Option<RankSet> {
    let plan = view.plan().ok().filter(|_| snapshot.is_connected())?;
    Some(plan.targets.resolve(ids).ok()?.engines.into_iter().collect())
}

fn plan_label(snapshot: &Snapshot, view: &CellView, ids: &[EngineId]) -> Option<String> {
    let plan = view.plan().ok()?;
    let chosen = chosen(snapshot, view, ids).map(|ranks| (ranks.to_string(), ranks.len()));
    let chosen = chosen.as_ref().map(|(ranks, count)| (ranks.as_str(), *count));
    label(&plan.targets, chosen, plan.blocking)
}

fn tooltip(snapshot: &Snapshot, here: Here<'_>, view: &CellView, ids: &[EngineId]) -> String {
    let Ok(plan) = view.plan() else { return String::new() };
    let waits = if plan.blocking { "" } else { ", without waiting" };
    let on = match chosen(snapshot, view, ids) {
        Some(ranks) => format!("{} of {} engines: {ranks}", ranks.len(), ids.len()),
        None => format!("the targets {}", plan.targets),
    };
    let mut lines = vec![format!("Runs on {on}{waits}.")];
    let own = Decision::own(&view.cell);
    for (text, decider, by) in here.decided(&view.cell) {
        let is_free = |sets: &Sets| own.as_ref().is_none_or(|own| !own.sets.contains(sets));
        let sets: Vec<Sets> = by.sets.iter().copied().filter(is_free).collect();
        let Some(other) = here.all().get(text).filter(|_| !sets.is_empty()) else { continue };
        let document = &other.text;
        let is_there = document.line_of(decider.range.start) == decider.line;
        let at = if is_there { decider.range.start } else { document.line_range(decider.line).start };
        let decision = Decision {
            place: here.line_name(text, at).to_string(),
            text: excerpt(document, other.dialect, at),
            is_frozen: view.cell.view.is_frozen && sets.contains(&Sets::Targets),
            sets,
        };
        lines.push(decision.sentence());
    }
    let own_targets = own.as_ref().is_some_and(|own| own.sets.contains(&Sets::Targets));
    if view.cell.view.is_from_setting && !own_targets {
        lines.push("the setting pxlens.views sets the targets".to_owned());
    }
    lines.extend(own.map(|own| own.sentence()));
    if view.cell.kind == CellKind::AutopxCell {
        lines.extend(sent_by(here, view));
    }
    lines.join("\n")
}

/// Names the `%autopx` line because of which a cell is sent.
fn sent_by(here: Here<'_>, view: &CellView) -> Option<String> {
    let is_it = |place: &crate::cells::RegionPlace| {
        place.text == here.at && here.document().cells[place.cell].id == view.id
    };
    let region = here.regions_here().find(|region| region.cells.iter().any(is_it))?;
    let toggle = &here.all()[region.open.text].cells[region.open.cell];
    let place = here.line_name(region.open.text, toggle.cell.magic_range().start);
    Some(format!("{place}: %autopx{} sends whole cells", toggle.cell.magic.suffix))
}
