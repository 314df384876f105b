//! Documents that are not read, and why.

use ropey::Rope;

use super::{Dialect, NotNotebook};

/// The most lines in which px cells are looked for. Each may be one, of which a few kilobytes are kept.
const MOST_LINES: usize = 200_000;

/// The most bytes of a script, or of a notebook's cell. A notebook's file may be longer: it holds outputs.
const MOST_BYTES: usize = 64_000_000;

/// Why a document holds no px cells that pxlens knows of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is not the notebook that it should be.
    #[error(transparent)]
    NotNotebook(#[from] NotNotebook),
    /// It would cost more memory and time than an editor has.
    #[error("this document has {0}, so pxlens looks for no px cells in it; move them to a smaller one")]
    TooLarge(String),
}

impl Unreadable {
    /// Whether a document is too large to be read, from what is known without looking at its text.
    pub(super) fn too_large(rope: &Rope, dialect: Dialect) -> Option<Self> {
        match dialect {
            Dialect::NotebookJson => None,
            Dialect::Script | Dialect::NotebookCell => {
                let bytes = rope.len_bytes();
                let is_long = bytes > MOST_BYTES;
                let size =
                    || format!("{} MB in one text ({} at most)", bytes / 1_000_000, MOST_BYTES / 1_000_000);
                if is_long {
                    return Some(Self::TooLarge(size()));
                }
                // The empty line behind the last line end is none.
                Self::too_many_lines(
                    rope.len_lines() - usize::from(bytes > 0 && rope.byte(bytes - 1) == b'\n'),
                )
            }
        }
    }

    /// Whether the code of a document has too many lines to be read.
    pub(super) fn too_many_lines(lines: usize) -> Option<Self> {
        (lines > MOST_LINES).then(|| Self::TooLarge(format!("{lines} lines of code ({MOST_LINES} at most)")))
    }
}
