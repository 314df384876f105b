//! Where magics in comments count, in a cell of a script: jupytext's, VS Code's and Databricks' ways to hide them.
//!
//! What counts is freed as the tool frees it whose way it is, and nothing else is: prose that speaks of a magic stays prose.

use std::ops::Range;

use super::{
    Options,
    format::{Comments, Escapes},
    jupytext::{self, Language, Strings},
    lines::{is_blank, is_space},
    magic::MagicKind,
    mapped::Mapped,
    markers, options,
    prefix::Prefix,
    syntax::is_python,
};
use crate::text::TextRange;

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

/// What precedes each line of a Databricks cell that is hidden.
const DATABRICKS: &str = "# MAGIC";

/// A line that is hidden in a comment, and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// Its number in its cell.
    pub(crate) line: usize,
    /// The columns of what hides it, which are to be taken out.
    pub(crate) columns: Range<usize>,
    pub(crate) escape: Escape,
}

/// The hidden lines of a cell, in order.
pub(super) fn hidden(lines: &[&str], escapes: Escapes) -> Vec<Hidden> {
    if escapes.databricks {
        return of_databricks(lines);
    }
    let mut found = match escapes.comments {
        Comments::Never => Vec::new(),
        Comments::First => on_first_line(lines, escapes.asks),
        Comments::All => freed(lines, escapes.asks),
    };
    if escapes.bang {
        found.extend(bangs(lines));
        found.sort_by_key(|hidden| hidden.line);
    }
    found
}

/// The lines of a cell with an `%autopx`, such as `# %time %autopx`, that jupytext frees, without those that count and those in the bodies of statements.
pub(super) fn other_toggles(lines: &[&str], escapes: Escapes, hidden: &[Hidden]) -> Vec<usize> {
    if !escapes.frees {
        return Vec::new();
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let base = lines.iter().find(|line| !is_blank(line)).map_or(0, |line| indent(line));
    let is_toggle = |found: &Hidden| {
        found.columns.start <= base
            && lines[found.line][found.columns.end..].contains("autopx")
            && !hidden.iter().any(|hidden| hidden.line == found.line)
    };
    freed(lines, escapes.asks).into_iter().filter(is_toggle).map(|found| found.line).collect()
}

/// The first line of a cell, in bytes of its text, with a px magic in a comment that does not count since others stand in the
/// script as they are.
pub(super) fn switched_off(lines: &[Range<usize>], text: &str, escapes: Escapes) -> Option<Range<usize>> {
    if escapes.switched_off == Comments::Never {
        return None;
    }
    let texts: Vec<&str> = lines.iter().map(|line| &text[line.clone()]).collect();
    let found = hidden(&texts, Escapes { comments: escapes.switched_off, bang: false, ..escapes });
    let is_px = |found: &&Hidden| {
        let magic = texts[found.line][found.columns.end..].trim_start_matches('%');
        let is_magic = texts[found.line][found.columns.end..].starts_with('%');
        is_magic && [false, true].iter().any(|is_cell| MagicKind::of(split_name(magic).0, *is_cell).is_some())
    };
    let found = found.iter().find(is_px)?;
    let line = lines[found.line].clone();
    Some(line.start + found.columns.start..line.start + texts[found.line].trim_end().len())
}

/// What a cell begins with that jupytext frees and that does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Begins {
    #[default]
    Nothing,
    /// `# %%px`, or `%%px` itself.
    Px { is_freed: bool, is_local: bool },
    /// A cell magic that does not run its body as IPython runs a cell: `# %%bash`.
    Other,
}

/// The cell magic that a cell begins with, if jupytext frees one that does not count.
pub(super) fn begins(lines: &[&str], escapes: Escapes, hidden: &[Hidden]) -> Begins {
    let Some(first) = lines.iter().position(|line| !is_blank(line)).filter(|_| escapes.frees) else {
        return Begins::Nothing;
    };
    let is_hidden = hidden.iter().any(|hidden| hidden.line == first);
    let is_freed = !is_hidden && escapes.freed().is_magic(lines[first]);
    let text = &lines[first][jupytext::sign(lines[first]).end..];
    let Some(magic) = text.strip_prefix("%%").filter(|_| is_freed) else { return Begins::Nothing };
    let (name, arguments) = split_name(magic);
    match MagicKind::of(name, true) {
        Some((kind, _)) => Begins::Px {
            is_freed: !jupytext::sign(lines[first]).is_empty(),
            is_local: parsed(kind, arguments).own.local,
        },
        None if markers::runs_its_body(name) => Begins::Nothing,
        None => Begins::Other,
    }
}

