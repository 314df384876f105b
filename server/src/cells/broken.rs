//! Lines that IPython cannot run, or that Python cannot read, and why.

use std::{borrow::Cow, fmt};

/// A line that IPython cannot run, or that Python cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Its index in its block.
    pub(crate) line: usize,
    pub(crate) why: Why,
}

/// Why a line cannot be run or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Python does not read it: what is wrong with it.
    Python(Cow<'static, str>),
    /// Python reads the statement that begins with it, and does not compile it: what is wrong with it.
    Compiled(String),
    /// A statement of this kind ends the cell.
    Ends(&'static str),
    /// A cell magic of this name refuses what stands behind it on its line.
    Options(String),
    /// A magic of this name refuses what stands behind it on its line.
    Line(&'static str),
    /// A cell magic that is not at the beginning of its cell.
    CellMagic(String),
    /// A magic with more than letters in its name.
    Name(String),
}

impl Why {
    pub(crate) const FREED: Self = Self::Python(Cow::Borrowed(
        "tools that free magics in comments, as jupytext does, make code of this comment, which Python cannot read here",
    ));
    pub(crate) const BACKSLASH: Self =
        Self::Python(Cow::Borrowed("nothing follows the backslash at the end"));

    /// Whether IPython runs nothing of the cell; else it fails when it comes to the line.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(
            self,
            Self::Compiled(_) | Self::Ends(_) | Self::Line(_) | Self::CellMagic(_) | Self::Name(_)
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(said) => f.write_str(said),
            Self::Compiled(said) => f.write_str(said),
            Self::Ends(what) => write!(f, "{what} ends it"),
            Self::Line(name) => write!(f, "%{name} does not take what is behind it"),
            Self::Options(name) => write!(f, "%%{name} does not take what is behind it on its line"),
            Self::CellMagic(name) => {
                write!(f, "%%{name} is a cell magic, and there is no line magic of that name")
            }
            Self::Name(name) if name == "%" => f.write_str("no name follows the percent sign"),
            Self::Name(name) => write!(f, "there is no magic named {:?}", &name[1..]),
        }
    }
}
