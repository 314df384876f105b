//! Whether Python can read what IPython makes of a block. IPython puts a call in the place of each magic, command of the shell and
//! question; a number does as well to tell whether the rest is Python.

use std::{borrow::Cow, ops::Range};

use ruff_python_ast::{ModModule, Stmt};
use ruff_python_parser::{LexicalErrorType, ParseError, ParseErrorType, Parsed, UnsupportedSyntaxErrorKind};
use ruff_text_size::Ranged as _;

use super::{
    super::{
        broken::{Broken, Why},
        found::BlockText,
        prefix::Prefix,
        python, syntax,
    },
    compiled,
    words::is_magic_with_words,
};

/// The lines of a block that IPython gives to Python, and what it replaces in them.
#[derive(Debug, Default)]
pub(super) struct Handed {
    lines: Range<usize>,
    /// The blanks that all of them begin with, which IPython takes off.
    base: String,
    replaced: Vec<Replaced>,
    /// The line on which the last statement begins.
    last: usize,
}

/// Lines that are no Python.
#[derive(Debug)]
struct Replaced {
    lines: Range<usize>,
    /// What Python reads in place of the first of them; nothing of the others.
    text: String,
    /// Whether they are a comment of which jupytext makes code.
    is_freed: bool,
}

/// The text that Python reads.
struct Text {
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Handed {
    pub(super) fn new(lines: Range<usize>, base: &str) -> Self {
        Self { lines, base: base.to_owned(), ..Self::default() }
    }

    /// Takes in lines that are a magic or the like behind `kept`: the indentation, and what it is assigned to. They follow on
    /// those of before.
    pub(super) fn replace(&mut self, lines: Range<usize>, kept: &str) {
        self.replaced.push(Replaced { lines, text: format!("{kept}0"), is_freed: false });
    }

    /// Takes in lines of which IPython makes this code.
    pub(super) fn replace_by_call(&mut self, lines: Range<usize>, code: String) {
        self.replaced.push(Replaced { lines, text: code, is_freed: false });
    }

    /// Takes in a comment of which jupytext makes this code, such as `cd folder`, which is a magic only where it is all of its cell.
    pub(super) fn replace_by_code(&mut self, line: usize, code: String) {
        self.replaced.push(Replaced { lines: line..line + 1, text: code, is_freed: true });
    }

    pub(super) fn lines(&self) -> Range<usize> {
        self.lines.clone()
    }

    /// Takes in the line on which the last statement begins.
    pub(super) fn end(&mut self, last: usize) {
        self.last = last;
    }

    /// The first line by which IPython runs nothing of the block, or else the first statement that it cannot run.
    pub(super) fn broken(&self, block: BlockText<'_>, compiled_by: Option<Prefix>) -> Option<Broken> {
        let mut text = self.text(block);
        if let Some(at) = text.text.find('\0') {
            let why = Why::Python("it holds a null byte".into());
            return Some(Broken { line: self.line_at(&text, at), why });
        }
        let parsed = parse(&mut text.text)?;
        match parsed.errors().iter().min_by_key(|error| error.location.start()) {
            Some(error) => self.unread(block, &text, error),
            None => {
                self.old_except(&text, &parsed).or_else(|| self.not_compiled(&text, &parsed, compiled_by))
            }
        }
    }

    /// What an error of Python's says, and of which line.
    fn unread(&self, block: BlockText<'_>, text: &Text, error: &ParseError) -> Option<Broken> {
        let at = error.location.start().to_usize();
        let (line, said) = match &error.error {
            ParseErrorType::Lexical(LexicalErrorType::Eof) if text.text.trim_end().ends_with('\\') => {
                return Some(Broken { line: self.last, why: Why::BACKSLASH });
            }
            ParseErrorType::Lexical(LexicalErrorType::Eof) => (self.last, "a bracket is not closed".into()),
            other => {
                let is_closing = text.text[at..].starts_with([')', ']', '}']);
                // An error at the very end is one of the last line that holds something.
                let line = (self.lines.start..=self.line_at(text, at))
                    .rfind(|line| !block.line(*line).trim().is_empty())?;
                let replaced = self.replaced.iter().find(|replaced| replaced.lines.contains(&line));
                if replaced.map_or(block.hidden(line).is_some(), |replaced| replaced.is_freed) {
                    return Some(Broken { line, why: Why::FREED });
                }
                let written = block.freed(line);
                let said = match python::old_statement(written.trim_start()) {
                    _ if replaced.is_none() && is_magic_with_words(&written) => INSIDE.into(),
                    Some(word) => format!("Python 3 has no {word} statement").into(),
                    None if is_closing && !matches!(other, ParseErrorType::ExpectedExpression) => {
                        "a closing bracket does not match".into()
                    }
                    None => said(other),
                };
                (line, said)
            }
        };
        Some(Broken { line, why: Why::Python(said) })
    }

    /// An `except E, e:`. Python 3.14 takes `e` for another class of errors, and all others before it refuse the line. No name of
    /// a class begins with a small letter, so it is Python 2, as such lines in notebooks mostly are. `except A, B:` is the newest
    /// Python, and is left to the Python that runs it.
    fn old_except(&self, text: &Text, parsed: &Parsed<ModModule>) -> Option<Broken> {
        let is_old = |range: std::ops::Range<usize>| {
            let classes: Vec<&str> = text.text[range].split(',').map(str::trim).collect();
            classes.len() == 2
                && classes[1].starts_with(|c: char| c == '_' || c.is_lowercase())
                && is_name(classes[1])
        };
        let errors = parsed.unsupported_syntax_errors().iter();
        let at = errors
            .filter(|error| error.kind == UnsupportedSyntaxErrorKind::UnparenthesizedExceptionTypes)
            .map(|error| error.range().to_std_range())
            .find(|range| is_old(range.clone()))?
            .start;
        let why = Why::Python("Python 3 has no `except E, e:`, but `except E as e:`".into());
        Some(Broken { line: self.line_at(text, at), why })
    }

    /// The first statement that Python does not compile. `compiled_by`: the magic that compiles all of them at once.
    fn not_compiled(
        &self,
        text: &Text,
        parsed: &Parsed<ModModule>,
        compiled_by: Option<Prefix>,
    ) -> Option<Broken> {
        let body = &parsed.syntax().body;
        if let Some((at, said)) = compiled_by.and_then(|by| compiled::error_by(by, body)) {
            return Some(Broken { line: self.line_at(text, at), why: Why::Python(said.into()) });
        }
        let ends = compiled::ends(body).map(|(at, what)| (at, Why::Ends(what)));
        let Some((at, said)) = compiled::error(body, &text.text) else {
            return ends.map(|(at, why)| Broken { line: self.line_at(text, at), why });
        };
        let is_last = body.last().is_some_and(|last| last.start().to_usize() == at);
        let is_whole = match compiled_by {
            // A value at the end is compiled by itself.
            Some(Prefix::Time) => {
                !(is_last && body.last().is_some_and(Stmt::is_expr_stmt)) || body.len() == 1
            }
            Some(Prefix::Prun | Prefix::Timeit) => true,
            None => false,
        };
        let (at, why) = match ends.filter(|(end, _)| !is_whole && *end < at) {
            Some(ends) => ends,
            None if is_whole => (at, Why::Python(said.into())),
            None => (at, Why::Compiled(said)),
        };
        Some(Broken { line: self.line_at(text, at), why })
    }

    fn line_at(&self, text: &Text, at: usize) -> usize {
        self.lines.start + text.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// What Python reads.
    fn text(&self, block: BlockText<'_>) -> Text {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(self.lines.len());
        let mut replaced = self.replaced.iter().peekable();
        for line in self.lines.clone() {
            starts.push(text.len());
            while replaced.next_if(|replaced| replaced.lines.end <= line).is_some() {}
            let here = replaced.peek().filter(|replaced| replaced.lines.contains(&line));
            match here {
                Some(replaced) if replaced.lines.start == line => {
                    text.push_str(self.dedented(&replaced.text));
                }
                Some(_) => {}
                None => text.push_str(self.dedented(&block.freed(line))),
            }
            let source = block.source.text();
            let end = block.lines[line].end;
            match source[end..].chars().next() {
                // In a script, jupytext makes lines of what these end.
                Some(odd) if is_odd_end(odd) && !block.is_script && here.is_none() => text.push(odd),
                _ => text.push('\n'),
            }
        }
        Text { text, starts }
    }

    fn dedented<'a>(&self, line: &'a str) -> &'a str {
        match line.strip_prefix(self.base.as_str()) {
            Some(line) => line,
            None if line.trim().is_empty() => "",
            None => line,
        }
    }
}

