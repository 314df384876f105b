//! What is wrong or risky in what [`cells`](crate::cells) found, and what would mend it: one family of rules in each file.
//!
//! Pure. Each rule says where it is defined what it means, with an example; `docs/diagnostics.md` is written from the table
//! `RULES`. A fix is offered only where it is exact: applied, it makes its problem go away.

mod autopx;
mod conditional;
mod dead_targets;
mod lines;
mod magics;
mod markers;
mod old_python;
mod options;
mod problem;
mod replacement;
mod spellings;
mod views;

use std::sync::Arc;

use ropey::Rope;

pub(crate) use autopx::{NO_END_OF_AUTOPX, PX_INSIDE_AUTOPX};
pub(crate) use conditional::CONDITIONAL;
#[cfg(test)]
use dead_targets::DEAD_TARGET;
pub(crate) use dead_targets::dead_target;
pub(crate) use magics::fails;
pub(crate) use markers::SWITCHED_OFF;
pub(crate) use problem::{Fix, Problem, Rule, Severity};
pub(crate) use spellings::{AUTOMAGIC, OWN_MAGIC};
pub(crate) use views::{UNKNOWN_VIEW, UNREAD_CLUSTER, UNREAD_VIEW};

use crate::cells::{
    Carry, CellKind, Cells, Dialect, End, Index, Unreadable, Views, Wanted,
    escapes::Escape,
    findings::{BlockFacts, Finding, Findings},
    found::{About, Found, Note},
    scan::Scanned,
};

/// All rules, in the order of the documentation, which a test writes.
#[cfg(test)]
static RULES: [&Rule; 37] = [
    &options::OPTIONS,
    &options::TARGETS,
    &options::DYNAMIC,
    &options::STREAM_NOBLOCK,
    &magics::BROKEN,
    &magics::MISPLACED,
    &magics::TWO_SIGNS,
    &magics::EMPTY_BODY,
    &lines::OPEN_BRACKET,
    &lines::OPTIONS_ON_LINE,
    &spellings::TWO_WORDS,
    &spellings::ALIAS_OPTIONS,
    &spellings::MEASURED,
    &spellings::GIVEN_TO_PYTHON,
    &spellings::MAGIC_CALL,
    &spellings::UNREAD_CALL,
    &OWN_MAGIC,
    &markers::FREED_MAGIC,
    &markers::INACTIVE_MAGIC,
    &AUTOMAGIC,
    &spellings::UNLIKE_IMPORT,
    &markers::UNREAD_HEADER,
    &markers::COMMENT_IS_MARKER,
    &SWITCHED_OFF,
    &CONDITIONAL,
    &autopx::OPEN_AUTOPX,
    &PX_INSIDE_AUTOPX,
    &NO_END_OF_AUTOPX,
    &autopx::UNSURE_AUTOPX,
    &UNKNOWN_VIEW,
    &UNREAD_VIEW,
    &views::OTHER_CLUSTER,
    &UNREAD_CLUSTER,
    &views::NO_EFFECT,
    &old_python::PRINT,
    &old_python::IMPORT,
    &DEAD_TARGET,
];

/// What is wrong in a document that is edited. A block is judged again only when its text, or what the lines above it show,
/// has changed.
#[derive(Debug, Default)]
pub(crate) struct Lints {
    blocks: Vec<Judged>,
}

/// A block, and what was said of it.
#[derive(Debug)]
struct Judged {
    scanned: Arc<Scanned>,
    findings: Arc<Findings>,
    /// Their ranges count from the block's beginning.
    problems: Vec<Problem>,
}

impl Judged {
    fn new(block: BlockFacts<'_>) -> Self {
        Self {
            scanned: Arc::clone(block.scanned),
            findings: Arc::clone(block.findings),
            problems: judge(block.scanned, block.findings),
        }
    }

    fn is_of(&self, block: &BlockFacts<'_>) -> bool {
        Arc::ptr_eq(&self.scanned, block.scanned) && Arc::ptr_eq(&self.findings, block.findings)
    }
}

impl Lints {
    /// What is wrong in the document, by place, in bytes of it. `end`: what its end shows, or that of its notebook.
    pub(crate) fn problems(&mut self, index: &Index, end: &End) -> Vec<Problem> {
        let mut problems = Vec::new();
        if index.error().is_some() {
            return problems;
        }
        self.take_in(index);
        let counts = |problem: &&Problem| end.has_px || !old_python::is_about_python(problem);
        for (block, judged) in index.facts().zip(&self.blocks) {
            let found = judged.problems.iter().filter(counts);
            problems.extend(found.map(|problem| problem.shifted(block.base)));
        }
        let open = index.open_region(&end.carry);
        problems.extend(open.and_then(|region| autopx::open(region, index.border())));
        let fault = index.fault().filter(|_| end.has_px);
        problems.extend(fault.map(|fault| markers::unread_header(fault, index.format())));
        problems.sort_by_key(|problem| (problem.range, problem.severity));
        // What holds for the whole document is said once.
        for rule in [&markers::COMMENT_IS_MARKER, &SWITCHED_OFF] {
            let mut is_said = false;
            problems.retain(|problem| *problem.rule != *rule || !std::mem::replace(&mut is_said, true));
        }
        problems
    }

