//! How a run is laid out in lines.

use super::{GroupBy, screen::Scope};

/// How to lay out.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) by: GroupBy,
    pub(super) scope: Scope,
    pub(super) width: usize,
    /// Whether stderr is named, for views that cannot mark it by colour.
    pub(super) names_stderr: bool,
    /// Whether engines that are alike stand apart where a summary would leave out what one of them wrote, for views that are all
    /// that is kept.
    pub(super) keeps_values: bool,
}

/// Names the place of a 0-based line of the code in its document: `demo.py line 14`.
pub(super) type Place<'a> = &'a dyn Fn(u32) -> Option<String>;
