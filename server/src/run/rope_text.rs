//! Text that grows at its end: a string while it is short, a rope once it is long.

use std::{fmt, ops::Range};

use ropey::{Rope, RopeBuilder, str_utils};

/// Texts of more bytes than this are ropes. A rope takes some KB however little it holds; a string is copied whenever its run
/// is cloned.
const SHORT: usize = 4096;

/// Text that is cheap to clone however long it is.
#[derive(Clone)]
pub struct RopeText(Form);

#[derive(Clone)]
enum Form {
    Short(String),
    Long(Rope),
}

impl RopeText {
    /// No text.
    pub const EMPTY: Self = Self(Form::Short(String::new()));

    /// Adds to the end.
    pub fn push(&mut self, text: &str) {
        match &mut self.0 {
            Form::Short(short) if short.len() + text.len() <= SHORT => short.push_str(text),
            Form::Short(short) => *self = [short.as_str(), text].into_iter().collect(),
            Form::Long(long) => long.insert(long.len_chars(), text),
        }
    }

    /// All of it, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &str> {
        let (short, long) = match &self.0 {
            Form::Short(short) => (Some(short.as_str()).filter(|text| !text.is_empty()), None),
            Form::Long(long) => (None, Some(long.chunks())),
        };
        short.into_iter().chain(long.into_iter().flatten())
    }

    /// Length in bytes of UTF-8.
    pub fn len_bytes(&self) -> usize {
        match &self.0 {
            Form::Short(short) => short.len(),
            Form::Long(long) => long.len_bytes(),
        }
    }

    /// Length in Unicode scalar values.
    pub fn len_chars(&self) -> usize {
        match &self.0 {
            Form::Short(short) => short.chars().count(),
            Form::Long(long) => long.len_chars(),
        }
    }

    /// Number of line ends.
    pub(super) fn line_ends(&self) -> usize {
        match &self.0 {
            Form::Short(short) => str_utils::byte_to_line_idx(short, short.len()),
            Form::Long(long) => long.len_lines().saturating_sub(1),
        }
    }

    /// The text from a 0-based character on; empty if there are fewer.
    pub(super) fn since(&self, char: usize) -> String {
        match &self.0 {
            Form::Short(short) => short.chars().skip(char).collect(),
            Form::Long(long) => long.slice(char.min(long.len_chars())..).to_string(),
        }
    }

    /// A range of bytes; `None` if it is out of bounds or splits a character.
    pub(super) fn bytes(&self, bytes: Range<usize>) -> Option<String> {
        match &self.0 {
            Form::Short(short) => short.get(bytes).map(str::to_owned),
            Form::Long(long) => long.get_byte_slice(bytes).map(|part| part.to_string()),
        }
    }

    /// The text as a rope; cheap for a long text.
    pub(crate) fn to_rope(&self) -> Rope {
        match &self.0 {
            Form::Short(short) => Rope::from_str(short),
            Form::Long(long) => long.clone(),
        }
    }
}

impl Default for RopeText {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl From<&str> for RopeText {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for RopeText {
    fn from(text: String) -> Self {
        Self(if text.len() <= SHORT { Form::Short(text) } else { Form::Long(Rope::from_str(&text)) })
    }
}

/// Builds a rope at once: one that grew by small pieces can take up to twice the memory of its text.
impl<'a> FromIterator<&'a str> for RopeText {
    fn from_iter<I: IntoIterator<Item = &'a str>>(pieces: I) -> Self {
        let mut short = String::new();
        let mut pieces = pieces.into_iter();
        for piece in pieces.by_ref() {
            if short.len() + piece.len() > SHORT {
                let mut long = RopeBuilder::new();
                long.append(&short);
                long.append(piece);
                pieces.for_each(|piece| long.append(piece));
                return Self(Form::Long(long.finish()));
            }
            short.push_str(piece);
        }
        short.shrink_to_fit();
        Self(Form::Short(short))
    }
}

impl fmt::Display for RopeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chunks().try_for_each(|chunk| f.write_str(chunk))
    }
}

impl fmt::Debug for RopeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

/// Texts are compared, whatever their form.
impl PartialEq for RopeText {
    fn eq(&self, other: &Self) -> bool {
        self.len_bytes() == other.len_bytes()
            && self.chunks().flat_map(str::bytes).eq(other.chunks().flat_map(str::bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_it_grew() {
        let line = "é line of text\n";
        let mut grown = RopeText::EMPTY;
        for count in 1..=1000 {
            grown.push(line);
            let whole = line.repeat(count);
            assert_eq!((grown.len_bytes(), grown.len_chars()), (whole.len(), whole.chars().count()));
            assert_eq!(grown, RopeText::from(whole));
        }
        assert_eq!(grown.since(15 * 999), line);
        let mut doubled = grown.clone();
        doubled.push(&line.repeat(1000));
        assert_eq!(doubled, RopeText::from(line.repeat(2000)));
        assert_eq!(grown.bytes(16 * 999..16 * 1000).as_deref(), Some(line));
        assert_eq!((grown.bytes(1..16), grown.bytes(0..16_001)), (None, None));
    }

    /// An engine that writes to both streams by turns makes an output of each line, so a short text has to be small.
    #[test]
    fn a_short_text_takes_few_bytes() {
        assert!(size_of::<RopeText>() <= 24);
    }
}
