//! A run compared with another one, engine by engine: which engines changed, and how.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
};

use super::{
    difference::change,
    layout::part_lines,
    line::{BlockLine, Paint},
    markdown::{Page, RESERVE},
    screen::is_whole,
    without_key, without_keys,
    wording::{count, cut, short_ranks},
};
use crate::{
    engines::{EngineId, RankSet},
    run::{EngineRun, Fingerprint, Run, RunId},
};

/// Lines that are shown of one group, and characters of a line.
const LINES: usize = 200;
const COLUMNS: usize = 2000;

/// Bytes of text of all groups together; those that changed come first.
const TEXT: usize = 1_000_000;

/// Replaces the lines of a group for which there is no room.
const NO_ROOM: &str = "(too much to show here)";

/// Bytes of Markdown.
const MARKDOWN: usize = 50_000;

/// Pairs of lines and words that are looked at in one comparison, at worst: a thousand engines may each have changed in their own way.
const EFFORT: usize = 100_000_000;

/// How engines changed from one run to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Change {
    /// Other output, other numbers in it, or another end.
    Changed,
    /// The other run was not on these engines.
    New,
    /// Only the other run was on these engines.
    Gone,
    /// The same output and the same end, to the letter.
    Same,
}

/// Engines that changed in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// The engines.
    pub ranks: RankSet,
    /// How they changed.
    pub change: Change,
    /// What changed; the output of engines that are new. Keys of kernels are hidden.
    pub lines: Vec<BlockLine>,
}

/// Two runs, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    run: RunId,
    with: RunId,
    /// Whether both sent the same code.
    same_code: bool,
    /// Engines of the run that have not ended.
    pending: usize,
    /// Every engine of both runs is in one of these. Those that are as before come last.
    pub groups: Vec<Compared>,
}

/// Compares a run with one before it.
pub(crate) fn compare(before: &Run, now: &Run) -> Comparison {
    let (old, new) = (by_engine(before), by_engine(now));
    // Engines whose parts are alike to the letter in both runs changed in the same way: that is found out once.
    let mut kinds: HashMap<(Fingerprints, Fingerprints), Kind<'_>> = HashMap::new();
    let (mut same, mut fresh) = (Vec::new(), Vec::new());
    for (engine, parts) in &new {
        match old.get(engine) {
            None => fresh.push((*engine, parts)),
            Some(former) if prints(former) == prints(parts) => same.push(*engine),
            Some(former) => {
                let kind = kinds.entry((prints(former), prints(parts)));
                kind.or_insert_with(|| Kind { engines: Vec::new(), former, parts }).engines.push(*engine);
            }
        }
    }
    let mut effort = EFFORT;
    let mut groups =
        Groups { all: Vec::new(), known: HashMap::new(), hasher: RandomState::new(), left: TEXT };
    let mut kinds: Vec<Kind<'_>> = kinds.into_values().collect();
    // As they are shown: the largest have their text.
    kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.engines.len()), kind.engines.first().copied()));
    for kind in kinds {
        let lines = changed(kind.former, kind.parts, &mut effort);
        groups.add(kind.engines.into_iter().collect(), Change::Changed, lines);
    }
    for (engine, parts) in fresh {
        groups.add([engine].into_iter().collect(), Change::New, shown(parts));
    }
    let gone: RankSet = old.keys().filter(|engine| !new.contains_key(engine)).copied().collect();
    for (ranks, change) in [(gone, Change::Gone), (same.into_iter().collect(), Change::Same)] {
        if !ranks.is_empty() {
            groups.add(ranks, change, Vec::new());
        }
    }
    let mut groups = groups.all;
    groups.sort_by_key(|group| (group.change, std::cmp::Reverse(group.ranks.len()), group.ranks.first()));
    Comparison {
        run: now.id,
        with: before.id,
        same_code: before.request.code == now.request.code,
        pending: now.pending().len(),
        groups,
    }
}

impl Comparison {
    /// One line: `3 engines as before, [2] changed`.
    pub(crate) fn summary(&self) -> String {
        self.summary_with(&short_ranks)
    }

