//! A run as a report in Markdown: the code, the engines, and what they answered.
//!
//! What engines wrote stands in fences longer than any run of backticks in it, so that it is text however it is drawn.

use std::fmt::Write as _;

use super::{
    Ends, ErrorGroup, Image, document::limited, duration, elapsed, errors, fold, group_text, images,
    markdown::longest_backticks, outcome, terminal_text, without_keys, wording,
};
use crate::{
    engines::RankSet,
    run::{Ending, Run},
};

/// The least that a fenced text of a report with a limit gets.
const LEAST: usize = 20_000;

/// What a report says of a run besides what engines did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// The line of its magic.
    pub title: &'a str,
    /// Where that stands: `tour.py line 5`.
    pub place: &'a str,
    /// The files of the images, in the order of [`images`]; may be shorter.
    pub images: &'a [Option<String>],
}

/// A run as a report; with `most`, of about so many bytes at most: of long texts both ends, and not all of very many groups.
pub(crate) fn report(run: &Run, about: About<'_>, most: Option<usize>) -> String {
    let whole = write(run, about, None);
    let text = match most {
        Some(most) if whole.len() > most => {
            let entries = (fold(run).len() + errors(run, &run.request.code).len() + 1).max(1);
            let entries = entries.min((most / LEAST).max(1));
            write(run, about, Some((most / entries * 9 / 10, entries)))
        }
        _ => whole,
    };
    match without_keys(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(masked) => masked,
    }
}

/// `limit`: bytes of a fenced text, and how many of them there may be.
fn write(run: &Run, about: About<'_>, limit: Option<(usize, usize)>) -> String {
    let (share, mut left) = limit.unwrap_or((usize::MAX, usize::MAX));
    let mut page = format!("# {}\n\n", code(about.title));
    let engines: RankSet = run.request.engines.iter().copied().collect();
    let took =
        if run.is_over() { format!(", took {}", duration(elapsed(run, run.created))) } else { String::new() };
    let _ = write!(
        page,
        "* Where: {}\n* When: {}{took}\n* Engines: `{engines}`\n* Outcome: {}\n\n## Code\n\n{}",
        code(about.place),
        date(run),
        outcome(run),
        fenced("python", &run.request.code, share),
    );
    page.push_str("\n## Output\n");
    let mut hidden = 0;
    for group in fold(run) {
        left = left.saturating_sub(1);
        if left == 0 {
            hidden += 1;
            continue;
        }
        let mark = match &group.ending {
            None => "⏳ ",
            Some(Ending::Ok) => "",
            Some(_) => "✗ ",
        };
        let _ = write!(
            page,
            "\n### {mark}`{}`\n\n{}",
            group.ranks,
            fenced("text", &group_text(run, &group), share)
        );
    }
    let errors = errors(run, &run.request.code);
    if !errors.is_empty() {
        page.push_str("\n## Errors\n");
    }
    for error in errors {
        left = left.saturating_sub(1);
        if left == 0 {
            hidden += 1;
            continue;
        }
        let place =
            error.code_line.map(|line| format!(" · line {} of the code", line + 1)).unwrap_or_default();
        let (ranks, title) = (&error.ranks, code(&error.title()));
        let _ = write!(
            page,
            "\n### ✗ `{ranks}` {title}{place}\n\n{}",
            fenced("text", &error_text(&error), share)
        );
    }
    if hidden > 0 {
        let _ = write!(page, "\n… {} are not in this report …\n", wording::count(hidden, "more group"));
    }
    write_images(&mut page, &images(run), about.images);
    page
}

