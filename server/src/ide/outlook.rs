//! What running a px cell would do now: on which engines it would run, or why it would not. Lenses, hints, the outline,
//! hovers and actions all use these words.

use std::{collections::HashMap, sync::Arc};

use crate::{
    engines::{EngineId, RankSet, Targets},
    plan::{self, Refusal},
    session::{CellView, RunError, Snapshot},
};

/// What running a px cell would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// The run; `None` for a cell that has an error.
    pub plan: Option<PlannedRun>,
    /// Why it would not run, as a sentence.
    pub refusal: Option<String>,
}

/// The run that a cell would start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlannedRun {
    /// The engines, in the order of the requests; an id may occur twice.
    pub engines: Arc<[EngineId]>,
    /// The engines as a rank set, or a few words if they are not known.
    pub ranks: Arc<str>,
    /// How many engines are alive.
    pub alive: u32,
    /// Whether later runs wait for it.
    pub blocking: bool,
    /// How many local engines it would start, if no cluster is running.
    pub starts: Option<u32>,
    /// The line of the file that says how many.
    pub starts_by: Option<Arc<str>>,
    /// What the line does instead, if it runs nothing, such as a `%pxconfig`.
    pub note: Option<&'static str>,
}

impl Outlook {
    /// Whether running the cell sends anything to engines: a `%pxconfig` does not, nor does a cell that is refused.
    pub(crate) fn sends(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.note.is_none())
    }
}

type Chosen = Result<(Arc<[EngineId]>, Arc<str>), String>;

/// Computes what cells would do; equal targets are resolved only once.
#[derive(Debug)]
pub(crate) struct Outlooks<'a> {
    snapshot: &'a Snapshot,
    chosen: HashMap<&'a Targets, Chosen>,
}

impl<'a> Outlooks<'a> {
    /// For the cells of this snapshot.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, chosen: HashMap::new() }
    }

    /// What running this cell would do.
    pub(crate) fn of(&mut self, cell: &'a CellView) -> Outlook {
        let plan = match cell.plan() {
            Ok(plan) => plan,
            Err(Refusal::RunsNothing(note)) => {
                let plan = PlannedRun { note: Some(note), ..PlannedRun::default() };
                return Outlook { plan: Some(plan), refusal: None };
            }
            Err(refusal) => return Outlook { plan: None, refusal: Some(refusal.to_string()) },
        };
        if !self.snapshot.is_connected() {
            return self.unconnected(plan);
        }
        if let Some(unsuited) = self.snapshot.unsuited() {
            let (ranks, blocking) = (unsuited.short.into(), plan.blocking);
            let plan = PlannedRun { ranks, blocking, ..PlannedRun::default() };
            return Outlook { plan: Some(plan), refusal: Some(unsuited.why) };
        }
        let engines = self.snapshot.connection.engines();
        let alive = u32::try_from(engines.len()).unwrap_or(u32::MAX);
        let chosen = self.chosen.entry(&plan.targets).or_insert_with(|| {
            let request = plan.request(engines).map_err(|error| error.to_string())?;
            let ranks: RankSet = request.engines.iter().copied().collect();
            Ok((request.engines.into(), ranks.to_string().into()))
        });
        let (chosen, ranks, refusal) = match chosen {
            Ok((chosen, ranks)) => (Arc::clone(chosen), Arc::clone(ranks), None),
            Err(error) => {
                let ranks = if engines.is_empty() { "no engines" } else { "no such engine" };
                (Arc::default(), ranks.into(), Some(error.clone()))
            }
        };
        let plan =
            PlannedRun { engines: chosen, ranks, alive, blocking: plan.blocking, ..PlannedRun::default() };
        Outlook { plan: Some(plan), refusal }
    }

    fn unconnected(&self, plan: &plan::Plan) -> Outlook {
        let settings = &self.snapshot.settings;
        let (ranks, starts, refusal) = if !self.snapshot.trusted {
            ("this workspace is not trusted".to_owned(), None, Some(RunError::Untrusted.to_string()))
        } else if settings.cluster.is_explicit() {
            let why = "The cluster that the setting pxlens.cluster names cannot be reached; start it, or change the setting";
            ("the cluster cannot be reached".to_owned(), None, Some(why.to_owned()))
        } else if let Some(unsuited) = self.snapshot.unsuited_to_start() {
            (unsuited.short, None, Some(unsuited.why))
        } else {
            let engines = self.snapshot.engines_to_start();
            (format!("{engines} local engines"), Some(engines), None)
        };
        let by = self.snapshot.engines_line().map(Arc::from);
        let starts_by = by.filter(|_| starts.is_some());
        let plan = PlannedRun {
            ranks: ranks.into(),
            blocking: plan.blocking,
            starts,
            starts_by,
            ..PlannedRun::default()
        };
        Outlook { plan: Some(plan), refusal }
    }
}

