//! What an engine's output is like, kept up to date while it streams at a cost linear in the text: two fingerprints, one of
//! all but the tokens that may differ, one of those tokens.
//!
//! What counts is what is on the engine's screen: overwritten characters, cleared output and older versions of displays do
//! not. Neither do counters, where pieces of text were cut, and how stdout and stderr interleaved.
//!
//! It lives in each engine's part, beside the output: the run task, which applies the events, keeps it, and whoever draws a
//! run finds it there. From scratch it is a run made of the same events, or [`likeness_by`].

use std::collections::BTreeSet;

use super::{
    Ending, EngineRun, OutputKind, pictures,
    rules::{Rule, Rules},
    settle::{BARRIER, REACH, Screen, overwrites, settle},
    tokens::{is_value, tokens},
};
use crate::jupyter::content::{ErrorContent, MimeBundle, StreamName};

/// What an engine's part is like. Equal values: identical output. [Alike](Likeness::is_alike): it differs in numbers and other
/// tokens only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness {
    shape: u64,
    values: u64,
}

impl Likeness {
    /// A number that is the same for parts that are alike.
    pub fn shape(self) -> u64 {
        self.shape
    }

    /// Whether the parts differ in nothing but numbers and the like.
    pub fn is_alike(self, other: Self) -> bool {
        self.shape == other.shape
    }
}

/// A line longer than this is compared byte for byte, so that no line costs more than its length.
const LONG: usize = 65_536;

/// The outline of all an engine produced so far.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    rules: Rules,
    stdout: Flow,
    stderr: Flow,
    /// Displays, results and remarks on the screen.
    rest: Vec<Thing>,
    /// Displays of this run, also those that were cleared.
    displayed: BTreeSet<String>,
    /// How many of the rest go with the next output.
    waiting: Option<usize>,
}

#[derive(Clone, Debug)]
struct Thing {
    kind: u8,
    id: Option<String>,
    likeness: Likeness,
}

const DISPLAY: u8 = 1;
const UPDATE: u8 = 2;
const RESULT: u8 = 3;
const REMARK: u8 = 4;
const PAGE: u8 = 5;

impl Outline {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            stdout: Flow::default(),
            stderr: Flow::default(),
            rest: Vec::new(),
            displayed: BTreeSet::new(),
            waiting: None,
        }
    }

    /// The outline of what an engine produced, from scratch.
    fn of(part: &EngineRun, rules: Rules) -> Self {
        let mut outline = Self::new(rules);
        for output in &part.outputs {
            match &output.kind {
                OutputKind::Stream(name, text) => {
                    text.chunks().for_each(|chunk| outline.write(*name, chunk));
                }
                OutputKind::Display { data, display_id } => outline.display(data, display_id.as_deref()),
                OutputKind::UpdateDisplay { data, display_id } => {
                    outline.update(data, display_id.as_deref());
                }
                OutputKind::ClearOutput { wait } => outline.clear(*wait),
                OutputKind::Result { data, .. } => outline.result(data),
                OutputKind::Error(_) => outline.raised(),
                OutputKind::Unreadable(what) => outline.remark(what),
            }
        }
        outline
    }

    pub(super) fn write(&mut self, name: StreamName, text: &str) {
        self.go_on();
        let rules = self.rules;
        match name {
            StreamName::Stdout => self.stdout.write(text, rules),
            StreamName::Stderr => self.stderr.write(text, rules),
        }
    }

    pub(super) fn display(&mut self, data: &MimeBundle, id: Option<&str>) {
        self.go_on();
        let likeness = of_bundle(data, false, self.rules);
        if let Some(id) = id {
            self.rest.retain(|thing| !thing.is_update_of(id));
            self.displayed.insert(id.to_owned());
            self.renew(id, likeness);
        }
        self.push(DISPLAY, id, likeness);
    }

    pub(super) fn update(&mut self, data: &MimeBundle, id: Option<&str>) {
        let likeness = of_bundle(data, false, self.rules);
        let Some(id) = id else { return self.push(UPDATE, None, likeness) };
        if self.displayed.contains(id) {
            self.renew(id, likeness);
        } else {
            // Of an earlier run's display the newest version is shown, where it came.
            if let Some(waiting) = &mut self.waiting {
                *waiting -= self.rest[..*waiting].iter().filter(|thing| thing.is_update_of(id)).count();
            }
            self.rest.retain(|thing| !thing.is_update_of(id));
            self.push(UPDATE, Some(id), likeness);
        }
    }

    pub(super) fn result(&mut self, data: &MimeBundle) {
        self.go_on();
        self.push(RESULT, None, of_bundle(data, true, self.rules));
    }

    pub(super) fn raised(&mut self) {
        self.go_on();
    }

    /// Something pxlens notes about the output; engines that miss something are unlike those that do not.
    pub(super) fn remark(&mut self, what: &str) {
        let mut prints = Prints::default();
        prints.raw(what.as_bytes());
        self.push(REMARK, None, prints.finish());
    }

    pub(super) fn clear(&mut self, wait: bool) {
        self.waiting = Some(self.rest.len());
        if !wait {
            self.go_on();
        }
    }

    /// What waits for the next output to be cleared goes.
    fn go_on(&mut self) {
        if let Some(count) = self.waiting.take() {
            self.rest.drain(..count.min(self.rest.len()));
            self.stdout = Flow::default();
            self.stderr = Flow::default();
        }
    }

    fn renew(&mut self, id: &str, likeness: Likeness) {
        let of_id = |thing: &&mut Thing| thing.kind == DISPLAY && thing.id.as_deref() == Some(id);
        self.rest.iter_mut().filter(of_id).for_each(|thing| thing.likeness = likeness);
    }

    fn push(&mut self, kind: u8, id: Option<&str>, likeness: Likeness) {
        self.rest.push(Thing { kind, id: id.map(str::to_owned), likeness });
    }

    /// What the part is like that has this outline.
    pub(super) fn likeness(&self, part: &EngineRun) -> Likeness {
        let mut prints = Prints::default();
        for flow in [&self.stdout, &self.stderr] {
            prints.note(0, flow.finish(self.rules));
        }
        for thing in &self.rest {
            prints.note(thing.kind, thing.likeness);
        }
        // Pages come with the reply, in any order with the outputs.
        for page in &part.pages {
            prints.note(PAGE, of_bundle(page, false, self.rules));
        }
        match part.ending() {
            None => prints.shape.word(0),
            Some(Ending::Ok) => prints.shape.word(1),
            Some(Ending::Error(error)) => prints.shape.word(of_error(error, self.rules).shape),
            Some(Ending::Aborted) => prints.shape.word(3),
            Some(Ending::Lost(why)) => prints.raw(why.to_string().as_bytes()),
        }
        prints.finish()
    }
}

