//! The text of one stream, as far as it is kept in memory: its beginning, its end, and how much was moved out between.

use std::ops::Range;

use ropey::Rope;

use super::rope_text::RopeText;

/// Text whose middle may have been moved out of memory. A short text takes little memory: an engine that alternates between its
/// streams makes an output of each line.
///
/// Nothing is hidden until [`Text::hide`] is called, whose caller must have saved the whole text elsewhere first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    head: RopeText,
    rest: Option<Box<Rest>>,
}

/// What follows the head of a text that has lost its middle.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rest {
    hidden: Hidden,
    tail: RopeText,
}

/// How much of a text is not in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Bytes of UTF-8.
    pub bytes: usize,
    /// Unicode scalar values.
    pub chars: usize,
    /// Line ends.
    pub lines: usize,
}

impl Hidden {
    /// Whether nothing is hidden.
    pub fn is_empty(self) -> bool {
        self.bytes == 0
    }

    /// The sum of two hidden parts.
    pub fn and(self, other: Hidden) -> Hidden {
        Hidden {
            bytes: self.bytes + other.bytes,
            chars: self.chars + other.chars,
            lines: self.lines + other.lines,
        }
    }

    fn of(rope: &Rope, bytes: Range<usize>) -> Hidden {
        let part = rope.byte_slice(bytes);
        // A line end of two characters that the cut takes apart counts once on either side; this is for people.
        Hidden { bytes: part.len_bytes(), chars: part.len_chars(), lines: part.len_lines().saturating_sub(1) }
    }
}

impl<T: Into<RopeText>> From<T> for Text {
    fn from(text: T) -> Self {
        Self { head: text.into(), rest: None }
    }
}

impl Text {
    /// Appends to the text.
    pub fn push(&mut self, text: &str) {
        let end = self.rest.as_mut().map_or(&mut self.head, |rest| &mut rest.tail);
        end.push(text);
    }

    /// The text before the hidden part; all of it, where nothing is hidden.
    pub fn head(&self) -> &RopeText {
        &self.head
    }

    /// How much is hidden between head and tail.
    pub fn hidden(&self) -> Hidden {
        self.rest.as_ref().map(|rest| rest.hidden).unwrap_or_default()
    }

    /// The text after the hidden part.
    pub fn tail(&self) -> &RopeText {
        static NOTHING: RopeText = RopeText::EMPTY;
        self.rest.as_ref().map_or(&NOTHING, |rest| &rest.tail)
    }

    /// Bytes in memory.
    pub fn kept(&self) -> usize {
        self.head.len_bytes() + self.tail().len_bytes()
    }

    /// Line ends of the whole text, hidden ones included.
    pub fn line_ends(&self) -> usize {
        self.head.line_ends() + self.hidden().lines + self.tail().line_ends()
    }

    /// Characters of the whole text, hidden ones included.
    pub fn len_chars(&self) -> usize {
        self.head.len_chars() + self.hidden().chars + self.tail().len_chars()
    }

    /// The text from a character (0-based, hidden ones counted) on: what is in memory of it before the hidden part, how much is
    /// hidden, and what is in memory after it.
    pub fn since(&self, char: usize) -> (String, Hidden, String) {
        let head_chars = self.head.len_chars();
        let head = self.head.since(char);
        let tail_from = head_chars + self.hidden().chars;
        let hidden = if char < tail_from { self.hidden() } else { Hidden::default() };
        (head, hidden, self.tail().since(char.saturating_sub(tail_from)))
    }

    /// What is in memory of the last `chars` characters.
    pub fn end(&self, chars: usize) -> String {
        let end = if self.rest.is_none() { &self.head } else { self.tail() };
        end.since(end.len_chars().saturating_sub(chars))
    }

    /// A range of what is in memory, in bytes of that; `None` if it spans the hidden part or splits a character.
    pub(super) fn bytes(&self, bytes: Range<usize>) -> Option<String> {
        let head = self.head.len_bytes();
        if bytes.start >= head && self.rest.is_some() {
            self.tail().bytes(bytes.start - head..bytes.end - head)
        } else {
            self.head.bytes(bytes)
        }
    }

    /// Puts the whole of the hidden part back into memory; `text` is what it was.
    pub(super) fn fill(&mut self, text: &str) {
        debug_assert_eq!(text.len(), self.hidden().bytes, "it is the hidden part and nothing else");
        let rest = self.rest.take().unwrap_or_default();
        self.head = self.head.chunks().chain([text]).chain(rest.tail.chunks()).collect();
    }

