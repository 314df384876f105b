//! Tables: a script with the place of the cursor, marked `‸`, and what each rewrite makes of it.

use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::cells::{Placed, Spelling, recognize};

fn offers_at(marked: &str, dialect: Dialect) -> (String, Vec<Rewrite>) {
    let at = marked.find('‸').expect("the cursor is marked");
    let text = marked.replace('‸', "");
    let offers = offers(&text, dialect, Wanted::default(), TextRange::new(at, at));
    (text, offers)
}

/// Each offer, and the text with it behind `head`.
fn shown(text: &str, head: &str, offers: &[Rewrite]) -> String {
    let mut shown = String::new();
    for offer in offers {
        let after = applied(text, &offer.edits);
        match &offer.disabled {
            Some(why) => writeln!(shown, "{}: disabled: {why}", offer.title).unwrap(),
            None => writeln!(shown, "{}: {:?}", offer.title, after.strip_prefix(head).unwrap()).unwrap(),
        }
    }
    shown
}

fn check_dialect(dialect: Dialect, marked: &str, expected: Expect) {
    let (text, offers) = offers_at(marked, dialect);
    expected.assert_eq(&shown(&text, "", &offers));
}

fn check(marked: &str, expected: Expect) {
    check_dialect(Dialect::Script, marked, expected);
}

/// The same in a script whose header, which is not shown, says that jupytext hides its magics.
fn check_jupytext(marked: &str, expected: Expect) {
    let header = "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n";
    let (text, offers) = offers_at(&format!("{header}{marked}"), Dialect::Script);
    expected.assert_eq(&shown(&text, header, &offers));
}

