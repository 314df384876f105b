//! The statements whose bodies a magic stands in, told by indentation as Python does: `if`, `for`, `def`, `try` and the like.
//!
//! What stands in one may run never, once or often, and nobody knows without running the code around it. Where a line is
//! indented that no statement above opens a body for, Python refuses the cell.

use super::{
    broken::{Broken, Why},
    python::{self, Tokens},
};
use crate::text::TextRange;

/// The innermost statement whose body a px cell stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// What the statement begins with, as `for` or `async def`.
    pub keyword: &'static str,
    /// The first line of that statement, without the blanks around it.
    pub header: TextRange,
}

/// The statements above the place that is read in which it may stand.
#[derive(Default)]
pub(super) struct Suites {
    /// The blanks that all lines begin with, which IPython takes off.
    base: String,
    open: Vec<Statement>,
    /// Whether nothing has followed the newest statement, which opens a body.
    awaits_body: bool,
    /// What makes this no Python: IPython runs nothing of such a cell.
    broken: Option<Broken>,
    /// Whether the newest statement decorates the next one.
    decorates: bool,
}

/// A statement, by the first of its lines.
struct Statement {
    column: usize,
    line: usize,
    keyword: Option<&'static str>,
    /// Whether it has its body on its own line.
    is_whole: bool,
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
        let statement = text.trim_start();
        let awaits_body = std::mem::take(&mut self.awaits_body);
        // IPython takes off only what all lines are indented by.
        if self.open.is_empty() && column > 0 {
            self.broken.get_or_insert(Broken { line, why: Why::Indentation });
        }
        if let Some(newest) = self.open.last() {
            let is_known = column == 0 || self.open.iter().any(|open| open.column == column);
            let is_odd = match awaits_body {
                true => column <= newest.column,
                false if column > newest.column => newest.keyword.is_none() || newest.is_whole,
                false => !is_known,
            };
            let why = if awaits_body { Why::NoBody } else { Why::Indentation };
            let broken = Broken { line: if awaits_body { newest.line } else { line }, why };
            if is_odd {
                self.broken.get_or_insert(broken);
            }
        }
        let is_decorated =
            || ["@", "def ", "async def ", "class "].iter().any(|word| statement.starts_with(word));
        if std::mem::replace(&mut self.decorates, statement.starts_with('@')) && !is_decorated() {
            self.broken.get_or_insert(Broken { line, why: Why::Decorator });
        }
        let mut before = None;
        if !awaits_body {
            while let Some(closed) = self.open.pop_if(|open| open.column >= column) {
                let is_ended =
                    closed.column > column || !matches!(first_word(statement).0, "except" | "finally");
                if closed.keyword == Some("try") && is_ended {
                    self.broken.get_or_insert(Broken { line: closed.line, why: Why::Try });
                }
                before = Some(closed).filter(|closed| closed.column == column);
            }
        }
        if let Some(word) = clause(statement)
            && !before.is_some_and(|before| goes_on(word, before.keyword))
        {
            self.broken.get_or_insert(Broken { line, why: Why::Clause(word) });
        }
        self.open.push(Statement { column, line, keyword: keyword(text.trim_start()), is_whole: false });
    }

    /// Takes in the last line of the newest statement, the line's number in its block.
    pub(super) fn end(&mut self, text: &str, line: usize) {
        let Some(newest) = self.open.last_mut().filter(|newest| newest.keyword.is_some()) else {
            self.awaits_body = false;
            return;
        };
        self.awaits_body = text.split('#').next().unwrap_or_default().trim_end().ends_with(':');
        // The first line of several may be any part of a header.
        newest.is_whole = !self.awaits_body && newest.line == line && Tokens::header_end(text).is_some();
    }

    /// At the end of the lines: what makes them no Python.
    pub(super) fn broken(&mut self) -> Option<Broken> {
        let newest = self.open.last().map(|newest| newest.line);
        let why = match (self.awaits_body, self.decorates) {
            (true, _) => Some(Why::NoBody),
            (_, true) => Some(Why::Decorator),
            _ => None,
        };
        let open = self.open.iter().find(|open| open.keyword == Some("try"));
        let open = open.map(|open| Broken { line: open.line, why: Why::Try });
        let unfinished = newest.zip(why).map(|(line, why)| Broken { line, why });
        self.broken.take().or(unfinished).or(open)
    }

    /// The keyword and the line of what the newest statement stands in, or of that itself where something is behind its colon:
    /// a magic is a statement, or the value of one.
    pub(super) fn around(&self) -> Option<(&'static str, usize)> {
        let (newest, above) = self.open.split_last()?;
        let header = newest.keyword.map(|keyword| (keyword, newest.line));
        header.or_else(|| above.last().and_then(|above| Some((above.keyword?, above.line))))
    }
}

/// The word of what goes on with a statement, if a line does.
fn clause(statement: &str) -> Option<&'static str> {
    let (word, rest) = first_word(statement);
    // `finally.x` is no Python either, but that is not looked for.
    let is_clause = rest.trim_start().starts_with(':') || matches!(word, "elif" | "except");
    ["elif", "else", "except", "finally"].into_iter().find(|clause| *clause == word && is_clause)
}

/// Whether a clause may stand behind what begins with this.
fn goes_on(clause: &str, before: Option<&str>) -> bool {
    let allowed: &[&str] = match clause {
        "elif" => &["if", "elif"],
        "else" => &["if", "elif", "for", "async for", "while", "except"],
        "except" => &["try", "except"],
        _ => &["try", "except", "else"],
    };
    before.is_some_and(|before| allowed.contains(&before))
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
