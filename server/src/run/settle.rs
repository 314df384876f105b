//! A line model of a terminal: what a text looks like once all of it has been shown.
//!
//! Carriage returns and backspaces overwrite; colours are kept or dropped; every other escape sequence is dropped; control
//! characters and what would turn the direction of text are spelled out. Escape sequences end with their line at the
//! latest, so that no stray byte can hide what follows.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use vte::{Params, Parser, Perform};

/// Text as it stands once all of it has been shown: overwritten characters are gone, and so is the newline at its end.
/// With `colors`, SGR sequences stay, each line closing its own; without, the text holds no escape sequence at all.
pub fn settle(text: &str, colors: bool) -> String {
    let body = text.strip_suffix('\n').unwrap_or(text);
    if body.chars().all(is_harmless) {
        return body.to_owned();
    }
    let mut screen = Lines { colors, ..Lines::default() };
    for line in body.split('\n') {
        // A parser per line: a sequence that was never finished must not swallow the lines after it.
        Parser::<1024>::new().advance(&mut screen, line.as_bytes());
        screen.end_line();
    }
    screen.text.pop();
    screen.text
}

/// Whether a character can be shown as it is, wherever it stands.
fn is_harmless(c: char) -> bool {
    c == '\n' || c == '\t' || !(c.is_control() || turns_text(c))
}

/// Whether a character changes the direction of text or breaks lines unseen, so that text could read otherwise than it is.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The lines written so far, and the one in work.
#[derive(Default)]
struct Lines {
    colors: bool,
    text: String,
    /// Characters of the line in work, each with its colour.
    line: Vec<(char, Color)>,
    column: usize,
    sgr: Sgr,
    color: Color,
}

/// Parameters of the SGR sequences in force, such as `1;31`.
type Color = Option<Arc<str>>;

impl Lines {
    fn put(&mut self, c: char) {
        let cell = (c, self.color.clone());
        match self.line.get_mut(self.column) {
            Some(old) => *old = cell,
            None => self.line.push(cell),
        }
        self.column += 1;
    }

    /// A character that cannot be shown, spelled out.
    fn spell(&mut self, c: char) {
        let code = u32::from(c);
        let spelled = if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
        spelled.chars().for_each(|c| self.put(c));
    }

    fn end_line(&mut self) {
        let mut shown: Color = None;
        for (c, color) in self.line.drain(..) {
            if self.colors && color != shown {
                if shown.is_some() {
                    self.text.push_str("\x1b[0m");
                }
                if let Some(color) = &color {
                    let _ = write!(self.text, "\x1b[{color}m");
                }
                shown = color;
            }
            self.text.push(c);
        }
        if shown.is_some() {
            self.text.push_str("\x1b[0m");
        }
        self.text.push('\n');
        self.column = 0;
    }

    fn select_color(&mut self, params: &Params) {
        self.sgr.select(params);
        self.color = self.sgr.to_color();
    }
}

/// The SGR state: what a later code replaces goes, so that the state stays small however many codes come.
#[derive(Default)]
struct Sgr {
    foreground: Option<String>,
    background: Option<String>,
    /// Bold, faint, italic, underlined, inverse, struck out. Blinking and concealed text is not kept: it would disturb or hide.
    attributes: BTreeSet<u16>,
}

impl Sgr {
    fn select(&mut self, params: &Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match *param {
                [0] => *self = Self::default(),
                [code @ (1 | 2 | 3 | 4 | 7 | 9)] => _ = self.attributes.insert(code),
                [22] => self.attributes.retain(|code| !matches!(code, 1 | 2)),
                [code @ (23 | 24 | 27 | 29)] => _ = self.attributes.remove(&(code - 20)),
                [code @ (30..=37 | 90..=97)] => self.foreground = Some(code.to_string()),
                [code @ (40..=47 | 100..=107)] => self.background = Some(code.to_string()),
                [39] => self.foreground = None,
                [49] => self.background = None,
                // `38;5;n` and `38;2;r;g;b`, with semicolons; with colons it is one parameter.
                [code @ (38 | 48)] => {
                    let kind = params.next().and_then(|param| param.first()).copied().unwrap_or(0);
                    let rest = if kind == 2 { 3 } else { 1 };
                    let values = params.by_ref().take(rest).filter_map(|param| param.first());
                    let codes: Vec<String> = [code, kind].iter().chain(values).map(u16::to_string).collect();
                    self.set_extended(code, codes.join(";"));
                }
                [code @ (38 | 48), ..] => {
                    self.set_extended(code, param.iter().map(u16::to_string).collect::<Vec<_>>().join(":"));
                }
                _ => {}
            }
        }
    }

    fn set_extended(&mut self, code: u16, color: String) {
        let ground = if code == 38 { &mut self.foreground } else { &mut self.background };
        *ground = Some(color);
    }

    fn to_color(&self) -> Color {
        let attributes = self.attributes.iter().map(u16::to_string);
        let codes: Vec<String> =
            attributes.chain(self.foreground.clone()).chain(self.background.clone()).collect();
        (!codes.is_empty()).then(|| codes.join(";").into())
    }
}

