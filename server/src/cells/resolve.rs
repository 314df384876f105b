//! What is in force in a block: what was found in it, put in order and told what stands above it.

use std::{ops::Range, sync::Arc};

use super::{
    Carry, CellKind, Magic, Options, Origin, Problem, PxCell, Severity, block::Found, mapped::Mapped,
    markers::Escape, python, scan::Scanned, views::Region,
};
use crate::text::TextRange;

/// A block with what is in force in it; ranges and ordinals count from the block's beginning.
pub(super) struct Resolved {
    pub(super) cells: Vec<PxCell>,
    /// In no order.
    pub(super) problems: Vec<Problem>,
    /// How many lines hold code that belongs to no px cell.
    pub(super) local_lines: u32,
    /// What is in force below it; the very same as above it, where it changes nothing.
    pub(super) after: Arc<Carry>,
}

/// Reads a block of which it is known what stands above it.
///
/// In a document that is divided into cells an `%autopx` sends whole cells, as upstream; in a script that is not, it sends
/// the lines up to the next one. `text` and `number` name the block to those below.
pub(super) fn resolve(
    scanned: &Scanned,
    before: &Arc<Carry>,
    is_divided: bool,
    text: u32,
    number: u32,
) -> Resolved {
    let mut resolver = Resolver {
        scanned,
        carry: Arc::clone(before),
        origin: Origin { text, block: number, nth: 0 },
        cells: Vec::new(),
        problems: scanned.problems.clone(),
    };
    let local_lines = resolver.run(is_divided);
    let Resolver { carry, cells, problems, .. } = resolver;
    let after = if carry == *before { Arc::clone(before) } else { carry };
    Resolved { cells, problems, local_lines: u32::try_from(local_lines).unwrap_or(u32::MAX), after }
}

