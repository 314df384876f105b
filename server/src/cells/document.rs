//! Whole documents: scripts are divided into blocks, notebooks into cells; then what each block holds is put in order and
//! told what is in force there.

use std::{cell::OnceCell, iter::Peekable, ops::Range, vec};

use super::{
    Block, Carry, CellKind, Cells, Magic, NotNotebook, NotebookCellRef, Options, Problem, PxCell, Severity,
    Spelling, ViewState, advice,
    block::{self, BlockText, Found},
    mapped::Mapped,
    markers, notebook, python,
    statements::Statement,
    views::{Place, Region, UnreadTargets},
};
use crate::text::TextRange;

/// Reads a script.
pub(super) fn script(text: &str, carry: &mut Carry) -> Cells {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Mapped::plain(bare, text.len() - bare.len()).with_unix_line_ends();
    let lines = lines_of(source.text());
    let (parts, is_marked) = divide(source.text(), &lines);
    let mut reader = Reader::new(text, carry, 0);
    for part in parts {
        let block = BlockText { source: &source, lines: &lines[part.content], is_script: true };
        let range = match lines[part.all].split_first() {
            Some((first, rest)) => source.range(first.start..rest.last().unwrap_or(first).end),
            None => TextRange::new(0, text.len()),
        };
        reader.block(block, range, is_marked, None);
    }
    reader.cells
}

/// Reads one cell of a synchronised notebook; `index` counts the texts that belong together.
pub(super) fn notebook_cell(text: &str, carry: &mut Carry, index: usize) -> Cells {
    let source = Mapped::plain(text, 0).with_unix_line_ends();
    let lines = lines_of(source.text());
    let mut reader = Reader::new(text, carry, index);
    let block = BlockText { source: &source, lines: &lines, is_script: false };
    reader.block(block, TextRange::new(0, text.len()), true, None);
    reader.cells
}

/// Reads a notebook as its file holds it.
pub(super) fn notebook_json(text: &str, carry: &mut Carry) -> Result<Cells, NotNotebook> {
    let code_cells = notebook::code_cells(text)?;
    let mut reader = Reader::new(text, carry, 0);
    for cell in code_cells {
        let lines = lines_of(cell.source.text());
        let block = BlockText { source: &cell.source, lines: &lines, is_script: false };
        let place = NotebookCellRef { index: cell.index, id: cell.id };
        reader.block(block, cell.range, true, Some(place));
    }
    Ok(reader.cells)
}

/// Says what only the end of a document shows, and puts problems in order.
pub(super) fn finish(all: &mut [Cells], carry: &Carry) {
    if let Some(region) = &carry.autopx
        && let Some(cells) = all.get_mut(region.text)
    {
        let end = cells.blocks.last().zip(region.end.as_ref()).map(|(block, end)| {
            let at = block.range.end;
            (TextRange::new(at, at), end.clone())
        });
        cells.problems.push(advice::autopx::open(region.toggle, &region.suffix, end));
    }
    let has_cells = all.iter().any(|cells| !cells.cells.is_empty());
    for cells in all {
        if !has_cells {
            cells.problems.retain(|problem| !advice::old_python::is_about_python(problem));
        }
        cells.problems.sort_by_key(|problem| (problem.range, problem.severity));
    }
}

/// The lines of a text with `\n` line ends, without them.
fn lines_of(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            start..start + line.strip_suffix('\n').unwrap_or(line).len()
        })
        .collect()
}

/// A block of a script, by lines.
struct Part {
    /// With its marker.
    all: Range<usize>,
    /// Without it, unless the marker is a magic as well.
    content: Range<usize>,
}

