//! The screen of an engine: its output after carriage returns and backspaces have overwritten, cleared output is gone, and
//! updated displays show their newest version.
//!
//! [`terminal_text`] does this within one text; this module does it across the outputs of an engine.

use std::{collections::HashMap, ops::Range, path::Path, sync::Arc};

use ropey::Rope;

use super::{
    bundle::{has_picture, in_words},
    table::Table,
    terminal_text, wording,
};
use crate::{
    jupyter::content::{ErrorContent, MimeBundle, StreamName},
    run::{EngineRun, Hidden, Output, OutputKind, RopeText},
};

/// One thing on an engine's screen. Texts end in no newline.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// Text of one stream.
    Text { name: StreamName, text: String, late: bool },
    /// A display, in words.
    Display { text: String, late: bool, data: MimeBundle },
    /// A result, in words.
    Result { text: String, data: MimeBundle },
    /// A traceback.
    Error(Arc<ErrorContent>),
    /// What a pager was asked to show.
    Page { text: String },
    /// Something pxlens says.
    Note(String),
    /// How much is left out here, and the file that has all of it.
    LeftOut { much: String, file: Option<String> },
}

impl Item {
    /// Its text, if it is an engine's.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. }
            | Self::Display { text, .. }
            | Self::Result { text, .. }
            | Self::Page { text } => Some(text),
            Self::Error(_) | Self::Note(_) | Self::LeftOut { .. } => None,
        }
    }

    /// Its images, in the bundle they came in.
    pub(super) fn picture(&self) -> Option<&MimeBundle> {
        match self {
            Self::Display { data, .. } | Self::Result { data, .. } => {
                Some(data).filter(|data| has_picture(data))
            }
            _ => None,
        }
    }

    /// The table that it is.
    pub(super) fn table(&self) -> Option<Table> {
        match self {
            Self::Display { data, .. } | Self::Result { data, .. } => Table::of(data),
            _ => None,
        }
    }

    /// Whether both are of one kind, whatever their texts.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { name, .. }, Self::Text { name: other, .. }) => name == other,
            (Self::Note(text), Self::Note(other)) => text == other,
            (Self::LeftOut { .. }, Self::LeftOut { .. }) => self == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// How much to put on the screen, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope {
    /// Most bytes of stream text; more is cut out of the middle. `None`: all.
    pub(super) bytes: Option<usize>,
    /// Whether SGR colours stay.
    pub(super) colors: bool,
    /// Whether all text of a stream is put together, whatever came between.
    pub(super) merged: bool,
}

/// Most outputs at either end that a view with limits looks at.
const MANY: usize = 500;

/// The screen of one engine, in order of arrival.
pub(super) fn screen(part: &EngineRun, scope: Scope) -> Vec<Item> {
    let mut pieces = pieces(part, scope);
    if let Some(bytes) = scope.bytes {
        cut_middle(&mut pieces, bytes);
    }
    items(pieces, part, scope)
}

/// The screens of engines that are alike. Where something has to be left out, the same lines are left out of all: those for
/// which the first engine has no room.
pub(super) fn screens(parts: &[&EngineRun], scope: Scope) -> Vec<Vec<Item>> {
    let mut hidden = None;
    let mut screens = Vec::with_capacity(parts.len());
    for (i, part) in parts.iter().enumerate() {
        let mut pieces = pieces(part, scope);
        if let Some(bytes) = scope.bytes.filter(|_| i == 0) {
            hidden = hidden_lines(&pieces, bytes);
        }
        if let Some(hidden) = &hidden {
            cut_lines(&mut pieces, hidden);
        }
        screens.push(items(pieces, part, scope));
    }
    screens
}

fn items(pieces: Vec<Piece>, part: &EngineRun, scope: Scope) -> Vec<Item> {
    let pages = part.pages.iter().map(|data| Item::Page { text: in_words(data, scope.colors) });
    let file = part.spilled.as_deref();
    pieces.into_iter().filter_map(|piece| piece.into_item(scope.colors, file)).chain(pages).collect()
}

