//! The session's values as the protocol's.

mod engines;
mod raised;

use std::collections::{BTreeSet, HashMap};

use lsp_types::{Position, Range, Uri};
use pxlens_protocol::{
    BlockLine, Cell, CellId, CellOutput, CellState, CellsResult, Group, GroupState, Line, LineSeverity,
    LineStyle, PastRun, Plan, Problem, ProblemSeverity, ResultResult, RunId,
};

pub(super) use self::engines::{Deeds, clusters, engines, in_use};
pub(super) use self::raised::place;
use self::raised::{failing_line, related};
use crate::{
    cells,
    engines::{EngineTable, RankSet, Targets},
    lsp::facade::{
        CellOutputs, Elsewhere, EngineError, ErrorVariant, Problems, Purpose, Suggestion, TextChange,
    },
    plan::{self, Refusal},
    render::{self, GroupBy, Limits, Paint, Style},
    rewrite,
    run::{Ending, Run, RunState, Slot},
    session::{self, AskError, CellView, DocumentView, ProblemsView, RunHandle, now},
    text::{self, Document, Encoding, TextRange},
};

/// What the answer about a document's cells depends on.
pub(super) struct Scene<'a> {
    pub(super) view: &'a DocumentView,
    pub(super) encoding: Encoding,
    pub(super) engines: &'a EngineTable,
    pub(super) connected: bool,
    /// How many engines running starts where no cluster is.
    /// `None`: it starts none, since the settings name a cluster.
    pub(super) starts: Option<u32>,
    pub(super) trusted: bool,
}

/// The name of a px cell in messages.
pub(super) fn cell_id(id: session::CellId) -> CellId {
    CellId(id.to_string())
}

/// The engines, and their rank set, of targets that were resolved for one answer: thousands of cells have few of them.
type Chosen<'a> = HashMap<&'a Targets, Result<(Vec<u32>, String), String>>;

