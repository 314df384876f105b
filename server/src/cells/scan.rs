//! What a block holds by its text alone, whatever stands above it. All ranges count from the block's beginning, so that it
//! holds for as long as the block's own text is not touched.

use std::{ops::Range, sync::Arc};

use super::{
    CellKind, NotebookCellRef, NotebookLines, Unreadable, block,
    broken::Broken,
    divide::{self, Part},
    escapes::{self, Begins, Escape, Hidden},
    format::{Escapes, Format, Style},
    found::{About, BlockText, Found, Note, Stray},
    jupytext::{self, Frees},
    lines::line_at,
    mapped::Mapped,
    notebook,
    prompts::{Code, FirstLine},
    python::Tokens,
    shell::{Name, Shell},
    statements::Statement,
};
use crate::text::TextRange;

/// A block that was looked through.
#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    /// With its marker.
    source: Mapped,
    /// The lines of the source that are code, without their ends.
    lines: Vec<Range<usize>>,
    is_script: bool,
    hidden: Vec<Hidden>,
    /// What jupytext frees in comments, whatever counts.
    frees: Frees,
    /// The lines, by index, with an `%autopx` in a comment that does not count, though jupytext frees it.
    other_toggles: Vec<usize>,
    /// The line by which IPython runs nothing of it, or nothing from there on.
    pub(crate) broken: Option<Broken>,
    /// How many calls in it toggle a region that are not read.
    called_toggles: usize,
    may_toggle: bool,
    /// The cell magic that it begins with, if jupytext frees one that does not count.
    begins: Begins,
    /// Whether nobody here knows where `%autopx` regions end.
    is_unsure: bool,
    border: Option<&'static str>,
    first: FirstLine,
    /// Of a cell of another language, the cell magic that it is, if jupytext makes one of it.
    language: Option<Option<String>>,
    /// Whether it is code for jupytext and commented out in the script: it decides about those below, and holds no px cells.
    is_inactive: bool,
    /// The block, its marker included and its last line end not.
    pub(crate) range: TextRange,
    pub(crate) place: Option<NotebookCellRef>,
    pub(crate) found: Vec<Found>,
    pub(crate) strays: Vec<Stray>,
    /// The lines, by index, that hold local code.
    pub(crate) local: Vec<usize>,
    /// Those of them that are a whole statement each, and may be Python 2 or go by the package's old name.
    pub(crate) dated: Vec<usize>,
    /// What local code says about views, in order.
    pub(super) statements: Vec<Statement>,
    /// What is to be said of lines that are no px cells.
    pub(crate) notes: Vec<Note>,
    /// The names of magics in it, and those that may hold the shell.
    used: Vec<Name>,
    /// What it leaves of the shell that it was read with.
    pub(super) shell: Arc<Shell>,
}

impl Scanned {
    fn new(
        code: Code,
        style: Option<&Style>,
        hidden: Vec<Hidden>,
        range: TextRange,
        place: Option<NotebookCellRef>,
    ) -> Self {
        let Code { source, lines, first } = code;
        let (is_script, border) = (style.is_some(), style.and_then(Style::border));
        let frees = style.map_or(Frees::Nothing, |style| style.escapes.freed());
        let text =
            BlockText { source: &source, lines: &lines, is_script, hidden: &hidden, frees, border, first };
        let scan = block::scan(text, &Arc::default());
        let is_unsure = style.is_some_and(|style| style.escapes.is_unsure);
        let nothing = Self {
            source,
            lines,
            is_script,
            hidden,
            frees,
            other_toggles: Vec::new(),
            broken: None,
            called_toggles: 0,
            may_toggle: false,
            begins: Begins::Nothing,
            is_unsure,
            border,
            first,
            language: None,
            is_inactive: false,
            range,
            place,
            found: Vec::new(),
            strays: Vec::new(),
            local: Vec::new(),
            dated: Vec::new(),
            statements: Vec::new(),
            notes: Vec::new(),
            used: Vec::new(),
            shell: Arc::default(),
        };
        nothing.holding(scan)
    }

    /// The same block with what was found in it.
    fn holding(self, scan: block::Scan) -> Self {
        let block::Scan {
            found,
            strays,
            local,
            dated,
            statements,
            notes,
            broken,
            called_toggles,
            may_toggle,
            used,
            shell,
        } = scan;
        Self {
            found,
            strays,
            local,
            dated,
            statements,
            notes,
            broken,
            called_toggles,
            may_toggle,
            used,
            shell,
            ..self
        }
    }

    /// Whether there is anything to say of it, whatever the lines above it do.
    pub(super) fn is_notable(&self) -> bool {
        let is_empty = self.found.is_empty() && self.strays.is_empty() && self.notes.is_empty();
        !(is_empty && self.dated.is_empty())
    }

