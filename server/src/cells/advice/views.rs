//! Views that are not known.

use super::{super::Severity, Rule};

pub(in crate::cells) const UNKNOWN: Rule = Rule {
    code: "unknown-view",
    severity: Severity::Warning,
    meaning: "The suffix of the magic names a view that nothing above it makes, so nobody can tell which engines are meant. \
              The cell does not run.",
    examples: &["%px_odd x\n"],
};