struct Resolver<'a> {
    scanned: &'a Scanned,
    carry: Arc<Carry>,
    /// The magic that is dealt with.
    origin: Origin,
    cells: Vec<PxCell>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    fn problem(&mut self, range: TextRange, severity: Severity, code: &'static str, message: String) {
        self.problems.push(Problem { range, severity, code, message, fixes: Vec::new() });
    }

    /// Takes the block in; gives how many of its lines are local.
    fn run(&mut self, is_divided: bool) -> usize {
        let scanned = self.scanned;
        let count = scanned.text().lines.len();
        let mut local_lines = scanned.local.len();
        if is_divided && scanned.found.is_empty() && self.carry.autopx.is_some() {
            return local_lines - self.autopx_cell(0..count);
        }
        let mut sent_from = 0;
        let mut is_mixed = is_divided;
        for (nth, found) in (0..).zip(&scanned.found) {
            self.origin.nth = nth;
            let lines = found.lines.clone();
            if found.kind == CellKind::Autopx && !is_divided {
                if self.carry.autopx.is_some() && !is_mixed {
                    local_lines -= self.autopx_cell(sent_from..lines.start);
                }
                (sent_from, is_mixed) = (lines.end, false);
            } else {
                is_mixed = true;
            }
            self.found(found);
        }
        if self.carry.autopx.is_some() && !is_mixed {
            local_lines -= self.autopx_cell(sent_from..count);
        }
        local_lines
    }

    /// Lines inside an `%autopx` region, if there is code on them; gives how many of the local lines are sent so.
    fn autopx_cell(&mut self, lines: Range<usize>) -> usize {
        let (text, local) = (self.scanned.text(), &self.scanned.local);
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
        let found =
            Found { kind: CellKind::AutopxCell, magic, lines, range, magic_range, code, escape: None };
        self.push(&found);
        sent
    }

    /// Takes a magic in, with what it changes for the ones below.
    fn found(&mut self, found: &Found) {
        self.diagnose(found);
        match found.kind {
            CellKind::Config => Arc::make_mut(&mut self.carry).configure(&found.magic, self.origin),
            CellKind::Autopx => {
                let carry = Arc::make_mut(&mut self.carry);
                carry.autopx = match carry.autopx.take() {
                    Some(_) => None,
                    None => Some(Region { suffix: found.magic.suffix.clone(), toggle: self.origin }),
                };
            }
            _ if self.carry.autopx.is_some() => {
                let name = &found.magic.name;
                let message = format!(
                    "inside an %autopx region IPython sends this %{name} to the engines, where it fails; pxlens runs it as if \
                     outside"
                );
                self.problem(found.magic_range, Severity::Warning, "px-inside-autopx", message);
            }
            _ => {}
        }
        self.push(found);
    }

    fn push(&mut self, found: &Found) {
        let sends = matches!(found.kind, CellKind::CellMagic | CellKind::LineMagic | CellKind::AutopxCell);
        let lines =
            if sends { found.code.line_map(found.magic_range.end) } else { super::LineMap::default() };
        let refusal = refusal(found);
        let view = self.carry.view(&found.magic.suffix);
        self.cells.push(PxCell {
            ordinal: u32::try_from(self.cells.len()).unwrap_or(u32::MAX),
            kind: found.kind,
            range: found.range,
            magic_range: found.magic_range,
            code: found.code.text().into(),
            lines,
            notebook_cell: self.scanned.place.clone(),
            view,
            refusal,
            magic: found.magic.clone(),
        });
    }

    fn diagnose(&mut self, found: &Found) {
        let magic = &found.magic;
        if let Some(error) = &magic.options.error {
            self.problem(error.range, Severity::Error, "options", error.to_string());
        }
        if magic.options.dynamic {
            self.problem(found.magic_range, Severity::Hint, "dynamic-options", DYNAMIC.to_owned());
        } else if let (None, Some(targets)) = (&magic.options.error, &magic.options.targets)
            && let Err(error) = &targets.parsed
        {
            self.problem(targets.range, Severity::Error, "targets", error.to_string());
        }
        if found.kind == CellKind::CellMagic && found.code.text().is_empty() {
            self.problem(found.magic_range, Severity::Error, "empty-body", EMPTY.to_owned());
        }
        if !magic.suffix.is_empty() && found.kind != CellKind::Config {
            self.problem(magic.name_range, Severity::Warning, "unknown-view", unknown_view(magic));
        }
        let is_comment = found.escape == Some(Escape::Comment) && found.kind == CellKind::CellMagic;
        if is_comment {
            let message = "pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a \
                           cell, and would run the lines below it locally";
            self.problem(found.magic_range, Severity::Warning, COMMENT_IS_MARKER, message.to_owned());
        }
    }
}

/// Of these a document gets one: the first.
pub(super) const COMMENT_IS_MARKER: &str = "comment-is-marker";

const DYNAMIC: &str = "the options hold {…} or $name, which IPython fills in from its own variables; pxlens knows none of \
                       them: write the values out to run this";

const EMPTY: &str = "%%px has no body: write code below it, or use %px for a single line";

fn unknown_view(magic: &Magic) -> String {
    format!(
        "no view with the suffix '{suffix}' is known, so pxlens cannot tell which engines %{name}{suffix} means; use %px, \
         or %%px with --targets",
        suffix = magic.suffix,
        name = magic.name,
    )
}

/// Why a px cell cannot run, whatever the engines are.
fn refusal(found: &Found) -> Option<String> {
    let magic = &found.magic;
    if let Some(error) = &magic.options.error {
        let signs = if found.kind == CellKind::CellMagic { "%%" } else { "%" };
        return Some(format!(
            "the options of {signs}{}{} are wrong: {}",
            magic.name, magic.suffix, error.message
        ));
    }
    if magic.options.dynamic {
        return Some(DYNAMIC.to_owned());
    }
    if found.kind == CellKind::CellMagic && found.code.text().is_empty() {
        return Some(EMPTY.to_owned());
    }
    let needs_view = !matches!(found.kind, CellKind::Config | CellKind::Autopx);
    (needs_view && !magic.suffix.is_empty()).then(|| unknown_view(magic))
}