impl Thing {
    fn is_update_of(&self, id: &str) -> bool {
        self.kind == UPDATE && self.id.as_deref() == Some(id)
    }
}

/// What a part is like by some of the rules only, from scratch. Once text of it has left memory there is only what was noted
/// while it came, by all rules.
pub(crate) fn likeness_by(part: &EngineRun, rules: Rules) -> Likeness {
    match part.spilled {
        None => Outline::of(part, rules).likeness(part),
        Some(_) => part.likeness(),
    }
}

/// A fingerprint in the making, of records: where one ends counts, so texts are told apart however they are cut.
#[derive(Clone, Copy, Debug, Default)]
struct Print(u64);

impl Print {
    /// Multiplies and folds, as wyhash and foldhash do.
    #[inline]
    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    /// Text. Its last word holds a byte that no UTF-8 does, so that records cannot run into each other.
    #[inline]
    fn record(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let end = 0xf8 + rest.len() as u64;
        self.word(end << 56 | up_to_seven(bytes, rest));
    }

    /// A piece of a record that comes in pieces.
    fn piece(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.word(u64::from(byte)));
    }
}

/// The last bytes of a text, which are fewer than eight, as a little-endian number; without a loop, since most texts between
/// tokens are short.
#[inline]
fn up_to_seven(bytes: &[u8], rest: &[u8]) -> u64 {
    let bits = 8 * rest.len() as u32;
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last).checked_shr(64 - bits).unwrap_or(0);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        // They may overlap, in equal bytes.
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (bits - 32);
    }
    rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The two fingerprints in the making.
#[derive(Clone, Debug, Default)]
struct Prints {
    shape: Print,
    values: Print,
}

/// What stands between records; no kind of token has these numbers.
const LINE: u64 = 0xfe;
const RAW: u64 = 0xfd;

impl Prints {
    fn text(&mut self, text: &str, value: bool, rules: Rules) {
        let (bytes, mut at) = (text.as_bytes(), 0);
        for token in tokens(text, value, rules) {
            self.shape.record(&bytes[at..token.whole.start]);
            let apart = u64::from(token.apart_before) + 2 * u64::from(token.apart_after);
            self.shape.word(token.kind as u64 * 4 + apart);
            self.values.record(&bytes[token.whole.clone()]);
            at = token.whole.end;
        }
        self.shape.record(&bytes[at..]);
        self.shape.word(LINE);
    }

