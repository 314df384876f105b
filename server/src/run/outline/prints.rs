//! Fingerprints in the making: of records of bytes, and of text by its tokens.

use super::Likeness;
use crate::run::tokens::tokens;

/// A fingerprint in the making, of records: where one ends counts, so texts are told apart however they are cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Print(pub(super) u64);

impl Print {
    /// Multiplies and folds, as wyhash and foldhash do.
    #[inline]
    pub(super) fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    /// Text. Its last word holds a byte that no UTF-8 does, so that records cannot run into each other.
    #[inline]
    pub(super) fn record(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let end = 0xf8 + rest.len() as u64;
        self.word(end << 56 | up_to_seven(bytes, rest));
    }

    /// A piece of a record that comes in pieces.
    pub(super) fn piece(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.word(u64::from(byte)));
    }
}

/// The last bytes of a text, which are fewer than eight, as a little-endian number; without a loop, since most texts between
/// tokens are short.
#[inline]
pub(super) fn up_to_seven(bytes: &[u8], rest: &[u8]) -> u64 {
    let bits = 8 * rest.len() as u32;
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last).checked_shr(64 - bits).unwrap_or(0);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        // They may overlap, in equal bytes.
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (bits - 32);
    }
    rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The two fingerprints in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Prints {
    pub(super) shape: Print,
    pub(super) values: Print,
}

/// What stands between records; no kind of token has these numbers.
const LINE: u64 = 0xfe;
pub(super) const RAW: u64 = 0xfd;

impl Prints {
    pub(super) fn text(&mut self, text: &str, value: bool) {
        let (bytes, mut at) = (text.as_bytes(), 0);
        for token in tokens(text, value) {
            self.shape.record(&bytes[at..token.whole.start]);
            let apart = u64::from(token.apart_before) + 2 * u64::from(token.apart_after);
            self.shape.word(token.kind as u64 * 4 + apart);
            self.values.record(&bytes[token.whole.clone()]);
            at = token.whole.end;
        }
        self.shape.record(&bytes[at..]);
        self.shape.word(LINE);
    }

    /// Text that has to be the same to the byte.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.shape.record(bytes);
        self.shape.word(RAW);
    }

    pub(super) fn note(&mut self, kind: u8, likeness: Likeness) {
        self.shape.word(u64::from(kind));
        self.shape.word(likeness.shape);
        self.values.word(likeness.values);
    }

    pub(super) fn finish(&self) -> Likeness {
        Likeness { shape: self.shape.0, values: self.values.0 }
    }
}
