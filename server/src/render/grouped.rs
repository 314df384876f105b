//! What a group of engines shows: one screen where they are identical, templates where they are alike.

use super::{
    Group,
    screen::{Item, Scope, screen, screens},
    template::Template,
};
use crate::{
    engines::EngineId,
    run::{EngineRun, Run, rules::Rules},
};

/// Bytes of all engines that a view with limits reads to sum them up.
const READ: usize = 1_000_000;

/// One thing on the screens of some engines.
pub(super) struct Shown {
    /// As the engine that stands for all of them shows it.
    pub(super) item: Item,
    /// What all of them show, where it differs.
    pub(super) template: Option<Template>,
}

/// The screen of one engine.
pub(super) fn of_one(part: &EngineRun, scope: Scope) -> Vec<Shown> {
    screen(part, scope).into_iter().map(|item| Shown { item, template: None }).collect()
}

/// The screen of a group, its engines by rank.
pub(super) fn of_group(run: &Run, group: &Group, scope: Scope, rules: Rules) -> Vec<Shown> {
    let Some(first) = run.part(group.representative) else { return Vec::new() };
    if group.identical {
        return of_one(first, scope);
    }
    let mut parts: Vec<&EngineRun> = group.slots.iter().filter_map(|slot| run.part(*slot)).collect();
    parts.sort_by_key(|part| part.engine);
    let most = (READ / parts.len().max(1)).max(1000);
    let scope = Scope { bytes: scope.bytes.map(|bytes| bytes.min(most)), colors: false, ..scope };
    let merged = Scope { merged: true, ..scope };
    // Streams that interleave differently agree once each is put together.
    [scope, merged].into_iter().find_map(|scope| together(&parts, scope, rules)).unwrap_or_else(|| {
        let mut shown = of_one(first, scope);
        let note = "(as on the first of them; the others differ in numbers: group by engine to see them)";
        shown.push(Shown { item: Item::Note(note.to_owned()), template: None });
        shown
    })
}

/// The screens of several engines as one; `None` if they are not alike.
fn together(parts: &[&EngineRun], scope: Scope, rules: Rules) -> Option<Vec<Shown>> {
    let mut all: Vec<std::vec::IntoIter<Item>> =
        screens(parts, scope).into_iter().map(Vec::into_iter).collect();
    let mut shown = Vec::new();
    loop {
        let items: Vec<Option<Item>> = all.iter_mut().map(Iterator::next).collect();
        if items.iter().all(Option::is_none) {
            return Some(shown);
        }
        let items: Vec<Item> = items.into_iter().collect::<Option<_>>()?;
        let first = items.first()?.clone();
        if items.iter().any(|item| !item.is_like(&first)) {
            return None;
        }
        let is_result = matches!(first, Item::Result { .. });
        let same = items.iter().all(|item| *item == first);
        let template = match first.text() {
            Some(_) if !same => {
                let texts: Vec<(EngineId, String)> = parts
                    .iter()
                    .zip(&items)
                    .map(|(part, item)| (part.engine, item.text().unwrap_or_default().to_owned()))
                    .collect();
                Some(Template::of(&texts, is_result, rules)?)
            }
            _ => None,
        };
        shown.push(Shown { item: first, template });
    }
}
