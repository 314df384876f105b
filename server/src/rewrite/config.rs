//! A `%pxconfig` line as options on the cells that it decides for.

use super::{Rewrite, Source, applied};
use crate::{
    cells::{CellKind, Options, PxCell, Spelling, is_marker, recognize},
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
    let without = recognize(&applied(source.text, &edits), source.dialect).ok()?;
    let others = source.cells.cells.iter().filter(|cell| cell.ordinal != config.ordinal);
    for (cell, without) in others.zip(&without.cells) {
        let options = written_options(&lacking(cell, without, &config.magic.options));
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
    let (own, view, left) = (&cell.magic.options, &cell.view, &without.view);
    let mut lacking = Options::default();
    if matches!(cell.kind, CellKind::Config | CellKind::Autopx | CellKind::Result) {
        return lacking;
    }
    if own.targets.is_none() && view.targets != left.targets {
        lacking.targets.clone_from(&config.targets);
    }
    if own.block.is_none() && view.block != left.block {
        lacking.block = config.block;
    }
    if own.stream.is_none() && view.stream != left.stream {
        lacking.stream = config.stream;
    }
    if own.verbose.is_none() && view.verbose != left.verbose {
        lacking.verbose = config.verbose;
    }
    if own.progress_after.is_none() && view.progress_after != left.progress_after {
        lacking.progress_after = config.progress_after;
    }
    if own.signal_on_interrupt.is_none() && view.signal_on_interrupt != left.signal_on_interrupt {
        lacking.signal_on_interrupt.clone_from(&config.signal_on_interrupt);
    }
    lacking
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
            let above = if source.is_filled(from, line.start) { "# %%\n" } else { "" };
            let below = if source.is_filled(end, to) { "\n# %%" } else { "" };
            let suffix = &cell.magic.suffix;
            let text = format!("{above}%%px{suffix}{options}\n{}{below}", cell.code);
            Ok((TextRange::new(line.start, end), source.written(&text)))
        }
    }
}

/// Options as they are written behind the name of a magic, each with the blank before it.
pub(super) fn written_options(options: &Options) -> String {
    let mut text = String::new();
    let mut add = |option: String| {
        text.push(' ');
        text.push_str(&option);
    };
    if let Some(targets) = &options.targets {
        // What begins with a minus sign would be taken for a flag.
        let joint = if targets.text.starts_with('-') { '=' } else { ' ' };
        add(format!("--targets{joint}{}", targets.text));
    }
    let switches = [
        (options.block, "--block", "--noblock"),
        (options.stream, "--stream", "--no-stream"),
        (options.verbose, "--verbose", "--no-verbose"),
    ];
    for (value, on, off) in switches {
        value.into_iter().for_each(|value| add(if value { on } else { off }.to_owned()));
    }
    if let Some(seconds) = options.progress_after {
        add(format!("--progress-after={seconds}"));
    }
    if let Some(signal) = &options.signal_on_interrupt {
        add(format!("--signal-on-interrupt={signal}"));
    }
    if let Some(group) = options.group_outputs {
        add(format!("--group-outputs={}", group.name()));
    }
    if let Some(out) = &options.out {
        add(format!("--out={out}"));
    }
    if options.local {
        add("--local".to_owned());
    }
    text
}
