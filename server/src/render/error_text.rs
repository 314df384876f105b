//! What engines raised, as lines to paint and as text for Markdown.

use super::{
    ErrorGroup, ErrorVariant, errors,
    errors::{Branch, is_heading, trees, without, without_any_counter},
    line::{BlockLine, Paint, rule},
    terminal_text,
    view::{Place, View},
    wording::{cut, short_ranks},
};
use crate::{
    engines::RankSet,
    run::{EngineRun, Run},
};

/// For each variant of a group, at most this many lines say how its traceback differs.
const DIFFERENCES: usize = 20;

/// Lays out the errors of a run, once per stack; frames that several errors share, once for all of them.
pub(super) fn lay_out_errors(run: &Run, view: View, place: Place<'_>, lines: &mut Vec<BlockLine>) {
    let errors = errors(run, &run.request.code);
    let drawing = Drawing { run, errors: &errors, place, colors: view.scope.colors, width: Some(view.width) };
    for tree in trees(&errors) {
        drawing.branch(&tree, 0, lines);
    }
}

/// The errors of a run for Markdown: a head each, in which nothing is markup but code, and a text to fence.
pub(super) fn error_fences(run: &Run) -> Vec<(String, String)> {
    let errors = errors(run, &run.request.code);
    let drawing = Drawing { run, errors: &errors, place: &|_| None, colors: false, width: None };
    let text = |tree: &Branch| {
        let mut lines = Vec::new();
        match tree.branches.as_slice() {
            [] => drawing.error(tree, true, &mut lines),
            branches => {
                // The messages come first, since the end may have to be cut.
                drawing.list(branches, &mut lines);
                lines.push(BlockLine::default());
                drawing.shared(tree, &mut lines);
                branches.iter().for_each(|branch| drawing.branch(branch, 1, &mut lines));
            }
        }
        lines.iter().map(BlockLine::text).collect::<Vec<_>>().join("\n")
    };
    trees(&errors).iter().map(|tree| (head(&errors, tree), text(tree))).collect()
}

/// Errors that engines share frames of, for views that show each in a box of its own.
pub(super) struct ErrorText {
    /// The exceptions' names.
    pub(super) name: String,
    /// The exception's text, if there is one exception with the same text on all its engines.
    pub(super) message: String,
    /// Who raised what on which line, and the traceback.
    pub(super) text: String,
}

/// The errors of a run, as [`lay_out_errors`] has them.
pub(super) fn error_texts(run: &Run) -> Vec<ErrorText> {
    let errors = errors(run, &run.request.code);
    let drawing = Drawing { run, errors: &errors, place: &|_| None, colors: false, width: None };
    let text_of = |tree: &Branch| {
        let first = &errors[tree.group];
        let is_one = tree.branches.is_empty() && !first.texts_differ();
        let mut lines = Vec::new();
        drawing.branch(tree, 0, &mut lines);
        ErrorText {
            name: match tree.branches.as_slice() {
                [] => terminal_text(&first.ename, false),
                _ => names(&errors, tree).join(", "),
            },
            message: if is_one { terminal_text(&first.evalue, false) } else { String::new() },
            text: lines.iter().map(BlockLine::text).collect::<Vec<_>>().join("\n"),
        }
    };
    trees(&errors).iter().map(text_of).collect()
}

/// The mark before engines that raised, or were all stopped.
fn mark(errors: &[ErrorGroup], tree: &Branch) -> &'static str {
    if leaves(tree).iter().all(|&leaf| errors[leaf].is_interrupted()) { "■" } else { "✗" }
}

/// The errors at the ends of a tree's branches.
fn leaves(tree: &Branch) -> Vec<usize> {
    match tree.branches.as_slice() {
        [] => vec![tree.group],
        branches => branches.iter().flat_map(leaves).collect(),
    }
}