impl Scene<'_> {
    /// The answer to `px/cells`.
    pub(super) fn cells(&self) -> CellsResult {
        let mut cells = self.cells_at(true, |view| (placed(view.places.range), placed(view.places.magic)));
        for (cell, view) in cells.iter_mut().zip(&self.view.cells) {
            cell.code = view.cell.code.to_string();
        }
        let view = self.view;
        let mut problems =
            problem_list(&view.text, &view.problems, view.unreadable.as_deref(), self.encoding);
        problems.extend(self.dead_targets().iter().map(|found| problem(&view.text, found, self.encoding)));
        CellsResult { version: view.text.version(), cells, problems }
    }

    /// The px cells for lenses: without the code that would be sent and the lines that decided, and with whole lines
    /// for ranges. There may be thousands, and megabytes of code.
    pub(super) fn cells_by_line(&self) -> Vec<Cell> {
        let at = |line| Position { line, character: 0 };
        self.cells_at(false, |cell| {
            let magic = Range { start: at(cell.line), end: at(cell.line) };
            (Range { start: at(cell.line), end: at(cell.last_line + 1) }, magic)
        })
    }

    fn cells_at(&self, with_deciders: bool, place: impl Fn(&CellView) -> (Range, Range)) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(self.view.cells.len());
        let mut chosen = Chosen::new();
        for (number, block) in (0u32..).zip(&self.view.blocks) {
            let outer = self.view.divided.then_some(number);
            let px_cells = &self.view.cells[block.px_cells.clone()];
            cells.extend(
                px_cells.iter().map(|cell| self.cell(cell, outer, place(cell), &mut chosen, with_deciders)),
            );
        }
        cells
    }

    /// Targets that choose no engine of the cluster that is connected.
    fn dead_targets(&self) -> Vec<cells::Problem> {
        if !self.trusted || !self.connected {
            return Vec::new();
        }
        self.view.cells.iter().filter_map(|cell| plan::dead_target(&cell.cell, self.engines)).collect()
    }

    /// What mends the problems on these lines.
    pub(super) fn fixes(&self, lines: Range) -> Vec<Suggestion> {
        let dead = self.dead_targets();
        let mut suggestions = Vec::new();
        for found in self.view.problems.iter().chain(&dead) {
            let problem = problem(&self.view.text, found, self.encoding);
            if problem.range.start.line > lines.end.line || problem.range.end.line < lines.start.line {
                continue;
            }
            let only = found.fixes.len() == 1;
            suggestions.extend(found.fixes.iter().map(|fix| Suggestion {
                title: fix.title.clone(),
                purpose: Purpose::Fix { problem: problem.clone(), only },
                edits: edits(self.view, self.encoding, &fix.edits),
                elsewhere: Vec::new(),
            }));
        }
        suggestions
    }

    fn cell<'a>(
        &self,
        view: &'a CellView,
        outer: Option<u32>,
        (range, magic_range): (Range, Range),
        chosen: &mut Chosen<'a>,
        with_deciders: bool,
    ) -> Cell {
        let cell = &view.cell;
        let (plan, refusal) = self.plan_among(view, chosen, with_deciders);
        Cell {
            id: cell_id(view.id),
            range,
            magic_range,
            magic: format!("{}{}", cell.magic.name, cell.magic.suffix),
            outer,
            code: String::new(),
            plan,
            refusal,
            state: state_of(view.run.as_deref()),
            stale: view.stale,
            run: view.run.as_ref().map(|run| RunId(run.id.0)),
        }
    }

    pub(super) fn plan(&self, view: &CellView) -> (Option<Plan>, Option<String>) {
        self.plan_among(view, &mut Chosen::new(), true)
    }

    fn plan_among<'a>(
        &self,
        view: &'a CellView,
        chosen: &mut Chosen<'a>,
        with_deciders: bool,
    ) -> (Option<Plan>, Option<String>) {
        let plan = match &view.plan {
            Ok(plan) => plan,
            Err(Refusal::RunsNothing(note)) => {
                return (Some(Plan { note: Some((*note).to_owned()), ..Plan::default() }), None);
            }
            Err(refusal) => return (None, Some(refusal.to_string())),
        };
        let decided_by = match with_deciders {
            true => self.view.decided(&view.cell).iter().map(|(_, decider, _)| decider.line).collect(),
            false => Vec::new(),
        };
        if !self.trusted || !self.connected {
            let (ranks, refusal) = match self.starts {
                _ if !self.trusted => {
                    ("this workspace is not trusted".to_owned(), Some(AskError::Untrusted.to_string()))
                }
                Some(n) => (format!("{n} local engines"), None),
                None => {
                    let why = "the cluster that the setting pxlens.cluster names is not in reach";
                    ("its cluster is not in reach".to_owned(), Some(why.to_owned()))
                }
            };
            let starts = self.starts.filter(|_| refusal.is_none());
            let plan = Plan { ranks, block: plan.blocking, starts, decided_by, ..Plan::default() };
            return (Some(plan), refusal);
        }
        let engines = chosen.entry(&plan.targets).or_insert_with(|| {
            let request = plan.request(self.engines).map_err(|error| error.to_string())?;
            let ranks: RankSet = request.engines.iter().copied().collect();
            Ok((request.engines.iter().map(|engine| engine.0).collect(), ranks.to_string()))
        });
        match engines {
            Err(error) => {
                let ranks = if self.engines.is_empty() { "no engine is there" } else { "no such engine" };
                let plan = Plan { ranks: ranks.into(), block: plan.blocking, decided_by, ..self.bare_plan() };
                (Some(plan), Some(error.clone()))
            }
            Ok((engines, ranks)) => {
                let plan = Plan {
                    engines: engines.clone(),
                    ranks: ranks.clone(),
                    block: plan.blocking,
                    decided_by,
                    ..self.bare_plan()
                };
                (Some(plan), None)
            }
        }
    }

    fn bare_plan(&self) -> Plan {
        Plan { alive: u32::try_from(self.engines.len()).unwrap_or(u32::MAX), ..Plan::default() }
    }
}

/// What is wrong in a document. `engines`: those of the cluster that is connected, if one is and counts.
pub(super) fn problems(view: &ProblemsView, engines: Option<&EngineTable>, encoding: Encoding) -> Problems {
    let ProblemsView { text, problems, unreadable, with_targets } = view;
    let mut problems = problem_list(text, problems, unreadable.as_deref(), encoding);
    let dead = |engines| with_targets.iter().filter_map(move |cell| plan::dead_target(cell, engines));
    problems.extend(engines.into_iter().flat_map(dead).map(|found| problem(text, &found, encoding)));
    Problems { version: text.version(), problems }
}

fn problem(text: &Document, problem: &cells::Problem, encoding: Encoding) -> Problem {
    Problem {
        range: range(text, problem.range, encoding),
        severity: match problem.severity {
            cells::Severity::Error => ProblemSeverity::Error,
            cells::Severity::Warning => ProblemSeverity::Warning,
            cells::Severity::Hint => ProblemSeverity::Hint,
        },
        code: problem.code.to_owned(),
        message: problem.message.clone(),
    }
}

