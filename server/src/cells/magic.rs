//! The one table of px magics: what they are called, which takes what, and what each means. That of their options is beside
//! it.
//!
//! Parsing, completion, hover, colours, rewriting and the table of `docs/magics.md` all read both; what acts on an option takes
//! its default from [`defaults`].

mod options;

use std::fmt;

pub(crate) use options::{
    ConfigOptions, ConfigSetting, OPTIONS, OptionEntry, Options, OwnOptions, Setting, Value, defaults,
};

/// Which magic a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MagicKind {
    /// `%%px`
    CellPx,
    /// `%px`, which takes code and no options.
    LinePx,
    /// `%pxresult`
    PxResult,
    /// `%result`
    Result,
    /// `%pxconfig`
    PxConfig,
    /// `%autopx`; also of a cell inside a region.
    Autopx,
    /// No magic: a `with view.sync_imports():` block.
    SyncImports,
    /// No magic: a notebook's cell that was asked to run on the engines as a whole.
    Plain,
}

/// A magic as it is offered and explained.
#[derive(Debug)]
pub(crate) struct MagicEntry {
    pub(crate) kind: MagicKind,
    /// Without percent signs.
    pub(crate) name: &'static str,
    /// Whether it takes two percent signs and a body.
    pub(crate) is_cell: bool,
    /// Whether there is one for each view, with the view's suffix behind the name.
    pub(crate) takes_suffix: bool,
    takes: Takes,
    /// A few words for a list.
    pub(crate) detail: &'static str,
    /// What it does, to stand behind its name and a colon.
    pub(crate) meaning: &'static str,
}

/// Which options a magic takes.
#[derive(Debug, PartialEq, Eq)]
enum Takes {
    None,
    /// Those that cells below it can inherit.
    Inherited,
    /// Those of a result that is shown.
    Shown,
    All,
}

impl Takes {
    fn has(&self, setting: Setting) -> bool {
        match self {
            Self::None => false,
            Self::Inherited => !matches!(setting, Setting::Own(_)),
            Self::Shown => matches!(setting, Setting::Own(own) if own.is_of_results()),
            Self::All => true,
        }
    }
}

/// All px magics, the most wanted first.
pub(crate) static MAGICS: &[MagicEntry] = &[
    MagicEntry {
        kind: MagicKind::CellPx,
        name: "px",
        is_cell: true,
        takes_suffix: true,
        takes: Takes::All,
        detail: "run the cell on engines",
        meaning: "runs the body on engines; this line takes options",
    },
    MagicEntry {
        kind: MagicKind::LinePx,
        name: "px",
        is_cell: false,
        takes_suffix: true,
        takes: Takes::None,
        detail: "run the line on engines",
        meaning: "runs the rest of the line on engines; all of it is code, and no option",
    },
    MagicEntry {
        kind: MagicKind::PxResult,
        name: "pxresult",
        is_cell: false,
        takes_suffix: true,
        takes: Takes::Shown,
        detail: "show the last result again",
        meaning: "shows the newest result of its view again, grouped as asked, without running anything",
    },
    MagicEntry {
        kind: MagicKind::PxConfig,
        name: "pxconfig",
        is_cell: false,
        takes_suffix: true,
        takes: Takes::Inherited,
        detail: "set defaults for the cells below",
        meaning: "sets defaults for the px cells below it; runs nothing",
    },
    MagicEntry {
        kind: MagicKind::Autopx,
        name: "autopx",
        is_cell: false,
        takes_suffix: true,
        takes: Takes::None,
        detail: "run whole cells on engines, until the next %autopx",
        meaning: "sends whole cells to the engines, up to the next %autopx; runs nothing by itself",
    },
    MagicEntry {
        kind: MagicKind::Result,
        name: "result",
        is_cell: false,
        takes_suffix: false,
        takes: Takes::Shown,
        detail: "show the last result again",
        meaning: "shows the newest result of its view again, grouped as asked, without running anything",
    },
];

impl MagicEntry {
    /// Its name with its percent signs.
    pub(crate) fn written(&self) -> String {
        format!("{}{}", self.kind.signs(), self.name)
    }

    fn takes(&self, option: &OptionEntry) -> bool {
        self.takes.has(option.sets)
    }
}

/// The px magic of a name, without its percent signs, and its suffix.
pub(super) fn px_name(name: &str, is_cell: bool) -> Option<(MagicKind, &str)> {
    let is_name = name.chars().all(|c| c == '_' || c.is_alphanumeric());
    MagicKind::of(name, is_cell).filter(|_| is_name)
}

impl MagicKind {
    /// The magic that a name without percent signs means, and the suffix behind it. `pxresult` is no `px` with the suffix
    /// `result`, so the longest name counts.
    pub(crate) fn of(name: &str, is_cell: bool) -> Option<(Self, &str)> {
        let fits = |magic: &&MagicEntry| {
            name.strip_prefix(magic.name).is_some_and(|rest| rest.is_empty() || magic.takes_suffix)
        };
        let longest = MAGICS.iter().filter(fits).max_by_key(|magic| magic.name.len())?;
        let magic = MAGICS.iter().find(|magic| magic.name == longest.name && magic.is_cell == is_cell)?;
        Some((magic.kind, &name[magic.name.len()..]))
    }

    /// Its line in the table; `None` for what is no magic.
    pub(crate) fn entry(self) -> Option<&'static MagicEntry> {
        MAGICS.iter().find(|magic| magic.kind == self)
    }

    /// Its percent signs.
    pub fn signs(self) -> &'static str {
        if self == Self::CellPx { "%%" } else { "%" }
    }

    /// Its name without percent signs or suffix.
    pub fn name(self) -> &'static str {
        match self {
            Self::SyncImports => "sync_imports",
            Self::Plain => "plain",
            _ => self.entry().map_or("", |magic| magic.name),
        }
    }

    pub(crate) fn takes_options(self) -> bool {
        self.entry().is_some_and(|magic| magic.takes != Takes::None)
    }

    /// The options it takes, the most wanted first.
    pub(crate) fn options(self) -> impl Iterator<Item = &'static OptionEntry> {
        let magic = self.entry();
        OPTIONS.iter().filter(move |option| magic.is_some_and(|magic| magic.takes(option)))
    }

    /// The option of exactly this name.
    pub(crate) fn option(self, written: &str) -> Option<&'static OptionEntry> {
        self.options().find(|option| option.long == written || option.short == written)
    }
}

impl fmt::Display for MagicKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod page;
