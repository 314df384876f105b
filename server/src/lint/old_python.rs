//! Python 2 and the package's old name, as the original documentation of the magics still has them.

use std::ops::Range;

use super::{Fix, Problem, Rule, Severity};
use crate::cells::{
    found::Found,
    mapped::Mapped,
    python::{self, Tokens},
};

pub(super) static PRINT: Rule = Rule {
    code: "old-print",
    severity: Severity::Warning,
    meaning: "A print statement of Python 2: a SyntaxError since Python 3. Looked for in what px cells send, and in the other \
              code of documents that hold px cells.",
    examples: &["%px print 'hi'\n", "%%px\nprint \"I am\", rank, # who\n"],
};

pub(super) static IMPORT: Rule = Rule {
    code: "old-import",
    severity: Severity::Warning,
    meaning: "`IPython.parallel` became the package `ipyparallel` with IPython 4; the old name is gone. Looked for in what px \
              cells send, and in the other code of documents that hold px cells.",
    examples: &[
        "from IPython.parallel import Client\n%px x\n",
        "import IPython.parallel as parallel\n%px x\n",
        "from IPython import parallel\n%px x\n",
    ],
};

/// Whether a problem is about Python, not about a magic.
pub(super) fn is_about_python(problem: &Problem) -> bool {
    [&PRINT, &IMPORT].contains(&problem.rule)
}

/// What a px cell sends.
pub(super) fn of_cell(found: &Found) -> Vec<Problem> {
    let mut problems = of_code(&found.code);
    if found.is_call() {
        // A quote in a fix could end the string round the code.
        problems.retain(|problem| {
            problem.fixes.iter().flat_map(|fix| &fix.edits).all(|(_, new)| !new.contains('\''))
        });
    }
    problems
}

fn of_code(code: &Mapped) -> Vec<Problem> {
    let text = code.text();
    // Nearly all code holds neither, and is not read for it; a cell magic's body need not be Python.
    if !(text.contains("print") || text.contains("IPython")) || text.trim_start().starts_with("%%") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut tokens = Tokens::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.strip_suffix('\n').unwrap_or(line).len();
        let is_statement = tokens.at_statement();
        let is_command = is_statement && line.trim_start().starts_with(['%', '!', '?']);
        if !is_command {
            tokens.read(&text[at..end], 0);
        }
        if is_statement && tokens.at_statement() {
            problems.extend(of_statement(code, at..end));
        }
        at += line.len();
    }
    problems
}

/// One statement, on one line.
pub(super) fn of_statement(text: &Mapped, line: Range<usize>) -> Option<Problem> {
    let statement = &text.text()[line.clone()];
    let begin = python::indent(statement);
    let place = |columns: Range<usize>| line.start + columns.start..line.start + columns.end;
    match statement.as_bytes().get(begin)? {
        b'p' => {
            let print = print(statement, begin)?;
            let edits = vec![
                (text.range(place(print.blanks.clone())), "(".to_owned()),
                (text.range(place(print.tail.clone())), print.close.to_owned()),
            ];
            let range = text.range(place(begin..print.tail.end));
            let message = "Python 3 has no print statement: the engines answer with a SyntaxError";
            Some(PRINT.problem(range, message, vec![Fix { title: "Write print(…)".to_owned(), edits }]))
        }
        b'f' | b'i' => {
            let (columns, new) = import(statement, begin)?;
            let range = text.range(place(columns));
            let message = "IPython.parallel is gone: the package is ipyparallel now";
            Some(IMPORT.problem(
                range,
                message,
                vec![Fix::one(format!("Write {new}"), (range, new.to_owned()))],
            ))
        }
        _ => None,
    }
}

/// A print statement, by columns of its line.
struct Print {
    /// Between the word and what is printed.
    blanks: Range<usize>,
    /// From behind what is printed: a comma, if there is one.
    tail: Range<usize>,
    close: &'static str,
}

/// Words behind `print` that leave it a name, as Python 3 reads it.
const OPERATORS: [&str; 9] = ["in", "is", "and", "or", "if", "else", "not", "for", "as"];

fn print(line: &str, begin: usize) -> Option<Print> {
    let rest = line[begin..].strip_prefix("print")?;
    let value = rest.trim_start_matches([' ', '\t']);
    let from = line.len() - value.len();
    let is_value = value.starts_with(|c: char| c == '_' || c == '\'' || c == '"' || c.is_alphanumeric());
    let word = value.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or_default();
    if value.len() == rest.len() || !is_value || OPERATORS.contains(&word) {
        return None;
    }
    let end = from + statement_end(value)?;
    let printed = line[from..end].trim_end();
    let blanks = begin + "print".len()..from;
    Some(match printed.strip_suffix(',') {
        // No quote that a string round the code could use: this is what JSON and the pages write.
        Some(before) => {
            let before = from + before.trim_end().len();
            Print { blanks, tail: before..from + printed.len(), close: ", end=' ')" }
        }
        None => Print { blanks, tail: from + printed.len()..from + printed.len(), close: ")" },
    })
}

/// Where a statement ends on its line: before a semicolon or a comment. `None` for what is not plain.
fn statement_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while at < bytes.len() {
        match bytes[at] {
            b';' | b'#' if depth == 0 => return Some(at),
            b'#' | b'\\' => return None,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            quote @ (b'\'' | b'"') => {
                at += 1;
                while *bytes.get(at)? != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(text.len())
}

/// The columns that hold the old name, and the new one.
fn import(line: &str, begin: usize) -> Option<(Range<usize>, &'static str)> {
    const OLD: &str = "IPython.parallel";
    let statement = &line[begin..];
    let whole = "from IPython import parallel";
    if statement.trim_end() == whole {
        return Some((begin..begin + whole.len(), "import ipyparallel as parallel"));
    }
    let rest = statement.strip_prefix("from ").or_else(|| statement.strip_prefix("import "))?;
    let name = rest.trim_start();
    let behind = name.strip_prefix(OLD)?;
    let ends = behind.is_empty() || behind.starts_with([' ', '\t', '.', ',', ';']);
    let from = line.len() - name.len();
    ends.then_some((from..from + OLD.len(), "ipyparallel"))
}
