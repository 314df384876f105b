//! Values on the option line of a px magic, and why a line is refused.

use std::fmt;

use super::BlockRange;
use crate::engines::{Targets, TargetsError};

/// What stands after `--targets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetsOption {
    /// As written.
    pub text: String,
    /// Where.
    pub range: BlockRange,
    /// What it means.
    pub parsed: Result<Targets, TargetsError>,
}

/// ipyparallel's ways of laying outputs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupOutputs {
    /// All stdout, then all stderr, then displays, then results.
    Type,
    /// Like type, but the first display of each engine, then the second of each, ...
    Order,
    /// All of one engine, then all of the next.
    Engine,
}

impl GroupOutputs {
    const ALL: [Self; 3] = [Self::Type, Self::Order, Self::Engine];

    /// The word for it behind `--group-outputs`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Order => "order",
            Self::Engine => "engine",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

/// Why an option line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError {
    /// The argument at fault.
    pub range: BlockRange,
    /// ipyparallel's own words for it.
    pub message: String,
    /// What to write instead, where that is known.
    pub advice: Option<String>,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, " ({advice})"))
    }
}

/// What stands between a flag and its value, which is usually this. A value in quotes is an argument of its own, since there
/// alone a quote keeps blanks together; what would be read otherwise as an argument is joined to its flag.
pub(super) fn joint(value: &str, usual: char) -> char {
    match value.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        Some(quote) if value[1..].find(quote).is_some_and(|at| at + 2 == value.len()) => ' ',
        None if !value.is_empty() && !value.starts_with('-') => usual,
        _ => '=',
    }
}

/// The value of `--group-outputs`.
pub(super) fn group_outputs(text: &str) -> Result<GroupOutputs, String> {
    GroupOutputs::named(text)
        .ok_or_else(|| format!("invalid choice: {} (choose from 'engine', 'order', 'type')", quoted(text)))
}

/// The value of `--progress-after`.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let seconds = python_float(text).ok_or_else(|| format!("invalid float value: {}", quoted(text)))?;
    // No time is `nan`, and nothing equals it, not even the same line read again.
    Ok(if seconds.is_nan() { -1.0 } else { seconds })
}

/// A float as Python's `float()` reads it, apart from digits outside ASCII.
fn python_float(text: &str) -> Option<f64> {
    let between_digits = text.split('_').all(|part| !part.is_empty());
    let digits = text
        .bytes()
        .zip(text.bytes().skip(1))
        .all(|(a, b)| (a != b'_' || b.is_ascii_digit()) && (b != b'_' || a.is_ascii_digit()));
    (between_digits && digits).then(|| text.replace('_', "").parse().ok())?
}

/// As Python's `repr` writes a text.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}
