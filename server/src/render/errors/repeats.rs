//! Calls that repeat in a traceback: of a function that calls itself a thousand times the first and the last call are shown, and
//! between them the line that IPython writes where it sees the repetition itself.
//!
//! ```text
//! Cell In[1], line 2, in f(n)                                      Cell In[1], line 2, in f(n)
//! ----> 2     return f(n + 1)                                      ----> 2     return f(n + 1)
//!
//! Cell In[1], line 2, in f(n)                                 ▶        [... skipping similar frames: f at line 2 (968 times)]
//! ----> 2     return f(n + 1)
//!                                                                  Cell In[1], line 2, in f(n)
//! … 968 more of them                                               ----> 2     return f(n + 1)
//! ```

use std::ops::Range;

use super::traceback::{Kind, Step};

/// Fewer repetitions are shown one by one.
const FEWEST: usize = 5;

/// Most functions that call each other in turn.
const LONGEST: usize = 8;

/// Lines of a traceback that say what the lines around them say already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::render) struct Repeat {
    lines: Range<usize>,
    /// What is shown instead.
    note: String,
}

/// The calls that repeat in a traceback with these steps, in its order.
pub(super) fn repeats(traceback: &str, steps: &[Step]) -> Vec<Repeat> {
    let lines: Vec<&str> = traceback.lines().collect();
    let is_same = |one: &Step, other: &Step| {
        matches!(one.kind, Kind::Frame(_))
            && one.key == other.key
            && lines[one.lines.clone()] == lines[other.lines.clone()]
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let times = |period: usize| {
            let pairs = steps[at..].iter().zip(steps.get(at + period..).unwrap_or_default());
            pairs.take_while(|(one, other)| is_same(one, other)).count() / period + 1
        };
        let Some((period, times)) =
            (1..=LONGEST).map(|period| (period, times(period))).find(|(_, times)| *times >= FEWEST)
        else {
            at += 1;
            continue;
        };
        let end = at + period * times;
        let (first, last) = (at + period, end - period);
        let skipped = steps[first].lines.start..steps[last].lines.start;
        found.push(Repeat { lines: skipped, note: note(&steps[first..first + period], times - 2) });
        at = end;
    }
    found
}

fn note(steps: &[Step], times: usize) -> String {
    let called = steps.iter().filter_map(|step| {
        let Kind::Frame(frame) = &step.kind else { return None };
        let name = frame.function.iter().map(|function| function.as_str());
        let line = frame.line.map(|line| format!("at line {line}"));
        let words: Vec<&str> = name.chain(line.as_deref()).collect();
        Some(format!("{} ({times} times)", words.join(" ")))
    });
    format!("    [... skipping similar frames: {}]", called.collect::<Vec<_>>().join(", "))
}

/// A traceback without what repeats in it. It may be another form of the one that was looked at, as in colours, with the same lines.
pub(in crate::render) fn without(repeats: &[Repeat], traceback: &str) -> String {
    let mut lines = traceback.split('\n');
    let mut shown: Vec<&str> = Vec::new();
    let mut at = 0;
    for repeat in repeats {
        shown.extend(lines.by_ref().take(repeat.lines.start - at));
        shown.extend([repeat.note.as_str(), ""]);
        at = repeat.lines.end;
        lines.by_ref().take(repeat.lines.len()).for_each(drop);
    }
    shown.extend(lines);
    shown.join("\n")
}
