//! A model of a terminal: what text looks like once a terminal has shown all of it.
//!
//! Carriage returns and backspaces overwrite; the cursor goes up and down among the last [`REACH`] lines, as stacked progress
//! bars need it; colours are kept or dropped; every other escape sequence is dropped; control characters, and characters that
//! change the direction of text, are spelled out. Escape sequences end with their line at the latest, so that no stray byte can
//! hide what follows. Lines out of the cursor's reach are never erased: no sequence clears the whole screen.
//!
//! Text may come in pieces, cut anywhere; the cost is linear in it.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    fmt::Write as _,
    sync::Arc,
};

use vte::{Params, Parser, Perform};

/// How many lines, counted from the last, the cursor can go to.
pub(super) const REACH: usize = 50;

/// The cursor cannot go back to a line of more characters than this, nor above it.
pub(super) const BARRIER: usize = 1000;

/// How far the cursor can go beyond the end of a line without writing, so that few bytes cannot make a long line.
const WIDE: usize = 500;

/// Most bytes of an escape sequence with parameters; a longer one is dropped.
const SEQUENCE: usize = 128;

/// What a terminal shows once it has been sent all of `text`: overwritten characters are gone, and so is the newline at its end.
/// With `colors`, SGR sequences stay, each line closing its own; without, the result holds no escape sequence at all.
pub(crate) fn terminal_text(text: &str, colors: bool) -> String {
    let body = text.strip_suffix('\n').unwrap_or(text);
    if body.chars().all(is_harmless) {
        return body.to_owned();
    }
    let mut screen = Screen::new(colors);
    let mut shown = String::new();
    let mut add = |line: &str| {
        shown.push_str(line);
        shown.push('\n');
    };
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            screen.line_feed();
        }
        screen.write(line, usize::MAX, Vec::new);
        screen.out_of_reach().iter().for_each(|line| add(line));
    }
    screen.rest().iter().for_each(|line| add(line));
    shown.pop();
    shown
}

/// Text in which nothing controls a terminal or is hidden: such characters are spelled out as JSON does it (`\u001b`), so that
/// the reader sees that they are there. Line ends and tabs stay; with `colors`, SGR sequences do too.
///
/// For text that is no output: names, lines of documents, messages. Of output, [`terminal_text`] shows what it comes to.
pub(crate) fn visible(text: &str, colors: bool) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let kept = match c {
            '\r' if rest.starts_with("\r\n") => 1,
            '\x1b' if colors => sgr_length(rest).unwrap_or(0),
            c if is_harmless(c) || joins(shown.chars().next_back(), c) => c.len_utf8(),
            _ => 0,
        };
        if kept == 0 {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
        let (before, after) = rest.split_at(kept.max(c.len_utf8()));
        shown.push_str(&before[..kept]);
        rest = after;
    }
    Cow::Owned(shown)
}

/// [`visible`] in one line, for names.
pub(crate) fn visible_name(name: &str) -> String {
    visible(name, false).replace('\r', "\\u000d").replace('\n', "\\u000a").replace('\t', "\\u0009")
}

/// The bytes of the SGR sequence at the beginning of a text.
fn sgr_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !(c.is_ascii_digit() || matches!(c, ';' | ':')))?;
    parameters[end..].starts_with('m').then_some("\x1b[".len() + end + 1)
}

/// Whether a character can be shown as it is, wherever it stands.
fn is_harmless(c: char) -> bool {
    c == '\n' || c == '\t' || !(c.is_control() || is_hidden(c))
}

/// Whether a character is not seen, changes the direction of text or breaks lines, so that text could be misread: what Unicode
/// calls default ignorable, without the variation selectors that emoji have, and its line ends.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character joins the one before it to the next, or keeps them apart, as emoji and some scripts need it. Behind
/// ASCII it would only be hidden.
fn joins(before: Option<char>, c: char) -> bool {
    is_joiner(c) && before.is_some_and(|before| !before.is_ascii())
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether a character may change what was written before it.
pub(super) fn overwrites(c: char) -> bool {
    matches!(c, '\r' | '\x08' | '\x1b')
}

/// The lines that the cursor can reach.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    colors: bool,
    /// At least one.
    lines: VecDeque<Line>,
    /// Where the cursor is; the column is at most [`WIDE`] or at the end of the line, whichever is further.
    row: usize,
    column: usize,
    /// Whether the cursor was ever moved up: lines above the first were then asked for.
    went_up: bool,
    gone: Vec<String>,
    sgr: Sgr,
    color: Color,
    state: State,
    /// The escape sequence read so far.
    sequence: String,
    /// Characters and cells visited.
    #[cfg(test)]
    steps: usize,
}

#[derive(Clone, Debug, Default)]
struct Line {
    text: Vec<char>,
    /// As many as characters where colours are kept, else none.
    colors: Vec<Color>,
    /// Whether something was erased: blanks at its end then show nothing.
    erased: bool,
}

/// Parameters of the SGR sequences in force, such as `1;31`.
type Color = Option<Arc<str>>;

