//! A run in one line.

use super::{
    Group,
    bundle::in_words,
    duration, elapsed, errors, fold,
    numbers::summed_up,
    settle, without_key,
    wording::{cut, is_unsent},
};
use crate::{
    jupyter::content::StreamName,
    run::{Ending, EngineRun, OutputKind, Run, RunState, Time},
};

/// Most characters of a hint: plan and result share a line in editors that show both.
pub const HINT: usize = 43;

/// Most characters of the full line.
const FULL: usize = 160;

/// How a line is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Not over.
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
    /// At most [`HINT`] characters: the same, less of it.
    pub short: String,
    /// How it is to be taken.
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
    InlineLine { text: inline_within(run, now, FULL), short: inline_within(run, now, HINT), severity }
}

/// As [`inline`], in at most `budget` characters.
pub fn inline_within(run: &Run, now: Time, budget: usize) -> String {
    let time = duration(elapsed(run, now));
    let line = match run.state() {
        RunState::Queued => "⏳ queued".to_owned(),
        RunState::Running => {
            let ended = run.parts().filter(|part| part.ending().is_some()).count();
            let all = run.parts().len();
            let failed = errors_so_far(run);
            let told = format!("⏳ {ended}/{all}{failed} · waiting on {} · {time}", run.pending());
            // Many scattered engines: their number rather than their ranks.
            if told.chars().count() <= budget { told } else { format!("⏳ {ended}/{all}{failed} · {time}") }
        }
        RunState::Succeeded => {
            let gists = match summed_up(run) {
                Some((ranks, told)) => vec![format!("{ranks} {told}")],
                None => fold(run).iter().map(|group| gist(run, group)).collect(),
            };
            fit("✓ ", &gists, &format!(" · {time}"), budget)
        }
        RunState::Failed => {
            let mut gists: Vec<String> = errors(run, &run.request.code)
                .iter()
                .map(|error| format!("{} {}", error.ranks, error.title()))
                .collect();
            let gone = fold(run);
            let gone =
                gone.iter().filter(|group| matches!(group.ending, Some(Ending::Aborted | Ending::Lost(_))));
            gists.extend(gone.map(|group| gist(run, group)));
            let ok = run.parts().filter(|part| part.ending() == Some(&Ending::Ok)).count();
            let rest = if ok > 0 { format!(" · {ok} ok") } else { String::new() };
            let with_time = format!("{rest} · {time}");
            let full = fit("✗ ", &gists, &with_time, budget);
            if full.ends_with(&with_time) { full } else { fit("✗ ", &gists, &rest, budget) }
        }
    };
    cut(&without_key(&line.replace('\t', " ")), budget)
}

/// Whether nothing went wrong on an engine, though it may not have run the code.
fn is_mild(ending: &Ending) -> bool {
    match ending {
        Ending::Ok | Ending::Aborted => true,
        Ending::Lost(reason) => is_unsent(reason),
        Ending::Error(_) => false,
    }
}

fn errors_so_far(run: &Run) -> String {
    let failed: crate::engines::RankSet =
        run.parts().filter(|part| part.error().is_some()).map(|part| part.engine).collect();
    if failed.is_empty() { String::new() } else { format!(" · ✗ {failed}") }
}

/// A group and what it has to say, in one line.
fn gist(run: &Run, group: &Group) -> String {
    let said = run.part(group.representative).map(summary).unwrap_or_default();
    if said.is_empty() { group.ranks.to_string() } else { format!("{} {said}", group.ranks) }
}

/// The one line that tells most of an engine's part: how it failed, else its result, else the last line it wrote.
fn summary(part: &EngineRun) -> String {
    match part.ending() {
        Some(Ending::Error(error)) => return settle(&error.ename, false),
        Some(Ending::Aborted) => return "aborted".to_owned(),
        Some(Ending::Lost(reason)) if is_unsent(reason) => return "not run".to_owned(),
        Some(Ending::Lost(_)) => return "lost".to_owned(),
        Some(Ending::Ok) | None => {}
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
    let shown = settle(&text.end(2000), false);
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
        let line = inline(&sample.run(), Time(12_310));
        assert_eq!((line.text.as_str(), line.short.as_str(), line.severity), (text, short, severity));
    }

    #[test]
    fn results_stand_under_their_rank_sets() {
        let sample = (0..4).fold(Sample::new(4), |sample, slot| sample.stdout(slot, "hi\n"));
        check(sample.all_ok(), "✓ [0-3] hi · 110 ms", "✓ [0-3] hi · 110 ms", Severity::Ok);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let sample =
            (0..5).fold(Sample::new(5), |sample, slot| sample.result(slot, &format!("value {slot}")));
        check(
            sample.all_ok(),
            "✓ [0] value 0 · [1] value 1 · [2] value 2 · [3] value 3 · [4] value 4 · 140 ms",
            "✓ [0] value 0 · [1] value 1 · +3 · 140 ms",
            Severity::Ok,
        );
    }

    #[test]
    fn waiting_names_the_engines_and_the_time() {
        let sample = Sample::new(4).busy(0).ok(0).busy(1).ok(1).busy(2).busy(3).ok(3);
        let text = "⏳ 3/4 · waiting on [2] · 12 s";
        check(sample, text, text, Severity::Pending);
        check(Sample::new(2), "⏳ queued", "⏳ queued", Severity::Pending);
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
        let text = "✗ [1] lost · 1 ok · 40 ms";
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
            prop_assert!(line.short.chars().count() <= HINT, "{}", line.short);
            prop_assert!(line.text.chars().count() <= FULL);
            prop_assert!(!line.text.contains(char::is_control));
        }
    }
}
