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
    Ending, EngineRun, Output, OutputKind, pictures,
    rules::{Rule, Rules},
    settle::settle,
    tokens::is_value,
};
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
        for (at, output) in part.outputs.iter().enumerate() {
            match &output.kind {
                OutputKind::Stream(name, text) => {
                    let mut came = 0;
                    for chunk in text.chunks() {
                        let (outputs, begun) = (&part.outputs[..at], Some((text, came)));
                        outline.go_on_writing(chunk, Earlier { name: *name, outputs, begun });
                        came += chunk.len();
                    }
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

    /// A stream goes on; `outputs` are all that came before.
    pub(super) fn write(&mut self, name: StreamName, text: &str, outputs: &[Output]) {
        self.go_on_writing(text, Earlier { name, outputs, begun: None });
    }

    fn go_on_writing(&mut self, text: &str, earlier: Earlier<'_>) {
        self.go_on();
        let rules = self.rules;
        match earlier.name {
            StreamName::Stdout => self.stdout.write(text, earlier, rules),
            StreamName::Stderr => self.stderr.write(text, earlier, rules),
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