/// What the next character belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `ESC`.
    Escape,
    /// After `ESC [`.
    Parameters,
    /// Within a title, link, or the like.
    Hidden,
}

impl Line {
    /// Its length without the blanks that erasing left at its end.
    fn shown(&self) -> usize {
        let blank = |c: &&char| self.erased && **c == ' ';
        self.text.len() - self.text.iter().rev().take_while(blank).count()
    }

    fn truncate(&mut self, length: usize) {
        self.erased |= length < self.text.len();
        self.text.truncate(length);
        self.colors.truncate(length);
    }

    fn to_text(&self) -> String {
        let length = self.shown();
        let (mut text, mut before) = (String::with_capacity(length), None);
        // What joined two characters may stand behind another by now, which was written over the first.
        let mut push = |text: &mut String, c: char| match is_joiner(c) && !joins(before, c) {
            true => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
                before = Some('u');
            }
            false => {
                text.push(c);
                before = Some(c);
            }
        };
        if self.colors.is_empty() {
            self.text[..length].iter().for_each(|c| push(&mut text, *c));
            return text;
        }
        let mut shown: &Color = &None;
        for (c, color) in self.text[..length].iter().zip(&self.colors) {
            if color != shown {
                if shown.is_some() {
                    text.push_str("\x1b[0m");
                }
                if let Some(color) = color {
                    let _ = write!(text, "\x1b[{color}m");
                }
                shown = color;
            }
            push(&mut text, *c);
        }
        if shown.is_some() {
            text.push_str("\x1b[0m");
        }
        text
    }
}

