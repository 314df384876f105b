//! How scripts mark their cells and hide magics in comments: percent (jupytext, Spyder, Hydrogen, Zed), VS Code, codecell,
//! `In[…]` and Databricks markers; jupytext's, VS Code's and Databricks' escapes.

use super::{
    magic::MagicKind,
    prefix::to_python,
    python::{indent, is_magic_name},
};

/// A line that begins a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Whether the cell holds code; Markdown and raw cells do not.
    pub(crate) is_code: bool,
    /// Whether the line is also the first line of the cell: `# %%px`.
    pub(crate) is_magic: bool,
}

/// The marker that a line is, if any.
pub(crate) fn marker(line: &str) -> Option<Marker> {
    let comment = line.trim().strip_prefix('#')?;
    let text = comment.trim_start();
    if let Some(rest) = text.strip_prefix("%%") {
        let is_text = ["[markdown]", "[md]", "[raw]"].iter().any(|kind| rest.contains(kind));
        return Some(Marker { is_code: !is_text, is_magic: is_cell_magic(rest) });
    }
    let plain = Marker { is_code: true, is_magic: false };
    if text.starts_with("<codecell>") || is_prompt(text) || comment == " COMMAND ----------" {
        return Some(plain);
    }
    text.starts_with("<markdowncell>").then_some(Marker { is_code: false, ..plain })
}

/// `In[3]` and `In[ ]`.
fn is_prompt(text: &str) -> bool {
    let Some((number, _)) = text.strip_prefix("In[").and_then(|rest| rest.split_once(']')) else {
        return false;
    };
    number == " " || number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether what stands behind `# %%` is a cell magic, not a title: `px` and its suffixes, and the magics that are known
/// to IPython and take a cell.
fn is_cell_magic(rest: &str) -> bool {
    let length = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(length);
    let ends = behind.is_empty() || behind.starts_with([' ', '\t', '?']);
    ends && (is_px(name)
        || runs_its_body(name)
        || OTHER_LANGUAGES.contains(&name)
        || to_python(name).is_some())
}

/// Whether a name is `px` with or without a suffix, not one of its sister magics.
pub(crate) fn is_px(name: &str) -> bool {
    MagicKind::of(name, true).is_some()
}

/// Cell magics whose body is not Python of this process, from IPython itself.
const OTHER_LANGUAGES: [&str; 21] = [
    "bash",
    "cmd",
    "html",
    "HTML",
    "javascript",
    "js",
    "latex",
    "markdown",
    "perl",
    "pypy",
    "python",
    "python2",
    "python3",
    "ruby",
    "script",
    "sh",
    "svg",
    "SVG",
    "sx",
    "system",
    "writefile",
];

/// Cell magics that run their body as IPython runs a cell, so that px magics in it work.
pub(crate) fn runs_its_body(name: &str) -> bool {
    matches!(name, "time" | "timeit" | "capture" | "prun")
}

/// How a magic is hidden in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// `# %px` and `#%px`.
    Comment,
    /// `#!%px`, VS Code's `magicCommandsAsComments`.
    Bang,
    /// `# MAGIC %%px`, Databricks, which hides every line of such a cell.
    Databricks,
}

impl Escape {
    /// What precedes each line of a cell that is hidden as a whole.
    pub(crate) const DATABRICKS: &str = "# MAGIC";
}

/// A magic behind a comment sign: how it is hidden, and the columns of what hides it, which are to be taken out.
pub(crate) fn escaped(line: &str) -> Option<(Escape, std::ops::Range<usize>)> {
    let begin = indent(line);
    let text = &line[begin..];
    if let Some(rest) = text.strip_prefix(Escape::DATABRICKS) {
        let rest = rest.strip_prefix(' ')?;
        return is_magic(rest).then(|| (Escape::Databricks, begin..line.len() - rest.len()));
    }
    let (escape, rest) = match text.strip_prefix("#!") {
        Some(rest) => (Escape::Bang, rest),
        None => (Escape::Comment, text.strip_prefix("# ").or_else(|| text.strip_prefix('#'))?),
    };
    let hidden = begin..line.len() - rest.len();
    (is_magic(rest) && !ends_in_noescape(line)).then_some((escape, hidden))
}

