//! What a group of engines shows, in part of a line: the most telling first, and how much more there is.

use std::{collections::HashSet, hash::Hasher};

use super::{
    Group,
    bundle::in_words,
    endings::failure,
    grouped::{Shown, of_group, same_images},
    line::{BlockLine, Paint},
    numbers::Detail,
    screen::{Item, Scope, bundles, visible},
    template::{Template, what_is},
    terminal_text,
    wording::count,
};
use crate::{
    engines::RankSet,
    jupyter::content::{MimeBundle, StreamName},
    run::{Ending, EngineRun, OutputKind, Run},
};

/// Bytes of each engine that are read for it.
const READ: usize = 2000;

/// Longer values, of all engines together, are shown by their first line, in bytes.
const MOST_OF_VALUES: usize = 256_000;

/// The most things that a gist mentions besides the first.
pub(super) const MOST_MORE: usize = 4;

/// A group, and what is said of it.
pub(super) struct Gist {
    pub(super) ranks: RankSet,
    shown: Vec<Shown>,
    /// The most telling first.
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    /// How many lines there are before the one that is shown.
    MoreLines(usize),
    /// A line of what is shown there.
    Line {
        of: usize,
        which: Which,
    },
}

#[derive(Clone, Copy)]
enum Which {
    First,
    Last,
}

/// The gist of each group. A group whose gist reads like that of the first gets the last line in which it differs from it.
pub(super) fn gists(run: &Run, groups: &[Group]) -> Vec<Gist> {
    let mut gists: Vec<Gist> = groups.iter().map(|group| Gist::of(run, group)).collect();
    let Some((first, others)) = gists.split_first_mut() else { return gists };
    for (gist, group) in others.iter_mut().zip(&groups[1..]) {
        // Once is enough: it is there to say that the line is not all.
        gist.parts.retain(|part| !matches!(part, Part::MoreLines(_)));
        let lead = gist.lead(Detail::Range);
        if !group.identical || lead.is_empty() || lead != first.lead(Detail::Range) {
            continue;
        }
        let known = lines_of(&first.shown);
        let own = lines_of(&gist.shown);
        if let Some(line) = own.into_iter().rev().find(|line| !line.is_empty() && !known.contains(line)) {
            gist.parts[0] = Part::Text(line);
        }
    }
    gists
}

fn lines_of(shown: &[Shown]) -> Vec<String> {
    let texts = shown.iter().filter_map(|shown| shown.item.text());
    texts.flat_map(str::lines).map(|line| line.trim().to_owned()).collect()
}

impl Gist {
    pub(super) fn of(run: &Run, group: &Group) -> Self {
        let ranks = group.ranks.clone();
        let Some(part) = run.part(group.representative) else {
            return Self { ranks, shown: Vec::new(), parts: Vec::new() };
        };
        if let Some(words) = failure(part) {
            return Self { ranks, shown: Vec::new(), parts: vec![Part::Text(words)] };
        }
        let scope = Scope { bytes: Some(READ), ..Scope::default() };
        let mut shown = of_group(run, group, scope);
        let is_summed = group.identical
            || shown
                .iter()
                .any(|shown| shown.template.is_some() || shown.remark.is_some() || shown.tables.is_some());
        let lead = if is_summed { lead(&shown) } else { None };
        let is_result = |of: usize| matches!(shown[of].item, Item::Result { .. });
        let parts = match lead {
            Some(Lead::Line(of, which)) if is_result(of) => {
                let text = last_text(&shown, StreamName::Stdout);
                let text = text.map(|of| Part::Line { of, which: Which::Last });
                std::iter::once(Part::Line { of, which }).chain(text).collect()
            }
            Some(Lead::Line(of, which)) => vec![Part::Line { of, which }],
            Some(Lead::Plots) => Vec::new(),
            None if is_summed => Vec::new(),
            None => {
                shown = vec![summaries(run, group)];
                vec![Part::Line { of: 0, which: Which::Last }]
            }
        };
        let mut gist = Self { ranks, shown, parts };
        let rest = gist.rest(run, group, part);
        gist.parts.extend(rest);
        gist
    }

