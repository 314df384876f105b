//! Problems, the rules they break, and the changes that mend them.

use crate::text::TextRange;

/// Something wrong or doubtful in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The text that it is about, in bytes of the document; while the problem is kept with its block, of the block.
    pub range: TextRange,
    /// How bad; in some cases milder than the rule's own.
    pub severity: Severity,
    /// The rule that the text breaks.
    pub rule: &'static Rule,
    /// What is wrong and what to do about it, as a sentence.
    pub message: String,
    /// What would mend it, the likeliest first.
    pub fixes: Vec<Fix>,
}

/// A change of the text that mends a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    /// What it does, as an order: "Write --targets 0,2".
    pub title: String,
    /// What is replaced, each in bytes as the problem's own range; in rising order, none touching the next.
    pub edits: Vec<(TextRange, String)>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Severity {
    /// It does not run.
    Error,
    /// It runs, but perhaps not as meant.
    Warning,
    /// Good to know.
    Hint,
}

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(super) code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in whole sentences.
    pub meaning: &'static str,
    /// Scripts that have it.
    pub examples: &'static [&'static str],
}

impl Rule {
    /// The word that diagnostics carry, which stays the same. For what leaves the program: inside it a rule is the rule
    /// itself.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// A problem of this kind.
    pub(super) fn problem(
        &'static self,
        range: TextRange,
        message: impl Into<String>,
        fixes: Vec<Fix>,
    ) -> Problem {
        Problem { range, severity: self.severity, rule: self, message: message.into(), fixes }
    }
}

impl Problem {
    /// The problem, with every range in it moved towards the end by this many bytes.
    pub(super) fn shifted(&self, by: usize) -> Self {
        let mut problem = self.clone();
        problem.range = problem.range.shifted(by);
        for (range, _) in problem.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
            *range = range.shifted(by);
        }
        problem
    }
}

impl Fix {
    /// A fix that replaces a single range.
    pub(super) fn one(title: impl Into<String>, edit: (TextRange, String)) -> Self {
        Self { title: title.into(), edits: vec![edit] }
    }
}
