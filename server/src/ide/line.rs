//! The parts of a magic's line: the comment sign that may hide it, its name, and its arguments as argparse reads them.
//! Lenient, since the line may still be being written.

use std::ops::Range;

use crate::cells::magic::{MagicKind, OptionEntry};

/// The beginning of a line that is, or may become, a magic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The byte at which the percent signs begin.
    pub(super) begin: usize,
    /// How many there are, one or two.
    pub(super) signs: usize,
    /// The name after them; may be empty.
    pub(super) name: Range<usize>,
    /// Whether it is in a comment whose `%%` also marks the start of a cell: `# %%px`.
    pub(super) is_marker: bool,
    /// Whether its value is assigned: `x = %px a`.
    pub(super) is_assigned: bool,
}

impl Head {
    /// Which magic it is; `text` is its line.
    pub(super) fn magic(&self, text: &str) -> Option<MagicKind> {
        MagicKind::of(&text[self.name.clone()], self.signs == 2).map(|(magic, _)| magic)
    }
}

/// The magic that a line begins with. `is_script`: it may hide in a comment.
pub(super) fn head(text: &str, is_script: bool) -> Option<Head> {
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    let mut begin = indent;
    let mut is_marker = false;
    if let Some(comment) = text[indent..].strip_prefix('#').filter(|_| is_script) {
        let rest = comment
            .strip_prefix(" MAGIC ")
            .or_else(|| comment.strip_prefix('!'))
            .unwrap_or_else(|| comment.strip_prefix(' ').unwrap_or(comment));
        // A cell marker may have more blanks than a comment that merely hides a magic.
        let blanks = rest.trim_start_matches([' ', '\t']);
        let rest = if blanks.starts_with("%%") { blanks } else { rest };
        is_marker = comment.trim_start().starts_with('%');
        begin = text.len() - rest.len();
    }
    let mut is_assigned = false;
    if !text[begin..].starts_with('%') {
        let (target, value) = text[begin..].split_once('=')?;
        let target = target.trim();
        let is_name = !target.is_empty()
            && target.chars().all(is_of_name)
            && !target.starts_with(|c: char| c.is_ascii_digit());
        let value = value.trim_start();
        if !is_name || !value.starts_with('%') {
            return None;
        }
        begin = text.len() - value.len();
        is_assigned = true;
    }
    let rest = text[begin..].trim_start_matches('%');
    let signs = text.len() - begin - rest.len();
    if !(1..=2).contains(&signs) || (is_assigned && signs == 2) {
        return None;
    }
    let length = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
    let from = begin + signs;
    Some(Head { begin, signs, name: from..from + length, is_marker, is_assigned })
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// One argument, or one of several flags in one word (`-bt0`).
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) range: Range<usize>,
    pub(super) role: Role,
}

/// The role of an argument.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// An option: the range of its name, and of the value joined to it.
    Option(&'static OptionEntry, Range<usize>, Option<Range<usize>>),
    /// The value of the option before it.
    Value(&'static OptionEntry),
    /// An option that the magic does not have, or that is incomplete.
    Unknown,
    /// A word that no magic takes.
    Stray,
}

/// Parses the arguments from byte `from` on.
pub(super) fn arguments(text: &str, from: usize, magic: MagicKind) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut waits: Option<&'static OptionEntry> = None;
    for range in split(text, from) {
        let word = &text[range.clone()];
        let is_flag = word.starts_with('-') && word.len() > 1 && !is_number(word);
        if let Some(entry) = waits.take()
            && !is_flag
        {
            arguments.push(Argument { range, role: Role::Value(entry) });
            continue;
        }
        if !is_flag {
            let role = if word == "-" { Role::Unknown } else { Role::Stray };
            arguments.push(Argument { range, role });
            continue;
        }
        let first = arguments.len();
        flag(word, &range, magic, &mut arguments);
        waits = match arguments[first..].last().map(|argument| &argument.role) {
            Some(Role::Option(entry, _, None)) if entry.value.is_argument() => Some(entry),
            _ => None,
        };
    }
    arguments
}

/// The option of this name, which may be an unambiguous abbreviation.
fn find(written: &str, magic: MagicKind) -> Option<&'static OptionEntry> {
    if let Some(exact) = magic.option(written) {
        return Some(exact);
    }
    let mut begun = magic.options().filter(|entry| written.len() > 2 && entry.long.starts_with(written));
    begun.next().filter(|_| begun.next().is_none())
}

fn flag(word: &str, range: &Range<usize>, magic: MagicKind, into: &mut Vec<Argument>) {
    let start = range.start;
    let unknown = Argument { range: range.clone(), role: Role::Unknown };
    if word.starts_with("--") {
        let length = word.find('=').unwrap_or(word.len());
        let value = (length < word.len()).then(|| start + length + 1..range.end);
        let role = match find(&word[..length], magic) {
            Some(entry) => Role::Option(entry, start..start + length, value),
            None => Role::Unknown,
        };
        into.push(Argument { range: range.clone(), role });
        return;
    }
    let mut at = 1;
    while let Some(c) = word[at..].chars().next() {
        let Some(entry) = find(&format!("-{c}"), magic) else {
            into.push(Argument { range: start + at..range.end, ..unknown });
            return;
        };
        let from = if at == 1 { 0 } else { at };
        at += c.len_utf8();
        let name = start + from..start + at;
        if !entry.value.is_argument() {
            into.push(Argument { range: name.clone(), role: Role::Option(entry, name, None) });
            continue;
        }
        let joined = start + at + usize::from(word[at..].starts_with('='))..range.end;
        let value = (at < word.len()).then_some(joined);
        into.push(Argument { range: name.start..range.end, role: Role::Option(entry, name, value) });
        return;
    }
}

/// Whether argparse takes a word that begins with a minus for a number.
fn is_number(word: &str) -> bool {
    let digits = &word[1..];
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits != "."
}

/// Splits at blanks; a quote at the beginning of an argument keeps blanks together.
fn split(text: &str, from: usize) -> Vec<Range<usize>> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut words = Vec::new();
    let mut at = from;
    while let Some(begin) = text[at..].find(|c: char| !blank(c)).map(|found| at + found) {
        let rest = &text[begin..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let length = match quote {
            Some(quote) => rest[1..].find(quote).map_or(rest.len(), |found| found + 2),
            None => rest.find(blank).unwrap_or(rest.len()),
        };
        words.push(begin..begin + length);
        at = begin + length;
    }
    words
}
