//! Prompts of a session that was pasted: `>>> `, `... `, `In [1]: `, `   ...: `. IPython takes them off before it reads a cell
//! (`classic_prompt` and `ipython_prompt` in `IPython/core/inputtransformer2.py`).

use std::ops::Range;

use super::{
    lines::is_blank,
    mapped::Mapped,
    python::{self, Tokens},
};

/// The code of a cell without prompts. `lines`: the lines of the source that are code; they become those of what is returned.
pub(super) fn without_prompts(source: Mapped, lines: &mut [Range<usize>]) -> Mapped {
    let source = without_classic(source, lines);
    without_own(source, lines)
}

/// Takes off what Python's own prompts are: from all lines outside of long strings, if any of these has a `>>>`.
fn without_classic(source: Mapped, lines: &mut [Range<usize>]) -> Mapped {
    if !source.text().contains(">>>") {
        return source;
    }
    let mut tokens = Tokens::default();
    let text = source.text();
    let lengths: Vec<Option<usize>> = lines
        .iter()
        .map(|line| {
            let line = &text[line.clone()];
            let length = if tokens.in_long_string() { None } else { classic(line) };
            tokens.read(&line[length.unwrap_or_default()..], 0);
            length
        })
        .collect();
    let begins = |(line, length): (&Range<usize>, &Option<usize>)| {
        length.is_some() && text[line.clone()].trim_start().starts_with('>')
    };
    if !lines.iter().zip(&lengths).any(begins) {
        return source;
    }
    strip(&source, lines, &lengths)
}

/// Takes off IPython's prompts: from every line, if the first one that is not blank or the one behind it has one.
fn without_own(source: Mapped, lines: &mut [Range<usize>]) -> Mapped {
    let text = source.text();
    let Some(first) = lines.iter().position(|line| !is_blank(&text[line.clone()])) else { return source };
    // It takes the indentation of the first line off before.
    let margin = python::indent(&text[lines[first].clone()]);
    let margin = &text[lines[first].start..][..margin];
    let length = |line: &Range<usize>| {
        let line = &text[line.clone()];
        let code = line.strip_prefix(margin).unwrap_or(line);
        Some(line.len() - code.len() + own(code)?)
    };
    if lines[first..].iter().take(2).all(|line| length(line).is_none()) {
        return source;
    }
    let lengths: Vec<Option<usize>> = lines.iter().map(length).collect();
    strip(&source, lines, &lengths)
}

/// Takes these lengths off the beginnings of the lines.
fn strip(source: &Mapped, lines: &mut [Range<usize>], lengths: &[Option<usize>]) -> Mapped {
    let mut stripped = source.empty();
    let (mut from, mut removed) = (0, 0);
    for (line, length) in lines.iter_mut().zip(lengths) {
        let length = length.unwrap_or_default();
        stripped.push_part(source, from..line.start);
        from = line.start + length;
        *line = line.start - removed..line.end - removed - length;
        removed += length;
    }
    stripped.push_part(source, from..source.text().len());
    stripped
}

/// `>>> ` or `... `, however far it is indented.
fn classic(line: &str) -> Option<usize> {
    let text = line.trim_start();
    let rest = text.strip_prefix(">>>").or_else(|| text.strip_prefix("..."))?;
    Some(line.len() - rest.strip_prefix([' ', '\t']).unwrap_or(rest).len())
}

/// `In [1]: `, also with the mode of Vi before it, or `   ...: `.
fn own(line: &str) -> Option<usize> {
    let of_vi = ["[nav] ", "[ins] ", " "].iter().find_map(|mode| line.strip_prefix(mode));
    let left = behind_number(line).or_else(|| behind_number(of_vi?)).or_else(|| behind_dots(line))?;
    Some(line.len() - left.len())
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
