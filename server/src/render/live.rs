//! A run while it goes on, line by line: what `--stream` shows in a shell.
//!
//! A line is shown when it is whole, under the rank of the engine that wrote it; lines of one engine come in order. Errors
//! are only named here: they are shown in full, once per stack, when the run is over.

use std::collections::BTreeMap;

use super::{Cursor, EndState, JsonKind, bundle::in_words, endings::aborted, errors::name, terminal_text};
use crate::{
    jupyter::content::{MimeBundle, StreamName},
    run::Run,
};

/// How much of a run was shown.
#[derive(Debug, Default)]
pub(crate) struct Live {
    cursor: Cursor,
    /// What an engine wrote of a line that has no end yet, by slot and stream.
    begun: BTreeMap<(u32, bool), (String, String)>,
}

impl Live {
    /// The lines that are new, without line ends; the last of each engine as it is, once the run is over. With `colors`, the
    /// engines' own are kept.
    pub(crate) fn lines(&mut self, run: &Run, colors: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for event in self.cursor.delta(run) {
            let (Some(engine), Some(slot)) = (event.engine, event.slot) else { continue };
            let label = format!("[{engine}] ");
            let mut say = |text: &str| lines.extend(text.lines().map(|line| format!("{label}{line}")));
            match event.what {
                JsonKind::Stdout { text, .. } => {
                    self.write(slot, StreamName::Stdout, &label, &text, colors, &mut lines)
                }
                JsonKind::Stderr { text, .. } => {
                    self.write(slot, StreamName::Stderr, &label, &text, colors, &mut lines)
                }
                JsonKind::Display { data, .. } | JsonKind::UpdateDisplay { data, .. } => {
                    say(&words(&data, colors));
                }
                JsonKind::Page { data } => say(&words(&data, colors)),
                JsonKind::Result { data, .. } => {
                    let words = words(&data, colors);
                    let gap = if words.contains('\n') { "\n" } else { " " };
                    say(&format!("Out:{gap}{words}"));
                }
                JsonKind::Error { ename, evalue, .. } => {
                    say(&format!("✗ {}: {}", name(&ename), terminal_text(&evalue, false)))
                }
                JsonKind::Unreadable { why } => say(&terminal_text(&why, false)),
                JsonKind::Ended { state: EndState::Aborted, why, .. } => {
                    say(&format!("✗ {}", aborted(why.as_deref())));
                }
                JsonKind::Ended { state: EndState::Lost, why, .. } => {
                    say(&terminal_text(&format!("✗ lost: {}", why.unwrap_or_default()), false));
                }
                _ => {}
            }
        }
        if run.is_over() {
            let rest = std::mem::take(&mut self.begun).into_values();
            lines.extend(rest.map(|(label, text)| format!("{label}{}", terminal_text(&text, colors))));
        }
        lines
    }

    fn write(
        &mut self,
        slot: u32,
        name: StreamName,
        label: &str,
        text: &str,
        colors: bool,
        lines: &mut Vec<String>,
    ) {
        let key = (slot, name == StreamName::Stderr);
        let begun = self.begun.remove(&key).map(|(_, begun)| begun).unwrap_or_default();
        let text = begun + text;
        let (whole, rest) = text.rsplit_once('\n').map_or(("", text.as_str()), |(whole, rest)| (whole, rest));
        if text.len() > rest.len() {
            lines.extend(whole.split('\n').map(|line| format!("{label}{}", terminal_text(line, colors))));
        }
        if !rest.is_empty() {
            self.begun.insert(key, (label.to_owned(), rest.to_owned()));
        }
    }
}

fn words(data: &MimeBundle, colors: bool) -> String {
    terminal_text(&in_words(data, colors), colors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    #[test]
    fn a_line_is_shown_when_it_is_whole_and_what_is_left_at_the_end() {
        let mut live = Live::default();
        let sample = Sample::new(2).stdout(0, "one\ntw").stdout(1, "a\n");
        assert_eq!(live.lines(&sample.clone().run(), false), ["[0] one", "[1] a"]);
        let sample = sample.stdout(0, "o\n").stderr(1, "\u{1b}[31mno end\u{1b}[0m");
        assert_eq!(live.lines(&sample.clone().run(), false), ["[0] two"]);
        assert_eq!(live.lines(&sample.clone().run(), false), [] as [&str; 0]);
        assert_eq!(live.lines(&sample.all_ok().run(), false), ["[1] no end"]);
    }

    #[test]
    fn results_and_failures_stand_under_the_rank_of_their_engine() {
        let mut sample = Sample::new(2).result(0, "[1,\n 2]");
        sample = sample.raise(1, "ValueError", "no\nway", &["Traceback"]);
        assert_eq!(
            Live::default().lines(&sample.all_ok().run(), false),
            ["[0] Out:", "[0] [1,", "[0]  2]", "[1] ✗ ValueError: no", "[1] way"]
        );
    }
}
