//! Text taken out of a document, with the way back to the document's bytes.
//!
//! What a cell sends is rarely a plain slice of its document: line ends are made `\n`, comment prefixes and JSON escapes
//! are taken off, continued lines are joined. Each piece of such a text remembers where it came from. "The document" is here
//! what the text was taken out of: a block, of which only [`super::Placed`] knows where it stands.

use std::ops::Range;

use super::BlockRange;
use crate::text::TextRange;

/// A stretch of text and the bytes of the document it came from. If both are of one length, byte follows byte;
/// otherwise (an escape) the whole piece stands for the whole stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    at: usize,
    len: usize,
    document: usize,
    document_len: usize,
}

impl Piece {
    fn is_plain(&self) -> bool {
        self.len == self.document_len
    }
}

/// How a document writes a text that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notation {
    /// As it is.
    #[default]
    Plain,
    /// As strings of JSON.
    Json,
}

/// A text and where each byte of it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    text: String,
    pieces: Vec<Piece>,
    notation: Notation,
}

impl Mapped {
    /// A stretch of a document as it stands there.
    pub(crate) fn plain(text: &str, document: usize) -> Self {
        let mut mapped = Self::default();
        mapped.push(text, document);
        mapped
    }

    /// For text that stands in JSON strings.
    pub(crate) fn json() -> Self {
        Self { notation: Notation::Json, ..Self::default() }
    }

    /// No text, in the same notation.
    pub(crate) fn empty(&self) -> Self {
        Self { notation: self.notation, ..Self::default() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The change of the document that puts other text in the place of a range.
    pub(crate) fn edit(&self, range: Range<usize>, text: &str) -> (TextRange, String) {
        let written = match self.notation {
            Notation::Plain => text.replace('\n', self.line_end()),
            Notation::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        };
        (self.range(range), written)
    }

    /// How the document ends a line.
    fn line_end(&self) -> &'static str {
        let is_two_bytes = |piece: &Piece| piece.len == 1 && piece.document_len == 2;
        if self.pieces.iter().any(is_two_bytes) { "\r\n" } else { "\n" }
    }

    /// Adds text that stands in the document as it is.
    pub(crate) fn push(&mut self, text: &str, document: usize) {
        self.add(text, Piece { at: self.text.len(), len: text.len(), document, document_len: text.len() });
    }

    /// Adds text that stands in the document in another form.
    pub(crate) fn push_escape(&mut self, text: &str, document: TextRange) {
        let piece = Piece {
            at: self.text.len(),
            len: text.len(),
            document: document.start,
            document_len: document.len(),
        };
        self.add(text, piece);
    }

    /// Adds a part of another text.
    pub(crate) fn push_part(&mut self, from: &Mapped, range: Range<usize>) {
        let first = from.pieces.partition_point(|piece| piece.at + piece.len <= range.start);
        for piece in &from.pieces[first..] {
            let (start, end) = (piece.at.max(range.start), (piece.at + piece.len).min(range.end));
            if start >= end {
                break;
            }
            let text = &from.text[start..end];
            if piece.is_plain() {
                self.push(text, piece.document + start - piece.at);
            } else {
                self.push_escape(text, TextRange::new(piece.document, piece.document + piece.document_len));
            }
        }
    }

    /// Some of its words, with one blank between each two.
    pub(crate) fn words(&self, words: &[Range<usize>]) -> Self {
        let mut joined = Self { notation: self.notation, ..Self::default() };
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                joined.push_escape(" ", self.range(words[number - 1].end..word.start));
            }
            joined.push_part(self, word.clone());
        }
        joined
    }

    /// The same without the first occurrence of a text.
    pub(crate) fn without(&self, text: &str) -> Self {
        let Some(at) = self.text.find(text) else { return self.clone() };
        let mut rest = Self { notation: self.notation, ..Self::default() };
        rest.push_part(self, 0..at);
        rest.push_part(self, at + text.len()..self.text.len());
        rest
    }

    fn add(&mut self, text: &str, piece: Piece) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        match self.pieces.last_mut() {
            Some(last)
                if last.is_plain()
                    && piece.is_plain()
                    && last.document + last.document_len == piece.document =>
            {
                last.len += piece.len;
                last.document_len += piece.document_len;
            }
            _ => self.pieces.push(piece),
        }
    }

    /// The same with `\n` for `\r\n` and `\r`.
    pub(crate) fn with_unix_line_ends(self) -> Self {
        if !self.text.contains('\r') {
            return self;
        }
        let mut unix = Self { notation: self.notation, ..Self::default() };
        let mut done = 0;
        while let Some(found) = self.text[done..].find('\r') {
            let at = done + found;
            let end = if self.text[at + 1..].starts_with('\n') { at + 2 } else { at + 1 };
            unix.push_part(&self, done..at);
            unix.push_escape("\n", TextRange::new(self.start_of(at), self.end_of(end)));
            done = end;
        }
        unix.push_part(&self, done..self.text.len());
        unix
    }

    /// The document's byte at which a byte of this text begins.
    pub(crate) fn start_of(&self, at: usize) -> usize {
        start_of(&self.pieces, at)
    }

    /// The document's byte behind the text before `at`.
    pub(crate) fn end_of(&self, at: usize) -> usize {
        end_of(&self.pieces, at)
    }

    /// The stretch of the document that a range came from.
    pub(crate) fn range(&self, range: Range<usize>) -> TextRange {
        let start = self.start_of(range.start);
        if range.is_empty() {
            TextRange::new(start, start)
        } else {
            TextRange::new(start, self.end_of(range.end))
        }
    }

    /// The way back from the lines of this text. `fallback` is the place for a text that is empty.
    pub(crate) fn line_map(&self, fallback: usize) -> LineMap {
        let mut starts: Vec<usize> = vec![0];
        starts.extend(self.text.match_indices('\n').map(|(at, _)| at + 1));
        // The text's own end is no line of its own.
        if starts.len() > 1 && starts.last() == Some(&self.text.len()) {
            starts.pop();
        }
        let mut pieces = self.pieces.clone();
        if pieces.is_empty() {
            pieces.push(Piece { at: 0, len: 0, document: fallback, document_len: 0 });
        }
        LineMap { starts, len: self.text.len(), ends_in_newline: self.text.ends_with('\n'), pieces }
    }
}

