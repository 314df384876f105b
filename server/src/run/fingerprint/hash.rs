//! The hashes that a fingerprint is made of: of records of bytes, and of text by its tokens.

use super::Fingerprint;
use crate::run::tokens::tokens;

/// Hashes records. Where a record ends counts: `ab`, `c` and `a`, `bc` differ.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hasher(pub(super) u64);

impl Hasher {
    /// Multiplies and folds, as wyhash and foldhash do.
    #[inline]
    pub(super) fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    /// A record of text. Its last word holds a byte that never occurs in UTF-8, so that records cannot run into each other.
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

/// `rest`, the last bytes of a text and fewer than eight, as a little-endian number. Most text between tokens is short, so this
/// avoids a loop.
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

/// The two hashes of a fingerprint in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashers {
    pub(super) shape: Hasher,
    pub(super) values: Hasher,
}

/// Separators of records; no kind of token has these numbers.
const LINE: u64 = 0xfe;
pub(super) const RAW: u64 = 0xfd;

impl Hashers {
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

    /// Text that has to be the same byte for byte.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.shape.record(bytes);
        self.shape.word(RAW);
    }

    pub(super) fn note(&mut self, kind: u8, fingerprint: Fingerprint) {
        self.shape.word(u64::from(kind));
        self.shape.word(fingerprint.shape);
        self.values.word(fingerprint.values);
    }

    pub(super) fn finish(&self) -> Fingerprint {
        Fingerprint { shape: self.shape.0, values: self.values.0 }
    }
}
