//! What looks right on a `%px` line and is not: all of the line is code, and only that line.

use std::ops::Range;

use super::{
    super::{
        Fix, Problem, Severity,
        block::BlockText,
        mapped::Mapped,
        options::{self, Taker},
        python::Tokens,
    },
    Rule, as_cell,
};
use crate::text::TextRange;

pub(in crate::cells) const OPEN_BRACKET: Rule = Rule {
    code: "open-bracket",
    severity: Severity::Warning,
    meaning: "A bracket or a string that is open at the end of a `%px` line does not continue it, unlike in Python: the \
              engines get this line alone.",
    examples: &["%px a = (1,\n2)\n", "b = 1\n%px a = (1,\n2)\nb\n"],
};

pub(in crate::cells) const OPTIONS_ON_LINE: Rule = Rule {
    code: "options-on-line",
    severity: Severity::Warning,
    meaning: "`%px` takes no options: everything behind it is code, a SyntaxError on every engine.",
    examples: &["%px --targets 1 x\n", "%px --noblock\n"],
};

/// A `%px` line.
pub(in crate::cells) struct Line<'a> {
    pub(in crate::cells) block: BlockText<'a>,
    /// The lines of the block that it takes.
    pub(in crate::cells) lines: Range<usize>,
    /// The line from its percent sign on, continued lines joined.
    pub(in crate::cells) text: &'a Mapped,
    /// The name with its percent sign.
    pub(in crate::cells) name: &'a str,
    /// What is sent.
    pub(in crate::cells) code: &'a Mapped,
    /// Whether the line is nothing but the magic, and not hidden in a comment.
    pub(in crate::cells) is_whole: bool,
}

/// Warns of what looks right on a `%px` line and is not.
pub(in crate::cells) fn check(line: &Line<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let code = line.code.text();
    let range = line.code.range(0..code.len());
    let mut tokens = Tokens::default();
    tokens.read(code, 0);
    if tokens.is_open() {
        let message = "a bracket or string that is open does not continue a %px line: only this line is sent. Use %%px, or \
                       end the line with a backslash";
        problems.push(OPEN_BRACKET.problem(range, message, line.closed(tokens)));
    }
    let flag = code.trim_start().strip_prefix("--").unwrap_or_default();
    if flag.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let message = "%px takes no options: all of this line is sent as code. Use %%px for options";
        problems.push(OPTIONS_ON_LINE.problem(range, message, line.with_options()));
    }
    problems
}

impl Line<'_> {
    /// Sends the lines up to the one that closes what is open; `tokens` are those behind the code.
    fn closed(&self, mut tokens: Tokens) -> Vec<Fix> {
        let block = &self.block;
        let mut end = self.lines.end;
        // A backslash in a string with three quotes, or behind a comment, means something else.
        let mut joins = true;
        while tokens.is_open() && end < block.lines.len() {
            joins &= !tokens.in_long_string() && !block.line(end - 1).contains('#');
            tokens.read(block.line(end), 0);
            end += 1;
        }
        if tokens.is_open() || end == self.lines.end {
            return Vec::new();
        }
        let below: Vec<&str> = (self.lines.end..end).map(|index| block.line(index)).collect();
        let text = format!("%{}\n{}\n{}", self.name, self.code.text(), below.join("\n"));
        let mut fixes = self.as_cell(self.lines.start..end, &text);
        if joins {
            let edit = |index: usize| {
                let at = block.lines[index].end;
                block.source.edit(at..at, " \\")
            };
            let edits: Vec<(TextRange, String)> = (self.lines.end - 1..end - 1).map(edit).collect();
            fixes.push(Fix { title: "End the lines with backslashes".to_owned(), edits });
        }
        fixes
    }

    /// Puts the options where they count, or leaves them out.
    fn with_options(&self) -> Vec<Fix> {
        let text = self.code.text();
        let taken = |taker: Taker, end: usize| {
            let options = options::parse(&text[..end], taker, |range| self.code.range(range));
            options.error.is_none() && !options.dynamic
        };
        let ends = options::arguments(text).into_iter().map(|argument| argument.end);
        let Some(end) = ends.rev().find(|end| taken(Taker::Px, *end)) else { return Vec::new() };
        let (flags, code) = (text[..end].trim(), text[end..].trim());
        if code.is_empty() {
            let here = self.text.range(3..3);
            let fix = Fix::one("Write %pxconfig: set them for the cells below", (here, "config".to_owned()));
            return if taken(Taker::Config, end) && self.name.starts_with("%px") {
                vec![fix]
            } else {
                Vec::new()
            };
        }
        let mut fixes = self.as_cell(self.lines.clone(), &format!("%{} {flags}\n{code}", self.name));
        let out = self.code.range(0..text.len() - text[end..].trim_start().len());
        fixes.push(Fix::one("Leave the options out", (out, String::new())));
        fixes
    }

    fn as_cell(&self, lines: Range<usize>, text: &str) -> Vec<Fix> {
        let edit = if self.is_whole { as_cell(&self.block, lines, text) } else { None };
        edit.map(|edit| Fix::one(format!("Make it a %{} cell", self.name), edit)).into_iter().collect()
    }
}
