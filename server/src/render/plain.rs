//! What ipyparallel 9.2's terminal prints for `%%px --no-stream`, to the byte (reference, sections 6.4 and 6.5).
//!
//! Where the reference marks a bug, the useful behaviour: `order` loses no display when engines have different numbers of
//! them; the text printed before an error is shown; an engine that died keeps its number, and is named in the error block
//! as are aborted requests.

use super::GroupBy;
use crate::{
    jupyter::content::{MimeBundle, StreamName},
    run::{Ending, EngineRun, OutputKind, Run},
};

/// Most tracebacks that ipyparallel draws; the others are counted.
const TRACEBACKS: usize = 4;

/// What the terminal got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    /// Writes before the error, in order; neighbours go to different streams.
    pub writes: Vec<(StreamName, String)>,
    /// The block that IPython prints to stdout for the exception, after all else.
    pub error: Option<String>,
    /// `str()` of the exception: one line per engine.
    pub message: Option<String>,
}

impl Plain {
    /// Everything the terminal got, the error block included; neighbours go to different streams.
    pub fn events(&self) -> Vec<(StreamName, String)> {
        let mut all = Writes { writes: self.writes.clone(), ..Writes::default() };
        if let Some(error) = &self.error {
            all.write(StreamName::Stdout, error);
        }
        all.writes
    }
}

/// How `Out[…]` prompts are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromptColor {
    /// Not at all coloured, as IPython does with `colors = nocolor`.
    #[default]
    None,
    /// Red, as IPython does with every other setting.
    Red,
}

/// What ipyparallel prints in a terminal, with prompts in this colour or none; the engines' own colours are kept.
///
/// [`GroupBy::Fold`] is not ipyparallel's, and prints as [`GroupBy::Type`], its default.
pub fn plain(run: &Run, by: GroupBy, color: PromptColor) -> Plain {
    let mut out = Writes { color, ..Writes::default() };
    let parts: Vec<&EngineRun> = run.parts().collect();
    if run.request.single {
        for part in &parts {
            out.streams(part, StreamName::Stdout, "");
            out.streams(part, StreamName::Stderr, "");
            displays(part).for_each(|data| out.display(data));
            out.result(part);
        }
    } else if by == GroupBy::Engine {
        for part in &parts {
            out.labelled(part, StreamName::Stdout);
            out.labelled(part, StreamName::Stderr);
            if displays(part).next().is_some() || result(part).is_some() {
                out.output_label(part);
            }
            displays(part).for_each(|data| out.display(data));
            out.result(part);
        }
    } else {
        parts.iter().for_each(|part| out.labelled(part, StreamName::Stdout));
        parts.iter().for_each(|part| out.labelled(part, StreamName::Stderr));
        if by == GroupBy::Order {
            out.displays_in_order(&parts);
        } else {
            for part in parts.iter().filter(|part| displays(part).next().is_some()) {
                out.output_label(part);
                displays(part).for_each(|data| out.display(data));
            }
        }
        parts.iter().for_each(|part| out.result(part));
    }
    let failures: Vec<Failure> = parts.iter().filter_map(|part| Failure::of(part)).collect();
    let (error, message) = match (run.request.single, failures.as_slice()) {
        (_, []) => (None, None),
        (true, [failure, ..]) => (Some(failure.remote_block()), Some(failure.remote_message())),
        (false, all) => (Some(composite_block(all)), Some(composite_message(all))),
    };
    Plain { writes: out.writes, error, message }
}

/// Collects writes, and remembers what the layout of the next one depends on.
#[derive(Default)]
struct Writes {
    writes: Vec<(StreamName, String)>,
    color: PromptColor,
    last_label: String,
    /// Whether the last text of a stream ended within a line.
    within_line: bool,
}

impl Writes {
    fn write(&mut self, name: StreamName, text: &str) {
        match self.writes.last_mut() {
            Some((last, written)) if *last == name => written.push_str(text),
            _ => self.writes.push((name, text.to_owned())),
        }
    }

    fn labelled(&mut self, part: &EngineRun, name: StreamName) {
        let kind = match name {
            StreamName::Stdout => "stdout",
            StreamName::Stderr => "stderr",
        };
        self.streams(part, name, &format!("[{kind}:{}] ", part.engine));
    }

    fn streams(&mut self, part: &EngineRun, name: StreamName, label: &str) {
        let text = without_overwritten(&part.stream(name));
        if text.is_empty() {
            return;
        }
        if !label.is_empty() && label != self.last_label {
            if self.within_line {
                self.write(name, "\n");
            }
            self.write(name, label);
            self.write(name, "\n");
            label.clone_into(&mut self.last_label);
        }
        self.write(name, &text);
        self.within_line = !text.ends_with('\n');
    }