fn of_databricks(lines: &[&str]) -> Vec<Hidden> {
    let found = (0..).zip(lines).filter_map(|(number, line)| {
        let rest = line.strip_prefix(DATABRICKS)?;
        let rest = rest.strip_prefix(' ').or_else(|| rest.is_empty().then_some(rest))?;
        Some(Hidden { line: number, columns: 0..line.len() - rest.len(), escape: Escape::Databricks })
    });
    found.collect()
}

/// All that jupytext frees in a cell.
fn freed(lines: &[&str], asks: bool) -> Vec<Hidden> {
    let mut found = Vec::new();
    let mut strings = Strings::default();
    let mut is_next = false;
    for (number, line) in (0..).zip(lines) {
        if !strings.is_open() && (is_next || Language::Python.is_magic(line, asks)) {
            let columns = jupytext::sign(line);
            if !columns.is_empty() {
                found.push(Hidden { line: number, columns, escape: Escape::Comment });
            }
            is_next = jupytext::is_continued(line);
        }
        strings.read(line, Language::Python);
    }
    found
}

/// What is freed in a cell that has a magic on its first line which reads as one: of a cell magic its body as well.
fn on_first_line(lines: &[&str], asks: bool) -> Vec<Hidden> {
    let all = freed(lines, asks);
    let mut first = 0;
    loop {
        first += lines[first..].iter().take_while(|line| is_blank(line)).count();
        let Some(line) = lines.get(first) else { return Vec::new() };
        let Some(at) = all.iter().position(|hidden| hidden.line == first) else { return Vec::new() };
        let text = line[all[at].columns.end..].trim_end_matches(is_space);
        if let Some(magic) = text.strip_prefix("%%") {
            let (name, arguments) = split_name(magic);
            if markers::runs_its_body(name) {
                first += 1;
                continue;
            }
            let is_it = MagicKind::of(name, true).is_some() && takes(MagicKind::CellPx, arguments);
            return if is_it { all } else { Vec::new() };
        }
        let goes_on = all[at..]
            .windows(2)
            .take_while(|two| two[1].line == two[0].line + 1 && jupytext::is_continued(lines[two[0].line]));
        let end = at + 1 + goes_on.count();
        let is_outer = at > 0;
        let last = all[end - 1].line;
        return match reads_as_magic(text, first == last) {
            true => all[if is_outer { 0 } else { at }..end].to_vec(),
            false => Vec::new(),
        };
    }
}

fn split_name(magic: &str) -> (&str, &str) {
    let end = magic.find(' ').unwrap_or(magic.len());
    (&magic[..end], magic[end..].trim_matches(is_space))
}

/// Whether a line reads as a px magic, and not as prose that speaks of one. `is_whole`: it ends here.
fn reads_as_magic(text: &str, is_whole: bool) -> bool {
    let is_code = |code: &str| !is_whole || is_python(code);
    let Some(magic) = text.strip_prefix('%') else {
        let value = text.split_once('=').map_or("", |(_, value)| value.trim_start_matches(is_space));
        return value.strip_prefix('%').is_some_and(|magic| {
            let (name, code) = split_name(magic);
            matches!(MagicKind::of(name, false), Some((MagicKind::LinePx, _))) && is_code(code)
        });
    };
    let (name, arguments) = split_name(magic);
    match MagicKind::of(name, false) {
        Some((MagicKind::LinePx, _)) => !arguments.is_empty() && is_code(arguments),
        Some((MagicKind::Autopx, _)) => arguments.is_empty(),
        Some((kind @ MagicKind::PxConfig, _)) => !arguments.is_empty() && takes(kind, arguments),
        Some((kind, _)) => takes(kind, arguments),
        None => {
            let prefix = Prefix::named(name);
            let statement = prefix.and_then(|prefix| prefix.statement(&Mapped::plain(arguments, 0)));
            statement.is_some_and(|statement| reads_as_magic(statement.text(), is_whole))
        }
    }
}

/// Whether a magic takes these arguments.
fn takes(kind: MagicKind, arguments: &str) -> bool {
    parsed(kind, arguments).error.is_none()
}

fn parsed(kind: MagicKind, arguments: &str) -> Options {
    options::parse(arguments, kind, |range| TextRange::new(range.start, range.end))
}

