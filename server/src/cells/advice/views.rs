//! Views that are not known.

use super::{super::Severity, Rule};

pub(in crate::cells) const UNKNOWN: Rule = Rule {
    code: "unknown-view",
    severity: Severity::Error,
    meaning: "The suffix of the magic names a view that nothing above it makes, so nobody can tell which engines are meant. \
              The cell does not run.",
    examples: &["%px_odd x\n"],
};

pub(in crate::cells) const UNREAD: Rule = Rule {
    code: "unread-view",
    severity: Severity::Error,
    meaning: "A line above makes the view, but not in a way that can be read without running it: from variables, in a function, \
              under a condition. The cell does not run; name the view's targets in the setting `pxlens.views`, or in the line. \
              On `sync_imports` it is a warning, since the imports are local code as well.",
    examples: &["even = rc[chosen]\neven.activate('_even')\n%px_even x\n"],
};

pub(in crate::cells) const NO_EFFECT: Rule = Rule {
    code: "no-effect",
    severity: Severity::Hint,
    meaning: "The line sets something of a view from a value that cannot be read without running it. What was in force before \
              stays so for pxlens.",
    examples: &["rc = ipp.Client()\ndv = rc.activate()\ndv.block = waits()\n%px x\n"],
};
