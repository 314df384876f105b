//! Views that are not known.

use super::{Problem, Rule, Severity};
use crate::{cells::UnreadTargets, text::TextRange};

/// A magic that goes by a view that nothing makes.
pub(crate) static UNKNOWN_VIEW: Rule = Rule {
    code: "unknown-view",
    severity: Severity::Error,
    meaning: "The suffix of the magic names a view that nothing above it makes, so nobody can tell which engines are meant. \
              The cell does not run.",
    examples: &["%px_odd x\n"],
};

/// A magic that goes by a view whose targets cannot be read.
pub(crate) static UNREAD_VIEW: Rule = Rule {
    code: "unread-view",
    severity: Severity::Error,
    meaning: "A line above makes the view, but not in a way that can be read without running it: from variables, in a function, \
              under a condition. The cell does not run; name the view's targets in the setting `pxlens.views`, or in the line. \
              On `sync_imports` it is a warning, since the imports are local code as well.",
    examples: &["even = rc[chosen]\neven.activate('_even')\n%px_even x\n"],
};

pub(super) static NO_EFFECT: Rule = Rule {
    code: "no-effect",
    severity: Severity::Hint,
    meaning: "The line sets something of a view from a value that cannot be read without running it. What was in force before \
              stays so for pxlens.",
    examples: &["rc = ipp.Client()\ndv = rc.activate()\ndv.block = waits()\n%px x\n"],
};

/// A magic that goes by a view whose targets cannot be read; imports are local code too.
pub(super) fn unread(name: TextRange, error: &UnreadTargets, of_imports: bool) -> Problem {
    let problem = UNREAD_VIEW.problem(name, error.to_string(), Vec::new());
    Problem { severity: if of_imports { Severity::Warning } else { problem.severity }, ..problem }
}