/// What is on the screen of one engine, whole.
fn pieces(part: &EngineRun, scope: Scope) -> Vec<Piece> {
    let outputs = &part.outputs;
    let versions = newest_versions(outputs);
    let mut pieces: Vec<Piece> = Vec::new();
    let visible = visible(part);
    // Of very many outputs (streams that alternate) a view with limits looks at both ends only.
    let skipped = match scope.bytes {
        Some(_) if visible.len() > 2 * MANY && !scope.merged => MANY..visible.len() - MANY,
        _ => 0..0,
    };
    for (i, output) in visible.iter().enumerate() {
        if skipped.contains(&i) {
            continue;
        }
        if i > 0 && i == skipped.end {
            let gone = wording::count(skipped.len(), "output");
            pieces.push(Piece::Whole(Item::LeftOut { much: gone, file: None }));
        }
        match &output.kind {
            OutputKind::Stream(name, text) => {
                add_text(&mut pieces, *name, output.late, text.head(), scope.merged);
                match pieces.last_mut() {
                    _ if text.hidden().is_empty() => {}
                    Some(Piece::Spilled(hidden)) => *hidden = hidden.and(text.hidden()),
                    _ => pieces.push(Piece::Spilled(text.hidden())),
                }
                add_text(&mut pieces, *name, output.late, text.tail(), scope.merged);
            }
            OutputKind::Display { data, display_id } => {
                let data = display_id
                    .as_ref()
                    .and_then(|id| versions.get(id.as_str()))
                    .map_or(data, |newest| newest.data);
                pieces.push(Piece::Whole(Item::Display {
                    text: in_words(data, scope.colors),
                    late: output.late,
                    data: MimeBundle::clone(data),
                }));
            }
            OutputKind::UpdateDisplay { data, display_id } => {
                // A display of an earlier run: show it here rather than nowhere.
                let newest = display_id.as_ref().and_then(|id| versions.get(id.as_str()));
                if newest.is_none_or(|newest| !newest.displayed && Arc::ptr_eq(newest.data, data)) {
                    pieces.push(Piece::Whole(Item::Display {
                        text: in_words(data, scope.colors),
                        late: output.late,
                        data: MimeBundle::clone(data),
                    }));
                }
            }
            OutputKind::ClearOutput { .. } => {}
            OutputKind::Result { data, .. } => {
                let text = in_words(data, scope.colors);
                pieces.push(Piece::Whole(Item::Result { text, data: MimeBundle::clone(data) }));
            }
            OutputKind::Error(error) => pieces.push(Piece::Whole(Item::Error(Arc::clone(error)))),
            OutputKind::Unreadable(why) => pieces.push(Piece::Whole(Item::Note(terminal_text(why, false)))),
        }
    }
    if scope.merged {
        // What is on the streams comes first: only they are put together.
        pieces.sort_by_key(|piece| match piece {
            Piece::Text { name: StreamName::Stdout, .. } => 0,
            Piece::Text { name: StreamName::Stderr, .. } => 1,
            Piece::Whole(_) | Piece::Spilled(_) => 2,
        });
    }
    pieces
}

/// What is on the screen besides text and errors, in order: displays in their newest version, results, pages.
pub(super) fn bundles<'a>(part: &'a EngineRun) -> impl Iterator<Item = &'a MimeBundle> {
    let versions = newest_versions(&part.outputs);
    let on_screen = move |output: &'a Output| -> Option<&'a MimeBundle> {
        let (data, id, shown) = match &output.kind {
            OutputKind::Result { data, .. } => return Some(data),
            OutputKind::Display { data, display_id } => (data, display_id, true),
            OutputKind::UpdateDisplay { data, display_id } => (data, display_id, false),
            _ => return None,
        };
        match id.as_ref().and_then(|id| versions.get(id.as_str())) {
            None => Some(data),
            Some(newest) if shown => Some(newest.data),
            Some(newest) => (!newest.displayed && Arc::ptr_eq(newest.data, data)).then_some(data),
        }
    };
    visible(part).iter().filter_map(on_screen).chain(&part.pages)
}

/// Whether all text that is on the screen is in memory.
pub(super) fn is_whole(part: &EngineRun) -> bool {
    let hidden =
        |output: &Output| matches!(&output.kind, OutputKind::Stream(_, text) if !text.hidden().is_empty());
    part.spilled.is_none() || !visible(part).iter().any(hidden)
}

/// Appends text to the last piece if that is of the same kind, else as a new piece.
fn add_text(pieces: &mut Vec<Piece>, name: StreamName, late: bool, more: &RopeText, merged: bool) {
    let before = match merged {
        true => pieces.iter_mut().find(|piece| piece.is_of(name)),
        false => pieces.last_mut(),
    };
    match before {
        _ if more.len_bytes() == 0 => {}
        Some(Piece::Text { name: last, late: before, rope: text })
            if *last == name && (*before == late || merged) =>
        {
            text.append(more.to_rope());
        }
        _ => pieces.push(Piece::Text { name, late, rope: more.to_rope() }),
    }
}

/// The newest data under a display id, and whether this run displayed it at all.
struct Newest<'a> {
    data: &'a MimeBundle,
    displayed: bool,
}

