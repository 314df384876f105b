//! Scripts are divided into blocks at their markers. Only the lines that mark are kept, so that a script is divided anew
//! after an edit without reading it anew.

use super::markers::{self, Marker};

/// A line of a script that marks a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MarkerLine {
    /// Its first byte.
    pub(super) start: usize,
    /// The first byte of the next line.
    pub(super) end: usize,
    pub(super) marker: Marker,
    pub(super) is_px: bool,
    /// Whether only blanks stand between it and the marker before.
    pub(super) follows: bool,
}

/// A block of a script, its marker included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The length of what is no code of it: its marker's line, unless that is a magic as well.
    pub(super) head: usize,
}

/// The lines of a text, each with its end: `\n`, `\r\n` or `\r`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let end = match bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(at) if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') => at + 2,
            Some(at) => at + 1,
            None if rest.is_empty() => return None,
            None => rest.len(),
        };
        let (line, behind) = rest.split_at(end);
        rest = behind;
        Some(line)
    })
}

/// The markers among whole lines of a script, the first of which begins at `start`. Nothing is known yet of what stands
/// between them.
pub(super) fn markers_in(text: &str, start: usize) -> Vec<MarkerLine> {
    let mut found = Vec::new();
    let mut at = start;
    for line in lines(text) {
        let begin = at;
        at += line.len();
        if let Some(marker) = markers::marker(line) {
            let is_px = line.trim_start_matches(['#', ' ', '\t', '%']).starts_with("px");
            found.push(MarkerLine { start: begin, end: at, marker, is_px, follows: false });
        }
    }
    found
}

/// Divides a script of which `start` is the first byte that counts. Markdown is left out.
pub(super) fn divide(markers: &[MarkerLine], start: usize, end: usize) -> Vec<Part> {
    let mut parts = Vec::with_capacity(markers.len() + 1);
    let mut is_code = true;
    let mut begun = Part { start, end, head: 0 };
    // Whether only markers and blank lines were seen since the block began, so that `# %%px` still opens this one.
    let mut is_fresh = false;
    for line in markers {
        let Marker { is_magic, .. } = line.marker;
        is_fresh &= line.follows;
        if is_magic && is_fresh {
            is_fresh = !line.is_px;
            continue;
        }
        if is_code && line.start > begun.start {
            parts.push(Part { end: line.start, ..begun });
        }
        is_code = line.marker.is_code;
        begun = Part { start: line.start, end, head: if is_magic { 0 } else { line.end - line.start } };
        is_fresh = is_code && !(is_magic && line.is_px);
    }
    if is_code {
        parts.push(begun);
    }
    parts
}
