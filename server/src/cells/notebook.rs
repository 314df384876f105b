//! Notebooks as raw JSON: nbformat 2 and 3 (`worksheets[].cells[].input`) and 4.0 to 4.5 (`cells[].source`). The lines of a
//! cell end in a line end, but for those of nbformat 2, and of 3 where it was written so, which stand between them.
//!
//! Only where strings begin is taken from serde; they are decoded here, because each byte has to lead back to the file.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::mapped::Mapped;
use crate::{json::without_odd_numbers, text::TextRange};

/// Why a text is no notebook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this notebook cannot be read: {why}, at line {line}, column {column}")]
pub struct NotNotebook {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in bytes.
    pub column: usize,
    /// What is wrong there.
    pub why: String,
}

/// A code cell of a notebook.
pub(super) struct CodeCell {
    /// Its 0-based place among all cells, Markdown ones counted.
    pub(super) index: u32,
    pub(super) id: Option<String>,
    pub(super) source: Mapped,
    /// From the beginning of the source's JSON value to its end.
    pub(super) range: TextRange,
}

#[derive(Deserialize)]
struct Notebook<'a> {
    nbformat: Option<Value>,
    #[serde(borrow)]
    cells: Option<Vec<Cell<'a>>>,
    #[serde(borrow)]
    worksheets: Option<Vec<Worksheet<'a>>>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// What the metadata of a notebook or a cell say of the language, each as it may be.
#[derive(Default, Deserialize)]
struct Metadata {
    kernelspec: Option<serde_json::Value>,
    language_info: Option<serde_json::Value>,
    vscode: Option<serde_json::Value>,
}

impl Metadata {
    fn of(raw: Option<&RawValue>) -> Self {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    fn language(&self) -> Option<&str> {
        fn said<'v>(of: &'v Option<serde_json::Value>, key: &str) -> Option<&'v str> {
            of.as_ref()?.get(key)?.as_str()
        }
        said(&self.vscode, "languageId")
            .or_else(|| said(&self.kernelspec, "language"))
            .or_else(|| said(&self.language_info, "name"))
    }
}

/// Whether a language is Python, or has IPython's magics as Sage has.
fn has_magics(language: &str) -> bool {
    let language = language.to_lowercase();
    ["python", "ipython", "sage"].iter().any(|known| language.starts_with(known))
}

#[derive(Deserialize)]
struct Worksheet<'a> {
    #[serde(borrow, default)]
    cells: Vec<Cell<'a>>,
}

#[derive(Deserialize)]
struct Cell<'a> {
    #[serde(borrow)]
    cell_type: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    /// Of nbformat 2 and 3.
    language: Option<serde_json::Value>,
}

impl Cell<'_> {
    /// Its own language, where it says one.
    fn language(&self) -> Option<String> {
        let own = self.language.as_ref().and_then(|language| language.as_str().map(str::to_owned));
        own.or_else(|| {
            let metadata = self.metadata.filter(|metadata| metadata.get().contains("languageId"));
            Metadata::of(metadata).language().map(str::to_owned)
        })
    }
}

/// Finds the code cells of a notebook that are Python.
pub(super) fn code_cells(text: &str) -> Result<Vec<CodeCell>, NotNotebook> {
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - json.len();
    // serde takes an array for a struct as well.
    if !json.trim_start().starts_with('{') {
        let why = if json.trim().is_empty() { "the file is empty" } else { "a notebook is a JSON object" };
        return Err(NotNotebook { line: 1, column: 1, why: why.to_owned() });
    }
    match serde_json::from_str(json) {
        Ok(notebook) => in_notebook(notebook, json, start),
        // Python writes numbers into outputs that are not JSON.
        Err(error) if error.is_syntax() => {
            let json = without_odd_numbers(json);
            in_notebook(serde_json::from_str(&json)?, &json, start)
        }
        Err(error) => Err(error.into()),
    }
}

