//! The text of one stream, as far as it is kept in memory: its beginning, its end, and how much was moved out between.

use std::ops::Range;

use ropey::{Rope, RopeBuilder, RopeSlice};

/// Text that may have lost its middle. Cheap to clone.
///
/// Nothing is hidden before somebody asks for it with [`Text::hide`], who must have put the whole text elsewhere first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    head: Rope,
    hidden: Hidden,
    tail: Rope,
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
    /// Whether all is in memory.
    pub fn is_empty(self) -> bool {
        self.bytes == 0
    }

    /// Both together.
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

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { head: Rope::from_str(text), ..Self::default() }
    }
}

impl Text {
    /// Adds to the end.
    pub fn push(&mut self, text: &str) {
        let end = if self.hidden.is_empty() { &mut self.head } else { &mut self.tail };
        end.insert(end.len_chars(), text);
    }

    /// What stands before the hidden part; all, where nothing is hidden.
    pub fn head(&self) -> &Rope {
        &self.head
    }

    /// How much is hidden between head and tail.
    pub fn hidden(&self) -> Hidden {
        self.hidden
    }

    /// What stands behind the hidden part.
    pub fn tail(&self) -> &Rope {
        &self.tail
    }

    /// Bytes in memory.
    pub fn kept(&self) -> usize {
        self.head.len_bytes() + self.tail.len_bytes()
    }

    /// Characters of the whole text, hidden ones included.
    pub fn len_chars(&self) -> usize {
        self.head.len_chars() + self.hidden.chars + self.tail.len_chars()
    }

    /// What of the text from this character of the whole on is in memory, and how much of it is not: head, hidden, tail.
    pub fn since(&self, char: usize) -> (String, Hidden, String) {
        let head_chars = self.head.len_chars();
        let head = self.head.slice(char.min(head_chars)..).to_string();
        let tail_from = head_chars + self.hidden.chars;
        let hidden = if char < tail_from { self.hidden } else { Hidden::default() };
        let tail = self.tail.slice(char.saturating_sub(tail_from).min(self.tail.len_chars())..).to_string();
        (head, hidden, tail)
    }

    /// What is in memory of the last `chars` characters.
    pub fn end(&self, chars: usize) -> String {
        let end = if self.hidden.is_empty() { &self.head } else { &self.tail };
        end.slice(end.len_chars().saturating_sub(chars)..).to_string()
    }

    /// A stretch of what is in memory, in bytes of that; nothing where it is not all on one side of what is hidden, or begins or
    /// ends within a character.
    pub(super) fn bytes(&self, bytes: Range<usize>) -> Option<String> {
        let head = self.head.len_bytes();
        let part = if bytes.start >= head && !self.hidden.is_empty() {
            self.tail.get_byte_slice(bytes.start - head..bytes.end - head)
        } else {
            self.head.get_byte_slice(bytes)
        };
        part.map(|part| part.to_string())
    }

    /// Puts the whole of the hidden part back into memory; `text` is what it was.
    pub(super) fn fill(&mut self, text: &str) {
        debug_assert_eq!(text.len(), self.hidden.bytes, "it is the hidden part and nothing else");
        self.head.append(Rope::from_str(text));
        self.head.append(std::mem::take(&mut self.tail));
        self.hidden = Hidden::default();
    }

    /// What is in memory, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &str> {
        self.head.chunks().chain(self.tail.chunks())
    }

    /// Moves a stretch of what is in memory out of it; bytes are counted in what is in memory. Gives how many bytes went: the
    /// stretch is made smaller to end at lines where there are some near, and larger to reach what is hidden already, since a
    /// text has one hidden part.
    pub fn hide(&mut self, bytes: Range<usize>) -> usize {
        let head = self.head.len_bytes();
        let (from, to) = if self.hidden.is_empty() {
            (line_before(&self.head, bytes.start), line_after(&self.head, bytes.end))
        } else {
            let from = bytes.start.min(head);
            let to = bytes.end.max(head) - head;
            (line_before(&self.head, from), head + line_after(&self.tail, to))
        };
        if from >= to {
            return 0;
        }
        if self.hidden.is_empty() {
            self.hidden = Hidden::of(&self.head, from..to);
            self.tail = compact(self.head.byte_slice(to..));
            self.head = compact(self.head.byte_slice(..from));
        } else {
            let gone = Hidden::of(&self.head, from..head).and(Hidden::of(&self.tail, 0..to - head));
            self.hidden = self.hidden.and(gone);
            self.head = compact(self.head.byte_slice(..from));
            self.tail = compact(self.tail.byte_slice(to - head..));
        }
        to - from
    }
}

/// A rope that grew by small pieces holds up to twice its text; one that is built whole does not.
fn compact(part: RopeSlice<'_>) -> Rope {
    let mut whole = RopeBuilder::new();
    part.chunks().for_each(|chunk| whole.append(chunk));
    whole.finish()
}

/// How far a cut may move to stand between two lines.
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