    fn summary_with(&self, named: &dyn Fn(&RankSet) -> String) -> String {
        let of = |change: Change| -> RankSet {
            let alike = self.groups.iter().filter(|group| group.change == change);
            alike.flat_map(|group| group.ranks.iter()).collect()
        };
        let same = of(Change::Same);
        let all = self.groups.iter().all(|group| group.change == Change::Same);
        let mut parts = Vec::new();
        match same.len() {
            0 => {}
            1 if all => parts.push("the engine as before".to_owned()),
            n if all => parts.push(format!("all {n} engines as before")),
            n => parts.push(format!("{} as before", count(n, "engine"))),
        }
        let others = [(Change::Changed, "changed"), (Change::New, "new"), (Change::Gone, "not run again")];
        for (change, word) in others {
            let ranks = of(change);
            if !ranks.is_empty() {
                parts.push(format!("{} {word}", named(&ranks)));
            }
        }
        if self.pending > 0 {
            parts.push(format!("{} not done yet", count(self.pending, "engine")));
        }
        if !self.same_code {
            parts.push("the code differs".to_owned());
        }
        parts.join(", ")
    }

    fn head(&self, named: &dyn Fn(&RankSet) -> String) -> String {
        format!("{} compared with {}: {}\n", self.run, self.with, self.summary_with(named))
    }

    fn differing(&self) -> impl Iterator<Item = &Compared> {
        self.groups.iter().filter(|group| group.change != Change::Same)
    }

    /// The summary, and what is not as before.
    pub(crate) fn text(&self) -> String {
        let mut text = self.head(&short_ranks);
        for group in self.differing() {
            let shown = group.text();
            text.push_str(&format!("── {} {} ──\n", group.ranks, group.word()));
            if !shown.is_empty() {
                text.push_str(&format!("{shown}\n"));
            }
        }
        text
    }

    /// The same as Markdown: what engines wrote stands in fences.
    pub(crate) fn markdown(&self) -> String {
        let code = |ranks: &RankSet| format!("`{}`", short_ranks(ranks));
        let mut page = Page { text: self.head(&code), most: MARKDOWN - RESERVE };
        let mut left = self.differing().count();
        let mut hidden = 0;
        for group in self.differing() {
            let fenced = if group.lines.is_empty() { vec![] } else { vec![(None, group.text())] };
            let head = format!("{} {}", code(&group.ranks), group.word());
            hidden += usize::from(!page.add(&head, &fenced, left));
            left -= 1;
        }
        if hidden > 0 {
            page.text.push_str(&format!("\n… {} not shown here\n", count(hidden, "more group")));
        }
        // Only ever shorter, or as long: the limit holds.
        without_keys(&page.text).into_owned()
    }
}

impl Compared {
    /// What changed, as plain text; empty where nothing did.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(BlockLine::text).collect();
        without_keys(&lines.join("\n")).into_owned()
    }

    fn word(&self) -> &'static str {
        match self.change {
            Change::Same => "as before",
            Change::Changed => "changed",
            Change::New => "new",
            Change::Gone => "not run again",
        }
    }
}

/// The parts of one engine, which may have been asked twice.
type Parts<'a> = Vec<&'a EngineRun>;

/// The fingerprints of one engine's parts. Numbers in the text of an error count; execution counts in its traceback do not.
type Fingerprints = Vec<(Fingerprint, Option<(String, String)>)>;

/// Engines whose parts changed in the same way.
struct Kind<'a> {
    engines: Vec<EngineId>,
    former: &'a Parts<'a>,
    parts: &'a Parts<'a>,
}

fn by_engine(run: &Run) -> BTreeMap<EngineId, Parts<'_>> {
    let mut all: BTreeMap<EngineId, Parts<'_>> = BTreeMap::new();
    for part in run.parts() {
        all.entry(part.engine).or_default().push(part);
    }
    all
}

