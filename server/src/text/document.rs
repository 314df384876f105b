//! A document's text in a rope, with LSP's positions.

use ropey::{Rope, RopeSlice};

use super::{Change, Edit, Encoding, Position, TextRange};

/// A document: its text and its version. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    rope: Rope,
    version: i32,
}

impl Document {
    pub(crate) fn new(text: &str, version: i32) -> Self {
        Self { rope: Rope::from_str(text), version }
    }

    /// The version that the client gave it last.
    pub(crate) fn version(&self) -> i32 {
        self.version
    }

    /// The text as a rope.
    pub(crate) fn rope(&self) -> &Rope {
        &self.rope
    }

    /// The text as one string.
    pub(crate) fn text(&self) -> String {
        self.rope.to_string()
    }

    /// Applies changes in order, as a `didChange` lists them: the positions of each refer to the text after the one
    /// before it.
    ///
    /// An edit leaves out the text that its change keeps at both ends, so that a client that sends whole texts moves
    /// anchors as little as one that sends keystrokes. A change that changes nothing gives no edit.
    pub(crate) fn apply(&mut self, changes: &[Change], version: i32, encoding: Encoding) -> Vec<Edit> {
        self.version = version;
        changes.iter().filter_map(|change| self.apply_one(change, encoding)).collect()
    }

    fn apply_one(&mut self, change: &Change, encoding: Encoding) -> Option<Edit> {
        let (from, to) = match change.range {
            None => (0, self.rope.len_bytes()),
            Some((a, b)) => {
                let (a, b) = (self.byte(a, encoding), self.byte(b, encoding));
                (a.min(b), a.max(b))
            }
        };
        let old = self.rope.byte_slice(from..to);
        let head = common_prefix(old, &change.text);
        let tail = common_suffix(old.byte_slice(head..), &change.text[head..]);
        let new = &change.text[head..change.text.len() - tail];
        let (start, old_end) = (from + head, to - tail);
        if start == old_end && new.is_empty() {
            return None;
        }
        let at = self.rope.byte_to_char(start);
        self.rope.remove(at..self.rope.byte_to_char(old_end));
        self.rope.insert(at, new);
        Some(Edit { start, old_end, new_end: start + new.len() })
    }

    /// The position of a byte. A byte inside a character counts as the character's first, a byte inside or after a line
    /// ending as the end of the line.
    pub(crate) fn position(&self, byte: usize, encoding: Encoding) -> Position {
        let line = self.line_of(byte);
        let range = self.line_range(line);
        let char = self.rope.byte_to_char(byte.clamp(range.start, range.end));
        let first = self.rope.byte_to_char(range.start);
        let character = match encoding {
            Encoding::Utf8 => self.rope.char_to_byte(char) - range.start,
            Encoding::Utf16 => self.rope.char_to_utf16_cu(char) - self.rope.char_to_utf16_cu(first),
            Encoding::Utf32 => char - first,
        };
        Position { line, character: to_u32(character) }
    }

    /// The byte of a position: the end of the line for a column beyond it, the end of the text for a line beyond it,
    /// the beginning of the character for a column inside one (half a surrogate pair).
    pub(crate) fn byte(&self, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        if line >= self.rope.len_lines() {
            return self.rope.len_bytes();
        }
        let range = self.line_range(position.line);
        let text = self.rope.byte_slice(range.as_range());
        let column = position.character as usize;
        let char = match encoding {
            Encoding::Utf8 => text.byte_to_char(column.min(text.len_bytes())),
            Encoding::Utf16 => text.utf16_cu_to_char(column.min(text.len_utf16_cu())),
            Encoding::Utf32 => column.min(text.len_chars()),
        };
        range.start + text.char_to_byte(char)
    }

    /// The 0-based line that a byte is on; the last line for a byte beyond the end.
    pub(crate) fn line_of(&self, byte: usize) -> u32 {
        to_u32(self.rope.byte_to_line(byte.min(self.rope.len_bytes())))
    }

    /// The range of a line without its line ending; an empty range at the end of the text for a line beyond it.
    pub(crate) fn line_range(&self, line: u32) -> TextRange {
        let line = line as usize;
        if line >= self.rope.len_lines() {
            return TextRange::new(self.rope.len_bytes(), self.rope.len_bytes());
        }
        let start = self.rope.line_to_byte(line);
        let text = self.rope.line(line);
        let mut end = text.len_bytes();
        let mut chars = text.chars_at(text.len_chars());
        if let Some(last @ ('\n' | '\r')) = chars.prev() {
            end -= 1;
            if last == '\n' && chars.prev() == Some('\r') {
                end -= 1;
            }
        }
        TextRange::new(start, start + end)
    }
}

/// The length in bytes of the prefix that both share, whole characters only.
fn common_prefix(old: RopeSlice<'_>, new: &str) -> usize {
    let same = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    floor_boundary(new, same)
}

/// The length in bytes of the suffix that both share, whole characters only.
fn common_suffix(old: RopeSlice<'_>, new: &str) -> usize {
    let same =
        old.bytes_at(old.len_bytes()).reversed().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    let mut tail = same;
    while !new.is_char_boundary(new.len() - tail) {
        tail -= 1;
    }
    tail
}