/// The title of the button that runs these cells; empty if there is nothing to run.
pub(super) fn run_title(cells: &[&Outlook]) -> String {
    let [first, rest @ ..] = cells else { return String::new() };
    let Some(plan) = &first.plan else { return String::new() };
    let same = rest.iter().all(|cell| {
        cell.plan.as_ref().is_some_and(|other| other.engines == plan.engines && other.starts == plan.starts)
    });
    let what = if rest.is_empty() { String::new() } else { format!(" {} px lines", cells.len()) };
    if !same {
        return format!("▶ Run{what}");
    }
    format!("▶ Run{what} {}", on(plan))
}

/// The same for a px cell that runs only by itself, since it is in the body of a statement such as `if`.
pub(super) fn line_title(cell: &Outlook) -> String {
    cell.plan.as_ref().map(|plan| format!("▶ Run this line {}", on(plan))).unwrap_or_default()
}

fn on(plan: &PlannedRun) -> String {
    match (plan.starts, plan.engines.len()) {
        (Some(1), _) => "(starts 1 local engine)".into(),
        (Some(n), _) => format!("(starts {n} local engines)"),
        (None, 0) => format!("({})", plan.ranks),
        (None, 1) => format!("on engine {}", plan.engines[0]),
        (None, n) if n as u64 == u64::from(plan.alive) || plan.ranks.chars().count() > 16 => {
            format!("on {n} engines")
        }
        (None, _) => format!("on {}", plan.ranks),
    }
}

/// What the title does not say. The hint at the end of the magic's line says which lines decided it.
pub(super) fn tooltip(outlook: &Outlook) -> Option<String> {
    if let Some(refusal) = &outlook.refusal {
        return Some(refusal.clone());
    }
    let plan = outlook.plan.as_ref()?;
    if plan.starts.is_some() {
        let by = plan.starts_by.as_ref().map(|line| format!(", with as many engines as {line} asks for"));
        let by = by.unwrap_or_default();
        return Some(format!("No cluster is running; running the cell starts one on this machine{by}."));
    }
    let runs_on_all = plan.engines.len() as u64 == u64::from(plan.alive);
    let text = || format!("Runs on {} of {} engines: {}.", plan.engines.len(), plan.alive, plan.ranks);
    (!runs_on_all).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(engines: &[u32], alive: u32) -> Outlook {
        let engines: Arc<[EngineId]> = engines.iter().copied().map(EngineId).collect();
        let ranks: RankSet = engines.iter().copied().collect();
        let plan = PlannedRun {
            engines,
            ranks: ranks.to_string().into(),
            alive,
            blocking: true,
            ..PlannedRun::default()
        };
        Outlook { plan: Some(plan), refusal: None }
    }

    fn starting(count: u32) -> Outlook {
        let plan = PlannedRun { starts: Some(count), ..PlannedRun::default() };
        Outlook { plan: Some(plan), refusal: None }
    }

    #[test]
    fn a_button_says_how_many_px_lines_it_runs_and_where_if_that_is_the_same_for_all() {
        let title = |cells: &[Outlook]| run_title(&cells.iter().collect::<Vec<_>>());
        let wrong = Outlook { plan: None, refusal: Some("no such view".into()) };
        let titles = [
            title(&[on(&[0, 1, 2, 3], 4)]),
            title(&[on(&[0, 2], 4)]),
            title(&[on(&[3], 4)]),
            title(&[on(&[0, 2, 4, 6, 8, 10, 12], 14)]),
            title(&[starting(1)]),
            title(&[starting(4), starting(4)]),
            title(&[on(&[0], 2), on(&[0], 2)]),
            title(&[on(&[0], 2), on(&[1], 2)]),
            title(&[on(&[0], 2), wrong.clone()]),
        ];
        let expected = [
            "▶ Run on 4 engines",
            "▶ Run on [0,2]",
            "▶ Run on engine 3",
            "▶ Run on 7 engines",
            "▶ Run (starts 1 local engine)",
            "▶ Run 2 px lines (starts 4 local engines)",
            "▶ Run 2 px lines on engine 0",
            "▶ Run 2 px lines",
            "▶ Run 2 px lines",
        ];
        assert_eq!(titles, expected);
        assert_eq!((title(&[]), title(&[wrong])), (String::new(), String::new()));
    }

    #[test]
    fn a_tooltip_says_only_what_the_title_does_not() {
        assert_eq!(tooltip(&on(&[0, 1], 2)), None);
        assert_eq!(tooltip(&on(&[0], 2)).as_deref(), Some("Runs on 1 of 2 engines: [0]."));
        let why = "No cluster is running; running the cell starts one on this machine.";
        assert_eq!(tooltip(&starting(4)).as_deref(), Some(why));
        let refused = Outlook { refusal: Some("trust it first".into()), ..on(&[0], 2) };
        assert_eq!(tooltip(&refused).as_deref(), Some("trust it first"));
    }

    #[test]
    fn a_line_that_only_sets_something_and_a_cell_with_an_error_send_nothing() {
        let mut sets = on(&[], 2);
        sets.plan.as_mut().unwrap().note = Some("sets the targets below to ::2");
        let wrong = Outlook { plan: None, refusal: Some("no such view".into()) };
        assert!(on(&[0], 1).sends() && !sets.sends() && !wrong.sends());
    }
}
