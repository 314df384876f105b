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

/// A magic that goes by a view of a second cluster.
pub(crate) static OTHER_CLUSTER: Rule = Rule {
    code: "other-cluster",
    severity: Severity::Error,
    meaning: "The magic goes by a view of a client that is connected to another cluster than the first one. All px cells of a file run \
              on the cluster of its first client, so this one does not run; move it to a file that uses only the other cluster. \
              On `sync_imports` it is a warning, since the imports are local code as well.",
    examples: &["cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\ngpu[:].activate('_gpu')\n%px_gpu x\n"],
};

/// A line that connects to a cluster by what cannot be read.
pub(crate) static UNREAD_CLUSTER: Rule = Rule {
    code: "unread-cluster",
    severity: Severity::Warning,
    meaning: "The line connects to a cluster or starts one, and which one depends on code that is not run, as in a variable, an \
              argument of the script, or a function. px cells run on the cluster in use, which may be another one. Write the profile, the \
              cluster id or the file as a literal, at the top level, or choose the cluster yourself, in the editor or by `--profile`, \
              `--cluster-id` or `--connection-file`.",
    examples: &["import os\nrc = ipp.Client(profile=os.environ['PROFILE'])\n%px x\n"],
};

pub(super) const WHICH_CLUSTER: &str =
    "pxlens cannot tell which cluster this line asks for; px cells run on the cluster in use";

pub(super) static NO_EFFECT: Rule = Rule {
    code: "no-effect",
    severity: Severity::Hint,
    meaning: "The line sets something of a view from a value that cannot be read without running it. What was in force before \
              stays so for pxlens.",
    examples: &["rc = ipp.Client()\ndv = rc.activate()\ndv.block = waits()\n%px x\n"],
};

/// A magic that goes by a view of a second cluster; imports are local code too.
pub(super) fn other_cluster(name: TextRange, why: String, of_imports: bool) -> Problem {
    let problem = OTHER_CLUSTER.problem(name, why, Vec::new());
    Problem { severity: if of_imports { Severity::Warning } else { problem.severity }, ..problem }
}

/// A magic that goes by a view whose targets cannot be read; imports are local code too.
pub(super) fn unread(name: TextRange, error: &UnreadTargets, of_imports: bool) -> Problem {
    let problem = UNREAD_VIEW.problem(name, error.to_string(), Vec::new());
    Problem { severity: if of_imports { Severity::Warning } else { problem.severity }, ..problem }
}