/// The names of the exceptions of a tree, each once.
fn names(errors: &[ErrorGroup], tree: &Branch) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for leaf in leaves(tree) {
        let error = &errors[leaf];
        let name = if error.is_interrupted() { error.title() } else { error.name() };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn head(errors: &[ErrorGroup], tree: &Branch) -> String {
    let first = &errors[tree.group];
    let line = first.code_line.filter(|_| tree.branches.is_empty());
    let place = line.map(|line| format!(" · line {}", line + 1)).unwrap_or_default();
    let mut names = names(errors, tree);
    let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
    names.truncate(4);
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", identifier(name))).collect();
    format!("{} `{}` {}{more}{place}", mark(errors, tree), short_ranks(&tree.ranks), names.join(", "))
}

/// An exception's name as far as it is one: nothing in it can be markup.
fn identifier(name: &str) -> String {
    let kept: String =
        name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).take(80).collect();
    if kept.is_empty() { "error".to_owned() } else { kept }
}

/// What errors are drawn from, and how.
struct Drawing<'a> {
    run: &'a Run,
    errors: &'a [ErrorGroup],
    place: Place<'a>,
    colors: bool,
    /// The length of rules; `None`: headings are ordinary lines.
    width: Option<usize>,
}

impl Drawing<'_> {
    fn branch(&self, tree: &Branch, depth: usize, into: &mut Vec<BlockLine>) {
        let first = &self.errors[tree.group];
        let at = if depth == 0 { "" } else { "╰ " };
        let label = format!("{at}{} {} ", mark(self.errors, tree), tree.ranks);
        let (title, place) = match tree.branches.as_slice() {
            [] => (first.title(), self.line(first)),
            _ => (names(self.errors, tree).join(", "), String::new()),
        };
        let room = self.width.unwrap_or(80).min(80);
        let room = room.saturating_sub(label.chars().count() + place.chars().count() + 7).max(8);
        let heading = BlockLine::of(label, Paint::FailedRanks)
            .and(cut(&title, room), Paint::Error)
            .and(place, Paint::Note);
        into.push(match self.width {
            Some(width) => rule(heading, '─', width),
            None => heading,
        });
        match tree.branches.as_slice() {
            [] => self.error(tree, depth == 0, into),
            branches => {
                self.shared(tree, into);
                branches.iter().for_each(|branch| self.branch(branch, depth + 1, into));
            }
        }
    }

    /// The ends of branches, a line each.
    fn list(&self, branches: &[Branch], into: &mut Vec<BlockLine>) {
        for leaf in branches.iter().flat_map(leaves) {
            let error = &self.errors[leaf];
            let line = BlockLine::of(format!("{} ", error.ranks), Paint::FailedRanks);
            into.push(line.and(error.title(), Paint::Error).and(self.line(error), Paint::Note));
        }
    }

    fn line(&self, error: &ErrorGroup) -> String {
        let named = |line: u32| (self.place)(line).unwrap_or_else(|| format!("line {}", line + 1));
        error.code_line.map(named).map(|line| format!(" · {line}")).unwrap_or_default()
    }

    /// The frames that the errors below share.
    fn shared(&self, tree: &Branch, into: &mut Vec<BlockLine>) {
        let traceback = self.traceback(&self.errors[tree.group]);
        into.extend(self.steps(tree, &traceback).iter().map(|line| BlockLine::of(*line, Paint::Traceback)));
    }

    /// What one group of engines raised; `whole`: nothing of it is shown further up.
    fn error(&self, tree: &Branch, whole: bool, into: &mut Vec<BlockLine>) {
        let error = &self.errors[tree.group];
        if error.texts_differ() {
            for (ranks, text) in by_text(error) {
                let mut lines = text.split('\n');
                let first = lines.next().unwrap_or_default();
                into.push(BlockLine::of(format!("{ranks} "), Paint::FailedRanks).and(first, Paint::Error));
                into.extend(lines.map(|line| BlockLine::of(line, Paint::Error)));
            }
        }
        let message = format!("{}: {}", error.name(), terminal_text(&error.evalue, false));
        let traceback = self.traceback(error);
        let body = if whole { traceback_body(&traceback) } else { self.steps(tree, &traceback) };
        match body.as_slice() {
            _ if error.printed => {
                into.extend(message.split('\n').map(|line| BlockLine::of(line, Paint::Error)));
                into.push(BlockLine::of("(its traceback is in stderr)", Paint::Note));
            }
            [] => into.extend(message.split('\n').map(|line| BlockLine::of(line, Paint::Error))),
            lines => into.extend(lines.iter().map(|line| BlockLine::of(*line, Paint::Traceback))),
        }
        if !error.printed {
            differences(error, into);
        }
    }

    /// The lines of a branch's own steps.
    fn steps<'t>(&self, tree: &Branch, traceback: &'t str) -> Vec<&'t str> {
        let steps = self.errors[tree.group].steps.get(tree.steps.clone()).unwrap_or_default();
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Vec::new() };
        let lines = traceback.lines().skip(first.lines.start).take(last.lines.end - first.lines.start);
        let mut lines: Vec<&str> = lines.collect();
        while lines.last().is_some_and(|line| terminal_text(line, false).trim().is_empty()) {
            lines.pop();
        }
        lines
    }

    /// The traceback that a group shows, in the engine's own colours if they are wanted.
    fn traceback(&self, error: &ErrorGroup) -> String {
        let shown_by = |part: &&EngineRun| {
            error.variants.first().is_some_and(|first| first.ranks.first() == Some(part.engine))
        };
        let raised = self.run.parts().filter(|_| self.colors).find(shown_by).and_then(EngineRun::error);
        let Some(raised) = raised else { return error.traceback.clone() };
        without(&error.repeats, &terminal_text(&raised.traceback.join("\n"), true))
    }
}

