//! The card of a run, for a hover: heading, links, timing, groups with results and errors, images, what was spilled.
//!
//! The caller says which commands there are and what they take; which of them a run's state allows, and how they are
//! called, is decided here. What engines sent stands in code alone, so every link is one that was made here, of a fixed word
//! and a percent-encoded argument.

use std::{collections::BTreeSet, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    GroupBy, ImageKind, Limits, duration, images,
    markdown::{below, heading, longest_backticks},
    terminal_text, timing,
    wording::{clip, count, short_ranks, size},
};
use crate::{
    engines::RankSet,
    run::{Ending, EngineRun, Hidden, OutputKind, Run, RunState},
};

/// The least a card is given: what pxlens says itself, and the beginning of what engines said.
const LEAST: usize = 8_000;

/// Kept for groups, results and errors where there are images.
const BODY: usize = 10_000;

/// The largest image that is shown, in bytes of its file.
const LARGEST_IMAGE: usize = 24_000;

/// The largest image that is shown, in pixels. Hovers are drawn at once, and a small file may have very many.
const MOST_PIXELS: u64 = 4_000_000;

/// How many images are shown.
const MOST_IMAGES: usize = 2;

/// Up to this many engines, times are listed one by one.
const MOST_TIMES: usize = 16;

/// A command about a run that its card can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CardAction {
    /// Change its grouping.
    Group(GroupBy),
    /// Run its cell again.
    Rerun,
    /// Run it again on the engines that did not end well.
    RerunFailed,
    /// Stop it.
    Interrupt,
    /// Compare it with the previous run.
    Compare,
    /// Put its output into the clipboard.
    Copy,
    /// Open its output as a document.
    ShowOutput,
    /// Show it in the client's panel.
    ShowRun,
}

/// What a link executes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Command {
    /// Its id.
    pub id: &'static str,
    /// Its one argument.
    pub argument: Value,
}

/// What a card shows.
#[derive(Clone, Copy)]
pub(crate) struct Card<'a> {
    /// The grouping.
    pub by: GroupBy,
    /// Text of the document that names the run, if it is not the cell's own.
    pub named: Option<&'a str>,
    /// A further remark of pxlens, in a few fixed words.
    pub note: Option<&'a str>,
    /// What there is of the text that is no longer in memory.
    pub files: Files,
    /// Whether images are shown.
    pub images: bool,
    /// The command behind an action; `None` for one that cannot be offered.
    pub command: &'a dyn Fn(CardAction) -> Option<Command>,
    /// Most bytes of all of it (8,000 at least).
    pub bytes: usize,
}

/// What the files of a run hold of its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Files {
    /// All of it.
    #[default]
    Whole,
    /// The beginning of it; there was no room for more.
    Beginning,
    /// Nothing any more.
    Gone,
}

/// A run as Markdown, with links to its commands.
pub(crate) fn card(run: &Run, card: Card<'_>) -> String {
    let most = card.bytes.max(LEAST);
    let mut head = card.named.map(name).unwrap_or_default();
    head.push_str(&heading(run));
    // Addresses of documents can be long.
    head.push_str(&links(run, card, most / 4));
    head.push_str(&times(run));
    let mut tail = spilled(run, card.files);
    if let Some(note) = card.note {
        tail.push_str(&format!("\n*{note}*\n"));
    }
    if card.images {
        let room = most.saturating_sub(head.len() + tail.len() + BODY.min(most / 2));
        tail.insert_str(0, &pictures(run, card, room));
    }
    let limits = Limits { bytes: most.saturating_sub(tail.len()), ..Limits::default() };
    below(head, run, card.by, limits) + &tail
}