    /// What is in memory, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &str> {
        self.head.chunks().chain(self.tail().chunks())
    }

    /// Moves a range of what is in memory out of it, and returns how many bytes that were; the range counts bytes in memory. It is
    /// shrunk to whole lines where line ends are near, and extended to what is already hidden, since a text has only one hidden
    /// part.
    pub fn hide(&mut self, bytes: Range<usize>) -> usize {
        if self.rest.is_none() && bytes.start == 0 && bytes.end >= self.head.len_bytes() {
            return self.hide_all();
        }
        let (head, tail) = (self.head.to_rope(), self.tail().to_rope());
        let length = head.len_bytes();
        let (from, to) = if self.rest.is_none() {
            (line_before(&head, bytes.start), line_after(&head, bytes.end))
        } else {
            let from = bytes.start.min(length);
            let to = bytes.end.max(length) - length;
            (line_before(&head, from), length + line_after(&tail, to))
        };
        if from >= to {
            return 0;
        }
        let (hidden, tail) = match &self.rest {
            None => (Hidden::of(&head, from..to), head.byte_slice(to..)),
            Some(rest) => {
                let gone = Hidden::of(&head, from..length).and(Hidden::of(&tail, 0..to - length));
                (rest.hidden.and(gone), tail.byte_slice(to - length..))
            }
        };
        self.rest = Some(Box::new(Rest { hidden, tail: tail.chunks().collect() }));
        self.head = head.byte_slice(..from).chunks().collect();
        to - from
    }
}

impl Text {
    /// Makes no rope of a short text: an engine that alternates between its streams has many.
    fn hide_all(&mut self) -> usize {
        let (bytes, chars, lines) = (self.head.len_bytes(), self.head.len_chars(), self.head.line_ends());
        if bytes > 0 {
            self.head = RopeText::EMPTY;
            let hidden = Hidden { bytes, chars, lines };
            self.rest = Some(Box::new(Rest { hidden, tail: RopeText::EMPTY }));
        }
        bytes
    }
}

/// How many bytes a cut may move to fall between two lines.
const NEAR: usize = 4096;

/// The line start at or before a byte if one is near, else the character there.
fn line_before(rope: &Rope, byte: usize) -> usize {
    let byte = byte.min(rope.len_bytes());
    let start = rope.line_to_byte(rope.byte_to_line(byte));
    if byte - start <= NEAR { start } else { rope.char_to_byte(rope.byte_to_char(byte)) }
}

/// The line start at or behind a byte if one is near, else the first character that does not begin before it.
fn line_after(rope: &Rope, byte: usize) -> usize {
    let byte = byte.min(rope.len_bytes());
    let line = rope.byte_to_line(byte);
    if rope.line_to_byte(line) == byte {
        return byte;
    }
    let next = rope.try_line_to_byte(line + 1).unwrap_or(rope.len_bytes());
    if next - byte <= NEAR && next < rope.len_bytes() {
        return next;
    }
    let char = rope.byte_to_char(byte);
    if rope.char_to_byte(char) == byte { byte } else { rope.char_to_byte(char + 1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_goes_at_line_ends_and_is_counted() {
        let mut text = Text::from("one\ntwo\nthree\nfour\n");
        assert_eq!(text.hide(5..13), 10);
        assert_eq!((text.head().to_string(), text.tail().to_string()), ("one\n".into(), "four\n".into()));
        assert_eq!(text.hidden(), Hidden { bytes: 10, chars: 10, lines: 2 });
        text.push("five\n");
        assert_eq!(text.since(0), ("one\n".into(), text.hidden(), "four\nfive\n".into()));
        assert_eq!(text.since(19), (String::new(), Hidden::default(), "five\n".into()));
        assert_eq!(text.end(6), "\nfive\n");
    }

    #[test]
    fn a_text_that_goes_whole_is_counted_as_one_that_goes_in_parts() {
        for whole in ["", "a", "é\r\nb\n\nc", "a\n"] {
            let hidden = |cuts: &[(usize, usize)]| {
                let mut text = Text::from(whole);
                let gone: usize = cuts.iter().map(|(from, to)| text.hide(*from..*to)).sum();
                assert_eq!((gone, text.kept(), text.len_chars()), (whole.len(), 0, whole.chars().count()));
                text.hidden()
            };
            let length = whole.len();
            assert_eq!(hidden(&[(0, length)]), Hidden::of(&Rope::from_str(whole), 0..length), "{whole:?}");
            assert_eq!(hidden(&[(length / 2, length), (0, length)]).bytes, length);
        }
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let mut text = Text::from("é".repeat(10_000).as_str());
        text.hide(5001..15_001);
        assert_eq!((text.head().len_bytes(), text.tail().len_bytes()), (5000, 4998));
        assert_eq!(text.len_chars(), 10_000);
    }

    proptest! {
        /// Whatever is pushed and hidden, what is left and what is hidden add up, and both ends are those of the whole.
        #[test]
        fn nothing_is_counted_twice_or_forgotten(
            steps in prop::collection::vec(("[aé\n]{0,40}", 0usize..120, 0usize..120), 1..20),
        ) {
            let mut text = Text::default();
            let mut whole = String::new();
            for (piece, one, other) in steps {
                text.push(&piece);
                whole.push_str(&piece);
                let (from, to) = (one.min(other), one.max(other));
                let before = text.kept();
                prop_assert_eq!(text.hide(from.min(before)..to.min(before)), before - text.kept());
                prop_assert_eq!(text.len_chars(), whole.chars().count());
                prop_assert_eq!(text.kept() + text.hidden().bytes, whole.len());
                prop_assert!(whole.starts_with(&text.head().to_string()));
                prop_assert!(whole.ends_with(&text.tail().to_string()));
            }
        }
    }
}
