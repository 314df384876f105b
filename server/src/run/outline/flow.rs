//! One stream: the fingerprint of what it shows, kept while it is written.

use super::{
    Likeness,
    past::{Earlier, Past},
    prints::{Prints, RAW},
};
use crate::run::settle::{BARRIER, REACH, Screen, overwrites, settle};

/// A line longer than this is compared byte for byte, so that no line costs more than its length.
pub(super) const LONG: usize = 65_536;

/// One stream. It holds no text but that of the line in work: lines that the cursor goes back to are read where they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    prints: Prints,
    /// Places that the cursor can be brought back to: a line at least [`REACH`] lines up where there are as many, and one nearer.
    older: Mark,
    newer: Mark,
    /// How many lines ended since the nearer one.
    count: usize,
    /// How many bytes were written.
    written: usize,
    /// The byte that the line in work begins at.
    line: usize,
    /// The beginning of the line in work, as long as nothing in it overwrites.
    pub(super) pending: String,
    /// The line in work, once something in it overwrites; all lines in reach, once the cursor has gone up.
    screen: Option<Box<Screen>>,
    /// Whether the line in work is so long that it is hashed as it comes.
    long: bool,
}

/// The beginning of a line, and the prints of all that stands before it.
#[derive(Clone, Debug, Default)]
struct Mark {
    prints: Prints,
    /// The byte of the stream.
    at: usize,
}

impl Flow {
    /// Writes the next piece; `earlier` is what was written since the last time that all was cleared, or more.
    pub(super) fn write(&mut self, text: &str, earlier: Earlier<'_>) {
        let past = Past { earlier, piece: text, from: self.written };
        // No early end: so it is done many bytes at a time.
        let odd =
            text.bytes().fold(0, |odd, byte| odd | u8::from(byte != b'\n' && !(b' '..0x7f).contains(&byte)));
        if odd == 0 && self.screen.is_none() && self.pending.is_empty() && !self.long {
            return self.plain(past);
        }
        for piece in text.split_inclusive('\n') {
            self.piece(piece, past);
        }
    }

    /// A line, or the part of one that came.
    fn piece(&mut self, piece: &str, past: Past<'_>) {
        self.written += piece.len();
        match piece.strip_suffix('\n') {
            Some(body) => {
                self.go_on(body, true, past);
                self.end_line();
                self.line = self.written;
            }
            None => self.go_on(piece, false, past),
        }
    }

    /// Text from the beginning of a line on in which nothing overwrites or has to be spelled out: what most text is.
    fn plain(&mut self, past: Past<'_>) {
        let text = past.piece;
        let mut line = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
            if end - line > BARRIER {
                self.piece(&text[line..=end], past);
            } else {
                self.prints.text(&text[line..end], false);
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

    /// Counts a line that ended; it is in the prints.
    fn count(&mut self) {
        self.count += 1;
        if self.count == REACH {
            std::mem::swap(&mut self.older, &mut self.newer);
            self.newer = Mark { prints: self.prints.clone(), at: self.written };
            self.count = 0;
        }
    }

    /// Lines that ended are out of the cursor's reach.
    fn bar(&mut self) {
        self.older = Mark { prints: self.prints.clone(), at: self.written };
        self.newer = self.older.clone();
        self.count = 0;
    }

    /// More of the line in work.
    fn go_on(&mut self, body: &str, ends: bool, past: Past<'_>) {
        if self.long {
            return self.prints.shape.piece(body.as_bytes());
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
            self.be_long(&pending);
            self.prints.shape.piece(rest.as_bytes());
        } else if begins.is_some() {
            self.screen = Some(Box::new(Screen::new(false)));
            let pending = std::mem::take(&mut self.pending);
            self.overwrite(&pending, past);
            self.overwrite(rest, past);
        }
    }

    /// More of a line in which something overwrites.
    fn overwrite(&mut self, text: &str, past: Past<'_>) {
        let Some(screen) = &mut self.screen else { return };
        let (prints, older, line) = (&mut self.prints, &self.older, self.line);
        let used = screen.write(text, LONG, || match past.lines(older.at..line) {
            Some(lines) => {
                prints.clone_from(&older.prints);
                lines
            }
            // Where they are not in memory any more, the cursor stays.
            None => Vec::new(),
        });
        screen.out_of_reach().iter().for_each(|line| self.prints.text(line, false));
        if screen.length() > LONG {
            let lines = screen.all();
            self.screen = screen.went_up().then(|| Box::new(Screen::new(false)));
            lines.iter().for_each(|line| self.prints.text(line, false));
            self.be_long(&text[used..]);
        }
    }

    /// From here on the line is compared byte for byte.
    fn be_long(&mut self, text: &str) {
        self.long = true;
        self.prints.shape.piece(text.as_bytes());
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.long) {
            self.prints.shape.word(RAW);
            return self.bar();
        }
        match &mut self.screen {
            Some(screen) if screen.went_up() => {
                screen.line_feed();
                screen.out_of_reach().iter().for_each(|line| self.prints.text(line, false));
            }
            Some(screen) => {
                let line = screen.all().concat();
                self.screen = None;
                self.settled(&line);
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
        // No early end: so it is done many bytes at a time.
        let odd = line.bytes().fold(0, |odd, byte| odd | u8::from(!(b' '..0x7f).contains(&byte)));
        match odd {
            0 => self.settled(line),
            _ => self.settled(&settle(line, false)),
        }
    }

    fn settled(&mut self, line: &str) {
        self.prints.text(line, false);
        if line.len() > BARRIER && line.chars().count() > BARRIER { self.bar() } else { self.count() }
    }

    pub(super) fn finish(&self) -> Likeness {
        let mut prints = self.prints.clone();
        if let Some(screen) = self.screen.as_ref().filter(|_| !self.long) {
            screen.rest().iter().for_each(|line| prints.text(line, false));
        } else if !self.pending.is_empty() {
            prints.text(&settle(&self.pending, false), false);
        }
        prints.finish()
    }
}
