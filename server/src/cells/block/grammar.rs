//! Whether Python can read what IPython makes of a block. IPython puts a call in the place of each magic, command of the shell and
//! question; a number does as well to tell whether the rest is Python.

use std::{borrow::Cow, ops::Range};

use ruff_python_parser::{LexicalErrorType, Mode, ParseError, ParseErrorType, ParseOptions, parse_unchecked};

use super::{
    super::{
        broken::{Broken, Why},
        found::BlockText,
        python,
    },
    is_magic_with_words,
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
    /// What stays in front of the magic: the indentation, and what it is assigned to.
    kept: String,
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

    /// Takes in lines that are a magic or the like behind `kept`. They follow on those of before.
    pub(super) fn replace(&mut self, lines: Range<usize>, kept: String) {
        self.replaced.push(Replaced { lines, kept });
    }

    /// Takes in the line on which the last statement begins.
    pub(super) fn end(&mut self, last: usize) {
        self.last = last;
    }

    /// The first line that Python cannot read, if there is one.
    pub(super) fn broken(&self, block: BlockText<'_>) -> Option<Broken> {
        let Text { text, starts } = self.text(block);
        let error = error(&text)?;
        if self.lines.clone().any(|line| has_prompt(block.line(line))) {
            return None; // IPython takes off the prompts
        }
        let is_replaced =
            |line: usize| self.replaced.iter().any(|replaced| replaced.lines.contains(&line));
        let (line, said) = match &error.error {
            ParseErrorType::Lexical(LexicalErrorType::Eof) if text.trim_end().ends_with('\\') => {
                return Some(Broken { line: self.last, why: Why::BACKSLASH });
            }
            ParseErrorType::Lexical(LexicalErrorType::Eof) => (self.last, "a bracket is not closed".into()),
            other => {
                let at = error.location.start().to_usize();
                let is_closing = text[at..].starts_with([')', ']', '}']);
                let line = self.lines.start + starts.partition_point(|start| *start <= at).saturating_sub(1);
                // An error at the very end is one of the last line that holds something.
                let line = (self.lines.start..=line).rfind(|line| !block.line(*line).trim().is_empty())?;
                let written = block.freed(line);
                let said = match python::old_statement(written.trim_start()) {
                    _ if is_magic_with_words(&written) && !is_replaced(line) => INSIDE.into(),
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
                    text.push_str(self.dedented(&replaced.kept));
                    text.push('0');
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

/// The first error in a text.
fn error(text: &str) -> Option<ParseError> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    parsed.errors().iter().min_by_key(|error| error.location.start()).cloned()
}

/// What ends a line for `str.splitlines` and not for Python.
fn is_odd_end(c: char) -> bool {
    matches!(c, '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a line may begin with a prompt of Python's or of IPython's.
fn has_prompt(line: &str) -> bool {
    let text = line.trim_start();
    [">>>", "...:", "In [", "[ins] In", "[nav] In"].iter().any(|prompt| text.starts_with(prompt))
        || text.trim_start_matches('.').starts_with(':') && text.starts_with("...")
}

const INSIDE: &str = "a magic stands inside of brackets";

/// What an error says, as the end of a sentence.
fn said(error: &ParseErrorType) -> Cow<'static, str> {
    match error {
        ParseErrorType::Lexical(LexicalErrorType::UnclosedStringError) => "a string is not closed".into(),
        ParseErrorType::UnexpectedIndentation | ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
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