/// Divides a script at its markers, and says whether there are any. Markdown is left out.
fn divide(text: &str, lines: &[Range<usize>]) -> (Vec<Part>, bool) {
    let mut parts = Vec::new();
    let mut is_marked = false;
    let mut is_code = true;
    let (mut begin, mut content) = (0, 0);
    // Whether only markers and blank lines were seen since the block began, so that `# %%px` still opens this one.
    let mut is_fresh = false;
    for (index, range) in lines.iter().enumerate() {
        let line = &text[range.clone()];
        let Some(marker) = markers::marker(line) else {
            is_fresh &= line.trim().is_empty();
            continue;
        };
        is_marked = true;
        let is_px = line.trim_start_matches(['#', ' ', '\t', '%']).starts_with("px");
        if marker.is_magic && is_fresh {
            is_fresh = !is_px;
            continue;
        }
        if is_code && index > begin {
            parts.push(Part { all: begin..index, content: content..index });
        }
        is_code = marker.is_code;
        (begin, content) = (index, if marker.is_magic { index } else { index + 1 });
        is_fresh = is_code && !(marker.is_magic && is_px);
    }
    if is_code {
        parts.push(Part { all: begin..lines.len(), content: content..lines.len() });
    }
    (parts, is_marked)
}

struct Reader<'a> {
    document: &'a str,
    /// Where each line of the document begins; made when first asked for.
    line_starts: OnceCell<Vec<usize>>,
    carry: &'a mut Carry,
    text_index: usize,
    cells: Cells,
    warned_of_markers: bool,
}

impl<'a> Reader<'a> {
    fn new(document: &'a str, carry: &'a mut Carry, text_index: usize) -> Self {
        let cells = Cells::default();
        Self { document, line_starts: OnceCell::new(), carry, text_index, cells, warned_of_markers: false }
    }

