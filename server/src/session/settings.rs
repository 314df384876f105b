//! What a user can set, however a face reads it: editor settings or shell flags.

use std::path::PathBuf;

use crate::{cluster::discovery::Selection, render::GroupBy};

/// What a user can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The Python that starts clusters; `None`: the project's.
    pub python: Option<PathBuf>,
    /// Which cluster; nothing set: the one that runs.
    pub cluster: Selection,
    /// How many engines a started cluster gets.
    pub engines: u32,
    /// How outputs are grouped where the cell does not say.
    pub group_by: GroupBy,
    /// Where the project lies: where its Python is looked for, and where engines start.
    pub folder: PathBuf,
    /// Where named results are kept; `None`: in the user's state folder.
    pub results: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            cluster: Selection::default(),
            engines: 4,
            group_by: GroupBy::Fold,
            folder: PathBuf::from("."),
            results: None,
        }
    }
}
