//! The statements whose bodies a magic stands in, told by indentation as Python does: `if`, `for`, `def`, `try` and the like.
//!
//! What stands in one may run never, once or often, and nobody knows without running the code around it.

use super::{BlockRange, python};

/// The innermost statement whose body a px cell stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// What the statement begins with, as `for` or `async def`.
    pub keyword: &'static str,
    /// The first line of that statement, without the blanks around it.
    pub header: BlockRange,
}

/// The statements above the place that is read in which it may stand.
#[derive(Default)]
pub(super) struct Suites {
    /// The blanks that all lines begin with, which IPython takes off.
    base: String,
    open: Vec<Statement>,
    /// Whether nothing has followed the newest statement, which opens a body.
    awaits_body: bool,
}

/// A statement, by the first of its lines.
struct Statement {
    column: usize,
    line: usize,
    keyword: Option<&'static str>,
}

impl Suites {
    /// At the beginning of lines that all begin with these blanks, blank lines apart.
    pub(super) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), ..Self::default() }
    }

    /// Takes in a statement that begins on this line, the line's number in its block.
    pub(super) fn begin(&mut self, text: &str, line: usize) {
        let text = text.strip_prefix(self.base.as_str()).unwrap_or(text);
        let column = column(text);
        if !std::mem::take(&mut self.awaits_body) {
            while self.open.pop_if(|open| open.column >= column).is_some() {}
        }
        self.open.push(Statement { column, line, keyword: keyword(text.trim_start()) });
    }

    /// Takes in the last line of the newest statement.
    pub(super) fn end(&mut self, text: &str) {
        let has_body = self.open.last().is_some_and(|newest| newest.keyword.is_some());
        self.awaits_body = has_body && text.split('#').next().unwrap_or_default().trim_end().ends_with(':');
    }

    /// The keyword and the line of what the newest statement stands in, or of that itself where something is behind its colon:
    /// a magic is a statement, or the value of one.
    pub(super) fn around(&self) -> Option<(&'static str, usize)> {
        let (newest, above) = self.open.split_last()?;
        let header = newest.keyword.map(|keyword| (keyword, newest.line));
        header.or_else(|| above.last().and_then(|above| Some((above.keyword?, above.line))))
    }

    /// The keyword and the line of all that the newest statement stands in, and of that itself.
    pub(super) fn open(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.open.iter().filter_map(|open| Some((open.keyword?, open.line)))
    }
}

/// How far a line is indented, as Python counts: a tab goes on to the next multiple of eight, a form feed begins anew.
fn column(line: &str) -> usize {
    let blanks = &line.as_bytes()[..python::indent(line)];
    blanks.iter().fold(0, |column, blank| match blank {
        b'\t' => (column / 8 + 1) * 8,
        b'\x0c' => 0,
        _ => column + 1,
    })
}

/// The words that a statement with a body begins with.
const KEYWORDS: [&str; 11] =
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class"];

/// What a statement begins with, if it is one that has a body.
pub(super) fn keyword(statement: &str) -> Option<&'static str> {
    let (word, rest) = first_word(statement);
    match word {
        "async" => match first_word(rest.trim_start()).0 {
            "for" => Some("async for"),
            "with" => Some("async with"),
            _ => Some("async def"),
        },
        // They are names as well: `match = 1`, `case[0] = 2`, `match: int = 3`.
        "match" | "case" => {
            let subject = rest.trim_start();
            let is_name = subject.starts_with(['=', '.', ',', ':', ';', ')']) || rest.starts_with('[');
            let word = if word == "match" { "match" } else { "case" };
            (!is_name && subject.contains(':')).then_some(word)
        }
        _ => KEYWORDS.into_iter().find(|keyword| *keyword == word),
    }
}

/// The name or keyword that a text begins with, and what is behind it.
fn first_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests;