#[test]
fn a_cell_magic_is_written_in_each_spelling() {
    check(
        "# %%\n%%px --targets 0‸\nx\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# %%px --targets 0\nx\n"
            Write this magic for VS Code (#!%%px): "# %%\n#!%%px --targets 0\nx\n"
        "##]],
    );
    check_jupytext(
        "x = 1\n\n# %%\n# %%px‸\nx\n",
        expect![[r#"
            Write this magic for VS Code (#!%%px): "x = 1\n\n# %%\n#!%%px\nx\n"
            Write this magic plainly (%%px): "x = 1\n\n# %%\n%%px\nx\n"
        "#]],
    );
    check(
        "# %%\n#!%%px‸\nx\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# %%px\nx\n"
            Write this magic plainly (%%px): "# %%\n%%px\nx\n"
        "##]],
    );
    check(
        "# %%\r\n‸%%px\r\nx\r\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\r\n# %%px\r\nx\r\n"
            Write this magic for VS Code (#!%%px): "# %%\r\n#!%%px\r\nx\r\n"
        "##]],
    );
}

#[test]
fn only_the_lines_of_a_body_that_are_magics_become_comments() {
    check_jupytext(
        "# %%\n%%px‸\n%whos\nif x:\n    %time f()\ny = %time \\\n  f()\n# note\ns = '''\n%no\n'''\n!ls\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# %%px\n# %whos\nif x:\n    # %time f()\n# y = %time \\\n#   f()\n# note\ns = '''\n%no\n'''\n# !ls\n"
        "##]],
    );
    check(
        "# %%\n# %%px‸\n# %whos\n# note\n",
        expect![[r##"
            Write this magic for VS Code (#!%%px): "# %%\n#!%%px\n#!%whos\n# note\n"
            Write this magic plainly (%%px): "# %%\n%%px\n%whos\n# note\n"
        "##]],
    );
}

#[test]
fn a_body_that_would_be_read_as_something_else_stays() {
    check(
        "# %%\n%%px‸\n# %whos is a comment here\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# %%px\n# # %whos is a comment here\n"
        "##]],
    );
    check("# %%\n%%time\n%%px‸\nx\n", expect![[""]]);
}

#[test]
fn line_magics_are_written_in_each_spelling() {
    check_jupytext(
        "# %%\nif x:\n    %px a‸\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\nif x:\n    # %px a\n"
            Write this magic for VS Code (#!%%px): "# %%\nif x:\n    #!%px a\n"
        "##]],
    );
    check_jupytext(
        "# %%\ny = %px a‸\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# y = %px a\n"
        "##]],
    );
    check_jupytext(
        "# %%\n%px a \\‸\n  + b\n",
        expect![[r##"
            Write this magic for jupytext (# %%px): "# %%\n# %px a \\\n#   + b\n"
        "##]],
    );
    check_jupytext(
        "# %%\n# %px a \\‸\n#   + b\n",
        expect![[r##"
            Write this magic plainly (%%px): "# %%\n%px a \\\n  + b\n"
        "##]],
    );
    check_jupytext(
        "# %%\n# %pxconfig -t 0‸\n# %px a\n#!%px b\n",
        expect![[r##"
            Write all px magics for jupytext (# %%px): "# %%\n# %pxconfig -t 0\n# %px a\n# %px b\n"
            Write this magic for VS Code (#!%%px): "# %%\n#!%pxconfig -t 0\n# %px a\n#!%px b\n"
            Write all px magics for VS Code (#!%%px): "# %%\n#!%pxconfig -t 0\n#!%px a\n#!%px b\n"
            Write all px magics plainly (%%px): "# %%\n%pxconfig -t 0\n%px a\n%px b\n"
            Move the options of this %pxconfig to the cells it applies to: disabled: The %px on line 8 cannot become a %%px cell: only a plain %px at the start of a line can
        "##]],
    );
}

#[test]
fn calls_become_magics() {
    check(
        "get_ipython().run_line_magic('px', 'a = \"x\"')‸;\n",
        expect![[r#"
            Write this magic plainly (%%px): "%px a = \"x\"\n"
        "#]],
    );
    check(
        "# In[3]:\n\n\nget_ipython().run_cell_magic('px', '-t 0,2 --no-stream', 'a = 1\\nb\\n')‸\n\n\n# In[4]:\n",
        expect![[r##"
            Write this magic plainly (%%px): "# In[3]:\n\n\n%%px --targets 0,2 --no-stream\na = 1\nb\n\n\n# In[4]:\n"
        "##]],
    );
    check(
        "x = 1\nget_ipython().run_cell_magic('px', '', 'a\\n')‸\nb\n",
        expect![[r#"
            Write this magic plainly (%%px): "x = 1\n# +\n%%px\na\n# +\nb\n"
        "#]],
    );
    check("x = get_ipython().run_line_magic('px', 'a')‸\n", expect![[""]]);
    check_dialect(
        Dialect::NotebookCell,
        "get_ipython().run_cell_magic('px', '--noblock', 'a\\n')‸",
        expect![[r#"
            Write the call as a magic: "%%px --noblock\na"
        "#]],
    );
    check_dialect(Dialect::NotebookCell, "get_ipython().run_cell_magic('px', '', 'a\\n')‸\nb", expect![[""]]);
}

#[test]
fn the_whole_document_is_written_at_once() {
    check(
        "# %%\n%%px‸\na\n# %%\n%%px -t 0\nb\n# %%\n%px c\n%pxresult\n",
        expect![[r##"
            Write all px magics for VS Code (#!%%px): "# %%\n#!%%px\na\n# %%\n#!%%px -t 0\nb\n# %%\n#!%px c\n#!%pxresult\n"
        "##]],
    );
}

#[test]
fn a_region_becomes_cells() {
    check(
        "# %%\n%autopx‸\n\n# %% two\na = 1\nb\n\n# %%\nc\n# %%\n%autopx\n# %%\nlocal\n",
        expect![[r##"
            Write all px magics for jupytext (# %%px): "# %%\n# %autopx\n\n# %% two\na = 1\nb\n\n# %%\nc\n# %%\n# %autopx\n# %%\nlocal\n"
            Write all px magics for VS Code (#!%%px): "# %%\n#!%autopx\n\n# %% two\na = 1\nb\n\n# %%\nc\n# %%\n#!%autopx\n# %%\nlocal\n"
            Turn this %autopx region into %%px cells: "# %% two\n%%px\na = 1\nb\n\n# %%\n%%px\nc\n# %%\nlocal\n"
        "##]],
    );
    check(
        "x\n\n%autopx‸\n\na\n\nb\n\n%autopx\n\ny\n\n%autopx\n\nc\n",
        expect![[r#"
            Turn all %autopx regions into %%px cells: "x\n\n\n# +\n%%px\na\n# +\n\n# +\n%%px\nb\n# +\n\n\ny\n\n\n# +\n%%px\nc\n"
        "#]],
    );
    check("%autopx_even\n\na‸\n", expect![""]);
}

#[test]
fn a_config_line_becomes_options() {
    check(
        "# %%\n%pxconfig --targets ::2 --noblock‸\n# %%\n%%px\na\n# %%\n%%px -t 1\nb\n# %%\nx\n%px c\ny\n",
        expect![[r##"
            Write all px magics for VS Code (#!%%px): "# %%\n#!%pxconfig --targets ::2 --noblock\n# %%\n#!%%px\na\n# %%\n#!%%px -t 1\nb\n# %%\nx\n#!%px c\ny\n"
            Move the options of this %pxconfig to the cells it applies to: "# %%\n# %%\n%%px --targets ::2 --noblock\na\n# %%\n%%px --noblock -t 1\nb\n# %%\nx\n# %%\n%%px --targets ::2 --noblock\nc\n# %%\ny\n"
        "##]],
    );
    check(
        "%pxconfig -t 0 -a\n%pxconfig --targets=-2:‸\n%px a\n",
        expect![[r#"
            Move the options of this %pxconfig to the cells it applies to: "%pxconfig -t 0 -a\n# +\n%%px --targets=-2:\na\n"
        "#]],
    );
}

#[test]
fn a_config_line_that_cannot_be_moved_says_why() {
    check(
        "%pxconfig -t 0‸\nif x:\n    %px a\n",
        expect![[r#"
            Move the options of this %pxconfig to the cells it applies to: disabled: The %px on line 3 cannot become a %%px cell: only a plain %px at the start of a line can
        "#]],
    );
    check(
        "%pxconfig -t 0‸\n%autopx\n\na\n",
        expect![[r#"
            Move the options of this %pxconfig to the cells it applies to: disabled: The %autopx region around line 4 cannot have options; turn it into %%px cells first
        "#]],
    );
    check(
        "%pxconfig -t {n}‸\n%px a\n",
        expect![[r#"
            Move the options of this %pxconfig to the cells it applies to: disabled: The options of this %pxconfig come from Python variables, which pxlens does not know
        "#]],
    );
    check("%pxconfig -t 0‸\n", expect![""]);
}

#[test]
fn raw_notebooks_are_left_alone() {
    let notebook = r#"{"cells": [{"cell_type": "code", "source": "%%px‸\na"}]}"#;
    check_dialect(Dialect::NotebookJson, notebook, expect![[""]]);
}

/// Random scripts of lines that matter here.
fn scripts() -> impl Strategy<Value = String> {
    let lines = [
        "# %%",
        "# %%",
        "# %% [markdown]",
        "%%px",
        "%%px --targets 0,2",
        "# %%px --noblock",
        "#!%%px",
        "%%time",
        "%px a",
        "    %px b",
        "x = %px c",
        "# %px d",
        "#!%px e",
        "%px f \\",
        "%pxconfig -t 0",
        "%pxconfig --noblock --no-stream",
        "# %pxconfig -t ::2 --block",
        "%autopx",
        "# %autopx",
        "%pxresult -e",
        "%time %px a",
        "%timeit %pxconfig -t 1",
        "%alias_magic p0 px",
        "%p0 a",
        "%%p0 -t 1",
        "get_ipython().run_cell('%px a')",
        "get_ipython().run_cell_magic('px', '-t 1', 'a\\n')",
        "get_ipython().run_line_magic('px', 'b')",
        "%whos",
        "# %whos",
        "#!%whos",
        "!ls",
        "y = 1",
        "if y:",
        "# note",
        "s = \"\"\"",
        "\"\"\"",
        "(",
        ")",
        "",
        "   ",
        "print('é')",
    ];
    let line_ends = prop::sample::select(vec!["\n", "\n", "\r\n"]);
    (prop::collection::vec(prop::sample::select(lines.to_vec()), 0..14), line_ends)
        .prop_map(|(lines, end)| lines.iter().flat_map(|line| [*line, end]).collect())
}

fn sent(cells: &[Placed]) -> Vec<String> {
    let sends =
        |cell: &&Placed| !matches!(format!("{:?}", cell.kind).as_str(), "Config" | "Autopx" | "Result");
    let shown = |cell: &Placed| {
        // A line that shows a result sends nothing.
        let sends = cell.kind.sends().then_some(());
        let targets = cell.targets().map(|targets| targets.to_string()).map_err(|error| error.to_string());
        let targets = sends.map(|()| targets);
        let block = sends.and(cell.magic.options.block.or(cell.view.block));
        (cell.code.trim_end_matches('\n').to_owned(), targets, block, cell.refusal().is_some())
    };
    cells.iter().filter(sends).map(|cell| format!("{:?}", shown(cell))).collect()
}

fn read(text: &str) -> Vec<Placed> {
    recognize(text, Dialect::Script).unwrap().cells
}

#[test]
fn what_is_written_with_an_alias_stays_as_it_is() {
    let text = "%alias_magic p0 px -p \"-t 0\"\n# %%\n%%p0\nx\n";
    let at = text.find("%%p0").unwrap();
    assert_eq!(offers(text, Dialect::Script, Wanted::default(), TextRange::new(at, at)), []);
}

#[test]
fn a_magic_behind_another_becomes_a_comment_with_it() {
    let text = "# %%\n%time %px x\n";
    let offers = offers(text, Dialect::Script, Wanted::default(), TextRange::new(6, 6));
    let all: Vec<String> = offers.iter().map(|offer| applied(text, &offer.edits)).collect();
    assert_eq!(all, ["# %%\n# %time %px x\n"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_rewrite_changes_what_the_cells_do(script in scripts(), line in 0usize..14) {
        let at = script.split_inclusive('\n').take(line).map(str::len).sum::<usize>().min(script.len());
        let before = sent(&read(&script));
        for offer in offers(&script, Dialect::Script, Wanted::default(), TextRange::new(at, at)) {
            prop_assert_eq!(offer.disabled.is_some(), offer.edits.is_empty());
            let after = applied(&script, &offer.edits);
            prop_assert_eq!(&sent(&read(&after)), &before, "{} of {:?} gives {:?}", offer.title, script, after);
        }
    }

    #[test]
    fn a_spelling_and_back_gives_the_same_cells(script in scripts()) {
        let before = sent(&read(&script));
        let all = |script: &str, name: &str| {
            let cells = read(script);
            let offers = cells.iter().take(3).flat_map(|cell| {
                let at = cell.range().start;
                offers(script, Dialect::Script, Wanted::default(), TextRange::new(at, at))
            });
            offers.filter(|offer| offer.title.contains("Write ") && offer.title.contains(name)).max_by_key(|offer| offer.edits.len())
        };
        let mut text = script.clone();
        for name in ["jupytext", "VS Code", "plainly", "jupytext", "plainly"] {
            if let Some(offer) = all(&text, name) {
                text = applied(&text, &offer.edits);
            }
            prop_assert_eq!(&sent(&read(&text)), &before, "{:?} gives {:?}", script, text);
        }
        let left = read(&text).into_iter().filter(|cell| matches!(cell.spelling, Spelling::Bang)).count();
        prop_assert!(left <= read(&script).len());
    }
}
