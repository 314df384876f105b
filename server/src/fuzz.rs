//! What must hold for any bytes that come from outside, one function for each kind of them. `cargo xtask fuzz` looks for bytes for
//! which it does not hold; the tests try those in `fuzz/corpus`.
//!
//! A function returns if all holds, and panics otherwise. How its bytes are divided into texts and the like is said at its
//! head, so that a file of the corpus can be read and written by hand. Built for tests and fuzzing alone.

mod connections;
mod documents;
mod lsp;
mod messages;
mod options;
mod outputs;

#[cfg(test)]
mod tests;

pub use self::{
    connections::connections,
    documents::{notebooks, scripts},
    lsp::lsp,
    messages::{frames, messages},
    options::options,
    outputs::{terminal, tracebacks},
};

use crate::text::TextRange;

/// Between the parts of an input.
const SEPARATOR: u8 = 0x1e;

/// The parts of an input as texts; bytes that are not UTF-8 are replaced.
fn texts(data: &[u8]) -> Vec<String> {
    data.split(|byte| *byte == SEPARATOR).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// Cuts a text in up to so many pieces, at places that only depend on the text.
fn pieces(text: &str, most: usize) -> Vec<&str> {
    let mut hash = text.bytes().fold(17_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let mut pieces = Vec::new();
    let mut rest = text;
    while pieces.len() + 1 < most && !rest.is_empty() {
        hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (piece, after) = rest.split_at(rest.floor_char_boundary((hash >> 33) % (rest.len() + 1)));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Checks that a range is one of the text's, at borders of characters.
fn check_range(text: &str, range: TextRange) {
    assert!(text.get(range.as_range()).is_some(), "{range:?} of {text:?}");
}

/// Checks that a text, once it is written to a terminal, shows itself and does nothing else. With `colors` it may also
/// choose colours.
fn check_shown(text: &str, colors: bool) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\n' | '\t' => 1,
            '\r' if rest.starts_with("\r\n") => 2,
            '\x1b' if colors => {
                let end = rest.find('m').expect("a sequence that chooses colours ends");
                let is_plain = |c: char| c.is_ascii_digit() || matches!(c, ';' | ':');
                let parameters = rest[..end].strip_prefix("\x1b[").unwrap_or("?");
                assert!(parameters.chars().all(is_plain), "{parameters:?} in {text:?}");
                end + 1
            }
            c => {
                let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                let hides = matches!(
                    c,
                    '\u{200b}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}'
                );
                assert!(!c.is_control() && !turns && !hides, "{c:?} in {text:?}");
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
}

/// Checks the same of a text that is one line.
fn check_line(text: &str) {
    check_shown(text, false);
    assert!(!text.contains(['\n', '\r']), "{text:?} is one line");
}
