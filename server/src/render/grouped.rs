//! What a group of engines shows: one screen where they are identical, templates where they are alike.

use std::borrow::Cow;

use super::{
    Group,
    screen::{Item, Scope, is_whole, screen, screens},
    table::Tables,
    template::Template,
};
use crate::{
    engines::{EngineId, RankSet},
    jupyter::content::MimeBundle,
    run::{EngineRun, Run, pictures},
};

/// Bytes of all engines that a view with limits reads to sum them up.
const READ: usize = 1_000_000;

/// One thing on the screens of some engines.
pub(super) struct Shown {
    /// As the engine that stands for all of them shows it.
    pub(super) item: Item,
    /// What all of them show, where it differs.
    pub(super) template: Option<Template>,
    /// A note about images that differ, since their text may be the same.
    pub(super) remark: Option<String>,
    /// The tables of all of them, where these differ.
    pub(super) tables: Option<Tables>,
}

impl Shown {
    /// What all of them show alike.
    pub(super) fn of(item: Item) -> Self {
        Self { item, template: None, remark: None, tables: None }
    }

    /// Whether it shows all that each of the engines wrote.
    pub(super) fn shows_all(&self) -> bool {
        match (&self.tables, &self.template) {
            (Some(tables), _) => tables.shows_all(),
            (None, Some(template)) => template.shows_all(),
            // A note says that the others differ.
            (None, None) => !matches!(self.item, Item::Note(_)),
        }
    }
}

/// The screen of one engine.
pub(super) fn of_one(part: &EngineRun, scope: Scope) -> Vec<Shown> {
    screen(part, scope).into_iter().map(Shown::of).collect()
}

/// The screen of a group, its engines by rank.
pub(super) fn of_group(run: &Run, group: &Group, scope: Scope) -> Vec<Shown> {
    let Some(first) = run.part(group.representative) else { return Vec::new() };
    if group.identical {
        return of_one(first, scope);
    }
    let on_the_first = |scope| {
        let mut shown = of_one(first, scope);
        let note = "(as on the first of them; the others differ in numbers: group by engine to see them)";
        shown.push(Shown::of(Item::Note(note.to_owned())));
        shown
    };
    let mut parts: Vec<&EngineRun> = group.slots.iter().filter_map(|slot| run.part(*slot)).collect();
    // Text that is not in memory cannot be summarised; each engine has its own file of it.
    if !parts.iter().all(|part| is_whole(part)) {
        return on_the_first(scope);
    }
    parts.sort_by_key(|part| part.engine);
    let most = (READ / parts.len().max(1)).max(1000);
    let scope = Scope { bytes: scope.bytes.map(|bytes| bytes.min(most)), colors: false, ..scope };
    let merged = Scope { merged: true, ..scope };
    // Streams that interleave differently may agree once each is joined.
    let together = |scope| together(&parts, scope);
    [scope, merged].into_iter().find_map(together).unwrap_or_else(|| on_the_first(scope))
}

/// The screens of several engines as one; `None` if they are not alike.
fn together(parts: &[&EngineRun], scope: Scope) -> Option<Vec<Shown>> {
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
        let same = items.iter().all(|item| item.text() == first.text());
        let remark = first.picture().and_then(|_| image_differences(parts, &items));
        let template = match first.text() {
            Some(_) if !same => {
                let texts: Vec<(EngineId, String)> = parts
                    .iter()
                    .zip(&items)
                    .map(|(part, item)| (part.engine, item.text().unwrap_or_default().to_owned()))
                    .collect();
                match Template::of(&texts, is_result) {
                    // `999 B` and `1.2 kB`.
                    None if remark.is_some() => None,
                    template => Some(template?),
                }
            }
            _ => None,
        };
        let tables = if same { None } else { tables_of(parts, &items) };
        shown.push(Shown { template, remark, tables, ..Shown::of(first) });
    }
}

/// With more engines, different images are not counted: comparing them may take long.
const COUNTED: usize = 64;

/// The tables of engines that show one each.
fn tables_of(parts: &[&EngineRun], items: &[Item]) -> Option<Tables> {
    let tables = parts.iter().zip(items).map(|(part, item)| Some((part.engine, item.table()?)));
    Tables::of(tables.collect::<Option<_>>()?)
}

