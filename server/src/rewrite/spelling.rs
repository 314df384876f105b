//! Writes magics as comments (`# %%px` for jupytext, `#!%%px` for VS Code) or plainly, and calls of
//! `get_ipython().run_cell_magic` as magics.
//!
//! As in jupytext, only those lines of a cell that are magics become comments.

use super::{Rewrite, Source};
use crate::{
    cells::{self, CellKind, Dialect, Placed, Spelling},
    text::TextRange,
};

type Edits = Vec<(TextRange, String)>;

/// The spellings that are offered, each with its name and an example.
const SPELLINGS: [(Spelling, &str); 3] = [
    (Spelling::Comment, "for jupytext (# %%px)"),
    (Spelling::Bang, "for VS Code (#!%%px)"),
    (Spelling::Plain, "plainly (%%px)"),
];

/// For each spelling: the px cells at the selection, and those of the whole script.
pub(super) fn offers(source: &Source<'_>, at: TextRange) -> Vec<Rewrite> {
    let touches = |range: TextRange| range.start <= at.end && at.start <= range.end;
    let here = |cell: &Placed| touches(cell.range());
    let mut offers = Vec::new();
    if !source.cells.cells.iter().any(here) {
        return offers;
    }
    for (to, name) in SPELLINGS {
        let some = respelled(source, to, here);
        let all = respelled(source, to, |_| true);
        let is_more = all.len() > some.len();
        if !some.is_empty() {
            offers.push(Rewrite::new(format!("Write this magic {name}"), some));
        }
        if is_more {
            offers.push(Rewrite::new(format!("Write all px magics {name}"), all));
        }
    }
    offers
}

/// Edits that write the chosen cells in one spelling; none if the edited script would hold other px cells.
fn respelled(source: &Source<'_>, to: Spelling, chosen: impl Fn(&Placed) -> bool) -> Edits {
    let mut edits = Edits::new();
    for block in &source.cells.blocks {
        let cells = &source.cells.cells[block.px_cells.start as usize..block.px_cells.end as usize];
        for cell in cells.iter().filter(|cell| cell.spelling != to) {
            let of_cell = chosen(cell).then(|| edits_of_cell(source, cell, block.range, to)).flatten();
            match of_cell {
                Some(of_cell) => edits.extend(of_cell),
                None if turns_off(cell, to) => return Edits::new(),
                None => {}
            }
        }
    }
    if edits.is_empty() || source.keeps(&edits, false) { edits } else { Edits::new() }
}

/// Whether a cell that stays as it is and others in another way cannot be in one script: beside a magic that stands there as
/// it is none in a comment counts.
fn turns_off(cell: &Placed, others: Spelling) -> bool {
    let is_hidden = |spelling: Spelling| matches!(spelling, Spelling::Comment | Spelling::Bang);
    match cell.kind {
        CellKind::AutopxCell | CellKind::SyncImports | CellKind::Plain => false,
        _ if others == Spelling::Plain => is_hidden(cell.spelling),
        _ => is_hidden(others) && cell.spelling == Spelling::Plain,
    }
}

fn edits_of_cell(source: &Source<'_>, cell: &Placed, block: TextRange, to: Spelling) -> Option<Edits> {
    // What an alias stands for is known only where it is made.
    if cell.alias.is_some() {
        return None;
    }
    match (cell.spelling, cell.kind) {
        (Spelling::Databricks, _) | (_, CellKind::AutopxCell) => None,
        (Spelling::Call { is_alone }, _) => {
            let edit = call_as_magic(source, cell, block).filter(|_| is_alone && to == Spelling::Plain);
            edit.map(|edit| vec![edit])
        }
        (_, CellKind::CellMagic) => cell_magic(source, cell, block, to),
        _ => line_magic(source, cell, to),
    }
}

/// What comes before a magic in this spelling.
fn prefix(spelling: Spelling) -> &'static str {
    match spelling {
        Spelling::Comment => "# ",
        Spelling::Bang => "#!",
        _ => "",
    }
}

