//! A block of lines, and the px magics that are found in it, before it is known what is in force there.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::{
    CellKind, Magic, MagicKind, Spelling, Suite,
    broken::Why,
    escapes::{Escape, Hidden},
    jupytext::Frees,
    mapped::Mapped,
    prefix::Prefix,
    prompts::FirstLine,
    python,
    shared_code::SharedCode,
    statements::Expr,
};
use crate::text::TextRange;

/// A block of lines of a source.
#[derive(Clone, Copy)]
pub(crate) struct BlockText<'a> {
    pub(crate) source: &'a Mapped,
    /// The lines of it that are code, in bytes of the source and without their line ends.
    pub(crate) lines: &'a [Range<usize>],
    /// Whether it is a script's: blank lines at the end do not count.
    pub(crate) is_script: bool,
    /// Its lines that are hidden in comments, and count.
    pub(crate) hidden: &'a [Hidden],
    /// What jupytext frees in its comments, whatever counts.
    pub(crate) frees: Frees,
    /// The line that begins a cell in its script, where one does.
    pub(crate) border: Option<&'static str>,
    pub(crate) first: FirstLine,
}

/// A px magic as found, before it is known what is in force there.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) kind: CellKind,
    pub(crate) magic: Magic,
    /// The lines of the block it takes.
    pub(crate) lines: Range<usize>,
    pub(crate) range: TextRange,
    pub(crate) magic_range: TextRange,
    pub(crate) code: SharedCode,
    /// What its options were read from, and what takes them; `None` for a magic that takes none.
    pub(crate) options_text: Option<(Mapped, MagicKind)>,
    /// On its first line, where its percent sign or its call stands.
    pub(crate) column: usize,
    pub(crate) escape: Option<Escape>,
    /// The statement whose body it stands in.
    pub(crate) suite: Option<Suite>,
    pub(crate) spelling: Spelling,
    /// The magic that it is the statement of, as in `%time %px x`, or in whose body it stands; of several the one that
    /// measures.
    pub(crate) prefix: Option<Prefix>,
    /// What the alias that it is written with stands for, as `%%px --targets 0`.
    pub(crate) alias: Option<Arc<str>>,
    /// Why it cannot run, which the way it is written decides.
    pub(crate) fault: Option<Cow<'static, str>>,
    /// Of a `sync_imports` block what is sent of it.
    pub(crate) imports: Option<Imports>,
}

/// What a `sync_imports` block sends.
#[derive(Clone, Debug)]
pub(crate) struct Imports {
    pub(super) view: Expr,
    /// How many lines of local code are no longer local.
    pub(super) taken: usize,
    /// The imports that bind another name on the engines than here, or none.
    pub(crate) unlike: Vec<Unlike>,
}

/// An import that does not do on the engines what it does here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unlike {
    pub(crate) range: TextRange,
    /// The import alone, as one would write it.
    pub(crate) import: String,
    pub(crate) how: UnlikeHow,
}

/// What an import does on the engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnlikeHow {
    /// It binds the name itself, not the alias.
    Alias { name: String, alias: String },
    /// It binds nothing that code can name.
    Dotted,
    /// It fails.
    Star,
}

/// A line that is no px cell, and of which something is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) range: TextRange,
    pub(crate) about: About,
}

/// What is to be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A call of a px magic has an argument that is no plain string.
    UnreadCall { method: &'static str, name: String },
    /// IPython runs nothing of the cell, or nothing from this line on.
    Broken(Why),
    /// A px magic in a comment that does not count, since others stand there as they are.
    SwitchedOff,
    /// The cell begins with a `# %%px` that does not count, and jupytext makes a px cell of it.
    PxBody,
    /// A `%pxconfig` or `%alias_magic` in a comment that does not count, and that jupytext frees.
    FreedElsewhere { name: String },
    /// A px magic is called inside of another statement.
    NestedCall { name: String },
    /// A call of `magic`, which IPython 9 does not have, and the edits that make it one of `run_line_magic`.
    MagicCall { name: String, edits: Vec<(TextRange, String)> },
    /// A px magic behind a magic that hands it to Python.
    GivenToPython { by: &'static str, name: String },
    /// An alias for a px magic is made where nobody knows whether that happens.
    UncertainAlias { suite: Suite },
    /// A statement defines a magic by the name of one of px; `None`: by a name that is not known.
    OwnMagic { name: Option<Box<str>>, line: bool, cell: bool },
    /// A line that IPython may take for a px magic without its percent sign.
    Automagic { name: String },
    /// A statement replaces `get_ipython`, which IPython calls for each magic.
    OwnShell,
    /// A px magic stands in a cell that is code for jupytext and commented out in the script.
    Inactive { name: String },
    /// A magic runs lines of before again, which may set targets.
    RunsAgain { by: String },
    /// A px magic stands in the body of a `%%px --local`.
    InLocalBody { name: String },
    /// A px magic stands in the body of a cell magic that the document defines.
    InOwnBody { name: String, by: String },
    /// `%timeit %autopx` and the like.
    RepeatedToggle { by: Prefix },
}

impl Found {
    /// Whether its line is the magic by its own name, with no other before it.
    pub(crate) fn is_bare(&self) -> bool {
        self.prefix.is_none() && self.alias.is_none()
    }

    /// Whether it is written as a call of a function.
    pub(crate) fn is_call(&self) -> bool {
        matches!(self.spelling, Spelling::Call { .. })
    }
}

impl<'a> BlockText<'a> {
    /// The text of a cell in a notebook, or of one that another magic runs.
    pub(crate) fn cell(source: &'a Mapped, lines: &'a [Range<usize>]) -> Self {
        Self {
            source,
            lines,
            is_script: false,
            hidden: &[],
            frees: Frees::Nothing,
            border: None,
            first: FirstLine::AsWritten,
        }
    }

    /// A line without its line end.
    pub(crate) fn line(&self, index: usize) -> &'a str {
        &self.source.text()[self.lines[index].clone()]
    }

    /// How a line is hidden in a comment, if it is and counts.
    pub(crate) fn hidden(&self, index: usize) -> Option<&'a Hidden> {
        let at = self.hidden.binary_search_by_key(&index, |hidden| hidden.line).ok()?;
        self.hidden.get(at)
    }

    /// A line without what hides it in a comment.
    pub(crate) fn freed(&self, index: usize) -> Cow<'a, str> {
        let line = self.line(index);
        match self.hidden(index) {
            None => Cow::Borrowed(line),
            Some(Hidden { columns, .. }) => {
                Cow::Owned([&line[..columns.start], &line[columns.end..]].concat())
            }
        }
    }

    /// The first line from this one on that is not blank.
    pub(crate) fn first_filled(&self, from: usize) -> Option<usize> {
        (from..self.lines.len()).find(|index| !self.line(*index).trim().is_empty())
    }

    /// A line from its first character to its last that is not blank, in bytes of the block.
    pub(crate) fn filled(&self, index: usize) -> TextRange {
        let (line, start) = (self.line(index), self.lines[index].start);
        let end = line.trim_end().len();
        self.source.range(start + python::indent(line).min(end)..start + end)
    }
}

/// A magic with two percent signs where IPython takes it for a line magic, or that is one.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    /// The lines of the block it takes.
    pub(crate) lines: Range<usize>,
    /// Where its first percent sign stands on the first of them.
    pub(crate) column: usize,
    pub(crate) escape: Option<Escape>,
    /// Without its percent signs.
    pub(crate) name: String,
    /// Whether one percent sign would be right.
    pub(crate) is_line_magic: bool,
}
