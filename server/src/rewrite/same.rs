//! Whether two texts hold the same px cells.

use crate::cells::{CellKind, Cells, Effective, Options, OwnOptions, Placed, PxCell};

/// Whether the same cells send the same code to the same targets in the same way, and as many local lines stand beside them.
/// `lines_may_go`: lines that run nothing may be missing afterwards, and their options may be on the cells instead.
pub(super) fn same(before: &Cells, after: &Cells, lines_may_go: bool) -> bool {
    let local = |cells: &Cells| cells.blocks.iter().map(|block| block.local_lines).sum::<u32>();
    let counts = |cell: &&Placed| !lines_may_go || !matches!(cell.kind, CellKind::Config | CellKind::Autopx);
    let before_cells: Vec<&Placed> = before.cells.iter().filter(counts).collect();
    let after_cells: Vec<&Placed> = after.cells.iter().filter(counts).collect();
    local(before) == local(after)
        && before_cells.len() == after_cells.len()
        && before_cells.iter().zip(&after_cells).all(|(before, after)| alike(before, after, lines_may_go))
}

fn alike(before: &PxCell, after: &PxCell, lines_may_go: bool) -> bool {
    let kind = |cell: &PxCell| match cell.kind {
        // All of these send their code.
        CellKind::LineMagic | CellKind::AutopxCell if lines_may_go => CellKind::CellMagic,
        kind => kind,
    };
    // Only the code of a cell magic ends with a newline, which does not matter.
    let code = |cell: &PxCell| cell.code.trim_end_matches('\n').to_owned();
    kind(before) == kind(after)
        && before.suite.is_some() == after.suite.is_some()
        && before.magic.suffix == after.magic.suffix
        && code(before) == code(after)
        && own(&before.magic.options) == own(&after.magic.options)
        && before.refusal().is_some() == after.refusal().is_some()
        && (before.kind == CellKind::Result || in_force(before) == in_force(after))
}

/// What only a cell's own options say.
fn own(options: &Options) -> (&OwnOptions, bool, bool) {
    let Options {
        own,
        dynamic,
        error,
        // The lines above can set these as well, see `in_force`.
        targets: _,
        block: _,
        config: _,
    } = options;
    (own, *dynamic, error.is_some())
}

/// What decides how a cell runs: its own options, or else those that the lines above it set.
fn in_force(cell: &PxCell) -> (Option<String>, Effective) {
    (cell.targets().ok().map(|targets| targets.to_string()), cell.effective())
}
