//! A `%pxconfig` line as options on the cells that it decides for.

use super::{Rewrite, Source};
use crate::{
    cells::{CellKind, Options, PxCell, Spelling, is_marker},
    text::TextRange,
};

const TITLE: &str = "Put this %pxconfig on the cells it decides for";

/// Offered at a `%pxconfig` that decides for a cell. The line goes; each cell that runs otherwise without it gets the
/// options it lacks, and a `%px` line becomes a `%%px` cell for that.
pub(super) fn offer(source: &Source<'_>, at: TextRange) -> Option<Rewrite> {
    let is_here = |cell: &&PxCell| {
        cell.kind == CellKind::Config && cell.range.start <= at.end && at.start <= cell.range.end
    };
    let config = source.cells.cells.iter().find(is_here)?;
    if config.magic.options.error.is_some() || !decides(source, config) {
        return None;
    }
    if config.magic.options.dynamic {
        return Some(Rewrite::disabled(TITLE, "its options come from Python variables"));
    }
    if matches!(config.spelling, Spelling::Databricks | Spelling::Call { .. }) {
        return None;
    }
    let line = source.line_at(config.range.start);
    let end = source.next_line(source.line_at(config.range.end).end);
    let line = TextRange::new(line.start, end);
    let mut edits = vec![(line, String::new())];
    let without = source.with(&edits)?;
    let others = source.cells.cells.iter().filter(|cell| cell.ordinal != config.ordinal);
    for (cell, without) in others.zip(&without.cells) {
        let options = lacking(cell, without, &config.magic.options).written();
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
        false => Rewrite::disabled(TITLE, "the cells below would run otherwise"),
    })
}

/// Whether any cell that sends code has this line among those that decide for it.
fn decides(source: &Source<'_>, config: &PxCell) -> bool {
    source.cells.cells.iter().any(|cell| {
        let is_by = |by: &crate::cells::DecidedBy| {
            source.cells.decider(by).is_some_and(|decider| decider.range == config.magic.name_range)
        };
        !matches!(cell.kind, CellKind::Config | CellKind::Autopx | CellKind::Result)
            && cell.view.decided_by.iter().any(is_by)
    })
}

/// The options of the line that a cell needs to run as before, once the line is gone.
fn lacking(cell: &PxCell, without: &PxCell, config: &Options) -> Options {
    if matches!(cell.kind, CellKind::Config | CellKind::Autopx | CellKind::Result) {
        return Options::default();
    }
    cell.view.lost(&without.view, &cell.magic.options, config)
}

/// The change that gives a cell options, or why it cannot have any.
fn with_options(source: &Source<'_>, cell: &PxCell, options: &str) -> Result<(TextRange, String), String> {
    let line_number = source.text[..cell.range.start].matches('\n').count() + 1;
    let name = cell.magic.name_range;
    match (cell.kind, cell.spelling) {
        (CellKind::AutopxCell, _) => {
            Err(format!("the %autopx region round line {line_number} takes no options of its own"))
        }
        (_, Spelling::Call { .. } | Spelling::Databricks) => {
            Err(format!("the cell on line {line_number} is not written as a magic"))
        }
        (CellKind::CellMagic, _) => Ok((TextRange::new(name.end, name.end), options.to_owned())),
        _ => {
            let line = source.line_at(cell.range.start);
            let is_whole = name.start == line.start && cell.spelling == Spelling::Plain;
            if !is_whole {
                return Err(format!("the %px on line {line_number} cannot become a %%px cell"));
            }
            let end = source.line_at(cell.range.end).end;
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
            Ok((TextRange::new(line.start, end), source.written(&text)))
        }
    }
}
