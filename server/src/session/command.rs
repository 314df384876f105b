//! A command to run px cells, and its answer.

use std::{collections::HashMap, sync::Arc};

use super::{CellId, ClusterError, DocumentKey, Only, RunHandle, ShownResult, StartPolicy};
use crate::{cells::LineName, engines::ResolveError, plan::Overrides};

/// Which px cells to run. The session looks them up when it handles the command: edits that were sent before it have
/// taken effect by then, and later ones change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One px cell.
    Cell(CellId),
    /// These px cells, all of which must still be there. This and the scopes below leave out cells in the body of a statement
    /// such as `if`, unless only that one is named, or all of the lines are its own.
    Cells(Vec<CellId>),
    /// The px cells that overlap these lines: first and last, 0-based.
    Lines(u32, u32),
    /// The px cells that end before this place, in the document or in the cells of its notebook; never the one at the
    /// place.
    Above(Place),
    /// The px cell at this place and all after it.
    Below(Place),
    /// All px cells of the document, or of all cells of a synchronised notebook.
    All,
}

/// Where "above" ends and "below" begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At this px cell, wherever it is by now.
    Cell(CellId),
    /// At this line of the document, 0-based.
    Line(u32),
}

/// A command to run px cells.
#[derive(Clone, Debug)]
pub(crate) struct RunCommand {
    /// The document, or the cell of a notebook.
    pub document: DocumentKey,
    pub scope: Scope,
    /// Options that go before those of the cells.
    pub overrides: Overrides,
    /// Run the one chosen px cell again on these engines of its last run only.
    pub only: Option<Only>,
    /// Whether the first engine runs alone at first, and the others only if it succeeds.
    pub canary: bool,
    /// Whether to run later cells after one has failed.
    pub keep_going: bool,
    /// What to do if no cluster is running.
    pub start: StartPolicy,
}

/// The answer to a [`RunCommand`].
#[derive(Clone, Debug, Default)]
pub(crate) struct RunResponse {
    /// The runs, in order.
    pub runs: Vec<Arc<RunHandle>>,
    /// The `%pxresult` lines that were run, and the run that each shows.
    pub shown_results: Vec<ShownResult>,
    /// Cells that were not run, with the reason, in order.
    pub not_run: Vec<NotRun>,
    /// Cells that are left out since they may not be meant to run, in order.
    pub conditional: Vec<Conditional>,
    /// The number of lines of local code beside the px lines, which only a local Python could run.
    pub local_lines: u32,
    /// Whether the cell has changed since its last run, if it runs again on a part of its engines.
    pub changed: bool,
}

/// A cell that was not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRun {
    pub cell: CellId,
    /// The line of its magic when it was asked for: `line 12`, `cell 3, line 2`.
    pub place_name: LineName,
    pub kind: NotRunKind,
    /// The reason, to stand behind the place of the cell and a colon.
    pub why: String,
}

/// The kind of reason for which a cell was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRunKind {
    /// Its magic runs nothing, such as a `%pxconfig`.
    RunsNothing,
    /// It is a `%pxresult`, and there is no run that it could show.
    NothingYet,
    /// It has an error, its targets choose no engine, or it was deleted.
    Refused,
    /// A cell before it could not run, or a `%pxresult` before it shows a failed run.
    Skipped,
    /// It was run again with other options or other code before it was sent.
    Replaced,
}

/// A px cell in the body of a statement such as `if`, which was among those asked for and not meant by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conditional {
    /// The px cell.
    pub cell: CellId,
    /// How many lines it has.
    pub lines: u32,
    /// What that statement begins with.
    pub keyword: &'static str,
}

/// Begins a sentence with these words.
fn capitalized(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest.as_str().chars()).collect()
}

