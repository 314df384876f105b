//! Completion on the line of a magic: names, options that are not given yet, choices, targets, signals.
//!
//! Nothing is offered for a word that is whole as it stands: whoever has typed it may press Enter next, and editors give that to
//! the choice that they have selected. So a client has to ask again for each character.

use std::ops::Range;

use super::{
    Known, Nearby,
    help::sentences,
    line::{self, Argument, Head, Role},
    source::{self, Line},
};
use crate::{
    cells::{
        CellKind, Dialect, Placed,
        magic::{MAGICS, MagicKind, OptionEntry, Value},
    },
    engines::{EngineId, RankSet, Targets},
    text::TextRange,
};

/// A completion at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The text, as it is shown and inserted.
    pub label: String,
    /// A short description beside it.
    pub detail: String,
    /// The full documentation; empty if the detail says everything.
    pub documentation: String,
    /// The range that it replaces, in bytes.
    pub edit: TextRange,
    pub kind: CompletionKind,
}

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompletionKind {
    /// The name of a magic.
    Magic,
    /// An option.
    Option,
    /// The value of an option.
    Value,
}

/// The completions at a byte of a document, the most likely first. There are none in bodies of px cells, nor where no
/// magic can be.
pub(super) fn complete(nearby: Nearby<'_>, cursor: usize, known: &Known) -> Vec<Completion> {
    let mut found = at(nearby, cursor, known);
    // Nothing can be inserted in the middle of an escape, or of a line continuation.
    found.retain(|completion| completion.edit.start <= cursor && cursor <= completion.edit.end);
    let is_whole = |completion: &Completion| {
        let typed = nearby.text.rope().get_byte_slice(completion.edit.start..cursor);
        typed.is_some_and(|typed| typed == completion.label.as_str())
    };
    if found.iter().any(is_whole) { Vec::new() } else { found }
}

fn at(nearby: Nearby<'_>, cursor: usize, known: &Known) -> Vec<Completion> {
    let Some(mut line) = source::around(nearby.text, nearby.dialect, cursor, nearby.block) else {
        return Vec::new();
    };
    let begin = line.start_of(0);
    let is_script = nearby.dialect == Dialect::Script;
    let mut is_placed = false;
    let mut only_autopx = false;
    let mut of_alias = None;
    let is_here = |cell: &&&Placed| {
        cell.kind != CellKind::Plain && (cell.range().start..=cell.range().end).contains(&cursor)
    };
    if let Some(cell) = nearby.cells.iter().find(is_here) {
        let magic = cell.magic_range();
        match cell.kind {
            CellKind::AutopxCell => only_autopx = true,
            _ if begin > magic.end => return Vec::new(),
            _ => {
                is_placed = cell.kind == CellKind::CellMagic;
                of_alias = cell.alias.as_ref().map(|_| cell.magic.kind);
                // A line continued by a backslash is read from its start.
                if begin > magic.start && begin > cell.name_range().start {
                    let hidden = nearby.text.position(magic.start, Default::default()).character
                        != nearby.text.position(cell.name_range().start, Default::default()).character;
                    line = source::from(
                        nearby.text,
                        nearby.dialect,
                        cell.name_range().start,
                        hidden && is_script,
                    );
                }
            }
        }
    }
    let Some(head) = line::head(&line.text, is_script).filter(|_| line.holds(cursor)) else {
        return Vec::new();
    };
    let at = line.byte_of(cursor);
    is_placed |= head.is_marker || is_first(nearby, begin);
    let place = Place { line: &line, at, known };
    if head.begin < at && at <= head.name.end {
        return place.names(&head, is_placed, only_autopx);
    }
    let Some(magic) = of_alias.or_else(|| head.magic(&line.text)) else { return Vec::new() };
    let takes_options = magic.takes_options() && (magic != MagicKind::CellPx || is_placed);
    let is_behind = at > head.name.end && line.text[head.name.end..].starts_with([' ', '\t']);
    if !takes_options || !is_behind || only_autopx {
        return Vec::new();
    }
    place.arguments(head.name.end, magic)
}

