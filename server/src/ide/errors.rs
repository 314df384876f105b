//! What engines raised, and where in the document.

use super::places::{code_place, positions};
use crate::{
    render,
    run::{Run, RunId, RunState},
    session::{CellId, CellView, DocumentView, Snapshot},
    text::{Encoding, Position},
};

/// What engines raised alike in the newest run of a px cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineError {
    /// Which px cell.
    pub cell: CellId,
    /// Which run.
    pub run: RunId,
    /// The line that raised, or the magic's if that is not known.
    pub range: [Position; 2],
    /// The engines as a rank set.
    pub ranks: String,
    /// The exception's name, in one short line.
    pub name: String,
    /// The exception in one line of at most 300 characters, without its text where engines differ in it.
    pub title: String,
    /// What exactly was raised, by engines; the largest first. One entry, unless the texts differ.
    pub variants: Vec<ErrorVariant>,
    /// What else belongs to it: exceptions that led to it, calls outside of the cell.
    pub related: Vec<Related>,
    /// Whether somebody stopped it, so that nothing is wrong with the code.
    pub interrupted: bool,
    /// Whether the run was of another code or plan than what would run now.
    pub stale: bool,
}

/// Something that belongs to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Related {
    /// The file, as the engine names it, and its 0-based line; none for the line of the error itself.
    pub file: Option<(String, u32)>,
    /// In words.
    pub message: String,
}

/// What some of the engines of an [`EngineError`] raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorVariant {
    /// The engines as a rank set.
    pub ranks: String,
    /// What the exception says.
    pub value: String,
    /// The whole traceback, plain.
    pub traceback: String,
}

/// What the engines raised in the newest runs of the document's cells.
pub(crate) fn errors(snapshot: &Snapshot) -> Vec<EngineError> {
    let Some(document) = snapshot.document() else { return Vec::new() };
    let mut errors = Vec::new();
    // A %pxresult shows what its own cell raised; that stands on the line that raised it.
    for cell in &document.cells {
        errors.extend(errors_of(snapshot, document, cell));
    }
    errors
}

/// What the engines raised in the newest run of a px cell.
pub(super) fn errors_of(snapshot: &Snapshot, document: &DocumentView, cell: &CellView) -> Vec<EngineError> {
    let Some(handle) = &cell.run else { return Vec::new() };
    let run = handle.now();
    let error = |group: render::ErrorGroup| {
        // The map belongs to the code as it is now; of other code the line would be a guess.
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
            // What an engine sent is text, and stays so in whatever shows it.
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

/// The 0-based line of the document on which most engines raised, where that is in the code as it stands.
pub(super) fn failing_line(document: &DocumentView, cell: &CellView, run: &Run) -> Option<u32> {
    if run.state() != RunState::Failed || run.request.code != cell.cell.code {
        return None;
    }
    let line = render::errors(run, &run.request.code).into_iter().find_map(|group| group.code_line)?;
    let at = code_place(&cell.cell, line, None, 0)?;
    Some(document.text.position(at.start, Encoding::Utf8).line)
}

/// Most calls outside of the cell that are told with an error.
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
    // The last calls say most, where there are many.
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
