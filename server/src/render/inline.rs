//! A run in one line, for the end of a cell's line in an editor.

use super::{
    Group,
    bundle::in_words,
    duration, elapsed,
    endings::{failure, is_mild, is_stopped},
    errors,
    fold::fold,
    grouped::{Shown, of_group},
    hosts::pending,
    line::{BlockLine, Paint},
    numbers::{Detail, summarize_results},
    screen::{Item, Scope},
    template::Template,
    terminal_text, without_key,
    wording::cut,
};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    run::{Ending, EngineRun, OutputKind, Run, RunState, Time},
};

/// Most characters of a hint: plan and result share a line in editors that show both.
pub(crate) const HINT: usize = 43;

/// Most characters of the full line.
const FULL: usize = 160;

const WAITING_ON: &str = " · waiting on ";

/// How serious the state of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The run is not over.
    Pending,
    /// Every engine ended well.
    Ok,
    /// Some engine did not run it, and none raised.
    Warning,
    /// Some engine raised or was lost.
    Error,
}

/// A run in one line, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineLine {
    /// At most 160 characters: state, rank sets with a summary each, time.
    pub text: String,
    /// How serious the state of the run is.
    pub severity: Severity,
}

/// The line beside a cell: `✓ [0-3] hi · 12 ms`, `✗ [2] ZeroDivisionError · 3 ok`, `⏳ 3/4 · waiting on [2] · 12 s`.
pub fn inline(run: &Run, now: Time) -> InlineLine {
    let endings = || run.parts().filter_map(EngineRun::ending);
    let severity = match run.state() {
        RunState::Queued | RunState::Running => Severity::Pending,
        RunState::Succeeded => Severity::Ok,
        RunState::Failed if endings().all(is_mild) => Severity::Warning,
        RunState::Failed => Severity::Error,
    };
    InlineLine { text: inline_within(run, now, FULL), severity }
}

/// As [`inline`], in at most `budget` characters.
pub fn inline_within(run: &Run, now: Time, budget: usize) -> String {
    let time = duration(elapsed(run, now));
    let line = match run.state() {
        RunState::Queued => "⏳ queued".to_owned(),
        RunState::Running => waiting(run, budget, &format!(" · {time}")),
        RunState::Succeeded => {
            let gists = gists(run, &fold(run));
            let tail = format!(" · {time}");
            let has_room = |gists: &[String]| {
                let line = gists.join(" · ");
                line.chars().count() + 2 + tail.chars().count() <= budget
            };
            let brief = || gists.iter().map(|gist| gist.text(Detail::Range)).collect();
            let texts = [Detail::Bars(16), Detail::Median, Detail::Range]
                .into_iter()
                .map(|detail| gists.iter().map(|gist| gist.text(detail)).collect::<Vec<_>>())
                .find(|gists| has_room(gists))
                .or_else(|| {
                    let (ranks, summary) = (gists.len() > 1).then(|| summarize_results(run))??;
                    Some(vec![format!("{} {summary}", short_ranks(&ranks))])
                })
                .unwrap_or_else(brief);
            fit("✓ ", &texts, &tail, budget)
        }
        RunState::Failed => {
            let mut gists: Vec<String> = errors(run, &run.request.code)
                .iter()
                .map(|error| match error.code_line.filter(|_| error.is_interrupted()) {
                    Some(line) => format!("{} {} at line {}", error.ranks, error.title(), line + 1),
                    None => format!("{} {}", error.ranks, error.title()),
                })
                .collect();
            let gone = fold(run);
            let gone = gone
                .iter()
                .filter(|group| matches!(group.ending, Some(Ending::Aborted(_) | Ending::Lost(_))));
            gists.extend(gone.map(|group| Gist::of(run, group).text(Detail::Range)));
            let ok = run.parts().filter(|part| part.ending() == Some(&Ending::Ok)).count();
            let rest = if ok > 0 { format!(" · {ok} ok") } else { String::new() };
            let with_time = format!("{rest} · {time}");
            let went_wrong = |ending: &&Ending| **ending != Ending::Ok;
            let stopped = run.parts().filter_map(EngineRun::ending).filter(went_wrong).all(is_stopped);
            let head = if stopped { "■ " } else { "✗ " };
            let full = fit(head, &gists, &with_time, budget);
            if full.ends_with(&with_time) { full } else { fit(head, &gists, &rest, budget) }
        }
    };
    cut(&without_key(&line.replace('\t', " ")), budget)
}