/// Text of a document as Markdown that shows it and is nothing else: no link, no emphasis, no HTML.
pub(crate) fn escaped(text: &str) -> String {
    let shown = terminal_text(text, false).replace('\n', " ");
    let mut escaped = String::with_capacity(shown.len());
    for (at, c) in shown.char_indices() {
        let is_sign = match c {
            // Without these no address is made a link.
            ':' => shown[at + 1..].starts_with('/'),
            '.' => shown.as_bytes()[at.saturating_sub(3)..at].eq_ignore_ascii_case(b"www"),
            c => "\\`*_[]<>&~#|@$".contains(c),
        };
        if is_sign {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Text of the document, in code that nothing in it ends.
fn name(text: &str) -> String {
    let text = clip(&terminal_text(text, false).replace('\n', " "), 500);
    let fence = "`".repeat(longest_backticks(&text) + 1);
    format!("{fence} {text} {fence}\n\n")
}

/// The groupings, and below them what can be done; in at most `most` bytes.
fn links(run: &Run, card: Card<'_>, most: usize) -> String {
    let groupings = [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order].map(|by| {
        let words = by.to_string();
        if by == card.by {
            Some(format!("**{words}**"))
        } else {
            link(&words, (card.command)(CardAction::Group(by)))
        }
    });
    let groupings: Option<Vec<String>> = groupings.into_iter().collect();
    let actions = [
        (CardAction::Interrupt, "Interrupt"),
        (CardAction::Rerun, "Re-run"),
        (CardAction::RerunFailed, "Re-run failed"),
        (CardAction::Compare, "Compare with the previous run"),
        (CardAction::Copy, "Copy"),
        (CardAction::ShowOutput, "Whole output"),
        (CardAction::ShowRun, "Outputs panel"),
    ];
    let offered = actions.into_iter().filter(|(action, _)| is_allowed(*action, run));
    let offered = offered.filter_map(|(action, words)| link(words, (card.command)(action))).collect();
    let mut text = String::new();
    for parts in [groupings.unwrap_or_default(), offered] {
        let mut line = String::new();
        for part in parts {
            if text.len() + line.len() + part.len() + 10 <= most {
                line.push_str(if line.is_empty() { "\n" } else { " · " });
                line.push_str(&part);
            }
        }
        if !line.is_empty() {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn link(words: &str, command: Option<Command>) -> Option<String> {
    let Command { id, argument } = command?;
    let arguments = json!([argument]).to_string();
    Some(format!("[{words}](command:{id}?{})", utf8_percent_encode(&arguments, NON_ALPHANUMERIC)))
}

/// Whether a command can be offered.
fn is_allowed(action: CardAction, run: &Run) -> bool {
    let well = run.parts().filter(|part| matches!(part.ending(), Some(Ending::Ok))).count();
    match action {
        CardAction::Interrupt => !run.is_over(),
        CardAction::Rerun | CardAction::Compare => run.is_over(),
        CardAction::RerunFailed => run.state() == RunState::Failed && well > 0,
        CardAction::Group(_) | CardAction::Copy | CardAction::ShowOutput | CardAction::ShowRun => true,
    }
}

/// How far the slowest engine is from the median, and what each of a few took, the slowest first.
fn times(run: &Run) -> String {
    let Some(timing) = timing(run) else { return String::new() };
    let mut text = format!("\n{}\n", code(&timing.line()));
    if timing.parts.len() <= MOST_TIMES {
        let mut parts = timing.parts;
        parts.sort_by_key(|part| std::cmp::Reverse(part.milliseconds));
        let time = |part: &super::PartTime| {
            let host = part.host.as_deref().map(|host| format!(" {}", clip(host, 30))).unwrap_or_default();
            code(&format!("[{}]{host} {}", part.engine, duration(part.milliseconds)))
        };
        text.push_str(&format!("\n{}\n", parts.iter().map(time).collect::<Vec<_>>().join(" · ")));
    }
    text
}

/// Words of pxlens' own with the name of a host in them, as code.
fn code(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " []()._-/·×…".contains(*c));
    format!("`{}`", clip(&kept.collect::<String>(), 200))
}

/// How much text is no longer in memory, of which engines, and where all of it is.
fn spilled(run: &Run, files: Files) -> String {
    let parts: Vec<(&EngineRun, &Path)> =
        run.parts().filter_map(|part| Some((part, part.spilled.as_deref()?))).collect();
    let places: BTreeSet<&Path> = match parts.as_slice() {
        [] => return String::new(),
        [(_, file)] => [*file].into(),
        several => several.iter().map(|(_, file)| file.parent().unwrap_or(file)).collect(),
    };
    let ranks: RankSet = parts.iter().map(|(part, _)| part.engine).collect();
    let gone = parts.iter().fold(Hidden::default(), |gone, (part, _)| gone.and(hidden(part)));
    let gone = format!("{} ({})", size(gone.bytes), count(gone.lines, "line"));
    let ranks = short_ranks(&ranks);
    let how_much = match files {
        Files::Whole => "All of it",
        Files::Beginning => "There was no room for all of it; the beginning",
        Files::Gone => {
            return format!(
                "\n`{ranks}` wrote more than is kept in memory: {gone} left out. The files with it were deleted, to make room \
                 or since the result was cleared\n"
            );
        }
    };
    let place = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join("\n");
    let place = clip(&terminal_text(&place, false), 1000);
    let fence = "`".repeat(longest_backticks(&place).max(2) + 1);
    let place_is = if parts.len() == 1 { "this file" } else { "the files of each engine in" };
    format!(
        "\n`{ranks}` wrote more than is kept in memory: {gone} left out. {how_much} is in {place_is}\n\
         {fence}text\n{place}\n{fence}\n"
    )
}

/// What is missing of an engine's text.
fn hidden(part: &EngineRun) -> Hidden {
    let texts = part.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Stream(_, text) => Some(text.hidden()),
        _ => None,
    });
    texts.fold(Hidden::default(), Hidden::and)
}

/// The first small PNGs as they are, in at most `room` bytes, and how many images there are besides.
fn pictures(run: &Run, card: Card<'_>, room: usize) -> String {
    const REST: usize = 400;
    let all = images(run);
    let mut text = String::new();
    let mut shown = 0;
    for image in &all {
        let Ok(picture) = &image.picture else { continue };
        let is_small = image.bytes <= LARGEST_IMAGE && picture.pixels() <= MOST_PIXELS;
        if picture.kind != ImageKind::Png || !is_small || shown == MOST_IMAGES {
            continue;
        }
        // Written anew: what the engine sent may have line breaks in it, or lack the padding.
        let data = STANDARD.encode(picture.decoded());
        let ranks = short_ranks(&image.ranks);
        let entry = format!("\n`{ranks}`\n\n![image {}](data:image/png;base64,{data})\n", shown + 1);
        if text.len() + entry.len() + REST > room {
            continue;
        }
        shown += 1;
        text.push_str(&entry);
    }
    if shown == all.len() {
        return text;
    }
    let more = if shown == 0 { "image" } else { "more image" };
    let whole = link("Whole output", (card.command)(CardAction::ShowOutput));
    let whole =
        whole.filter(|link| link.len() < REST / 2).map(|link| format!(" · {link}")).unwrap_or_default();
    text + &format!("\n{}{whole}\n", count(all.len() - shown, more))
}

#[cfg(test)]
mod tests;
