//! Moves the options of a `%pxconfig` line to the cells that it applies to.

use super::{Rewrite, Source};
use crate::{
    cells::{CellKind, Options, Placed, Spelling, is_marker},
    text::TextRange,
};

const TITLE: &str = "Move the options of this %pxconfig to the cells it applies to";

/// Offered at a `%pxconfig` that applies to a cell. The line is removed; each cell that would run differently without it gets
/// the options it lacks, for which a `%px` line becomes a `%%px` cell.
pub(super) fn offer(source: &Source<'_>, at: TextRange) -> Option<Rewrite> {
    let is_here = |cell: &&Placed| {
        cell.kind == CellKind::Config && cell.range().start <= at.end && at.start <= cell.range().end
    };
    let config = source.cells.cells.iter().find(is_here)?;
    if config.magic.options.error.is_some() || !applies(source, config) {
        return None;
    }
    if config.magic.options.dynamic {
        return Some(Rewrite::disabled(
            TITLE,
            "The options of this %pxconfig come from Python variables, which pxlens does not know",
        ));
    }
    if matches!(config.spelling, Spelling::Databricks | Spelling::Call { .. }) {
        return None;
    }
    let line = source.line_at(config.range().start);
    let end = source.next_line(source.line_at(config.range().end).end);
    let line = TextRange::new(line.start, end);
    let mut edits = vec![(line, String::new())];
    let without = source.with(&edits)?;
    let others = source.cells.cells.iter().filter(|cell| cell.ordinal != config.ordinal);
    for (cell, without) in others.zip(&without.cells) {
        let options = missing_options(cell, without, &config.magic.options).written();
        if options.is_empty() {
            continue;
        }
        match with_options(source, cell, &options) {
            Ok(edit) => edits.push(edit),
            Err(why) => return Some(Rewrite::disabled(TITLE, why)),
        }
    }
    edits.sort_by_key(|(range, _)| *range);
    let is_same = source.keeps(&edits, true);
    Some(match is_same {
        true => Rewrite::new(TITLE, edits),
        false => Rewrite::disabled(TITLE, "The cells below would not run as before"),
    })
}

/// Whether the line decides how any cell that sends code runs.
fn applies(source: &Source<'_>, config: &Placed) -> bool {
    source.cells.cells.iter().any(|cell| {
        let is_by = |by: &crate::cells::DecidedBy| {
            source.cells.decider(by).is_some_and(|decider| decider.range == config.name_range())
        };
        !matches!(cell.kind, CellKind::Config | CellKind::Autopx | CellKind::Result)
            && cell.view.decided_by.iter().any(is_by)
    })
}

/// The options of the line that a cell needs in order to run as before once the line is removed.
fn missing_options(cell: &Placed, without: &Placed, config: &Options) -> Options {
    if matches!(cell.kind, CellKind::Config | CellKind::Autopx | CellKind::Result) {
        return Options::default();
    }
    cell.view.lost(&without.view, &cell.magic.options, config)
}

/// The edit that adds options to a cell, or why it cannot have any.
fn with_options(source: &Source<'_>, cell: &Placed, options: &str) -> Result<(TextRange, String), String> {
    let line_number = source.text[..cell.range().start].matches('\n').count() + 1;
    let name = cell.name_range();
    match (cell.kind, cell.spelling) {
        (CellKind::AutopxCell, _) => Err(format!(
            "The %autopx region around line {line_number} cannot have options; turn it into %%px cells first"
        )),
        (_, Spelling::Call { .. } | Spelling::Databricks) => Err(format!(
            "The px cell on line {line_number} is not written as a magic and cannot have options"
        )),
        (CellKind::CellMagic, _) => Ok((TextRange::new(name.end, name.end), options.to_owned())),
        _ => {
            let line = source.line_at(cell.range().start);
            let is_whole = name.start == line.start && cell.spelling == Spelling::Plain;
            if !is_whole {
                return Err(format!(
                    "The %px on line {line_number} cannot become a %%px cell: only a plain %px at the start of a line can"
                ));
            }
            let end = source.line_at(cell.range().end).end;
            let block = source.cells.blocks.iter().find(|block| block.px_cells.contains(&cell.ordinal));
            let (from, to) = block.map_or((0, source.text.len()), |block| {
                let first = source.line_at(block.range.start);
                let is_marked = is_marker(source.slice(first));
                (if is_marked { source.next_line(first.end) } else { first.start }, block.range.end)
            });
            let Some(border) = source.cells.border else {
                return Err(format!("the %px on line {line_number} cannot become a %%px cell"));
            };
            let above =
                if source.is_filled(from, line.start) { format!("{border}\n") } else { String::new() };
            let below = if source.is_filled(end, to) { format!("\n{border}") } else { String::new() };
            let suffix = &cell.magic.suffix;
            let text = format!("{above}%%px{suffix}{options}\n{}{below}", cell.code);
            Ok((TextRange::new(line.start, end), source.with_line_ends(&text)))
        }
    }
}
