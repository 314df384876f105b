//! Magics and commands of the shell among local code, on one line or on several.

use std::ops::Range;

use super::{
    super::{
        broken::Why,
        escapes::Escape,
        found::Stray,
        jupytext::Frees,
        magic::{MagicKind, px_name},
        mapped::Mapped,
        python,
    },
    Before, Place, Scanner,
    words::is_help,
};

impl Scanner<'_> {
    /// The last line of a magic that begins on this one: a backslash at the very end continues it.
    pub(super) fn end_of_continued(&self, index: usize) -> usize {
        let mut last = index;
        // Blank lines at the end of a cell of a script are none of it.
        while self.line(last).ends_with('\\') && last + 1 < self.handed.lines().end {
            last += 1;
        }
        last
    }

    /// A magic or a command of the shell, on these lines, from this column of the first on.
    pub(super) fn command(&mut self, lines: Range<usize>, column: usize, escape: Option<Escape>) {
        // jupytext frees the line below a magic that goes on, whatever it holds.
        let is_other = |index: usize| python::is_idle(self.line(index)) && self.block.hidden(index).is_none();
        if self.block.frees != Frees::Nothing && (lines.start + 1..lines.end).any(is_other) {
            self.breaks(lines.start, Why::BACKSLASH);
        }
        let kept = self.kept(lines.start, column);
        let text = self.joined(lines.clone(), column, escape);
        match called(text.text()) {
            Some(call) => self.handed.replace_by_call(lines.clone(), kept + &call),
            None => self.handed.replace(lines.clone(), &kept),
        }
        let Some(magic) = text.text().strip_prefix('%') else {
            self.out.local.extend(lines);
            return;
        };
        // With a blank behind the question mark it is a part of the name.
        if is_help(text.text()) && self.line(lines.end - 1).ends_with('?') {
            // `%px?` runs nothing, here or on the engines.
            let name = &magic[..magic.find([' ', '\t']).unwrap_or(magic.len())];
            if !(magic.starts_with("px") || px_name(name, false).is_some()) {
                self.out.local.extend(lines);
            }
            return;
        }
        if let Some(cell_magic) = magic.strip_prefix('%') {
            self.stray(lines, column, escape, cell_magic);
            return;
        }
        self.named(lines.start, text.text());
        let place =
            Place { lines: lines.clone(), column, escape, spelling: escape.into(), suite: self.suite() };
        let before = Before { prefix: self.prefix, ..Before::default() };
        if !self.magic(text, place, before) {
            self.out.local.extend(lines);
        }
    }

    /// What stands on a line in front of a column, without what hides it in a comment.
    fn kept(&self, index: usize, column: usize) -> String {
        let line = self.line(index);
        let hidden = self.block.hidden(index).map_or(0..0, |hidden| hidden.columns.clone());
        [&line[..hidden.start], &line[hidden.end.min(column)..column]].concat()
    }

    /// Joins a continued line as IPython does: a blank for each backslash and line end.
    pub(super) fn joined(&self, lines: Range<usize>, column: usize, escape: Option<Escape>) -> Mapped {
        let mut joined = Mapped::default();
        for index in lines.clone() {
            let line = self.line(index);
            let from = match self.escaped(index) {
                _ if index == lines.start => column,
                Some((_, begin)) if escape.is_some() => begin,
                _ => 0,
            };
            if index + 1 == lines.end {
                let end = line.trim_end().len().max(from);
                joined.push_part(self.block.source, self.source_range(index, from..end));
            } else {
                let end = line.len() - 1;
                joined.push_part(self.block.source, self.source_range(index, from.min(end)..end));
                let next = self.block.lines[index + 1].start;
                let backslash = self.block.lines[index].start + end;
                joined.push_escape(" ", self.document(backslash..next));
            }
        }
        joined
    }

    /// A cell magic where IPython does not look for one.
    pub(super) fn stray(&mut self, lines: Range<usize>, column: usize, escape: Option<Escape>, magic: &str) {
        self.out.local.extend(lines.clone());
        let name = &magic[..magic.find(' ').unwrap_or(magic.len())];
        self.breaks(
            lines.start,
            match python::is_magic_name(name) {
                true => Why::CellMagic(name.to_owned()),
                false => Why::Name(format!("%%{name}")),
            },
        );
        let Some((named, _)) = px_name(name, false) else { return };
        self.out.strays.push(Stray {
            lines,
            column,
            escape,
            name: name.to_owned(),
            is_line_magic: named != MagicKind::LinePx,
        });
    }
}

/// The call that IPython makes of `,f a b`, `;f a b` and `/f a b`.
fn called(text: &str) -> Option<String> {
    let sign = text.chars().next().filter(|sign| matches!(sign, ',' | ';' | '/'))?;
    let (name, arguments) = text[1..].split_once(' ').unwrap_or((&text[1..], ""));
    let joined = |between: &str| arguments.split_whitespace().collect::<Vec<_>>().join(between);
    Some(match sign {
        ',' => format!("{name}(\"{}\")", joined("\", \"")),
        ';' => format!("{name}(\"{arguments}\")"),
        // IPython refuses a slash without a name.
        _ if name.is_empty() => ")".to_owned(),
        _ => format!("{name}({})", joined(", ")),
    })
}
