//! Lines that look like the border of a cell, whatever the format of their script, and the names of magics that divide
//! nothing. Which lines do divide a script is decided in `divide`.

use super::{magic::MagicKind, prefix::to_python};

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
    if text.starts_with("<codecell>") || prompt(text).is_some() || comment == " COMMAND ----------" {
        return Some(plain);
    }
    text.starts_with("<markdowncell>").then_some(Marker { is_code: false, ..plain })
}

/// What stands behind `In[3]` or `In[ ]`.
pub(crate) fn prompt(text: &str) -> Option<&str> {
    let (number, behind) = text.strip_prefix("In[")?.split_once(']')?;
    number.bytes().all(|b| b == b' ' || b.is_ascii_digit()).then_some(behind)
}

/// Whether what stands behind `# %%` is a cell magic, not a title: `px` and its suffixes, and the magics that are known
/// to IPython and take a cell.
pub(crate) fn is_cell_magic(rest: &str) -> bool {
    let length = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(length);
    let ends = behind.is_empty() || behind.starts_with([' ', '\t', '?']);
    ends && (is_px(name)
        || runs_its_body(name)
        || OTHER_LANGUAGES.contains(&name)
        || OF_EXTENSIONS.contains(&name)
        || to_python(name).is_some())
}

/// Whether a name is `px` with or without a suffix, not one of its sister magics.
pub(crate) fn is_px(name: &str) -> bool {
    MagicKind::of(name, true).is_some()
}

/// Cell magics whose body is not Python of this process, from IPython itself.
const OTHER_LANGUAGES: [&str; 22] = [
    "bash",
    "cmd",
    "file",
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

/// The same from extensions that many use: a line such as `# %%sql` is more likely such a cell than one with that title.
const OF_EXTENSIONS: [&str; 3] = ["R", "cython", "sql"];

/// Whether a name is surely none of a line magic: that of a cell magic of IPython's alone, or one of px that is misspelled.
/// The document may still define one.
pub(crate) fn is_no_line_magic(name: &str) -> bool {
    let is_px = |name: &str| ["px", "autopx", "pxconfig", "pxresult"].contains(&name);
    let end = name.find(['-', '.']).unwrap_or(name.len());
    let is_of_line = matches!(name, "python" | "sx" | "system");
    (OTHER_LANGUAGES.contains(&name) && !is_of_line)
        || name == "capture"
        || (end < name.len() && is_px(&name[..end]))
        || (!is_px(name) && is_px(&name.to_ascii_lowercase()))
}

/// Cell magics that run their body as IPython runs a cell, so that px magics in it work.
pub(crate) fn runs_its_body(name: &str) -> bool {
    matches!(name, "time" | "timeit" | "capture" | "prun")
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
            "# %%file out.txt",
            "# %%sql",
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
}