/// As [`inline_within`], for clients that are not updated while time passes: a run that is not over is shown without its time.
pub(crate) fn inline_timeless(run: &Run, now: Time, budget: usize) -> String {
    match run.state() {
        RunState::Running => waiting(run, budget, ""),
        _ => inline_within(run, now, budget),
    }
}

/// The line of a run that is not over: how many engines have ended and which are awaited; `time` is appended.
fn waiting(run: &Run, budget: usize, time: &str) -> String {
    let ended = run.parts().filter(|part| part.ending().is_some()).count();
    let (all, failed) = (run.parts().len(), errors_so_far(run));
    let line = |on: &str| format!("⏳ {ended}/{all}{failed}{on}{time}");
    let room = budget.saturating_sub(line(WAITING_ON).chars().count());
    // Many scattered engines: their number rather than their ranks.
    pending(run, room)
        .map_or_else(|| cut(&line(""), budget), |engines| line(&(WAITING_ON.to_owned() + &engines)))
}

fn errors_so_far(run: &Run) -> String {
    let failed: RankSet = run.parts().filter(|part| part.error().is_some()).map(|part| part.engine).collect();
    if failed.is_empty() { String::new() } else { format!(" · ✗ {failed}") }
}

/// The gist of each group. A group whose gist reads like that of the first gets the last line in which it differs from it.
fn gists(run: &Run, groups: &[Group]) -> Vec<Gist> {
    let mut gists: Vec<Gist> = groups.iter().map(|group| Gist::of(run, group)).collect();
    let Some((first, others)) = gists.split_first_mut() else { return gists };
    let first = first.text(Detail::Range);
    let without_ranks = |text: &str| text.split_once(' ').map(|(_, line)| line.to_owned());
    for (gist, group) in others.iter_mut().zip(&groups[1..]) {
        if gist.is_text() && without_ranks(&gist.text(Detail::Range)) == without_ranks(&first) {
            let known = lines_of(run, &groups[0]);
            let own = lines_of(run, group);
            if let Some(line) = own.into_iter().rev().find(|line| !line.is_empty() && !known.contains(line)) {
                gist.line = GistLine::Text(line);
            }
        }
    }
    gists
}

/// The last lines of a group, as text.
fn lines_of(run: &Run, group: &Group) -> Vec<String> {
    let scope = Scope { bytes: Some(READ), ..Scope::default() };
    let shown = of_group(run, group, scope);
    let texts = shown.iter().filter_map(|shown| shown.item.text());
    texts.flat_map(str::lines).map(|line| line.trim().to_owned()).collect()
}

/// Bytes of each engine that the line is made from.
const READ: usize = 2000;

/// A group and one line of what it shows.
struct Gist {
    ranks: RankSet,
    line: GistLine,
}

enum GistLine {
    Text(String),
    /// The engines differ; the line is found once the detail is known.
    Alike(Vec<Shown>),
}

impl Gist {
    fn of(run: &Run, group: &Group) -> Self {
        let line = match run.part(group.representative) {
            Some(part) if group.identical || !matches!(part.ending(), Some(Ending::Ok) | None) => {
                GistLine::Text(summary(part))
            }
            _ => {
                let scope = Scope { bytes: Some(READ), ..Scope::default() };
                let shown = of_group(run, group, scope);
                let has_summary =
                    shown.iter().any(|shown| shown.template.is_some() || shown.remark.is_some());
                GistLine::Alike(if has_summary { shown } else { vec![summaries(run, group)] })
            }
        };
        Self { ranks: group.ranks.clone(), line }
    }

