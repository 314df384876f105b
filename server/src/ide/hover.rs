//! Hover: the result of a px cell on the magic's line, on the line that failed, at the end of the last line, and on
//! `%pxresult`; on an option its explanation, and on a magic's name both. Nowhere else, so that it does not get in the
//! way of the hovers of Python's own language server.

use std::borrow::Cow;

use super::{
    STALE,
    errors::{EngineError, ErrorVariant, errors_of},
    help::Help,
    outlook::{Outlook, Outlooks, run_title},
    outputs::note,
    places::last_line,
    results::{Shown, shown_at},
    writing::explanation as explain,
};
use crate::{
    cells::CellKind,
    render::{self, Card, Command, GroupBy, Style},
    run::RunId,
    session::{CellId, CellView, DocumentKey, Snapshot},
    text::{Encoding, Position},
};

/// What a client can do with a hover.
#[derive(Clone, Copy)]
pub(crate) struct HoverForm<'a> {
    /// Whether it shows Markdown.
    pub markdown: bool,
    /// Whether it shows images.
    pub images: bool,
    /// Whether it runs the local parts of `--local` cells.
    pub runs_local: bool,
    /// The command behind a link of a card; `None` if the client does not follow it.
    pub link: &'a dyn Fn(&CardFacts<'_>, render::CardAction) -> Option<Command>,
}

/// The facts on which the links of a card depend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CardFacts<'a> {
    pub run: RunId,
    /// The document of the run's cell.
    pub document: &'a DocumentKey,
    pub cell: CellId,
    /// Whether choosing a grouping has an effect: it has none if a line says how its result is grouped.
    pub regroups: bool,
    /// Whether the cell can be run again from here. The run that a `%pxresult` shows is run again at its own cell.
    pub reruns: bool,
    /// Whether there is an earlier run to compare it with.
    pub has_earlier: bool,
    /// The grouping that is shown.
    pub by: GroupBy,
}

/// What a hover shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hover {
    /// Markdown, or plain text for a client that shows no Markdown.
    pub text: String,
    /// The range that it is about.
    pub range: Option<[Position; 2]>,
    /// The run that it shows, whose output need not be withheld any more.
    pub seen: Option<RunId>,
}

/// What to show at a position of the document, if anything.
pub(crate) fn hover(snapshot: &Snapshot, position: Position, form: HoverForm<'_>) -> Option<Hover> {
    let document = snapshot.document()?;
    let help = explain(snapshot, position);
    let explained = help.as_ref().map(|help| {
        let range =
            [help.range.start, help.range.end].map(|at| document.text.position(at, snapshot.encoding));
        Hover { text: explanation(help, form.markdown), range: Some(range), seen: None }
    });
    if help.is_some_and(|help| !help.is_of_magic) {
        return explained;
    }
    let Some(cell) = document.cells.iter().find(|cell| holds(cell.places.range, position)) else {
        // `%%px?` is no px cell.
        return explained;
    };
    let on_magic = cell.line == position.line;
    if !on_magic {
        let errors = errors_of(snapshot, document, cell);
        let here: Vec<&EngineError> = errors.iter().filter(|error| is_at(error, position)).collect();
        if let Some(first) = here.first() {
            let mut text = if first.stale { stale(form.markdown) } else { String::new() };
            text.push_str(&tracebacks(&here, form.markdown));
            return Some(Hover { text, range: Some(first.range), seen: None });
        }
        if !at_end(cell, position, snapshot.encoding) {
            return None;
        }
    }
    let mut outlooks = Outlooks::new(snapshot);
    let mut text = if on_magic { about(&outlooks.of(cell), form.markdown) } else { String::new() };
    let help = explained.map(|hover| hover.text);
    let mut seen = None;
    let shown = match cell.cell.kind {
        // The run that it would show now, in its own grouping; that may be newer than the one it shows.
        CellKind::Result => shown_at(snapshot, position),
        _ => snapshot.shown(cell).cloned().map(Shown::from),
    };
    if let Some(shown) = shown {
        seen = Some(shown.run.id);
        if snapshot.is_stale(cell) && cell.cell.kind != CellKind::Result {
            text.push_str(&stale(form.markdown));
        }
        if form.markdown {
            let beside = text.len() + help.as_ref().map_or(0, String::len);
            text.push_str(&card(snapshot, &shown, form, MOST.saturating_sub(beside + 2)));
        } else {
            // The text has the engines' output. A hover is shown without being asked for, so it hides kernels' keys.
            text.push_str(&render::without_keys(beginning(&plain(snapshot, &shown, form))));
        }
    }
    if let Some(help) = help {
        let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n\n" };
        text.push_str(gap);
        text.push_str(&help);
    }
    (!text.is_empty()).then_some(Hover { text, range: Some(cell.places.magic), seen })
}

