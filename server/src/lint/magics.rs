//! Cell magics that IPython does not take for one, and line magics written as one.

use super::{Fix, Problem, Rule, Severity, autopx::NO_END_OF_AUTOPX};
use crate::{
    cells::{
        broken::Why,
        found::{BlockText, Found, Stray},
        python, refusal,
    },
    text::TextRange,
};

pub(super) static BROKEN: Rule = Rule {
    code: "broken-cell",
    severity: Severity::Error,
    meaning: "IPython does not run the cell: Python cannot read it or compile it, or a magic in it does not exist. Of what Python \
              cannot read nothing runs, whatever stands above in the cell; the cell ends at a magic that does not exist, and at a \
              statement that Python does not compile, and, which is a warning, at a `raise` at its top level. The px magics of \
              the cell, or those from there on, do not run and set nothing.",
    examples: &[
        "%px a = 1\nx = (1\n",
        "a = 1\n  %px x\n",
        "if ready:\n%px x\n",
        "print 'ready'\n%px x\n",
        "x = 1\n%%bash\n%px x\n",
        "%px\ta = 1\n%px b = 1\n",
        "%px a = 1\nif done:\n    return\n%px b = 1\n",
    ],
};

/// A cell that IPython does not run, or not to its end.
pub(super) fn broken(range: TextRange, why: &Why) -> Problem {
    let what = match why {
        Why::Ends(what) => {
            let message = format!("{what} ends the cell here: IPython runs nothing below it in its cell");
            let problem = BROKEN.problem(range, message, Vec::new());
            return Problem { severity: Severity::Warning, ..problem };
        }
        Why::Compiled(_) => "IPython runs neither this statement nor what is below it in its cell",
        _ if why.is_whole() => "IPython runs nothing of this cell",
        _ => "IPython runs nothing behind this line in its cell",
    };
    BROKEN.problem(range, format!("{what}: {why}"), Vec::new())
}

/// Whether IPython fails where a problem is, so that a file that has it is wrong.
pub(crate) fn fails(problem: &Problem) -> bool {
    // A cell that ends itself may be meant to.
    let is_meant = *problem.rule == BROKEN && problem.severity != Severity::Error;
    !is_meant && [&BROKEN, &MISPLACED, &TWO_SIGNS, &NO_END_OF_AUTOPX].contains(&problem.rule)
}

pub(super) static MISPLACED: Rule = Rule {
    code: "misplaced-cell-magic",
    severity: Severity::Error,
    meaning: "`%%px` has to be the first thing in its cell, at the beginning of its line; only blank lines may precede it. \
              Anywhere else IPython looks for a line magic named `%px` and fails.",
    examples: &["# %%\n# Each engine draws its own.\n%%px\nx\n", "  %%px\nx\n", "x = 1\n%%px\nx\n"],
};

pub(super) static TWO_SIGNS: Rule = Rule {
    code: "line-magic",
    severity: Severity::Error,
    meaning: "`%pxresult`, `%result`, `%pxconfig` and `%autopx` are line magics: they take one percent sign.",
    examples: &["%%pxresult\n", "x = 1\n%%pxconfig -t 0\n"],
};

pub(super) static EMPTY_BODY: Rule = Rule {
    code: "empty-body",
    severity: Severity::Error,
    meaning: "`%%px` sends the lines below it, and there are none. For code on the line of the magic itself there is `%px`.",
    examples: &["%%px\n", "%%px a = 1\n"],
};

/// A magic with two percent signs where there can be none.
pub(super) fn stray(block: &BlockText<'_>, stray: &Stray) -> Problem {
    if stray.is_line_magic { two_signs(block, stray) } else { misplaced(block, stray) }
}

/// `%%px` where IPython does not look for one.
fn misplaced(block: &BlockText<'_>, stray: &Stray) -> Problem {
    let Stray { lines, column, escape, name, .. } = stray;
    let (at, column) = (lines.start, *column);
    let is_first = block.first_filled(0) == Some(at);
    let what = if is_first { "at the beginning of its line" } else { "on the first line of its cell" };
    let border = block.border.filter(|_| block.is_script && !is_first);
    let advice = border.map(|border| format!("; a line {border} above it begins a cell")).unwrap_or_default();
    let message = format!(
        "%%{name} has to stand {what}: here IPython takes it for a line magic named %{name}, and fails{advice}"
    );
    let mut fixes = Vec::new();
    let is_plain = lines.len() == 1 && escape.is_none() && column == python::indent(block.line(at));
    let start = block.lines[at].start;
    if is_plain && is_first {
        let dedent = block.source.edit(start..start + column, "");
        fixes.push(Fix::one(format!("Begin the line with %%{name}"), dedent));
    } else if is_plain {
        if (0..at).all(|index| python::is_idle(block.line(index))) {
            let title = format!("Move %%{name} to the first line of its cell");
            fixes.push(Fix { title, edits: moved_up(block, at, column) });
        }
        if let Some(border) = border {
            let border = block.source.edit(start..start + column, &format!("{border}\n"));
            fixes.push(Fix::one(format!("Begin a cell above %%{name}"), border));
        }
    }
    MISPLACED.problem(block.filled(at), message, fixes)
}

/// Takes a line out and puts it first, without the blanks it begins with.
fn moved_up(block: &BlockText<'_>, at: usize, column: usize) -> Vec<(TextRange, String)> {
    let first = block.lines[0].start;
    let line = block.lines[at].clone();
    let magic = &block.line(at)[column..];
    let out = match block.lines.get(at + 1) {
        Some(next) => line.start..next.start,
        None => block.lines[at - 1].end..line.end,
    };
    vec![block.source.edit(first..first, &format!("{magic}\n")), block.source.edit(out, "")]
}

/// A line magic with two percent signs.
fn two_signs(block: &BlockText<'_>, Stray { lines, column, name, .. }: &Stray) -> Problem {
    let index = lines.start;
    let sign = block.lines[index].start + column;
    let fix = Fix::one(format!("Write %{name}"), block.source.edit(sign..sign + 1, ""));
    let message = format!("%{name} is a line magic: write it with a single %");
    TWO_SIGNS.problem(block.filled(index), message, vec![fix])
}

/// `%%px` with nothing to send.
pub(super) fn empty_body(block: &BlockText<'_>, found: &Found) -> Problem {
    if found.is_call() {
        return EMPTY_BODY.problem(found.magic_range, refusal::EMPTY_BODY, Vec::new());
    }
    let (index, column, options) = (found.lines.start, found.column, &found.magic.options);
    let line = block.lines[index].clone();
    let sign = line.start + column;
    let arguments = block.line(index)[column..].split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim());
    let is_code = options.error.is_some() && !arguments.starts_with('-');
    let fix = if is_code {
        Fix::one("Write %px: the line itself is sent", block.source.edit(sign..sign + 1, ""))
    } else {
        Fix::one("Take the empty %%px out", block.source.edit(line, ""))
    };
    EMPTY_BODY.problem(found.magic_range, refusal::EMPTY_BODY, vec![fix])
}
