//! A run in a shell.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    GroupBy, duration, elapsed,
    endings::gone,
    error_text::lay_out_errors,
    heading,
    layout::lay_out,
    line::{BlockLine, Paint},
    outcome,
    screen::Scope,
    view::View,
};
use crate::{
    engines::{EngineId, RankSet},
    run::{Run, RunState},
};

/// How the shell can show text.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// Whether to colour (the caller looks at `NO_COLOR` and whether this is a terminal).
    pub color: bool,
    /// Columns of the terminal; rules are at most 80 long.
    pub width: usize,
    /// How headings of errors name a 0-based line of the code, for instance `demo.py line 14`; without it, or where it says
    /// nothing, by its number in the cell.
    pub place: Option<&'a dyn Fn(u32) -> Option<String>>,
}

impl Default for Style<'_> {
    /// No colour, 80 columns, lines of the cell.
    fn default() -> Self {
        Self { color: false, width: 80, place: None }
    }
}

/// A run as `pxlens run` shows it: which engines, their groups, the errors, and how it ended.
///
/// Nothing is cut. Ends in a newline. Without `color` there is no escape sequence in it.
pub fn terminal(run: &Run, by: GroupBy, style: Style<'_>) -> String {
    let mut text = String::new();
    write_line(&mut text, &BlockLine::of(heading(run), Paint::Note), style);
    let view = View { names_stderr: !style.color, ..view(by, style) };
    for line in lay_out(run, view, style.place.unwrap_or(&|_| None)) {
        write_line(&mut text, &line, style);
    }
    write_line(&mut text, &closing(run), style);
    text
}

/// What [`terminal`] shows behind the groups, for whoever has seen all output as it came: the errors, and how it ended.
pub(crate) fn terminal_end(run: &Run, style: Style<'_>) -> String {
    let view = view(GroupBy::Fold, style);
    let mut lines = Vec::new();
    lay_out_errors(run, view, style.place.unwrap_or(&|_| None), &mut lines);
    lines.push(closing(run));
    let mut text = String::new();
    lines.iter().for_each(|line| write_line(&mut text, line, style));
    text
}

/// What went wrong on these engines of a run that others still work on, and how far it is. [`terminal`] shows it again, with the
/// output, when the run is over.
pub(crate) fn terminal_failures(run: &Run, engines: &RankSet, style: Style<'_>) -> String {
    let of_these = run.only(engines);
    let mut all_gone: BTreeMap<String, Vec<EngineId>> = BTreeMap::new();
    for part in of_these.parts() {
        if let Some(why) = gone(part) {
            all_gone.entry(why).or_default().push(part.engine);
        }
    }
    let gone_line = |(why, engines): (String, Vec<EngineId>)| {
        let ranks: RankSet = engines.into_iter().collect();
        BlockLine::of(format!("{ranks} ✗ "), Paint::FailedRanks).and(why, Paint::Error)
    };
    let mut lines: Vec<BlockLine> = all_gone.into_iter().map(gone_line).collect();
    let view = view(GroupBy::Fold, style);
    lay_out_errors(&of_these, view, style.place.unwrap_or(&|_| None), &mut lines);
    lines.push(closing(run));
    let mut text = String::new();
    lines.iter().for_each(|line| write_line(&mut text, line, style));
    text
}

/// What has come of a run since [`terminal`] showed it as it was in `seen`; `None` if nothing has.
pub(crate) fn terminal_since(run: &Run, seen: &Run, style: Style<'_>) -> Option<String> {
    let late = run.since(seen)?;
    let view = View { names_stderr: !style.color, ..view(GroupBy::Fold, style) };
    let mut text = String::new();
    lay_out(&late, view, &|_| None).iter().for_each(|line| write_line(&mut text, line, style));
    Some(text)
}

fn view(by: GroupBy, style: Style<'_>) -> View {
    let scope = Scope { colors: style.color, ..Scope::default() };
    View { by, scope, width: style.width, names_stderr: false, keeps_values: false }
}

/// The last line: `✓ 4 engines · 1.2 s`.
fn closing(run: &Run) -> BlockLine {
    let said = outcome(run);
    let (mark, paint) = match run.state() {
        RunState::Succeeded => ("✓", Paint::Ranks),
        RunState::Failed => ("✗", Paint::Error),
        RunState::Queued | RunState::Running => ("⏳", Paint::Pending),
    };
    let mut line = BlockLine::of(format!("{mark} {said}"), paint);
    if run.is_over() {
        let time = duration(elapsed(run, run.created));
        line.spans.extend(BlockLine::of(format!(" · {time}"), Paint::Note).spans);
    }
    line
}

