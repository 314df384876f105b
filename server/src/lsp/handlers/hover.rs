//! `textDocument/hover`: the result of a px cell. On the magic's line, on the line that failed, at the end of the last
//! line, and on `%pxresult`; on an option what it means, and on a magic's name both. Nowhere else, so that it is not in
//! the way of what Python's own server says.

use std::{borrow::Cow, sync::LazyLock};

use lsp_types::{
    Contents, Hover, HoverParams, MarkupContent, MarkupKind, Position, PositionEncodingKind, Range,
};
use pxlens_protocol::{Cell, ResultParams, commands};
use tower_lsp::jsonrpc::Result;

use super::code_lens::run_title;
use crate::{
    lsp::{
        backend::Backend,
        capabilities::Client,
        facade::{CardForm, CardWish, EngineError, ErrorVariant, Explanation, Session},
    },
    render,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: HoverParams) -> Result<Option<Hover>> {
    let uri = params.text_document_position_params.text_document.uri;
    let position = params.text_document_position_params.position;
    let help = backend.session.explain(&uri, position).await;
    let speaks_markdown = backend.capabilities().markdown;
    let explained = help.as_ref().map(|help| (explanation(help, true), explanation(help, false), help.range));
    if let (Some((markdown, plain, range)), Some(false)) = (&explained, help.as_ref().map(|h| h.is_of_magic))
    {
        return Ok(Some(hover(speaks_markdown, markdown, plain, Some(*range))));
    }
    let Some(found) = backend.session.cells(&uri).await else { return Ok(None) };
    let Some(cell) = found.cells.iter().find(|cell| holds(cell.range, position)) else {
        // `%%px?` is no px cell.
        return Ok(
            explained.map(|(markdown, plain, range)| hover(speaks_markdown, &markdown, &plain, Some(range)))
        );
    };
    let on_magic = cell.magic_range.start.line == position.line;
    if !on_magic {
        let errors = backend.session.errors(&uri).await;
        let here: Vec<_> =
            errors.iter().filter(|error| error.cell == cell.id && error.is_at(position)).collect();
        if let Some(first) = here.first() {
            let text = tracebacks(&here, speaks_markdown);
            return Ok(Some(hover(speaks_markdown, &text, &text, Some(first.range))));
        }
        if !at_end(cell, position, &backend.capabilities().encoding) {
            return Ok(None);
        }
    }
    let mut text = if on_magic { about(cell, speaks_markdown) } else { String::new() };
    let help = explained.map(|(markdown, plain, _)| if speaks_markdown { markdown } else { plain });
    let shown = match cell.run {
        // What it would show now, in its own grouping, which may be newer than what it shows.
        _ if shows_results(cell) => {
            Some(ResultParams { uri: Some(uri), position: Some(position), ..Default::default() })
        }
        Some(run) => Some(ResultParams { run: Some(run), ..Default::default() }),
        None => None,
    };
    if let Some(of) = shown {
        let form = form(backend.capabilities(), text.len() + help.as_ref().map_or(0, String::len));
        if let Some(card) = backend.session.card(CardWish { of, form }).await {
            if form == CardForm::Plain {
                // It has what the engines printed; what is shown unasked hides the key of a kernel.
                text.push_str(&render::without_keys(beginning(&card)));
            } else {
                if cell.stale && !shows_results(cell) {
                    text.push_str(STALE);
                }
                text.push_str(&card);
            }
        }
    }
    if let Some(help) = help {
        let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n\n" };
        text.push_str(gap);
        text.push_str(&help);
    }
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(hover(speaks_markdown, &text, &text, Some(cell.magic_range))))
}

const STALE: &str = "*The code or its plan changed since this run.*\n\n";

/// How a card is to be for this client, where so many bytes stand beside it.
fn form(client: &Client, beside: usize) -> CardForm {
    if !client.markdown {
        return CardForm::Plain;
    }
    let extension = &client.extension;
    let commands: &[&str] = match extension.command_links {
        false => &[],
        true => &FOLLOWED[usize::from(extension.copy)][usize::from(extension.panel)],
    };
    let bytes = MOST.saturating_sub(beside + STALE.len() + 2);
    CardForm::Markdown { commands, images: extension.images, bytes }
}

/// The commands that do something for a client, by whether it copies and whether it has a panel.
static FOLLOWED: LazyLock<[[Vec<&str>; 2]; 2]> = LazyLock::new(|| {
    [false, true].map(|copies| {
        [false, true].map(|has_panel| {
            let works = |command: &&str| match *command {
                commands::COPY => copies,
                commands::SHOW_RUN => has_panel,
                _ => true,
            };
            commands::ALL.iter().copied().filter(works).collect()
        })
    })
});