fn problem_list(
    text: &Document,
    problems: &[cells::Problem],
    unreadable: Option<&str>,
    encoding: Encoding,
) -> Vec<Problem> {
    let why = unreadable.map(|why| Problem {
        range: Range::default(),
        severity: ProblemSeverity::Error,
        code: "unreadable".into(),
        message: why.to_owned(),
    });
    problems.iter().map(|found| problem(text, found, encoding)).chain(why).collect()
}

/// Other ways to write the px cells on these lines.
pub(super) fn rewrites(view: &DocumentView, encoding: Encoding, lines: Range) -> Vec<Suggestion> {
    let offers = rewrite::offers(&view.text.text(), view.dialect, selected(view, encoding, lines));
    let suggestion = |offer: rewrite::Rewrite| Suggestion {
        title: offer.title,
        edits: edits(view, encoding, &offer.edits),
        purpose: Purpose::Rewrite { disabled: offer.disabled },
        elsewhere: Vec::new(),
    };
    offers.into_iter().map(suggestion).collect()
}

/// The same for one of the cells of a notebook, where the change reaches over others.
pub(super) fn rewrites_in_notebook(
    texts: &[DocumentView],
    here: usize,
    encoding: Encoding,
    lines: Range,
) -> Vec<Suggestion> {
    let whole: Vec<String> = texts.iter().map(|view| view.text.text()).collect();
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let at = selected(&texts[here], encoding, lines);
    let suggestion = |offer: rewrite::NotebookRewrite| {
        let mut own = Vec::new();
        let mut elsewhere = Vec::new();
        for (index, changes) in offer.edits {
            let view = &texts[index];
            let edits = edits(view, encoding, &changes);
            if index == here {
                own = edits;
            } else {
                elsewhere.push(Elsewhere {
                    uri: Uri::from(&*view.key.0),
                    version: view.text.version(),
                    edits,
                });
            }
        }
        let purpose = Purpose::Rewrite { disabled: offer.disabled };
        Suggestion { title: offer.title, purpose, edits: own, elsewhere }
    };
    rewrite::offers_in_notebook(&whole, here, at).into_iter().map(suggestion).collect()
}

/// The selection in bytes, from the beginning of its first line on.
fn selected(view: &DocumentView, encoding: Encoding, lines: Range) -> TextRange {
    let at = |position: Position| text::Position { line: position.line, character: position.character };
    let from = view.text.byte(text::Position { character: 0, ..at(lines.start) }, encoding);
    TextRange::new(from, view.text.byte(at(lines.end), encoding))
}

fn edits(view: &DocumentView, encoding: Encoding, edits: &[(TextRange, String)]) -> Vec<TextChange> {
    let change = |(at, text): &(TextRange, String)| TextChange {
        range: Some(range(&view.text, *at, encoding)),
        text: text.clone(),
    };
    edits.iter().map(change).collect()
}

/// How a run is doing whose output is kept until somebody asks for it. A failure is not kept.
pub(super) fn kept_back(cell: &CellView, run: &Run) -> Option<String> {
    let of = run.parts().len();
    let ended = run.parts().filter(|part| part.ending().is_some()).count();
    match run.state() {
        _ if !cell.withheld => None,
        RunState::Failed => None,
        RunState::Queued | RunState::Running => Some(format!("⏳ {ended}/{of}")),
        RunState::Succeeded => Some(format!("✓ {of} done")),
    }
}

/// What to paint beside the cells that have something to show.
pub(super) fn outputs(
    view: &DocumentView,
    group_by: GroupBy,
    runs_local: bool,
    only: Option<&BTreeSet<CellId>>,
) -> CellOutputs {
    let wanted = |cell: &&CellView| only.is_none_or(|only| only.contains(&cell_id(cell.id)));
    let cells = view.cells.iter().filter(wanted).filter_map(|cell| {
        let handle = cell.run.as_ref()?;
        let run = handle.now();
        let mut line = render::inline(&run, now());
        let wish = cell.cell.magic.options.group_outputs.map(GroupBy::from);
        let by = wish.filter(|_| cell.recalled.is_some()).or(handle.group_by()).unwrap_or(group_by);
        // A set of scattered engines can be long, and so can a magic's line.
        let note_line =
            |text: &str| BlockLine { text: render::cut(text, 200), style: LineStyle::Note, ranks: None };
        let mut block = Vec::new();
        if let Some(recall) = &cell.recalled {
            line.text = format!("{}: {}", recall.place, line.text);
            block.push(note_line(&render::terminal_text(&recall.line(), false)));
        }
        block.push(note_line(&render::heading(&run)));
        // A failure shows in any case.
        let withheld = cell.withheld && run.state() != RunState::Failed;
        if !withheld {
            block.extend(render::block(&run, by, Limits::default()).iter().map(block_line));
        }
        if let Some(state) = kept_back(cell, &run) {
            line.text = format!("{state} · %pxresult{} or hover shows it", handle.suffix);
        }
        if let Some(note) = note(handle, runs_local) {
            line.text.push_str(&format!(" · {note}"));
            block.push(note_line(note));
        }
        Some(CellOutput {
            id: cell_id(cell.id),
            run: Some(RunId(handle.id.0)),
            range: placed(cell.places.range),
            state: run_state(&run),
            stale: cell.stale,
            line: Some(Line { text: line.text, severity: severity(line.severity) }),
            line_at: failing_line(view, cell, &run).unwrap_or(cell.places.last_line),
            block: Some(block),
        })
    });
    CellOutputs { version: view.text.version(), cells: cells.collect() }
}