fn write_images(page: &mut String, images: &[Image<'_>], files: &[Option<String>]) {
    if !images.is_empty() {
        page.push_str("\n## Images\n\n");
    }
    for (at, image) in images.iter().enumerate() {
        let size = wording::size(image.bytes);
        let _ = write!(page, "* `{}` {}, {size}", image.ranks, code(image.mime));
        if let Err(why) = &image.picture {
            let _ = write!(page, ", cannot be shown: {}", code(why));
        }
        // The names are made by pxlens: letters, digits and dashes.
        if let Some(file) = files.get(at).and_then(Option::as_ref) {
            let _ = write!(page, "\n\n  ![]({file})\n");
        }
        page.push('\n');
    }
}

fn error_text(error: &ErrorGroup) -> String {
    let mut text = String::new();
    for variant in error.variants.iter().filter(|_| error.variants.len() > 1) {
        let _ = writeln!(text, "{} {}", variant.ranks, variant.evalue);
    }
    if error.traceback.trim().is_empty() {
        let _ = write!(text, "{}: {}", error.name(), error.evalue);
    } else {
        text.push_str(&error.traceback);
    }
    terminal_text(&text, false)
}

/// When it was asked for: `2026-11-23 12:00:00 UTC`.
fn date(run: &Run) -> String {
    let at = i64::try_from(run.created.0).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(|| "at no known time".to_owned(), |at| format!("{} UTC", at.strftime("%Y-%m-%d %H:%M:%S")))
}

/// One line as inline code that nothing in it ends.
fn code(text: &str) -> String {
    let text = terminal_text(text.trim(), false).replace('\n', " ");
    let text = wording::cut(&text, 300);
    let fence = "`".repeat(longest_backticks(&text) + 1);
    match text.as_str() {
        "" => "…".to_owned(),
        _ if text.contains('`') => format!("{fence} {text} {fence}"),
        _ => format!("{fence}{text}{fence}"),
    }
}

/// A text in a fence that nothing in it ends.
fn fenced(language: &str, text: &str, most: usize) -> String {
    let ends = Ends { head: text.strip_suffix('\n').unwrap_or(text).to_owned(), ..Ends::default() };
    let text = limited(&ends, most, "an export into a file has all of it");
    let fence = "`".repeat(longest_backticks(&text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;
    use crate::render::sample::Sample;

    const ABOUT: About<'static> = About { title: "%%px -t 0-2,", place: "tour.py line 5", images: &[] };

    #[test]
    fn a_report_tells_what_was_asked_and_what_came_back() {
        let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let trace = "Cell In[1], line 2\n----> 2 fit(`a`)\n\nValueError: ```no```";
        let sample = Sample::asked(&[0, 1, 2], "print('x')\nfit(`a`)", false)
            .stdout(0, "x\n")
            .stdout(1, "x\n")
            .stdout(2, "```\n[click](command:rm)\n")
            .display(0, &[("image/png", png), ("text/plain", "<Figure>")])
            .display(1, &[("image/png", png), ("text/plain", "<Figure>")])
            .input(2, 1)
            .raise(2, "ValueError", "```no```", &[trace]);
        let images = [Some("run-1-1.png".to_owned())];
        let text = report(&sample.all_ok().run(), About { images: &images, ..ABOUT }, None);
        expect![[r#"
            # `%%px -t 0-2,`

            * Where: `tour.py line 5`
            * When: 1970-01-01 00:00:00 UTC, took 50 ms
            * Engines: `[0-2]`
            * Outcome: 1 of 3 failed

            ## Code

            ```python
            print('x')
            fit(`a`)
            ```

            ## Output

            ### `[0-1]`

            ```text
            x
            <image/png 1×1, 70 B> <Figure>
            ```

            ### ✗ `[2]`

            ````text
            ```
            [click](command:rm)
            ValueError: ```no```
            ````

            ## Errors

            ### ✗ `[2]` ```` ValueError: ```no``` ```` · line 2 of the code

            ````text
            Cell In[1], line 2
            ----> 2 fit(`a`)

            ValueError: ```no```
            ````

            ## Images

            * `[0-1]` `image/png`, 70 B

              ![](run-1-1.png)

        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn with_a_limit_of_long_texts_both_ends_are_there() {
        let text = "a line of some length\n".repeat(20_000);
        let run = Sample::new(2).stdout(0, &text).stdout(1, "other\n").all_ok().run();
        let page = report(&run, ABOUT, Some(100_000));
        assert!(page.len() < 100_000, "{}", page.len());
        assert!(page.contains("left out here") && page.contains("an export into a file has all of it"));
        assert!(report(&run, ABOUT, None).len() > text.len());
    }

    #[test]
    fn a_key_is_not_in_a_report() {
        let info = "{\"shell_port\": 1, \"key\": \"eee2dd69-7dd3-4340-bf3e-7e2e22a62542\"}\n";
        let page = report(&Sample::new(1).stdout(0, info).all_ok().run(), ABOUT, None);
        assert!(page.contains("\"key\": \"hidden\"") && !page.contains("eee2dd69"), "{page}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever engines write, none of it is outside of a fence or of inline code.
        #[test]
        fn nothing_of_an_engine_gets_out_of_its_fence(mark in "[`\n~<>a-z]{0,30}") {
            let evil = format!("{mark}XYZZY{mark}");
            let run = Sample::asked(&[0, 1], &evil, false)
                .stdout(0, &evil)
                .result(0, &evil)
                .raise(1, &evil, &evil, &[&evil])
                .all_ok()
                .run();
            let page = report(&run, About { title: &evil, place: &evil, images: &[] }, None);
            let mut fence: Option<&str> = None;
            for line in page.lines() {
                let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
                match fence {
                    None if ticks.len() >= 3 => fence = Some(ticks),
                    Some(open) if line == open => fence = None,
                    Some(_) => {}
                    // What stands in a line is inline code.
                    None => prop_assert!(!line.contains("XYZZY") || line.contains('`'), "{line}"),
                }
            }
            prop_assert!(fence.is_none());
        }
    }
}
