//! Reads the source file that a command names.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use encoding_rs::Encoding;
use regex::bytes::Regex;

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
        let notebook = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ipynb"));
        let dialect = if notebook { Dialect::NotebookJson } else { Dialect::Script };
        let text = text(bytes, dialect)
            .map_err(|why| usage(format!("{label} {why}; save it as UTF-8 and try again")))?;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        Ok(Self { path: path.to_owned(), label, text, dialect, folder })
    }

    /// Its name without its folder, for messages.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(|| self.label.clone(), |name| visible_name(&name.to_string_lossy()))
    }
}

/// The text of a file: UTF-8, or in the encoding that a script declares. Nothing is replaced, since other code would run than was
/// written.
fn text(bytes: Vec<u8>, dialect: Dialect) -> Result<String, String> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let bytes = error.as_bytes();
    if let Some(name) = declared(bytes).filter(|_| dialect == Dialect::Script) {
        return decoded(bytes, &name);
    }
    let valid = &bytes[..error.utf8_error().valid_up_to()];
    let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
    Err(format!("is not UTF-8 (line {line})"))
}

/// The encoding that one of the first two lines declares, as PEP 263 says.
fn declared(script: &[u8]) -> Option<String> {
    static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
            .expect("it is constant, and tested")
    });
    let name = DECLARATION.captures(script)?.get(1)?.as_bytes();
    Some(String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "-"))
}

fn decoded(bytes: &[u8], name: &str) -> Result<String, String> {
    // On the Web these names mean windows-1252; Python takes them at their word.
    if ["latin-1", "latin1", "iso-8859-1", "iso8859-1", "iso-latin-1", "l1"].contains(&name) {
        return Ok(encoding_rs::mem::decode_latin1(bytes).into_owned());
    }
    let encoding = Encoding::for_label(name.as_bytes())
        .ok_or_else(|| format!("declares the encoding {name}, which pxlens does not know"))?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| text.into_owned())
        .ok_or_else(|| format!("declares the encoding {name}, and is not in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<&str, &str>) {
        let found = text(bytes.to_vec(), Dialect::Script);
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_script_is_in_the_encoding_that_it_declares() {
        check(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", Ok("# -*- coding: latin-1 -*-\nx = 'é'\n"));
        check(
            b"#!/usr/bin/env python\n# vim: set fileencoding=ISO_8859_1 :\n'\xe9'",
            Ok("#!/usr/bin/env python\n# vim: set fileencoding=ISO_8859_1 :\n'é'"),
        );
        check(b"\r\n# coding=cp1252\r\n'\x80'", Ok("\r\n# coding=cp1252\r\n'€'"));
        check(b"# coding: iso-8859-15\n'\xa4'", Ok("# coding: iso-8859-15\n'€'"));
        check(b"# coding: shift_jis\n'\x83\x65'", Ok("# coding: shift_jis\n'テ'"));
    }

    #[test]
    fn a_script_that_is_in_no_known_encoding_is_refused() {
        check(b"x = 1\n'\xe9'\n", Err("is not UTF-8 (line 2)"));
        check(b"x = 1\n# coding: latin-1\n'\xe9'\n", Err("is not UTF-8 (line 3)"));
        check(b"#\n#\n# coding: latin-1\n'\xe9'\n", Err("is not UTF-8 (line 4)"));
        check(b"# coding: utf-8\n'\xe9'\n", Err("declares the encoding utf-8, and is not in it"));
        check(
            b"# coding: klingon\n'\xe9'\n",
            Err("declares the encoding klingon, which pxlens does not know"),
        );
        let notebook = text(b"# coding: latin-1\n'\xe9'\n".to_vec(), Dialect::NotebookJson);
        assert_eq!(notebook, Err("is not UTF-8 (line 2)".to_owned()));
    }
}