    fn is_text(&self) -> bool {
        matches!(&self.line, GistLine::Text(text) if !text.is_empty())
    }

    fn text(&self, detail: Detail) -> String {
        let line = match &self.line {
            GistLine::Text(text) => text.clone(),
            GistLine::Alike(shown) => summary_of(shown, detail),
        };
        let ranks = short_ranks(&self.ranks);
        if line.is_empty() { ranks } else { format!("{ranks} {line}") }
    }
}

/// A rank set, or its size where the ranks are too scattered to be named.
fn short_ranks(ranks: &RankSet) -> String {
    let named = ranks.to_string();
    if named.len() <= 16 { named } else { format!("{} ×", ranks.len()) }
}

/// As [`summary`], of engines that differ in numbers.
fn summary_of(shown: &[Shown], detail: Detail) -> String {
    let newest = |wanted: fn(&Item) -> bool| shown.iter().rev().find(|shown| wanted(&shown.item));
    let lines = |shown: &Shown| -> Vec<String> {
        // The median of the sizes of different images means nothing.
        let detail = if shown.remark.is_some() { Detail::Range } else { detail };
        let mut lines: Vec<String> = match &shown.template {
            Some(template) => template.lines(Paint::Note, Some(detail)).iter().map(BlockLine::text).collect(),
            None => shown.item.text().unwrap_or_default().lines().map(str::to_owned).collect(),
        };
        if let (Some(remark), Some(first)) = (&shown.remark, lines.first_mut()) {
            first.push_str(&format!(" · {remark}"));
        }
        lines
    };
    let last = |shown: &Shown| last_of(&lines(shown).join("\n"));
    let first = |shown: &Shown| first_line(&lines(shown).join("\n"));
    newest(|item| matches!(item, Item::Result { .. }))
        .map(first)
        .or_else(|| newest(|item| matches!(item, Item::Text { name: StreamName::Stdout, .. })).map(last))
        .or_else(|| newest(|item| matches!(item, Item::Display { .. })).map(first))
        .or_else(|| newest(|item| matches!(item, Item::Text { .. })).map(last))
        .unwrap_or_default()
}

/// The summary of engines whose whole output cannot be summarised, for example because it is not all in memory: their one-line
/// summaries, summarised.
fn summaries(run: &Run, group: &Group) -> Shown {
    let mut parts: Vec<&EngineRun> = group.slots.iter().filter_map(|slot| run.part(*slot)).collect();
    parts.sort_by_key(|part| part.engine);
    let texts: Vec<_> = parts.into_iter().map(|part| (part.engine, summary(part))).collect();
    let mut text = texts.first().map(|(_, text)| text.clone()).unwrap_or_default();
    let same = texts.iter().all(|(_, other)| *other == text);
    let template = if same { None } else { Template::of(&texts, false) };
    if !same && template.is_none() {
        text.push_str(" …");
    }
    Shown { item: Item::Text { name: StreamName::Stdout, text, late: false }, template, remark: None }
}

