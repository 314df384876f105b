//! Where in a document engines raised.

use crate::{
    cells::Placed,
    lsp::facade::Related,
    render,
    run::{Run, RunState},
    session::{CellView, DocumentView},
    text::{Encoding, TextRange},
};

/// The line of the document on which most engines raised, where that is in the code as it stands.
pub(super) fn failing_line(view: &DocumentView, cell: &CellView, run: &Run) -> Option<u32> {
    if cell.recalled.is_some() || run.state() != RunState::Failed || run.request.code != cell.cell.code {
        return None;
    }
    let line = render::errors(run, &run.request.code).into_iter().find_map(|group| group.code_line)?;
    let at = place(&cell.cell, line, None, 0)?;
    Some(view.text.position(at.start, Encoding::Utf8).line)
}

/// Most calls outside of the cell that are told with an error.
const CALLS: usize = 30;

/// The exceptions that led to an error, then the calls in files, the outermost first.
pub(super) fn related(group: &render::ErrorGroup) -> Vec<Related> {
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

/// From a line of the code, or a column of it in characters, to the end of the line in the document, or for as many
/// characters as are marked if that is more than one.
pub(in crate::lsp::bridge) fn place(
    cell: &Placed,
    line: u32,
    column: Option<u32>,
    width: u32,
) -> Option<TextRange> {
    let code = cell.code.lines().nth(line as usize).unwrap_or_default();
    let indent = code.len() - code.trim_start().len();
    let from = match column {
        Some(column) => code.char_indices().nth(column as usize).map_or(indent, |(at, _)| at),
        None => indent,
    };
    let whole = cell.code_range(line)?;
    let start = cell.code_offset(line, from)?.min(whole.end);
    let marked = column.filter(|_| width > 1).and_then(|column| {
        let (to, _) = code.char_indices().nth((column + width) as usize)?;
        cell.code_offset(line, to)
    });
    Some(TextRange::new(start, marked.filter(|end| (start..whole.end).contains(end)).unwrap_or(whole.end)))
}