impl Screen {
    /// A screen of one empty line.
    pub(super) fn new(colors: bool) -> Self {
        Self {
            colors,
            lines: VecDeque::from([Line::default()]),
            row: 0,
            column: 0,
            went_up: false,
            gone: Vec::new(),
            sgr: Sgr::default(),
            color: None,
            state: State::Text,
            sequence: String::new(),
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Characters in the line of the cursor.
    pub(super) fn length(&self) -> usize {
        self.lines[self.row].text.len()
    }

    /// Whether the cursor was ever moved up.
    pub(super) fn went_up(&self) -> bool {
        self.went_up
    }

    /// Writes text without line feeds until the line is longer than `most` characters, and returns the bytes read. `above` is
    /// called once, when the cursor first goes up, for the lines above the first.
    pub(super) fn write(&mut self, text: &str, most: usize, above: impl FnOnce() -> Vec<String>) -> usize {
        let mut above = Some(above);
        for (at, c) in text.char_indices() {
            self.count(1);
            self.take(c, &mut above);
            if self.length() > most {
                return at + c.len_utf8();
            }
        }
        text.len()
    }

    /// Moves to the beginning of the next line.
    pub(super) fn line_feed(&mut self) {
        self.state = State::Text;
        self.column = 0;
        let is_barrier = self.length() > BARRIER;
        if self.row + 1 == self.lines.len() {
            self.lines.push_back(Line::default());
        }
        self.row += 1;
        let gone = if is_barrier { self.row } else { self.lines.len().saturating_sub(REACH) };
        self.let_go(gone);
    }

    /// The lines that left the reach of the cursor since the last call.
    pub(super) fn out_of_reach(&mut self) -> Vec<String> {
        std::mem::take(&mut self.gone)
    }

    /// The lines in reach if nothing more comes: without erased lines at the end, or, where there are none, without the empty
    /// line after a last line feed.
    pub(super) fn rest(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.lines.iter().map(Line::to_text).collect();
        let erased = self.lines.iter().rev().take_while(|line| line.erased && line.shown() == 0).count();
        let begun = usize::from(self.lines.back().is_some_and(|line| line.text.is_empty()));
        lines.truncate(lines.len() - if erased > 0 { erased } else { begun });
        lines
    }

    /// All lines in reach, empty ones at the end included.
    pub(super) fn all(&self) -> Vec<String> {
        self.lines.iter().map(Line::to_text).collect()
    }

    fn let_go(&mut self, count: usize) {
        self.gone.extend(self.lines.drain(..count).map(|line| line.to_text()));
        self.row = self.row.saturating_sub(count);
        self.keep_near();
    }

    fn count(&mut self, _steps: usize) {
        #[cfg(test)]
        {
            self.steps += _steps;
        }
    }

    fn take(&mut self, c: char, above: &mut Option<impl FnOnce() -> Vec<String>>) {
        match (self.state, c) {
            (_, '\x1b') => {
                self.state = State::Escape;
                self.sequence.clear();
                self.sequence.push(c);
            }
            (_, '\x18' | '\x1a') => {
                self.state = State::Text;
                self.print(c);
            }
            (State::Text, _) => self.print(c),
            (State::Hidden, '\x07' | '\u{9c}') => self.state = State::Text,
            (State::Hidden, _) => {}
            (_, '\0'..'\x20') => self.print(c),
            (State::Escape, '[') => {
                self.state = State::Parameters;
                self.sequence.push(c);
            }
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => self.state = State::Hidden,
            (State::Escape, ' '..='/') => {}
            (State::Parameters, ' '..='?') => {
                if self.sequence.len() < SEQUENCE {
                    self.sequence.push(c);
                }
            }
            (State::Parameters, '@'..='~') => {
                self.state = State::Text;
                if self.sequence.len() < SEQUENCE {
                    self.sequence.push(c);
                    self.execute(c, above);
                }
            }
            (State::Escape, ' '..='~') | (_, '\x7f') => self.state = State::Text,
            // Not part of any sequence.
            (State::Escape | State::Parameters, _) => {
                self.state = State::Text;
                self.print(c);
            }
        }
    }

    fn print(&mut self, c: char) {
        match c {
            '\r' => self.column = 0,
            '\x08' => self.column = self.column.saturating_sub(1),
            c if is_harmless(c) || joins(self.before(), c) => self.put(c),
            c => {
                let code = u32::from(c);
                let spelled = if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
                spelled.chars().for_each(|c| self.put(c));
            }
        }
    }

    /// The character before the cursor.
    fn before(&self) -> Option<char> {
        self.lines[self.row].text.get(self.column.checked_sub(1)?).copied()
    }

    fn put(&mut self, c: char) {
        let line = &mut self.lines[self.row];
        let padding = self.column.saturating_sub(line.text.len());
        line.text.extend(std::iter::repeat_n(' ', padding));
        if let Some(old) = line.text.get_mut(self.column) {
            line.erased |= c == ' ' && *old != ' ';
            *old = c;
        } else {
            line.text.push(c);
        }
        if self.colors {
            line.colors.resize(line.text.len(), None);
            line.colors[self.column].clone_from(&self.color);
        }
        self.column += 1;
        self.count(padding + 1);
    }

    /// Executes an escape sequence.
    fn execute(&mut self, action: char, above: &mut Option<impl FnOnce() -> Vec<String>>) {
        let mut params = Parameters::default();
        Parser::<1024>::new().advance(&mut params, self.sequence.as_bytes());
        let Some(params) = params.0 else { return };
        let first = params.first().and_then(|param| param.first()).copied().map_or(0, usize::from);
        let times = first.max(1);
        let length = self.length();
        match (action, first) {
            ('m', _) if self.colors => {
                self.sgr.select(&params);
                self.color = self.sgr.to_color();
            }
            ('A' | 'F', _) => {
                if !std::mem::replace(&mut self.went_up, true)
                    && let Some(above) = above.take()
                {
                    let more: Vec<String> = above();
                    self.row += more.len();
                    more.iter().rev().for_each(|line| self.lines.push_front(Line::of(line)));
                    self.let_go(self.lines.len().saturating_sub(REACH));
                }
                self.row = self.row.saturating_sub(times);
            }
            ('B' | 'E', _) => self.row = (self.row + times).min(self.lines.len() - 1),
            ('C', _) => self.column = (self.column + times).min(WIDE.max(length)),
            ('D', _) => self.column = self.column.saturating_sub(times),
            ('G', _) => self.column = (times - 1).min(WIDE.max(length)),
            ('K', 0) => self.lines[self.row].truncate(self.column),
            ('K', 1) => {
                let line = &mut self.lines[self.row];
                line.erased = true;
                let blank = (self.column + 1).min(WIDE).min(length);
                line.text[..blank].fill(' ');
                line.colors.iter_mut().take(blank).for_each(|color| *color = None);
                self.count(blank);
            }
            ('K', 2) => {
                self.lines[self.row].truncate(0);
                self.lines[self.row].erased = true;
            }
            ('J', 0) => {
                self.lines[self.row].truncate(self.column);
                for line in self.lines.iter_mut().skip(self.row + 1) {
                    line.truncate(0);
                    line.erased = true;
                }
                self.count(self.lines.len() - self.row);
            }
            _ => {}
        }
        if matches!(action, 'E' | 'F') {
            self.column = 0;
        }
        self.keep_near();
    }

    fn keep_near(&mut self) {
        self.column = self.column.min(WIDE.max(self.lines[self.row].text.len()));
    }
}

impl Line {
    /// A line as [`terminal_text`] gives it, without colours.
    fn of(text: &str) -> Self {
        Self { text: text.chars().collect(), ..Self::default() }
    }
}

/// The SGR state. Later codes replace earlier ones, so that it stays small however many come.
#[derive(Clone, Debug, Default)]
struct Sgr {
    foreground: Option<String>,
    background: Option<String>,
    /// Bold, faint, italic, underlined, inverse, struck out. Blinking and concealed text is not kept: it would disturb or hide.
    attributes: BTreeSet<u16>,
}

impl Sgr {
    fn select(&mut self, params: &[Vec<u16>]) {
        let mut params = params.iter().map(Vec::as_slice);
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

/// Collects the parameters of one sequence; `None` for a private one.
#[derive(Default)]
struct Parameters(Option<Vec<Vec<u16>>>);

impl Perform for Parameters {
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, _: char) {
        // `ESC [ ? 25 l` and its like are of another kind.
        self.0 = (intermediates.is_empty() && !ignore).then(|| params.iter().map(<[u16]>::to_vec).collect());
    }
}

#[cfg(test)]
mod tests;
