//! The line of the sent code that a traceback came from: the innermost of its frames in the cell.
//!
//! Line numbers are looked up only in frames of the cell itself (`Cell In[n]`, `Input In [n]`, `<ipython-input-n-…>`).

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;

/// The head of a frame in a cell. 1: the cell's counter; 2: the line, if it is in the head.
pub(super) static CELL_FRAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"^\s*(?:File "?)?(?:Cell In ?\[|Input In ?\[|<ipython-input-)(\d+)(?:\]|-[0-9a-f]+>"?)"#,
        r"(?:(?:, line |:|, in <cell line: )(\d+))?",
    ))
});

/// The head of a frame in some cell, as ipykernel 6 with IPython 7 names it: by a file whose name holds no counter. 1: line.
pub(super) static FILE_FRAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:File "?)?\S*ipykernel_\d+[/\\]\d+\.py"?(?:(?:, line |:)(\d+))?"#));

/// The head of a frame in code that was made from a text: the body of `%%time`, or a string. 1: line.
pub(super) static TEXT_FRAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"^\s*(?:File )?"?<(?:timed exec|unknown|string|magic-timeit)>"?(?:, line |:)(\d+)"#)
});

/// The line of a frame's excerpt that is marked by an arrow. 1: line; 2: its text.
pub(super) static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-+> ?(\d+) ?(.*)$"));

/// A place in the sent code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// 0-based.
    pub(super) line: u32,
    /// 0-based, in characters.
    pub(super) column: Option<u32>,
    /// Characters from there on that are marked.
    pub(super) width: u32,
}

/// Where a traceback says that the cell raised.
pub(super) struct Place {
    /// 1-based, as IPython counts: without the blank lines that the code begins with.
    line: u32,
    /// The text of that line, where the traceback shows it.
    source: Option<String>,
    /// 0-based column in characters, without the line's indentation.
    caret: Option<u32>,
    /// How many characters the caret marks.
    width: u32,
    /// What the line is a line of.
    of: Counted,
}

/// What a line number counts in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// The cell.
    Cell,
    /// What stands below the cell magic that the code begins with.
    BelowMagic,
    /// A cell, perhaps another one: only the text of the line can show which.
    SomeCell,
}

impl Place {
    /// The innermost frame in the cell; `own` is the cell's counter, if it is known.
    pub(super) fn read(traceback: &str, own: Option<u32>) -> Option<Self> {
        let lines: Vec<&str> = traceback.lines().collect();
        let mut place: Option<Self> = None;
        for (i, line) in lines.iter().enumerate() {
            let below = lines.get(i + 1..).unwrap_or_default();
            if let Some(head) = CELL_FRAME.captures(line) {
                let of_this_cell = own.is_none_or(|own| head[1].parse() == Ok(own));
                let line_number = head.get(2).and_then(|line| line.as_str().parse().ok());
                place = Self::in_frame(line_number, below).filter(|_| of_this_cell).or(place);
            } else if let Some(head) = TEXT_FRAME.captures(line) {
                let inner = Self::in_frame(head[1].parse().ok(), below);
                let inner = inner.map(|inner| Self { of: Counted::BelowMagic, source: None, ..inner });
                // Code made from a text stands for the cell only where the cell's own line is a magic that runs it.
                if place.as_ref().is_none_or(Self::runs_a_magic) {
                    place = inner.or(place);
                }
            } else if let Some(head) = FILE_FRAME.captures(line) {
                let line_number = head.get(1).and_then(|line| line.as_str().parse().ok());
                let inner = Self::in_frame(line_number, below);
                place = inner.map(|inner| Self { of: Counted::SomeCell, ..inner }).or(place);
            }
        }
        place
    }

    fn in_frame(line_number: Option<u32>, below: &[&str]) -> Option<Self> {
        let excerpt = || below.iter().take_while(|line| !line.trim().is_empty());
        let arrow = excerpt().find_map(|line| ARROW.captures(line));
        let line = line_number.or_else(|| arrow.as_ref()?[1].parse().ok())?;
        let source = arrow.map(|arrow| arrow[2].to_owned());
        // Syntax errors show the line, indented, and one caret or several below it.
        let is_caret = |line: &&&str| line.contains('^') && line.trim().bytes().all(|byte| byte == b'^');
        let marked = excerpt().nth(1).filter(is_caret);
        let indentation = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
        let caret = marked.and_then(|marks| indentation(marks).checked_sub(indentation(below.first()?)));
        let width = marked.map_or(1, |marks| marks.trim().len());
        let source = source.or_else(|| Some((*below.first()?).trim().to_owned()));
        Some(Self {
            line,
            source,
            caret: caret.and_then(|column| u32::try_from(column).ok()),
            width: u32::try_from(width).unwrap_or(1),
            of: Counted::Cell,
        })
    }

    fn runs_a_magic(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.trim().starts_with("get_ipython().run_cell_magic("))
    }

    /// Where that is in the sent code.
    pub(super) fn locate(&self, code: &str) -> Option<Spot> {
        let lines: Vec<&str> = code.lines().collect();
        // IPython drops blank lines at the start before it counts.
        let dropped = lines.iter().take_while(|line| line.trim().is_empty()).count();
        let below_magic = self.of == Counted::BelowMagic;
        if below_magic && !lines.get(dropped).is_some_and(|line| line.starts_with("%%")) {
            return None;
        }
        let counted = usize::try_from(self.line).ok()?.checked_sub(1)? + dropped + usize::from(below_magic);
        let is_shown = |line: &&str| self.source.as_ref().is_some_and(|source| source.trim() == line.trim());
        let index = if lines.get(counted).is_some_and(is_shown) {
            counted
        } else if self.of == Counted::SomeCell {
            return None;
        } else {
            // Counted otherwise than thought, unless IPython shows its own translation of the line (magics).
            let mut alike =
                lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty() && is_shown(line));
            match (alike.next(), alike.next()) {
                (Some((only, _)), None) => only,
                _ => counted.min(lines.len().checked_sub(1)?),
            }
        };
        let indentation = lines[index].chars().take_while(|c| c.is_whitespace()).count();
        let column = self.caret.and_then(|caret| caret.checked_add(u32::try_from(indentation).ok()?));
        // Where the line is not the one that is shown, it may end before the caret.
        let length = lines[index].chars().count();
        let column = column.filter(|column| usize::try_from(*column).is_ok_and(|column| column <= length));
        Some(Spot { line: u32::try_from(index).ok()?, column, width: self.width })
    }
}