fn newest_versions(outputs: &[Output]) -> HashMap<&str, Newest<'_>> {
    let mut versions: HashMap<&str, Newest<'_>> = HashMap::new();
    for output in outputs {
        let (data, id, shown) = match &output.kind {
            OutputKind::Display { data, display_id: Some(id) } => (data, id, true),
            OutputKind::UpdateDisplay { data, display_id: Some(id) } => (data, id, false),
            _ => continue,
        };
        let displayed = shown || versions.get(id.as_str()).is_some_and(|before| before.displayed);
        versions.insert(id, Newest { data, displayed });
    }
    versions
}

/// The displays of an engine that no view will ever show again, since they were cleared or newer versions replace them: their
/// indices among its outputs, and their data. Those without data are left out.
pub(crate) fn unseen(part: &EngineRun) -> Vec<(usize, MimeBundle)> {
    let versions = newest_versions(&part.outputs);
    let first = first_visible(&part.outputs);
    let unseen = |(at, output): (usize, &Output)| match &output.kind {
        OutputKind::Display { data, display_id } | OutputKind::UpdateDisplay { data, display_id } => {
            let newest = display_id.as_ref().and_then(|id| versions.get(id.as_str()));
            let is_replaced = newest.is_some_and(|newest| !Arc::ptr_eq(newest.data, data));
            (!data.is_empty() && (at < first || is_replaced)).then(|| (at, Arc::clone(data)))
        }
        _ => None,
    };
    part.outputs.iter().enumerate().filter_map(unseen).collect()
}

/// The outputs of an engine that were not cleared.
pub(super) fn visible(part: &EngineRun) -> &[Output] {
    &part.outputs[first_visible(&part.outputs)..]
}

/// The index of the first output that no `clear_output` removed.
fn first_visible(outputs: &[Output]) -> usize {
    let mut first = 0;
    let mut waiting = None;
    for (i, output) in outputs.iter().enumerate() {
        match output.kind {
            OutputKind::ClearOutput { wait: false } => {
                first = i + 1;
                waiting = None;
            }
            OutputKind::ClearOutput { wait: true } => waiting = Some(i + 1),
            OutputKind::UpdateDisplay { .. } | OutputKind::Unreadable(_) => {}
            _ => first = waiting.take().unwrap_or(first),
        }
    }
    first
}

/// Output before its control characters are applied. Long ropes are cut first, so that a view with limits costs no more than it
/// shows.
enum Piece {
    Text {
        name: StreamName,
        late: bool,
        rope: Rope,
    },
    /// Text that is not shown, or no longer in memory.
    Spilled(Hidden),
    Whole(Item),
}

impl Piece {
    fn is_of(&self, wanted: StreamName) -> bool {
        matches!(self, Self::Text { name, .. } if *name == wanted)
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text { rope, .. } => rope.len_bytes(),
            Self::Whole(Item::Display { text, .. } | Item::Result { text, .. }) => text.len(),
            Self::Whole(_) | Self::Spilled(_) => 0,
        }
    }

    fn into_item(self, colors: bool, file: Option<&Path>) -> Option<Item> {
        match self {
            Self::Spilled(hidden) => Some(missing(hidden, file)),
            Self::Whole(item) => Some(item),
            Self::Text { rope, .. } if rope.len_bytes() == 0 => None,
            Self::Text { name, late, rope } => {
                Some(Item::Text { name, text: terminal_text(&rope.to_string(), colors), late })
            }
        }
    }
}

/// How much is not shown, and where it is.
fn missing(hidden: Hidden, file: Option<&Path>) -> Item {
    Item::LeftOut {
        much: format!("{} ({})", wording::count(hidden.lines.max(1), "line"), wording::size(hidden.bytes)),
        file: file.map(|file| terminal_text(&file.display().to_string(), false)),
    }
}

/// Cuts the middle out of pieces of more than `most` bytes, at line ends where there are some.
fn cut_middle(pieces: &mut Vec<Piece>, most: usize) {
    let all: usize = pieces.iter().map(Piece::bytes).sum();
    if all <= most {
        return;
    }
    let hidden = most / 2..all - most / 2;
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let (mut lines, mut bytes, mut start) = (0, 0, 0);
    for piece in pieces.drain(..) {
        let end = start + piece.bytes();
        match piece {
            piece if end <= hidden.start => head.push(piece),
            piece if start >= hidden.end => tail.push(piece),
            Piece::Text { name, late, rope } => {
                let from = line_end_before(&rope, hidden.start.saturating_sub(start));
                let to = line_start_after(&rope, hidden.end.min(end) - start).max(from);
                let gone = rope.byte_slice(from..to);
                lines += gone.len_lines().saturating_sub(1).max(1);
                bytes += gone.len_bytes();
                let part =
                    |range: Range<usize>| Piece::Text { name, late, rope: rope.byte_slice(range).into() };
                if from > 0 {
                    head.push(part(0..from));
                }
                if to < rope.len_bytes() {
                    tail.push(part(to..rope.len_bytes()));
                }
            }
            Piece::Spilled(hidden) => {
                lines += hidden.lines;
                bytes += hidden.bytes;
            }
            // A display or result that is too long is left out whole.
            piece @ Piece::Whole(_) => {
                lines += 1;
                bytes += piece.bytes();
            }
        }
        start = end;
    }
    head.push(Piece::Spilled(Hidden { bytes, lines, chars: 0 }));
    head.append(&mut tail);
    *pieces = head;
}