    /// What it is where the lines above have made something of the shell; `None` if that makes no difference.
    pub(super) fn read_with(&self, shell: &Arc<Shell>) -> Option<Self> {
        if self.language.is_some() {
            return None;
        }
        let is_concerned = self.used.iter().any(|name| shell.concerns(name));
        // What a block itself makes of the shell may build on what is there, and any line may give a name another value.
        if shell.is_plain() || !(is_concerned || shell.has_names() || !self.shell.is_plain()) {
            return None;
        }
        Some(self.clone().holding(self.scan(shell)))
    }

    fn scan(&self, shell: &Arc<Shell>) -> block::Scan {
        let scan = block::scan(self.text(), shell);
        if self.is_inactive { scan.of_inactive(self.text()) } else { scan }
    }

    /// A cell that is code for jupytext and commented out in the script, as one with `active="ipynb"`.
    pub(super) fn inactive(text: &str, part: &Part, style: &Style) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        let lines = lines_of(source.text());
        let mut filled = lines.iter().map(|line| &source.text()[line.clone()]);
        let first = filled.find(|line| !line.trim().is_empty());
        let escapes = Escapes { frees: false, ..style.escapes };
        let style = &Style { escapes, ..style.clone() };
        let range = TextRange::new(0, without_line_end(text));
        if first.is_some_and(|first| divide::language_magic(first, style).is_some()) {
            return Self::new(Code::new(source, Vec::new()), Some(style), Vec::new(), range, None);
        }
        let code = part.shape.head..text.len() - part.shape.tail;
        let mut written = Mapped::default();
        for line in lines.iter().filter(|line| code.contains(&source.start_of(line.start))) {
            let end = line.end + usize::from(source.text()[line.end..].starts_with('\n'));
            written.push_part(&source, line.start..end);
        }
        let mut freed = Mapped::default();
        match jupytext::quoted(written.text()) {
            Some(inner) => freed.push_part(&written, inner),
            None => {
                for line in lines_of(written.text()) {
                    let text = &written.text()[line.start..];
                    let sign =
                        text.strip_prefix('#').map_or(0, |rest| 1 + usize::from(rest.starts_with(' ')));
                    let end = line.end + usize::from(written.text()[line.end..].starts_with('\n'));
                    freed.push_part(&written, line.start + sign..end);
                }
            }
        }
        let lines = lines_of(freed.text());
        let scanned = Self::new(Code::new(freed, lines), Some(style), Vec::new(), range, None);
        let scanned = Self { is_inactive: true, ..scanned };
        let scan = scanned.scan(&Arc::default());
        scanned.holding(scan)
    }

    /// A cell of a script.
    pub(super) fn script(text: &str, part: &Part, style: &Style) -> Self {
        let escapes = Escapes { asks: part.shape.asks, ..style.escapes };
        let style = &Style { escapes, ..style.clone() };
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        let mut lines = match style.known.format {
            Format::Ipython => lines_of_cell(source.text()),
            _ => lines_of(source.text()),
        };
        let code = part.shape.head..text.len() - part.shape.tail;
        lines.retain(|line| code.contains(&source.start_of(line.start)));
        let code = Code::new(source, lines);
        let Code { source, lines, .. } = &code;
        let (mut hidden, mut other_toggles, mut begins) = (Vec::new(), Vec::new(), Begins::Nothing);
        if part.hides {
            let texts: Vec<&str> = lines.iter().map(|line| &source.text()[line.clone()]).collect();
            hidden = escapes::hidden(&texts, style.escapes);
            other_toggles = escapes::other_toggles(&texts, style.escapes, &hidden);
            begins = escapes::begins(&texts, style.escapes, &hidden);
        }
        let range = TextRange::new(0, without_line_end(text));
        let off = escapes::switched_off(lines, source.text(), style.escapes).filter(|_| part.hides);
        let off = off.map(|line| Note { range: source.range(line), about: About::SwitchedOff });
        let scanned = Self::new(code, Some(style), hidden, range, None);
        let mut notes: Vec<Note> = scanned.notes.iter().cloned().chain(off).collect();
        if matches!(begins, Begins::Px { is_freed: true, .. })
            && scanned.found.iter().any(|found| found.kind.sends() || found.kind == CellKind::Config)
            && let Some(first) = scanned.text().first_filled(0)
        {
            notes.push(Note { range: scanned.text().filled(first), about: About::PxBody });
        }
        Self { notes, other_toggles, begins, ..scanned }
    }

    /// A cell of another language in a script.
    pub(super) fn other_language(text: &str, part: &Part, style: &Style) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        let mut lines = lines_of(source.text());
        let first =
            lines.iter().map(|line| &source.text()[line.clone()]).find(|line| !line.trim().is_empty());
        let language = first.and_then(|first| divide::language_magic(first, style));
        let code = part.shape.head..text.len() - part.shape.tail;
        lines.retain(|line| code.contains(&source.start_of(line.start)));
        let Code { source, lines, .. } = Code::new(source, lines);
        let sign = |line: &Range<usize>| {
            let behind = source.text()[line.clone()].strip_prefix('#')?;
            Some(if behind.starts_with(' ') { 2 } else { 1 })
        };
        let hidden = (0..).zip(&lines).filter_map(|(number, line)| {
            Some(Hidden { line: number, columns: 0..sign(line)?, escape: Escape::Comment })
        });
        let hidden = hidden.collect();
        let range = TextRange::new(0, without_line_end(text));
        let nothing = Self::new(Code::new(source, Vec::new()), Some(style), Vec::new(), range, None);
        Self { lines, hidden, language: Some(language), ..nothing }
    }

    /// A cell of a synchronised notebook.
    pub(crate) fn notebook_cell(text: &str) -> Self {
        let source = Mapped::plain(text, 0).with_unix_line_ends();
        let lines = lines_of_cell(source.text());
        Self::new(Code::new(source, lines), None, Vec::new(), TextRange::new(0, text.len()), None)
    }

    /// The code cells of a notebook as its file holds it; ranges are the file's.
    pub(crate) fn notebook_json(text: &str) -> Result<Vec<Self>, Unreadable> {
        let cells = notebook::code_cells(text)?;
        let lines = cells.iter().map(|cell| cell.source.text().lines().count()).sum();
        if let Some(too_large) = Unreadable::too_many_lines(lines) {
            return Err(too_large);
        }
        let cells = cells.into_iter().map(|cell| {
            let place = NotebookCellRef { index: cell.index, id: cell.id };
            let lines = lines_of_cell(cell.source.text());
            Self::new(Code::new(cell.source, lines), None, Vec::new(), cell.range, Some(place))
        });
        Ok(cells.collect())
    }

    /// Whether IPython is in an `%autopx` region behind it, if it is in one before it or not. It leaves one only where the cell
    /// begins with the toggle, and then runs nothing else of the cell.
    /// `is_run`: whether IPython comes to a toggle and knows its view.
    pub(super) fn is_toggled_behind(&self, before: bool, is_run: impl Fn(&Found) -> bool) -> bool {
        if self.is_px_body() {
            return before;
        }
        if before {
            return !(self.ends_region() || self.begins_with_other_toggle());
        }
        if self.end() == 0 {
            return false;
        }
        let toggles = self.found.iter().filter(|found| {
            found.kind == CellKind::Autopx
                && found.suite.is_none()
                && found.range.start < self.end()
                && is_run(found)
        });
        (toggles.count() + self.other_toggles.len() + self.called_toggles) % 2 == 1
    }

    /// Whether it is code for jupytext and commented out in the script.
    pub(super) fn is_inactive(&self) -> bool {
        self.is_inactive
    }

    /// Of a cell of another language, the cell magic that it is, if jupytext makes one of it.
    pub(super) fn language(&self) -> Option<Option<&str>> {
        self.language.as_ref().map(Option::as_deref)
    }

    /// Where what IPython runs of it ends, in bytes of the block.
    pub(super) fn end(&self) -> usize {
        match &self.broken {
            None => usize::MAX,
            Some(broken) if broken.why.is_whole() => 0,
            Some(broken) => self.text().filled(broken.line).start,
        }
    }

    /// The line by which it ends a region that it is in, if it does.
    pub(super) fn toggle_line(&self) -> Option<usize> {
        self.ends_region().then(|| self.text().first_filled(0))?
    }

    /// Whether IPython ends the region that it is in: it begins with `%autopx` and no more of a name, so not with that of a
    /// view.
    fn ends_region(&self) -> bool {
        self.first == FirstLine::AsWritten
            && self.first_code().and_then(|code| code.strip_prefix("%autopx")).is_some_and(is_end_of_word)
    }

    /// What it begins with, without the sign of a comment that counts.
    fn first_code(&self) -> Option<&str> {
        if self.language.is_some() {
            return None;
        }
        let text = self.text();
        let first = text.first_filled(0)?;
        let begin = text.hidden(first).map_or(0, |hidden| hidden.columns.end);
        Some(text.line(first)[begin..].trim_start())
    }

    /// Whether jupytext makes a px cell of it by a `# %%px` that does not count here: a toggle in it is none.
    pub(super) fn is_px_body(&self) -> bool {
        matches!(self.begins, Begins::Px { .. })
    }

    /// The same, where the comment decides.
    pub(super) fn is_freed_px_body(&self) -> bool {
        matches!(self.begins, Begins::Px { is_freed: true, .. })
    }

    /// Whether jupytext makes a px cell of it that IPython does not run here as well.
    pub(super) fn is_only_sent(&self) -> bool {
        self.begins == Begins::Px { is_freed: true, is_local: false }
    }

    /// Whether it begins with an `%autopx` in a comment that does not count, though jupytext frees it.
    fn begins_with_other_toggle(&self) -> bool {
        let text = self.text();
        let is_other = |first: &usize| self.other_toggles.contains(first);
        let Some(first) = text.first_filled(0).filter(is_other) else { return false };
        let code = text.line(first).trim_start_matches(['#', ' ', '\t']);
        code.strip_prefix("%autopx").is_some_and(is_end_of_word)
    }

    /// Whether IPython runs no px magic of it, once jupytext has freed what begins it: a toggle that ends the region it is in,
    /// or a cell magic of another kind.
    pub(super) fn is_taken_otherwise(&self, is_toggled: bool) -> bool {
        self.begins == Begins::Other || ((is_toggled || self.is_unsure) && self.begins_with_other_toggle())
    }

    /// Whether something in it may toggle a region, and nobody here knows.
    pub(super) fn may_toggle(&self) -> bool {
        self.may_toggle
    }

    /// Whether IPython may be in no region where one is open.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// The lines that may decide what is in force: their number, that of statements counting on from the magics, and where
    /// they stand.
    pub(crate) fn deciders(&self) -> impl Iterator<Item = (u32, TextRange)> {
        let range = |found: &Found| match found.kind {
            CellKind::Config => found.magic.name_range.in_block(),
            _ => found.magic_range,
        };
        let found = (0..).zip(&self.found);
        let found = found.filter(|(_, found)| matches!(found.kind, CellKind::Config | CellKind::SyncImports));
        let statements = (0..).zip(&self.statements).filter(|(_, statement)| statement.may_decide());
        found
            .map(move |(nth, found)| (nth, range(found)))
            .chain(statements.map(|(at, statement)| (self.number_of(at), statement.range)))
    }

    /// The number of a statement. Those that one line of code was made into share one.
    pub(crate) fn number_of(&self, statement: usize) -> u32 {
        let range = self.statements[statement].range;
        let first =
            self.statements[..statement].iter().rev().take_while(|other| other.range == range).count();
        u32::try_from(self.found.len() + statement - first).unwrap_or(u32::MAX)
    }

    /// Where its lines stand, if it is a cell of a raw notebook that begins at `base`.
    pub(crate) fn notebook_lines(&self, base: usize) -> Option<NotebookLines> {
        let start = |line: &Range<usize>| base + self.source.range(line.start..line.start).start;
        let starts = self.lines.iter().map(start).collect();
        Some(NotebookLines { cell: self.place.as_ref()?.index, range: self.range.shifted(base), starts })
    }

    /// Its text, by lines.
    pub(crate) fn text(&self) -> BlockText<'_> {
        let Self { source, lines, is_script, hidden, frees, border, first, .. } = self;
        BlockText {
            source,
            lines,
            is_script: *is_script,
            hidden,
            frees: *frees,
            border: *border,
            first: *first,
        }
    }
}

