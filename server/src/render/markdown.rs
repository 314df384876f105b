//! A run as Markdown, for hovers.
//!
//! Whatever an engine sent stands in a code fence longer than any run of backticks in it, or in inline code that holds
//! letters, digits, dots and underscores only. So it can never become a link, HTML or any other markup.

use super::{
    GroupBy, Limits, duration, elapsed,
    error_text::error_fences,
    layout::{Drawn, across_groups, draw_blocks, share},
    line::{BlockLine, Paint},
    outcome,
    screen::Scope,
    sections::{State, sections},
    view::View,
    without_keys,
    wording::{clip, count, heading_words, short_ranks},
};
use crate::{
    engines::RankSet,
    run::{Run, RunState},
};

/// Kept free for the sentence that says what was left out.
pub(super) const RESERVE: usize = 200;

/// The groups, results and errors of a run, in at most `limits.bytes` bytes (500 at least).
pub fn markdown(run: &Run, by: GroupBy, limits: Limits) -> String {
    below(heading(run), run, by, limits)
}

/// The groups, results and errors of a run below a head of pxlens' own, within the same limit.
pub(super) fn below(head: String, run: &Run, by: GroupBy, limits: Limits) -> String {
    let most = limits.bytes.max(500);
    let mut page = Page { text: head, most: most - RESERVE };
    let scope = Scope { bytes: Some(share(run, limits)), ..Scope::default() };
    let view = View { by, scope, width: limits.columns, names_stderr: false, keeps_values: false };
    let sections = sections(run, view);
    let errors = error_fences(run);
    let mut left = sections.iter().map(|section| section.blocks.len()).sum::<usize>() + errors.len();
    let mut hidden = 0;
    // Errors first: they are what one looks for, and there are few of them.
    for (head, text) in &errors {
        hidden += usize::from(!page.add(head, &[(None, text.clone())], left));
        left -= 1;
    }
    for section in &sections {
        let mut title = section.title;
        for drawn in &draw_blocks(section, view) {
            let head = match title.take() {
                Some(title) => format!("*{title}*\n\n{}", block_head(drawn)),
                None => block_head(drawn),
            };
            hidden += usize::from(!page.add(&head, &fences(&drawn.lines), left));
            left -= 1;
        }
    }
    if let Some((ranks, summary)) = across_groups(run, view) {
        // Made of digits and bars by `numbers`: nothing in it is markup.
        page.add(&format!("`{}`", short_ranks(&ranks)), &[(None, summary)], 0);
    }
    if hidden > 0 {
        page.text.push_str(&format!("\n… {} not shown here\n", count(hidden, "more group")));
    }
    // Only ever shorter, or as long: the limit holds.
    without_keys(&page.text).into_owned()
}

pub(super) fn heading(run: &Run) -> String {
    let engines: RankSet = run.request.engines.iter().copied().collect();
    let mark = match run.state() {
        RunState::Succeeded => "✓",
        RunState::Failed => "✗",
        RunState::Queued | RunState::Running => "⏳",
    };
    let time =
        if run.is_over() { format!(" · {}", duration(elapsed(run, run.created))) } else { String::new() };
    let engines = short_ranks(&engines);
    let words = heading_words(run);
    format!("{mark} {words}`{engines}` · {}{time}\n", clip(&outcome(run), 120))
}

fn block_head(drawn: &Drawn<'_>) -> String {
    let mark = match &drawn.block.state {
        State::Ok => String::new(),
        other => format!("{} ", other.mark()),
    };
    let from = drawn.differs_from.as_ref();
    let from = from.map(|ranks| format!(" compared with `{}`", short_ranks(ranks))).unwrap_or_default();
    format!("{mark}`{}`{from}", short_ranks(&drawn.block.ranks))
}

