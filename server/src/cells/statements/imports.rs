//! What a `sync_imports` block sends of the imports in it.
//!
//! ipyparallel 9.2 hands the engines what Python hands `__import__`: the name of the module and the names that are taken from
//! it. It binds these, and no `as`. A module in a package is bound under its whole name, dots included, which no code can
//! write; and from `*` it takes an attribute of that name, which fails.

use std::ops::Range;

use super::super::{
    found::{Unlike, UnlikeHow},
    mapped::Mapped,
};

/// A part of what is sent, in bytes of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Kept(Range<usize>),
    /// Written in the place of a range.
    Written(String, Range<usize>),
}

impl Piece {
    /// Where it ends, in bytes of the source.
    pub(super) fn end(&self) -> usize {
        match self {
            Self::Kept(range) | Self::Written(_, range) => range.end,
        }
    }
}

/// What is sent of a statement that begins with an import.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) pieces: Vec<Piece>,
    pub(super) unlike: Vec<Unlike>,
}

/// A word, a string, a star or a sign.
type Token<'a> = (&'a str, Range<usize>);

/// Reads a statement in these bytes of a source; of several behind another, those that import.
pub(super) fn sent(source: &Mapped, bytes: Range<usize>) -> Sent {
    let mut sent = Sent::default();
    let tokens = tokens(&source.text()[..bytes.end], bytes.start);
    let parts: Vec<&[Token<'_>]> = tokens.split(|(text, _)| *text == ";").collect();
    let is_single = parts.len() == 1;
    for part in parts {
        let Some(((first, begin), (_, end))) = part.first().zip(part.last()) else { continue };
        let whole = begin.start..if is_single { bytes.end } else { end.end };
        let before = sent.pieces.len();
        match *first {
            "import" => sent.import(source, part, whole),
            // ipyparallel passes relative imports over.
            "from" if part.get(1).is_some_and(|(module, _)| !module.starts_with('.')) => {
                sent.from(source, part, whole);
            }
            _ => {}
        }
        if before > 0 && sent.pieces.len() > before {
            sent.pieces.insert(before, Piece::Written("; ".to_owned(), begin.start..begin.start));
        }
    }
    sent
}

impl Sent {
    fn import(&mut self, source: &Mapped, part: &[Token<'_>], whole: Range<usize>) {
        let items: Vec<&[Token<'_>]> = part[1..].split(|(text, _)| *text == ",").collect();
        let mut written = Vec::new();
        for item in &items {
            let Some((name, range)) = item.first() else { continue };
            let end = item.last().map_or(range.end, |(_, last)| last.end);
            let has_alias = item.get(1).is_some_and(|(word, _)| *word == "as");
            let alias = item.get(2).map(|(alias, _)| *alias).filter(|_| has_alias);
            let suffix = alias.map(|alias| format!(" as {alias}")).unwrap_or_default();
            let how = match alias {
                _ if name.contains('.') => Some(UnlikeHow::Dotted),
                Some(alias) if alias != *name => {
                    Some(UnlikeHow::Alias { name: (*name).to_owned(), alias: alias.to_owned() })
                }
                _ => None,
            };
            self.unlike.extend(how.map(|how| Unlike {
                range: source.range(range.start..end),
                import: format!("import {name}{suffix}"),
                how,
            }));
            written.push(match name.contains('.') {
                true => format!("globals()[\"{name}\"] = __import__(\"{name}\", fromlist=[\"\"])"),
                false => format!("import {name}"),
            });
        }
        if items.iter().any(|item| item.first().is_some_and(|(name, _)| name.contains('.'))) {
            self.pieces.push(Piece::Written(written.join("; "), whole));
        } else {
            self.without_aliases(part, whole);
        }
    }

    fn from(&mut self, source: &Mapped, part: &[Token<'_>], whole: Range<usize>) {
        let module = part[1].0;
        let names = part.iter().skip_while(|(text, _)| *text != "import").skip(1);
        let names: Vec<Token<'_>> = names.filter(|(text, _)| !"()".contains(text)).cloned().collect();
        for item in names.split(|(text, _)| *text == ",") {
            let Some((name, range)) = item.first() else { continue };
            if *name == "*" {
                let import = format!("from {module} import *");
                self.unlike.push(Unlike { range: source.range(whole), import, how: UnlikeHow::Star });
                return;
            }
            let has_alias = item.get(1).is_some_and(|(word, _)| *word == "as");
            let alias = item.get(2).filter(|(alias, _)| has_alias && alias != name);
            self.unlike.extend(alias.map(|(alias, end)| Unlike {
                range: source.range(range.start..end.end),
                import: format!("from {module} import {name} as {alias}"),
                how: UnlikeHow::Alias { name: (*name).to_owned(), alias: (*alias).to_owned() },
            }));
        }
        self.without_aliases(part, whole);
    }

    /// Keeps all but each `as` and the alias behind it.
    fn without_aliases(&mut self, part: &[Token<'_>], whole: Range<usize>) {
        let mut from = whole.start;
        for at in (1..part.len()).filter(|at| part[*at].0 == "as") {
            let Some((_, alias)) = part.get(at + 1) else { continue };
            self.pieces.push(Piece::Kept(from..part[at - 1].1.end));
            from = alias.end;
        }
        if from == whole.start {
            return self.pieces.push(Piece::Kept(whole));
        }
        if from < whole.end {
            self.pieces.push(Piece::Kept(from..whole.end));
        }
    }
}

/// How long a string is that a text begins with.
fn string(text: &str) -> usize {
    let sign = &text[..1];
    let quote = if text.starts_with(&sign.repeat(3)) { 3 } else { 1 };
    let mut at = quote;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&text[..quote]) {
            return at + quote;
        }
        let is_escape = rest.starts_with('\\');
        at += rest.chars().take(1 + usize::from(is_escape)).map(char::len_utf8).sum::<usize>();
    }
    text.len()
}

/// The words, signs and strings of a text from a byte on, without comments.
fn tokens(text: &str, from: usize) -> Vec<Token<'_>> {
    let is_of_word = |c: char| c == '_' || c == '.' || c.is_alphanumeric();
    let mut tokens = Vec::new();
    let mut at = from;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string(rest),
            c if is_of_word(c) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        if c != '#' && c != '\\' && !c.is_whitespace() {
            tokens.push((&rest[..length], at..at + length));
        }
        at += length;
    }
    tokens
}
