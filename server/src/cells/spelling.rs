//! The way back from what a cell magic sends to how a script writes it.

use super::{
    Spelling,
    escapes::escaped_in_body,
    markers,
    python::{self, Tokens},
};

/// Whether a line of a script begins a cell without being a magic itself.
pub fn is_marker(line: &str) -> bool {
    markers::marker(line).is_some_and(|marker| !marker.is_magic)
}

/// The lines of a cell magic's body as a script writes them: where magics are hidden in comments, those of the body are
/// too, and nothing else. `None` for a body that cannot be written so: VS Code knows no hidden assignment, no hidden
/// question, and no hidden magic that goes on on the next line.
pub fn spelled(code: &str, spelling: Spelling) -> Option<Vec<String>> {
    let mut tokens = Tokens::default();
    let mut continues_magic = false;
    let mut lines = Vec::new();
    for line in code.lines() {
        let hidden = match spelling {
            Spelling::Plain | Spelling::Databricks | Spelling::Call { .. } => None,
            _ if tokens.in_long_string() => None,
            Spelling::Comment if continues_magic => Some(format!("# {line}")),
            Spelling::Comment => hidden(line, "# "),
            Spelling::Bang => match line.trim_start().chars().next() {
                Some('%') => hidden(line, "#!"),
                Some('!') => hidden(line, "#"),
                _ if hidden(line, "# ").is_some() => return None,
                _ => None,
            },
        };
        if hidden.is_none() {
            tokens.read(line, 0);
        }
        continues_magic = hidden.is_some() && line.ends_with('\\');
        if continues_magic && spelling == Spelling::Bang {
            return None;
        }
        lines.push(hidden.unwrap_or_else(|| line.to_owned()));
    }
    Some(lines)
}

/// The line behind a comment sign, if it is then read as a hidden magic, and as this one.
fn hidden(line: &str, sign: &str) -> Option<String> {
    let (blanks, text) = line.split_at(python::indent(line));
    let hidden = format!("{blanks}{sign}{text}");
    let taken = escaped_in_body(&hidden)?;
    (taken == (blanks.len()..blanks.len() + sign.len())).then_some(hidden)
}