fn stale(markdown: bool) -> String {
    let mark = if markdown { "*" } else { "" };
    format!("{mark}{STALE}{mark}\n\n")
}

fn card(snapshot: &Snapshot, shown: &Shown, form: HoverForm<'_>, bytes: usize) -> String {
    let by = shown.group_by(snapshot);
    let document = shown.run.document();
    let facts = CardFacts {
        run: shown.run.id,
        document: &document,
        cell: shown.run.cell,
        regroups: shown.asked.is_none(),
        reruns: shown.line.is_none(),
        has_earlier: shown.line.is_none() && snapshot.runs.earlier(&shown.run).is_some(),
        by,
    };
    let command = |action| (form.link)(&facts, action);
    let note = note(&shown.run, form.runs_local);
    let card = Card {
        by,
        named: shown.line.as_deref(),
        note,
        files: shown.run.spilled.files(),
        images: form.images,
        command: &command,
        bytes,
    };
    render::card(&shown.run.excerpt(bytes), card)
}

fn plain(snapshot: &Snapshot, shown: &Shown, form: HoverForm<'_>) -> String {
    let named = shown.line.as_ref().map(|line| format!("{}\n", render::terminal_text(line, false)));
    let text = render::terminal(&shown.run.excerpt(MOST), shown.group_by(snapshot), Style::default());
    let note = note(&shown.run, form.runs_local).map(|note| format!("{note}\n"));
    named.unwrap_or_default() + &text + &note.unwrap_or_default()
}

fn is_at(error: &EngineError, position: Position) -> bool {
    (error.range[0].line..=error.range[1].line).contains(&position.line)
}

/// The lines of an explanation. Words with characters that are special in Markdown become code.
fn explanation(help: &Help, markdown: bool) -> String {
    if !markdown {
        return help.lines.join("\n");
    }
    let code = |word: &str| {
        let bare = word.trim_end_matches(['.', ',', ';', ':']);
        if word.contains('`') {
            return render::escaped(word);
        }
        let is_code = bare.contains(['%', '-', ':', '*', '_', '<', '|']) && bare.chars().count() > 1;
        if is_code { format!("`{bare}`{}", &word[bare.len()..]) } else { word.to_owned() }
    };
    let line = |line: &String| line.split(' ').map(code).collect::<Vec<_>>().join(" ");
    help.lines.iter().map(line).collect::<Vec<_>>().join("  \n")
}

/// What running the px cell would do, or why it would not run.
fn about(outlook: &Outlook, markdown: bool) -> String {
    // It may quote text of the document.
    let sentence = |text: &str| {
        let text: String = text.chars().take(1000).collect();
        format!("{}\n\n", if markdown { render::escaped(&text) } else { text })
    };
    if let Some(refusal) = &outlook.refusal {
        return sentence(refusal);
    }
    let Some(plan) = &outlook.plan else { return String::new() };
    if let Some(note) = plan.note {
        return sentence(note);
    }
    let waits = if plan.blocking || plan.starts.is_some() { "" } else { ", without waiting" };
    let by = plan.starts_by.as_ref().map(|line| format!(", as many as {line} asks for")).unwrap_or_default();
    format!("{}{by}{waits}\n\n", run_title(&[outlook]).trim_start_matches("▶ "))
}

/// The maximum size of a hover in bytes.
const MOST: usize = 50_000;

