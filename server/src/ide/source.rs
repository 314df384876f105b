//! Lines of a document as Python reads them, mapped to the document's bytes: JSON escapes are decoded, and lines
//! continued by a backslash are joined.

use std::{iter::Peekable, ops::Range};

use crate::{
    cells::Dialect,
    text::{Document, TextRange},
};

/// A line, and the place of each of its bytes in the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// For each byte of the text, the bytes of the document it came from.
    places: Vec<(usize, usize)>,
    /// The document's byte at which the line begins, needed if it is empty.
    begin: usize,
}

impl Line {
    fn at(begin: usize) -> Self {
        Self { begin, ..Self::default() }
    }

    fn push(&mut self, c: char, start: usize, end: usize) {
        self.text.push(c);
        let plain = end - start == c.len_utf8();
        let place = |i| if plain { (start + i, start + i + 1) } else { (start, end) };
        self.places.extend((0..c.len_utf8()).map(place));
    }

    fn pop(&mut self) {
        let length = self.text.pop().map_or(0, char::len_utf8);
        self.places.truncate(self.places.len() - length);
    }

    /// The document's byte at which a byte of the line begins.
    pub(super) fn start_of(&self, at: usize) -> usize {
        match self.places.get(at) {
            Some((start, _)) => *start,
            None => self.places.last().map_or(self.begin, |(_, end)| *end),
        }
    }

    /// The document range of a part of the line.
    pub(super) fn range(&self, part: Range<usize>) -> TextRange {
        let start = self.start_of(part.start);
        let end = match part.end.checked_sub(1).and_then(|last| self.places.get(last)) {
            Some((_, end)) if !part.is_empty() => *end,
            _ => start,
        };
        TextRange::new(start, end)
    }

