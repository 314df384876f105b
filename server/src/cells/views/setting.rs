//! The setting `pxlens.views`: views that no document makes, or that cannot be read.

use std::collections::BTreeMap;

use crate::engines::Targets;

/// Views by their suffix. A statement in a document that can be read goes before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views(pub BTreeMap<String, ViewSetting>);

/// A view as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewSetting {
    /// Its engines.
    pub targets: Targets,
    /// Whether its runs are waited for; they are unless it is said otherwise, as with `rc.activate(targets, suffix)`.
    pub block: bool,
}

impl Views {
    /// The view of a suffix.
    pub fn get(&self, suffix: &str) -> Option<&ViewSetting> {
        self.0.get(suffix)
    }

    /// Whether a text can be the suffix of a magic: letters, digits and `_`, or nothing.
    pub fn is_suffix(text: &str) -> bool {
        text.chars().all(|c| c == '_' || c.is_alphanumeric())
    }
}
