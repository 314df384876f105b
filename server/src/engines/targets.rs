//! Target expressions: what stands after `--targets`, parsed and never evaluated.
//!
//! The grammar and what each form resolves to are ipyparallel 9.2's, as far as they can be read without running Python;
//! rank sets (`0-3,7`, `0-2,`) are pxlens' own. Everything else is refused with a sentence, never guessed.

use super::{EngineId, RankSet};

/// A target expression.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Targets {
    /// `all` or `None`: every engine alive when the run starts.
    #[default]
    All,
    /// One integer: an id, or, if negative, a position from the end. Answers as a *single* result.
    One(i64),
    /// A list, tuple or range of ids, in that order, duplicates kept.
    Ids(Vec<i64>),
    /// A slice of the sorted ids, by position.
    Slice {
        /// First position.
        start: Option<i64>,
        /// Position after the last.
        stop: Option<i64>,
        /// Stride; never 0.
        step: Option<i64>,
    },
    /// A rank set: ids, by rising id.
    Ranks(RankSet),
}

/// The engines an expression chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// In the order in which requests go out; an engine may occur twice.
    pub engines: Vec<EngineId>,
    /// Whether the expression was one integer, so that output carries no labels.
    pub single: bool,
}

/// Why a text is no target expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// Not in the grammar.
    #[error("'{text}' is no target expression pxlens reads: {why}")]
    NotUnderstood {
        /// What was written.
        text: String,
        /// What to write instead.
        why: String,
    },
}

/// Why an expression chooses no engines of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// No engine has registered.
    #[error("the cluster has no engines; start some, or wait until they have registered")]
    NoEngines,
    /// An id that is not there.
    #[error("there is no engine {missing}; alive: {alive}")]
    NoSuchEngine {
        /// What was asked for.
        missing: i64,
        /// The engines that are there.
        alive: RankSet,
    },
    /// The expression leaves nothing.
    #[error("the targets choose no engine; alive: {alive}")]
    Empty {
        /// The engines that are there.
        alive: RankSet,
    },
}
