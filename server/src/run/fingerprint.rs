//! The fingerprint of an engine's output, kept up to date while it streams, at a cost linear in the text. It is two hashes: one
//! of all but the tokens that may differ, one of those tokens.
//!
//! Only what is on the engine's screen counts: overwritten characters, cleared output and older versions of displays do not.
//! Neither do counters, the places where text was cut, nor how stdout and stderr interleaved.
//!
//! Each engine's part holds it beside the output. The run task updates it with every event, so that drawing a run costs nothing
//! extra.

use std::collections::BTreeSet;

use super::{Ending, Output, pictures, rules::Rule, terminal::terminal_text, tokens::is_value};
use hash::Hashers;
use past::Earlier;
use stream::StreamFingerprinter;

mod hash;
mod past;
mod stream;

use crate::jupyter::content::{ErrorContent, MimeBundle, StreamName};

/// Represents the output of one engine. Equal fingerprints mean identical output; equal [shapes](Fingerprint::shape) mean
/// output that differs only in numbers and other tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    shape: u64,
    values: u64,
}

impl Fingerprint {
    /// The same number for all outputs that are alike.
    pub fn shape(self) -> u64 {
        self.shape
    }
}

/// The fingerprint of one engine's output in the making.
#[derive(Clone, Debug)]
pub(super) struct Fingerprinter {
    stdout: StreamFingerprinter,
    stderr: StreamFingerprinter,
    /// Displays, results and remarks on the screen.
    rest: Vec<Item>,
    /// Displays of this run, also those that were cleared.
    displayed: BTreeSet<String>,
    /// How many of the rest go with the next output.
    waiting: Option<usize>,
}

#[derive(Clone, Debug)]
struct Item {
    kind: u8,
    id: Option<String>,
    fingerprint: Fingerprint,
}

const DISPLAY: u8 = 1;
const UPDATE: u8 = 2;
const RESULT: u8 = 3;
const REMARK: u8 = 4;
const PAGE: u8 = 5;

impl Fingerprinter {
    pub(super) fn new() -> Self {
        Self {
            stdout: StreamFingerprinter::default(),
            stderr: StreamFingerprinter::default(),
            rest: Vec::new(),
            displayed: BTreeSet::new(),
            waiting: None,
        }
    }

    /// A stream goes on; `outputs` are all that came before.
    pub(super) fn write(&mut self, name: StreamName, text: &str, outputs: &[Output]) {
        self.go_on();
        let earlier = Earlier { name, outputs };
        match name {
            StreamName::Stdout => self.stdout.write(text, earlier),
            StreamName::Stderr => self.stderr.write(text, earlier),
        }
    }

    pub(super) fn display(&mut self, data: &MimeBundle, id: Option<&str>) {
        self.go_on();
        let fingerprint = of_bundle(data, false);
        if let Some(id) = id {
            self.rest.retain(|item| !item.is_update_of(id));
            self.displayed.insert(id.to_owned());
            self.renew(id, fingerprint);
        }
        self.push(DISPLAY, id, fingerprint);
    }

    pub(super) fn update(&mut self, data: &MimeBundle, id: Option<&str>) {
        let fingerprint = of_bundle(data, false);
        let Some(id) = id else { return self.push(UPDATE, None, fingerprint) };
        if self.displayed.contains(id) {
            self.renew(id, fingerprint);
        } else {
            // Of an earlier run's display the newest version is shown, where it came.
            if let Some(waiting) = &mut self.waiting {
                *waiting -= self.rest[..*waiting].iter().filter(|item| item.is_update_of(id)).count();
            }
            self.rest.retain(|item| !item.is_update_of(id));
            self.push(UPDATE, Some(id), fingerprint);
        }
    }

    pub(super) fn result(&mut self, data: &MimeBundle) {
        self.go_on();
        self.push(RESULT, None, of_bundle(data, true));
    }

    pub(super) fn raised(&mut self) {
        self.go_on();
    }