fn prints(parts: &Parts<'_>) -> Fingerprints {
    let error = |part: &EngineRun| part.error().map(|error| (error.ename.clone(), error.evalue.clone()));
    parts.iter().map(|part| (part.fingerprint(), error(part))).collect()
}

/// Groups as they are found. A thousand engines may each have changed in their own way, with much text each.
struct Groups {
    all: Vec<Compared>,
    /// The index of the group with these lines, by their hash, since the lines themselves may be dropped.
    known: HashMap<(Change, u64), usize>,
    hasher: RandomState,
    /// Bytes of text for which there is room.
    left: usize,
}

impl Groups {
    /// Puts engines into the group that changed in the same way, or into a new one.
    fn add(&mut self, ranks: RankSet, change: Change, lines: Vec<BlockLine>) {
        let text: Vec<String> = lines.iter().map(BlockLine::text).collect();
        let at = *self.known.entry((change, self.hasher.hash_one(&text))).or_insert(self.all.len());
        if let Some(group) = self.all.get_mut(at) {
            group.ranks = group.ranks.iter().chain(ranks.iter()).collect();
            return;
        }
        let left = self.left.checked_sub(text.iter().map(|line| line.len() + 1).sum());
        self.left = left.unwrap_or(self.left);
        let lines = if left.is_some() { lines } else { vec![BlockLine::of(NO_ROOM, Paint::Note)] };
        self.all.push(Compared { ranks, change, lines });
    }
}

/// Everything the parts of one engine show, with keys hidden first: a difference might split one, so that it would not be
/// recognised.
fn all_lines(parts: &Parts<'_>) -> Vec<BlockLine> {
    let mut lines: Vec<BlockLine> = parts.iter().flat_map(|part| part_lines(part)).collect();
    for span in lines.iter_mut().flat_map(|line| &mut line.spans) {
        if let std::borrow::Cow::Owned(masked) = without_key(&span.text) {
            span.text = masked;
        }
    }
    lines
}

fn shown(parts: &Parts<'_>) -> Vec<BlockLine> {
    cut_down(all_lines(parts))
}

/// How the output of one engine changed.
fn changed(former: &Parts<'_>, parts: &Parts<'_>, effort: &mut usize) -> Vec<BlockLine> {
    let note = |text: &str| BlockLine::of(text, Paint::Note);
    let (before, after) = (all_lines(former), all_lines(parts));
    let whole = former.iter().chain(parts).all(|part| is_whole(part));
    if before == after {
        let why = if whole {
            "(the same text; a traceback or an image differs)"
        } else {
            "(the part that differs is no longer in memory)"
        };
        return vec![note(why)];
    }
    let cost = cost(&before, &after);
    let found = (whole && cost <= *effort).then(|| change(&before, &after)).flatten();
    match found {
        Some(lines) => {
            *effort -= cost;
            cut_down(lines)
        }
        None => {
            let why = if whole { "too much to compare line by line" } else { "not all of it is in memory" };
            let mut lines = vec![note(&format!("({why}; this is the output now)"))];
            lines.extend(after);
            cut_down(lines)
        }
    }
}

/// How many pairs of lines, and of words in lines that became others, a comparison may look at.
fn cost(before: &[BlockLine], after: &[BlockLine]) -> usize {
    let words = |lines: &[BlockLine]| {
        let bytes: usize = lines.iter().flat_map(|line| &line.spans).map(|span| span.text.len()).sum();
        bytes / 4 / lines.len().max(1)
    };
    let per_line = words(before).saturating_mul(words(after));
    (before.len() * after.len()).saturating_add(per_line.saturating_mul(before.len().min(after.len())))
}

/// As many lines, and as much of each, as are shown.
fn cut_down(mut lines: Vec<BlockLine>) -> Vec<BlockLine> {
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES - 1);
        lines.push(BlockLine::of(format!("… {}", count(more + 1, "more line")), Paint::Note));
    }
    for line in &mut lines {
        let mut left = COLUMNS;
        for span in &mut line.spans {
            span.text = cut(&span.text, left);
            left -= span.text.chars().count();
        }
    }
    lines
}

#[cfg(test)]
mod tests;