    /// Text that has to be the same to the byte.
    fn raw(&mut self, bytes: &[u8]) {
        self.shape.record(bytes);
        self.shape.word(RAW);
    }

    fn note(&mut self, kind: u8, likeness: Likeness) {
        self.shape.word(u64::from(kind));
        self.shape.word(likeness.shape);
        self.values.word(likeness.values);
    }

    fn finish(&self) -> Likeness {
        Likeness { shape: self.shape.0, values: self.values.0 }
    }
}

/// One stream.
#[derive(Clone, Debug, Default)]
struct Flow {
    prints: Prints,
    /// Lines that are in the prints already and that the cursor may still go back to.
    recent: Recent,
    /// The beginning of the line in work, as long as nothing in it overwrites.
    pending: String,
    /// The line in work, once something in it overwrites; all lines in reach, once the cursor has gone up.
    screen: Option<Box<Screen>>,
    /// Whether the line in work is so long that it is hashed as it comes.
    long: bool,
}

/// The last lines, settled, and the prints before them: at least [`REACH`] where there were as many, at most twice that.
#[derive(Clone, Debug, Default)]
struct Recent {
    older: Lines,
    newer: Lines,
}

#[derive(Clone, Debug, Default)]
struct Lines {
    before: Prints,
    text: String,
    count: usize,
}

impl Recent {
    /// A line that ended; `after` are the prints with it.
    fn push(&mut self, line: &str, after: &Prints) {
        if line.len() > BARRIER && line.chars().count() > BARRIER {
            let fresh = || Lines { before: after.clone(), ..Lines::default() };
            *self = Self { older: fresh(), newer: fresh() };
            return;
        }
        self.note(line);
        self.note("\n");
        self.count(after, "");
    }

    /// Text of lines that are counted, or will be before anything else happens.
    fn note(&mut self, text: &str) {
        self.newer.text.push_str(text);
    }

    /// Counts a line that ended; `after` are the prints with it. Where that makes the newer lines the older ones, it notes what of
    /// them is not noted yet, and gives true.
    fn count(&mut self, after: &Prints, unnoted: &str) -> bool {
        self.newer.count += 1;
        if self.newer.count < REACH {
            return false;
        }
        self.note(unnoted);
        std::mem::swap(&mut self.older, &mut self.newer);
        self.newer.before.clone_from(after);
        self.newer.text.clear();
        self.newer.count = 0;
        true
    }

    /// The prints before the lines, and the lines.
    fn take(&mut self) -> (Prints, Vec<String>) {
        let Self { older, newer } = std::mem::take(self);
        let lines = older.text.lines().chain(newer.text.lines()).map(str::to_owned).collect();
        (older.before, lines)
    }
}

impl Flow {
    fn write(&mut self, text: &str, rules: Rules) {
        // No early end: so it is done many bytes at a time.
        let odd =
            text.bytes().fold(0, |odd, byte| odd | u8::from(byte != b'\n' && !(b' '..0x7f).contains(&byte)));
        if odd == 0 && self.screen.is_none() && self.pending.is_empty() && !self.long {
            return self.plain(text, rules);
        }
        for piece in text.split_inclusive('\n') {
            let (body, ends) = piece.strip_suffix('\n').map_or((piece, false), |body| (body, true));
            self.go_on(body, ends, rules);
            if ends {
                self.end_line(rules);
            }
        }
    }