/// Whether Python reads and compiles a text.
pub(super) fn is_python(text: &str) -> bool {
    let mut text = text.to_owned();
    parse(&mut text).is_none_or(|parsed| {
        parsed.errors().is_empty() && compiled::error(&parsed.syntax().body, &text).is_none()
    })
}

/// Longer chains of `; match` are not read.
const MOST: usize = 50;

/// Parses a text. The parser takes `match` behind a semicolon for a statement, where it can only be a name: it is made another of
/// the same length.
fn parse(text: &mut String) -> Option<Parsed<ModModule>> {
    for _ in 0..MOST {
        let parsed = syntax::parse(text)?;
        let first = parsed.errors().iter().min_by_key(|error| error.location.start());
        let names = first
            .filter(|error| matches!(error.error, ParseErrorType::SimpleAndCompoundStatementOnSameLine))
            .and_then(|error| {
                let at = error.location.start().to_usize();
                let at = at + text[at..].find(|c: char| c != ';' && !c.is_whitespace())?;
                text[at..].starts_with("match").then_some(at)
            });
        let Some(at) = names else { return Some(parsed) };
        text.replace_range(at..at + "match".len(), "m_tch");
    }
    syntax::parse(text)
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// What ends a line for `str.splitlines` and not for Python.
fn is_odd_end(c: char) -> bool {
    matches!(c, '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

const INSIDE: &str = "a magic stands inside of brackets";

/// What an error says, as the end of a sentence.
fn said(error: &ParseErrorType) -> Cow<'static, str> {
    match error {
        ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => "a string is not closed".into(),
        ParseErrorType::UnexpectedIndentation
        | ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
            "a line is indented as nothing above it is".into()
        }
        other => {
            let text = other.to_string();
            let mut letters = text.chars();
            match letters.next() {
                Some(first) if letters.as_str().starts_with(|c: char| c.is_lowercase()) => {
                    format!("{}{}", first.to_lowercase(), letters.as_str()).into()
                }
                _ => text.into(),
            }
        }
    }
}