    /// The byte of the line at a byte of the document; the line's length for a byte after it.
    pub(super) fn byte_of(&self, document: usize) -> usize {
        let at = self.places.partition_point(|(start, _)| *start < document);
        (at..=self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(self.text.len())
    }

    /// Whether a byte of the document is in the line, or at its end.
    pub(super) fn holds(&self, document: usize) -> bool {
        (self.start_of(0)..=self.start_of(self.text.len())).contains(&document)
    }
}

/// The nearest character boundary at or before a byte. The places in a notebook that cannot be parsed right now are
/// those of an older text.
fn floor_boundary(document: &Document, at: usize) -> usize {
    let rope = document.rope();
    rope.char_to_byte(rope.byte_to_char(at.min(rope.len_bytes())))
}

/// The line that begins at a byte, joined with its continuation lines. `hidden`: whether those are in comments.
pub(super) fn from(document: &Document, dialect: Dialect, start: usize, hidden: bool) -> Line {
    let start = floor_boundary(document, start);
    if dialect == Dialect::NotebookJson {
        json_from(document, start)
    } else {
        plain_from(document, start, hidden)
    }
}

fn plain_from(document: &Document, start: usize, hidden: bool) -> Line {
    let mut line = Line::at(start);
    let lines = u32::try_from(document.rope().len_lines()).unwrap_or(u32::MAX);
    let mut number = document.line_of(start);
    let mut at = start;
    loop {
        let end = document.line_range(number).end.max(at);
        for c in document.rope().byte_slice(at..end).chars() {
            line.push(c, at, at + c.len_utf8());
            at += c.len_utf8();
        }
        if !line.text.ends_with('\\') || number + 1 >= lines {
            return line;
        }
        number += 1;
        let next = document.line_range(number);
        line.pop();
        line.push(' ', at - 1, next.start);
        at = next.start;
        if hidden {
            let text = document.rope().byte_slice(next.as_range()).to_string();
            let bare = text.trim_start();
            let bare = bare.strip_prefix('#').map_or(bare, |rest| rest.strip_prefix(' ').unwrap_or(rest));
            at += text.len() - bare.len();
        }
    }
}

fn json_from(document: &Document, start: usize) -> Line {
    let mut line = Line::at(start);
    let mut strings = Strings::new(document, start);
    while let Some((c, from, to)) = strings.next_char() {
        match c {
            '\n' if line.text.ends_with('\\') => {
                line.pop();
                if !strings.enter_next() {
                    break;
                }
                line.push(' ', from.saturating_sub(2), strings.at);
            }
            '\n' => break,
            c => line.push(c, from, to),
        }
    }
    line
}

/// The line that holds a byte; `None` if a raw notebook has no code there. `block`: the code cell that holds the byte.
pub(super) fn around(
    document: &Document,
    dialect: Dialect,
    at: usize,
    block: Option<TextRange>,
) -> Option<Line> {
    let whole = document.line_range(document.line_of(at));
    if dialect != Dialect::NotebookJson {
        return Some(from_to(document, whole));
    }
    let block = block.filter(|block| (block.start..=block.end).contains(&at))?;
    let mut strings = Strings::new(document, whole.start.max(block.start));
    while strings.at <= at && strings.open() {
        let mut line = Line::at(strings.at);
        while let Some((c, start, end)) = strings.next_char() {
            if c == '\n' {
                if line.holds(at) {
                    return Some(line);
                }
                line = Line::at(end);
            } else {
                line.push(c, start, end);
            }
        }
        if line.holds(at) {
            return Some(line);
        }
        strings.close();
    }
    None
}

fn from_to(document: &Document, range: TextRange) -> Line {
    let mut line = Line::at(range.start);
    let mut at = range.start;
    for c in document.rope().byte_slice(range.as_range()).chars() {
        line.push(c, at, at + c.len_utf8());
        at += c.len_utf8();
    }
    line
}

/// Iterates over the strings of a JSON text.
struct Strings<I: Iterator<Item = char>> {
    chars: Peekable<I>,
    /// The next byte of the document.
    at: usize,
}

impl<'a> Strings<ropey::iter::Chars<'a>> {
    fn new(document: &'a Document, at: usize) -> Self {
        let at = floor_boundary(document, at);
        Self { chars: document.rope().byte_slice(at..).chars().peekable(), at }
    }
}

impl<I: Iterator<Item = char>> Strings<I> {
    fn take(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Moves past the next opening quote.
    fn open(&mut self) -> bool {
        while let Some(c) = self.take() {
            if c == '"' {
                return true;
            }
        }
        false
    }

    /// Moves past the closing quote, which is the next character.
    fn close(&mut self) {
        self.take();
    }

    /// After a newline inside a string: moves to where the text continues, in this string or in the next one of its
    /// list.
    fn enter_next(&mut self) -> bool {
        if self.chars.peek() != Some(&'"') {
            return self.chars.peek().is_some();
        }
        self.close();
        while let Some(c) = self.chars.peek() {
            match c {
                ',' | ' ' | '\t' | '\r' | '\n' => drop(self.take()),
                '"' => return self.open(),
                _ => return false,
            }
        }
        false
    }

    /// The next character inside a string, with its bytes in the document; `None` before the closing quote.
    fn next_char(&mut self) -> Option<(char, usize, usize)> {
        let start = self.at;
        if matches!(self.chars.peek(), None | Some('"')) {
            return None;
        }
        let c = match self.take()? {
            '\\' => match self.take()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\x08',
                'f' => '\x0c',
                'u' => self.unicode(),
                c => c,
            },
            c => c,
        };
        Some((c, start, self.at))
    }

    fn unicode(&mut self) -> char {
        let unit = self.code_unit();
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        // The other half of a surrogate pair; a lone half cannot be part of a magic.
        if self.chars.peek() == Some(&'\\') {
            self.take();
            if self.chars.peek() == Some(&'u') {
                self.take();
                let low = self.code_unit();
                let code = 0x10000 + ((unit - 0xd800) << 10) + low.wrapping_sub(0xdc00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::REPLACEMENT_CHARACTER
    }

    fn code_unit(&mut self) -> u32 {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(16)) else { break };
            unit = unit * 16 + digit;
            self.take();
        }
        unit
    }
}
