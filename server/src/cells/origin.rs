//! How a line that decides something is named, whatever is edited around it.

/// Names a line that decides something by what stays the same while text is edited around it, so that what is in force
/// stays equal then. [`super::Deciding::deciders`] and [`super::Cells::decider`] say where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Which text: the number its index was made with; in [`super::recognize_cells`] its place among the texts given.
    pub text: u32,
    /// Which block of it: a number no other block of the text has.
    pub block: u32,
    /// Which of the block's magics and statements, from 0; the magics go first.
    pub nth: u32,
}