/// `%name`, `%%name`, or `name = %name`.
fn is_magic(text: &str) -> bool {
    if let Some(name) = text.strip_prefix('%') {
        return is_magic_name(name.strip_prefix('%').unwrap_or(name));
    }
    let Some((target, value)) = text.split_once('=') else { return false };
    let target = target.trim();
    let is_name = is_magic_name(target) && target.chars().all(|c| c == '_' || c.is_alphanumeric());
    is_name && value.trim_start().strip_prefix('%').is_some_and(is_magic_name)
}

/// Jupytext's way to say that a magic in a comment is a comment.
fn ends_in_noescape(line: &str) -> bool {
    line.rsplit_once('#').is_some_and(|(_, comment)| comment.trim() == "noescape")
}

/// The columns to take out of a line of a body that is hidden in comments only where it holds magics: `# %whos`,
/// `# !ls`, `# ?name`.
pub(crate) fn escaped_in_body(line: &str) -> Option<std::ops::Range<usize>> {
    if let Some((escape, hidden)) = escaped(line) {
        return (escape != Escape::Databricks).then_some(hidden);
    }
    let begin = indent(line);
    let text = line[begin..].strip_prefix('#')?;
    let rest = text.strip_prefix(' ').unwrap_or(text);
    let command = rest.trim_start().strip_prefix(['!', '?'])?.trim_start();
    let is_command = command.starts_with(|c: char| c.is_ascii_alphabetic() || "~.$\\/{}".contains(c));
    (is_command && !ends_in_noescape(line)).then(|| begin..line.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_marker_begins_a_cell() {
        for line in [
            "# %%",
            "#%%",
            "  # %% title",
            "# %%%% sub",
            "# %% [code]",
            "# <codecell>",
            "#<codecell>",
            "# In[3]:",
            "# In[ ]:",
            "# In[ ]",
            "# In[]",
            "# COMMAND ----------",
            "#%%Title",
            "# %%px",
            "# %%time",
            "#  %%",
        ] {
            assert!(marker(line).is_some_and(|m| m.is_code), "{line}");
        }
        for line in ["# %% [markdown]", "# %% title [md]", "# %% [raw]", "# <markdowncell>", "#%%[markdown]"]
        {
            assert!(marker(line).is_some_and(|m| !m.is_code), "{line}");
        }
        for line in
            ["# % no", "# In the end", "# In[x]", "# COMMAND", "%%px", "x # %%", "## %%", "#!%%px", "# %px a"]
        {
            assert_eq!(marker(line), None, "{line}");
        }
    }

    #[test]
    fn only_a_known_magic_behind_the_sign_is_one() {
        let is_magic = |line: &str| marker(line).is_some_and(|m| m.is_magic);
        for line in ["# %%px", "#%%px -t 0", "# %%px_even", "# %%time", "# %%bash"] {
            assert!(is_magic(line), "{line}");
        }
        for line in ["# %% px", "# %%Title", "# %%px: what it is", "# %%pxresult"] {
            assert!(!is_magic(line), "{line}");
        }
    }

    #[test]
    fn magics_are_found_behind_one_comment_sign() {
        let rest = |line: &str| {
            escaped(line).map(|(escape, hidden)| {
                let mut rest = line.to_owned();
                rest.replace_range(hidden, "");
                (escape, rest)
            })
        };
        let found = |escape, text: &str| Some((escape, text.to_owned()));
        assert_eq!(rest("# %px a"), found(Escape::Comment, "%px a"));
        assert_eq!(rest("  #%px a"), found(Escape::Comment, "  %px a"));
        assert_eq!(rest("# x = %px a"), found(Escape::Comment, "x = %px a"));
        assert_eq!(rest("#!%%px"), found(Escape::Bang, "%%px"));
        assert_eq!(rest("# MAGIC %%px"), found(Escape::Databricks, "%%px"));
        for line in [
            "# # %px a",
            "#  %px a",
            "# % px",
            "# %px a # noescape",
            "# see %px",
            "# MAGIC a",
            "%px a",
            "# x == %px",
        ] {
            assert_eq!(rest(line), None, "{line}");
        }
    }

    #[test]
    fn magics_and_commands_in_a_body_are_freed() {
        for line in ["# %whos", "#!%whos", "    # %timeit x", "# !ls", "# ?x", "#!ls"] {
            assert!(escaped_in_body(line).is_some(), "{line}");
        }
        for line in ["# a comment", "# 5% of it", "# MAGIC %%px", "#", "# !", "a # %whos"] {
            assert_eq!(escaped_in_body(line), None, "{line}");
        }
    }
}