/// The texts of a group's exceptions, each with all its engines.
fn by_text(error: &ErrorGroup) -> Vec<(RankSet, String)> {
    let mut texts: Vec<(&str, Vec<&RankSet>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for variant in &error.variants {
        let at = *known.entry(variant.evalue.as_str()).or_insert(texts.len());
        match texts.get_mut(at) {
            Some((_, ranks)) => ranks.push(&variant.ranks),
            None => texts.push((&variant.evalue, vec![&variant.ranks])),
        }
    }
    let all = |ranks: Vec<&RankSet>| ranks.into_iter().flat_map(RankSet::iter).collect();
    texts.into_iter().map(|(text, ranks)| (all(ranks), terminal_text(text, false))).collect()
}

/// Where tracebacks of a group differ from the one shown in more than the exception's text: those lines.
fn differences(error: &ErrorGroup, into: &mut Vec<BlockLine>) {
    let Some((first, others)) = error.variants.split_first() else { return };
    let lines = |variant: &ErrorVariant| -> Vec<String> {
        let traceback = variant.traceback.trim_end();
        let message = terminal_text(&variant.evalue, false);
        let frames = traceback.strip_suffix(message.trim_end()).unwrap_or(traceback);
        frames.lines().map(str::to_owned).collect()
    };
    let known = lines(first);
    for other in others {
        let own = lines(other);
        let is_known = |i: usize, line: &String| {
            known.get(i).is_some_and(|known| without_any_counter(known) == without_any_counter(line))
        };
        let differs: Vec<&String> =
            (0..).zip(&own).filter(|(i, line)| !is_known(*i, line)).map(|(_, line)| line).collect();
        if differs.is_empty() {
            continue;
        }
        into.push(
            BlockLine::of(other.ranks.to_string(), Paint::FailedRanks).and(" has instead:", Paint::Note),
        );
        into.extend(
            differs.iter().take(DIFFERENCES).map(|line| BlockLine::of(line.as_str(), Paint::Traceback)),
        );
        if differs.len() > DIFFERENCES {
            let more = super::wording::count(differs.len() - DIFFERENCES, "more line");
            into.push(BlockLine::of(format!("… {more}"), Paint::Note));
        }
    }
}

/// A traceback without the line of dashes, `… Traceback (most recent call last)`, and blank lines around it. It may be in
/// colours.
fn traceback_body(traceback: &str) -> Vec<&str> {
    let plain = |line: &str| terminal_text(line, false);
    let mut lines: Vec<&str> = traceback.lines().skip_while(|line| plain(line).trim().is_empty()).collect();
    let headings = lines.iter().take(2).take_while(|line| is_heading(&plain(line))).count();
    lines.drain(..headings);
    while lines.last().is_some_and(|line| plain(line).trim().is_empty()) {
        lines.pop();
    }
    lines
}
