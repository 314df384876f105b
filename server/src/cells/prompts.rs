//! Prompts of a session that was pasted: `>>> `, `... `, `In [1]: `, `   ...: `. IPython takes them off before it reads a cell
//! (`classic_prompt` and `ipython_prompt` in `IPython/core/inputtransformer2.py` of IPython 9).

use std::ops::Range;

use super::{lines::is_blank, mapped::Mapped};

/// The code of a cell without prompts.
pub(super) struct Code {
    pub(super) source: Mapped,
    /// The lines of the source that are code, without their ends.
    pub(super) lines: Vec<Range<usize>>,
    pub(super) first: FirstLine,
}

/// What the first line that is not blank was pasted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstLine {
    AsWritten,
    /// With a prompt, so `%autopx` there ends no region: ipyparallel looks at what is written.
    Prompted,
    /// With a prompt and nothing else. It stays the first line, so a `%%px` below it is none.
    OnlyPrompt,
}

impl Code {
    pub(super) fn new(source: Mapped, mut lines: Vec<Range<usize>>) -> Self {
        match without_prompts(&source, &mut lines) {
            Some((source, first)) => Self { source, lines, first },
            None => Self { source, lines, first: FirstLine::AsWritten },
        }
    }
}

/// The source without prompts, if it has any. `lines` become those of what is returned.
fn without_prompts(source: &Mapped, lines: &mut [Range<usize>]) -> Option<(Mapped, FirstLine)> {
    let text = source.text();
    if !["In [", ">>>", "...:"].iter().any(|prompt| text.contains(prompt)) {
        return None;
    }
    let first = lines.iter().position(|line| !is_blank(&text[line.clone()])).unwrap_or(lines.len());
    let mut code: Vec<&str> = lines[first..].iter().map(|line| &text[line.clone()]).collect();
    dedent(&mut code);
    let dedented = *code.first()?;
    let has_classic = take_classic(&mut code);
    if !take_own(&mut code) && !has_classic {
        return None;
    }
    let first_line = match code[0] {
        line if line.len() == dedented.len() => FirstLine::AsWritten,
        line if is_blank(line) => FirstLine::OnlyPrompt,
        _ => FirstLine::Prompted,
    };
    // Each line lost something at its beginning only.
    let lengths: Vec<usize> = code.iter().map(|line| line.len()).collect();
    Some((keep_ends(source, &mut lines[first..], &lengths), first_line))
}

/// The source in which of each of these lines only the end is left, of this length.
fn keep_ends(source: &Mapped, lines: &mut [Range<usize>], lengths: &[usize]) -> Mapped {
    let mut kept = source.empty();
    let (mut from, mut removed) = (0, 0);
    for (line, length) in lines.iter_mut().zip(lengths) {
        let begin = line.end - length;
        kept.push_part(source, from..line.start);
        from = begin;
        let start = line.start - removed;
        *line = start..start + length;
        removed += from - (start + removed);
    }
    kept.push_part(source, from..source.text().len());
    kept
}

/// As Python's `textwrap.dedent`: takes off the blanks that all lines begin with, and empties those of blanks alone.
fn dedent(lines: &mut [&str]) {
    let code = |line: &str| line.trim_start_matches([' ', '\t']).len();
    for line in lines.iter_mut().filter(|line| code(line) == 0) {
        *line = &line[line.len()..];
    }
    let mut margins =
        lines.iter().filter(|line| !line.is_empty()).map(|line| &line[..line.len() - code(line)]);
    let Some(first) = margins.next() else { return };
    let margin = margins.fold(first.len(), |margin, other| {
        first.bytes().zip(other.bytes()).take(margin).take_while(|(a, b)| a == b).count()
    });
    for line in lines.iter_mut().filter(|line| !line.is_empty()) {
        *line = &line[margin..];
    }
}

