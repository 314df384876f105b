//! After any edits an index holds what reading the text from scratch gives, and it reads no more than it has to.

use expect_test::expect;
use proptest::prelude::*;

use super::{properties::fragments, *};
use crate::lint::Lints;
use crate::text::{Change, Document, Edit, Encoding};

/// A document and its index.
struct Desk {
    document: Document,
    index: Index,
    lints: Lints,
}

impl Desk {
    fn new(text: &str, dialect: Dialect) -> Self {
        let document = Document::new(text, 0);
        let index = Index::new(document.rope(), dialect, 0, Arc::default());
        Self { document, index, lints: Lints::default() }
    }

    /// Replaces these bytes, moved to borders of characters.
    fn change(&self, text: &str, start: usize, end: usize, new: &str) -> Change {
        let border =
            |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let position = |at| self.document.position(border(at), Encoding::Utf8);
        Change { range: Some((position(start.min(end)), position(start.max(end)))), text: new.to_owned() }
    }

    fn apply(&mut self, changes: &[Change]) -> (Vec<Edit>, Delta) {
        let edits = self.document.apply(changes, 0, Encoding::Utf8);
        let delta = self.index.edit(self.document.rope(), &edits);
        (edits, delta)
    }

    fn replace(&mut self, old: &str, new: &str) -> Delta {
        let text = self.document.text();
        let start = text.find(old).unwrap();
        let change = self.change(&text, start, start + old.len(), new);
        self.apply(&[change]).1
    }

    /// What the index holds; with the lines that decided in place of what names them.
    fn shown(document: &Document, index: &Index, lints: &mut Lints) -> String {
        let all = index.cells(document.rope());
        let problems = lints.problems(index, &index.end());
        let mut out = String::new();
        for cell in &all.cells {
            let by = cell.view.decided_by.iter().map(|by| (all.decider(by).unwrap(), &by.sets));
            let by: Vec<_> = by.collect();
            let view = format!("{:?}", ViewState { decided_by: Vec::new(), ..cell.view.clone() });
            let bare = Arc::new(PxCell { view: ViewState::default(), ..PxCell::clone(cell) });
            writeln!(out, "{:?} {by:?} {view}", Placed { cell: bare, ..cell.clone() }).unwrap();
        }
        write!(out, "{:?}\n{:?}\n{:?}", all.blocks, problems, index.error()).unwrap();
        let lines: Vec<u32> = index.blocks().map(|block| block.line).collect();
        let mut deciders: Vec<Decider> = all.deciders.values().copied().collect();
        deciders.sort_unstable();
        let notable: Vec<usize> = index.notable_blocks().map(|(at, _)| at).collect();
        write!(out, "\n{lines:?} {deciders:?} {notable:?}").unwrap();
        out
    }

    fn check(&mut self) {
        let fresh = Index::new(self.document.rope(), self.index.dialect(), 0, Arc::default());
        assert_eq!(
            Self::shown(&self.document, &self.index, &mut self.lints),
            Self::shown(&self.document, &fresh, &mut Lints::default()),
            "{:?}",
            self.document.text()
        );
    }
}

