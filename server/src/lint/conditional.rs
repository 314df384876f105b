//! Px magics in the bodies of statements: nobody knows whether they run.

use super::{Fix, Problem, Rule, Severity};
use crate::cells::{
    CellKind, Suite,
    found::{BlockText, Found},
    python,
};

pub(crate) static CONDITIONAL: Rule = Rule {
    code: "conditional-magic",
    severity: Severity::Warning,
    meaning: "The magic is in the body of `if`, `for`, `while`, `def`, `class`, `try`, `with` or `match`. Python may run it never, \
              once or often, and pxlens runs no Python of its own. So it runs only when you run this very line: \"all\", \
              \"above\", \"below\" and `pxlens run FILE` leave it out. A `%pxconfig` or `%autopx` there changes nothing below.",
    examples: &[
        "# %%\nfor i in range(3):\n    %px x\n",
        "if debug:\n    %pxconfig --targets 0\n%px x\n",
        "if __name__ == \"__main__\":\n    %px x\n",
    ],
};

/// How much of a statement is quoted, in characters.
const MOST: usize = 50;

/// A px magic in the body of a statement.
pub(super) fn check(block: &BlockText<'_>, found: &Found, suite: Suite) -> Problem {
    let is_imports = found.kind == CellKind::SyncImports;
    let what = match is_imports {
        true => "these imports are".to_owned(),
        false => format!("this {}{}{} is", sign(found), found.magic.kind, found.magic.suffix),
    };
    let header = header(block, found, suite);
    // In one line with it, the statement need not be quoted.
    let text = header.filter(|line| *line < found.lines.start).map(|line| block.line(line).trim());
    let them = if is_imports { "them" } else { "it" };
    let text = shortened(text.unwrap_or(suite.keyword));
    let place = format!("in the body of `{text}`, and pxlens cannot tell whether Python reaches {them}");
    let so = match found.kind {
        CellKind::Config | CellKind::Autopx => "it changes nothing below",
        CellKind::SyncImports => "they run only when you run these lines themselves",
        _ => "it runs only when you run this line itself",
    };
    let message = format!("{what} {place}: {so}");
    let fix = header.and_then(|header| unindented(block, found, suite, header));
    CONDITIONAL.problem(found.magic_range, message, fix.into_iter().collect())
}

fn sign(found: &Found) -> &'static str {
    if found.kind == CellKind::CellMagic { "%%" } else { "%" }
}

/// The line of the statement.
fn header(block: &BlockText<'_>, found: &Found, suite: Suite) -> Option<usize> {
    (0..=found.lines.start).rev().find(|line| block.filled(*line) == suite.header.in_block())
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let begin: String = text.chars().take(MOST - 1).collect();
    format!("{}…", begin.trim_end())
}

/// Takes a magic out of a condition that is always true, if it is all of its body or the last line of it.
fn unindented(block: &BlockText<'_>, found: &Found, suite: Suite, header: usize) -> Option<Fix> {
    let line = found.lines.start;
    if found.lines.len() != 1 || header == line {
        return None;
    }
    let blanks = |line: usize| &block.line(line)[..python::indent(block.line(line))];
    let base = blanks(block.first_filled(0)?);
    let at = block.lines[line].start;
    let taken_off = |from: usize| block.source.edit(from..at + blanks(line).len(), base);
    let keyword = suite.keyword;
    let code = |line: &usize| !python::is_idle(block.line(*line));
    let mut below = line + 1..block.lines.len();
    // A comment may hide a magic.
    let is_last = block.first_filled(line + 1).is_none_or(|next| blanks(next).len() <= base.len());
    let goes_on = below.find(code).is_some_and(|next| {
        ["elif", "else"].iter().any(|word| block.line(next).trim_start().starts_with(word))
    });
    if blanks(header) != base || !is_always_true(block.line(header)) || !is_last || goes_on {
        return None;
    }
    let title = format!("Take it out of the `{keyword}`, which is always true");
    match (header + 1..line).any(|line| code(&line)) {
        true => Some(Fix::one(title, taken_off(at))),
        // Comments between the two stay, and so does what holds them.
        false if line == header + 1 => Some(Fix::one(title, taken_off(block.lines[header].start))),
        false => None,
    }
}

/// `if True:`, `if 1:`, `if __name__ == "__main__":`
fn is_always_true(header: &str) -> bool {
    let bare: String = header.chars().filter(|c| !c.is_whitespace() && !"()".contains(*c)).collect();
    let name = bare.replace('"', "'");
    ["ifTrue:", "if1:", "if__name__=='__main__':"].contains(&name.as_str())
}