    fn output_label(&mut self, part: &EngineRun) {
        self.write(StreamName::Stdout, &format!("[output:{}]\n", part.engine));
    }

    fn display(&mut self, data: &MimeBundle) {
        if let Some(text) = text_plain(data) {
            self.write(StreamName::Stdout, text);
            self.write(StreamName::Stdout, "\n");
        }
    }

    fn displays_in_order(&mut self, parts: &[&EngineRun]) {
        let most = parts.iter().map(|part| displays(part).count()).max().unwrap_or(0);
        for i in 0..most {
            for part in parts {
                if let Some(data) = displays(part).nth(i) {
                    self.output_label(part);
                    self.display(data);
                }
            }
        }
    }

    fn result(&mut self, part: &EngineRun) {
        let Some((data, count)) = result(part) else { return };
        let text = text_plain(data).unwrap_or_default();
        if text.is_empty() {
            return self.write(StreamName::Stdout, "\n");
        }
        let count = part.execution_count.unwrap_or(count);
        let prompt = format!("Out[{}:{count}]: ", part.engine);
        let prompt = match self.color {
            PromptColor::None => prompt,
            PromptColor::Red => format!("\x1b[0;31m{prompt}\x1b[0m"),
        };
        let gap = if text.contains('\n') && !text.starts_with('\n') { "\n" } else { "" };
        self.write(StreamName::Stdout, &format!("{prompt}{gap}{text}\n"));
    }
}

/// The displays of a part as they first were: updates and clearing are ignored, as ipyparallel ignores them.
fn displays(part: &EngineRun) -> impl Iterator<Item = &MimeBundle> {
    part.outputs.iter().filter_map(|output| match &output.kind {
        OutputKind::Display { data, .. } => Some(data),
        _ => None,
    })
}

/// The last result: IPython sends several with `ast_node_interactivity = 'all'`, ipyparallel keeps the last.
fn result(part: &EngineRun) -> Option<(&MimeBundle, u32)> {
    part.outputs.iter().rev().find_map(|output| match &output.kind {
        OutputKind::Result { data, execution_count } => Some((data, *execution_count)),
        _ => None,
    })
}

fn text_plain(data: &MimeBundle) -> Option<&str> {
    data.get("text/plain")?.as_str()
}

/// On each line, what stands before the last carriage return that something follows is gone.
fn without_overwritten(text: &str) -> String {
    if !text.contains('\r') {
        return text.to_owned();
    }
    text.split_inclusive('\n')
        .map(|line| {
            let body = line.strip_suffix('\n').unwrap_or(line);
            let followed = body.char_indices().rev().skip(1).find(|&(_, c)| c == '\r');
            followed.map_or(line, |(at, _)| &line[at + 1..])
        })
        .collect()
}

/// One line of the error block, and its traceback.
struct Failure {
    engine: u32,
    ename: String,
    evalue: String,
    traceback: String,
}

impl Failure {
    fn of(part: &EngineRun) -> Option<Self> {
        let engine = part.engine.0;
        // The names are those of ipyparallel's own exceptions for these cases.
        let made_up = |ename: &str, evalue: String| Self {
            engine,
            traceback: format!("{ename}: {evalue}"),
            ename: ename.to_owned(),
            evalue,
        };
        match part.ending() {
            Some(Ending::Aborted(None)) => {
                Some(made_up("TaskAborted", "the engine dropped the request without running it".to_owned()))
            }
            Some(Ending::Aborted(Some(why))) => Some(made_up("TaskAborted", format!("not run, since {why}"))),
            Some(Ending::Lost(why)) => {
                Some(made_up("EngineError", format!("no answer from engine {engine}: {why}")))
            }
            Some(Ending::Ok) => None,
            Some(Ending::Error(_)) | None => part.error().map(|error| Self {
                engine,
                ename: error.ename.clone(),
                evalue: error.evalue.clone(),
                traceback: error.traceback.join("\n"),
            }),
        }
    }

    fn traceback(&self) -> String {
        let text = if self.traceback.is_empty() { "No traceback available" } else { &self.traceback };
        let mut lines = python_lines(text);
        lines.push("");
        lines.join("\n")
    }

    fn remote_block(&self) -> String {
        format!("[{}:execute]\n{}", self.engine, self.traceback())
    }

    fn remote_message(&self) -> String {
        format!("[{}:execute] {}: {}", self.engine, self.ename, self.evalue)
    }
}

fn composite_block(failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures.iter().take(TRACEBACKS) {
        text.push_str(&format!("[{}:execute]:\n{}\n", failure.engine, failure.traceback()));
    }
    if failures.len() > TRACEBACKS {
        text.push_str(&format!("... {} more exceptions ...\n", failures.len() - TRACEBACKS));
    }
    text
}