/// The beginnings of lines that divide and decide, so that chance makes many of them.
fn lines() -> impl Strategy<Value = String> {
    let parts = [
        "# %%\n",
        "# %% title\r\n",
        "# %%px --targets 0\n",
        "# %% [markdown]\n",
        "# %% language=\"bash\"\n",
        "# %%time\n",
        "%%px\n",
        "%px a\n",
        "%pxconfig --targets 0\n",
        "%pxconfig_even --block\r",
        "%autopx\n",
        "x = 'é😀'\n",
        "# a comment\n",
        "'''\n",
        "\n",
        "  \r\n",
        "\r",
        "\u{feff}",
        "\u{2028}",
        "a = (\\\n",
        "rc = Client()\n",
        "v = rc[::2]\n",
        "v.activate('_even'); v.block = True\n",
        "rc[1].activate('_even')\r\n",
        "v.targets = n\n",
        "n = 2\n",
        "if n:\n    rc[n].activate('_even')\n",
        "del rc\n",
        "%px_even a\n",
        "with v.sync_imports():\n    import os\n",
        "with rc[:].sync_imports(): import numpy as np\n",
        "%alias_magic p0 px -p \"-t 0\"\n",
        "%alias_magic p1 p0\n",
        "%%p1\n",
        "%p0 a\n",
        "%time %px a\n",
        "ip = get_ipython()\n",
        "ip.run_line_magic('px', 'a')\n",
        "from IPython import get_ipython as gi\n",
        "ip = gi()\n",
        "run = ip.run_line_magic\n",
        "run('px', 'b')\n",
        "run = print\n",
        "%%capture a b\n",
        "%px? \n",
        "%px a \\\n",
        "if x: return\n",
        "# %% [markdown]\n",
        "\"\"\"\n",
        "print 'old'\n",
        "%px f(\n1)\n",
        "# %%px -t ?\n",
        "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n#       format_name: light\n# ---\n",
        "# ---\n",
        "# jupyter:\n",
        "#   jupytext: {formats: 'py:percent'}\n",
        "#!/usr/bin/env python\n",
        "# -*- coding: utf-8 -*-\n",
        "# Databricks notebook source\n",
        "# COMMAND ----------\n",
        "# MAGIC %px a\n",
        "# MAGIC %md\n",
        "# + [markdown]\n",
        "# +\n",
        "# -\n",
        "# + endofcell=\"--\"\n",
        "# --\n",
        "# region\n",
        "# endregion\r\n",
        "# {{{\n",
        "# }}}\n",
        "#%%Title\n",
        "# In[1]:\n",
        "# ```\n",
        "# ~~~~ py\n",
        "    y = 2\n",
        "\"\"\"\n",
        "\"\"\n",
        "#####################\n",
        "#!%px b\n",
        "#!%%px\n",
        "x\x0c",
        "# %px c\n",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..30).prop_map(|parts| parts.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => lines(), 1 => fragments()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn edits_give_what_reading_from_scratch_gives(
        text in any_text(),
        steps in prop::collection::vec(prop::collection::vec((0usize..400, 0usize..40, prop_oneof![
            Just(String::new()), any_text(), "[#% \\n\\r\"'px]{0,3}"
        ]), 1..4), 0..6),
        is_script in any::<bool>(),
    ) {
        let dialect = if is_script { Dialect::Script } else { Dialect::NotebookCell };
        let mut desk = Desk::new(&text, dialect);
        for changes in steps {
            let mut scratch = Desk { document: desk.document.clone(), index: Index::new(desk.document.rope(), dialect, 0, Arc::default()), lints: Lints::default() };
            let mut listed = Vec::new();
            for (start, length, new) in changes {
                let text = scratch.document.text();
                let start = start % (text.len() + 1);
                let change = scratch.change(&text, start, start + length, &new);
                scratch.document.apply(std::slice::from_ref(&change), 0, Encoding::Utf8);
                listed.push(change);
            }
            let before: Vec<Vec<Arc<PxCell>>> = desk.index.blocks().map(|block| block.cells.to_vec()).collect();
            let (_, delta) = desk.apply(&listed);
            desk.check();
            check_delta(&before, &desk.index, &delta);
        }
    }

    #[test]
    fn what_a_notebook_cell_sets_reaches_those_below(
        mut texts in prop::collection::vec(any_text(), 1..5),
        steps in prop::collection::vec((0usize..5, any_text()), 1..4),
    ) {
        let mut documents: Vec<Document> = texts.iter().map(|text| Document::new(text, 0)).collect();
        let index = |(at, document): (usize, &Document)| Index::new(document.rope(), Dialect::NotebookCell, at as u32, Arc::default());
        let mut all: Vec<Index> = documents.iter().enumerate().map(index).collect();
        let mut lints: Vec<Lints> = all.iter().map(|_| Lints::default()).collect();
        for (at, new) in steps {
            let at = at % texts.len();
            let edits = documents[at].apply(&[Change { range: None, text: new.clone() }], 0, Encoding::Utf8);
            texts[at] = new;
            all[at].edit(documents[at].rope(), &edits);
            let mut end = End::default();
            for index in &mut all {
                index.begin_with(&end.carry);
                end = End { carry: index.after().clone(), has_px: end.has_px || index.has_px() };
            }
            let ropes = documents.iter().map(Document::rope);
            let now: Vec<_> = all
                .iter()
                .zip(ropes)
                .zip(&mut lints)
                .map(|((index, rope), lints)| (index.cells(rope), lints.problems(index, &end)))
                .collect();
            let fresh = recognize_notebook(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(now, fresh);
        }
    }
}

/// Blocks that were neither replaced nor told anew hold the very px cells they held.
fn check_delta(before: &[Vec<Arc<PxCell>>], index: &Index, delta: &Delta) {
    let (mut old, mut new) = (0, 0);
    let end = (before.len()..before.len(), index.blocks().len()..index.blocks().len());
    for (gone, come) in delta.replaced.iter().chain([&end]) {
        assert_eq!(gone.start - old, come.start - new, "{delta:?}");
        for (old, new) in (old..gone.start).zip(new..come.start) {
            let now = index.block(new).cells;
            let same =
                before[old].len() == now.len() && before[old].iter().zip(now).all(|(a, b)| Arc::ptr_eq(a, b));
            assert!(same || delta.resolved.contains(&new), "{delta:?}");
        }
        (old, new) = (gone.end, come.end);
    }
}

fn check_replaced(text: &str, old: &str, new: &str, expected: Expect) {
    let mut desk = Desk::new(text, Dialect::Script);
    let delta = desk.replace(old, new);
    desk.check();
    expected.assert_eq(&format!("{:?} {:?}", delta.replaced, delta.resolved));
}

const FOUR: &str = "import os\n# %%\n%%px\na\n# %%\nb\n%pxconfig -t 0\n# %%\n%%px\nc\n";

/// 2,000,000 lines of px cells took 6 GB.
#[test]
fn a_document_that_is_too_large_holds_no_px_cells_until_it_is_smaller() {
    let text = format!("%px first()\n{}%px last()\n", "%px a\n".repeat(199_999));
    let mut desk = Desk::new(&text, Dialect::Script);
    let why = desk.index.error().expect("it is too large").to_string();
    assert_eq!(
        why,
        "this document has 200001 lines of code (200000 at most), so pxlens looks for no px cells in it; move them to a smaller one"
    );
    assert!(!desk.index.has_px() && desk.index.blocks().len() == 0);
    let first = "%px first()\n".len();
    desk.apply(&[desk.change(&text, first, text.len() - "%px last()\n".len(), "")]);
    desk.check();
    assert!(desk.index.error().is_none() && desk.index.has_px());
    let delta = desk.replace("%px last()\n", &"x\n".repeat(200_001));
    assert_eq!(delta.replaced, [(0..1, 0..0)]);
    desk.check();
    assert!(desk.index.error().is_some() && !desk.index.has_px());
    let long = format!("%px '{}'", "x".repeat(64_000_000));
    for dialect in [Dialect::Script, Dialect::NotebookCell] {
        let why = Desk::new(&long, dialect).index.error().expect("it is too large").to_string();
        assert!(why.starts_with("this document has 64 MB in one text (64 at most)"), "{why}");
    }
}

#[test]
fn a_notebook_whose_outputs_are_large_is_read_and_one_whose_code_is_not() {
    let notebook = |source: &str, output: &str| {
        format!(
            r#"{{"cells": [{{"cell_type": "code", "source": "{source}", "outputs": ["{output}"]}}], "nbformat": 4}}"#
        )
    };
    assert!(recognize(&notebook("%px a", &"x\\n".repeat(300_000)), Dialect::NotebookJson).is_ok());
    let refused = recognize(&notebook(&"%px a\\n".repeat(300_000), ""), Dialect::NotebookJson);
    assert!(matches!(refused, Err(Unreadable::TooLarge(_))));
}

#[test]
fn only_what_was_touched_is_read_again() {
    check_replaced(FOUR, "os", "os.path", expect!["[(0..1, 0..1)] []"]);
    check_replaced(FOUR, "\na\n", "\na2\n", expect!["[(1..2, 1..2)] []"]);
    check_replaced(FOUR, "%%px\nc", "%%px -b\nc", expect!["[(3..4, 3..4)] []"]);
    check_replaced(FOUR, "# %%\nb", "# %%\n# %%\nb", expect!["[(2..3, 2..4)] [4]"]);
    check_replaced(FOUR, "# %%\nb", "b", expect!["[(1..3, 1..2)] [2]"]);
}

#[test]
fn what_is_in_force_is_passed_on_only_where_it_changed() {
    check_replaced(FOUR, "-t 0", "-t 1", expect!["[(2..3, 2..3)] [3]"]);
    check_replaced(FOUR, "b\n%px", "b\n\n\nc\n%px", expect!["[(2..3, 2..3)] []"]);
    check_replaced(FOUR, "import os\n", "", expect!["[(0..1, 0..0)] []"]);
    check_replaced(FOUR, "import os\n", "%autopx\n", expect!["[(0..1, 0..1)] [1, 2, 3]"]);
}

#[test]
fn line_ends_that_meet_across_an_edit_are_one() {
    check_replaced("a\r# %%\nb\r\n# %%\nc", "# %%\nb\r", "", expect!["[(0..2, 0..1)] []"]);
    check_replaced("a\r\n# %%\nb", "\n#", "x\n#", expect!["[(0..1, 0..1)] []"]);
}
