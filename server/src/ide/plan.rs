//! What is in force at a px cell, in words: only what differs from the default, and which line decided it.

use crate::{
    cells::{Dialect, Placed, Sets},
    engines::Targets,
    text::Document,
};

use super::source;

/// A line that decides about a px cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Its place: `line 12`, `this line`, `cell 2, line 3`.
    pub place: String,
    /// The line, or the deciding part of it.
    pub text: String,
    /// What it sets.
    pub sets: Vec<Sets>,
    /// Whether Python would have fixed the engines on this line.
    pub is_frozen: bool,
}

impl Decision {
    /// What the options of the px cell itself decide.
    pub(super) fn own(cell: &Placed) -> Option<Self> {
        let options = &cell.magic.options;
        let targets = options.targets.as_ref().map(|targets| format!("--targets {}", targets.text));
        let block = options.block.map(|block| if block { "--block" } else { "--noblock" }.to_owned());
        let mut sets = Vec::new();
        sets.extend(targets.as_ref().map(|_| Sets::Targets));
        sets.extend(block.as_ref().map(|_| Sets::Block));
        let text: Vec<String> = targets.into_iter().chain(block).collect();
        (!sets.is_empty()).then(|| Self {
            place: "this line".to_owned(),
            text: text.join(" "),
            sets,
            is_frozen: false,
        })
    }

    /// The decision as a sentence without a full stop.
    pub(super) fn sentence(&self) -> String {
        let words: Vec<&str> = self.sets.iter().map(|sets| sets.in_words()).collect();
        let what = match words.as_slice() {
            [] => "decides".to_owned(),
            [only] => format!("sets {only}"),
            [all @ .., last] => format!("sets {} and {last}", all.join(", ")),
        };
        let mut sentence = format!("{}: {} {what}", self.place, self.text);
        if self.is_frozen {
            sentence
                .push_str("; it chooses among the engines alive when the cell runs, while Python would have frozen them here");
        }
        sentence
    }
}

/// What differs from running on all engines and blocking: `→ [0,2] noblock`; `None` if nothing does.
///
/// `chosen`: the engines as a rank set, and their number, if they are known.
pub(super) fn label(targets: &Targets, chosen: Option<(&str, usize)>, blocks: bool) -> Option<String> {
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

/// The line at a byte as a reader sees it, without the JSON around it in a raw notebook; a long line is cut.
pub(super) fn excerpt(document: &Document, dialect: Dialect, at: usize) -> String {
    const MOST: usize = 60;
    let line = source::from(document, dialect, at, false).text;
    let line = line.trim();
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    let begin: String = line.chars().take(MOST - 1).collect();
    format!("{}…", begin.trim_end())
}