/// What VS Code frees: `#!%px`, and `#!command` in the body of `#!%%px`.
fn bangs(lines: &[&str]) -> Vec<Hidden> {
    let is_magic = |line: &&str| {
        let magic = line.trim_start_matches([' ', '\t']).strip_prefix("#!%");
        magic.is_some_and(|magic| {
            let name = magic.strip_prefix('%').unwrap_or(magic);
            name.starts_with(|c: char| c == '_' || c.is_alphabetic())
        })
    };
    if !lines.iter().any(&is_magic) {
        return Vec::new();
    }
    let first = lines.iter().find(|line| !is_blank(line));
    let is_cell = first.is_some_and(|line| is_magic(line) && line.contains("#!%%"));
    let mut found = Vec::new();
    let mut strings = Strings::default();
    for (number, line) in (0..).zip(lines) {
        let begin = line.len() - line.trim_start_matches([' ', '\t']).len();
        if !strings.is_open() {
            let signs = match line[begin..].strip_prefix("#!") {
                Some(_) if is_magic(line) => 2,
                Some(command) if is_cell && command.starts_with(|c: char| !is_space(c)) => 1,
                _ => 0,
            };
            if signs > 0 {
                found.push(Hidden { line: number, columns: begin..begin + signs, escape: Escape::Bang });
            }
        }
        strings.read(line, Language::Python);
    }
    found
}

/// The columns to take out of a line of a body that is hidden in comments only where it holds magics: `# %whos`,
/// `# !ls`, `# ?name`, `#!%whos`.
pub(super) fn escaped_in_body(line: &str) -> Option<Range<usize>> {
    if let Some(hidden) = bangs(&["#!%%px", line]).into_iter().find(|hidden| hidden.line == 1) {
        return Some(hidden.columns);
    }
    let columns = jupytext::sign(line);
    (!columns.is_empty() && Language::Python.is_magic(line, false)).then_some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[&str], escapes: Escapes) -> Vec<String> {
        let mut freed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let found = hidden(lines, escapes);
        found.iter().for_each(|hidden| freed[hidden.line].replace_range(hidden.columns.clone(), ""));
        found.iter().map(|hidden| freed[hidden.line].clone()).collect()
    }

    const ALL: Escapes = Escapes {
        comments: Comments::All,
        switched_off: Comments::Never,
        bang: false,
        databricks: false,
        frees: true,
        asks: true,
        is_unsure: false,
    };
    const FIRST: Escapes = Escapes { comments: Comments::First, ..ALL };
    const BANG: Escapes = Escapes { comments: Comments::Never, bang: true, ..ALL };
    const DATABRICKS: Escapes = Escapes { databricks: true, ..BANG };

    #[test]
    fn jupytext_frees_one_sign_outside_of_strings() {
        assert_eq!(
            shown(&["# %%px", "# %whos", "# text", "s = '''", "# %whos", "'''", "  #!ls", "##%px a"], ALL),
            ["%%px", "%whos", "  !ls", "#%px a"]
        );
        assert_eq!(shown(&["# %px a \\", "# + b", "# + c"], ALL), ["%px a \\", "+ b"]);
        assert_eq!(shown(&["# %px a # noescape", "#  %px a", "# x = %px a"], ALL), ["x = %px a"]);
    }

    #[test]
    fn on_the_first_line_what_reads_as_a_magic_counts() {
        for line in [
            "# %%px",
            "#%%px -t 0",
            "# %px a = 1",
            "# %autopx",
            "# %pxconfig --block",
            "# x = %px a",
            "# %pxresult",
            "# %time %px a = 1",
            "# %timeit -n 3 x = %px a",
        ] {
            assert_eq!(
                shown(&["", line, "# %px b"], FIRST).len(),
                1 + usize::from(line.contains("%%")),
                "{line}"
            );
        }
        for line in [
            "# %%px is a magic",
            "# %px lines stay as they are",
            "# %autopx was used here once",
            "# %px",
            "#%px --> px: \"on\"",
            "# %pxconfig",
            "x",
            "# %pxresult of it",
            "# %time %px is told",
            "# %time x",
            "# # %%px",
            "# text",
        ] {
            assert!(shown(&[line, "# %px b"], FIRST).is_empty(), "{line}");
        }
        assert_eq!(shown(&["# %%time", "# %%px", "# %whos"], FIRST), ["%%time", "%%px", "%whos"]);
        assert!(shown(&["# %%time", "x", "# %px a"], FIRST).is_empty());
        assert_eq!(shown(&["# %px a = (1, \\", "#  2)", "# %px b"], FIRST), ["%px a = (1, \\", " 2)"]);
    }

    #[test]
    fn vs_codes_and_databricks_ways_are_their_own() {
        assert_eq!(shown(&["#!%%px", "#!ls", "# %whos", "#!%whos"], BANG), ["%%px", "!ls", "%whos"]);
        assert_eq!(shown(&["x", "  #!%px a", "#!ls", "# %px b"], BANG), ["  %px a"]);
        assert_eq!(
            shown(&["# MAGIC %%px", "# MAGIC", "# MAGIC  a", "# MAGICAL"], DATABRICKS),
            ["%%px", "", " a"]
        );
    }
}