fn start_of(pieces: &[Piece], at: usize) -> usize {
    let index = pieces.partition_point(|piece| piece.at + piece.len <= at);
    match (pieces.get(index), pieces.last()) {
        (Some(piece), _) if piece.is_plain() => piece.document + at.saturating_sub(piece.at),
        (Some(piece), _) => piece.document,
        (None, Some(last)) => last.document + last.document_len,
        (None, None) => 0,
    }
}

fn end_of(pieces: &[Piece], at: usize) -> usize {
    let index = pieces.partition_point(|piece| piece.at < at);
    match (index.checked_sub(1).map(|index| pieces[index]), pieces.first()) {
        (Some(piece), _) if piece.is_plain() => piece.document + (at - piece.at).min(piece.len),
        (Some(piece), _) => piece.document + piece.document_len,
        (None, Some(first)) => first.document,
        (None, None) => 0,
    }
}

/// The way from the lines of what a px cell sends back to its block, through comment prefixes, JSON escapes and joined
/// lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineMap {
    starts: Vec<usize>,
    len: usize,
    ends_in_newline: bool,
    pieces: Vec<Piece>,
}

impl LineMap {
    /// How many lines the code has. Code without text has one empty line; what sends no code has none.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Where a 0-based line of the code stands, without its line end.
    pub(crate) fn block_range(&self, code_line: u32) -> Option<BlockRange> {
        let code = self.code_range(code_line)?;
        let start = start_of(&self.pieces, code.start);
        let end = if code.is_empty() { start } else { end_of(&self.pieces, code.end) };
        Some(TextRange::new(start, end).into())
    }

    /// The block's byte of a 0-based line and byte column of the code; a column beyond the line is its end.
    pub(crate) fn block_offset(&self, code_line: u32, column: usize) -> Option<usize> {
        let code = self.code_range(code_line)?;
        let at = code.start.saturating_add(column);
        Some(if at < code.end {
            start_of(&self.pieces, at)
        } else {
            self.block_range(code_line)?.in_block().end
        })
    }

    /// The bytes of a line of the code, without its line end.
    fn code_range(&self, code_line: u32) -> Option<Range<usize>> {
        let line = usize::try_from(code_line).ok()?;
        let start = *self.starts.get(line)?;
        let end = match self.starts.get(line + 1) {
            Some(next) => next - 1,
            None if self.ends_in_newline => self.len - 1,
            None => self.len,
        };
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_leads_back_through_prefixes_and_escapes() {
        // The document: `# ab\r\n# "\n"`, of which `ab⏎` and the escape are taken.
        let document = "# ab\r\n# \"\\n\"";
        let mut mapped = Mapped::default();
        mapped.push("ab", 2);
        mapped.push_escape("\n", TextRange::new(4, 6));
        mapped.push("\"", 8);
        mapped.push_escape("\n", TextRange::new(9, 11));
        mapped.push("\"", 11);
        assert_eq!(mapped.text(), "ab\n\"\n\"");
        let lines = mapped.line_map(0);
        let shown: Vec<&str> = (0..3)
            .filter_map(|line| lines.block_range(line))
            .map(|r| &document[r.in_block().as_range()])
            .collect();
        assert_eq!(shown, ["ab", "\"", "\""]);
        assert_eq!(lines.block_offset(0, 1), Some(3));
        assert_eq!(lines.block_offset(1, 0), Some(8));
        assert_eq!(lines.block_offset(1, 99), Some(9));
        assert_eq!(lines.block_range(3), None);
    }

    #[test]
    fn every_kind_of_line_end_becomes_one_newline() {
        let mapped = Mapped::plain("a\r\nb\rc\n", 10).with_unix_line_ends();
        assert_eq!(mapped.text(), "a\nb\nc\n");
        assert_eq!(mapped.range(2..3), TextRange::new(13, 14));
        assert_eq!(mapped.range(1..2), TextRange::new(11, 13));
        let lines = mapped.line_map(0);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines.block_range(2), Some(TextRange::new(15, 16).into()));
    }

    #[test]
    fn a_code_without_text_has_one_empty_line() {
        let lines = Mapped::default().line_map(7);
        assert_eq!((lines.len(), lines.block_range(0)), (1, Some(TextRange::new(7, 7).into())));
        assert_eq!(LineMap::default().len(), 0);
    }
}
