//! What an engine's output is like, kept up to date while it streams at a cost linear in the text: two fingerprints, one of
//! all but the tokens that may differ, one of those tokens.
//!
//! What counts is what is on the engine's screen: overwritten characters, cleared output and older versions of displays do
//! not. Neither do counters, where pieces of text were cut, and how stdout and stderr interleaved.
//!
//! It lives in each engine's part, beside the output: the run task, which applies the events, keeps it, and whoever draws a
//! run finds it there.

use std::collections::BTreeSet;

use super::{Ending, EngineRun, Output, pictures, rules::Rule, settle::settle, tokens::is_value};
use flow::Flow;
use past::Earlier;
use prints::Prints;

mod flow;
mod past;
mod prints;

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

/// The outline of all an engine produced so far.
#[derive(Clone, Debug)]
pub(super) struct Outline {
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
    pub(super) fn new() -> Self {
        Self {
            stdout: Flow::default(),
            stderr: Flow::default(),
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
        let likeness = of_bundle(data, false);
        if let Some(id) = id {
            self.rest.retain(|thing| !thing.is_update_of(id));
            self.displayed.insert(id.to_owned());
            self.renew(id, likeness);
        }
        self.push(DISPLAY, id, likeness);
    }

    pub(super) fn update(&mut self, data: &MimeBundle, id: Option<&str>) {
        let likeness = of_bundle(data, false);
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
        self.push(RESULT, None, of_bundle(data, true));
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
            prints.note(0, flow.finish());
        }
        for thing in &self.rest {
            prints.note(thing.kind, thing.likeness);
        }
        // Pages come with the reply, in any order with the outputs.
        for page in &part.pages {
            prints.note(PAGE, of_bundle(page, false));
        }
        match part.ending() {
            None => prints.shape.word(0),
            Some(Ending::Ok) => prints.shape.word(1),
            Some(Ending::Error(error)) => prints.shape.word(of_error(error).shape),
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

/// A display or result: its texts by their tokens, all else to the byte.
fn of_bundle(data: &MimeBundle, result: bool) -> Likeness {
    let mut prints = Prints::default();
    for (mime, value) in data.iter() {
        prints.raw(mime.as_bytes());
        match value.as_str() {
            Some(text) if mime.starts_with("text/") && !text.is_empty() => {
                let text = settle(text, false);
                prints.text(&text, result && mime == "text/plain" && is_value(&text));
            }
            Some(data) if pictures::is_picture(mime) && Rule::Images.applies() => {
                prints.values.record(pictures::same(mime, data).as_bytes());
            }
            Some(text) => prints.raw(text.as_bytes()),
            None => prints.raw(value.to_string().as_bytes()),
        }
    }
    prints.finish()
}

/// An error; of its numbers (counters of cells among them) nothing counts.
fn of_error(error: &ErrorContent) -> Likeness {
    let mut prints = Prints::default();
    for text in [error.ename.as_str(), error.evalue.as_str(), &error.traceback.join("\n")] {
        prints.text(&settle(text, false), false);
    }
    prints.finish()
}

#[cfg(test)]
pub(super) use tests::likeness_from_scratch;

#[cfg(test)]
mod tests;
