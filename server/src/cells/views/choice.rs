//! Which engines a Python value chooses, in each of the places where ipyparallel takes one.

use super::{UnreadTargets, value::Value};
use crate::engines::Targets;

/// A whole number; Python counts `True` as 1.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(bool) => Some(i64::from(*bool)),
        _ => None,
    }
}

/// One of the three numbers of a slice.
pub(super) fn bound(value: &Value) -> Option<Option<i64>> {
    match value {
        Value::None => Some(None),
        value => integer(value).map(Some),
    }
}

/// A slice of the engines by position.
pub(super) fn slice(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> Targets {
    match (start, stop, step) {
        (None | Some(0), None, None | Some(1)) => Targets::All,
        _ => Targets::Slice { start, stop, step },
    }
}

/// The targets of `rc[key]`, and whether Python takes the engines at once.
pub(super) fn taken_targets(key: &Value) -> (Result<Targets, UnreadTargets>, bool) {
    match key {
        Value::Int(_) | Value::Bool(_) => {
            let id = integer(key).unwrap_or_default();
            (Ok(Targets::One(id)), id < 0)
        }
        Value::List(ids) => (Ok(Targets::Ids(ids.clone())), false),
        Value::Slice([start, stop, step]) => (Ok(slice(*start, *stop, *step)), true),
        Value::Ids { targets, .. } => (Ok(targets.clone()), true),
        _ => (Err(UnreadTargets::Statement), false),
    }
}

/// The targets of `rc.direct_view(value)`.
pub(super) fn direct_targets(value: &Value) -> (Result<Targets, UnreadTargets>, bool) {
    match value {
        Value::Text(text) if text.eq_ignore_ascii_case("all") => (Ok(Targets::All), false),
        Value::None => (Ok(Targets::All), true),
        value => taken_targets(value),
    }
}

/// The targets of `view.targets = value`, which choose engines at each run.
pub(super) fn live_targets(value: &Value) -> (Result<Targets, UnreadTargets>, bool) {
    match value {
        Value::None => (Ok(Targets::All), false),
        Value::Ids { .. } => taken_targets(value),
        value => (direct_targets(value).0, false),
    }
}
