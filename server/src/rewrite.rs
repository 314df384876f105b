//! Other ways to write the px cells of a document, each as edits of its text: magics hidden from jupytext's or VS Code's
//! reader, or plain; `%autopx` regions and `%pxconfig` lines written out.
//!
//! Pure. A rewrite is read again before it is offered: the same cells have to send the same code to the same targets.

mod autopx;
mod config;
mod notebook;
mod same;
mod spelling;

pub(crate) use notebook::{NotebookRewrite, offers_in_notebook};

use crate::{
    cells::{Cells, Dialect, Wanted, recognize_as},
    text::TextRange,
};

/// A change of a document that leaves what its px cells do as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rewrite {
    /// What it does, as an order.
    pub title: String,
    /// What is replaced, in bytes of the document; in rising order, none touching the next.
    pub edits: Vec<(TextRange, String)>,
    /// Why it cannot be done; then there are no edits.
    pub disabled: Option<String>,
}

impl Rewrite {
    fn new(title: impl Into<String>, edits: Vec<(TextRange, String)>) -> Self {
        Self { title: title.into(), edits, disabled: None }
    }

    fn disabled(title: impl Into<String>, why: impl Into<String>) -> Self {
        Self { title: title.into(), edits: Vec::new(), disabled: Some(why.into()) }
    }
}

/// The rewrites for what stands at a selection, and those of the whole document. None for a notebook as raw JSON.
pub(crate) fn offers(text: &str, dialect: Dialect, wanted: Wanted, at: TextRange) -> Vec<Rewrite> {
    let Ok(cells) = recognize_as(text, dialect, wanted) else { return Vec::new() };
    let source = Source { text, dialect, wanted, cells: &cells };
    match dialect {
        Dialect::Script => {
            let mut offers = spelling::offers(&source, at);
            offers.extend(autopx::offer(&source, at));
            offers.extend(config::offer(&source, at));
            offers
        }
        Dialect::NotebookCell => spelling::plain_call(&source).into_iter().collect(),
        Dialect::NotebookJson => Vec::new(),
    }
}

/// A document and what was found in it.
struct Source<'a> {
    text: &'a str,
    dialect: Dialect,
    /// What is known of a script before it is read.
    wanted: Wanted,
    cells: &'a Cells,
}

impl Source<'_> {
    /// A line, without its line end, by a byte of it.
    fn line_at(&self, at: usize) -> TextRange {
        let is_end = |c: char| matches!(c, '\n' | '\r');
        let start = self.text[..at].rfind(is_end).map_or(0, |end| end + 1);
        let end = self.text[at..].find(is_end).map_or(self.text.len(), |length| at + length);
        // A mark of the byte order belongs to no line.
        let mark = if start == 0 && self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        TextRange::new(start + mark, end)
    }

    /// The beginning of the line below the one that ends here; the end of the text for the last.
    fn next_line(&self, end: usize) -> usize {
        let rest = &self.text[end..];
        let line_end = if rest.starts_with("\r\n") { 2 } else { usize::from(!rest.is_empty()) };
        end + line_end
    }

    /// The lines of a range, without their line ends.
    fn lines_of(&self, range: TextRange) -> Vec<TextRange> {
        let mut lines = vec![self.line_at(range.start)];
        while let Some(last) = lines.last()
            && last.end < range.end
        {
            let next = self.next_line(last.end);
            lines.push(self.line_at(next));
        }
        lines
    }

    fn slice(&self, range: TextRange) -> &str {
        &self.text[range.as_range()]
    }

    /// How lines of the document end.
    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// A text of several lines with the document's line ends.
    fn written(&self, text: &str) -> String {
        text.replace('\n', self.line_end())
    }

    /// Whether any line of a range holds something.
    fn is_filled(&self, start: usize, end: usize) -> bool {
        start < end && !self.text[start..end].trim().is_empty()
    }

    /// What the text with these edits holds.
    fn with(&self, edits: &[(TextRange, String)]) -> Option<Cells> {
        recognize_as(&applied(self.text, edits), self.dialect, self.wanted).ok()
    }

    /// Whether the text with these edits holds the same px cells; `lines_may_go`: lines that run nothing may be missing.
    fn keeps(&self, edits: &[(TextRange, String)], lines_may_go: bool) -> bool {
        self.with(edits).is_some_and(|after| same::same(self.cells, &after, lines_may_go))
    }
}

/// A text with edits in rising order.
fn applied(text: &str, edits: &[(TextRange, String)]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in edits {
        changed.push_str(&text[done..range.start]);
        changed.push_str(new);
        done = range.end;
    }
    changed.push_str(&text[done..]);
    changed
}

#[cfg(test)]
mod tests;