    /// Something pxlens notes about the output: an engine whose output has a gap is not like one whose output has none.
    pub(super) fn remark(&mut self, what: &str) {
        let mut hashers = Hashers::default();
        hashers.raw(what.as_bytes());
        self.push(REMARK, None, hashers.finish());
    }

    pub(super) fn clear(&mut self, wait: bool) {
        self.waiting = Some(self.rest.len());
        if !wait {
            self.go_on();
        }
    }

    /// Drops what `clear_output(wait=True)` left standing until now.
    fn go_on(&mut self) {
        if let Some(count) = self.waiting.take() {
            self.rest.drain(..count.min(self.rest.len()));
            self.stdout = StreamFingerprinter::default();
            self.stderr = StreamFingerprinter::default();
        }
    }

    fn renew(&mut self, id: &str, fingerprint: Fingerprint) {
        let of_id = |item: &&mut Item| item.kind == DISPLAY && item.id.as_deref() == Some(id);
        self.rest.iter_mut().filter(of_id).for_each(|item| item.fingerprint = fingerprint);
    }

    fn push(&mut self, kind: u8, id: Option<&str>, fingerprint: Fingerprint) {
        self.rest.push(Item { kind, id: id.map(str::to_owned), fingerprint });
    }

    /// The fingerprint of a part whose outputs were all noted here, and that gave these pages.
    pub(super) fn fingerprint(&self, pages: &[MimeBundle], ending: Option<&Ending>) -> Fingerprint {
        let mut hashers = Hashers::default();
        for stream in [&self.stdout, &self.stderr] {
            hashers.note(0, stream.finish());
        }
        for item in &self.rest {
            hashers.note(item.kind, item.fingerprint);
        }
        // Pages come with the reply, in any order with the outputs.
        for page in pages {
            hashers.note(PAGE, of_bundle(page, false));
        }
        match ending {
            None => hashers.shape.word(0),
            Some(Ending::Ok) => hashers.shape.word(1),
            Some(Ending::Error(error)) => hashers.shape.word(of_error(error).shape),
            Some(Ending::Aborted(None)) => hashers.shape.word(3),
            Some(Ending::Aborted(Some(why))) => {
                hashers.shape.word(3);
                hashers.raw(why.as_bytes());
            }
            Some(Ending::Lost(why)) => hashers.raw(why.to_string().as_bytes()),
        }
        hashers.finish()
    }
}

impl Item {
    fn is_update_of(&self, id: &str) -> bool {
        self.kind == UPDATE && self.id.as_deref() == Some(id)
    }
}

/// The longest text that is told apart by its tokens. Of a longer one nobody reads in which numbers engines differ, and finding
/// its tokens takes seconds.
const LONGEST: usize = 1_000_000;

/// Of a display or result: its texts by their tokens, everything else byte for byte.
fn of_bundle(data: &MimeBundle, result: bool) -> Fingerprint {
    let mut hashers = Hashers::default();
    for (mime, value) in data.iter() {
        hashers.raw(mime.as_bytes());
        match value.as_str() {
            Some(text) if mime.starts_with("text/") && (1..=LONGEST).contains(&text.len()) => {
                let text = terminal_text(text, false);
                hashers.text(&text, result && mime == "text/plain" && is_value(&text));
            }
            Some(data) if pictures::is_picture(mime) && Rule::Images.applies() => {
                hashers.values.record(pictures::same(mime, data).as_bytes());
            }
            Some(text) => hashers.raw(text.as_bytes()),
            None => hashers.raw(value.to_string().as_bytes()),
        }
    }
    hashers.finish()
}

/// Of an error, whose numbers (such as execution counts) do not count.
fn of_error(error: &ErrorContent) -> Fingerprint {
    let mut hashers = Hashers::default();
    for text in [error.ename.as_str(), error.evalue.as_str(), &error.traceback.join("\n")] {
        if text.len() > LONGEST {
            hashers.raw(text.as_bytes());
        } else {
            hashers.text(&terminal_text(text, false), false);
        }
    }
    hashers.finish()
}

#[cfg(test)]
pub(super) use tests::fingerprint_from_scratch;

#[cfg(test)]
mod tests;
