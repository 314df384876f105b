//! What a stream wrote earlier, read back when the cursor goes up to lines that were hashed already.

use std::ops::Range;

use crate::{
    jupyter::content::StreamName,
    run::{Output, OutputKind, terminal::terminal_text},
};

/// What a stream wrote before the current piece, as far as it is in memory.
#[derive(Clone, Copy)]
pub(super) struct Earlier<'a> {
    pub(super) name: StreamName,
    /// All outputs before the current piece, also those of other streams.
    pub(super) outputs: &'a [Output],
}

impl Earlier<'_> {
    /// Its last bytes; `None` unless all of them are in memory.
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

/// Everything a stream wrote up to the end of the current piece.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) earlier: Earlier<'a>,
    pub(super) piece: &'a str,
    /// The byte of the stream that the piece begins at.
    pub(super) from: usize,
}

impl Past<'_> {
    /// The lines in a range of bytes of the stream, each as a terminal shows it; `None` unless all of them are in memory. The
    /// cursor must not move up in them.
    pub(super) fn lines(&self, bytes: Range<usize>) -> Option<Vec<String>> {
        let mut text = String::new();
        if bytes.start < self.from {
            text = self.earlier.last(self.from - bytes.start)?;
            text.truncate(bytes.end.min(self.from) - bytes.start);
        }
        let of_piece = bytes.start.max(self.from) - self.from..bytes.end.max(self.from) - self.from;
        text.push_str(self.piece.get(of_piece)?);
        Some(text.split_terminator('\n').map(|line| terminal_text(line, false)).collect())
    }
}
