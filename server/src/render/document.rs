//! Outputs as documents of their own: laid out as in a shell, without colours, or as an engine wrote them.
//!
//! A document is plain text: no escape sequence, no control character but tabs and line ends, no character that changes the
//! direction of text, no key of a kernel. It has at most [`MOST`] bytes: of a longer text both ends, and between them a line that
//! says how much is left out and where to find it.

use std::{fmt::Write as _, path::Path};

use super::{GroupBy, Style, compare, terminal, terminal_text, without_keys, wording};
use crate::run::Run;

/// The most bytes a document has.
pub(crate) const MOST: usize = 5_000_000;

/// Kept free for the line that says what was left out.
const RESERVE: usize = 8192;

/// How many bytes a cut may move to fall at the end of a line.
const NEAR: usize = 4096;

/// Both ends of a text, or all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Its beginning; all, where nothing is between.
    pub head: String,
    /// Bytes between the two.
    pub between: usize,
    /// Its end.
    pub tail: String,
}

/// A run in a grouping, under a line that names it. `more` says where to find what there is no room for.
pub(crate) fn document(run: &Run, by: GroupBy, title: &str, style: Style<'_>, more: &str) -> String {
    let style = Style { color: false, ..style };
    let head = format!("{}\n{}", terminal_text(title, false).replace('\n', " "), terminal(run, by, style));
    limited(&Ends { head, ..Ends::default() }, MOST, more)
}

/// How the output of a run differs from that of an earlier one, under a line that names it.
pub(crate) fn comparison(before: &Run, now: &Run, title: &str) -> String {
    let head = format!("{}\n{}", terminal_text(title, false).replace('\n', " "), compare(before, now).text());
    limited(&Ends { head, ..Ends::default() }, MOST, "documents of the two runs have all of it")
}

/// What an engine wrote, in order of arrival: each character as it came, but for those that are spelled out to be seen
/// (`\x1b`), and a carriage return, which is spelled out and ends the line. `file` holds all of it as it came.
pub(crate) fn raw(wrote: &Ends, file: Option<&Path>) -> String {
    let more = match file {
        Some(file) => format!("all of it is in {}", file.display()),
        None => "all of it is in an export of the run".to_owned(),
    };
    limited(wrote, MOST, &more)
}

pub(super) fn limited(text: &Ends, most: usize, more: &str) -> String {
    let head = without_keys(&text.head);
    if text.between == 0 && head.len() <= most {
        let whole = visible(&head);
        if whole.len() <= most {
            return whole;
        }
    }
    let tail = without_keys(&text.tail);
    let room = most.saturating_sub(RESERVE) / 2;
    let (front, before) = front(&head, room);
    // Where nothing is between, the end of the head is the end of all.
    let end = if text.between == 0 { &head[before..] } else { &tail };
    let (back, behind) = back(end, room);
    let inside = if text.between == 0 { 0 } else { head.len() - before };
    let left_out = inside + text.between + end.len() - behind;
    let gap = if front.is_empty() || front.ends_with('\n') { "" } else { "\n" };
    let much = wording::size(left_out);
    let note = format!("… {much} left out here, a document has {} at most; {more} …", wording::size(MOST));
    let note = wording::cut(&terminal_text(&note, false).replace('\n', " "), RESERVE / 4 - 2);
    format!("{front}{gap}{note}\n{back}")
}

/// The beginning of a text made visible, in at most `most` bytes, and how many bytes of the text that is.
fn front(text: &str, most: usize) -> (String, usize) {
    let (mut shown, mut used) = (String::new(), 0);
    for line in text.split_inclusive('\n') {
        let seen = visible(line);
        if shown.len() + seen.len() > most {
            if most - shown.len() > NEAR {
                for (at, c) in line.char_indices() {
                    let seen = visible(&line[at..at + c.len_utf8()]);
                    if shown.len() + seen.len() > most {
                        break;
                    }
                    shown.push_str(&seen);
                    used += c.len_utf8();
                }
            }
            break;
        }
        shown.push_str(&seen);
        used += line.len();
    }
    (shown, used)
}

/// As [`front`], the end.
fn back(text: &str, most: usize) -> (String, usize) {
    let (mut shown, mut bytes, mut used) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n').rev() {
        let seen = visible(line);
        if bytes + seen.len() > most {
            if most - bytes > NEAR {
                for (at, c) in line.char_indices().rev() {
                    let seen = visible(&line[at..at + c.len_utf8()]);
                    if bytes + seen.len() > most {
                        break;
                    }
                    bytes += seen.len();
                    used += c.len_utf8();
                    shown.push(seen);
                }
            }
            break;
        }
        bytes += seen.len();
        used += line.len();
        shown.push(seen);
    }
    shown.reverse();
    (shown.concat(), used)
}