/// How the images of engines differ: `4 different images`, `2 different images: [0-2], [3]`.
fn image_differences(parts: &[&EngineRun], items: &[Item]) -> Option<String> {
    if items.iter().all(|item| item.picture() == items[0].picture()) {
        return None;
    }
    if items.len() > COUNTED {
        return Some("different images".to_owned());
    }
    let mut known: Vec<(Vec<Cow<'_, str>>, Vec<EngineId>)> = Vec::new();
    for (part, item) in parts.iter().zip(items) {
        let images = item.picture().map(same_images).unwrap_or_default();
        match known.iter_mut().find(|(other, _)| *other == images) {
            Some((_, engines)) => engines.push(part.engine),
            None => known.push((images, vec![part.engine])),
        }
    }
    let count = format!("{} different images", known.len());
    match known.len() {
        1 => None,
        2..=4 if known.len() < items.len() => {
            let ranks = known.into_iter().map(|(_, engines)| RankSet::from_iter(engines).to_string());
            Some(format!("{count}: {}", ranks.collect::<Vec<_>>().join(", ")))
        }
        _ => Some(count),
    }
}

/// A key that is equal for equal images.
pub(super) fn same_images(data: &MimeBundle) -> Vec<Cow<'_, str>> {
    let images = data.iter().filter(|(mime, _)| pictures::is_picture(mime));
    images.filter_map(|(mime, value)| Some(pictures::same(mime, value.as_str()?))).collect()
}

/// Notes that images differ from those of other engines, where their text is the same.
pub(super) fn tell_from(shown: &mut [Shown], reference: &[Shown], ranks: &RankSet) {
    let plain = |shown: &Shown| shown.remark.is_none() && shown.template.is_none() && shown.tables.is_none();
    for (shown, other) in shown.iter_mut().zip(reference).filter(|(own, other)| plain(own) && plain(other)) {
        if let (Some(own), Some(others)) = (shown.item.picture(), other.item.picture())
            && shown.item.text() == other.item.text()
            && same_images(own) != same_images(others)
        {
            shown.remark = Some(format!("not the image of {ranks}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::{GroupBy, Style, fold, sample::Sample, terminal};

    /// A hundred lines of each engine, one of them its own, of which only the first and the last few stay in memory.
    fn long(own: &[&str]) -> Run {
        let count = u32::try_from(own.len()).expect("few");
        let mut sample = (0..).zip(own).fold(Sample::new(count), |sample, (slot, own)| {
            let line = |n: usize| if n == 50 { format!("{own}\n") } else { format!("line {n}\n") };
            sample.stdout(slot, &(0..100).map(line).collect::<String>())
        });
        for slot in 0..count {
            sample = sample.spilled_to(slot, 60, Path::new(&format!("/cache/{slot}.txt")));
        }
        sample.all_ok().run()
    }

    fn check(run: &Run, identical: &[(&str, bool)], expected: Expect) {
        let groups = fold(run);
        let found: Vec<_> = groups.iter().map(|group| (group.ranks.to_string(), group.identical)).collect();
        let found: Vec<_> = found.iter().map(|(ranks, identical)| (ranks.as_str(), *identical)).collect();
        assert_eq!(found, identical);
        for group in &groups {
            let shown = of_group(run, group, Scope::default());
            assert!(shown.iter().all(|shown| shown.template.is_none()));
        }
        expected.assert_eq(&terminal(run, GroupBy::Fold, Style::default()));
    }

    #[test]
    fn what_left_memory_still_tells_engines_apart() {
        let run = long(&["same", "same", "another", "same"]);
        check(
            &run,
            &[("[0-1,3]", true), ("[2]", true)],
            expect![[r#"
            Parallel execution on engine(s): [0-3]
            ── [0-1,3] ─────────────────────────────────────────────────────────────────────
            line 0
            line 1
            … 95 lines (749 B), all of it in /cache/0.txt …
            line 97
            line 98
            line 99
            ── [2] ─────────────────────────────────────────────────────────────────────────
            line 0
            line 1
            … 95 lines (752 B), all of it in /cache/2.txt …
            line 97
            line 98
            line 99
            ✓ 4 engines · 110 ms
        "#]],
        );
    }

    #[test]
    fn what_left_memory_is_not_summed_up() {
        let run = long(&["loss 0.1", "loss 0.2"]);
        check(
            &run,
            &[("[0-1]", false)],
            expect![[r#"
            Parallel execution on engine(s): [0-1]
            ── [0-1] ───────────────────────────────────────────────────────────────────────
            line 0
            line 1
            … 95 lines (753 B), all of it in /cache/0.txt …
            line 97
            line 98
            line 99
            (as on the first of them; the others differ in numbers: group by engine to see them)
            ✓ 2 engines · 50 ms
        "#]],
        );
    }
}
