//! What engines raised, as lines to paint and as text for Markdown.

use super::{
    ErrorGroup, errors,
    layout::{BlockLine, Paint, Place, View, rule},
    markdown::short_ranks,
    settle,
    wording::cut,
};
use crate::run::{EngineRun, Run};

/// The errors of a run, once per stack.
pub(super) fn lay_out_errors(run: &Run, view: View, place: Place<'_>, lines: &mut Vec<BlockLine>) {
    for error in errors(run, &run.request.code) {
        let traceback =
            if view.scope.colors { colored_traceback(run, &error) } else { error.traceback.clone() };
        let line = |line: u32| place(line).unwrap_or_else(|| format!("line {}", line + 1));
        let place = error.code_line.map(line).map(|line| format!(" · {line}")).unwrap_or_default();
        lay_out_error(&error, &place, &traceback, view.width, lines);
    }
}

/// The traceback that an error group shows, in the engine's own colours.
fn colored_traceback(run: &Run, error: &ErrorGroup) -> String {
    let shown_by = |part: &&EngineRun| {
        error.variants.first().is_some_and(|first| first.ranks.first() == Some(part.engine))
    };
    let raised = run.parts().find(shown_by).and_then(EngineRun::error);
    raised.map_or_else(|| error.traceback.clone(), |raised| settle(&raised.traceback.join("\n"), true))
}

fn lay_out_error(error: &ErrorGroup, place: &str, traceback: &str, width: usize, into: &mut Vec<BlockLine>) {
    let label = format!("✗ {} ", error.ranks);
    let room = width.min(80).saturating_sub(label.chars().count() + place.chars().count() + 7).max(8);
    let title = cut(&error.title(), room);
    let heading = BlockLine::of(label, Paint::FailedRanks).and(title, Paint::Error).and(place, Paint::Note);
    into.push(rule(heading, '─', width));
    for variant in error.variants.iter().filter(|_| error.variants.len() > 1) {
        let message = settle(&variant.evalue, false);
        let mut lines = message.split('\n');
        let first = lines.next().unwrap_or_default();
        into.push(BlockLine::of(format!("{} ", variant.ranks), Paint::FailedRanks).and(first, Paint::Error));
        into.extend(lines.map(|line| BlockLine::of(line, Paint::Error)));
    }
    let message = format!("{}: {}", error.ename, error.evalue);
    match traceback_body(traceback).as_slice() {
        [] => into.extend(settle(&message, false).split('\n').map(|line| BlockLine::of(line, Paint::Error))),
        lines => into.extend(lines.iter().map(|line| BlockLine::of(*line, Paint::Traceback))),
    }
}

/// A traceback without the line of dashes, `… Traceback (most recent call last)`, and blank lines around it. It may be in
/// colours.
fn traceback_body(traceback: &str) -> Vec<&str> {
    let is = |line: &str, wanted: fn(&str) -> bool| wanted(&settle(line, false));
    let is_blank = |line: &str| line.trim().is_empty();
    let mut lines: Vec<&str> = traceback.lines().skip_while(|line| is(line, is_blank)).collect();
    if lines
        .first()
        .is_some_and(|line| is(line, |line| line.len() > 20 && line.bytes().all(|byte| byte == b'-')))
    {
        lines.remove(0);
    }
    if lines.first().is_some_and(|line| is(line, |line| line.ends_with("Traceback (most recent call last)")))
    {
        lines.remove(0);
    }
    while lines.last().is_some_and(|line| is(line, is_blank)) {
        lines.pop();
    }
    lines
}

/// The errors of a run for Markdown: a head each, in which nothing is markup but code, and a text to fence.
pub(super) fn error_fences(run: &Run) -> Vec<(String, String)> {
    errors(run, &run.request.code).iter().map(|error| (error_head(error), error_text(error))).collect()
}

fn error_head(error: &ErrorGroup) -> String {
    let place = error.code_line.map(|line| format!(" · line {}", line + 1)).unwrap_or_default();
    format!("✗ `{}` `{}`{place}", short_ranks(&error.ranks), identifier(&error.ename))
}

/// An exception's name as far as it is one: nothing in it can be markup.
fn identifier(name: &str) -> String {
    let kept: String =
        name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).take(80).collect();
    if kept.is_empty() { "error".to_owned() } else { kept }
}

fn error_text(error: &ErrorGroup) -> String {
    let mut text = String::new();
    for variant in error.variants.iter().filter(|_| error.variants.len() > 1) {
        text.push_str(&format!("{} {}\n", variant.ranks, settle(&variant.evalue, false)));
    }
    let body = traceback_body(&error.traceback);
    if body.is_empty() {
        text.push_str(&settle(&format!("{}: {}", error.ename, error.evalue), false));
    } else {
        text.push_str(&body.join("\n"));
    }
    text
}
