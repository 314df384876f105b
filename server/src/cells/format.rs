//! Which format a script is in, and why it is taken to be that: what divides it into cells, and which of its comments are
//! magics.
//!
//! A setting decides, else what the file is called, else its header, else its content, by jupytext's own rules. What
//! jupytext does not know comes beside those: Databricks' notebooks, and cells that begin with `#%%Title`. Where nothing
//! speaks, a script is read as jupytext reads it by default.

mod header;
mod tally;

use std::fmt;

use super::{
    jupytext::{Frees, Language},
    lines::line_at,
};
pub(super) use header::Header;
pub(crate) use header::{Fault, FaultKind};
pub(super) use tally::{Count, Piece, Tally, is_command, is_twenty, title};

/// How a script marks its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `# %%`, with magics in comments.
    Percent,
    /// `# %%`, with magics as they are.
    Hydrogen,
    /// `# +`, `# -` and blank lines.
    Light,
    /// Blank lines; jupytext reads it as it reads [`Format::Light`].
    NoMarker,
    /// Text in comments below twenty number signs, or in strings.
    Sphinx,
    /// `# COMMAND ----------`, with what is no Python behind `# MAGIC`.
    Databricks,
    /// `#%%Title` as well as `# %%`.
    Spyder,
    /// One cell: a script that IPython runs as a whole.
    Ipython,
}

impl Format {
    /// All of them, by the names that settings and flags use.
    pub const ALL: [Self; 8] = [
        Self::Percent,
        Self::Hydrogen,
        Self::Light,
        Self::NoMarker,
        Self::Sphinx,
        Self::Databricks,
        Self::Spyder,
        Self::Ipython,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Hydrogen => "hydrogen",
            Self::Light => "light",
            Self::NoMarker => "nomarker",
            Self::Sphinx => "sphinx",
            Self::Databricks => "databricks",
            Self::Spyder => "spyder",
            Self::Ipython => "ipython",
        }
    }

    /// The format of a name, as settings and flags say it: `None` for `auto`, else an error that names them all.
    pub fn wanted(name: &str) -> Result<Option<Self>, String> {
        if name == "auto" {
            return Ok(None);
        }
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        let names = || Self::ALL.map(Self::name).join(", ");
        format.map(Some).ok_or_else(|| format!("it should be auto or one of {}", names()))
    }

    /// The format that jupytext means by a name.
    fn of_jupytext(name: &str) -> Option<Self> {
        let jupytexts = [Self::Percent, Self::Hydrogen, Self::Light, Self::NoMarker, Self::Sphinx];
        let name = if name == "bare" { "nomarker" } else { name };
        jupytexts.into_iter().find(|format| format.name() == name)
    }

    /// Whether lines such as `# %%` mark its cells.
    pub(super) fn is_percent(self) -> bool {
        matches!(self, Self::Percent | Self::Hydrogen | Self::Spyder)
    }
}

/// By what a script is taken to be in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// By a setting or a flag.
    Setting,
    /// By the name of the file.
    Name,
    /// By its header: jupytext's, or Databricks' first line.
    Header,
    /// By its content: lines that mark cells.
    Content,
    /// By nothing.
    Nothing,
}

/// What a document is known to be before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    /// The format that a setting or a flag names.
    pub format: Option<Format>,
    /// Whether its file is named as one that IPython runs as a whole, `.ipy`.
    pub is_ipy: bool,
}

/// The format of a script, and by what it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// The format.
    pub format: Format,
    /// By what.
    pub by: Said,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.format.name(), self.reason())
    }
}

impl Known {
    /// By what it is known, in a few words.
    pub fn reason(self) -> &'static str {
        match (self.by, self.format) {
            (Said::Setting, _) => "as set",
            (Said::Name, _) => "named .ipy: one cell",
            (Said::Header, Format::Databricks) => "Databricks' first line",
            (Said::Header, _) => "jupytext header",
            (Said::Content, _) => "by its markers",
            (Said::Nothing, _) => "no markers: cells end at blank lines, as in jupytext's light format",
        }
    }
}

/// What decides how a script is divided, and which of its comments count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) known: Known,
    /// What begins and ends a cell in the light format, if not `+` and `-`.
    pub(super) markers: Option<(String, String)>,
    pub(super) language: Language,
    pub(super) escapes: Escapes,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            known: Known { format: Format::Light, by: Said::Nothing },
            markers: None,
            language: Language::Python,
            escapes: Escapes::default(),
        }
    }
}

impl Style {
    /// Whether a script of the one is divided as one of the other.
    pub(super) fn divides_as(&self, other: &Self) -> bool {
        let is_percent = |style: &Self| matches!(style.known.format, Format::Percent | Format::Hydrogen);
        let same_format = self.known.format == other.known.format || (is_percent(self) && is_percent(other));
        same_format && self.markers == other.markers && self.language == other.language
    }

    /// The line that begins a cell, as a fix may put one in.
    pub(super) fn border(&self) -> Option<&'static str> {
        match self.known.format {
            format if format.is_percent() => Some("# %%"),
            Format::Light if self.markers.is_some() => None,
            Format::Light | Format::NoMarker => Some("# +"),
            Format::Databricks => Some("# COMMAND ----------"),
            _ => None,
        }
    }
}

