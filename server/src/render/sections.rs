//! What there is to lay out: blocks of engines, by group, by engine or by kind of output.

use super::{
    Group, GroupBy,
    endings::gone,
    fold,
    grouped::{Shown, of_group, of_one, tell_from},
    screen::{Item, is_whole},
    view::View,
};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    run::{Ending, EngineRun, Run, Slot, rules::Rule},
};

/// Blocks under one title.
pub(super) struct Section {
    pub(super) title: Option<&'static str>,
    pub(super) blocks: Vec<Block>,
    /// Whether small groups are shown as their difference from the large one.
    pub(super) compared: bool,
}

/// What some engines show.
pub(super) struct Block {
    pub(super) ranks: RankSet,
    pub(super) state: State,
    pub(super) items: Vec<Shown>,
}

/// The state of the engines of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Pending,
    /// Raised; the errors are shown elsewhere.
    Failed,
    /// Aborted or lost, in words.
    Gone(String),
}

impl State {
    pub(super) fn of(part: &EngineRun) -> Self {
        match part.ending() {
            Some(Ending::Ok) => Self::Ok,
            Some(Ending::Error(_)) => Self::Failed,
            Some(Ending::Aborted(_) | Ending::Lost(_)) => Self::Gone(gone(part).unwrap_or_default()),
            None if part.error().is_some() => Self::Failed,
            None => Self::Pending,
        }
    }

    /// The mark before the ranks of engines that did not end well.
    pub(super) fn mark(&self) -> &'static str {
        match self {
            Self::Ok => "",
            Self::Pending => "⏳",
            Self::Failed | Self::Gone(_) => "✗",
        }
    }
}

/// The sections of a run. Errors are left out of their items: they come after all else, once per stack.
pub(super) fn sections(run: &Run, view: View) -> Vec<Section> {
    let slots = (0..).map(Slot).zip(run.parts());
    let items = |part: &EngineRun| without_errors(of_one(part, view.scope));
    let of_slot = |part: &EngineRun, items: Vec<Shown>| Block {
        ranks: std::iter::once(part.engine).collect(),
        state: State::of(part),
        items,
    };
    match view.by {
        GroupBy::Fold => {
            let groups = fold(run);
            let blocks = groups.iter().flat_map(|group| {
                let block = of_group_block(run, group, view);
                let is_apart =
                    view.keeps_values && block.as_ref().is_some_and(|block| block.leaves_out(group));
                let parts = group.slots.iter().filter(|_| is_apart).filter_map(|slot| run.part(*slot));
                block
                    .into_iter()
                    .filter(|_| !is_apart)
                    .chain(parts.map(|part| of_slot(part, items(part))))
                    .collect::<Vec<_>>()
            });
            let mut blocks: Vec<Block> = blocks.filter(Block::is_worth_showing).collect();
            tell_images_apart(&mut blocks);
            // Text that is not in memory cannot be compared.
            let compared = Rule::Differences.applies() && !view.keeps_values && run.parts().all(is_whole);
            vec![Section { title: None, blocks, compared }]
        }
        GroupBy::Engine => {
            let blocks = slots.map(|(_, part)| of_slot(part, items(part)));
            let blocks = blocks.filter(Block::is_worth_showing).collect();
            vec![Section { title: None, blocks, compared: false }]
        }
        GroupBy::Type | GroupBy::Order => {
            let all: Vec<(&EngineRun, Vec<Shown>)> = slots.map(|(_, part)| (part, items(part))).collect();
            by_kind(all, view.by)
        }
    }
}

/// Of groups whose images differ, the words may be the same.
fn tell_images_apart(blocks: &mut [Block]) {
    let Some(reference) = reference(blocks) else { return };
    blocks.swap(0, reference);
    let Some((first, others)) = blocks.split_first_mut() else { return };
    others.iter_mut().for_each(|other| tell_from(&mut other.items, &first.items, &first.ranks));
    blocks.swap(0, reference);
}