    /// How much there is besides: `… 399 more lines`, `2 plots`, `2 lines on stderr`.
    fn rest(&self, run: &Run, group: &Group, part: &EngineRun) -> Vec<Part> {
        let shown = |name| {
            let of_part = |part: &Part| match part {
                Part::Line { of, .. } => match &self.shown[*of].item {
                    Item::Text { name: own, text, .. } if *own == name => closing(text).1,
                    _ => 0,
                },
                Part::Text(_) | Part::MoreLines(_) => 0,
            };
            self.parts.iter().map(of_part).sum::<usize>()
        };
        let lines = |name: StreamName| lines(part, name).saturating_sub(shown(name));
        let (out, err) = (lines(StreamName::Stdout), lines(StreamName::Stderr));
        let plots = plots(run, group, part);
        let on_stderr = || Part::Text(format!("{} on stderr", count(err, "line")));
        [
            (out > 0).then_some(Part::MoreLines(out)),
            (plots > 0).then(|| Part::Text(count(plots, "plot"))),
            (err > 0).then(|| if shown(StreamName::Stderr) > 0 { Part::MoreLines(err) } else { on_stderr() }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is said first.
    fn lead(&self, detail: Detail) -> String {
        self.parts.first().map(|part| self.part(part, detail)).unwrap_or_default()
    }

    fn part(&self, part: &Part, detail: Detail) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::MoreLines(lines) => format!("… {}", count(*lines, "more line")),
            Part::Line { of, which } => line(&self.shown[*of], *which, detail),
        }
    }

    /// The ranks, what is said first, and at most so many things more.
    pub(super) fn text(&self, detail: Detail, more: usize) -> String {
        let ranks = short_ranks(&self.ranks);
        let parts: Vec<String> = self
            .parts
            .iter()
            .take(1 + more)
            .map(|part| self.part(part, detail))
            .filter(|text| !text.is_empty())
            .collect();
        if parts.is_empty() { ranks } else { format!("{ranks} {}", parts.join(" · ")) }
    }
}

/// What a gist begins with.
enum Lead {
    Line(usize, Which),
    /// Nothing but plots, which are counted.
    Plots,
}

/// The most telling thing: the result, else the last line on stdout, else what was displayed, else the last line on stderr.
fn lead(shown: &[Shown]) -> Option<Lead> {
    let newest = |wanted: fn(&Item) -> bool| shown.iter().rposition(|shown| wanted(&shown.item));
    let is_plot = |of: usize| shown[of].item.picture().is_some();
    let first = |of: usize| if is_plot(of) { Lead::Plots } else { Lead::Line(of, Which::First) };
    newest(|item| matches!(item, Item::Result { .. }) && item.picture().is_none())
        .map(first)
        .or_else(|| Some(Lead::Line(last_text(shown, StreamName::Stdout)?, Which::Last)))
        .or_else(|| newest(|item| matches!(item, Item::Display { .. } | Item::Page { .. })).map(first))
        .or_else(|| newest(|item| matches!(item, Item::Result { .. })).map(first))
        .or_else(|| Some(Lead::Line(last_text(shown, StreamName::Stderr)?, Which::Last)))
}

/// The last text on a stream that holds more than blanks.
fn last_text(shown: &[Shown], wanted: StreamName) -> Option<usize> {
    shown.iter().rposition(
        |shown| matches!(&shown.item, Item::Text { name, text, .. } if *name == wanted && !text.trim().is_empty()),
    )
}

/// A line of what is shown.
fn line(shown: &Shown, which: Which, detail: Detail) -> String {
    if let Some(tables) = &shown.tables {
        return tables.name();
    }
    if let Some(table) = shown.item.table() {
        return table.name();
    }
    let text = match &shown.template {
        Some(template) => {
            let lines = template.lines(Paint::Note, Some(detail));
            lines.iter().map(BlockLine::text).collect::<Vec<_>>().join("\n")
        }
        None => shown.item.text().unwrap_or_default().to_owned(),
    };
    match which {
        Which::First if shown.template.is_none() => opening(&text),
        Which::First => {
            let of_one = shown.item.text().unwrap_or_default();
            series(of_one).unwrap_or_else(|| first_line(&text))
        }
        Which::Last => closing(&text).0,
    }
}

/// A value in one line: what it is, or its first line.
fn opening(text: &str) -> String {
    let is_long = text.trim().contains('\n');
    let named = is_long.then(|| series(text).or_else(|| what_is(text))).flatten();
    named.unwrap_or_else(|| first_line(text))
}

/// `Series loss of 3 float64`, as pandas prints it.
fn series(text: &str) -> Option<String> {
    let (rows, about) = text.trim_end().rsplit_once('\n')?;
    let (before, dtype) = about.rsplit_once("dtype: ")?;
    let before = before.trim_end_matches(", ");
    let (before, length) = match before.rsplit_once("Length: ") {
        Some((before, length)) => (before.trim_end_matches(", "), Some(length.to_owned())),
        None => (before, None),
    };
    // Values end in one column; the name of the index, if it has one, stands alone above them.
    let width = |line: &str| line.trim_end().chars().count();
    let widest = rows.lines().map(width).max().unwrap_or_default();
    let length =
        length.unwrap_or_else(|| rows.lines().filter(|line| width(line) == widest).count().to_string());
    let name = before.split_once("Name: ").map(|(_, name)| format!(" {name}")).unwrap_or_default();
    Some(format!("Series{name} of {length} {dtype}"))
}

/// The last line that says something, and how many lines it stands for: of a warning the one that names it, of an object over
/// many lines all of them.
fn closing(text: &str) -> (String, usize) {
    let last = last_line(text);
    let lines = || text.lines().rev().filter(|line| !line.trim().is_empty());
    if !last.is_empty() && last.chars().all(|c| "]})".contains(c)) {
        let margin = |line: &str| line.len() - line.trim_start().len();
        let end = lines().next().map_or(0, margin);
        let opens = |line: &str| margin(line) <= end && line.trim_end().ends_with(['[', '{', '(']);
        if let Some(inner) = lines().position(opens) {
            let mut parts: Vec<&str> = lines().take(inner + 1).map(str::trim).collect();
            parts.reverse();
            let joined = parts.join(" ").replace("{ ", "{").replace(" }", "}");
            return (joined.replace("[ ", "[").replace(" ]", "]"), inner + 1);
        }
    }
    // Python prints a warning as `FILE:LINE: CLASS: TEXT`, and then the line of code, indented.
    let has_code = lines().next().is_some_and(|line| line.starts_with("  "));
    let warning = lines().take(1 + usize::from(has_code)).zip(1..).find_map(|(line, count)| {
        let (before, said) = line.split_once("Warning: ")?;
        let class = before.rsplit(' ').next()?;
        before.contains(':').then(|| (format!("{class}Warning: {said}"), count))
    });
    warning.unwrap_or_else(|| (last.to_owned(), 1))
}

/// How many lines an engine wrote to a stream and is not cleared. Of a short text, blank lines do not count.
fn lines(part: &EngineRun, wanted: StreamName) -> usize {
    let texts: Vec<_> = visible(part)
        .iter()
        .filter_map(|output| match &output.kind {
            OutputKind::Stream(name, text) if *name == wanted => Some(text),
            _ => None,
        })
        .collect();
    let is_short = texts.iter().map(|text| text.kept()).sum::<usize>() <= READ
        && texts.iter().all(|text| text.hidden().is_empty());
    if is_short {
        let all: String = texts.iter().flat_map(|text| text.chunks()).collect();
        return terminal_text(&all, false).lines().filter(|line| !line.trim().is_empty()).count();
    }
    let is_open = texts.last().is_some_and(|text| text.end(1) != "\n");
    texts.iter().map(|text| text.line_ends()).sum::<usize>() + usize::from(is_open)
}

/// How many different images a group shows.
fn plots(run: &Run, group: &Group, part: &EngineRun) -> usize {
    if group.identical {
        return images(part).count();
    }
    let parts = group.slots.iter().filter_map(|slot| run.part(*slot));
    let all: HashSet<u64> = parts.flat_map(images).collect();
    all.len()
}

/// A number for each image of an engine, the same for the same image.
fn images(part: &EngineRun) -> impl Iterator<Item = u64> {
    bundles(part).map(same_images).filter(|images| !images.is_empty()).map(|images| {
        let mut hasher = std::hash::DefaultHasher::new();
        images.iter().for_each(|image| hasher.write(image.as_bytes()));
        hasher.finish()
    })
}

/// The summary of engines whose whole output cannot be summarised, for example because it is not all in memory: their one-line
/// summaries, summarised.
fn summaries(run: &Run, group: &Group) -> Shown {
    let mut parts: Vec<&EngineRun> = group.slots.iter().filter_map(|slot| run.part(*slot)).collect();
    parts.sort_by_key(|part| part.engine);
    if let Some(shown) = values(&parts) {
        return shown;
    }
    let texts: Vec<_> = parts.into_iter().map(|part| (part.engine, summary(part))).collect();
    let mut text = texts.first().map(|(_, text)| text.clone()).unwrap_or_default();
    let same = texts.iter().all(|(_, other)| *other == text);
    let template = if same { None } else { Template::of(&texts, false) };
    if !same && template.is_none() {
        text.push_str(" …");
    }
    Shown { template, ..Shown::of(Item::Text { name: StreamName::Stdout, text, late: false }) }
}

/// Values that are too long to be read with all that is around them.
fn values(parts: &[&EngineRun]) -> Option<Shown> {
    let newest = |part: &EngineRun| {
        visible(part).iter().rev().find_map(|output| match &output.kind {
            OutputKind::Result { data, .. } => Some(MimeBundle::clone(data)),
            _ => None,
        })
    };
    let values: Vec<MimeBundle> = parts.iter().map(|part| newest(part)).collect::<Option<_>>()?;
    let texts: Vec<_> =
        parts.iter().zip(&values).map(|(part, data)| (part.engine, in_words(data, false))).collect();
    if texts.iter().map(|(_, text)| text.len()).sum::<usize>() > MOST_OF_VALUES {
        return None;
    }
    let template = Template::of(&texts, true)?;
    let item = Item::Result { text: texts[0].1.clone(), data: values[0].clone() };
    Some(Shown { template: Some(template), ..Shown::of(item) })
}

/// The most telling line of an engine's part.
fn summary(part: &EngineRun) -> String {
    let newest = |wanted: fn(&OutputKind) -> Option<String>| {
        part.outputs.iter().rev().find_map(|output| wanted(&output.kind)).filter(|text| !text.is_empty())
    };
    newest(|kind| match kind {
        OutputKind::Result { data, .. } => Some(opening(&in_words(data, false))),
        _ => None,
    })
    .or_else(|| newest(|kind| last_of_stream(kind, Some(StreamName::Stdout))))
    .or_else(|| {
        newest(|kind| match kind {
            // Of a display that nobody shows any more the data may be gone from memory.
            OutputKind::Display { data, .. } | OutputKind::UpdateDisplay { data, .. } if !data.is_empty() => {
                Some(first_line(&in_words(data, false)))
            }
            _ => None,
        })
    })
    .or_else(|| newest(|kind| last_of_stream(kind, Some(StreamName::Stderr))))
    .unwrap_or_default()
}

/// What an engine that runs wrote last, on whichever stream.
pub(super) fn newest_line(part: &EngineRun) -> Option<String> {
    visible(part).iter().rev().find_map(|output| last_of_stream(&output.kind, None))
}

/// The last line of a stream piece that holds more than blanks; of long text only the end is looked at.
fn last_of_stream(kind: &OutputKind, wanted: Option<StreamName>) -> Option<String> {
    let OutputKind::Stream(name, text) = kind else { return None };
    if wanted.is_some_and(|wanted| *name != wanted) {
        return None;
    }
    let shown = terminal_text(&text.end(READ), false);
    Some(closing(&shown).0).filter(|line| !line.is_empty())
}

/// The last line that holds more than blanks.
fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() { format!("{first} …") } else { first }
}

/// A rank set, or its size where the ranks are too scattered to be named.
pub(super) fn short_ranks(ranks: &RankSet) -> String {
    let named = ranks.to_string();
    if named.len() <= 16 { named } else { format!("{} ×", ranks.len()) }
}

/// Whether the engines of a group have not ended, and wrote something.
pub(super) fn is_at_work(run: &Run, group: &Group) -> bool {
    let wrote = |part: &EngineRun| {
        part.outputs.iter().any(|output| !matches!(output.kind, OutputKind::ClearOutput { .. }))
    };
    group.ending.is_none() && run.part(group.representative).is_some_and(wrote)
}

/// Whether a group did not run to its end.
pub(super) fn is_gone(group: &Group) -> bool {
    matches!(group.ending, Some(Ending::Aborted(_) | Ending::Lost(_)))
}
