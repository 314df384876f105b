//! What is wrong or doubtful about px magics, and what would mend it: one family of rules in each file.
//!
//! Each rule says where it is defined what it means, with an example; `docs/diagnostics.md` is written from the table
//! [`RULES`]. A fix is offered only where it is exact: applied, it makes its problem go away.

pub(super) mod autopx;
pub(super) mod lines;
pub(super) mod magics;
pub(super) mod markers;
pub(super) mod old_python;
pub(super) mod options;
pub(super) mod views;

use std::ops::Range;

use super::{Fix, Problem, Severity, block::BlockText};
use crate::text::TextRange;

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The word that diagnostics carry, which stays the same.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in whole sentences.
    pub meaning: &'static str,
    /// Scripts that have it.
    pub examples: &'static [&'static str],
}

/// All rules of this module, in the order of the documentation.
pub const RULES: [&Rule; 17] = [
    &options::OPTIONS,
    &options::TARGETS,
    &options::DYNAMIC,
    &options::STREAM_NOBLOCK,
    &magics::MISPLACED,
    &magics::TWO_SIGNS,
    &magics::EMPTY_BODY,
    &lines::OPEN_BRACKET,
    &lines::OPTIONS_ON_LINE,
    &markers::COMMENT_IS_MARKER,
    &autopx::OPEN,
    &autopx::PX_INSIDE,
    &views::UNKNOWN,
    &views::UNREAD,
    &views::NO_EFFECT,
    &old_python::PRINT,
    &old_python::IMPORT,
];

impl Rule {
    /// A problem of this kind.
    pub fn problem(&self, range: TextRange, message: impl Into<String>, fixes: Vec<Fix>) -> Problem {
        Problem { range, severity: self.severity, code: self.code, message: message.into(), fixes }
    }
}

impl Fix {
    /// One change.
    pub(super) fn one(title: impl Into<String>, edit: (TextRange, String)) -> Self {
        Self { title: title.into(), edits: vec![edit] }
    }
}

/// The change that puts `text` in the place of whole lines of a block and makes it a cell of its own. `None` in a notebook
/// whose cell holds something else as well.
fn as_cell(block: &BlockText<'_>, lines: Range<usize>, text: &str) -> Option<(TextRange, String)> {
    let is_filled = |index: usize| !block.line(index).trim().is_empty();
    let before = (0..lines.start).any(is_filled);
    let after = (lines.end..block.lines.len()).any(is_filled);
    if !block.is_script && (before || after) {
        return None;
    }
    let above = if before { "# %%\n" } else { "" };
    let below = if after { "\n# %%" } else { "" };
    let bytes = block.lines[lines.start].start..block.lines[lines.end - 1].end;
    Some(block.source.edit(bytes, &format!("{above}{text}{below}")))
}
