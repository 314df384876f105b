//! What is said of blocks of which IPython runs nothing, or nothing from a line on.

use super::{
    super::{
        broken::{Broken, Why},
        found::{About, BlockText, Note},
        magic::px_name,
        statements::{Act, Statement},
    },
    Scan,
};

/// What is to be said of a cell that IPython does not run, or not to its end, if that concerns magics or views in it.
pub(super) fn broken_note(block: BlockText<'_>, scan: &Scan) -> Option<Note> {
    let Broken { line, why } = scan.broken.as_ref()?;
    let begin = if why.is_whole() { 0 } else { block.filled(*line).start };
    let sets = |one: &Statement| one.may_decide() && !matches!(one.act, Act::Bind { .. });
    let concerns = scan.found.iter().any(|found| found.range.start >= begin)
        || scan.statements.iter().any(|one| one.range.start >= begin && sets(one));
    let is_told = matches!(why, Why::CellMagic(name) if px_name(name, false).is_some());
    let is_px = |name: &str| {
        let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
        px_name(&name[..end].to_ascii_lowercase(), false).is_some()
    };
    let is_slip = || is_px(block.freed(*line).trim_start().trim_start_matches('%').trim_start());
    let was_px =
        matches!(why, Why::Name(name) if is_px(name.trim_start_matches('%')) || name == "%" && is_slip());
    let note = Note { range: block.filled(*line), about: About::Broken(why.clone()) };
    ((concerns || was_px) && !is_told).then_some(note)
}
