//! Durations, sizes, counts and endings in words, the same in every view.

use std::time::Duration;

use super::{pending, terminal_text};
use crate::{
    engines::RankSet,
    run::{Run, RunState, Time},
};

/// Most characters of the engines that a progress waits on.
const PROGRESS: usize = 60;

/// The line with which ipyparallel begins a run: `Parallel execution on engine(s): [0-3]`, and `Async parallel ...` where
/// nobody waits for it.
pub(crate) fn heading(run: &Run) -> String {
    let engines: RankSet = run.request.engines.iter().copied().collect();
    format!("{}{engines}", heading_words(run))
}

pub(super) fn heading_words(run: &Run) -> &'static str {
    if run.blocking { "Parallel execution on engine(s): " } else { "Async parallel execution on engine(s): " }
}

/// Milliseconds in words: `12 ms`, `1.2 s`, `34 s`, `3 min 20 s`, `1 h 03 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Seconds, however few, in words: `12.5 µs`, `340 ms`, `1.05 s`, `3 min 20 s`.
pub(super) fn seconds(seconds: f64) -> String {
    let size = seconds.abs();
    let (scale, unit) = match size {
        _ if size >= 60.0 => {
            let sign = if seconds < 0.0 { "-" } else { "" };
            let milliseconds = Duration::try_from_secs_f64(size)
                .map_or(u64::MAX, |size| u64::try_from(size.as_millis()).unwrap_or(u64::MAX));
            return format!("{sign}{}", duration(milliseconds));
        }
        _ if size >= 1.0 || size == 0.0 => (1.0, "s"),
        _ if size >= 1e-3 => (1e-3, "ms"),
        _ if size >= 1e-6 => (1e-6, "µs"),
        _ => (1e-9, "ns"),
    };
    let value = format!("{:.2}", seconds / scale);
    format!("{} {unit}", value.trim_end_matches('0').trim_end_matches('.'))
}

/// Seconds as clocks and progress bars show them: `01:02`, `12:00:04`.
pub(super) fn clock(seconds: f64) -> String {
    let all = Duration::try_from_secs_f64(seconds).map_or(0, |time| time.as_secs());
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, minutes, seconds) => format!("{minutes:02}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// How long a run took, or has taken up to `now`, in milliseconds from its first request on; 0 if none was sent.
pub(crate) fn elapsed(run: &Run, now: Time) -> u64 {
    let begun = run.parts().filter_map(|part| part.sent).min().unwrap_or(run.created);
    match run.state() {
        RunState::Queued => 0,
        _ => run.ended().unwrap_or(now).since(begun),
    }
}

/// The progress of a run in a few words: `queued`, `3 of 4 engines · waiting on [2] n03`.
pub(crate) fn progress(run: &Run) -> String {
    if run.state() == RunState::Queued {
        return "queued".to_owned();
    }
    let (all, left) = (run.parts().len(), run.parts().filter(|part| part.ending().is_none()).count());
    let pending = pending(run, PROGRESS).filter(|_| left > 0);
    let waiting = pending.map(|engines| format!(" · waiting on {engines}")).unwrap_or_default();
    format!("{} of {all} {}{waiting}", all - left, if all == 1 { "engine" } else { "engines" })
}

/// A number of bytes in words: `512 B`, `12 kB`, `3.4 MB`.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..10_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// `1 line`, `2 lines`, `12,345 lines`.
pub(super) fn count(n: usize, what: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let s = if n == 1 { "" } else { "s" };
    format!("{grouped} {what}{s}")
}

/// At most `most` characters; what was cut off is marked by `…`, which counts.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) if most == 0 => String::new(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

/// Text of an engine in one line, without control characters: what would end it is a blank.
pub(crate) fn one_line(text: &str) -> String {
    terminal_text(text, false).replace(['\n', '\t'], " ")
}

/// Sets of scattered engines can be long; the head stays one line.
pub(super) fn short_ranks(ranks: &RankSet) -> String {
    clip(&ranks.to_string(), 100)
}

/// At most `most` bytes, cut between characters, with a mark where something is missing.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    #[test]
    fn durations_and_sizes_are_short() {
        let times = [0, 12, 999, 1250, 9999, 34_567, 200_000, 3_780_000].map(duration);
        assert_eq!(times, ["0 ms", "12 ms", "999 ms", "1.2 s", "9.9 s", "34 s", "3 min 20 s", "1 h 03 min"]);
        let sizes = [999, 1234, 12_345, 3_456_789].map(size);
        assert_eq!(sizes, ["999 B", "1.2 kB", "12 kB", "3.4 MB"]);
        let times = [1.25e-8, 3.2e-6, 0.98, 1.054, 63.0, -0.5].map(seconds);
        assert_eq!(times, ["12.5 ns", "3.2 µs", "980 ms", "1.05 s", "1 min 03 s", "-500 ms"]);
        assert_eq!([62.0, 43_204.5].map(clock), ["01:02", "12:00:04"]);
        assert_eq!(count(1, "line"), "1 line");
        assert_eq!(count(1_234_567, "line"), "1,234,567 lines");
    }

    #[test]
    fn what_is_cut_is_marked_and_counts() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äbcd", 3), "äb…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn nothing_in_a_text_ends_the_one_line() {
        assert_eq!(one_line("a\nb\tc\r\nd\u{2028}\x07\n"), "a b c d\\u2028\\x07");
    }

    #[test]
    fn progress_counts_engines_and_names_those_that_are_waited_for() {
        let four = (0..4).fold(Sample::new(4), Sample::busy);
        for (sample, text) in [
            (Sample::new(4), "queued"),
            (four.clone().ok(0).ok(1).ok(3), "3 of 4 engines · waiting on [2]"),
            (four.clone().on(1, "n02").on(2, "n03").ok(0).ok(1).ok(3), "3 of 4 engines · waiting on [2] n03"),
            (four.all_ok(), "4 of 4 engines"),
            (Sample::new(1).busy(0), "0 of 1 engine · waiting on [0]"),
        ] {
            assert_eq!(progress(&sample.run()), text);
        }
        let scattered = (0..100).fold(Sample::new(100), Sample::busy);
        let scattered = (0..100).step_by(2).fold(scattered, Sample::ok);
        assert_eq!(progress(&scattered.run()), "50 of 100 engines");
    }
}
