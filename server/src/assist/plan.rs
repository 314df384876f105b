//! What is in force at a px cell, in words: only what differs from the plain default, and which line decided it.

use crate::{
    cells::{Dialect, Placed},
    engines::Targets,
    text::Document,
};

use super::source;

/// A line that decides about a px cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where: `line 12`, `this line`, `line 3 of cell 2`.
    pub place: String,
    /// The line, or what of it decides.
    pub text: String,
    /// What it sets, each in a word or two.
    pub sets: Vec<&'static str>,
}

impl Decision {
    /// What the own options of a px cell decide.
    pub fn own(cell: &Placed) -> Option<Self> {
        let options = &cell.magic.options;
        let targets = options.targets.as_ref().map(|targets| format!("--targets {}", targets.text));
        let block = options.block.map(|block| if block { "--block" } else { "--noblock" }.to_owned());
        let mut sets = Vec::new();
        sets.extend(targets.as_ref().map(|_| "the targets"));
        sets.extend(block.as_ref().map(|_| "blocking"));
        let text: Vec<String> = targets.into_iter().chain(block).collect();
        (!sets.is_empty()).then(|| Self { place: "this line".to_owned(), text: text.join(" "), sets })
    }

    /// As a sentence without its full stop.
    pub fn sentence(&self) -> String {
        let what = match self.sets.as_slice() {
            [] => "decides".to_owned(),
            [only] => format!("sets {only}"),
            [all @ .., last] => format!("sets {} and {last}", all.join(", ")),
        };
        let mut sentence = format!("{}: {} {what}", self.place, self.text);
        // A slice of a client, such as `rc[::2].activate()`, not a list of ids.
        let is_slice = !self.text.starts_with(['%', '-'])
            && self
                .text
                .split_once('[')
                .is_some_and(|(_, rest)| rest.split(']').next().is_some_and(|inside| inside.contains(':')));
        if is_slice {
            sentence
                .push_str("; of the engines alive when it runs, where Python would have frozen them here");
        }
        sentence
    }
}

/// What differs from all engines and waiting: `→ [0,2] noblock`; `None` where nothing does.
///
/// `chosen`: the engines as a rank set, and how many, where they are known.
pub fn label(targets: &Targets, chosen: Option<(&str, usize)>, blocks: bool) -> Option<String> {
    const MOST: usize = 20;
    let which = (*targets != Targets::All).then(|| match chosen {
        Some((ranks, _)) if ranks.chars().count() <= MOST => ranks.to_owned(),
        Some((_, count)) => format!("{count} engines"),
        None => {
            let written = targets.to_string();
            if written.chars().count() <= MOST {
                written
            } else {
                let begin: String = written.chars().take(MOST - 1).collect();
                format!("{begin}…")
            }
        }
    });
    match (which, blocks) {
        (None, true) => None,
        (None, false) => Some("→ noblock".to_owned()),
        (Some(which), true) => Some(format!("→ {which}")),
        (Some(which), false) => Some(format!("→ {which} noblock")),
    }
}

/// The line at a byte as a reader sees it, without what surrounds it in a raw notebook; cut where it is long.
pub fn excerpt(document: &Document, dialect: Dialect, at: usize) -> String {
    const MOST: usize = 60;
    let line = source::from(document, dialect, at, false).text;
    let line = line.trim();
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    let begin: String = line.chars().take(MOST - 1).collect();
    format!("{}…", begin.trim_end())
}