/// Whether only blanks and the block's own marker precede a line in its block.
fn is_first(nearby: Nearby<'_>, line: usize) -> bool {
    let from = nearby.block.map_or(0, |block| block.start.min(line));
    let rope = nearby.text.rope();
    let Some(before) = rope.get_byte_slice(from..line) else { return false };
    if nearby.dialect == Dialect::NotebookJson {
        let text = before.to_string();
        return text.split(r"\n").all(|part| part.chars().all(|c| "[\", \t\r\n".contains(c)));
    }
    before.lines().enumerate().all(|(number, text)| {
        let text = text.to_string();
        let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']);
        let is_marker = || {
            let comment = text.strip_prefix('#').unwrap_or_default().trim_start();
            ["%%", "<codecell>", "In[", "COMMAND ---"].iter().any(|mark| comment.starts_with(mark))
        };
        text.is_empty() || (number == 0 && is_marker())
    })
}

struct Place<'a> {
    line: &'a Line,
    /// The cursor, in bytes of the line.
    at: usize,
    known: &'a Known,
}

impl Place<'_> {
    fn typed(&self, from: usize) -> &str {
        self.line.text.get(from..self.at).unwrap_or_default()
    }

    fn names(&self, head: &Head, is_placed: bool, only_autopx: bool) -> Vec<Completion> {
        let typed = self.typed(head.begin);
        let edit = self.line.range(head.begin..head.name.end);
        // `# %%` alone begins a plain cell, and the next key may be Enter.
        if head.is_marker && head.name.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for magic in MAGICS {
            let fits = match magic.kind {
                MagicKind::CellPx => is_placed && !head.is_assigned && !only_autopx,
                MagicKind::LinePx => !only_autopx,
                MagicKind::Autopx => !head.is_assigned,
                _ => !head.is_assigned && !only_autopx,
            };
            if !fits {
                continue;
            }
            let (name, detail) = (magic.written(), magic.detail);
            let suffixes: &[String] = if magic.takes_suffix { &self.known.suffixes } else { &[] };
            let plain = (name.clone(), detail.to_owned());
            let with = |suffix: &String| (format!("{name}{suffix}"), format!("{detail}, view {suffix}"));
            for (label, detail) in std::iter::once(plain).chain(suffixes.iter().map(with)) {
                if label.starts_with(typed) {
                    let documentation = String::new();
                    found.push(Completion {
                        label,
                        detail,
                        documentation,
                        edit,
                        kind: CompletionKind::Magic,
                    });
                }
            }
        }
        for (label, stands_for) in &self.known.aliases {
            let is_cell = label.starts_with("%%");
            let fits = if is_cell { is_placed && !head.is_assigned } else { true };
            if fits && !only_autopx && label.starts_with(typed) {
                found.push(Completion {
                    label: label.clone(),
                    detail: format!("stands for {stands_for}"),
                    documentation: String::new(),
                    edit,
                    kind: CompletionKind::Magic,
                });
            }
        }
        found
    }

    fn arguments(&self, from: usize, magic: MagicKind) -> Vec<Completion> {
        let arguments = line::arguments(&self.line.text, from, magic);
        let here = arguments.iter().position(|a| a.range.start < self.at && self.at <= a.range.end);
        let Some(here) = here else {
            let before = arguments.iter().rev().find(|argument| argument.range.end <= self.at);
            return match before.map(|argument| &argument.role) {
                Some(Role::Option(entry, _, None)) if entry.value.is_argument() => {
                    self.values(entry, self.at..self.at)
                }
                _ => self.options(self.at..self.at, magic, &arguments, None),
            };
        };
        let argument = &arguments[here];
        let word = argument.range.clone();
        match &argument.role {
            Role::Value(entry) => self.values(entry, word),
            Role::Option(entry, _, Some(value)) if value.start <= self.at => {
                self.values(entry, value.clone())
            }
            Role::Option(_, name, _) => self.options(name.clone(), magic, &arguments, Some(here)),
            Role::Unknown => self.options(word, magic, &arguments, Some(here)),
            Role::Stray => Vec::new(),
        }
    }

    /// The options that are not given yet.
    fn options(
        &self,
        word: Range<usize>,
        magic: MagicKind,
        arguments: &[Argument],
        here: Option<usize>,
    ) -> Vec<Completion> {
        let is_there = |entry: &OptionEntry| {
            arguments.iter().enumerate().any(|(at, argument)| {
                Some(at) != here
                    && matches!(&argument.role, Role::Option(other, ..) if other.sets == entry.sets)
            })
        };
        let typed = self.typed(word.start);
        let edit = self.line.range(word.clone());
        magic
            .options()
            .filter(|entry| !is_there(entry) && entry.name().starts_with(typed))
            .map(|entry| {
                let short = if entry.long.is_empty() { "" } else { entry.short };
                let short = if short.is_empty() { String::new() } else { format!("{short}, ") };
                Completion {
                    label: entry.name().to_owned(),
                    detail: format!("{short}{}", entry.detail),
                    documentation: sentences(entry),
                    edit,
                    kind: CompletionKind::Option,
                }
            })
            .collect()
    }

    fn values(&self, entry: &OptionEntry, word: Range<usize>) -> Vec<Completion> {
        if entry.value == Value::Targets {
            return self.targets(word);
        }
        let choices = entry.choices().map(|(label, detail)| (label, detail.to_owned()));
        self.offer(word, choices.collect())
    }

    fn offer(&self, word: Range<usize>, choices: Vec<(String, String)>) -> Vec<Completion> {
        let typed = self.typed(word.start);
        let edit = self.line.range(word.clone());
        choices
            .into_iter()
            .filter(|(label, _)| label.starts_with(typed))
            .map(|(label, detail)| Completion {
                label,
                detail,
                documentation: String::new(),
                edit,
                kind: CompletionKind::Value,
            })
            .collect()
    }

    /// Target expressions. After a comma only the next id, or the next range of ids.
    fn targets(&self, word: Range<usize>) -> Vec<Completion> {
        let ids = &self.known.engines;
        let typed = self.typed(word.start);
        if !typed.is_empty() && !typed.ends_with(',') && Targets::parse_flag(typed).is_ok() {
            return Vec::new();
        }
        let open = typed.rfind([',', '[', '(']).map_or(0, |at| at + 1);
        let engine = |id: &EngineId| (id.0.to_string(), format!("engine {id}", id = id.0));
        if open == 0 {
            let mut choices = vec![("all".to_owned(), "all engines".to_owned())];
            choices.extend(ids.iter().map(engine));
            choices.push(("::2".to_owned(), slice(ids, "every second engine", |at| at % 2 == 0)));
            choices.push(("1::2".to_owned(), slice(ids, "the engines between those", |at| at % 2 == 1)));
            let half = ids.len() / 2;
            if half > 0 {
                choices.push((format!(":{half}"), slice(ids, "the first half", |at| at < half)));
                choices.push((format!("{half}:"), slice(ids, "the second half", |at| at >= half)));
            }
            if let [first, .., before, last] = ids.as_slice()
                && ids.len() > 3
            {
                let ranks = format!("{}-{},{}", first.0, before.0 - 1, last.0);
                if ids.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0) {
                    choices.push((ranks, "a rank set: ranges and ids".to_owned()));
                }
            }
            choices.push(("-1".to_owned(), "the last engine".to_owned()));
            return self.offer(word, choices);
        }
        let named: Vec<&str> = typed[..open].split([',', '[', '(']).collect();
        let is_named = |id: &EngineId| {
            named.iter().any(|part| match part.split_once('-') {
                Some((low, high)) => {
                    low.parse().is_ok_and(|low: u32| low <= id.0)
                        && high.parse().is_ok_and(|high: u32| id.0 <= high)
                }
                None => part.parse() == Ok(id.0),
            })
        };
        let free: Vec<EngineId> = ids.iter().copied().filter(|id| !is_named(id)).collect();
        let mut choices: Vec<(String, String)> = free.iter().map(engine).collect();
        // Ranges of ids are only allowed in a list without brackets.
        if !typed.starts_with(['[', '(']) {
            let ranges = free.chunk_by(|one, next| one.0 + 1 == next.0).filter(|range| range.len() > 1);
            choices.extend(ranges.map(|range| {
                let label = format!("{}-{}", range[0].0, range[range.len() - 1].0);
                (label, format!("{} engines", range.len()))
            }));
        }
        let rest = &self.line.text[self.at..word.end];
        let end = self.at + rest.find([',', ']', ')']).unwrap_or(rest.len());
        self.offer(word.start + open..end, choices)
    }
}

/// Describes a slice, with its engines if they are known.
fn slice(ids: &[EngineId], what: &str, is_in: impl Fn(usize) -> bool) -> String {
    let chosen: RankSet = ids.iter().enumerate().filter(|(at, _)| is_in(*at)).map(|(_, id)| *id).collect();
    if chosen.is_empty() { what.to_owned() } else { format!("{what}: {chosen}") }
}
