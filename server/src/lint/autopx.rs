//! `%autopx` regions: toggles without their fellow, and px magics inside.

use super::{Fix, Problem, Rule, Severity};
use crate::{
    cells::{
        CellKind, Magic, Options,
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
              as a cell with `active=\"ipynb\"`. Or one above may run or not: in the body of an `if`, in a function, or without its \
              percent sign. So pxlens cannot tell where regions begin and end, and sends nothing of them.",
    examples: &[
        "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n\
                 #       format_name: percent\n# ---\n\n# %%\n# %autopx\n\n# %% active=\"ipynb\"\n# # %autopx\n\n# %%\nx\n",
        "# %%\nif a:\n    %autopx\n\n# %%\n%autopx\n\n# %%\nx\n",
    ],
};

/// A toggle that begins a region of which nothing is sent.
/// `is_perhaps`: since one above may have run or not.
pub(super) fn unsure(found: &Found, is_perhaps: bool) -> Problem {
    let message = match is_perhaps {
        true => {
            "nothing is sent of a region that begins here: pxlens cannot tell whether an %autopx above was run, so this one may \
             end a region. Take that one out, or put both where they surely run"
        }
        false => {
            "nothing of this region is sent: an %autopx in a cell that is code in the notebook alone makes it unclear where \
             regions end. Take that one out, or make both cells code"
        }
    };
    UNSURE_AUTOPX.problem(found.magic_range, message, Vec::new())
}

/// A px magic inside the region of an `%autopx`.
pub(crate) static PX_INSIDE_AUTOPX: Rule = Rule {
    code: "px-inside-autopx",
    severity: Severity::Warning,
    meaning: "Inside an `%autopx` region IPython sends whole cells, px magics included, to the engines, where those fail. \
              pxlens runs the magic as if it stood outside, and leaves the other lines of its cell alone. A `%pxconfig` \
              there sets nothing.",
    examples: &[
        "# %%\n%autopx\n# %%\n%px x\n# %%\n%autopx\n",
        "# %%\n%autopx\n# %%\n%%px\nx\n# %%\n%autopx\n",
        "# %%\n%autopx\n# %%\n%pxconfig -t 0\n# %%\n%autopx\n",
    ],
};

/// A toggle inside a region, which it does not end.
pub(crate) static NO_END_OF_AUTOPX: Rule = Rule {
    code: "no-end-of-autopx",
    severity: Severity::Error,
    meaning: "Only a cell that begins with `%autopx`, without a suffix, ends a region. IPython sends any other toggle to the \
              engines, where it fails, and the region goes on: the cells below are sent as well.",
    examples: &[
        "rc[0].activate('_a')\n# %%\n%autopx_a\n# %%\nx\n# %%\n%autopx_a\n# %%\ny\n",
        "# %%\n%autopx\n# %%\nx\n%autopx\n# %%\n%autopx\n",
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
        (at, block.source.edit(0..0, &closing).1)
    });
    let toggle_wanted = if suffix.is_empty() { "second %autopx" } else { "%autopx without a suffix" };
    let message = format!("no {toggle_wanted} ends this region: all cells below are sent to the engines");
    let fix = edit.map(|edit| Fix::one("Add %autopx at the end", edit));
    let range = toggle.magic.name_range.at(base);
    Some(OPEN_AUTOPX.problem(range, message, fix.into_iter().collect()))
}

/// A toggle inside the region of a view.
fn no_end(block: &BlockText<'_>, found: &Found) -> Problem {
    let Magic { kind, suffix, name_range, .. } = &found.magic;
    let name_range = name_range.in_block();
    let message = format!(
        "only a cell that begins with %autopx, without a suffix, ends this region: IPython sends this %{kind}{suffix} to the \
         engines, where it fails, and the cells below as well"
    );
    let begins = block.first_filled(0) == Some(found.lines.start)
        && found.is_bare()
        && found.magic_range.start == name_range.start;
    let fix = begins.then(|| Fix::one("Write %autopx", (name_range, "%autopx".to_owned())));
    NO_END_OF_AUTOPX.problem(found.magic_range, message, fix.into_iter().collect())
}

/// A px magic inside the region of a view; `all` are those of its block.
pub(super) fn px_inside(block: &BlockText<'_>, found: &Found, all: &[Found], region: &str) -> Problem {
    let magic = &found.magic;
    let name = magic.kind;
    let so = match found.kind {
        CellKind::Autopx => return no_end(block, found),
        CellKind::Config => "it sets nothing, and pxlens sends nothing of its cell",
        _ => "pxlens runs it as if outside, and sends nothing else of its cell",
    };
    let message =
        format!("inside an %autopx region IPython sends this %{name} to the engines, where it fails; {so}");
    let is_whole = found.escape.is_none()
        && found.magic_range.start == magic.name_range.in_block().start
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
        let off = TextRange::new(magic.name_range.in_block().start, found.code.start_of(0));
        Fix::one("Take the magic off: the region sends the code as it is", (off, String::new()))
    });
    PX_INSIDE_AUTOPX.problem(found.magic_range, message, fix.into_iter().collect())
}