/// Whether a text does not go on with the word that stands before it.
fn is_end_of_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric())
}

fn without_line_end(text: &str) -> usize {
    // `\n`, `\r\n` and `\r` are one end each; `\n\r` is two.
    let rest = text.strip_suffix('\n').unwrap_or(text);
    rest.strip_suffix('\r').unwrap_or(rest).len()
}

/// The lines of a notebook's cell as IPython sees them, without their ends. It takes what stands behind a form feed or one of
/// Unicode's separators for a line, and puts magics there into Python; but a comment ends for Python at the end of its line alone.
fn lines_of_cell(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut tokens = Tokens::default();
    let mut ends_in_comment = false;
    for range in lines_of(text) {
        if let Some(last) = lines.last_mut()
            && ends_in_comment
            && !text[last.end..].starts_with('\n')
        {
            last.end = range.end;
            continue;
        }
        let line = &text[range.clone()];
        let is_magic = tokens.at_statement() && line.trim_start().starts_with(['%', '!']);
        ends_in_comment = !is_magic && !tokens.in_long_string() && has_comment(line);
        if is_magic || tokens.read(line, 0).is_some() {
            tokens.restart();
        }
        lines.push(range);
    }
    lines
}

/// Whether a line of Python that begins in no string has a comment.
fn has_comment(line: &str) -> bool {
    let is_outside = |code: &str| ['"', '\''].iter().all(|quote| code.matches(*quote).count() % 2 == 0);
    line.match_indices('#').any(|(at, _)| is_outside(&line[..at]))
}

/// The lines of a text, without their ends.
fn lines_of(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some((line, next)) = line_at(text, at) {
        lines.push(at..at + line.len());
        at = next;
    }
    lines
}
