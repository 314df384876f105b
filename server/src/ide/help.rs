//! Explains a magic or one of its options in a few lines.

use super::{
    Nearby,
    line::{self, Role},
    source,
};
use crate::{
    cells::{
        CellKind, Dialect, Placed,
        magic::{MagicKind, OptionEntry},
    },
    text::TextRange,
};

/// An explanation, and the range that it explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Help {
    /// The option or the magic's name, in bytes.
    pub range: TextRange,
    /// Lines of plain text; the first names the option or magic.
    pub lines: Vec<String>,
    /// Whether it explains the magic as a whole, so that the px cell's plan and result are shown with it.
    pub is_of_magic: bool,
}

/// Explains what is at a byte: an option with its value, the name of a magic, or a line such as `%%px?`.
pub(super) fn help(nearby: Nearby<'_>, at: usize) -> Option<Help> {
    let cell = nearby.cells.iter().find(|cell| {
        !matches!(cell.kind, CellKind::AutopxCell | CellKind::Plain)
            && (cell.name_range().start..=cell.magic_range().end).contains(&at)
    });
    match cell {
        Some(cell) => of_cell(nearby, cell, at),
        None => of_help_line(nearby, at),
    }
}

fn of_cell(nearby: Nearby<'_>, cell: &Placed, at: usize) -> Option<Help> {
    let name = cell.name_range();
    let line = source::from(nearby.text, nearby.dialect, name.start, false);
    let head = line::head(&line.text, false)?;
    let alias = cell.alias.as_ref();
    let magic = head.magic(&line.text).filter(|_| alias.is_none()).or(alias.map(|_| cell.magic.kind))?;
    if at <= name.end {
        let written = &line.text[head.begin..head.name.end];
        let mut lines = of_magic(magic, written, false);
        if let Some(alias) = alias {
            lines.insert(0, format!("{written} stands for {alias}"));
        }
        return Some(Help { range: name, lines, is_of_magic: true });
    }
    if !magic.takes_options() {
        return None;
    }
    let at = line.byte_of(at);
    let arguments = line::arguments(&line.text, head.name.end, magic);
    let here =
        arguments.iter().position(|argument| argument.range.start <= at && at <= argument.range.end)?;
    let is_value =
        |at: usize| arguments.get(at).is_some_and(|argument| matches!(argument.role, Role::Value(_)));
    let (entry, first, last) = match &arguments[here].role {
        Role::Option(entry, ..) => (*entry, here, here + usize::from(is_value(here + 1))),
        Role::Value(entry) => (*entry, here.checked_sub(1)?, here),
        Role::Unknown | Role::Stray => return None,
    };
    let range = line.range(arguments[first].range.start..arguments[last].range.end);
    Some(Help { range, lines: of_option(entry), is_of_magic: false })
}

/// `%%px?` and `%px??`, which IPython answers with help.
fn of_help_line(nearby: Nearby<'_>, at: usize) -> Option<Help> {
    let inside = |cell: &&&Placed| (cell.range().start..=cell.range().end).contains(&at);
    if nearby.cells.iter().any(|cell| inside(&cell)) {
        return None;
    }
    let line = source::around(nearby.text, nearby.dialect, at, nearby.block)?;
    let head = line::head(&line.text, nearby.dialect == Dialect::Script)?;
    let marks = line.text[head.name.end..].trim_end();
    let at = line.byte_of(at);
    if !matches!(marks, "?" | "??") || at < head.begin || at > head.name.end + marks.len() {
        return None;
    }
    let magic = head.magic(&line.text)?;
    let written = &line.text[head.begin..head.name.end];
    let range = line.range(head.begin..head.name.end + marks.len());
    Some(Help { range, lines: of_magic(magic, written, true), is_of_magic: true })
}

fn of_magic(magic: MagicKind, written: &str, with_options: bool) -> Vec<String> {
    let what = magic.entry().map_or("", |entry| entry.meaning);
    let mut lines = vec![format!("{written}: {what}.")];
    if with_options {
        lines.extend(magic.options().map(|entry| format!("{}: {}", entry.usage(), entry.detail)));
    } else if magic.takes_options() {
        let names: Vec<&str> = magic.options().map(OptionEntry::name).collect();
        lines.push(format!("Options: {}", names.join(" ")));
    }
    lines
}

fn of_option(entry: &OptionEntry) -> Vec<String> {
    let mut lines = vec![entry.usage()];
    lines.extend(sentences(entry).lines().map(str::to_owned));
    lines
}

/// Meaning, default, and what ipyparallel does differently, each on its own line.
pub(super) fn sentences(entry: &OptionEntry) -> String {
    let default = entry.sets.default();
    let mut text = match entry.sets.inherited_from() {
        Some(above) => format!("{}\nDefault: what {above} sets, else {default}.", entry.meaning),
        None => format!("{}\nDefault: {default}.", entry.meaning),
    };
    if !entry.upstream.is_empty() {
        text.push_str(&format!("\nUpstream: {}", entry.upstream));
    }
    text
}