fn cell_magic(source: &Source<'_>, cell: &Placed, block: TextRange, to: Spelling) -> Option<Edits> {
    let magic = source.line_at(cell.magic_range().start);
    // Only a marker may come before it in its block: another magic above would have to change with it.
    let above = source.slice(TextRange::new(block.start, magic.start));
    if magic.start != cell.magic_range().start
        || above.lines().filter(|line| !line.trim().is_empty()).count() > 1
    {
        return None;
    }
    let hidden = TextRange::new(magic.start, cell.name_range().start);
    let mut edits = vec![(hidden, prefix(to).to_owned())];
    let code: Vec<&str> = cell.code.lines().collect();
    let mut end = magic.end;
    for (line, code) in cells::spelled(&cell.code, to)?.into_iter().zip(code) {
        if end >= cell.range().end {
            break;
        }
        let written = source.line_at(source.next_line(end));
        end = written.end;
        if source.slice(written) != line && !code.trim().is_empty() {
            edits.push((written, line));
        }
    }
    Some(edits)
}

fn line_magic(source: &Source<'_>, cell: &Placed, to: Spelling) -> Option<Edits> {
    let mut edits = Edits::new();
    for (index, line) in source.lines_of(cell.magic_range()).into_iter().enumerate() {
        let text = source.slice(line);
        let start = line.start + text.len() - text.trim_start().len();
        let old = match cell.spelling {
            Spelling::Plain => "",
            Spelling::Bang if index == 0 => "#!",
            _ => ["# ", "#"].into_iter().find(|prefix| source.text[start..].starts_with(prefix))?,
        };
        let name = cell.name_range().start;
        // VS Code knows neither a commented assignment nor a commented magic that continues on the next line.
        if to == Spelling::Bang && (index > 0 || name != start + old.len()) {
            return None;
        }
        let new = prefix(to);
        // A continuation line gets its `#` at its very start, which keeps its indentation.
        let at = if index > 0 && old.is_empty() { line.start } else { start };
        if old != new {
            edits.push((TextRange::new(at, at + old.len()), new.to_owned()));
        }
    }
    Some(edits)
}

/// Offered for a notebook cell that is a call and nothing else.
pub(super) fn plain_call(source: &Source<'_>) -> Option<Rewrite> {
    let [cell] = source.cells.cells.as_slice() else { return None };
    let Spelling::Call { is_alone: true } = cell.spelling else { return None };
    if cell.alias.is_some() {
        return None;
    }
    let edits = vec![call_as_magic(source, cell, TextRange::new(0, source.text.len()))?];
    source.keeps(&edits, false).then(|| Rewrite::new("Write the call as a magic", edits))
}

/// Writes a call as a magic; as a cell magic it gets a cell of its own.
fn call_as_magic(source: &Source<'_>, cell: &Placed, block: TextRange) -> Option<(TextRange, String)> {
    let magic = &cell.magic;
    let first = source.line_at(cell.range().start);
    let statement = TextRange::new(cell.range().start, source.line_at(cell.range().end).end);
    let name = format!("{}{}", magic.kind, magic.suffix);
    if magic.options.dynamic || magic.options.error.is_some() {
        return None;
    }
    let options = magic.options.written();
    if cell.kind != CellKind::CellMagic {
        let rest = if cell.kind == CellKind::LineMagic { format!(" {}", cell.code) } else { options };
        return (!rest.contains('\n')).then(|| (statement, format!("%{name}{rest}")));
    }
    let marker = source.line_at(block.start);
    let is_marker = source.dialect == Dialect::Script && source.slice(marker).trim_start().starts_with('#');
    let above = if is_marker { marker.end } else { block.start };
    let is_first = !source.is_filled(above, first.start);
    let is_last = !source.is_filled(statement.end, block.end);
    if first.start != statement.start || (source.dialect != Dialect::Script && !(is_first && is_last)) {
        return None;
    }
    let border = source.cells.border.unwrap_or_default();
    if border.is_empty() && !(is_first && is_last) {
        return None;
    }
    let above = if is_first { String::new() } else { format!("{border}\n") };
    let below = if is_last { String::new() } else { format!("\n{border}") };
    let code = cell.code.strip_suffix('\n').unwrap_or(&cell.code);
    Some((statement, source.with_line_ends(&format!("{above}%%{name}{options}\n{code}{below}"))))
}