fn composite_message(failures: &[Failure]) -> String {
    let mut text = "one or more exceptions raised in: %px".to_owned();
    for failure in failures.iter().take(TRACEBACKS) {
        text.push_str(&format!("\n[{}:execute]{}: {}", failure.engine, failure.ename, failure.evalue));
    }
    if failures.len() > TRACEBACKS {
        text.push_str(&format!("\n.... {} more exceptions ...", failures.len() - TRACEBACKS));
    }
    text
}

/// Python's `str.splitlines`, which the error block goes through.
fn python_lines(text: &str) -> Vec<&str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends) {
        lines.push(&rest[..at]);
        let end = &rest[at..];
        let length = if end.starts_with("\r\n") { 2 } else { end.chars().next().map_or(0, char::len_utf8) };
        rest = &end[length..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    fn check(sample: Sample, by: GroupBy, expected: Expect) {
        let text: String = plain(&sample.run(), by, PromptColor::None)
            .events()
            .into_iter()
            .map(|(name, text)| match name {
                StreamName::Stdout => text,
                StreamName::Stderr => text.lines().map(|line| format!("2> {line}\n")).collect(),
            })
            .collect();
        expected.assert_eq(&text);
    }

    /// Upstream skips every engine that has fewer displays than the maximum.
    #[test]
    fn order_shows_every_display_of_engines_with_different_numbers_of_them() {
        let sample = Sample::new(2)
            .display(0, &[("text/plain", "a0")])
            .display(0, &[("text/plain", "b0")])
            .display(1, &[("text/plain", "a1")])
            .all_ok();
        check(
            sample,
            GroupBy::Order,
            expect![[r#"
                [output:0]
                a0
                [output:1]
                a1
                [output:0]
                b0
            "#]],
        );
    }

    /// Upstream prints `[stdout:None]` and a traceback of the client's own code.
    #[test]
    fn a_dead_and_an_aborted_engine_are_named() {
        let sample = Sample::new(3)
            .stdout(0, "hi 0\n")
            .ok(0)
            .stdout(1, "hi 1\n")
            .lost(1, LostReason::EngineDied)
            .aborted(2);
        check(
            sample,
            GroupBy::Type,
            expect![[r#"
                [stdout:0] 
                hi 0
                [stdout:1] 
                hi 1
                [1:execute]:
                EngineError: no answer from engine 1: the engine died

                [2:execute]:
                TaskAborted: the engine dropped the request without running it

            "#]],
        );
    }

    #[test]
    fn a_label_begins_a_line_of_its_own_even_after_text_that_did_not_end_one() {
        let sample = Sample::new(2).stdout(0, "no end").stdout(1, "x\n").stderr(1, "e\n").all_ok();
        check(
            sample,
            GroupBy::Engine,
            expect![[r#"
                [stdout:0] 
                no end
                [stdout:1] 
                x
                2> [stderr:1] 
                2> e
            "#]],
        );
    }

    #[test]
    fn a_fifth_traceback_is_counted_not_drawn() {
        let sample = (0..6).fold(Sample::new(6), |sample, slot| {
            sample.raise(slot, "E", "no", if slot == 0 { &[] } else { &["E: no\r\nend"] })
        });
        let run = sample.clone().run();
        expect![[r#"
            one or more exceptions raised in: %px
            [0:execute]E: no
            [1:execute]E: no
            [2:execute]E: no
            [3:execute]E: no
            .... 2 more exceptions ..."#]]
        .assert_eq(&plain(&run, GroupBy::Type, PromptColor::None).message.unwrap_or_default());
        check(
            sample,
            GroupBy::Type,
            expect![[r#"
                [0:execute]:
                No traceback available

                [1:execute]:
                E: no
                end

                [2:execute]:
                E: no
                end

                [3:execute]:
                E: no
                end

                ... 2 more exceptions ...
            "#]],
        );
    }

    #[test]
    fn a_carriage_return_leaves_what_follows_it() {
        for (text, left) in [
            ("step 1\rstep 2", "step 2"),
            ("step 1\rstep 2\r", "step 2\r"),
            ("a\r\nb\rc\r\nd", "a\r\nc\r\nd"),
            ("x\r\r\n", "\r\n"),
            ("no return\n", "no return\n"),
        ] {
            assert_eq!(without_overwritten(text), left, "{text:?}");
        }
    }

    #[test]
    fn one_integer_as_target_prints_no_labels() {
        let sample = Sample::asked(&[2], "code", true)
            .stdout(0, "hi\n")
            .display(0, &[("text/plain", "<Figure>"), ("image/png", "AAAA")])
            .result(0, "[1,\n 2]")
            .ok(0);
        check(
            sample,
            GroupBy::Type,
            expect![[r#"
                hi
                <Figure>
                Out[2:1]: 
                [1,
                 2]
            "#]],
        );
    }
}