/// What the engines raised in the newest runs of a document's cells.
pub(super) fn errors(view: &DocumentView, encoding: Encoding) -> Vec<EngineError> {
    let mut errors = Vec::new();
    for cell in &view.cells {
        // A %pxresult shows what its own cell raised; that stands on the line that raised it.
        let Some(handle) = cell.run.as_ref().filter(|_| cell.recalled.is_none()) else { continue };
        let run = handle.now();
        for group in render::errors(&run, &run.request.code) {
            // The map belongs to the code as it is now; of other code the line would be a guess.
            let line = group.code_line.filter(|_| run.request.code == cell.cell.code);
            let at = line.and_then(|line| place(&cell.cell, line, group.column, group.width));
            let at = at.unwrap_or(cell.cell.magic_range());
            errors.push(EngineError {
                cell: cell_id(cell.id),
                run: RunId(handle.id.0),
                range: range(&view.text, at, encoding),
                ranks: group.ranks.to_string(),
                title: render::without_key(&group.title()).into_owned(),
                interrupted: group.is_interrupted(),
                related: related(&group),
                // What an engine sent is text, and stays so in whatever shows it.
                name: group.name(),
                variants: group
                    .variants
                    .into_iter()
                    .map(|variant| ErrorVariant {
                        ranks: variant.ranks.to_string(),
                        value: render::without_keys(&render::terminal_text(&variant.evalue, false))
                            .into_owned(),
                        traceback: render::without_keys(&variant.traceback).into_owned(),
                    })
                    .collect(),
                stale: cell.stale,
            });
        }
    }
    errors
}

/// What a run's card says besides what engines did: what `--local` asks for and this client does not do.
pub(super) fn note(handle: &RunHandle, runs_local: bool) -> Option<&'static str> {
    (handle.plan.local && !runs_local).then_some("local part not run")
}

/// The answer to `px/result`. `line` names the run, where it is not the one of the cell that was asked about; `note` is what its
/// card says besides what engines did.
pub(super) fn result(
    id: RunId,
    run: &Run,
    group_by: GroupBy,
    line: Option<&str>,
    note: Option<&str>,
) -> ResultResult {
    let named = line.map(|line| render::terminal_text(line, false)).unwrap_or_default();
    let (mut text, mut markdown) = (String::new(), String::new());
    if !named.is_empty() {
        text = format!("{named}\n");
        // Text of the document, in a fence that nothing in it ends.
        let longest = named.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        markdown = format!("{fence} {named} {fence}\n\n");
    }
    text += &render::terminal(run, group_by, Style::default());
    markdown += &render::markdown(run, group_by, Limits::default());
    if let Some(note) = note {
        text.push_str(&format!("{note}\n"));
        markdown.push_str(&format!("\n*{note}*\n"));
    }
    ResultResult {
        run: id,
        state: run_state(run),
        groups: groups(run, group_by),
        text,
        markdown,
        images: Vec::new(),
        contact_sheet: None,
    }
}

/// The groups of the answer to `px/result`: one per engine, if that was asked for.
fn groups(run: &Run, group_by: GroupBy) -> Vec<Group> {
    let state = |ending: Option<&Ending>| match ending {
        None => GroupState::Pending,
        Some(Ending::Ok) => GroupState::Ok,
        Some(Ending::Error(_)) => GroupState::Error,
        Some(Ending::Aborted) => GroupState::Aborted,
        Some(Ending::Lost(_)) => GroupState::Lost,
    };
    match group_by {
        GroupBy::Engine => (0..)
            .map(Slot)
            .zip(run.parts())
            .map(|(slot, part)| Group {
                ranks: std::iter::once(part.engine).collect::<RankSet>().to_string(),
                engines: vec![part.engine.0],
                state: state(part.ending()),
                text: render::part_text(run, slot),
            })
            .collect(),
        GroupBy::Fold | GroupBy::Type | GroupBy::Order => render::fold(run)
            .into_iter()
            .map(|group| Group {
                ranks: group.ranks.to_string(),
                engines: group.ranks.iter().map(|engine| engine.0).collect(),
                state: state(group.ending.as_ref()),
                text: render::group_text(run, &group),
            })
            .collect(),
    }
}

