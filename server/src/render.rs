//! A run, laid out: as ipyparallel prints it, as pxlens shows it in a shell, as hover Markdown, as one line beside the
//! code, as diagnostics, and as a stream of JSON events.
//!
//! Everything is a pure function of a [`Run`](crate::run::Run): no clock, no socket, no editor. What engines sent is
//! data and never becomes markup, an escape sequence or a link on the way; only [`plain`] and [`Cursor`] hand it on as
//! it came.

mod address;
mod at_work;
mod bundle;
mod card;
mod compare;
mod contact_sheet;
mod cursor;
mod difference;
mod document;
mod endings;
mod error_text;
mod errors;
mod export;
mod fold;
mod gist;
mod grouped;
mod hosts;
mod images;
mod inline;
mod layout;
mod line;
mod live;
mod markdown;
mod notebook;
mod numbers;
mod page;
mod pixel_size;
mod plain;
mod replay;
mod rerun;
mod screen;
mod secrets;
mod sections;
mod svg;
mod table;
mod template;
mod terminal;
mod timing;
mod view;
mod wording;

#[cfg(test)]
mod fold_cases;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod sample;

use std::{fmt, str::FromStr};

pub(crate) use address::{Address, Extract, NoAddress, SCHEME};
pub(crate) use card::{Card, CardAction, Command, Files, card, escaped};
pub(crate) use compare::{Change, Compared, compare};
pub(crate) use contact_sheet::{SheetLimits, contact_sheet};
pub use cursor::Cursor;
pub(crate) use cursor::{EndState, JsonEvent, JsonKind};
pub(crate) use document::{Ends, MOST as MOST_OF_DOCUMENT, comparison, document, raw};
pub use endings::outcome;
pub use errors::errors;
pub(crate) use errors::{ErrorGroup, ErrorVariant, Frame, FramePlace, raised};
pub(crate) use export::{About, report};
pub(crate) use fold::Group;
pub use fold::fold;
pub(crate) use hosts::pending;
pub(crate) use images::{Image, ImageKind, images};
pub(crate) use inline::{HINT, InlineLine, Severity, inline_timeless};
pub use inline::{inline, inline_within};
pub(crate) use layout::group_text;
pub use layout::{block, part_text};
pub(crate) use line::{BlockLine, Paint, Span};
pub(crate) use live::Live;
pub(crate) use markdown::longest_backticks;
pub use markdown::markdown;
pub(crate) use notebook::{MOST_TEXT as MOST_OF_NOTEBOOK_TEXT, NotebookItem, NotebookOutput, notebook};
pub(crate) use page::{Page, PageBlock, PageError, PageLimits, PageSection, Standing, html_outputs, page};
pub use plain::{PromptColor, plain};
pub(crate) use replay::replay;
pub(crate) use rerun::{differing, failed, stragglers};
pub(crate) use screen::unseen;
pub(crate) use secrets::{without_key, without_keys};
pub use terminal::{Style, terminal};
pub(crate) use terminal::{terminal_end, terminal_failures, terminal_since};
pub(crate) use timing::{PartTime, timing};
pub(crate) use wording::{cut, duration, elapsed, heading, one_line, progress};

pub(crate) use crate::run::{terminal_text, visible_name};

use crate::cells::GroupOutputs;

/// How the engines' output is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// Identical output once, under the engines that share it. pxlens' own.
    #[default]
    Fold,
    /// All stdout, all stderr, all displays, all results. ipyparallel's default.
    Type,
    /// One engine after the other, in target order.
    Engine,
    /// As `Type`, but the first display of every engine, then the second of every engine, ...
    Order,
}

impl From<GroupOutputs> for GroupBy {
    fn from(written: GroupOutputs) -> Self {
        match written {
            GroupOutputs::Type => Self::Type,
            GroupOutputs::Order => Self::Order,
            GroupOutputs::Engine => Self::Engine,
        }
    }
}

/// A text that names no grouping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a grouping; choose fold, type, engine or order")]
pub struct UnknownGrouping(String);

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fold => "fold",
            Self::Type => "type",
            Self::Engine => "engine",
            Self::Order => "order",
        })
    }
}

impl FromStr for GroupBy {
    type Err = UnknownGrouping;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Fold, Self::Type, Self::Engine, Self::Order]
            .into_iter()
            .find(|by| by.to_string() == text)
            .ok_or_else(|| UnknownGrouping(text.to_owned()))
    }
}

/// How much of a run a view may show. A view says what it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most lines (blocks).
    pub lines: usize,
    /// Most characters of a line (blocks).
    pub columns: usize,
    /// Most bytes of the whole text (Markdown).
    pub bytes: usize,
    /// Most bytes of the lines as JSON (blocks).
    pub sent: usize,
}

impl Default for Limits {
    /// 40 lines of 200 characters and 2,800 bytes, so that with all that is around it a cell takes 4 KB to send; 50,000 bytes.
    fn default() -> Self {
        Self { lines: 40, columns: 200, bytes: 50_000, sent: 2800 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grouping_is_read_as_it_is_written() {
        for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        let error = "rank".parse::<GroupBy>().expect_err("no grouping");
        assert_eq!(error.to_string(), "'rank' is not a grouping; choose fold, type, engine or order");
    }
}