/// The last line that holds more than blanks.
fn last_of(text: &str) -> String {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// The most telling line of an engine's part: how it failed, else its result, else the last line it wrote.
fn summary(part: &EngineRun) -> String {
    if let Some(words) = failure(part) {
        return words;
    }
    let newest = |wanted: fn(&OutputKind) -> Option<String>| {
        part.outputs.iter().rev().find_map(|output| wanted(&output.kind)).filter(|text| !text.is_empty())
    };
    newest(|kind| match kind {
        OutputKind::Result { data, .. } => Some(first_line(&in_words(data, false))),
        _ => None,
    })
    .or_else(|| newest(|kind| last_line(kind, StreamName::Stdout)))
    .or_else(|| {
        newest(|kind| match kind {
            OutputKind::Display { data, .. } | OutputKind::UpdateDisplay { data, .. } => {
                Some(first_line(&in_words(data, false)))
            }
            _ => None,
        })
    })
    .or_else(|| newest(|kind| last_line(kind, StreamName::Stderr)))
    .unwrap_or_default()
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() { format!("{first} …") } else { first }
}

/// The last line of a stream piece that holds more than blanks; of long text only the end is looked at.
fn last_line(kind: &OutputKind, wanted: StreamName) -> Option<String> {
    let OutputKind::Stream(name, text) = kind else { return None };
    if *name != wanted {
        return None;
    }
    let shown = terminal_text(&text.end(2000), false);
    Some(shown.lines().rev().map(str::trim).find(|line| !line.is_empty())?.to_owned())
}

/// As many gists as there is room for, then how many more there are, then the tail if there is room for it.
fn fit(head: &str, gists: &[String], tail: &str, budget: usize) -> String {
    let chars = |text: &str| text.chars().count();
    let mut line = head.to_owned();
    for (i, gist) in gists.iter().enumerate() {
        let gap = if i == 0 { "" } else { " · " };
        let left = gists.len() - i - 1;
        let more = |left: usize| if left == 0 { String::new() } else { format!(" · +{left}") };
        if chars(&line) + chars(gap) + chars(gist) + chars(&more(left)) > budget {
            if i > 0 {
                line.push_str(&more(left + 1));
                break;
            }
            let room = budget.saturating_sub(chars(&line) + chars(&more(left)));
            line.push_str(&cut(gist, room));
            line.push_str(&more(left));
            break;
        }
        line.push_str(gap);
        line.push_str(gist);
    }
    if chars(&line) + chars(tail) <= budget {
        line.push_str(tail);
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    /// Text, hint and severity, 12.3 s after the run was asked for.
    fn check(sample: Sample, text: &str, short: &str, severity: Severity) {
        let (run, now) = (sample.run(), Time(12_310));
        let line = inline(&run, now);
        let hint = inline_within(&run, now, HINT);
        assert_eq!((line.text.as_str(), hint.as_str(), line.severity), (text, short, severity));
    }

    #[test]
    fn results_stand_under_their_rank_sets() {
        let sample = (0..4).fold(Sample::new(4), |sample, slot| sample.stdout(slot, "hi\n"));
        check(sample.all_ok(), "✓ [0-3] hi · 110 ms", "✓ [0-3] hi · 110 ms", Severity::Ok);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let words = ["alpha", "bravo", "charly", "delta", "echo"];
        let sample = (0..).zip(words).fold(Sample::new(5), |sample, (slot, word)| sample.result(slot, word));
        check(
            sample.all_ok(),
            "✓ [0] alpha · [1] bravo · [2] charly · [3] delta · [4] echo · 140 ms",
            "✓ [0] alpha · [1] bravo · [2] charly · +2",
            Severity::Ok,
        );
    }

    #[test]
    fn what_differs_in_numbers_is_one_template_with_as_much_detail_as_there_is_room() {
        let losses = |count: u32| {
            (0..count).fold(Sample::new(count), |sample, slot| {
                sample.stdout(slot, &format!("training on {slot}\nloss 0.3{slot}\n"))
            })
        };
        check(
            losses(4).all_ok(),
            "✓ [0-3] loss {0.3…0.33} med 0.315 ▁▃▆█ · 110 ms",
            "✓ [0-3] loss {0.3…0.33} med 0.315 · 110 ms",
            Severity::Ok,
        );
    }

    #[test]
    fn of_output_that_left_memory_the_last_lines_are_summed_up() {
        let long = |n: u32| "line\n".repeat(100) + &format!("loss 0.{n}\n");
        let sample = (0..3)
            .fold(Sample::new(3), |sample, slot| sample.stdout(slot, &long(slot + 1)).spilled(slot, 100));
        let text = "✓ [0-2] loss {0.1…0.3} med 0.2 ▁▅█ · 80 ms";
        check(sample.all_ok(), text, text, Severity::Ok);
    }

    #[test]
    fn waiting_names_the_engines_and_the_time() {
        let sample = Sample::new(4).busy(0).ok(0).busy(1).ok(1).busy(2).busy(3).ok(3);
        let text = "⏳ 3/4 · waiting on [2] · 12 s";
        check(sample, text, text, Severity::Pending);
        check(Sample::new(2), "⏳ queued", "⏳ queued", Severity::Pending);
    }

    #[test]
    fn waiting_names_the_hosts_of_engines_on_several() {
        let on =
            |hosts: [&str; 4]| (0..).zip(hosts).fold(Sample::new(4), |all, (slot, host)| all.on(slot, host));
        let apart = || on(["n01", "n02", "n03", "n04"]).busy(0).ok(0).busy(1).busy(2).busy(3).ok(3);
        let text = "⏳ 3/4 · waiting on [2] n03 · 12 s";
        check(apart().ok(1), text, text, Severity::Pending);
        check(
            apart(),
            "⏳ 2/4 · waiting on [1] n02, [2] n03 · 12 s",
            "⏳ 2/4 · waiting on [1] n02, [2] n03 · 12 s",
            Severity::Pending,
        );
        let long = |n| format!("node-{n}-of-a-cluster-with-long-names");
        let names = [1, 2, 3, 4].map(long);
        let names = names.each_ref().map(String::as_str);
        check(
            on(names).busy(1).busy(2),
            "⏳ 0/4 · waiting on [0-3] · 12 s",
            "⏳ 0/4 · waiting on [0-3] · 12 s",
            Severity::Pending,
        );
        assert_eq!(inline_timeless(&apart().ok(1).run(), Time(12_310), HINT), "⏳ 3/4 · waiting on [2] n03");
        let together = on(["n01"; 4]).busy(0).ok(0).busy(1).ok(1).busy(2).busy(3).ok(3);
        let text = "⏳ 3/4 · waiting on [2] · 12 s";
        check(together, text, text, Severity::Pending);
    }

    #[test]
    fn failures_come_before_what_went_well() {
        let sample = Sample::new(4).busy(0).raise(2, "ZeroDivisionError", "division by zero", &[]).all_ok();
        check(
            sample,
            "✗ [2] ZeroDivisionError: division by zero · 3 ok · 150 ms",
            "✗ [2] ZeroDivisionError: division by zero",
            Severity::Error,
        );
        let text = "✗ [1] engine died · 1 ok · 40 ms";
        check(Sample::new(2).busy(0).ok(0).lost(1, LostReason::EngineDied), text, text, Severity::Error);
        let text = "✗ [1] aborted · 1 ok · 40 ms";
        check(Sample::new(2).busy(0).ok(0).aborted(1), text, text, Severity::Warning);
    }

    proptest! {
        #[test]
        fn a_line_keeps_its_budget_and_is_one_line(texts in prop::collection::vec(any::<String>(), 1..6), ended in any::<bool>()) {
            let count = u32::try_from(texts.len()).expect("few");
            let mut sample = Sample::new(count);
            for (text, slot) in texts.iter().zip(0..) {
                sample = sample.busy(slot).stdout(slot, text).result(slot, text);
                if ended && slot % 2 == 1 {
                    sample = sample.raise(slot, text, text, &[text]);
                }
            }
            let run = if ended { sample.all_ok().run() } else { sample.run() };
            let line = inline(&run, Time(1000));
            let hint = inline_within(&run, Time(1000), HINT);
            prop_assert!(hint.chars().count() <= HINT, "{hint}");
            prop_assert!(line.text.chars().count() <= FULL);
            prop_assert!(!line.text.contains(char::is_control));
        }
    }
}