    /// The 0-based line of a byte of the document, as LSP counts lines.
    fn line_at(&self, byte: usize) -> u32 {
        let starts = self.line_starts.get_or_init(|| {
            let bytes = self.document.as_bytes();
            let is_end = |at: &usize| {
                bytes[*at] == b'\n' || (bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
            };
            (0..bytes.len()).filter(is_end).map(|at| at + 1).collect()
        });
        u32::try_from(starts.partition_point(|start| *start <= byte)).unwrap_or(u32::MAX)
    }

    fn next_ordinal(&self) -> u32 {
        u32::try_from(self.cells.cells.len()).unwrap_or(u32::MAX)
    }

    /// Takes a block in. In a document that is divided into cells an `%autopx` sends whole cells, as upstream; in a script
    /// that is not, it sends the lines up to the next one.
    fn block(
        &mut self,
        text: BlockText<'_>,
        range: TextRange,
        is_divided: bool,
        place: Option<NotebookCellRef>,
    ) {
        let block::Scan { found, problems, local, statements } = block::scan(text);
        let mut statements = statements.into_iter().peekable();
        let mut local_lines = local.len();
        let first = self.next_ordinal();
        // A new border inside an `%autopx` region would change what the region sends.
        let in_region =
            self.carry.autopx.is_some() || found.iter().any(|found| found.kind == CellKind::Autopx);
        for mut problem in problems {
            if in_region {
                problem.fixes.retain(|fix| fix.edits.iter().all(|(_, new)| !new.contains("# %%")));
            }
            // What holds for the whole document is said once.
            let is_marker = problem.code == advice::markers::COMMENT_IS_MARKER.code;
            if !(is_marker && std::mem::replace(&mut self.warned_of_markers, true)) {
                self.cells.problems.push(problem);
            }
        }
        let only_code = found.iter().all(|found| found.kind == CellKind::SyncImports);
        if is_divided && only_code && self.carry.autopx.is_some() {
            local_lines -= self.autopx_cell(text, 0..text.lines.len(), &local, place.as_ref());
        } else if is_divided {
            for found in found {
                self.statements(&mut statements, found.range.start, place.as_ref());
                local_lines -= found.imports.as_ref().map_or(0, |(_, lines)| *lines);
                let toggle = text.toggle(found.kind, "\n# %%\n%autopx");
                self.found(found, toggle, place.as_ref());
            }
        } else {
            let mut sent_from = 0;
            let mut is_mixed = false;
            for found in found {
                self.statements(&mut statements, found.range.start, place.as_ref());
                if found.kind == CellKind::SyncImports && self.carry.autopx.is_some() {
                    continue;
                }
                local_lines -= found.imports.as_ref().map_or(0, |(_, lines)| *lines);
                let lines = found.lines.clone();
                if found.kind == CellKind::Autopx {
                    if self.carry.autopx.is_some() && !is_mixed {
                        local_lines -= self.autopx_cell(text, sent_from..lines.start, &local, place.as_ref());
                    }
                    (sent_from, is_mixed) = (lines.end, false);
                } else {
                    is_mixed = true;
                }
                let toggle = text.toggle(found.kind, "\n%autopx");
                self.found(found, toggle, place.as_ref());
            }
            if self.carry.autopx.is_some() && !is_mixed {
                local_lines -= self.autopx_cell(text, sent_from..text.lines.len(), &local, place.as_ref());
            }
        }
        self.statements(&mut statements, usize::MAX, place.as_ref());
        let local_lines = u32::try_from(local_lines).unwrap_or(u32::MAX);
        let px_cells = first..self.next_ordinal();
        self.cells.blocks.push(Block { range, notebook_cell: place, px_cells, local_lines });
    }

    /// Takes in what statements before a byte say about views. Inside an `%autopx` region they are sent to the engines, and
    /// say nothing here.
    fn statements(
        &mut self,
        statements: &mut Peekable<vec::IntoIter<Statement>>,
        before: usize,
        notebook_cell: Option<&NotebookCellRef>,
    ) {
        while let Some(statement) = statements.next_if(|statement| statement.range.start < before) {
            if self.carry.autopx.is_none() {
                let place = self.place(statement.range, notebook_cell);
                if let Some(note) = self.carry.execute(&statement, place) {
                    let problem = advice::views::NO_EFFECT.problem(statement.range, note, Vec::new());
                    self.cells.problems.push(problem);
                }
            }
        }
    }

    fn place(&self, range: TextRange, notebook_cell: Option<&NotebookCellRef>) -> Place {
        let line = self.line_at(range.start);
        Place { text: self.text_index, notebook_cell: notebook_cell.cloned(), line, range }
    }

    /// Lines inside an `%autopx` region, if there is code on them; gives how many of the local lines are sent so.
    fn autopx_cell(
        &mut self,
        text: BlockText<'_>,
        lines: Range<usize>,
        local: &[usize],
        place: Option<&NotebookCellRef>,
    ) -> usize {
        let Some(region) = self.carry.autopx.clone() else { return 0 };
        let before = |line: usize| local.partition_point(|index| *index < line);
        let sent = before(lines.end) - before(lines.start);
        if sent == 0 {
            return 0;
        }
        let line_text = |index: &usize| text.source.text()[text.lines[*index].clone()].trim();
        let mut lines = lines;
        let filled = |index: &usize| !line_text(index).is_empty();
        let (Some(first), Some(last)) = (lines.clone().find(filled), lines.clone().rfind(filled)) else {
            return 0;
        };
        if text.is_script {
            lines = first..last + 1;
        }
        let bytes = text.lines[lines.start].start..text.lines[lines.end - 1].end;
        let mut code = Mapped::default();
        code.push_part(text.source, bytes.clone());
        let range = text.source.range(bytes);
        code.push_escape("\n", TextRange::new(range.end, range.end));
        let line = text.lines[first].clone();
        let blanks = python::indent(&text.source.text()[line.clone()]);
        let magic_range = text.source.range(line.start + blanks..line.end);
        let magic = Magic {
            name: "autopx".to_owned(),
            suffix: region.suffix,
            options: Options::default(),
            // The toggle may stand in another document.
            name_range: TextRange::new(magic_range.start, magic_range.start),
        };
        let found = Found {
            kind: CellKind::AutopxCell,
            magic,
            lines,
            range,
            magic_range,
            code,
            escape: None,
            imports: None,
            spelling: Spelling::Plain,
        };
        self.push(found, place);
        sent
    }

    /// Takes a magic in, with what it changes for the ones below.
    /// `toggle` is what ends a region if it is put at the end of the document.
    fn found(&mut self, found: Found, toggle: Option<String>, place: Option<&NotebookCellRef>) {
        let kind = found.kind;
        match kind {
            CellKind::Config => {
                let at = self.place(found.magic.name_range, place);
                self.carry.configure(&found.magic, at);
            }
            CellKind::Autopx => {
                self.carry.autopx = match self.carry.autopx.take() {
                    Some(_) => None,
                    None => Some(Region {
                        suffix: found.magic.suffix.clone(),
                        toggle: found.magic.name_range,
                        text: self.text_index,
                        end: toggle.map(|toggle| toggle + &found.magic.suffix),
                    }),
                };
            }
            _ => {
                if let Some(region) = &self.carry.autopx {
                    let problem = advice::autopx::px_inside(&found, &region.suffix);
                    self.cells.problems.push(problem);
                }
            }
        }
        self.push(found, place);
    }

    fn push(&mut self, found: Found, place: Option<&NotebookCellRef>) {
        let sends = found.kind.sends();
        let lines =
            if sends { found.code.line_map(found.magic_range.end) } else { super::LineMap::default() };
        let view = match &found.imports {
            Some((view, _)) => {
                let at = self.place(found.magic_range, place);
                Some(self.carry.imports(view, at))
            }
            None => self.carry.view(&found.magic.suffix),
        };
        self.diagnose(&found, view.as_ref());
        let refusal = refusal(&found, view.is_some());
        let view = view.unwrap_or_default();
        self.cells.cells.push(PxCell {
            ordinal: self.next_ordinal(),
            kind: found.kind,
            range: found.range,
            magic_range: found.magic_range,
            code: found.code.text().into(),
            lines,
            notebook_cell: place.cloned(),
            view,
            refusal,
            spelling: found.spelling,
            magic: found.magic,
        });
    }

    fn diagnose(&mut self, found: &Found, view: Option<&ViewState>) {
        let magic = &found.magic;
        if found.kind == CellKind::AutopxCell {
            return; // the toggle has it
        }
        match view {
            None => {
                let problem =
                    advice::views::UNKNOWN.problem(magic.name_range, unknown_view(magic), Vec::new());
                self.cells.problems.push(problem);
            }
            Some(ViewState { targets: Some(Err(error)), .. })
                if magic.options.targets.is_none()
                    && (found.kind.sends() || found.kind == CellKind::Autopx) =>
            {
                // A %pxconfig that cannot be read has a problem of its own. Imports are local code too.
                let severity = match error {
                    UnreadTargets::Refused { .. } | UnreadTargets::Dynamic { .. } => None,
                    _ if found.imports.is_some() => Some(Severity::Warning),
                    _ => Some(Severity::Error),
                };
                if let Some(severity) = severity {
                    let problem =
                        advice::views::UNREAD.problem(magic.name_range, error.to_string(), Vec::new());
                    self.cells.problems.push(Problem { severity, ..problem });
                }
            }
            Some(_) => {}
        }
    }
}

fn unknown_view(magic: &Magic) -> String {
    format!(
        "no view with the suffix '{suffix}' is known, so pxlens cannot tell which engines %{name}{suffix} means; activate one \
         above, with view.activate('{suffix}'), or name its targets in the setting pxlens.views",
        suffix = magic.suffix,
        name = magic.name,
    )
}

/// Why a px cell cannot run, whatever the engines are.
fn refusal(found: &Found, has_view: bool) -> Option<String> {
    let magic = &found.magic;
    if let Some(error) = &magic.options.error {
        let signs = if found.kind == CellKind::CellMagic { "%%" } else { "%" };
        return Some(format!(
            "the options of {signs}{}{} are wrong: {}",
            magic.name, magic.suffix, error.message
        ));
    }
    if magic.options.dynamic {
        return Some(advice::options::DYNAMIC_MESSAGE.to_owned());
    }
    if found.kind == CellKind::CellMagic && found.code.text().is_empty() {
        return Some(advice::magics::EMPTY_MESSAGE.to_owned());
    }
    let needs_view = !matches!(found.kind, CellKind::Config | CellKind::Autopx);
    (needs_view && !has_view).then(|| unknown_view(magic))
}