/// The nearest character boundary at or before `byte`.
fn floor_boundary(text: &str, mut byte: usize) -> usize {
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// LSP counts in 32 bits; a document that needs more cannot be sent over it.
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    fn bytes_at(document: &Document, position: Position) -> [usize; 3] {
        ALL.map(|encoding| document.byte(position, encoding))
    }

    #[test]
    fn columns_count_in_the_agreed_encoding() {
        let document = Document::new("aé😀z\n", 1);
        let z = "aé😀".len();
        let columns = ALL.map(|encoding| document.position(z, encoding).character);
        assert_eq!(columns, [7, 4, 3]);
        assert_eq!(document.byte(at(0, 7), Encoding::Utf8), z);
        assert_eq!(document.byte(at(0, 4), Encoding::Utf16), z);
        assert_eq!(document.byte(at(0, 3), Encoding::Utf32), z);
    }

    #[test]
    fn half_a_character_rounds_down() {
        let document = Document::new("😀z", 1);
        assert_eq!(document.byte(at(0, 1), Encoding::Utf16), 0);
        assert_eq!(document.byte(at(0, 3), Encoding::Utf8), 0);
        assert_eq!(document.position(2, Encoding::Utf8), at(0, 0));
    }

    #[test]
    fn only_lf_crlf_and_cr_end_lines() {
        let document = Document::new("a\r\nb\rc\u{2028}d\u{0085}e\u{000b}f\u{000c}g\nh", 1);
        assert_eq!(document.rope().len_lines(), 4);
        let lines: Vec<String> = (0..5)
            .map(|line| document.rope().byte_slice(document.line_range(line).as_range()).to_string())
            .collect();
        assert_eq!(lines, ["a", "b", "c\u{2028}d\u{0085}e\u{000b}f\u{000c}g", "h", ""]);
        assert_eq!(
            document.position(2, Encoding::Utf16),
            at(0, 1),
            "between \\r and \\n is the end of the line"
        );
        assert_eq!(document.line_of(3), 1);
    }

    #[test]
    fn positions_out_of_range_are_clamped() {
        let document = Document::new("ab\r\ncd", 1);
        assert_eq!(bytes_at(&document, at(0, 99)), [2; 3]);
        assert_eq!(bytes_at(&document, at(1, u32::MAX)), [6; 3]);
        assert_eq!(bytes_at(&document, at(u32::MAX, 0)), [6; 3]);
        assert_eq!(document.position(usize::MAX, Encoding::Utf16), at(1, 2));
        assert_eq!(document.line_range(9), TextRange::new(6, 6));
    }

    fn check_edit(before: &str, range: Option<(Position, Position)>, text: &str, expected: Expect) {
        let mut document = Document::new(before, 1);
        let edits = document.apply(&[Change { range, text: text.to_owned() }], 2, Encoding::Utf16);
        let edits: Vec<String> = edits
            .iter()
            .map(|e| format!("{}..{} -> {}..{}", e.start, e.old_end, e.start, e.new_end))
            .collect();
        expected.assert_eq(&format!("{:?} {}", document.text(), edits.join(", ")));
    }

    #[test]
    fn changes_become_the_smallest_edit_in_bytes() {
        check_edit("ab\ncd", Some((at(1, 1), at(1, 1))), "😀", expect![[r#""ab\nc😀d" 4..4 -> 4..8"#]]);
        check_edit("ab\ncd", Some((at(0, 1), at(1, 1))), "", expect![[r#""ad" 1..4 -> 1..1"#]]);
        check_edit("ab\ncd", Some((at(1, 1), at(0, 1))), "", expect![[r#""ad" 1..4 -> 1..1"#]]);
        check_edit("one\ntwo\n", None, "one\n2\ntwo\n", expect![[r#""one\n2\ntwo\n" 4..4 -> 4..6"#]]);
        check_edit("é", None, "è", expect![[r#""è" 0..2 -> 0..2"#]]);
        check_edit("aaa", None, "aa", expect![[r#""aa" 2..3 -> 2..2"#]]);
        check_edit("same", None, "same", expect![[r#""same" "#]]);
        check_edit("x", Some((at(7, 7), at(9, 9))), "y", expect![[r#""xy" 1..1 -> 1..2"#]]);
    }

    #[test]
    fn a_clone_keeps_the_text_it_had() {
        let mut document = Document::new("a", 1);
        let before = document.clone();
        document.apply(&[Change { range: None, text: "b".to_owned() }], 5, Encoding::Utf16);
        assert_eq!((before.text().as_str(), before.version()), ("a", 1));
        assert_eq!((document.text().as_str(), document.version()), ("b", 5));
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(vec!["a", "é", "😀", "\r", "\n", "\r\n", "\u{2028}", " "]),
            0..12,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_character_boundary_on_a_line_round_trips(text in any_text()) {
            let document = Document::new(&text, 1);
            for (byte, c) in text.char_indices() {
                if c == '\n' && text[..byte].ends_with('\r') {
                    continue; // the middle of a line ending has no position
                }
                for encoding in ALL {
                    prop_assert_eq!(document.byte(document.position(byte, encoding), encoding), byte);
                }
            }
        }

        #[test]
        fn replaying_the_edits_gives_the_new_text(
            text in any_text(), new in any_text(), l1 in 0u32..6, c1 in 0u32..6, l2 in 0u32..6, c2 in 0u32..6,
        ) {
            for encoding in ALL {
                let mut document = Document::new(&text, 1);
                let range = Some((at(l1, c1), at(l2, c2)));
                let (a, b) = (document.byte(at(l1, c1), encoding), document.byte(at(l2, c2), encoding));
                let expected = format!("{}{new}{}", &text[..a.min(b)], &text[a.max(b)..]);
                let edits = document.apply(&[Change { range, text: new.clone() }], 2, encoding);
                prop_assert_eq!(document.text(), expected.clone());
                let mut replayed = text.clone();
                for edit in edits {
                    replayed.replace_range(edit.start..edit.old_end, &expected[edit.start..edit.new_end]);
                }
                prop_assert_eq!(replayed, expected);
            }
        }
    }
}