impl RunResponse {
    /// The cells that were not run and are worth a word, each with a sentence that names the cell and the reason. Cells
    /// with the same reason have the same sentence, so that it needs to be shown only once. Lines that never run anything
    /// count only if nothing else ran.
    pub(crate) fn reasons(&self) -> Vec<(&NotRun, String)> {
        let nothing_else = self.runs.is_empty() && self.shown_results.is_empty();
        let is_reported = |one: &&NotRun| nothing_else || one.kind != NotRunKind::RunsNothing;
        let mut alike: HashMap<&str, (LineName, usize)> = HashMap::new();
        for one in self.not_run.iter().filter(is_reported) {
            alike.entry(&one.why).or_insert((one.place_name, 0)).1 += 1;
        }
        let sentence = |one: &NotRun| {
            let (first, count) = alike[&*one.why];
            let first = capitalized(&first.to_string());
            let lines = match count {
                _ if one.kind == NotRunKind::RunsNothing => return one.why.clone(),
                1 => format!("{first} was"),
                2 => format!("{first} and 1 px cell after it were"),
                _ => format!("{first} and {} px cells after it were", count - 1),
            };
            format!("{lines} not run: {}", one.why)
        };
        self.not_run.iter().filter(is_reported).map(|one| (one, sentence(one))).collect()
    }

    /// How many lines of local code stand beside the px lines: `2 local lines`.
    pub(crate) fn local_lines(&self) -> Option<String> {
        match self.local_lines {
            0 => None,
            1 => Some("1 local line".to_owned()),
            count => Some(format!("{count} local lines")),
        }
    }

    /// How many lines do not run since they stand in the bodies of statements, and of which: ``2 lines under `for` and
    /// `if` ``.
    pub(crate) fn conditional_lines(&self) -> Option<String> {
        let count: u32 = self.conditional.iter().map(|one| one.lines).sum();
        let mut words: Vec<String> = Vec::new();
        for one in &self.conditional {
            let word = format!("`{}`", one.keyword);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let (last, others) = words.split_last()?;
        let under =
            if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) };
        Some(format!("{count} {} under {under}", if count == 1 { "line" } else { "lines" }))
    }
}

/// Where there was no px cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoCell {
    /// At the lines that were asked for.
    #[error("No px cell at the cursor; move the cursor into a %%px cell or onto a %px line")]
    Here,
    #[error("No px cell above the cursor")]
    Above,
    #[error("No px cell at or below the cursor")]
    Below,
    /// In the whole file.
    #[error(
        "No px cell in this file; a cell that begins with %%px runs on the engines, and so does a %px line"
    )]
    InFile,
    /// The cell that was asked for was deleted.
    #[error("That px cell is no longer in the document")]
    Gone,
    /// One of the cells that were asked for was deleted.
    #[error("One of those px cells is no longer in the document, so none was run; select them again")]
    OneGone,
}

/// Why nothing was run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RunError {
    /// The document is not open.
    #[error("{0} is not open in the editor; open it first")]
    NoDocument(DocumentKey),
    /// The document cannot be parsed.
    #[error("{0}")]
    Unreadable(String),
    /// The targets that the command names instead of the cells' own cannot be parsed.
    #[error("{0}")]
    InvalidTargets(String),
    /// What was asked for holds no px cell.
    #[error("{0}")]
    NoCell(NoCell),
    /// A cell has an error.
    #[error("{place_name}: {why}")]
    Refused {
        /// The magic's line, as a reader calls it.
        place_name: LineName,
        why: String,
    },
    /// The targets choose no engine.
    #[error("{place_name}: {source}")]
    Targets {
        /// The magic's line, as a reader calls it.
        place_name: LineName,
        source: ResolveError,
    },
    /// The cell is to run again on a part of its last run's engines, and there is no such engine.
    #[error("{0}")]
    NothingToRerun(String),
    /// There is no cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The workspace is not trusted.
    #[error("This workspace is not trusted, so pxlens runs nothing; trust it first")]
    Untrusted,
    /// The session has ended.
    #[error("The session has ended; start pxlens again")]
    Ended,
    /// The session panicked at it.
    #[error(
        "pxlens hit a bug and did not finish this; please report it. What it did before that is not undone"
    )]
    Bug,
}