/// As many whole lines of a text as fit in a hover; `px/result` has the rest.
fn beginning(text: &str) -> &str {
    if text.len() <= MOST {
        return text;
    }
    let whole = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    text[..whole].rsplit_once('\n').map_or(&text[..whole], |(lines, _)| lines)
}

/// The maximum size in bytes of the tracebacks in a hover. The rest is for the note about those that are left out.
const MOST_OF_TRACEBACKS: usize = 45_000;

/// The tracebacks, in Markdown as blocks of code. A long one loses its middle, since the call is at its beginning and
/// the exception at its end. The fence is longer than any in the traceback, so that engine text stays text. If there is
/// no room for all, the engines whose tracebacks are missing are listed.
fn tracebacks(errors: &[&EngineError], markdown: bool) -> String {
    let block = |variant: &ErrorVariant, room: usize| {
        let traceback = both_ends(variant.traceback.trim_end(), room);
        if !markdown {
            return format!("{}\n{traceback}\n", variant.ranks);
        }
        let fence = "`".repeat(render::longest_backticks(&traceback).max(2) + 1);
        format!("{}\n\n{fence}text\n{traceback}\n{fence}\n", variant.ranks)
    };
    let all = errors.iter().flat_map(|error| &error.variants);
    let mut left = all.clone().count();
    let mut text = String::new();
    let mut left_out: Vec<&str> = Vec::new();
    for variant in all {
        // Room that one leaves is shared by the rest, but a traceback of less than a few lines is of no use.
        let room = (MOST_OF_TRACEBACKS - text.len()) / left.clamp(1, 8);
        left -= 1;
        let block = block(variant, room.saturating_sub(variant.ranks.len() + FRAME).max(LEAST));
        if text.len() + block.len() > MOST_OF_TRACEBACKS {
            left_out.push(&variant.ranks);
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&block);
    }
    if !left_out.is_empty() {
        let ranks = left_out.join(", ");
        let end =
            (0..=2000.min(ranks.len())).rev().find(|&at| ranks.is_char_boundary(at)).unwrap_or_default();
        let more = if end < ranks.len() { " …" } else { "" };
        let ranks = &ranks[..end];
        text.push_str(&format!(
            "\nThere is no room for the tracebacks of {ranks}{more}; open the whole output to see them.\n"
        ));
    }
    text
}

/// Bytes around a traceback: rank set, fences and newlines.
const FRAME: usize = 64;
/// The size in bytes that a traceback is not cut below.
const LEAST: usize = 800;

/// The beginning and the end of a text in about `most` bytes, in whole lines unless they are very long.
fn both_ends(text: &str, most: usize) -> Cow<'_, str> {
    /// Room for the line that says how much is missing.
    const NOTE: usize = 70;
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let room = most.saturating_sub(NOTE);
    let boundary = |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let head = &text[..boundary(room * 3 / 5)];
    let head = head.rsplit_once('\n').map_or(head, |(lines, _)| lines);
    let tail = &text[boundary(text.len() - room * 2 / 5)..];
    let tail = tail.split_once('\n').map_or(tail, |(_, lines)| lines);
    let missing = text.len() - head.len() - tail.len();
    Cow::Owned(format!("{head}\n… {missing} bytes left out here …\n{tail}"))
}

/// Whether a px cell holds a position. A cell that ends at the start of a line does not hold that line.
fn holds(range: [Position; 2], position: Position) -> bool {
    range[0].line <= position.line && position.line <= last_line(range)
}

/// Whether a position is at or after the end of the last line.
fn at_end(cell: &CellView, position: Position, encoding: Encoding) -> bool {
    is_at_end(cell.places.range, &cell.cell.code, position, encoding)
}

fn is_at_end(range: [Position; 2], code: &str, position: Position, encoding: Encoding) -> bool {
    let end = range[1];
    let length = if end.line > position.line {
        // The range includes the newline, so the length comes from the last line of code.
        units(code.lines().last().unwrap_or_default(), encoding)
    } else {
        end.character as usize
    };
    position.line == last_line(range) && position.character as usize >= length
}

