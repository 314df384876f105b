//! What a stream wrote before: read back when the cursor goes up to lines that are in the fingerprint already.

use std::ops::Range;

use crate::{
    jupyter::content::StreamName,
    run::{Output, OutputKind, settle::settle},
};

/// What a stream wrote before the piece that comes now, as far as it is in memory.
#[derive(Clone, Copy)]
pub(super) struct Earlier<'a> {
    pub(super) name: StreamName,
    /// Outputs that came before.
    pub(super) outputs: &'a [Output],
}

impl Earlier<'_> {
    /// Its last bytes; nothing where not all of them are in memory.
    fn last(&self, bytes: usize) -> Option<String> {
        let mut missing = bytes;
        let mut parts = Vec::new();
        for output in self.outputs.iter().rev() {
            if missing == 0 {
                break;
            }
            let OutputKind::Stream(name, text) = &output.kind else { continue };
            if *name == self.name {
                let (end, is_whole) = (text.kept(), text.hidden().is_empty());
                if !is_whole && missing > text.tail().len_bytes() {
                    return None;
                }
                let length = end.min(missing);
                parts.push(text.bytes(end - length..end)?);
                missing -= length;
            }
        }
        parts.reverse();
        (missing == 0).then(|| parts.concat())
    }
}

/// All that a stream wrote up to the end of the piece that comes now.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) earlier: Earlier<'a>,
    pub(super) piece: &'a str,
    /// The byte of the stream that the piece begins at.
    pub(super) from: usize,
}

impl Past<'_> {
    /// The lines in some bytes of the stream, each as it stands once all of it was shown; nothing where not all of them are in
    /// memory. The cursor was never moved up in them.
    pub(super) fn lines(&self, bytes: Range<usize>) -> Option<Vec<String>> {
        let mut text = String::new();
        if bytes.start < self.from {
            text = self.earlier.last(self.from - bytes.start)?;
            text.truncate(bytes.end.min(self.from) - bytes.start);
        }
        let of_piece = bytes.start.max(self.from) - self.from..bytes.end.max(self.from) - self.from;
        text.push_str(self.piece.get(of_piece)?);
        Some(text.split_terminator('\n').map(|line| settle(line, false)).collect())
    }
}
