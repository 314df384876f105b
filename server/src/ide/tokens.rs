//! Semantic tokens of magics' lines. Bodies are Python, and have none.

use std::ops::Range;

use super::{
    line::{self, Role},
    source::{self, Line},
};
use crate::{
    cells::{CellKind, Dialect, Placed, magic::Value},
    text::{Document, TextRange},
};

/// A token on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The range in bytes.
    pub range: TextRange,
    pub kind: TokenKind,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The name of a magic with its percent signs.
    Magic,
    /// An option.
    Option,
    /// A number, an engine id among them.
    Number,
    /// A separator in a target expression.
    Operator,
    /// A keyword of target expressions: `all`, `range`, `None`.
    Word,
    /// Any other value.
    Text,
}

/// The tokens of a px cell's magic, in order; no two overlap, and each is on one line.
pub(super) fn tokens(document: &Document, dialect: Dialect, cell: &Placed) -> Vec<Token> {
    let name = cell.name_range();
    // Calls of `get_ipython()` are Python, not magics.
    let text = document.rope().get_byte_slice(name.start..name.end);
    let is_magic = text.is_some_and(|text| text.get_char(0) == Some('%'));
    if cell.kind == CellKind::AutopxCell || !is_magic {
        return Vec::new();
    }
    let mut tokens = vec![Token { range: name, kind: TokenKind::Magic }];
    let line = source::from(document, dialect, name.start, dialect == Dialect::Script);
    let Some(head) = line::head(&line.text, false) else { return tokens };
    let magic = if cell.alias.is_some() { Some(cell.magic.kind) } else { head.magic(&line.text) };
    let Some(magic) = magic.filter(|magic| magic.takes_options()) else { return tokens };
    let end = cell.magic_range().end;
    let mut add = |part: Range<usize>, kind| {
        let range = line.range(part);
        if range.end <= end
            && !range.is_empty()
            && document.line_of(range.start) == document.line_of(range.end)
        {
            tokens.push(Token { range, kind });
        }
    };
    for argument in line::arguments(&line.text, head.name.end, magic) {
        match argument.role {
            Role::Option(entry, name, value) => {
                add(name, TokenKind::Option);
                if let Some(value) = value {
                    self::value(&line, value, entry.value, &mut add);
                }
            }
            Role::Value(entry) => value(&line, argument.range, entry.value, &mut add),
            Role::Unknown | Role::Stray => {}
        }
    }
    tokens
}

fn value(line: &Line, range: Range<usize>, kind: Value, add: &mut impl FnMut(Range<usize>, TokenKind)) {
    match kind {
        Value::Targets => {
            let text = &line.text[range.clone()];
            let class = |c: char| match c {
                '0'..='9' => TokenKind::Number,
                c if c.is_alphabetic() || c == '_' => TokenKind::Word,
                ',' | ':' | '-' | '+' | '[' | ']' | '(' | ')' => TokenKind::Operator,
                _ => TokenKind::Text,
            };
            let chars: Vec<(usize, char)> = text.char_indices().collect();
            for run in chars.chunk_by(|one, next| class(one.1) == class(next.1)) {
                let (first, last) = (run[0], run[run.len() - 1]);
                let part = range.start + first.0..range.start + last.0 + last.1.len_utf8();
                add(part, class(first.1));
            }
        }
        Value::Seconds => add(range, TokenKind::Number),
        _ => add(range, TokenKind::Text),
    }
}