    /// Judges the blocks between the first and the last that changed.
    fn take_in(&mut self, index: &Index) {
        let blocks: Vec<BlockFacts<'_>> = index.facts().collect();
        let same = |(judged, block): &(&Judged, &BlockFacts<'_>)| judged.is_of(block);
        let first = self.blocks.iter().zip(&blocks).take_while(same).count();
        let last =
            self.blocks[first..].iter().rev().zip(blocks[first..].iter().rev()).take_while(same).count();
        let mut old = self.blocks.drain(first..self.blocks.len() - last).collect::<Vec<_>>().into_iter();
        let new = blocks[first..blocks.len() - last].iter().map(|block| {
            // What changed far apart leaves the blocks between in their places.
            old.next().filter(|old| old.is_of(block)).unwrap_or_else(|| Judged::new(*block))
        });
        let new: Vec<Judged> = new.collect();
        self.blocks.splice(first..first, new);
    }
}

/// What is wrong in a document that is read once.
pub(crate) fn problems(index: &Index, end: &End) -> Vec<Problem> {
    Lints::default().problems(index, end)
}

/// The px cells of a document that stands alone, and what is wrong in it. `views` are those that the settings name.
#[cfg(test)]
pub(crate) fn recognize(
    text: &str,
    dialect: Dialect,
    views: &Arc<Views>,
) -> Result<(Cells, Vec<Problem>), Unreadable> {
    recognize_as(text, dialect, Wanted::default(), views)
}

/// The same of a script of which something is known before it is read.
pub(crate) fn recognize_as(
    text: &str,
    dialect: Dialect,
    wanted: Wanted,
    views: &Arc<Views>,
) -> Result<(Cells, Vec<Problem>), Unreadable> {
    let rope = Rope::from_str(text);
    let index = Index::new_as(&rope, dialect, wanted, 0, Arc::new(Carry::new(views)));
    match index.error() {
        Some(error) => Err(error.clone()),
        None => Ok((index.cells(&rope), problems(&index, &index.end()))),
    }
}

/// What is wrong in one block.
fn judge(scanned: &Scanned, findings: &Findings) -> Vec<Problem> {
    let block = scanned.text();
    let mut problems: Vec<Problem> =
        scanned.found.iter().flat_map(|found| of_magic(scanned, found)).collect();
    problems.extend(scanned.strays.iter().map(|stray| magics::stray(&block, stray)));
    // What a region sends is sent as it is.
    let is_said = |note: &&Note| !(findings.meets_region && matches!(note.about, About::Automagic { .. }));
    problems.extend(scanned.notes.iter().filter(is_said).map(|note| spellings::note(&block, note)));
    let dated = scanned.dated.iter().map(|line| block.lines[*line].clone());
    problems.extend(dated.filter_map(|line| old_python::of_statement(block.source, line)));
    if findings.meets_region {
        // A new border inside an `%autopx` region would change what the region sends.
        for problem in &mut problems {
            let divides = |new: &String| block.border.is_some_and(|border| new.contains(border));
            problem.fixes.retain(|fix| !fix.edits.iter().any(|(_, new)| divides(new)));
        }
    }
    for finding in &findings.all {
        if let Finding::UnlikeImports { magic, is_of_px } = finding
            && let Some(found) = scanned.found.get(*magic)
        {
            problems.extend(spellings::unlike_imports(&block, found, &scanned.found, *is_of_px));
        }
    }
    problems.extend(findings.all.iter().filter_map(|finding| {
        Some(match finding {
            Finding::UnlikeImports { .. } => return None,
            Finding::UnsureRegion { magic, is_perhaps } => {
                autopx::unsure(scanned.found.get(*magic)?, *is_perhaps)
            }
            Finding::NoEffect { range, why } => views::NO_EFFECT.problem(*range, *why, Vec::new()),
            Finding::InsideRegion { magic, suffix } => {
                autopx::px_inside(&block, scanned.found.get(*magic)?, &scanned.found, suffix)
            }
            Finding::UnknownView { name, why } => UNKNOWN_VIEW.problem(*name, why, Vec::new()),
            Finding::OtherCluster { name, why, of_imports } => {
                views::other_cluster(*name, why.clone(), *of_imports)
            }
            Finding::UnreadCluster { range } => {
                UNREAD_CLUSTER.problem(*range, views::WHICH_CLUSTER, Vec::new())
            }
            Finding::UnreadView { name, error, of_imports } => views::unread(*name, error, *of_imports),
        })
    }));
    problems
}

/// What is wrong with a px magic by its own text.
fn of_magic(scanned: &Scanned, found: &Found) -> Vec<Problem> {
    let block = scanned.text();
    let conditional = found.suite.map(|suite| conditional::check(&block, found, suite));
    if found.kind == CellKind::SyncImports {
        return conditional.into_iter().chain(spellings::not_local(found)).collect();
    }
    let mut problems = options::check(found);
    problems.extend(spellings::check(found));
    match found.kind {
        CellKind::CellMagic if found.code.text().is_empty() => {
            problems.push(magics::empty_body(&block, found));
        }
        // What is called is Python, with its own rules for brackets.
        CellKind::LineMagic if !found.is_call() && found.fault.is_none() => {
            problems.extend(lines::check(block, found))
        }
        _ => {}
    }
    if found.kind == CellKind::CellMagic && found.escape == Some(Escape::Comment) {
        problems.push(markers::comment_is_marker(&block, found));
    }
    spellings::with_alias(found, &mut problems);
    problems.extend(conditional);
    problems.extend(old_python::of_cell(found));
    problems
}

#[cfg(test)]
mod tests;