/// Lines that are left out: from a line of a piece to a line of a piece, both counted from 0; and how much that is.
struct HiddenLines {
    from: (usize, usize),
    to: (usize, usize),
    gone: Hidden,
}

/// The whole lines to leave out of the middle of what is longer than `most` bytes.
fn hidden_lines(pieces: &[Piece], most: usize) -> Option<HiddenLines> {
    let all: usize = pieces.iter().map(Piece::bytes).sum();
    if all <= most {
        return None;
    }
    let hidden = most / 2..all - most / 2;
    let (mut from, mut to, mut start) = (None, (pieces.len(), 0), 0);
    let (mut lines, mut bytes) = (0, 0);
    for (i, piece) in pieces.iter().enumerate() {
        let end = start + piece.bytes();
        if end > hidden.start && start < hidden.end {
            let (first, last, size) = match piece {
                Piece::Whole(_) => ((i, 0), (i + 1, 0), piece.bytes()),
                Piece::Spilled(hidden) => ((i, 0), (i + 1, 0), hidden.bytes),
                Piece::Text { rope, .. } => {
                    let first = rope.byte_to_line(hidden.start.saturating_sub(start));
                    let until = hidden.end.min(end) - start;
                    let line = rope.byte_to_line(until);
                    let last = if rope.line_to_byte(line) == until { line } else { line + 1 };
                    let size = rope.line_to_byte(last.min(rope.len_lines())) - rope.line_to_byte(first);
                    ((i, first), (i, last), size)
                }
            };
            from.get_or_insert(first);
            to = last;
            lines += if last.0 == i { last.1 - first.1 } else { 1 };
            bytes += size;
        }
        start = end;
    }
    Some(HiddenLines { from: from?, to, gone: Hidden { bytes, lines, chars: 0 } })
}

fn cut_lines(pieces: &mut Vec<Piece>, hidden: &HiddenLines) {
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    for (i, piece) in pieces.drain(..).enumerate() {
        let before = i < hidden.from.0;
        let after = i > hidden.to.0;
        match piece {
            piece if before => head.push(piece),
            piece if after => tail.push(piece),
            Piece::Text { name, late, rope } => {
                let byte = |line: usize| rope.try_line_to_byte(line).unwrap_or(rope.len_bytes());
                let part =
                    |range: Range<usize>| Piece::Text { name, late, rope: rope.byte_slice(range).into() };
                let from = if i == hidden.from.0 { byte(hidden.from.1) } else { 0 };
                let to = if i == hidden.to.0 { byte(hidden.to.1).max(from) } else { rope.len_bytes() };
                if from > 0 {
                    head.push(part(0..from));
                }
                if to < rope.len_bytes() {
                    tail.push(part(to..rope.len_bytes()));
                }
            }
            piece @ (Piece::Whole(_) | Piece::Spilled(_)) if i == hidden.to.0 => tail.push(piece),
            Piece::Whole(_) | Piece::Spilled(_) => {}
        }
    }
    head.push(Piece::Spilled(hidden.gone));
    head.append(&mut tail);
    *pieces = head;
}

/// The last line start at or before this byte; within a line that begins the text, the character there.
fn line_end_before(rope: &Rope, byte: usize) -> usize {
    match rope.line_to_byte(rope.byte_to_line(byte)) {
        0 => rope.char_to_byte(rope.byte_to_char(byte)),
        start => start,
    }
}

/// The first line start at or after this byte; within the last line, the character after it.
fn line_start_after(rope: &Rope, byte: usize) -> usize {
    let line = rope.byte_to_line(byte);
    if rope.line_to_byte(line) == byte {
        return byte;
    }
    let next = rope.try_line_to_byte(line + 1).unwrap_or(rope.len_bytes());
    if next < rope.len_bytes() {
        return next;
    }
    let char = rope.byte_to_char(byte);
    let at = rope.char_to_byte(char);
    if at == byte { at } else { rope.char_to_byte(char + 1) }
}

#[cfg(test)]
mod tests;
