//! Magics in comments that another tool reads in another way.

use super::{Fix, Problem, Rule, Severity};
use crate::{
    cells::{
        Fault, FaultKind, Known,
        found::{BlockText, Found},
    },
    text::TextRange,
};

pub(super) static COMMENT_IS_MARKER: Rule = Rule {
    code: "comment-is-marker",
    severity: Severity::Warning,
    meaning: "`# %%px` is jupytext's way to write the magic, and pxlens runs it. VS Code's interactive window takes the line \
              for the border of a cell, drops it, and would run the lines below it locally. Said once in a document.",
    examples: &["# %%\n# %%px\nx\n", "# %%\n# %%px -t 0\nx\n"],
};

/// A cell that begins with `# %%px`.
pub(super) fn comment_is_marker(block: &BlockText<'_>, found: &Found) -> Problem {
    let (index, column) = (found.lines.start, found.column);
    let line = block.lines[index].start;
    // Where VS Code finds no border above, it finds no cell.
    let is_marked = block.border == Some("# %%");
    let bang = block.source.edit(line..line + column, "#!");
    // Magics that are hidden in the body have to be written along, which the rewrites do.
    let hides_more = block.hidden.iter().any(|hidden| hidden.line > index);
    let fixes = match is_marked && !hides_more {
        true => vec![Fix::one("Write #!%%px, which VS Code runs as a magic", bang)],
        false => Vec::new(),
    };
    let message = "pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, \
                   and would run the lines below it locally";
    COMMENT_IS_MARKER.problem(found.magic_range, message, fixes)
}

/// A px magic in a comment that does not count, since others stand there as they are.
pub(crate) static SWITCHED_OFF: Rule = Rule {
    code: "commented-magic",
    severity: Severity::Hint,
    meaning: "The script has px magics that stand there as they are, so those in comments are taken to be switched off. Without \
              them the commented ones would count. Said once, at the first.",
    examples: &["# %%\n# %%px\nx = 1\n\n# %%\n%px y = 1\n"],
};

/// A comment that does not count here, and would decide about magics below it where jupytext frees it.
pub(super) static FREED_MAGIC: Rule = Rule {
    code: "freed-magic",
    severity: Severity::Warning,
    meaning: "The comment does not count here, but jupytext makes a magic of it, which would decide about others. Below such a \
              `# %pxconfig` the targets are not known, so what goes by them does not run; below a `# %alias_magic` magics of the \
              name that it defines do not run, and below a `# %%px` no other px magic of its cell.",
    examples: &[
        "# %pxconfig --targets 0\n%px x = 1\n",
        "# %%px --targets 0\n%px x = 1\n",
        "# %alias_magic px time\n%px x = 1\n",
    ],
};

/// A px magic in a cell that is commented out in the script.
pub(super) static INACTIVE_MAGIC: Rule = Rule {
    code: "inactive-magic",
    severity: Severity::Hint,
    meaning: "The cell is code in the notebook that jupytext makes of the script, and commented out in the script itself: it has \
              `active=\"ipynb\"`, the tag `active-ipynb`, or is frozen. Its px magics do not run here. A `%pxconfig`, an \
              `activate()` or an `%alias_magic` in such a cell holds below it, as it does in the notebook.",
    examples: &["# %% active=\"ipynb\"\n# %px x = 1\n\n# %%\n%px y = 1\n"],
};

pub(super) fn inactive(range: TextRange, name: &str) -> Problem {
    let message = format!(
        "{name} does not run here: its cell is commented out in the script, and code only in the notebook that jupytext makes of it"
    );
    let problem = INACTIVE_MAGIC.problem(range, message, Vec::new());
    // It begins a region in the notebook, so it decides about all that stands below.
    let severity = if name.starts_with("%autopx") { Severity::Warning } else { problem.severity };
    Problem { severity, ..problem }
}

pub(super) static UNREAD_HEADER: Rule = Rule {
    code: "unread-header",
    severity: Severity::Warning,
    meaning: "Jupytext does not read a script with this header, so it makes no notebook of it. pxlens tells the format by the \
              content of the script.",
    examples: &[
        "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n#       format_name: Percent\n\
         # ---\n\n# %%\n%px x\n",
        "# ---\n# jupyter:\n#   jupytext: [\n# ---\n\n# %%\n%px x\n",
    ],
};

pub(super) fn unread_header(fault: &Fault, known: Option<Known>) -> Problem {
    let why = match &fault.why {
        FaultKind::Yaml => "its header is not valid YAML".to_owned(),
        FaultKind::Section(name) => format!("{name} in its header is no mapping"),
        FaultKind::Format(name) => format!("jupytext has no format {name:?} for Python"),
    };
    let read_as = known.map(|known| format!("; pxlens reads it as {known}")).unwrap_or_default();
    UNREAD_HEADER.problem(
        fault.range,
        format!("jupytext does not read this script: {why}{read_as}"),
        Vec::new(),
    )
}

pub(super) fn px_body(range: TextRange) -> Problem {
    let message = "a magic in a comment that does not count here, which jupytext frees: IPython sends the lines below it as they are, and no px \
         magic among them runs; write all px magics of the script with a comment sign, or none";
    FREED_MAGIC.problem(range, message, Vec::new())
}

pub(super) fn freed_elsewhere(range: TextRange, name: &str) -> Problem {
    let so = match name {
        "alias_magic" => "magics of the name that it defines do not run",
        _ => "the targets below it are not known",
    };
    let message = format!(
        "this comment does not count here, and jupytext makes a %{name} of it, so {so}: delete it, or write all magics of the \
         script the same way"
    );
    FREED_MAGIC.problem(range, message, Vec::new())
}

pub(super) fn switched_off(range: TextRange) -> Problem {
    let message = "px magics in comments do not count in this script, since others stand there without a comment sign: write all \
                   of them the same way";
    SWITCHED_OFF.problem(range, message, Vec::new())
}
