//! The fingerprint of what one stream shows, updated while the stream is written.

use super::{
    Fingerprint,
    hash::{Hashers, RAW},
    past::{Earlier, Past},
};
use crate::run::terminal::{BARRIER, REACH, Screen, overwrites, terminal_text};

/// A line longer than this is compared byte for byte, so that no line costs more than its length.
pub(super) const LONG: usize = 65_536;

/// Holds no text but the line being written: lines that the cursor goes back to are read from the outputs.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamFingerprinter {
    hashers: Hashers,
    /// Two lines to start again from when the cursor goes up: `older` is at least [`REACH`] lines up, where there are that many.
    older: Mark,
    newer: Mark,
    /// Lines that ended since `newer`.
    count: usize,
    /// Bytes written so far.
    written: usize,
    /// The byte at which the line being written begins.
    line: usize,
    /// The line being written, as long as nothing in it overwrites.
    pub(super) pending: String,
    /// The line being written, once something in it overwrites; all lines in reach, once the cursor has gone up.
    screen: Option<Box<Screen>>,
    /// Whether the line being written is so long that its bytes are hashed as they come.
    long: bool,
}

/// The beginning of a line, and the hash of everything before it.
#[derive(Clone, Debug, Default)]
struct Mark {
    hashers: Hashers,
    /// The byte of the stream.
    at: usize,
}

impl StreamFingerprinter {
    /// Writes the next piece; `earlier` reaches back at least to the last time everything was cleared.
    pub(super) fn write(&mut self, text: &str, earlier: Earlier<'_>) {
        let past = Past { earlier, piece: text, from: self.written };
        // No early exit, so that the compiler can look at many bytes at a time.
        let odd =
            text.bytes().fold(0, |odd, byte| odd | u8::from(byte != b'\n' && !(b' '..0x7f).contains(&byte)));
        if odd == 0 && self.screen.is_none() && self.pending.is_empty() && !self.long {
            return self.plain(past);
        }
        for piece in text.split_inclusive('\n') {
            self.piece(piece, past);
        }
    }

    /// A whole line, or part of one.
    fn piece(&mut self, piece: &str, past: Past<'_>) {
        self.written += piece.len();
        match piece.strip_suffix('\n') {
            Some(body) => {
                self.continue_line(body, true, past);
                self.end_line();
                self.line = self.written;
            }
            None => self.continue_line(piece, false, past),
        }
    }

    /// The fast path that most text takes: it begins at the beginning of a line, and nothing in it overwrites or has to be
    /// spelled out.
    fn plain(&mut self, past: Past<'_>) {
        let text = past.piece;
        let mut line = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
            if end - line > BARRIER {
                self.piece(&text[line..=end], past);
            } else {
                self.hashers.text(&text[line..end], false);
                self.written += end + 1 - line;
                self.line = self.written;
                self.count();
            }
            line = end + 1;
        }
        if line < text.len() {
            self.piece(&text[line..], past);
        }
    }

    /// Counts a line that ended and was hashed.
    fn count(&mut self) {
        self.count += 1;
        if self.count == REACH {
            std::mem::swap(&mut self.older, &mut self.newer);
            self.newer = Mark { hashers: self.hashers.clone(), at: self.written };
            self.count = 0;
        }
    }

    /// Puts all lines that ended out of the cursor's reach.
    fn bar(&mut self) {
        self.older = Mark { hashers: self.hashers.clone(), at: self.written };
        self.newer = self.older.clone();
        self.count = 0;
    }

    /// Adds to the line being written.
    fn continue_line(&mut self, body: &str, ends: bool, past: Past<'_>) {
        if self.long {
            return self.hashers.shape.piece(body.as_bytes());
        }
        if self.screen.is_some() {
            return self.overwrite(body, past);
        }
        let begins = body.find(overwrites);
        if begins.is_none() && ends && self.pending.is_empty() && body.len() <= LONG {
            return self.line(body);
        }
        let (plain, rest) = body.split_at(begins.unwrap_or(body.len()));
        self.pending.push_str(plain);
        if self.pending.len() > LONG {
            let pending = std::mem::take(&mut self.pending);
            self.begin_long(&pending);
            self.hashers.shape.piece(rest.as_bytes());
        } else if begins.is_some() {
            self.screen = Some(Box::new(Screen::new(false)));
            let pending = std::mem::take(&mut self.pending);
            self.overwrite(&pending, past);
            self.overwrite(rest, past);
        }
    }

    /// Adds to a line in which something overwrites.
    fn overwrite(&mut self, text: &str, past: Past<'_>) {
        let Some(screen) = &mut self.screen else { return };
        let (hashers, older, line) = (&mut self.hashers, &self.older, self.line);
        let used = screen.write(text, LONG, || match past.lines(older.at..line) {
            Some(lines) => {
                hashers.clone_from(&older.hashers);
                lines
            }
            // They are no longer in memory: the cursor stays where it is.
            None => Vec::new(),
        });
        screen.out_of_reach().iter().for_each(|line| self.hashers.text(line, false));
        if screen.length() > LONG {
            let lines = screen.all();
            self.screen = screen.went_up().then(|| Box::new(Screen::new(false)));
            lines.iter().for_each(|line| self.hashers.text(line, false));
            self.begin_long(&text[used..]);
        }
    }

    /// Compares the rest of the line byte for byte.
    fn begin_long(&mut self, text: &str) {
        self.long = true;
        self.hashers.shape.piece(text.as_bytes());
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.long) {
            self.hashers.shape.word(RAW);
            return self.bar();
        }
        match &mut self.screen {
            Some(screen) if screen.went_up() => {
                screen.line_feed();
                screen.out_of_reach().iter().for_each(|line| self.hashers.text(line, false));
            }
            Some(screen) => {
                let line = screen.all().concat();
                self.screen = None;
                self.finished_line(&line);
            }
            None if self.pending.is_empty() => {}
            None => {
                let pending = std::mem::take(&mut self.pending);
                self.line(&pending);
            }
        }
    }

    /// A whole line in which nothing overwrites.
    fn line(&mut self, line: &str) {
        // No early exit, so that the compiler can look at many bytes at a time.
        let odd = line.bytes().fold(0, |odd, byte| odd | u8::from(!(b' '..0x7f).contains(&byte)));
        match odd {
            0 => self.finished_line(line),
            _ => self.finished_line(&terminal_text(line, false)),
        }
    }

    fn finished_line(&mut self, line: &str) {
        self.hashers.text(line, false);
        if line.len() > BARRIER && line.chars().count() > BARRIER { self.bar() } else { self.count() }
    }

    pub(super) fn finish(&self) -> Fingerprint {
        let mut hashers = self.hashers.clone();
        if let Some(screen) = self.screen.as_ref().filter(|_| !self.long) {
            screen.rest().iter().for_each(|line| hashers.text(line, false));
        } else if !self.pending.is_empty() {
            hashers.text(&terminal_text(&self.pending, false), false);
        }
        hashers.finish()
    }
}
