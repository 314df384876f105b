//! Target expressions: what stands after `--targets`, parsed and never evaluated.
//!
//! The grammar and what each form resolves to are ipyparallel 9.2's, as far as they can be read without running Python;
//! rank sets (`0-3,7`, `0-2,`) are pxlens' own. Everything else is refused with a sentence, never guessed.

mod parse;

use std::{fmt, sync::Arc};

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
    Ids(Arc<[i64]>),
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

/// The engines that an expression selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// In the order in which requests go out; an engine may occur twice.
    pub engines: Vec<EngineId>,
    /// Whether the expression was one integer, so that output carries no labels.
    pub single: bool,
}

/// Why a text is not a target expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetsError {
    /// Not in the grammar.
    #[error("'{text}' is not a target expression that pxlens reads: {why}")]
    NotUnderstood {
        /// What was written.
        text: String,
        /// What to write instead.
        why: String,
    },
    /// A lone range such as `0-2`, which ipyparallel computes and a reader takes for a range of engines.
    #[error(
        "'{text}' has two readings: ipyparallel computes {upstream}, so for that write {upstream}; for engines {low} to \
         {high} write {text},"
    )]
    TwoReadings {
        /// What was written, without blanks.
        text: String,
        /// What ipyparallel makes of it: the difference.
        upstream: i64,
        /// The first engine of the range.
        low: u32,
        /// The last engine of the range.
        high: u32,
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
    #[error("the targets choose none of the engines {alive}; choose others, such as all")]
    Empty {
        /// The engines that are there.
        alive: RankSet,
    },
}

impl Targets {
    /// Reads an expression as it stands in a document.
    ///
    /// `0-3,7` and `0-2,` are rank sets, on which ipyparallel always fails; a lone `0-2` is refused, as ipyparallel
    /// computes it.
    pub fn parse(text: &str) -> Result<Self, TargetsError> {
        parse::document(text)
    }

    /// Reads an expression as it stands in a flag of the shell, in a setting, or in an answer to "Run on…": like
    /// [`Targets::parse`], but a lone `0-2` is a rank set too.
    pub fn parse_flag(text: &str) -> Result<Self, TargetsError> {
        parse::flag(text)
    }

    /// The engines it chooses from those alive, whose ids rise.
    pub fn resolve(&self, ids: &[EngineId]) -> Result<Resolved, ResolveError> {
        if ids.is_empty() {
            return Err(ResolveError::NoEngines);
        }
        let alive = || ids.iter().copied().collect::<RankSet>();
        let no_such = |missing: i64| ResolveError::NoSuchEngine { missing, alive: alive() };
        let known = |id: i64| {
            u32::try_from(id)
                .ok()
                .map(EngineId)
                .filter(|id| ids.binary_search(id).is_ok())
                .ok_or_else(|| no_such(id))
        };
        let engines = match self {
            Self::All => ids.to_vec(),
            Self::One(id) if *id < 0 => {
                let back = usize::try_from(id.unsigned_abs()).unwrap_or(usize::MAX);
                let position = ids.len().checked_sub(back).ok_or_else(|| no_such(*id))?;
                vec![ids[position]]
            }
            Self::One(id) => vec![known(*id)?],
            Self::Ids(wanted) => wanted.iter().map(|id| known(*id)).collect::<Result<_, _>>()?,
            Self::Slice { start, stop, step } => slice(ids, *start, *stop, *step),
            Self::Ranks(set) => set.iter().map(|id| known(id.0.into())).collect::<Result<_, _>>()?,
        };
        if engines.is_empty() {
            return Err(ResolveError::Empty { alive: alive() });
        }
        Ok(Resolved { engines, single: matches!(self, Self::One(_)) })
    }
}

/// `ids[start:stop:step]` as Python does it.
fn slice(ids: &[EngineId], start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> Vec<EngineId> {
    let step = i128::from(step.unwrap_or(1));
    let length = ids.len() as i128;
    // Behind the last position in the direction of the walk, and before the first one.
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |position: i64| {
        let position = i128::from(position);
        (if position < 0 { position + length } else { position }).clamp(lowest, highest)
    };
    let (first, last) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let mut at = start.map_or(first, clamp);
    let stop = stop.map_or(last, clamp);
    let mut chosen = Vec::new();
    while step != 0 && (if step > 0 { at < stop } else { at > stop }) {
        let Some(id) = usize::try_from(at).ok().and_then(|at| ids.get(at)) else { break };
        chosen.push(*id);
        at += step;
    }
    chosen
}

/// Writes an expression that [`Targets::parse`] reads back as the same.
impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One(id) => id.fmt(f),
            Self::Ids(ids) => {
                f.write_str("[")?;
                for (i, id) in ids.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{id}")?;
                }
                f.write_str("]")
            }
            Self::Slice { start, stop, step } => {
                let part = |part: &Option<i64>| part.map(|n| n.to_string()).unwrap_or_default();
                write!(f, "{}:{}", part(start), part(stop))?;
                step.map_or(Ok(()), |step| write!(f, ":{step}"))
            }
            Self::Ranks(set) => {
                let text = set.to_string();
                let bare = text.trim_matches(['[', ']']);
                // A lone range would be read as a difference.
                write!(f, "{bare}{}", if bare.contains(',') { "" } else { "," })
            }
        }
    }
}

#[cfg(test)]
mod tests;
