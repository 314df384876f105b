//! What single lines of local code are, by their words.

use super::super::python::{self, Tokens};

/// Whether a statement may be Python 2 or go by the package's old name, as far as its first words show.
pub(super) fn may_be_dated(statement: &str) -> bool {
    let names_package = || statement.contains("IPython");
    match statement.as_bytes().first() {
        Some(b'p') => statement.strip_prefix("print").is_some_and(|rest| !rest.starts_with('(')),
        Some(b'f' | b'i') => {
            ["from ", "import "].iter().any(|word| statement.starts_with(word)) && names_package()
        }
        _ => false,
    }
}

/// Whether a line is a magic with a word behind its name, which is no rest of a division either.
pub(super) fn is_magic_with_words(line: &str) -> bool {
    let name = line.trim_start().strip_prefix('%').unwrap_or_default();
    let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
    let (name, behind) = name.split_at(end);
    let word = behind.trim_start();
    let first = &word[..word.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(word.len())];
    let is_operator = matches!(first, "and" | "or" | "in" | "is" | "not" | "if" | "else" | "for" | "async");
    python::is_magic_name(name) && behind.starts_with(' ') && python::is_magic_name(first) && !is_operator
}

/// Whether IPython takes a line for a question: a name, and one or two `?` behind it, outside strings and comments.
pub(super) fn is_help(text: &str) -> bool {
    let Some(asked) = text.strip_suffix('?') else { return false };
    let asked = asked.strip_suffix('?').unwrap_or(asked);
    let is_of_name = |c: char| c == '_' || c == '*' || c.is_alphanumeric();
    let name = &asked[asked.trim_end_matches(is_of_name).len()..];
    let is_name = asked.ends_with(']') || name.starts_with(|c: char| !c.is_ascii_digit());
    // With the question mark replaced by a quote, a string begins there only if none, and no comment, was open before.
    let mut tokens = Tokens::default();
    tokens.read(&format!("{asked}\"\"\""), 0);
    is_name && tokens.in_long_string()
}