/// A run of the answer to `px/runs`.
pub(super) fn past_run(past: &session::PastRun) -> PastRun {
    let handle = &past.run;
    let run = handle.now();
    let engines = &run.request.engines;
    PastRun {
        run: RunId(handle.id.0),
        uri: Uri::from(&*handle.document.0),
        cell: cell_id(handle.cell),
        line: handle.line,
        title: handle.title.trim().to_owned(),
        suffix: handle.suffix.clone(),
        name: past.name.clone(),
        state: run_state(&run),
        engines: engines.iter().map(|engine| engine.0).collect(),
        ranks: engines.iter().copied().collect::<RankSet>().to_string(),
        block: run.blocking,
        created: run.created.0,
        ended: run.ended().map(|at| at.0),
        summary: render::inline(&run, now()).text,
    }
}

fn state_of(handle: Option<&RunHandle>) -> CellState {
    handle.map_or(CellState::Idle, |handle| run_state(&handle.now()))
}

pub(super) fn run_state(run: &Run) -> CellState {
    match run.state() {
        RunState::Queued => CellState::Queued,
        RunState::Running => CellState::Running,
        RunState::Succeeded => CellState::Succeeded,
        RunState::Failed => CellState::Failed,
    }
}

fn severity(severity: render::Severity) -> LineSeverity {
    match severity {
        render::Severity::Pending => LineSeverity::Info,
        render::Severity::Ok => LineSeverity::Ok,
        render::Severity::Warning => LineSeverity::Warning,
        render::Severity::Error => LineSeverity::Error,
    }
}

/// A line has one style in the protocol: that of what it says, not of the label or the rule beside it.
fn block_line(line: &render::BlockLine) -> BlockLine {
    let says = |paint: &Paint| !matches!(paint, Paint::Ranks | Paint::Rule | Paint::Note);
    let paint = line
        .spans
        .iter()
        .map(|span| span.paint)
        .find(says)
        .or_else(|| line.spans.first().map(|span| span.paint));
    let style = match paint {
        Some(Paint::Ranks | Paint::Rule | Paint::Pending) => LineStyle::Label,
        Some(Paint::Stderr) => LineStyle::Stderr,
        Some(Paint::Display | Paint::Result) => LineStyle::Result,
        Some(Paint::FailedRanks | Paint::Error | Paint::Traceback) => LineStyle::Error,
        Some(Paint::Note) => LineStyle::Note,
        Some(Paint::Stdout) | None => LineStyle::Stdout,
    };
    BlockLine { text: line.text(), style, ranks: ranks(line) }
}

/// How many characters there are up to the end of the engines that a line names.
fn ranks(line: &render::BlockLine) -> Option<u32> {
    let names = |paint: Paint| matches!(paint, Paint::Ranks | Paint::FailedRanks | Paint::Pending);
    let at = line.spans.iter().position(|span| names(span.paint))?;
    let characters = line.spans[..=at].iter().map(|span| span.text.chars().count()).sum::<usize>();
    u32::try_from(characters).ok()
}

pub(super) fn range(text: &Document, range: TextRange, encoding: Encoding) -> Range {
    placed([range.start, range.end].map(|offset| text.position(offset, encoding)))
}

fn placed(places: [text::Position; 2]) -> Range {
    let [start, end] = places.map(|position| Position { line: position.line, character: position.character });
    Range { start, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_where_the_engines_that_it_names_end() {
        let check = |spans: &[(&str, Paint)], expected| {
            let spans =
                spans.iter().map(|(text, paint)| render::Span { text: (*text).into(), paint: *paint });
            assert_eq!(block_line(&render::BlockLine { spans: spans.collect() }).ranks, expected);
        };
        check(&[("[0-1]", Paint::Ranks), (" ", Paint::Note), ("[2] ready", Paint::Stdout)], Some(5));
        check(&[("── ", Paint::Rule), ("✗ [3]", Paint::FailedRanks), (" ──", Paint::Rule)], Some(8));
        check(&[("[0] printed by an engine", Paint::Stdout)], None);
    }
}
