//! Engines as values: their ids, the table of those alive, sets of them, and expressions that choose some.
//!
//! Nothing here talks to an engine. Ids are the Hub's: counted from 0, never used again while the controller lives.

mod rank_set;
mod table;
mod targets;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub(crate) use rank_set::{ParseRankSetError, RankSet};
pub use table::EngineTable;
pub(crate) use table::{Activities, Activity, Engine};
pub(crate) use targets::ResolveError;
pub use targets::{Resolved, Targets, TargetsError};

/// The Hub's number for an engine. What users call its rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngineId(pub u32);

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text that names an engine on the wire: the routing frame of its requests, and `session` in what it sends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngineUuid(pub Arc<str>);

impl EngineUuid {
    /// The uuid's text, as it goes into a routing frame.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EngineUuid {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for EngineUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
