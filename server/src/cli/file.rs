//! Reads the source file that a command names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Failure, Status};
use crate::{cells::Dialect, render::visible_name};

/// A script or a notebook, read whole.
pub(super) struct SourceFile {
    /// Where it is, as it was given.
    pub(super) path: PathBuf,
    /// The path for messages: in one line, and nothing in it is hidden.
    pub(super) label: String,
    pub(super) text: String,
    pub(super) dialect: Dialect,
    /// The folder that holds it.
    pub(super) folder: PathBuf,
}

impl SourceFile {
    /// Reads a file; `.ipynb` is a notebook, everything else a script.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let label = visible_name(&path.display().to_string());
        let usage = |message: String| Failure::new(Status::Usage, message);
        let bytes = fs::read(path).map_err(|error| usage(format!("{label} could not be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            usage(format!("{label} is not UTF-8 (line {line}); save it as UTF-8 and try again"))
        })?;
        let notebook = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ipynb"));
        let dialect = if notebook { Dialect::NotebookJson } else { Dialect::Script };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        Ok(Self { path: path.to_owned(), label, text, dialect, folder })
    }

    /// Its name without its folder, for messages.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(|| self.label.clone(), |name| visible_name(&name.to_string_lossy()))
    }
}