/// The code cells of a notebook whose JSON begins at byte `start` of the document.
fn in_notebook(notebook: Notebook<'_>, json: &str, start: usize) -> Result<Vec<CodeCell>, NotNotebook> {
    let offset = |part: &str| start + (part.as_ptr() as usize - json.as_ptr() as usize);
    let metadata = Metadata::of(notebook.metadata);
    let is_python = metadata.language().is_none_or(has_magics);
    let worksheets =
        notebook.worksheets.map(|sheets| sheets.into_iter().flat_map(|sheet| sheet.cells).collect());
    let Some(cells): Option<Vec<Cell<'_>>> = notebook.cells.or(worksheets) else {
        return Err(NotNotebook { line: 1, column: 1, why: "it has no list of cells".to_owned() });
    };
    let mut found = Vec::new();
    for (index, cell) in (0u32..).zip(cells) {
        let Some(source) = cell.source.or(cell.input).filter(|_| cell.cell_type == "code") else { continue };
        if !cell.language().map_or(is_python, |language| has_magics(&language)) {
            continue;
        }
        let raw = source.get();
        let mut strings = Mapped::json();
        if raw.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(raw)?;
            let are_bare = are_bare(notebook.nbformat.as_ref(), &items);
            let mut end = None;
            for item in items.iter().filter(|item| item.get().starts_with('"')) {
                let start = offset(item.get());
                if let Some(end) = end.filter(|_| are_bare) {
                    // From inside one string to inside the next.
                    strings.push_escape("\n", TextRange::new(end, start + 1));
                }
                decode(item.get(), start, &mut strings);
                end = Some(start + item.get().len() - 1);
            }
        } else if raw.starts_with('"') {
            decode(raw, offset(raw), &mut strings);
        }
        found.push(CodeCell {
            index,
            id: cell.id.map(Cow::into_owned),
            source: strings.with_unix_line_ends(),
            range: TextRange::new(offset(raw), offset(raw) + raw.len()),
        });
    }
    Ok(found)
}

/// Whether the lines of a cell are listed without their ends. nbformat 2 wrote them so, and nbformat reads a cell of version 3 by
/// its first line (`_join_lines` in `nbformat/v3/rwbase.py`).
fn are_bare(nbformat: Option<&Value>, lines: &[&RawValue]) -> bool {
    let ends = |line: &&RawValue| {
        serde_json::from_str::<String>(line.get()).is_ok_and(|line| line.ends_with(['\n', '\r']))
    };
    match nbformat.and_then(Value::as_u64) {
        Some(2) => true,
        Some(3) => !lines.first().is_some_and(ends),
        _ => false,
    }
}

impl From<serde_json::Error> for NotNotebook {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let why = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self { line: error.line(), column: error.column(), why }
    }
}

/// Decodes a JSON string, its quotes included, that begins at a byte of the document. serde has seen that it is well
/// formed, but for lone surrogates, which become U+FFFD.
fn decode(raw: &str, document: usize, into: &mut Mapped) {
    let bytes = raw.as_bytes();
    let last = raw.len().saturating_sub(1);
    let (mut at, mut plain) = (1, 1);
    while at < last {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        into.push(&raw[plain..at], document + plain);
        let (c, length) = escape(&raw[at..last]);
        let mut buffer = [0; 4];
        into.push_escape(c.encode_utf8(&mut buffer), TextRange::new(document + at, document + at + length));
        at += length;
        plain = at;
    }
    into.push(raw.get(plain..last).unwrap_or_default(), document + plain);
}

/// The character that the escape at the beginning of a text stands for, and the escape's length in bytes.
fn escape(text: &str) -> (char, usize) {
    let simple = |c: char| (c, 2);
    match text.as_bytes().get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\x08'),
        Some(b'f') => simple('\x0c'),
        Some(b'u') => match (code_unit(text), text.get(6..).and_then(code_unit)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                let code = 0x10000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
            }
            (Some(unit), _) => (char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            (None, _) => (char::REPLACEMENT_CHARACTER, 2),
        },
        Some(byte) if byte.is_ascii() => simple(char::from(*byte)),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// The number of a `\u` escape that a text begins with.
fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}