/// A text with what cannot be seen in it spelled out.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        // Without control characters nothing in it is overwritten or dropped.
        push_settled(&mut shown, &rest[..at]);
        let mut chars = rest[at..].chars();
        match (chars.next(), chars.clone().next()) {
            (Some('\n'), _) => shown.push('\n'),
            (Some('\r'), Some('\n')) => {}
            (Some('\r'), _) => shown.push_str("\\x0d\n"),
            (Some(c), _) => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            (None, _) => {}
        }
        rest = chars.as_str();
    }
    push_settled(&mut shown, rest);
    shown
}

fn push_settled(shown: &mut String, text: &str) {
    if text.is_ascii() { shown.push_str(text) } else { shown.push_str(&terminal_text(text, false)) }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;
    use crate::render::sample::Sample;

    fn all(text: &str) -> Ends {
        Ends { head: text.to_owned(), ..Ends::default() }
    }

    #[test]
    fn a_run_is_laid_out_as_in_a_shell_under_its_name() {
        let run = Sample::new(2).stdout(0, "\x1b[31mred\x1b[0m\r\n").stdout(1, "red\n").all_ok().run();
        let text = document(&run, GroupBy::Engine, "run 1 · a.py line 2 · %%px", Style::default(), "");
        expect![[r#"
            run 1 · a.py line 2 · %%px
            Parallel execution on engine(s): [0-1]
            [0] red
            [1] red
            ✓ 2 engines · 50 ms
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn raw_text_is_what_was_written_with_what_cannot_be_seen_spelled_out() {
        let wrote = "a\tb\r\n\x1b[31mred\x1b[0m 10%\r20%\x08\0\u{9b}\u{202e}evil\u{2066}é🙂";
        expect![[r#"
            a	b
            \x1b[31mred\x1b[0m 10%\x0d
            20%\x08\x00\x9b\u202eevil\u2066é🙂"#]]
        .assert_eq(&raw(&all(wrote), None));
    }

    #[test]
    fn what_is_too_much_loses_its_middle_at_line_ends_and_says_how_much() {
        let lines: String = (0..200_000).map(|n| format!("this is line {n:06} of many\n")).collect();
        let text = raw(&all(&lines), Some(Path::new("/cache/engine-0.txt")));
        assert!(text.len() <= MOST, "{}", text.len());
        let note = text.lines().find(|line| line.starts_with('…')).expect("it is said");
        assert_eq!(
            note,
            "… 608 kB left out here, a document has 5.0 MB at most; all of it is in /cache/engine-0.txt …"
        );
        let (front, back) = text.split_once(&format!("{note}\n")).expect("it has a line of its own");
        assert!(lines.starts_with(front) && lines.ends_with(back));
        let left_out = lines.len() - front.len() - back.len();
        assert_eq!(wording::size(left_out), "608 kB");
        assert!(front.len() > MOST / 2 - RESERVE && back.len() > MOST / 2 - RESERVE);
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let wrote = Ends { head: "é\x1b".repeat(1_000_000), between: 7, tail: "🙂".repeat(2_000_000) };
        let text = raw(&wrote, None);
        assert!(text.len() <= MOST && text.len() > MOST - 2 * RESERVE, "{}", text.len());
        assert!(text.starts_with("é\\x1b") && text.ends_with('🙂'));
    }

    #[test]
    fn a_key_is_hidden_and_a_name_of_several_lines_is_one_line() {
        let info = "{\"shell_port\": 1, \"key\": \"eee2dd69-7dd3-4340-bf3e-7e2e22a62542\"}\n";
        assert!(raw(&all(info), None).contains("\"key\": \"hidden\""));
        let run = Sample::new(1).stdout(0, info).all_ok().run();
        let text = document(&run, GroupBy::Fold, "a\nb\u{202e}", Style::default(), "");
        assert!(text.starts_with("a b\\u202e\n") && !text.contains("eee2dd69"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever engines write, a document is text that can be seen, within its limit.
        #[test]
        fn a_document_is_safe_and_has_a_limit(
            head in "(.|\\PC|[\u{0}-\u{1f}\u{80}-\u{9f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}\n\r]){0,300}",
            tail in "(.|[\u{0}-\u{1f}\u{202e}\n\r]){0,300}",
            between in 0usize..3,
            most in RESERVE..RESERVE + 600,
        ) {
            let run = Sample::new(2).stdout(0, &head).stderr(1, &tail).display(0, &[("text/plain", &tail)]).all_ok().run();
            let wrote = Ends { tail: if between == 0 { String::new() } else { tail.clone() }, head, between };
            let texts = [
                limited(&wrote, most, &tail),
                document(&run, GroupBy::Fold, &tail, Style::default(), &tail),
                document(&run, GroupBy::Engine, &tail, Style::default(), &tail),
            ];
            prop_assert!(texts[0].len() <= most, "{}", texts[0].len());
            for text in &texts {
                let bad = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\u{61c}".contains(c);
                prop_assert!(!text.contains(bad), "{text:?}");
            }
        }
    }
}
