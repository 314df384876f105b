//! Functions and the like that do something to views: wherever their name stands they may be called.

use super::{Defined, Names};

impl Names {
    /// Whether any name does something to views.
    pub(in crate::cells::views) fn has_defined(&self) -> bool {
        !self.defined.is_empty()
    }

    /// Takes in calls that may or may not happen.
    pub(in crate::cells::views) fn may_call(&mut self, named: Vec<Defined>) {
        for Defined { acts, place } in named {
            for act in acts.iter() {
                self.apply(act, false, place);
            }
        }
        self.tidy();
    }

    /// What the names on a line do that does something to views.
    pub(in crate::cells::views) fn mentioned(&self, line: &str) -> Vec<Defined> {
        let is_of_name = |c: char| c == '_' || c.is_alphanumeric();
        let mut before = "";
        let mut found = Vec::new();
        for word in line.split(|c| !is_of_name(c)).filter(|word| !word.is_empty()) {
            let is_made = matches!(before, "def" | "class");
            found.extend(self.defined.get(word).filter(|_| !is_made).cloned());
            before = word;
        }
        found
    }
}
