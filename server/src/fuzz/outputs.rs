//! What engines print and raise, on its way to people.

use std::sync::Arc;

use super::{check_line, check_shown, pieces, texts};
use crate::{
    engines::EngineId,
    jupyter::content::{ErrorContent, ExecuteReply, StreamName},
    render::{self, Cursor, GroupBy, Limits, Style},
    run::{Event, EventKind, Run, RunId, RunRequest, Slot, Time, terminal_text, visible, visible_name},
    streams::Text,
};

/// The input: what engines print, one after the other, with [`super::SEPARATOR`] between them.
///
/// No view of it controls a terminal; colours change no character; and in whatever pieces it comes, it is the same output.
pub fn terminal(data: &[u8]) {
    let texts = texts(data);
    for text in &texts {
        check_text(text);
    }
    let mut texts = texts;
    texts.truncate(4);
    texts.push(texts[0].clone());
    let (mut whole, mut cut) = (run("f()", texts.len()), run("f()", texts.len()));
    for (slot, text) in (0..).map(Slot).zip(&texts) {
        apply(&mut whole, slot, print(text));
        for piece in pieces(text, 8).into_iter().filter(|piece| !piece.is_empty()) {
            apply(&mut cut, slot, print(piece));
        }
        end(&mut whole, slot);
        end(&mut cut, slot);
    }
    for (part, (other, text)) in whole.parts().zip(cut.parts().zip(&texts)) {
        assert_eq!(part.stream(StreamName::Stdout), *text);
        assert_eq!(other.stream(StreamName::Stdout), *text);
        // An engine that printed nothing, and one that printed an empty text, are alike.
        assert_eq!(part.fingerprint(), other.fingerprint(), "{text:?}");
    }
    check_views(&whole);
    check_views(&cut);
    let shown =
        |run: &Run| render::terminal(run, GroupBy::Fold, Style { color: true, width: 80, place: None });
    assert_eq!(shown(&whole), shown(&cut));
}

fn check_text(text: &str) {
    let (plain, colored) = (terminal_text(text, false), terminal_text(text, true));
    check_shown(&plain, false);
    check_shown(&colored, true);
    assert_eq!(without_colors(&colored), plain, "{text:?}");
    assert_eq!(terminal_text(&format!("{plain}\n"), false), plain);
    check_shown(&visible(text, false), false);
    check_shown(&visible(text, true), true);
    check_line(&visible_name(text));
    for (written, colors) in
        [(Text::Words(text), false), (Text::Colored(text), true), (Text::Exact(text), true)]
    {
        check_shown(&written.written(true), colors);
    }
    assert_eq!(Text::Exact(text).written(false), text);
    let json = serde_json::Value::from(text).to_string();
    let written = Text::Json(&json).written(true);
    check_line(&written);
    assert_eq!(serde_json::from_str::<String>(&written).ok().as_deref(), Some(text));
}

/// A text without the sequences that choose colours.
fn without_colors(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shown, piece| shown + piece.split_once('m').map_or("", |(_, rest)| rest))
}

/// The input: the code that was sent, then for each engine that raised: the exception's class, a line feed, its text, a line feed,
/// and the traceback; all with [`super::SEPARATOR`] between them.
///
/// Every engine is in one group of errors, the places are those of the code, and nothing that is shown controls a terminal.
pub fn tracebacks(data: &[u8]) {
    let texts = texts(data);
    let (code, raised) = texts.split_first().expect("at least one part");
    let raised = &raised[..raised.len().min(5)];
    let mut run = run(code, raised.len() + 1);
    for (slot, text) in (0..).map(Slot).zip(raised) {
        let mut parts = text.splitn(3, '\n').map(str::to_owned);
        let (ename, evalue) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // A list of lines, as engines send it, some of which hold several.
        let traceback = parts.next().unwrap_or_default().split("\n\n").map(str::to_owned).collect();
        let error = ErrorContent { ename, evalue, traceback };
        apply(&mut run, slot, EventKind::Error(error.clone()));
        apply(&mut run, slot, EventKind::Reply(ExecuteReply::Error { error, execution_count: Some(3) }));
        apply(&mut run, slot, EventKind::Idle);
    }
    end(&mut run, Slot(raised.len() as u32));
    let groups = render::errors(&run, code);
    let lines: Vec<&str> = code.split('\n').collect();
    let mut engines: Vec<EngineId> = Vec::new();
    for group in &groups {
        let mut members: Vec<EngineId> =
            group.variants.iter().flat_map(|variant| variant.ranks.iter()).collect();
        members.sort_unstable();
        assert!(group.ranks.iter().eq(members.iter().copied()), "{group:?}");
        engines.extend(members);
        if let Some(line) = group.code_line {
            let line = lines.get(line as usize).expect("a line of the code");
            assert!(group.column.is_none_or(|column| column as usize <= line.chars().count()), "{group:?}");
        }
        assert!(
            group.width >= 1 && group.title().chars().count() <= 300 && group.name().chars().count() <= 100
        );
        check_line(&group.title());
        check_line(&group.name());
        check_shown(&group.traceback, false);
        group.causes.iter().for_each(|cause| check_line(&cause.title));
    }
    engines.sort_unstable();
    assert!(engines.into_iter().eq((0..raised.len() as u32).map(EngineId)));
    check_views(&run);
}

/// Checks that nobody who is shown a run, however, is shown anything but text, and no more than there may be.
fn check_views(run: &Run) {
    let limits = Limits { lines: 30, columns: 60, bytes: 2000, sent: 2000 };
    for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
        for color in [false, true] {
            check_shown(&render::terminal(run, by, Style { color, width: 60, place: None }), color);
        }
        check_shown(&render::markdown(run, by, limits), false);
        let block = render::block(run, by, limits);
        assert!(block.len() <= limits.lines, "{block:?}");
        for line in block {
            check_line(&line.text());
            assert!(line.text().chars().count() <= limits.columns, "{line:?}");
        }
    }
    let line = render::inline(run, Time(9_000));
    check_line(&line.text);
    for budget in [1, 20, 43, 80] {
        check_line(&render::inline_within(run, Time(9_000), budget));
    }
    check_line(&render::outcome(run));
    let groups = render::fold(run);
    let mut slots: Vec<Slot> = groups.iter().flat_map(|group| group.slots.iter().copied()).collect();
    slots.sort_unstable();
    assert!(slots.into_iter().eq((0..run.parts().len() as u32).map(Slot)), "every engine is in one group");
    for event in Cursor::of_cell(1).delta(run) {
        let written = serde_json::to_string(&event).expect("it can be written");
        assert_eq!(serde_json::from_str::<render::JsonEvent>(&written).ok(), Some(event));
    }
}

fn run(code: &str, engines: usize) -> Run {
    let engines = (0..engines as u32).map(EngineId).collect();
    let request = RunRequest { code: code.into(), engines, single: false };
    Run::new(RunId(1), Arc::new(request), Time(0), true)
}

fn apply(run: &mut Run, slot: Slot, kind: EventKind) {
    run.apply(Event { slot, at: Time(5), kind });
}

fn end(run: &mut Run, slot: Slot) {
    apply(run, slot, EventKind::Reply(ExecuteReply::Ok { execution_count: Some(3), payload: Vec::new() }));
    apply(run, slot, EventKind::Idle);
}

fn print(text: &str) -> EventKind {
    EventKind::Stream { name: StreamName::Stdout, text: text.to_owned() }
}