    /// Text from the beginning of a line on in which nothing overwrites or has to be spelled out: what most text is.
    fn plain(&mut self, text: &str, rules: Rules) {
        let (mut line, mut unnoted) = (0, 0);
        for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
            let next = end + 1;
            if end - line > BARRIER {
                self.recent.note(&text[unnoted..line]);
                self.go_on(&text[line..end], true, rules);
                self.end_line(rules);
                unnoted = next;
            } else {
                self.prints.text(&text[line..end], false, rules);
                if self.recent.count(&self.prints, &text[unnoted..next]) {
                    unnoted = next;
                }
            }
            line = next;
        }
        self.recent.note(&text[unnoted..line]);
        if line < text.len() {
            self.go_on(&text[line..], false, rules);
        }
    }

    /// More of the line in work.
    fn go_on(&mut self, body: &str, ends: bool, rules: Rules) {
        if self.long {
            return self.prints.shape.piece(body.as_bytes());
        }
        if self.screen.is_some() {
            return self.overwrite(body, rules);
        }
        let begins = body.find(overwrites);
        if begins.is_none() && ends && self.pending.is_empty() && body.len() <= LONG {
            return self.line(body, rules);
        }
        let (plain, rest) = body.split_at(begins.unwrap_or(body.len()));
        self.pending.push_str(plain);
        if self.pending.len() > LONG {
            let pending = std::mem::take(&mut self.pending);
            self.be_long(&pending);
            self.prints.shape.piece(rest.as_bytes());
        } else if begins.is_some() {
            self.screen = Some(Box::new(Screen::new(false)));
            let pending = std::mem::take(&mut self.pending);
            self.overwrite(&pending, rules);
            self.overwrite(rest, rules);
        }
    }

    /// More of a line in which something overwrites.
    fn overwrite(&mut self, text: &str, rules: Rules) {
        let Some(screen) = &mut self.screen else { return };
        let (prints, recent) = (&mut self.prints, &mut self.recent);
        let used = screen.write(text, LONG, || {
            let (before, lines) = recent.take();
            *prints = before;
            lines
        });
        screen.out_of_reach().iter().for_each(|line| self.prints.text(line, false, rules));
        if screen.length() > LONG {
            let lines = screen.all();
            self.screen = screen.went_up().then(|| Box::new(Screen::new(false)));
            lines.iter().for_each(|line| self.prints.text(line, false, rules));
            self.be_long(&text[used..]);
        }
    }

    /// From here on the line is compared byte for byte.
    fn be_long(&mut self, text: &str) {
        self.long = true;
        self.prints.shape.piece(text.as_bytes());
    }

    fn end_line(&mut self, rules: Rules) {
        if std::mem::take(&mut self.long) {
            self.prints.shape.word(RAW);
            return;
        }
        match &mut self.screen {
            Some(screen) if screen.went_up() => {
                screen.line_feed();
                screen.out_of_reach().iter().for_each(|line| self.prints.text(line, false, rules));
            }
            Some(screen) => {
                let line = screen.all().concat();
                self.screen = None;
                self.settled(&line, rules);
            }
            None if self.pending.is_empty() => {}
            None => {
                let pending = std::mem::take(&mut self.pending);
                self.line(&pending, rules);
            }
        }
    }

    /// A whole line in which nothing overwrites.
    fn line(&mut self, line: &str, rules: Rules) {
        // No early end: so it is done many bytes at a time.
        let odd = line.bytes().fold(0, |odd, byte| odd | u8::from(!(b' '..0x7f).contains(&byte)));
        match odd {
            0 => self.settled(line, rules),
            _ => self.settled(&settle(line, false), rules),
        }
    }

    fn settled(&mut self, line: &str, rules: Rules) {
        self.prints.text(line, false, rules);
        self.recent.push(line, &self.prints);
    }

    fn finish(&self, rules: Rules) -> Likeness {
        let mut prints = self.prints.clone();
        if let Some(screen) = self.screen.as_ref().filter(|_| !self.long) {
            screen.rest().iter().for_each(|line| prints.text(line, false, rules));
        } else if !self.pending.is_empty() {
            prints.text(&settle(&self.pending, false), false, rules);
        }
        prints.finish()
    }
}

/// A display or result: its texts by their tokens, all else to the byte.
fn of_bundle(data: &MimeBundle, result: bool, rules: Rules) -> Likeness {
    let mut prints = Prints::default();
    for (mime, value) in data.iter() {
        prints.raw(mime.as_bytes());
        match value.as_str() {
            Some(text) if mime.starts_with("text/") && !text.is_empty() => {
                let text = settle(text, false);
                prints.text(&text, result && mime == "text/plain" && is_value(&text), rules);
            }
            Some(data) if pictures::is_picture(mime) && rules.has(Rule::Images) => {
                prints.values.record(pictures::same(mime, data).as_bytes());
            }
            Some(text) => prints.raw(text.as_bytes()),
            None => prints.raw(value.to_string().as_bytes()),
        }
    }
    prints.finish()
}

/// An error; of its numbers (counters of cells among them) nothing counts.
fn of_error(error: &ErrorContent, rules: Rules) -> Likeness {
    let mut prints = Prints::default();
    for text in [error.ename.as_str(), error.evalue.as_str(), &error.traceback.join("\n")] {
        prints.text(&settle(text, false), false, rules);
    }
    prints.finish()
}

#[cfg(test)]
mod tests;