/// Which magics in comments count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Escapes {
    /// Behind `# `.
    pub(super) comments: Comments,
    /// What would count behind `# ` if no px magics stood there as they are.
    pub(super) switched_off: Comments,
    /// Behind `#!`.
    pub(super) bang: bool,
    /// Behind `# MAGIC `.
    pub(super) databricks: bool,
    /// Whether jupytext frees magics behind `# `, whatever counts.
    pub(super) frees: bool,
    /// Whether `# name?` is one of those in the cell.
    pub(super) asks: bool,
    /// Whether cells that are code for jupytext alone hold an `%autopx`, so that nobody here knows where regions end.
    pub(super) is_unsure: bool,
}

impl Escapes {
    /// What jupytext frees, whatever counts.
    pub(super) fn freed(self) -> Frees {
        match (self.frees, self.asks) {
            (false, _) => Frees::Nothing,
            (true, false) => Frees::Magics,
            (true, true) => Frees::All,
        }
    }
}

/// Which magics behind `# ` count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Comments {
    /// None.
    #[default]
    Never,
    /// One on the first line of a cell, if that reads as a magic and not as prose.
    First,
    /// All that jupytext frees.
    All,
}

const DATABRICKS: &str = "# Databricks notebook source";

/// Reads what the beginning of a text says, of which `start` is the first byte that counts.
pub(super) fn header(text: &str, start: usize) -> Header {
    let mut header = header::read(text, start);
    if let Some((line, next)) = line_at(text, start)
        && line.trim_end() == DATABRICKS
    {
        header.end = next;
        header.format = Some(Format::Databricks);
    }
    header
}

/// The format of a script with this header and content.
pub(super) fn decide(wanted: Wanted, header: &Header, content: &Tally) -> Style {
    let (known, markers) = known(wanted, header, content);
    let format = known.format;
    let markers = markers.or_else(|| header.markers.clone()).filter(|_| format == Format::Light);
    let markers = markers.filter(|(start, end)| (start.as_str(), end.as_str()) != ("+", "-"));
    let is_live = content.of(Count::Px) > 0;
    let in_comments = match format {
        _ if header.language != Language::Python => Comments::Never,
        Format::Percent | Format::Light | Format::NoMarker | Format::Sphinx | Format::Spyder
            if header.is_jupytext =>
        {
            if header.comment_magics.unwrap_or(true) {
                Comments::All
            } else {
                Comments::Never
            }
        }
        Format::Hydrogen if header.is_jupytext && header.comment_magics == Some(true) => Comments::All,
        Format::Percent | Format::Spyder if content.of(Count::Magic) == 0 => Comments::First,
        // What divides it so are live magics.
        Format::Hydrogen if is_live && !header.is_jupytext => Comments::First,
        _ => Comments::Never,
    };
    let (in_comments, switched_off) = match is_live {
        true => (Comments::Never, in_comments),
        false => (in_comments, Comments::Never),
    };
    let frees = match format {
        Format::Percent | Format::Light | Format::NoMarker | Format::Sphinx => {
            header.comment_magics.unwrap_or(true)
        }
        Format::Hydrogen => header.comment_magics == Some(true),
        Format::Spyder => content.of(Count::Magic) == 0,
        Format::Databricks | Format::Ipython => false,
    };
    let is_marked = content.of(Count::Percent) + content.of(Count::Title) > 0;
    let escapes = Escapes {
        comments: in_comments,
        switched_off,
        bang: format.is_percent() && is_marked && !is_live,
        databricks: format == Format::Databricks,
        frees,
        asks: true,
        is_unsure: false,
    };
    Style { known, markers, language: header.language, escapes }
}

fn known(wanted: Wanted, header: &Header, content: &Tally) -> (Known, Option<(String, String)>) {
    let by = |by: Said, format: Format| (Known { format, by }, None);
    if let Some(format) = wanted.format {
        return by(Said::Setting, format);
    }
    if let Some(Format::Databricks) = header.format {
        return by(Said::Header, Format::Databricks);
    }
    if wanted.is_ipy {
        return by(Said::Name, Format::Ipython);
    }
    if let Some(format) = header.format {
        return by(Said::Header, format);
    }
    let has = |count: Count| content.of(count) > 0;
    if has(Count::Command) && !header.is_jupytext {
        return by(Said::Content, Format::Databricks);
    }
    if has(Count::Title) && !header.is_jupytext {
        return by(Said::Content, Format::Spyder);
    }
    if has(Count::Percent) {
        let format = if has(Count::Magic) { Format::Hydrogen } else { Format::Percent };
        return by(Said::Content, format);
    }
    let markers = |start: &str, end: &str| {
        let markers = Some((start.to_owned(), end.to_owned()));
        (Known { format: Format::Light, by: Said::Content }, markers)
    };
    if has(Count::Fold) {
        return markers("{{{", "}}}");
    }
    if has(Count::Region) {
        return markers("region", "endregion");
    }
    if content.of(Count::Twenty) >= 2 {
        return by(Said::Content, Format::Sphinx);
    }
    let is_light = has(Count::Plus);
    by(if is_light { Said::Content } else { Said::Nothing }, Format::Light)
}