/// Lines as texts to fence; stderr apart from the rest, under its name.
fn fences(lines: &[BlockLine]) -> Vec<(Option<&'static str>, String)> {
    let is_stderr = |line: &BlockLine| line.spans.first().is_some_and(|span| span.paint == Paint::Stderr);
    lines
        .chunk_by(|a, b| is_stderr(a) == is_stderr(b))
        .map(|chunk| {
            let name = is_stderr(&chunk[0]).then_some("stderr");
            (name, chunk.iter().map(BlockLine::text).collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// The text so far, and how long it may become.
pub(super) struct Page {
    pub(super) text: String,
    pub(super) most: usize,
}

impl Page {
    /// Adds a head and its fenced texts, cut to a fair share of the room for `left` entries; whether there was room.
    pub(super) fn add(&mut self, head: &str, fenced: &[(Option<&str>, String)], left: usize) -> bool {
        let room = self.most.saturating_sub(self.text.len()) / left.clamp(1, 8);
        let mut entry = format!("\n{head}\n");
        for (name, text) in fenced {
            let name = name.map(|name| format!("\n{name}\n")).unwrap_or_default();
            let fence = "`".repeat(longest_backticks(text).max(2) + 1);
            // Two fences, the word `text`, line ends, and the mark of what was cut.
            let frame = name.len() + 2 * fence.len() + 16;
            let Some(room) = room.checked_sub(entry.len() + frame).filter(|room| *room >= text.len().min(40))
            else {
                // Something of this entry is shown already, or nothing fits.
                if entry.ends_with("```\n") {
                    entry.push_str("\n…\n");
                    break;
                }
                return false;
            };
            let text = clip(text, room);
            entry.push_str(&format!("{name}{fence}text\n{text}\n{fence}\n"));
        }
        if self.text.len() + entry.len() > self.most {
            return false;
        }
        self.text.push_str(&entry);
        true
    }
}

/// The longest run of backticks in a text: a fence around it needs one more.
pub(crate) fn longest_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
pub(super) mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::render::sample::Sample;

    fn check(sample: Sample, expected: Expect) {
        expected.assert_eq(&markdown(&sample.run(), GroupBy::Fold, Limits::default()));
    }

    #[test]
    fn groups_results_and_errors_have_their_fences() {
        let mut sample = Sample::asked(&[0, 1, 2], "x\n1/0", false);
        for slot in 0..3 {
            sample = sample
                .busy(slot)
                .input(slot, 1)
                .stdout(slot, "hi\n")
                .stderr(slot, "careful\n")
                .result(slot, "42");
        }
        let traceback = "Cell In[1], line 2\n----> 2 1/0\n\nZeroDivisionError: division by zero";
        check(
            sample.raise(2, "ZeroDivisionError", "division by zero", &[traceback]).all_ok(),
            expect![[r#"
                ✗ Parallel execution on engine(s): `[0-2]` · 1 of 3 failed · 240 ms

                ✗ `[2]` `ZeroDivisionError` · line 2
                ```text
                Cell In[1], line 2
                ----> 2 1/0

                ZeroDivisionError: division by zero
                ```

                `[0-1]`
                ```text
                hi
                ```

                stderr
                ```text
                careful
                ```
                ```text
                Out: 42
                ```

                ✗ `[2]` compared with `[0-1]`
                ```text
                ⋮ 3 lines as [0-1]
                ```
            "#]],
        );
    }

    #[test]
    fn engine_text_cannot_leave_its_fence() {
        let text = "````\n[click](command:rm)\n<img src=x>\n```\u{202e}\x07\n";
        check(
            Sample::new(1).stdout(0, text).all_ok(),
            expect![[r#"
            ✓ Parallel execution on engine(s): `[0]` · 1 engine · 20 ms

            `[0]`
            `````text
            ````
            [click](command:rm)
            <img src=x>
            ```\u202e\x07
            `````
        "#]],
        );
    }

    #[test]
    fn the_name_of_an_exception_is_no_markup() {
        let sample = Sample::new(1).raise(0, "`](command:x) <b>", "`` ` ``", &[]);
        check(
            sample,
            expect![[r#"
            ✗ Parallel execution on engine(s): `[0]` · 1 of 1 failed · 30 ms

            ✗ `[0]` `commandxb`
            ```text
            `](command:x) <b>: `` ` ``
            ```
        "#]],
        );
    }

    /// Takes the fences out as a Markdown reader does; what is left is pxlens' own.
    pub(in crate::render) fn outside_of_fences(markdown: &str) -> String {
        let mut outside = String::new();
        let mut fence: Option<usize> = None;
        for line in markdown.lines() {
            let ticks = line.len() - line.trim_start_matches('`').len();
            match fence {
                None if ticks >= 3 && line.ends_with("text") => fence = Some(ticks),
                None => outside.push_str(&format!("{line}\n")),
                Some(open) if ticks >= open && line.len() == ticks => fence = None,
                Some(_) => {}
            }
        }
        assert_eq!(fence, None, "a fence is never closed:\n{markdown}");
        outside
    }

    proptest! {
        #[test]
        fn nothing_of_an_engine_stands_outside_of_a_fence_and_the_limit_holds(
            texts in prop::collection::vec("(`{1,6}|~{3}|\n|<a>|\\[x\\]\\(y\\)|Q|é|\u{1b}\\[31m|#){0,60}", 1..12),
            bytes in 500usize..4000,
        ) {
            let count = u32::try_from(texts.len()).expect("few");
            let mut sample = Sample::new(count);
            for (text, slot) in texts.iter().zip(0..) {
                sample = sample.busy(slot).stdout(slot, text).stderr(slot, text).result(slot, text).display(slot, &[(text, text)]);
                if slot % 3 == 0 {
                    sample = sample.raise(slot, "E", text, &[text]);
                }
            }
            for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
                let text = markdown(&sample.clone().all_ok().run(), by, Limits { bytes, ..Limits::default() });
                prop_assert!(text.len() <= bytes, "{} > {bytes}", text.len());
                let outside = outside_of_fences(&text);
                prop_assert!(!outside.contains(['Q', '<', 'é', '#', '\u{1b}']), "{outside}");
            }
        }

        #[test]
        fn a_very_long_output_stays_within_the_limit(lines in 1000usize..3000) {
            let text: String = (0..lines).map(|n| format!("line {n} ```\n")).collect();
            let run = Sample::new(2).stdout(0, &text).stdout(1, &text).all_ok().run();
            let text = markdown(&run, GroupBy::Fold, Limits { bytes: 5000, ..Limits::default() });
            prop_assert!(text.len() <= 5000);
            prop_assert!(text.contains("line 0 "));
            prop_assert!(text.contains(" lines ("), "{text}");
        }
    }
}
