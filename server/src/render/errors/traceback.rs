//! A traceback in steps: headings, frames, what links one exception to the next, messages.
//!
//! Reads what IPython 7 to 9 and Python itself print, without colours. Every line is in exactly one step, so nothing is
//! lost on the way, whatever the text is.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::Regex;

use super::{
    pattern,
    place::{ARROW, CELL_FRAME, FILE_FRAME, TEXT_FRAME},
};

/// Consecutive lines of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::render) struct Step {
    /// Which lines of the traceback.
    pub(in crate::render) lines: Range<usize>,
    pub(in crate::render) kind: Kind,
    /// What is compared with the steps of others: without numbers that differ between engines for no good reason.
    pub(in crate::render) key: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::render) enum Kind {
    /// A line of dashes, `… Traceback (most recent call last)`.
    Heading,
    Frame(Frame),
    /// The exception above led to the one below: as its cause, or while it was handled.
    Link {
        direct: bool,
    },
    /// The exception's name and text.
    Message,
    /// What else is printed: frames that were skipped, exceptions of a group.
    Other,
}

/// One call of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// In which text.
    pub place: FramePlace,
    /// 1-based line of that text, if it is known.
    pub line: Option<u32>,
    /// The function, without its arguments; none for the text itself.
    pub function: Option<String>,
}

impl Frame {
    /// Whether it is in a cell, or in code that one made from a text.
    pub(in crate::render) fn is_in_cell(&self) -> bool {
        !matches!(self.place, FramePlace::File(_))
    }
}

/// What a frame is a frame of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramePlace {
    /// A cell, by its counter on that engine.
    Cell(u32),
    /// A cell, nobody knows which.
    SomeCell,
    /// Code made from a text: `exec`, `%%time`.
    Text,
    /// A file, as the engine names it.
    File(String),
}