fn write_line(text: &mut String, line: &BlockLine, style: Style<'_>) {
    let mut line_text = String::new();
    for span in &line.spans {
        match sgr(span.paint).filter(|_| style.color && !span.text.is_empty()) {
            Some(code) => {
                let _ = write!(line_text, "\x1b[{code}m{}\x1b[0m", span.text);
            }
            None => line_text.push_str(&span.text),
        }
    }
    text.push_str(&line_text);
    text.push('\n');
}

/// The colour of each kind, in the terminal's own palette.
fn sgr(paint: Paint) -> Option<&'static str> {
    match paint {
        Paint::Ranks => Some("1;36"),
        Paint::FailedRanks => Some("1;31"),
        Paint::Rule | Paint::Note => Some("2"),
        Paint::Stderr | Paint::Error => Some("31"),
        Paint::Pending => Some("33"),
        // The engine's own colours show.
        Paint::Stdout | Paint::Display | Paint::Result | Paint::Traceback => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    fn check(sample: Sample, style: Style<'_>, expected: Expect) {
        let text = terminal(&sample.run(), GroupBy::Fold, style);
        expected.assert_eq(&text.replace('\x1b', "␛"));
    }

    const PLAIN: Style<'_> = Style { color: false, width: 60, place: None };

    const ZERO: &str = "\x1b[31m---------------------------------------------------------------------------\x1b[39m\n\x1b[31mZeroDivisionError\x1b[39m                         Traceback (most recent call last)\nCell In[1], line 2\n      1 print('before')\n\x1b[32m----> 2\x1b[39m 1/0\n\n\x1b[31mZeroDivisionError\x1b[39m: division by zero";

    #[test]
    fn one_line_stands_beside_its_ranks() {
        let sample = (0..4)
            .fold(Sample::new(4), |sample, slot| sample.result(slot, if slot == 3 { "7" } else { "42" }));
        check(
            sample.all_ok(),
            PLAIN,
            expect![[r#"
                Parallel execution on engine(s): [0-3]
                [0-2] Out: 42
                [3]   Out: 7
                ✓ 4 engines · 110 ms
            "#]],
        );
    }

    #[test]
    fn more_lines_stand_below_a_rule() {
        let sample =
            (0..3).fold(Sample::new(3), |sample, slot| sample.stdout(slot, "one\ntwo\n").result(slot, "42"));
        check(
            sample.all_ok(),
            PLAIN,
            expect![[r#"
            Parallel execution on engine(s): [0-2]
            ── [0-2] ───────────────────────────────────────────────────
            one
            two
            Out: 42
            ✓ 3 engines · 80 ms
        "#]],
        );
    }

    #[test]
    fn a_traceback_is_shown_once_for_all_engines_that_raised_it() {
        let mut sample = Sample::asked(&[0, 1, 2, 3], "print('before')\n1/0", false);
        for slot in 0..4 {
            sample = sample.busy(slot).input(slot, 1).stdout(slot, &format!("before {}\n", slot / 2));
        }
        for slot in 1..4 {
            sample = sample.raise(slot, "ZeroDivisionError", "division by zero", &[ZERO]);
        }
        check(
            sample.ok(0),
            PLAIN,
            expect![[r#"
                Parallel execution on engine(s): [0-3]
                [1-3] ✗ before ‹0 1 1›
                [0]     before 0
                ── ✗ [1-3] ZeroDivisionError: division by zero · line 2 ────
                Cell In[1], line 2
                      1 print('before')
                ----> 2 1/0

                ZeroDivisionError: division by zero
                ✗ 3 of 4 failed · 260 ms
            "#]],
        );
    }

    #[test]
    fn an_error_in_a_file_names_the_line_of_the_file() {
        let sample = Sample::new(1).busy(0).input(0, 1).raise(0, "ZeroDivisionError", "no", &[ZERO]);
        let (run, place) = (sample.run(), |line: u32| Some(format!("demo.py line {}", line + 40)));
        let text = terminal(&run, GroupBy::Fold, Style { place: Some(&place), ..PLAIN });
        let heading = text.lines().find(|line| line.contains("✗ [0]")).unwrap_or_default();
        assert_eq!(heading, "── ✗ [0] ZeroDivisionError: no · demo.py line 40 ───────────");
    }

    #[test]
    fn texts_that_differ_stand_over_the_one_traceback() {
        let mut sample = Sample::asked(&[0, 1], "raise E(rank)", false);
        for slot in 0..2 {
            let text = format!("Cell In[1], line 1\n----> 1 raise E(rank)\n\nE: rank {slot}");
            sample = sample.busy(slot).input(slot, 1).raise(slot, "E", &format!("rank {slot}"), &[&text]);
        }
        check(
            sample,
            PLAIN,
            expect![[r#"
            Parallel execution on engine(s): [0-1]
            ── ✗ [0-1] E · line 1 ──────────────────────────────────────
            [0] rank 0
            [1] rank 1
            Cell In[1], line 1
            ----> 1 raise E(rank)

            E: rank 0
            ✗ 2 of 2 failed · 110 ms
        "#]],
        );
    }

    #[test]
    fn what_never_ran_and_what_is_still_running_is_said() {
        let sample =
            Sample::new(4).busy(0).stdout(0, "step 1\n").busy(1).aborted(2).lost(3, LostReason::EngineDied);
        check(
            sample,
            PLAIN,
            expect![[r#"
                Parallel execution on engine(s): [0-3]
                [0] ⏳ step 1
                [1] ⏳ running
                [2] ✗ aborted: not run
                [3] ✗ lost: the engine died
                ⏳ 2 of 4 ended, waiting on [0-1]
            "#]],
        );
    }

    #[test]
    fn what_went_wrong_on_some_engines_is_shown_while_others_work() {
        let mut sample = Sample::asked(&[0, 1, 2, 3], "print('before')\n1/0", false);
        for slot in 0..4 {
            sample = sample.busy(slot).input(slot, 1).stdout(slot, "before\n");
        }
        let sample = sample.raise(2, "ZeroDivisionError", "division by zero", &[ZERO]);
        let run = sample.lost(3, LostReason::EngineDied).run();
        let failed: RankSet = [EngineId(2), EngineId(3)].into_iter().collect();
        expect![[r#"
            [3] ✗ lost: the engine died while it ran this
            ── ✗ [2] ZeroDivisionError: division by zero · line 2 ──────
            Cell In[1], line 2
                  1 print('before')
            ----> 2 1/0

            ZeroDivisionError: division by zero
            ⏳ 2 of 4 ended, waiting on [0-1]
        "#]]
        .assert_eq(&terminal_failures(&run, &failed, PLAIN));
    }

    #[test]
    fn colours_mark_ranks_and_stderr_and_leave_the_engines_own() {
        let sample = Sample::new(2)
            .stdout(0, "\x1b[32mgreen\x1b[0m\n\x1b]0;title\x07")
            .stderr(0, "problem\n")
            .ok(0)
            .busy(1)
            .raise(1, "E", "", &[]);
        check(
            sample,
            Style { color: true, width: 40, place: None },
            expect![[r#"
                ␛[2mParallel execution on engine(s): [0-1]␛[0m
                ␛[2m── ␛[0m␛[1;36m[0]␛[0m␛[2m ─────────────────────────────────␛[0m
                ␛[32mgreen␛[0m
                ␛[31mproblem␛[0m
                ␛[2m── ␛[0m␛[1;31m✗ [1] ␛[0m␛[31mE␛[0m␛[2m ─────────────────────────────␛[0m
                ␛[31mE: ␛[0m
                ␛[31m✗ 1 of 2 failed␛[0m␛[2m · 70 ms␛[0m
            "#]],
        );
    }

    #[test]
    fn without_colours_stderr_is_named() {
        let sample = Sample::new(2).stderr(0, "one line\n").stdout(1, "out\n").stderr(1, "two\nlines\n");
        check(
            sample.all_ok(),
            PLAIN,
            expect![[r#"
            Parallel execution on engine(s): [0-1]
            [0] stderr: one line
            ── [1] ─────────────────────────────────────────────────────
            out
            stderr:
            two
            lines
            ✓ 2 engines · 50 ms
        "#]],
        );
    }

    #[test]
    fn a_traceback_keeps_the_engines_colours() {
        let sample =
            Sample::new(1).busy(0).input(0, 1).raise(0, "ZeroDivisionError", "division by zero", &[ZERO]);
        check(
            sample,
            Style { color: true, width: 60, place: None },
            expect![[r#"
                ␛[2mParallel execution on engine(s): [0]␛[0m
                ␛[2m── ␛[0m␛[1;31m✗ [0] ␛[0m␛[31mZeroDivisionError: division by zero␛[0m␛[2m · line 1␛[0m␛[2m ──────␛[0m
                Cell In[1], line 2
                      1 print('before')
                ␛[32m----> 2␛[0m 1/0

                ␛[31mZeroDivisionError␛[0m: division by zero
                ␛[31m✗ 1 of 1 failed␛[0m␛[2m · 50 ms␛[0m
            "#]],
        );
    }

    #[test]
    fn no_output_is_said_too() {
        check(
            Sample::new(3).all_ok(),
            PLAIN,
            expect![[r#"
            Parallel execution on engine(s): [0-2]
            [0-2] (no output)
            ✓ 3 engines · 80 ms
        "#]],
        );
    }
}
