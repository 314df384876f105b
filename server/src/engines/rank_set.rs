//! Sets of engines, written the way ClusterShell and Slurm users read them.

use std::{fmt, ops::Deref, str::FromStr, sync::Arc};

use super::EngineId;

/// Engines that share something: `[0-2,4]`.
///
/// Ordered by engine id; an id occurs once. Parsing accepts what [`fmt::Display`] writes, with or without brackets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RankSet {
    ids: Ids,
}

/// Ids, rising. A set of one is always `One`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ids {
    /// In place: a thousand engines may be a thousand groups.
    One([EngineId; 1]),
    /// Shared, since every cell of a document may hold the same set.
    Many(Arc<[EngineId]>),
}

impl Default for Ids {
    fn default() -> Self {
        Self::Many(Arc::default())
    }
}

impl Deref for Ids {
    type Target = [EngineId];

    fn deref(&self) -> &[EngineId] {
        match self {
            Self::One(one) => one,
            Self::Many(many) => many,
        }
    }
}

/// Why a text is not a rank set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseRankSetError {
    /// Something between two commas is neither a number nor a range.
    #[error("'{0}' is neither an engine id nor a range of ids such as 0-3")]
    NotAnId(String),
    /// A range falls, such as `3-0`.
    #[error("the range '{0}' is descending; write the lower id first")]
    FallingRange(String),
    /// It names more engines than any cluster has.
    #[error("too many engines: with '{0}' there are more than 16,384")]
    TooLarge(String),
    /// There is nothing in it.
    #[error("no engine is named; write ids such as 0-3,7")]
    Empty,
}

impl RankSet {
    /// The largest number of ids a text may name, so that a typing slip cannot fill the memory.
    pub(super) const MOST: usize = 16_384;

    /// The ids, rising.
    pub fn iter(&self) -> impl Iterator<Item = EngineId> + '_ {
        self.ids.iter().copied()
    }

    /// How many engines are in it.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no engine is in it.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether this engine is in it.
    pub fn contains(&self, id: EngineId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// The lowest id.
    pub fn first(&self) -> Option<EngineId> {
        self.ids.first().copied()
    }
}

impl FromIterator<EngineId> for RankSet {
    fn from_iter<I: IntoIterator<Item = EngineId>>(iter: I) -> Self {
        let mut iter = iter.into_iter();
        let Some(first) = iter.next() else { return Self::default() };
        let Some(second) = iter.next() else { return Self { ids: Ids::One([first]) } };
        let ids: Arc<[EngineId]> = [first, second].into_iter().chain(iter).collect();
        if ids.is_sorted_by(|a, b| a < b) {
            return Self { ids: Ids::Many(ids) };
        }
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let ids = if let [one] = *ids { Ids::One([one]) } else { Ids::Many(ids.into()) };
        Self { ids }
    }
}

impl fmt::Display for RankSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        let mut rest = &*self.ids;
        while let Some(first) = rest.first() {
            // Ids rise by at least one, so "value minus index" stays the same exactly along a run of neighbours.
            let run = rest.iter().zip(0u32..).take_while(|(id, i)| id.0 - i == first.0).count();
            if rest.len() < self.ids.len() {
                f.write_str(",")?;
            }
            match run {
                1 => write!(f, "{first}")?,
                _ => write!(f, "{first}-{}", rest[run - 1])?,
            }
            rest = &rest[run..];
        }
        f.write_str("]")
    }
}

impl FromStr for RankSet {
    type Err = ParseRankSetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim();
        let bare = bare.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(bare);
        let mut ids = Vec::new();
        for part in bare.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let not_an_id = || ParseRankSetError::NotAnId(part.to_owned());
            match part.split_once('-') {
                None => ids.push(EngineId(parse_id(part).ok_or_else(not_an_id)?)),
                Some((low, high)) => {
                    let low = parse_id(low.trim()).ok_or_else(not_an_id)?;
                    let high = parse_id(high.trim()).ok_or_else(not_an_id)?;
                    if high < low {
                        return Err(ParseRankSetError::FallingRange(part.to_owned()));
                    }
                    let named = (high - low) as usize + 1;
                    if ids.len().saturating_add(named) > Self::MOST {
                        return Err(ParseRankSetError::TooLarge(part.to_owned()));
                    }
                    ids.extend((low..=high).map(EngineId));
                }
            }
        }
        if ids.is_empty() {
            return Err(ParseRankSetError::Empty);
        }
        Ok(ids.into_iter().collect())
    }
}

/// A plain decimal number; signs, blanks and anything else `u32` would take are refused.
fn parse_id(text: &str) -> Option<u32> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check_ranks(ids: impl IntoIterator<Item = u32>, expected: Expect) {
        let set: RankSet = ids.into_iter().map(EngineId).collect();
        expected.assert_eq(&set.to_string());
    }

    #[test]
    fn adjacent_ids_fold_into_a_range() {
        check_ranks([0, 1, 2, 4], expect!["[0-2,4]"]);
        check_ranks([4, 2, 1, 0, 1], expect!["[0-2,4]"]);
        check_ranks([0, 1], expect!["[0-1]"]);
        check_ranks([7], expect!["[7]"]);
        check_ranks([0, 2, 4, 5], expect!["[0,2,4-5]"]);
        check_ranks([], expect!["[]"]);
        check_ranks([u32::MAX - 1, u32::MAX], expect!["[4294967294-4294967295]"]);
    }

    #[test]
    fn what_is_no_rank_set_says_why() {
        let check = |text: &str, expected: Expect| {
            let error = text.parse::<RankSet>().expect_err(text);
            expected.assert_eq(&error.to_string());
        };
        check("0-", expect!["'0-' is neither an engine id nor a range of ids such as 0-3"]);
        check("+1", expect!["'+1' is neither an engine id nor a range of ids such as 0-3"]);
        check("3-0", expect!["the range '3-0' is descending; write the lower id first"]);
        check("0-4294967295", expect!["too many engines: with '0-4294967295' there are more than 16,384"]);
        check("0-16382,7,9-10", expect!["too many engines: with '9-10' there are more than 16,384"]);
        check("[ ]", expect!["no engine is named; write ids such as 0-3,7"]);
    }

    proptest! {
        #[test]
        fn parsing_gives_back_what_was_written(ids in prop::collection::vec(0u32..200, 1..50)) {
            let set: RankSet = ids.into_iter().map(EngineId).collect();
            prop_assert_eq!(set.to_string().parse::<RankSet>(), Ok(set));
        }
    }
}
