//! A run in one line, for the end of a cell's line in an editor.

use super::{
    at_work::at_work,
    duration, elapsed,
    endings::{is_mild, is_stopped},
    errors,
    fold::fold,
    gist::{Gist, MOST_MORE, gists, is_gone, short_ranks},
    hosts::pending,
    numbers::{BARS_IN_A_LINE, Detail, summarize_results},
    without_key,
    wording::cut,
};
use crate::{
    engines::RankSet,
    run::{Ending, EngineRun, Run, RunState, Time},
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
        RunState::Running => {
            let tail = format!(" · {time}");
            let line = |does: &str| waiting(run, budget, does, &tail);
            let bare = line("");
            let room = budget.saturating_sub(bare.chars().count() + 3);
            at_work(run, room).map(|does| line(&format!(" · {does}"))).unwrap_or(bare)
        }
        RunState::Succeeded => {
            let gists = gists(run, &fold(run));
            let tail = format!(" · {time}");
            let has_room = |gists: &[String]| {
                let line = gists.join(" · ");
                line.chars().count() + 2 + tail.chars().count() <= budget
            };
            let texts = |detail, more| gists.iter().map(|gist| gist.text(detail, more)).collect::<Vec<_>>();
            let with_more = (0..=MOST_MORE).rev().map(|more| (Detail::Values(FULL), more));
            let alone =
                [Detail::Bars(BARS_IN_A_LINE), Detail::Median, Detail::Range].map(|detail| (detail, 0));
            let texts = with_more
                .chain(alone)
                .map(|(detail, more)| texts(detail, more))
                .find(|gists| has_room(gists))
                .or_else(|| {
                    let (ranks, summary) = (gists.len() > 1).then(|| summarize_results(run))??;
                    Some(vec![format!("{} {summary}", short_ranks(&ranks))])
                })
                .unwrap_or_else(|| texts(Detail::Range, 0));
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
            let gone = gone.iter().filter(|group| is_gone(group));
            gists.extend(gone.map(|group| Gist::of(run, group).text(Detail::Range, 0)));
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
        RunState::Running => waiting(run, budget, "", ""),
        _ => inline_within(run, now, budget),
    }
}

/// The line of a run that is not over: how many engines have ended, what the others do, and which are awaited; `time` is appended.
fn waiting(run: &Run, budget: usize, does: &str, time: &str) -> String {
    let ended = run.parts().filter(|part| part.ending().is_some()).count();
    let (all, failed) = (run.parts().len(), errors_so_far(run));
    let line = |on: &str| format!("⏳ {ended}/{all}{failed}{does}{on}{time}");
    let room = budget.saturating_sub(line(WAITING_ON).chars().count());
    // Many scattered engines: their number rather than their ranks.
    pending(run, room)
        .map_or_else(|| cut(&line(""), budget), |engines| line(&(WAITING_ON.to_owned() + &engines)))
}

fn errors_so_far(run: &Run) -> String {
    let failed: RankSet = run.parts().filter(|part| part.error().is_some()).map(|part| part.engine).collect();
    if failed.is_empty() { String::new() } else { format!(" · ✗ {failed}") }
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
            "✓ [0-3] loss ‹0.30 0.31 0.32 0.33› · … 1 more line · 110 ms",
            "✓ [0-3] loss ‹0.30 0.31 0.32 0.33› · 110 ms",
            Severity::Ok,
        );
        check(
            losses(9).all_ok(),
            "✓ [0-8] loss ‹0.3…0.38› med 0.34 ▁▂▃▄▅▅▆▇█ · … 1 more line · 260 ms",
            "✓ [0-8] loss ‹0.3…0.38› med 0.34 · 260 ms",
            Severity::Ok,
        );
    }

    #[test]
    fn of_output_that_left_memory_the_last_lines_are_summed_up() {
        let long = |n: u32| "line\n".repeat(100) + &format!("loss 0.{n}\n");
        let sample = (0..3)
            .fold(Sample::new(3), |sample, slot| sample.stdout(slot, &long(slot + 1)).spilled(slot, 100));
        let text = "✓ [0-2] loss ‹0.1 0.2 0.3› · … 100 more lines · 80 ms";
        check(sample.all_ok(), text, "✓ [0-2] loss ‹0.1 0.2 0.3› · 80 ms", Severity::Ok);
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
