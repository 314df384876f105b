//! The exceptions that engines raised, and their places in the document.

use super::{
    SHOWN,
    places::{code_place, positions},
};
use crate::{
    render,
    run::{Run, RunId, RunState},
    session::{CellId, CellView, DocumentView, Snapshot},
    text::{Encoding, Position},
};

/// An exception that several engines raised alike in the newest run of a px cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineError {
    pub cell: CellId,
    pub run: RunId,
    /// The line that raised it, or the magic's line if that is not known.
    pub range: [Position; 2],
    /// The engines as a rank set.
    pub ranks: String,
    /// The exception's name, in one short line.
    pub name: String,
    /// The exception in one line of at most 300 characters, without its text if that differs among the engines.
    pub title: String,
    /// The texts of the exception and the engines of each, the largest set first. One entry, unless the texts differ.
    pub variants: Vec<ErrorVariant>,
    /// Exceptions that led to it, and calls outside of the cell.
    pub related: Vec<Related>,
    /// Whether the user interrupted the run, so that nothing is wrong with the code.
    pub interrupted: bool,
    /// Whether the code or the plan has changed since the run.
    pub stale: bool,
}

/// Another place or exception that explains an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Related {
    /// The file, as the engine names it, and the 0-based line; `None` for the line of the error itself.
    pub file: Option<(String, u32)>,
    pub message: String,
}

/// One of the texts of an [`EngineError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorVariant {
    /// The engines as a rank set.
    pub ranks: String,
    /// The text of the exception.
    pub value: String,
    /// The whole traceback as plain text.
    pub traceback: String,
}

/// The exceptions of the newest runs of the document's cells.
pub(crate) fn errors(snapshot: &Snapshot) -> Vec<EngineError> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut errors = Vec::new();
    // A `%pxresult` has no errors of its own: they belong to the cell whose run it shows.
    for cell in &document.cells {
        errors.extend(errors_of(snapshot, document, cell));
    }
    errors
}

/// The exceptions of the newest run of a px cell.
pub(super) fn errors_of(snapshot: &Snapshot, document: &DocumentView, cell: &CellView) -> Vec<EngineError> {
    let Some(handle) = snapshot.shown(cell).filter(|_| cell.run.is_some()) else { return Vec::new() };
    let run = handle.excerpt(SHOWN);
    let error = |group: render::ErrorGroup| {
        // Lines are mapped through the current code; for other code the line would be a guess.
        let line = group.code_line.filter(|_| run.request.code == cell.cell.code);
        let at = line.and_then(|line| code_place(&cell.cell, line, group.column, group.width));
        EngineError {
            cell: cell.id,
            run: handle.id,
            range: positions(document, snapshot, at.unwrap_or(cell.cell.magic_range())),
            ranks: group.ranks.to_string(),
            title: render::without_key(&group.title()).into_owned(),
            interrupted: group.is_interrupted(),
            related: related(&group),
            // Text from an engine must not be interpreted as markup by whatever shows it.
            name: group.name(),
            variants: group
                .variants
                .into_iter()
                .map(|variant| ErrorVariant {
                    ranks: variant.ranks.to_string(),
                    value: render::without_keys(&render::terminal_text(&variant.evalue, false)).into_owned(),
                    traceback: render::without_keys(&variant.traceback).into_owned(),
                })
                .collect(),
            stale: cell.stale,
        }
    };
    render::errors(&run, &run.request.code).into_iter().map(error).collect()
}

/// The 0-based line of the document on which most engines raised, if it is in the current code.
pub(super) fn failing_line(document: &DocumentView, cell: &CellView, run: &Run) -> Option<u32> {
    if run.state() != RunState::Failed || run.request.code != cell.cell.code {
        return None;
    }
    let line = render::errors(run, &run.request.code).into_iter().find_map(|group| group.code_line)?;
    let at = code_place(&cell.cell, line, None, 0)?;
    Some(document.text.position(at.start, Encoding::Utf8).line)
}

/// How many calls outside of the cell are listed with an error at most.
const CALLS: usize = 30;

/// The exceptions that led to an error, then the calls in files, the outermost first.
fn related(group: &render::ErrorGroup) -> Vec<Related> {
    let causes = group.causes.iter().rev().map(|cause| {
        let led = if cause.direct { "caused by" } else { "raised while handling" };
        let title = if cause.title.is_empty() { "another exception" } else { &cause.title };
        Related { file: None, message: render::without_key(&format!("{led} {title}")).into_owned() }
    });
    let mut related: Vec<Related> = causes.take(CALLS).collect();
    let causes = related.len();
    // If there are many calls, the last ones are the most useful.
    for frame in group.frames.iter().rev() {
        let render::FramePlace::File(path) = &frame.place else { continue };
        let Some(line) = frame.line.and_then(|line| line.checked_sub(1)) else { continue };
        let function = frame.function.as_deref().filter(|name| *name != "<module>");
        let message = function.map_or_else(|| "from here".to_owned(), |name| format!("in {name}"));
        let call = Related { file: Some((path.clone(), line)), message };
        if !related.contains(&call) {
            related.insert(causes, call);
        }
        if related.len() >= causes + CALLS {
            break;
        }
    }
    related
}