/// The lines of an explanation. Words with signs that mean something in Markdown are code.
fn explanation(help: &Explanation, markdown: bool) -> String {
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

fn hover(speaks_markdown: bool, markdown: &str, plain: &str, range: Option<Range>) -> Hover {
    let (kind, value) = if speaks_markdown {
        (MarkupKind::Markdown, markdown.to_owned())
    } else {
        (MarkupKind::PlainText, plain.to_owned())
    };
    Hover { contents: Contents::MarkupContent(MarkupContent { kind, value }), range }
}

/// The most bytes of a hover.
const MOST: usize = 50_000;

/// As many whole lines of a text as a hover may hold; what follows is in `px/result`.
fn beginning(text: &str) -> &str {
    if text.len() <= MOST {
        return text;
    }
    let whole = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    text[..whole].rsplit_once('\n').map_or(&text[..whole], |(lines, _)| lines)
}

pub(super) fn shows_results(cell: &Cell) -> bool {
    cell.magic.starts_with("pxresult") || cell.magic == "result"
}

/// What running the px cell would do, or why it does not run.
fn about(cell: &Cell, markdown: bool) -> String {
    // Text of the document may be in it.
    let sentence = |text: &str| {
        let text: String = text.chars().take(1000).collect();
        format!("{}\n\n", if markdown { render::escaped(&text) } else { text })
    };
    if let Some(refusal) = &cell.refusal {
        return sentence(refusal);
    }
    match &cell.plan {
        Some(plan) if plan.note.is_some() => sentence(plan.note.as_deref().unwrap_or_default()),
        Some(plan) if plan.starts.is_none() => {
            let waits = if plan.block { "" } else { ", without waiting" };
            format!("{}{waits}\n\n", run_title(&[cell]).trim_start_matches("▶ "))
        }
        Some(_) => format!("{}\n\n", run_title(&[cell]).trim_start_matches("▶ ")),
        None => String::new(),
    }
}

/// Most bytes of tracebacks in a hover; what is said of those left out has room beside them.
const MOST_OF_TRACEBACKS: usize = 45_000;

/// Each traceback, in Markdown as a block of code, a long one without its middle: what was called stands at its beginning, and
/// what was raised at its end. The fence is longer than any in it, so that engine text stays text. Where there is no room for
/// more, the engines are named whose tracebacks are not there.
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
        // What others leave is there for those that follow; below some lines each a traceback says nothing.
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
            "\nNo room for the tracebacks of {ranks}{more}: the whole output has them.\n"
        ));
    }
    text
}

/// Bytes around a traceback, and the fewest of one that are shown if there are as many.
const FRAME: usize = 64;
const LEAST: usize = 800;

/// A text in at most `most` bytes, as long as its fence is short: its beginning and its end, in whole lines where they are not
/// very long.
fn both_ends(text: &str, most: usize) -> Cow<'_, str> {
    /// For the line that says what is missing.
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
fn holds(range: Range, position: Position) -> bool {
    range.start.line <= position.line && position.line <= last_line(range)
}

fn last_line(range: Range) -> u32 {
    let ends_before = range.end.character == 0 && range.end.line > range.start.line;
    range.end.line - u32::from(ends_before)
}

/// Whether a position is at or behind the end of the last line.
fn at_end(cell: &Cell, position: Position, encoding: &PositionEncodingKind) -> bool {
    let end = cell.range.end;
    let length = if end.line > position.line {
        // The range ends with the line's end, so that its length is that of the last line of code.
        units(cell.code.lines().last().unwrap_or_default(), encoding)
    } else {
        end.character as usize
    };
    position.line == last_line(cell.range) && position.character as usize >= length
}

/// The length of a text in units of an encoding.
fn units(text: &str, encoding: &PositionEncodingKind) -> usize {
    match encoding {
        PositionEncodingKind::UTF8 => text.len(),
        PositionEncodingKind::UTF32 => text.chars().count(),
        _ => text.chars().map(char::len_utf16).sum(),
    }
}

#[cfg(test)]
mod tests {
    use pxlens_protocol::RunId;

    use super::*;

    #[test]
    fn backticks_of_an_engine_do_not_end_the_block() {
        let error = EngineError {
            cell: "c".into(),
            run: RunId(1),
            range: Range::default(),
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
        assert!(text.ends_with(", [97], [98]: the whole output has them.\n"));
    }

    #[test]
    fn of_a_long_traceback_both_ends_are_shown() {
        let frames = "Cell In[1], line 2, in r(n)\n----> 2 return r(n + 1)\n".repeat(3000);
        let long = |rank: u32| ErrorVariant {
            ranks: format!("[{rank}]"),
            value: String::new(),
            traceback: format!("Cell In[1], line 3\n{frames}RecursionError: é on {rank}"),
        };
        let error = EngineError {
            cell: "c".into(),
            run: RunId(1),
            range: Range::default(),
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
    fn a_plain_hover_holds_whole_lines_and_no_more_than_fits() {
        assert_eq!(beginning("short"), "short");
        let long = "é".repeat(20_000) + "\n" + &"x".repeat(20_000);
        assert_eq!(beginning(&long), "é".repeat(20_000));
        assert_eq!(beginning(&"é".repeat(30_000)).len(), 50_000);
    }

    #[test]
    fn a_cell_that_ends_at_the_start_of_a_line_does_not_hold_it() {
        let at = |line, character| Position { line, character };
        let range = Range { start: at(1, 0), end: at(3, 0) };
        assert!(holds(range, at(2, 9)) && !holds(range, at(3, 0)));
    }

    #[test]
    fn the_end_of_the_last_line_is_counted_in_the_negotiated_units() {
        let at = |line, character| Position { line, character };
        let cell = |end| Cell {
            id: "c".into(),
            range: Range { start: at(1, 0), end },
            magic_range: Range::default(),
            magic: "px".into(),
            outer: None,
            code: "x = '\u{1f600}'\n".into(),
            plan: None,
            refusal: None,
            state: Default::default(),
            stale: false,
            run: None,
        };
        let whole = cell(at(3, 0));
        for (encoding, length) in [
            (PositionEncodingKind::UTF8, 10),
            (PositionEncodingKind::UTF16, 8),
            (PositionEncodingKind::UTF32, 7),
        ] {
            assert!(
                at_end(&whole, at(2, length), &encoding) && !at_end(&whole, at(2, length - 1), &encoding)
            );
        }
        let one_line = cell(at(1, 5));
        assert!(at_end(&one_line, at(1, 5), &PositionEncodingKind::UTF8));
        assert!(!at_end(&one_line, at(1, 4), &PositionEncodingKind::UTF8));
    }
}
