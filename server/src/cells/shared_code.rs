//! The code that a px magic sends, in the forms that px cells share.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use super::mapped::{LineMap, Mapped};

/// A text that is sent, and what px cells hold of it. That is made once: what is in force above a px magic changes more often
/// than its text, and each change makes a px cell anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedCode {
    text: Mapped,
    shared: OnceLock<(Arc<str>, Arc<LineMap>)>,
}

impl SharedCode {
    /// The text, and the way back from its lines. `fallback` is the place for a text that is empty, the same at each call.
    pub(super) fn shared(&self, fallback: usize) -> (Arc<str>, Arc<LineMap>) {
        let make = || (self.text.text().into(), Arc::new(self.text.line_map(fallback)));
        self.shared.get_or_init(make).clone()
    }
}

impl From<Mapped> for SharedCode {
    fn from(text: Mapped) -> Self {
        Self { text, shared: OnceLock::new() }
    }
}

impl Deref for SharedCode {
    type Target = Mapped;

    fn deref(&self) -> &Mapped {
        &self.text
    }
}
