//! What lenses, code actions and inlay hints offer: an action and its title, which a face turns into a command; and which are
//! offered at a selection. The links of a card have actions of their own, [`crate::render::CardAction`].

use serde_json::json;

use super::{
    outlook::{Outlook, Outlooks, line_title, run_title},
    places::{positions, touch},
};
use crate::{
    cells::CellKind,
    engines::EngineId,
    lint,
    render::GroupBy,
    run::{Run, RunId},
    session::{CellId, CellView, Only, Parts, Snapshot, parts},
    text::Position,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunCells {
    One(CellId),
    /// By their ids, since clients keep an offer while the document is edited.
    These(Vec<CellId>),
}

impl RunAction {
    pub(super) fn cell(cell: CellId) -> Self {
        Self { cells: RunCells::One(cell), only: None, canary: false }
    }
}

/// The actions at a selection of the document; `None` if it is not open. `links`: whether the client follows the links
/// of cards, which offer the actions for results.
pub(crate) fn offers(snapshot: &Snapshot, selection: [Position; 2], links: bool) -> Option<Vec<Offer>> {
    let document = snapshot.document()?;
    let mut outlooks = Outlooks::new(snapshot);
    // All px cells, in order.
    let cells: Vec<(&CellView, Outlook)> =
        document.cells.iter().map(|cell| (cell, outlooks.of(cell))).collect();
    let mut offers = runs(snapshot, &cells, selection);
    if let Some((cell, run)) = last_run(snapshot, &cells, selection) {
        offers.extend(engine_actions(snapshot, cell, &run));
        if !links {
            offers.extend(results(cell, run.id));
        }
    }
    offers.extend(views_to_write(snapshot, selection));
    Some(offers)
}

fn is_here(cell: &CellView, selection: [Position; 2]) -> bool {
    touch(cell.places.range, selection)
}

/// Whether a selection holds nothing but lines of a px cell.
fn is_within(cell: &CellView, [start, end]: [Position; 2]) -> bool {
    let ends_before = end.character == 0 && end.line > start.line;
    cell.line <= start.line && end.line - u32::from(ends_before) <= cell.last_line
}

fn runs(snapshot: &Snapshot, cells: &[(&CellView, Outlook)], selection: [Position; 2]) -> Vec<Offer> {
    let sends = |(_, outlook): &&(&CellView, Outlook)| outlook.sends();
    let is_meant = |cell: &CellView| cell.cell.suite.is_none() || is_within(cell, selection);
    let here: Vec<&(&CellView, Outlook)> =
        cells.iter().filter(sends).filter(|(cell, _)| is_here(cell, selection) && is_meant(cell)).collect();
    let Some((first, outlook)) = here.first() else {
        return show_result(cells, selection).into_iter().collect();
    };
    let mut offers = Vec::new();
    let busy =
        |cell: &CellView| snapshot.shown(cell).filter(|run| !run.view.borrow().is_over()).map(|run| run.id);
    if let Some(run) = here.iter().find_map(|(cell, _)| busy(cell)) {
        offers.push(Offer::new("■ Interrupt", Action::Interrupt { run, stragglers: false }));
    }
    let outlooks: Vec<&Outlook> = here.iter().map(|(_, outlook)| outlook).collect();
    let one = RunAction::cell(first.id);
    let which = match here.len() {
        1 => one.cells.clone(),
        // Those that are not meant to run are left out when it is handled, and the user is told.
        _ => RunCells::These(
            cells
                .iter()
                .map(|(cell, _)| cell)
                .filter(|cell| is_here(cell, selection))
                .map(|cell| cell.id)
                .collect(),
        ),
    };
    let title = if first.cell.suite.is_some() { line_title(outlook) } else { run_title(&outlooks) };
    offers.push(Offer::new(title, Action::Run(RunAction { cells: which, ..one.clone() })));
    if let ([_], Some(plan)) = (&here[..], &outlook.plan)
        && let [engine, _, ..] = plan.engines[..]
    {
        let canary = Action::Run(RunAction { canary: true, ..one.clone() });
        offers.push(Offer::new(format!("▶ Run on engine {engine} first"), canary));
    }
    let runs_with_others =
        |(cell, outlook): &(&CellView, Outlook)| outlook.sends() && cell.cell.suite.is_none();
    let is_above =
        |one: &(&CellView, Outlook)| runs_with_others(one) && one.0.places.range[1] <= first.places.range[0];
    if cells.iter().any(is_above) {
        offers.push(Offer::new("▶ Run cells above", Action::RunAbove(first.id)));
    }
    let is_below =
        |one: &(&CellView, Outlook)| runs_with_others(one) && one.0.places.range[0] >= first.places.range[1];
    if first.cell.suite.is_none() && cells.iter().any(is_below) {
        offers.push(Offer::new("▶ Run this cell and those below", Action::RunBelow(first.id)));
    }
    offers.extend(consoles(&outlooks));
    offers
}

/// How many engines are offered at most: users look into one or two, and a cell may run on hundreds.
const MOST: usize = 3;

/// Consoles on the first engines that the cells would run on. None without a cluster, since a console never starts one.
fn consoles(outlooks: &[&Outlook]) -> Vec<Offer> {
    let plans = outlooks.iter().filter_map(|outlook| outlook.plan.as_ref());
    let mut engines: Vec<EngineId> = Vec::new();
    for engine in plans.flat_map(|plan| plan.engines.iter().copied()) {
        if engines.len() < MOST && !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    let offer = |engine| Offer::new(format!("Open a console on engine {engine}"), Action::Console(engine));
    engines.into_iter().map(offer).collect()
}

/// The action for a `%pxresult` line, which runs nothing on engines.
fn show_result(cells: &[(&CellView, Outlook)], selection: [Position; 2]) -> Option<Offer> {
    let shows = |(cell, outlook): &&(&CellView, Outlook)| {
        cell.cell.kind == CellKind::Result && outlook.refusal.is_none()
    };
    let (cell, _) = cells.iter().filter(|(cell, _)| is_here(cell, selection)).find(shows)?;
    Some(Offer::new("▶ Show the newest result here", Action::Run(RunAction::cell(cell.id))))
}

/// The px cell at a selection and its last run, if there is exactly one cell and it was run.
fn last_run<'a>(
    snapshot: &Snapshot,
    cells: &[(&'a CellView, Outlook)],
    selection: [Position; 2],
) -> Option<(&'a CellView, std::sync::Arc<Run>)> {
    let mut here = cells.iter().filter(|(cell, outlook)| outlook.sends() && is_here(cell, selection));
    let (cell, _) = here.next()?;
    let run = snapshot.shown(cell).filter(|_| here.next().is_none())?;
    Some((*cell, run.now()))
}

/// The actions for some of the engines of a px cell's last run.
fn engine_actions(snapshot: &Snapshot, cell: &CellView, run: &Run) -> Vec<Offer> {
    let Parts { failed, differing, stragglers } = parts(run, snapshot.connection.engines());
    let mut offers = Vec::new();
    if let Some(ranks) = stragglers {
        let action = Action::Interrupt { run: run.id, stragglers: true };
        offers.push(Offer::new(format!("■ Interrupt the stragglers {ranks}"), action));
    }
    for (ranks, word, only) in [(failed, "failed", Only::Failed), (differing, "differing", Only::Differing)] {
        let Some(ranks) = ranks else { continue };
        let action = Action::Run(RunAction { only: Some(only), ..RunAction::cell(cell.id) });
        offers.push(Offer::new(format!("▶ Re-run on {ranks} only ({word})"), action));
    }
    offers
}

/// The actions for the result of a px cell: open its whole output as a document, or clear it.
fn results(cell: &CellView, run: RunId) -> [Offer; 3] {
    let output = |group_by| Action::ShowOutput { run, group_by };
    [
        Offer::new("Open the whole output", output(None)),
        Offer::new("Open the output by engine", output(Some(GroupBy::Engine))),
        Offer::new("Clear this result", Action::Clear(cell.id)),
    ]
}

/// An offer for each unknown view that the px cells at the selection use.
fn views_to_write(snapshot: &Snapshot, selection: [Position; 2]) -> Vec<Offer> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut suffixes: Vec<&str> = Vec::new();
    for problem in &document.problems {
        if ![&lint::UNKNOWN_VIEW, &lint::UNREAD_VIEW].contains(&problem.rule) {
            continue;
        }
        let at = positions(document, snapshot, problem.range);
        if !touch(at, selection) {
            continue;
        }
        let Some(cell) = document.cells.iter().find(|cell| touch(cell.places.magic, at)) else { continue };
        let suffix = cell.cell.magic.suffix.as_str();
        if !suffixes.contains(&suffix) {
            suffixes.push(suffix);
        }
    }
    let offer = |suffix: &str| {
        let targets = likely_targets(suffix);
        let title = format!("Add {} to the setting pxlens.views", json!({ suffix: targets }));
        Offer::new(title, Action::WriteView { suffix: suffix.to_owned(), targets })
    };
    suffixes.into_iter().map(offer).collect()
}

/// A guess, which the title shows before anything is written.
fn likely_targets(suffix: &str) -> String {
    let name = suffix.trim_start_matches('_');
    match name {
        "even" => "::2".to_owned(),
        "odd" => "1::2".to_owned(),
        _ if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => "all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ide::outlook::PlannedRun;

    #[test]
    fn the_first_engines_of_the_plan_are_offered_once_each() {
        let outlook = |engines: &[u32]| Outlook {
            plan: Some(PlannedRun {
                engines: engines.iter().copied().map(EngineId).collect(),
                ..PlannedRun::default()
            }),
            refusal: None,
        };
        let titles = |outlooks: &[&Outlook]| -> Vec<String> {
            consoles(outlooks).into_iter().map(|offer| offer.title).collect()
        };
        let offered =
            ["Open a console on engine 2", "Open a console on engine 0", "Open a console on engine 1"];
        assert_eq!(titles(&[&outlook(&[2, 2]), &outlook(&[0, 1, 2, 3])]), offered);
        assert!(titles(&[&outlook(&[])]).is_empty());
    }

    #[test]
    fn a_numeric_suffix_is_guessed_to_be_its_engine() {
        let targets = ["_even", "odd", "0", "_12", "_gpu", ""].map(likely_targets);
        assert_eq!(targets, ["::2", "1::2", "0", "12", "all", "all"]);
    }
}