/// The head of a frame in a file. 1, 2: file and line; 3, 4: the same as IPython writes it.
static FILE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*File (?:"(.+?)", line (\d+)|([^"<\s].*?):(\d+))(?:,? in .*)?$"#));

/// The same of IPython 7, in which the line comes below.
static OLD_FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S.*\.(?:py|pyx|pxi|ipynb)) in \S.*$"));

/// The function of a frame.
static FUNCTION: LazyLock<Regex> = LazyLock::new(|| pattern(r",? in ([^\s(<][^\s(]*)"));

/// What differs between engines without meaning anything: numbers and addresses.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"0[xX][0-9a-fA-F]+|\d+"));

/// Reads the steps of a traceback whose last message is `message`; `own` is the counter of the cell that was sent.
pub(super) fn steps(traceback: &str, message: &str, own: Option<u32>) -> Vec<Step> {
    let lines: Vec<&str> = traceback.lines().collect();
    // Nothing in the text of the exception is a frame.
    let said = traceback.trim_end().strip_suffix(message.trim_end()).filter(|_| !message.is_empty());
    let until = said
        .filter(|before| before.is_empty() || before.ends_with('\n'))
        .map_or(lines.len(), |before| before.lines().count());
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (kind, end) = if at >= until { (Kind::Message, lines.len()) } else { step(&lines[..until], at) };
        let joins = matches!((&kind, steps.last().map(|step| &step.kind)), (Kind::Message, Some(Kind::Message)) if at < until);
        let blank = lines[at].trim().is_empty() && kind == Kind::Message && at < until;
        match steps.last_mut() {
            Some(last) if blank || joins => last.lines.end = end,
            _ => steps.push(Step { lines: at..end, kind, key: String::new() }),
        }
        at = end;
    }
    for step in &mut steps {
        step.key = key(step, &lines, own);
    }
    steps
}

/// What begins at this line, and where it ends.
fn step(lines: &[&str], at: usize) -> (Kind, usize) {
    let line = lines[at];
    if at == 0 && line.trim().is_empty() {
        return (Kind::Heading, 1);
    }
    if let Some(direct) = link(line) {
        return (Kind::Link { direct }, at + 1);
    }
    if is_heading(line) {
        return (Kind::Heading, at + 1);
    }
    if line.trim_start().starts_with("[... skipping") || is_of_group(line) {
        return (Kind::Other, at + 1);
    }
    let Some((place, in_head)) = head(line) else { return (Kind::Message, at + 1) };
    let is_body = |line: &&&str| {
        line.starts_with([' ', '\t', '-'])
            && !line.trim().is_empty()
            && head(line).is_none()
            && !line.trim_start().starts_with("[... skipping")
    };
    let end = at + 1 + lines[at + 1..].iter().take_while(is_body).count();
    let arrow = || lines[at + 1..end].iter().find_map(|line| ARROW.captures(line));
    let line_number = in_head.or_else(|| arrow()?[1].parse().ok());
    let function = FUNCTION.captures(line).map(|found| found[1].trim_end_matches(':').to_owned());
    let function = function.filter(|name| !name.is_empty());
    (Kind::Frame(Frame { place, line: line_number, function }), end)
}

fn link(line: &str) -> Option<bool> {
    match line.trim() {
        "The above exception was the direct cause of the following exception:" => Some(true),
        "During handling of the above exception, another exception occurred:" => Some(false),
        _ => None,
    }
}

pub(in crate::render) fn is_heading(line: &str) -> bool {
    let line = line.trim_end();
    let dashes = line.len() > 20 && line.bytes().all(|byte| byte == b'-');
    dashes || line.trim_end_matches(':').ends_with("Traceback (most recent call last)")
}

/// Whether this is a line of one of the exceptions in an `ExceptionGroup`.
fn is_of_group(line: &str) -> bool {
    line.starts_with("    | ") || line.starts_with("  +-") || line.trim_start().starts_with("+---")
}

/// Where a frame is that begins with this line, and its line.
fn head(line: &str) -> Option<(FramePlace, Option<u32>)> {
    // Most lines are none; to see that quickly matters for long tracebacks.
    if line.len() > 5000
        || !(line.contains(" in ") || line.contains(" In") || line.contains("File ") || line.contains('<'))
    {
        return None;
    }
    let number = |found: Option<regex::Match<'_>>| found.and_then(|found| found.as_str().parse().ok());
    if let Some(found) = CELL_FRAME.captures(line) {
        let counter = number(found.get(1));
        return Some((counter.map_or(FramePlace::SomeCell, FramePlace::Cell), number(found.get(2))));
    }
    if let Some(found) = TEXT_FRAME.captures(line) {
        return Some((FramePlace::Text, number(found.get(1))));
    }
    if let Some(found) = FILE_FRAME.captures(line) {
        return Some((FramePlace::SomeCell, number(found.get(1))));
    }
    if let Some(found) = FILE.captures(line) {
        let path = found.get(1).or(found.get(3))?.as_str().to_owned();
        return Some((FramePlace::File(path), number(found.get(2).or(found.get(4)))));
    }
    let found = OLD_FILE.captures(line)?;
    Some((FramePlace::File(found[1].to_owned()), None))
}

fn key(step: &Step, lines: &[&str], own: Option<u32>) -> String {
    let first = lines[step.lines.start].trim();
    match &step.kind {
        Kind::Heading => first.split_whitespace().next().unwrap_or_default().to_owned(),
        Kind::Link { direct } => format!("link {direct}"),
        Kind::Message => first.split(':').next().unwrap_or_default().to_owned(),
        Kind::Other => {
            let text: Vec<&str> = lines[step.lines.clone()].iter().map(|line| line.trim_end()).collect();
            without_numbers(&text.join("\n")).into_owned()
        }
        Kind::Frame(frame) => {
            let place = match &frame.place {
                FramePlace::Cell(n) if own == Some(*n) => "cell".to_owned(),
                FramePlace::Cell(n) => format!("cell {n}"),
                FramePlace::SomeCell => "some cell".to_owned(),
                FramePlace::Text => "text".to_owned(),
                FramePlace::File(path) => without_numbers(path).into_owned(),
            };
            let body = || lines[step.lines.start + 1..step.lines.end].iter();
            let arrow = body().find_map(|line| ARROW.captures(line)).map(|arrow| arrow[2].to_owned());
            let source = arrow.or_else(|| Some(body().next()?.trim().to_owned())).unwrap_or_default();
            let function = frame.function.as_deref().unwrap_or_default();
            format!("{place}:{:?} {function} {source}", frame.line)
        }
    }
}

fn without_numbers(text: &str) -> Cow<'_, str> {
    NUMBER.replace_all(text, "#")
}
