//! `%autopx` regions: toggles without their fellow, and px magics inside.

use super::{Fix, Problem, Rule, Severity};
use crate::{
    cells::{
        CellKind, Options,
        findings::OpenRegion,
        found::{BlockText, Found},
    },
    text::TextRange,
};

pub(super) static OPEN_AUTOPX: Rule = Rule {
    code: "open-autopx",
    severity: Severity::Hint,
    meaning: "An `%autopx` begins a region that no second one ends: all cells below it are sent to the engines.",
    examples: &["%autopx\nx\n", "# %%\n%autopx\n# %%\nx\n"],
};

pub(super) static UNSURE_AUTOPX: Rule = Rule {
    code: "unsure-autopx",
    severity: Severity::Warning,
    meaning: "Another cell of the script holds an `%autopx` that is code for jupytext in the notebook, and not in the script, such \
              as a cell with `active=\"ipynb\"`. So pxlens cannot tell where regions end, and sends nothing of them.",
    examples: &["# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n\
                 #       format_name: percent\n# ---\n\n# %%\n# %autopx\n\n# %% active=\"ipynb\"\n# # %autopx\n\n# %%\nx\n"],
};

/// A toggle that begins a region of which nothing is sent.
pub(super) fn unsure(found: &Found) -> Problem {
    let message = "nothing of this region is sent: an %autopx in a cell that is code in the notebook alone makes it unclear where \
                   regions end. Take that one out, or make both cells code";
    UNSURE_AUTOPX.problem(found.magic_range, message, Vec::new())
}

/// A px magic inside the region of an `%autopx`.
pub(crate) static PX_INSIDE_AUTOPX: Rule = Rule {
    code: "px-inside-autopx",
    severity: Severity::Warning,
    meaning: "Inside an `%autopx` region IPython sends whole cells, px magics included, to the engines, where those fail. \
              pxlens runs the magic as if it stood outside, and leaves the other lines of its cell alone.",
    examples: &[
        "# %%\n%autopx\n# %%\n%px x\n# %%\n%autopx\n",
        "# %%\n%autopx\n# %%\n%%px\nx\n# %%\n%autopx\n",
    ],
};

/// A region that is open at the end of a document, in which the line `border` begins a cell. The fix puts what ends it behind
/// the document's last line; a notebook would need a cell for it.
pub(super) fn open(region: OpenRegion<'_>, border: Option<&str>) -> Option<Problem> {
    let OpenRegion { base, scanned, toggle, suffix, end } = region;
    let toggle = scanned.found.get(toggle)?;
    let block = scanned.text();
    let border = border.filter(|_| toggle.kind == CellKind::Autopx && block.is_script);
    let at = TextRange::new(end, end);
    let edit = border.map(|border| {
        let closing = format!("\n{border}\n%autopx");
        (at, block.source.edit(0..0, &closing).1 + suffix)
    });
    let message =
        format!("no second %autopx{suffix} ends this region: all cells below are sent to the engines");
    let fix = edit.map(|edit| Fix::one(format!("Add %autopx{suffix} at the end"), edit));
    let range = toggle.magic.name_range.shifted(base);
    Some(OPEN_AUTOPX.problem(range, message, fix.into_iter().collect()))
}

/// A px magic inside the region of a view; `all` are those of its block.
pub(super) fn px_inside(block: &BlockText<'_>, found: &Found, all: &[Found], region: &str) -> Problem {
    let magic = &found.magic;
    let name = magic.kind;
    if found.kind == CellKind::Autopx {
        let message = format!(
            "only a cell that begins with %autopx ends this region: IPython sends this %{name} to the engines, where it fails"
        );
        return PX_INSIDE_AUTOPX.problem(found.magic_range, message, Vec::new());
    }
    let message = format!(
        "inside an %autopx region IPython sends this %{name} to the engines, where it fails; pxlens runs it as if outside, and \
         sends nothing else of its cell"
    );
    let is_whole = found.escape.is_none()
        && found.magic_range.start == magic.name_range.start
        && found.is_bare()
        && magic.suffix == region
        && !found.code.text().trim().is_empty();
    // A region that begins and ends within one cell of a notebook sends nothing by itself.
    let is_sent = block.is_script || all.iter().all(|found| found.kind != CellKind::Autopx);
    let takes_off = match found.kind {
        CellKind::LineMagic => is_whole,
        CellKind::CellMagic => is_whole && magic.options == Options::default(),
        _ => false,
    };
    let fix = (takes_off && is_sent).then(|| {
        let off = TextRange::new(magic.name_range.start, found.code.start_of(0));
        Fix::one("Take the magic off: the region sends the code as it is", (off, String::new()))
    });
    PX_INSIDE_AUTOPX.problem(found.magic_range, message, fix.into_iter().collect())
}
