//! Addresses of outputs as documents, which editors open like files: `px-output:/run-7/fold.txt`.
//!
//! ```text
//! px-output:/run-N/fold.txt         the run in a grouping: fold, type, engine or order
//! px-output:/run-N/group-0-2,4.txt  these engines of it, folded
//! px-output:/run-N/raw-3.txt        what engine 3 wrote
//! px-output:/run-N/raw-3-request-5.txt  the same of its request in place 5 (from 0), where engine 3 was asked twice
//! px-output:/run-N/compared-with-5.txt  how it differs from run 5
//! ```

use std::{fmt, str::FromStr};

use super::GroupBy;
use crate::{
    engines::{EngineId, RankSet},
    run::{RunId, Slot},
};

/// The scheme of the addresses, without the colon.
pub(crate) const SCHEME: &str = "px-output";

/// An output as a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// The run.
    pub run: RunId,
    /// The part of the run that it shows.
    pub what: Extract,
}

/// The part of a run that a document shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extract {
    /// All of it.
    Whole(GroupBy),
    /// What these engines gave, folded.
    Group(RankSet),
    /// What an engine wrote, in order of arrival.
    Raw {
        /// The engine.
        engine: EngineId,
        /// The place of its request in the run; `None`: the first of this engine.
        slot: Option<Slot>,
    },
    /// How its output differs from that of this other run.
    Compared(RunId),
}

/// A text that is not the address of an output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not the address of an output; addresses are px-output:/run-7/fold.txt (or type, engine, order), \
     px-output:/run-7/group-0-2,4.txt, px-output:/run-7/raw-3.txt and px-output:/run-7/compared-with-5.txt"
)]
pub(crate) struct NoAddress(String);

impl Address {
    /// The name of a file with this in it: `run-7-fold.txt`. A set of many scattered engines is named by its first ones and how
    /// many there are, since names of files are short; two such sets of a run may share a name.
    pub(crate) fn file_name(&self) -> String {
        const LETTERS: usize = 100;
        let what = self.what.to_string();
        let what = match &self.what {
            Extract::Group(ranks) if what.len() > LETTERS => {
                let kept = what[..LETTERS].rsplit_once(',').map_or(&what[..LETTERS], |(kept, _)| kept);
                format!("{kept}-of-{}", ranks.len())
            }
            _ => what,
        };
        format!("run-{}-{what}.txt", self.run.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}:/run-{}/{}.txt", self.run.0, self.what)
    }
}

impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(by) => by.fmt(f),
            Self::Group(ranks) => write!(f, "group-{}", ranks.to_string().trim_matches(['[', ']'])),
            Self::Raw { engine, slot: None } => write!(f, "raw-{engine}"),
            Self::Raw { engine, slot: Some(slot) } => write!(f, "raw-{engine}-request-{}", slot.0),
            Self::Compared(with) => write!(f, "compared-with-{}", with.0),
        }
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    /// Reads what [`fmt::Display`] writes, also as editors write it back: with `%2C` for a comma, and with the two slashes of an
    /// empty authority.
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let read = || {
            let path = text.strip_prefix(SCHEME)?.strip_prefix(':')?;
            let path = path.strip_prefix("//").unwrap_or(path).strip_prefix('/')?;
            let path = path.replace("%2C", ",").replace("%2c", ",");
            let (run, file) = path.split_once('/')?;
            let run = RunId(number(run.strip_prefix("run-")?)?);
            Some(Self { run, what: Extract::read(file.strip_suffix(".txt")?)? })
        };
        read().ok_or_else(|| {
            let most = text.char_indices().nth(200).map_or(text.len(), |(at, _)| at);
            NoAddress(super::terminal_text(&text[..most], false))
        })
    }
}

impl Extract {
    fn read(text: &str) -> Option<Self> {
        if let Some(ranks) = text.strip_prefix("group-") {
            let set: RankSet = ranks.parse().ok()?;
            // One way to write a set, so that a document has one address.
            return (set.to_string().trim_matches(['[', ']']) == ranks).then_some(Self::Group(set));
        }
        if let Some(raw) = text.strip_prefix("raw-") {
            let (engine, slot) = match raw.split_once("-request-") {
                Some((engine, slot)) => (engine, Some(Slot(number(slot)?))),
                None => (raw, None),
            };
            return Some(Self::Raw { engine: EngineId(number(engine)?), slot });
        }
        if let Some(with) = text.strip_prefix("compared-with-") {
            return Some(Self::Compared(RunId(number(with)?)));
        }
        text.parse().ok().map(Self::Whole)
    }
}

/// Digits as `Display` writes them.
fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_short_whatever_the_engines() {
        let scattered: RankSet = (0..2000).map(|n| EngineId(2 * n)).collect();
        let name = Address { run: RunId(7), what: Extract::Group(scattered) }.file_name();
        assert!(
            name.starts_with("run-7-group-0,2,4,") && name.ends_with("-of-2000.txt") && name.len() < 150,
            "{name}"
        );
    }

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let written = [
            "px-output:/run-7/fold.txt",
            "px-output:/run-0/type.txt",
            "px-output:/run-7/engine.txt",
            "px-output:/run-12345/order.txt",
            "px-output:/run-7/group-0-2,4.txt",
            "px-output:/run-7/group-3.txt",
            "px-output:/run-7/raw-3.txt",
            "px-output:/run-7/raw-3-request-5.txt",
            "px-output:/run-7/compared-with-5.txt",
        ];
        for text in written {
            let address: Address = text.parse().expect("it is one");
            assert_eq!(address.to_string(), text);
        }
        let address: Address =
            "px-output:///run-7/group-0-2%2C4.txt".parse().expect("as VS Code may write it");
        assert_eq!(address.to_string(), "px-output:/run-7/group-0-2,4.txt");
        assert_eq!(address.file_name(), "run-7-group-0-2,4.txt");
    }

    #[test]
    fn what_is_no_address_is_never_guessed() {
        let wrong = [
            "",
            "px-output:",
            "px-output:/run-7",
            "px-output:/run-7/",
            "px-output:/run-7/fold",
            "px-output:/run-7/fold.txt/",
            "px-output:/run-7/fold.txt?x",
            "px-output:/run-7/Fold.txt",
            "px-output:/run-+7/fold.txt",
            "px-output:/run-07/fold.txt",
            "px-output:/run--1/fold.txt",
            "px-output:/run-7/group-.txt",
            "px-output:/run-7/group-2-0.txt",
            "px-output:/run-7/group-2,1.txt",
            "px-output:/run-7/group-[1].txt",
            "px-output:/run-7/raw-.txt",
            "px-output:/run-7/raw-1-2.txt",
            "px-output:/run-7/../fold.txt",
            "px-output://host/run-7/fold.txt",
            "file:/run-7/fold.txt",
        ];
        for text in wrong {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("'{text}' is not the address of an output")), "{error}");
        }
        let long = "\u{202e}".repeat(1000).parse::<Address>().expect_err("it is none").to_string();
        assert!(long.len() < 2000 && !long.contains('\u{202e}'), "{long}");
    }
}