fn of_group_block(run: &Run, group: &Group, view: View) -> Option<Block> {
    let state = State::of(run.part(group.representative)?);
    let items = without_errors(of_group(run, group, view.scope));
    Some(Block { ranks: group.ranks.clone(), state, items })
}

fn without_errors(mut items: Vec<Shown>) -> Vec<Shown> {
    items.retain(|shown| !matches!(shown.item, Item::Error(_)));
    items
}

impl Block {
    /// A failed engine that wrote nothing is listed among the errors; every other engine has a line.
    fn is_worth_showing(&self) -> bool {
        !(self.items.is_empty() && self.state == State::Failed)
    }

    /// Whether a summary of engines that are alike leaves out what one of them wrote. Of many engines, or of much text, it may.
    fn leaves_out(&self, group: &Group) -> bool {
        let bytes: usize = self.items.iter().filter_map(|shown| shown.item.text()).map(str::len).sum();
        group.slots.len() <= APART && bytes <= MOST_APART && self.items.iter().any(|shown| !shown.shows_all())
    }
}

/// At most so many engines that are alike stand apart.
const APART: usize = 64;

/// Engines of which each wrote more bytes than this do not.
const MOST_APART: usize = 64_000;

/// The titles of the kinds, in the order in which they are shown.
const KINDS: [&str; 6] = ["stdout", "stderr", "displays", "results", "pages", "notes"];

fn kind(item: &Item) -> usize {
    match item {
        Item::Text { name: StreamName::Stdout, .. } => 0,
        Item::Text { name: StreamName::Stderr, .. } => 1,
        Item::Display { .. } => 2,
        Item::Result { .. } => 3,
        Item::Page { .. } => 4,
        Item::Error(_) | Item::Note(_) | Item::LeftOut { .. } => 5,
    }
}

fn by_kind(all: Vec<(&EngineRun, Vec<Shown>)>, by: GroupBy) -> Vec<Section> {
    let mut kinds: [Vec<Block>; KINDS.len()] = Default::default();
    for (part, items) in all {
        let mut of_kind: [Vec<Shown>; KINDS.len()] = Default::default();
        for shown in items {
            of_kind[kind(&shown.item)].push(shown);
        }
        for (n, items) in of_kind.into_iter().enumerate() {
            // How an engine ended is shown once, among the notes.
            let state = if n == KINDS.len() - 1 { State::of(part) } else { State::Ok };
            if !items.is_empty() || matches!(state, State::Pending | State::Gone(_)) {
                kinds[n].push(Block { ranks: std::iter::once(part.engine).collect(), state, items });
            }
        }
    }
    let mut sections = Vec::new();
    for ((mut blocks, title), n) in kinds.into_iter().zip(KINDS).zip(0..) {
        if by == GroupBy::Order && n == 2 {
            blocks = in_order(blocks);
        }
        if !blocks.is_empty() {
            sections.push(Section { title: Some(title), blocks, compared: false });
        }
    }
    sections
}

/// The block that others are compared with.
pub(super) fn reference(blocks: &[Block]) -> Option<usize> {
    let failed = |block: &Block| matches!(block.state, State::Failed | State::Gone(_));
    (0..blocks.len()).min_by_key(|&i| {
        (failed(&blocks[i]), std::cmp::Reverse(blocks[i].ranks.len()), blocks[i].ranks.first())
    })
}

/// The first display of every engine, then the second of every engine, ...
fn in_order(blocks: Vec<Block>) -> Vec<Block> {
    let mut ordered: Vec<Vec<Block>> = Vec::new();
    for block in blocks {
        for (n, shown) in block.items.into_iter().enumerate() {
            if ordered.len() <= n {
                ordered.push(Vec::new());
            }
            let (ranks, state) = (block.ranks.clone(), block.state.clone());
            ordered[n].push(Block { ranks, state, items: vec![shown] });
        }
    }
    ordered.into_iter().flatten().collect()
}