/// The length of a text in units of an encoding.
fn units(text: &str, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => text.len(),
        Encoding::Utf32 => text.chars().count(),
        Encoding::Utf16 => text.chars().map(char::len_utf16).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_of_an_engine_do_not_end_the_block() {
        let error = EngineError {
            cell: CellId(1),
            run: RunId(1),
            range: Default::default(),
            ranks: "[0]".into(),
            name: "E".into(),
            title: "E".into(),
            variants: vec![ErrorVariant {
                ranks: "[0]".into(),
                value: String::new(),
                traceback: "```\n[click](command:evil)".into(),
            }],
            related: Vec::new(),
            interrupted: false,
            stale: false,
        };
        assert_eq!(tracebacks(&[&error], false), "[0]\n```\n[click](command:evil)\n");
        assert_eq!(tracebacks(&[&error], true), "[0]\n\n````text\n```\n[click](command:evil)\n````\n");
        let variant = |rank: u32| ErrorVariant {
            ranks: format!("[{rank}]"),
            value: String::new(),
            traceback: "x".repeat(8000),
        };
        let error = EngineError { variants: (0..99).map(variant).collect(), ..error };
        let text = tracebacks(&[&error], true);
        assert!(text.contains("[18]\n") && text.len() < 50_000);
        assert!(text.ends_with(", [97], [98]; open the whole output to see them.\n"));
    }

    #[test]
    fn both_ends_of_a_long_traceback_are_shown() {
        let frames = "Cell In[1], line 2, in r(n)\n----> 2 return r(n + 1)\n".repeat(3000);
        let long = |rank: u32| ErrorVariant {
            ranks: format!("[{rank}]"),
            value: String::new(),
            traceback: format!("Cell In[1], line 3\n{frames}RecursionError: é on {rank}"),
        };
        let error = EngineError {
            cell: CellId(1),
            run: RunId(1),
            range: Default::default(),
            ranks: "[0-3]".into(),
            name: "RecursionError".into(),
            title: "RecursionError".into(),
            variants: (0..4).map(long).collect(),
            related: Vec::new(),
            interrupted: false,
            stale: false,
        };
        let text = tracebacks(&[&error], true);
        for rank in 0..4 {
            assert!(text.contains(&format!("[{rank}]\n\n```text\nCell In[1], line 3\n")));
            assert!(text.contains(&format!("return r(n + 1)\nRecursionError: é on {rank}\n```\n")));
        }
        assert_eq!(text.matches(" bytes left out here …\n").count(), 4);
        assert!((30_000..45_000).contains(&text.len()), "{}", text.len());
        let one_line = "é".repeat(40_000);
        assert!(both_ends(&one_line, 1000).len() <= 1000);
    }

    #[test]
    fn a_plain_hover_is_cut_to_whole_lines_that_fit() {
        assert_eq!(beginning("short"), "short");
        let long = "é".repeat(20_000) + "\n" + &"x".repeat(20_000);
        assert_eq!(beginning(&long), "é".repeat(20_000));
        assert_eq!(beginning(&"é".repeat(30_000)).len(), 50_000);
    }

    #[test]
    fn a_cell_that_ends_at_the_start_of_a_line_does_not_hold_it() {
        let at = |line, character| Position { line, character };
        let range = [at(1, 0), at(3, 0)];
        assert!(holds(range, at(2, 9)) && !holds(range, at(3, 0)));
    }

    #[test]
    fn the_end_of_the_last_line_is_counted_in_the_negotiated_units() {
        let at = |line, character| Position { line, character };
        let is_at_end = |end, position, encoding| {
            super::is_at_end([at(1, 0), end], "x = '\u{1f600}'\n", position, encoding)
        };
        for (encoding, length) in [(Encoding::Utf8, 10), (Encoding::Utf16, 8), (Encoding::Utf32, 7)] {
            assert!(is_at_end(at(3, 0), at(2, length), encoding));
            assert!(!is_at_end(at(3, 0), at(2, length - 1), encoding));
        }
        assert!(is_at_end(at(1, 5), at(1, 5), Encoding::Utf8));
        assert!(!is_at_end(at(1, 5), at(1, 4), Encoding::Utf8));
    }
}
