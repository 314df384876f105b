//! Lines that IPython cannot run, or that Python cannot read, and why.

use std::fmt;

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
    /// A bracket that nothing closes.
    OpenBracket,
    /// A bracket that closes nothing, or another one.
    Closing,
    /// A string that nothing ends.
    Text,
    /// A backslash with nothing behind it.
    Backslash,
    /// An indentation that nothing above it has.
    Indentation,
    /// A statement without the body it needs.
    NoBody,
    /// `else`, `except` and the like with no statement above that they belong to.
    Clause(&'static str),
    /// A `try` without `except` and `finally`.
    Try,
    /// A magic inside of brackets.
    Inside,
    /// A comment within a statement of which jupytext makes a magic.
    Freed,
    /// A decorator with no function below it.
    Decorator,
    /// Another line that Python does not read.
    Syntax,
    /// A statement of Python 2.
    OldPython(&'static str),
    /// A cell magic that is not at the beginning of its cell.
    CellMagic(String),
    /// A magic with more than letters in its name.
    Name(String),
}

impl Why {
    /// Whether Python reads nothing of the cell; else IPython fails when it comes to the line.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self, Self::CellMagic(_) | Self::Name(_))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenBracket => f.write_str("a bracket is not closed"),
            Self::Closing => f.write_str("a closing bracket does not match"),
            Self::Text => f.write_str("a string is not ended"),
            Self::Backslash => f.write_str("nothing follows the backslash at the end"),
            Self::Indentation => f.write_str("a line is indented as nothing above it is"),
            Self::NoBody => f.write_str("a statement has no body"),
            Self::Clause(word) => write!(f, "`{word}` belongs to no statement above it"),
            Self::Try => f.write_str("a `try` has neither `except` nor `finally`"),
            Self::Inside => f.write_str("a magic stands inside of brackets"),
            Self::Freed => {
                f.write_str("a comment within a statement is a magic for tools that free magics in comments, as jupytext does")
            }
            Self::Decorator => f.write_str("a decorator has no function or class below it"),
            Self::Syntax => f.write_str("Python 3 cannot read this line"),
            Self::OldPython(word) => write!(f, "Python 3 has no {word} statement"),
            Self::CellMagic(name) => {
                write!(f, "%%{name} is a cell magic, and there is no line magic of that name")
            }
            Self::Name(name) => write!(f, "there is no magic named {:?}", &name[1..]),
        }
    }
}
