//! Magics in comments that another tool reads in another way.

use super::{Fix, Problem, Rule, Severity};
use crate::cells::{
    found::{BlockText, Found},
    markers,
};

pub(super) static COMMENT_IS_MARKER: Rule = Rule {
    code: "comment-is-marker",
    severity: Severity::Warning,
    meaning: "`# %%px` is jupytext's way to write the magic, and pxlens runs it. VS Code's interactive window takes the line \
              for the border of a cell, drops it, and would run the lines below it locally. Said once in a document.",
    examples: &["x = 1\n# %%px\nx\n", "# %%\n# %%px -t 0\nx\n"],
};

/// A cell that begins with `# %%px`.
pub(super) fn comment_is_marker(block: &BlockText<'_>, found: &Found) -> Problem {
    let (index, column) = (found.lines.start, found.column);
    let line = block.lines[index].start;
    // The line may be the only border of its cell.
    let above = block.source.text()[..block.lines[0].start].lines().next_back().unwrap_or_default();
    let is_border = block.first_filled(0) == Some(index) && markers::marker(above).is_none();
    let border = if is_border { "# %%\n" } else { "" };
    let hidden = line..line + column;
    let bang = block.source.edit(hidden.clone(), &format!("{border}#!"));
    let plain = block.source.edit(hidden, border);
    // Magics that are hidden in the body have to be written along, which the rewrites do.
    let hides_more =
        (index + 1..block.lines.len()).any(|index| markers::escaped_in_body(block.line(index)).is_some());
    let fixes = match hides_more {
        true => Vec::new(),
        false => vec![
            Fix::one("Write #!%%px, which VS Code runs as a magic", bang),
            Fix::one("Write %%px without the comment sign", plain),
        ],
    };
    let message = "pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, \
                   and would run the lines below it locally";
    COMMENT_IS_MARKER.problem(found.magic_range, message, fixes)
}
