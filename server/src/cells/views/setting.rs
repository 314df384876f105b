//! The setting `pxlens.views`: views that no document makes, or that cannot be read.

use std::collections::BTreeMap;

use crate::engines::Targets;

/// Views by their suffix. A statement in a document that can be read goes before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Views(pub BTreeMap<String, ViewSetting>);

/// A view as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ViewSetting {
    /// Its engines.
    pub targets: Targets,
    /// Whether its runs are waited for; they are unless it is said otherwise, as with `rc.activate(targets, suffix)`.
    pub block: bool,
}

impl Views {
    /// The view of a suffix.
    pub(crate) fn get(&self, suffix: &str) -> Option<&ViewSetting> {
        self.0.get(suffix)
    }

    /// Adds a view, of a setting or a flag of the shell. The error is what the value should be.
    pub(crate) fn add(&mut self, suffix: &str, targets: &str, block: bool) -> Result<(), String> {
        if !Self::is_suffix(suffix) {
            return Err(format!("'{suffix}' is no suffix of a magic: those hold letters, digits and _"));
        }
        let targets = Targets::parse_flag(targets).map_err(|error| error.to_string())?;
        self.0.insert(suffix.to_owned(), ViewSetting { targets, block });
        Ok(())
    }

    /// Whether a text can be the suffix of a magic: letters, digits and `_`, or nothing.
    pub(crate) fn is_suffix(text: &str) -> bool {
        text.chars().all(|c| c == '_' || c.is_alphanumeric())
    }
}
