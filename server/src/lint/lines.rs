//! What looks right on a `%px` line and is not: all of the line is code, and only that line.

use std::ops::Range;

use super::{Fix, Problem, Rule, Severity, replacement::as_cell};
use crate::{
    cells::{
        MagicKind,
        found::{BlockText, Found},
        mapped::Mapped,
        options,
        python::Tokens,
    },
    text::TextRange,
};

pub(super) static OPEN_BRACKET: Rule = Rule {
    code: "open-bracket",
    severity: Severity::Warning,
    meaning: "A bracket or a string that is open at the end of a `%px` line does not continue it, unlike in Python: the \
              engines get this line alone.",
    examples: &["%px a = (1,\n2)\n", "b = 1\n%px a = (1,\n2)\nb\n"],
};

pub(super) static OPTIONS_ON_LINE: Rule = Rule {
    code: "options-on-line",
    severity: Severity::Warning,
    meaning: "`%px` takes no options: everything behind it is code, a SyntaxError on every engine.",
    examples: &["%px --targets 1 x\n", "%px --noblock\n"],
};

/// A `%px` line.
struct Line<'a> {
    block: BlockText<'a>,
    /// The lines of the block that it takes.
    lines: Range<usize>,
    /// The name with its percent sign.
    name: String,
    /// Where that stands.
    name_range: TextRange,
    /// What is sent.
    code: &'a Mapped,
    /// Whether the line is nothing but the magic, and not hidden in a comment.
    is_whole: bool,
}

/// Warns of what looks right on a `%px` line and is not.
pub(super) fn check(block: BlockText<'_>, found: &Found) -> Vec<Problem> {
    let line = Line {
        block,
        lines: found.lines.clone(),
        name: format!("%{}{}", found.magic.kind, found.magic.suffix),
        name_range: found.magic.name_range.in_block(),
        code: &found.code,
        is_whole: found.escape.is_none() && found.column == 0 && found.is_bare(),
    };
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
        let taken = |of: MagicKind, end: usize| {
            let options = options::parse(&text[..end], of, |range| self.code.range(range));
            options.error.is_none() && !options.dynamic
        };
        let ends = options::arguments(text).into_iter().map(|argument| argument.end);
        let Some(end) = ends.rev().find(|end| taken(MagicKind::CellPx, *end)) else { return Vec::new() };
        let (flags, code) = (text[..end].trim(), text[end..].trim());
        if code.is_empty() {
            let px = self.name_range.start + "%px".len();
            let here = TextRange::new(px, px);
            // Not where the name itself is written with escapes.
            let is_plain = self.name_range.len() == self.name.len();
            let fix = Fix::one("Write %pxconfig: set them for the cells below", (here, "config".to_owned()));
            return if taken(MagicKind::PxConfig, end) && is_plain && self.name.starts_with("%px") {
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
