//! The names that messages give to cells and runs.

use std::fmt;

use crate::{JsonSchema, TS};

use serde::{Deserialize, Serialize};

/// The number of a run, unique while the server lives.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema,
)]
pub struct RunId(pub u32);

/// The name of a px cell: opaque, unique in its document, and the same for as long as the cell lives and the document
/// is open, wherever edits move it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, JsonSchema)]
pub struct CellId(pub String);

impl From<&str> for CellId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