impl Perform for Lines {
    fn print(&mut self, c: char) {
        if is_harmless(c) { self.put(c) } else { self.spell(c) }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.column = 0,
            0x08 => self.column = self.column.saturating_sub(1),
            b'\t' => self.put('\t'),
            other => self.spell(char::from(other)),
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: char) {
        let first = params.iter().next().and_then(|param| param.first()).copied().unwrap_or(0);
        match (action, first) {
            ('m', _) if self.colors => self.select_color(params),
            ('K', 0) => self.line.truncate(self.column),
            ('K', 1) => (0..self.column.min(self.line.len())).for_each(|i| self.line[i] = (' ', None)),
            ('K', 2) => (0..self.line.len()).for_each(|i| self.line[i] = (' ', None)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_progress_bar_is_its_last_state() {
        assert_eq!(settle("  0%\r 50%\r100%\n", false), "100%");
        assert_eq!(settle("working...\rdone\x1b[K\n", false), "done");
        assert_eq!(settle("12\x08\x083\n", false), "32");
        assert_eq!(settle("dos\r\nlines\r\n", false), "dos\nlines");
        assert_eq!(settle("no end", false), "no end");
        assert_eq!(settle("\n\n", false), "\n");
    }

    #[test]
    fn colours_are_kept_or_dropped_and_each_line_closes_its_own() {
        let text = "a \x1b[1;31mred\nstill\x1b[0m b\n";
        assert_eq!(settle(text, false), "a red\nstill b");
        assert_eq!(settle(text, true), "a \x1b[1;31mred\x1b[0m\n\x1b[1;31mstill\x1b[0m b");
    }

    #[test]
    fn a_colour_that_was_replaced_or_reset_is_gone() {
        for (text, shown) in [
            ("\x1b[31m\x1b[39mx", "x"),
            ("\x1b[31m\x1b[32mx", "\x1b[32mx\x1b[0m"),
            ("\x1b[38;5;28;01mif\x1b[39;00m x", "\x1b[1;38;5;28mif\x1b[0m x"),
            ("\x1b[48;2;1;2;3;4mx\x1b[24my", "\x1b[4;48;2;1;2;3mx\x1b[0m\x1b[48;2;1;2;3my\x1b[0m"),
            ("\x1b[38:5:28mx", "\x1b[38:5:28mx\x1b[0m"),
            ("\x1b[8;5mseen", "seen"),
        ] {
            assert_eq!(settle(text, true), shown, "{text:?}");
        }
    }

    #[test]
    fn no_other_escape_sequence_and_no_hidden_character_comes_through() {
        for (text, shown) in [
            ("\x1b]0;title\x07after", "after"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b[2J\x1b[Htop", "top"),
            ("bell\x07", "bell\\x07"),
            ("nul\0", "nul\\x00"),
            ("del\x7f", "del\\x7f"),
            ("user\u{202e}txt", "user\\u202etxt"),
            ("\x1b]0;never ended\nnext line", "\nnext line"),
            ("c1\u{9b}31m", "c1\\x9b31m"),
        ] {
            assert_eq!(settle(text, false), shown, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_an_engine_writes_gets_through_as_an_escape(text in any::<String>(), colors in any::<bool>()) {
            let shown = settle(&text, colors);
            let mut rest = shown.as_str();
            while let Some(at) = rest.find('\x1b') {
                rest = &rest[at..];
                let end = rest.find('m').expect("an escape is an SGR sequence");
                prop_assert!(colors && rest[1..end].starts_with('['));
                rest = &rest[end..];
            }
            let bare = settle(&text, false);
            prop_assert!(bare.chars().all(is_harmless));
        }
    }
}
