//! Lines of text, each piece with what it is.

use serde::Serialize;

use super::terminal_text;

/// What a piece of text is; the client chooses the colour. As JSON: `ranks`, `failedRanks`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Paint {
    /// A rank set.
    Ranks,
    /// A rank set of engines that failed.
    FailedRanks,
    /// The line of a heading.
    Rule,
    /// What an engine wrote to stdout.
    Stdout,
    /// What an engine wrote to stderr.
    Stderr,
    /// A display, or what a pager was asked to show.
    Display,
    /// A value.
    Result,
    /// The name and text of an exception; a lost or aborted engine.
    Error,
    /// A traceback.
    Traceback,
    /// What pxlens says: `Out:`, `(no output)`, what was left out.
    Note,
    /// An engine that has not ended.
    Pending,
}

/// Text of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Without control characters; blocks and Markdown hold no escape sequence.
    pub text: String,
    /// What it is.
    pub paint: Paint,
}

/// A line, ready to paint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockLine {
    /// From left to right.
    pub spans: Vec<Span>,
}

impl BlockLine {
    pub(super) fn of(text: impl Into<String>, paint: Paint) -> Self {
        Self { spans: vec![Span { text: text.into(), paint }] }
    }

    pub(super) fn and(mut self, text: impl Into<String>, paint: Paint) -> Self {
        self.spans.push(Span { text: text.into(), paint });
        self
    }

    /// Adds text at the end, to the last span if that is of the same kind.
    pub(super) fn add(&mut self, text: &str, paint: Paint) {
        match self.spans.last_mut() {
            Some(last) if last.paint == paint => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.spans.push(Span { text: text.to_owned(), paint }),
        }
    }

    /// The text without its kinds.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// How many characters are seen; SGR sequences are not.
    pub(super) fn width(&self) -> usize {
        terminal_text(&self.text(), false).chars().count()
    }
}

/// A heading: `── [0-2] ───────────`.
pub(super) fn rule(heading: BlockLine, stroke: char, width: usize) -> BlockLine {
    let used = heading.width() + 4;
    let strokes = |n: usize| std::iter::repeat_n(stroke, n).collect::<String>();
    let mut line = BlockLine::of(strokes(2) + " ", Paint::Rule);
    line.spans.extend(heading.spans);
    line.and(format!(" {}", strokes(width.min(80).saturating_sub(used).max(2))), Paint::Rule)
}