/// Takes Python's own prompts off, if there is a `>>>` outside of the strings that IPython spares. Whether there is one.
fn take_classic(lines: &mut [&str]) -> bool {
    let spared = spared_strings(lines);
    if !lines.iter().zip(&spared).any(|(line, is_spared)| !is_spared && behind_arrows(line).is_some()) {
        return false;
    }
    let mut at = 0;
    while at < lines.len() {
        let is_spared = spared[at];
        let length = spared[at..].iter().take_while(|spared| **spared == is_spared).count();
        let part = &mut lines[at..at + length];
        at += length;
        if is_spared {
            continue;
        }
        let mut is_stripped = false;
        for line in part.iter_mut() {
            if let Some(code) = behind_arrows(line).or_else(|| behind_ellipsis(line)) {
                (*line, is_stripped) = (code, true);
            }
        }
        if is_stripped {
            dedent(part);
        }
    }
    true
}

/// Of each line, whether IPython leaves a prompt there alone, since it begins inside a string with three quotes. It spares those
/// that are a statement by themselves, unless they were pasted with a prompt too.
fn spared_strings(lines: &[&str]) -> Vec<bool> {
    let (mut open, mut is_spared, mut seen_prompt) = (None, false, false);
    let mut spared = Vec::with_capacity(lines.len());
    for line in lines {
        let mut is_inside = open.is_some() && is_spared;
        for (at, quotes) in triple_quotes(line) {
            match open {
                None => {
                    open = Some(quotes);
                    let before = &line[..at];
                    let prefix = behind_arrows(before).unwrap_or(before);
                    let prefix = behind_ellipsis(prefix).unwrap_or(prefix);
                    let is_pasted = seen_prompt && prefix.len() < before.len();
                    is_spared = !is_pasted && prefix.trim().chars().all(|c| "rubfRUBF".contains(c));
                    is_inside = is_spared;
                }
                Some(other) if other == quotes => (open, is_spared) = (None, false),
                Some(_) => {}
            }
        }
        spared.push(is_inside);
        seen_prompt |= behind_arrows(line).is_some();
    }
    spared
}

/// Where three quotes stand that no backslash is in front of.
fn triple_quotes(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let found = at + line[at..].find(['"', '\''])?;
            let quotes = line.get(found..found + 3).filter(|quotes| ["\"\"\"", "'''"].contains(quotes));
            match quotes.filter(|_| !line[..found].ends_with('\\')) {
                Some(quotes) => {
                    at = found + 3;
                    return Some((found, quotes));
                }
                None => at = found + 1,
            }
        }
    })
}

/// What stands behind `>>> `, however far that is indented.
fn behind_arrows(line: &str) -> Option<&str> {
    Some(without_blank(line.trim_start().strip_prefix(">>>")?))
}

/// What stands behind `... `.
fn behind_ellipsis(line: &str) -> Option<&str> {
    Some(without_blank(line.trim_start().strip_prefix("...")?))
}

fn without_blank(code: &str) -> &str {
    code.strip_prefix([' ', '\t']).unwrap_or(code)
}

/// Takes IPython's prompts off every line, if the first or the second has one. Whether one has.
fn take_own(lines: &mut [&str]) -> bool {
    if lines.iter().take(2).all(|line| behind_own(line).is_none()) {
        return false;
    }
    for line in lines {
        *line = behind_own(line).unwrap_or(line);
    }
    true
}

/// What stands behind `In [1]: `, also with the mode of Vi in front, or behind `   ...: `.
fn behind_own(line: &str) -> Option<&str> {
    let behind_mode = ["[nav] ", "[ins] ", " "].iter().find_map(|mode| line.strip_prefix(mode));
    behind_number(line).or_else(|| behind_number(behind_mode?)).or_else(|| behind_dots(line))
}

fn behind_number(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("In [")?;
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.strip_prefix("]: ").filter(|_| behind.len() < rest.len())
}

fn behind_dots(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let behind = rest.trim_start_matches('.');
    let is_prompt = rest.len() - behind.len() >= 3;
    behind.strip_prefix(':').filter(|_| is_prompt).map(|code| code.strip_prefix(' ').unwrap_or(code))
}
