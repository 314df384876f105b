//! `%autopx` regions: toggles without their fellow, and px magics inside.

use super::{
    super::{CellKind, Fix, Options, Problem, Severity, block::Found},
    Rule,
};
use crate::text::TextRange;

pub(in crate::cells) const OPEN: Rule = Rule {
    code: "open-autopx",
    severity: Severity::Hint,
    meaning: "An `%autopx` begins a region that no second one ends: all cells below it are sent to the engines.",
    examples: &["%autopx\nx\n", "# %%\n%autopx\n# %%\nx\n"],
};

pub(in crate::cells) const PX_INSIDE: Rule = Rule {
    code: "px-inside-autopx",
    severity: Severity::Warning,
    meaning: "Inside an `%autopx` region IPython sends whole cells, px magics included, to the engines, where those fail. \
              pxlens runs the magic as if it stood outside, and leaves the other lines of its cell alone.",
    examples: &[
        "# %%\n%autopx\n# %%\n%px x\n# %%\n%autopx\n",
        "# %%\n%autopx\n# %%\n%%px\nx\n# %%\n%autopx\n",
    ],
};

/// A region that is open at the end; `end` is what ends it, put behind the document's last line.
pub(in crate::cells) fn open(toggle: TextRange, suffix: &str, end: Option<(TextRange, String)>) -> Problem {
    let message =
        format!("no second %autopx{suffix} ends this region: all cells below are sent to the engines");
    let fix = end.map(|edit| Fix::one(format!("Add %autopx{suffix} at the end"), edit));
    OPEN.problem(toggle, message, fix.into_iter().collect())
}

/// A px magic inside the region of a view.
pub(in crate::cells) fn px_inside(found: &Found, region: &str) -> Problem {
    let magic = &found.magic;
    let name = &magic.name;
    let message = format!(
        "inside an %autopx region IPython sends this %{name} to the engines, where it fails; pxlens runs it as if outside, and \
         sends nothing else of its cell"
    );
    let is_whole = found.escape.is_none()
        && found.magic_range.start == magic.name_range.start
        && magic.suffix == region
        && !found.code.text().trim().is_empty();
    let takes_off = match found.kind {
        CellKind::LineMagic => is_whole,
        CellKind::CellMagic => is_whole && magic.options == Options::default(),
        _ => false,
    };
    let fix = takes_off.then(|| {
        let off = TextRange::new(magic.name_range.start, found.code.start_of(0));
        Fix::one("Take the magic off: the region sends the code as it is", (off, String::new()))
    });
    PX_INSIDE.problem(found.magic_range, message, fix.into_iter().collect())
}
