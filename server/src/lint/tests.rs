//! Quick fixes: a text, and what each fix of its problems makes of it.

mod bodies;
mod clusters;
mod options;

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;
use crate::text::{Change, Document, Encoding};

fn problems_in(text: &str, dialect: Dialect) -> Vec<Problem> {
    let found = recognize(text, dialect, &Arc::default());
    found.unwrap_or_else(|error| panic!("{error}: {text}")).1
}

/// The text with a fix applied. Edits rise and do not touch.
pub(super) fn applied(text: &str, fix: &Fix) -> String {
    let mut fixed = text.to_owned();
    for pair in fix.edits.windows(2) {
        assert!(pair[0].0.end <= pair[1].0.start, "{fix:?}");
    }
    for (range, new) in fix.edits.iter().rev() {
        fixed.replace_range(range.as_range(), new);
    }
    fixed
}

/// Each problem with its code, and for each fix its title and the whole text it leads to.
fn check_dialect(dialect: Dialect, text: &str, expected: Expect) {
    let mut shown = String::new();
    let problems = problems_in(text, dialect);
    for problem in &problems {
        writeln!(shown, "{}", problem.rule.code()).unwrap();
        for fix in &problem.fixes {
            let fixed = applied(text, fix);
            writeln!(shown, "  {}: {fixed:?}", fix.title).unwrap();
            assert_mended(dialect, &problems, problem, &fixed);
        }
    }
    expected.assert_eq(&shown);
}

/// One problem of that kind is gone, and no other came in its place.
fn assert_mended(dialect: Dialect, before: &[Problem], problem: &Problem, fixed: &str) {
    let left = problems_in(fixed, dialect);
    let count = |problems: &[Problem], rule| problems.iter().filter(|problem| problem.rule == rule).count();
    assert!(count(&left, problem.rule) < count(before, problem.rule), "{}: {fixed:?}", problem.rule.code());
    // What a fix repeats has the suffix of what it mends.
    for other in left.iter().filter(|other| other.rule != problem.rule && *other.rule != UNKNOWN_VIEW) {
        assert!(count(&left, other.rule) <= count(before, other.rule), "{}: {fixed:?}", other.rule.code());
    }
}

fn check_fix(text: &str, expected: Expect) {
    check_dialect(Dialect::Script, text, expected);
}

fn check_cell_fix(text: &str, expected: Expect) {
    check_dialect(Dialect::NotebookCell, text, expected);
}

#[test]
fn every_fix_of_every_example_mends_its_problem() {
    // What the engine table says has tests of its own.
    for rule in RULES.into_iter().filter(|rule| **rule != DEAD_TARGET) {
        assert!(!rule.examples.is_empty(), "{}", rule.code());
        for example in rule.examples {
            let found = problems_in(example, Dialect::Script);
            let problem = found.iter().find(|problem| problem.rule == rule);
            let problem = problem.unwrap_or_else(|| panic!("{example:?} has no {}", rule.code()));
            assert_eq!(problem.severity, rule.severity);
            for fix in &problem.fixes {
                assert_mended(Dialect::Script, &found, problem, &applied(example, fix));
            }
        }
    }
}

#[test]
fn codes_occur_once() {
    let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), RULES.len());
}

#[test]
fn a_misplaced_magic_moves_to_its_place() {
    check_fix(
        "# %%\n# why\n\n%%px -t 0\nx\n",
        expect![[r##"
        misplaced-cell-magic
          Move %%px to the first line of its cell: "# %%\n%%px -t 0\n# why\n\nx\n"
          Begin a cell above %%px: "# %%\n# why\n\n# %%\n%%px -t 0\nx\n"
    "##]],
    );
    check_fix(
        "#!/usr/bin/env python\n# why\n%%px\nx\n",
        expect![[r##"
            misplaced-cell-magic
              Move %%px to the first line of its cell: "#!/usr/bin/env python\n%%px\n# why\nx\n"
              Begin a cell above %%px: "#!/usr/bin/env python\n# why\n# +\n%%px\nx\n"
        "##]],
    );
    check_fix(
        "x = 1\n  %%px\nx\n",
        expect![[r#"
            misplaced-cell-magic
              Begin a cell above %%px: "x = 1\n# +\n%%px\nx\n"
        "#]],
    );
    check_fix(
        "  %%px\nx\n",
        expect![[r#"
        misplaced-cell-magic
          Begin the line with %%px: "%%px\nx\n"
    "#]],
    );
    check_cell_fix(
        "# why\n%%px\nx\n",
        expect![[r#"
        misplaced-cell-magic
          Move %%px to the first line of its cell: "%%px\n# why\nx\n"
    "#]],
    );
    check_cell_fix(
        "# why\n%%px",
        expect![[r#"
        misplaced-cell-magic
          Move %%px to the first line of its cell: "%%px\n# why"
    "#]],
    );
    check_cell_fix(
        "x = 1\n%%px\nx\n",
        expect![[r#"
        misplaced-cell-magic
    "#]],
    );
}

#[test]
fn a_line_magic_loses_one_sign() {
    check_fix(
        "%%pxresult -e\n",
        expect![[r#"
        line-magic
          Write %pxresult: "%pxresult -e\n"
    "#]],
    );
    check_fix(
        "# %%\n%autopx\n# %%\nx\n# %%\n%%autopx\n",
        expect![[r##"
            open-autopx
              Add %autopx at the end: "# %%\n%autopx\n# %%\nx\n# %%\n%%autopx\n# %%\n%autopx\n"
            line-magic
              Write %autopx: "# %%\n%autopx\n# %%\nx\n# %%\n%autopx\n"
        "##]],
    );
    check_cell_fix(
        "%%pxconfig -t 0",
        expect![[r#"
        line-magic
          Write %pxconfig: "%pxconfig -t 0"
    "#]],
    );
}

#[test]
fn an_empty_cell_magic_goes_or_becomes_a_line() {
    check_fix(
        "%%px\n",
        expect![[r#"
        empty-body
          Take the empty %%px out: "\n"
    "#]],
    );
    check_fix(
        "%%px a = 1\n",
        expect![[r#"
        empty-body
          Write %px: the line itself is sent: "%px a = 1\n"
        options
    "#]],
    );
}

#[test]
fn an_open_bracket_makes_a_cell_or_joins_lines() {
    check_fix(
        "%px a = (1,\n2)\n",
        expect![[r#"
            open-bracket
              Make it a %%px cell: "%%px\na = (1,\n2)\n"
              End the lines with backslashes: "%px a = (1, \\\n2)\n"
            broken-cell
        "#]],
    );
    check_fix(
        "b = 1\n%px a = [\n  1,\n]\nb\n",
        expect![[r#"
            open-bracket
              Make it a %%px cell: "b = 1\n# +\n%%px\na = [\n  1,\n]\n# +\nb\n"
              End the lines with backslashes: "b = 1\n%px a = [ \\\n  1, \\\n]\nb\n"
            broken-cell
        "#]],
    );
    check_fix(
        "%px a = '''\nb\n'''\n",
        expect![[r#"
            open-bracket
              Make it a %%px cell: "%%px\na = '''\nb\n'''\n"
            broken-cell
        "#]],
    );
    check_fix(
        "%px a = [  # one\n1]\n",
        expect![[r#"
            open-bracket
              Make it a %%px cell: "%%px\na = [  # one\n1]\n"
            broken-cell
        "#]],
    );
    check_fix(
        "%px a = [\n",
        expect![[r#"
        open-bracket
    "#]],
    );
    check_fix(
        "x = %px (1,\n2)\n",
        expect![[r#"
            open-bracket
              End the lines with backslashes: "x = %px (1, \\\n2)\n"
            broken-cell
        "#]],
    );
    check_cell_fix(
        "b\n%px a = (1,\n2)\n",
        expect![[r#"
            open-bracket
              End the lines with backslashes: "b\n%px a = (1, \\\n2)\n"
            broken-cell
        "#]],
    );
}

#[test]
fn options_on_a_line_go_where_they_count() {
    check_fix(
        "%px --targets 1 x\n",
        expect![[r#"
        options-on-line
          Make it a %%px cell: "%%px --targets 1\nx\n"
          Leave the options out: "%px x\n"
    "#]],
    );
    check_fix(
        "a\n%px_even --noblock -t 0,1 x = 1\nb\n",
        expect![[r#"
            unknown-view
            options-on-line
              Make it a %%px_even cell: "a\n# +\n%%px_even --noblock -t 0,1\nx = 1\n# +\nb\n"
              Leave the options out: "a\n%px_even x = 1\nb\n"
        "#]],
    );
    check_fix(
        "%px --noblock\n",
        expect![[r#"
        options-on-line
          Write %pxconfig: set them for the cells below: "%pxconfig --noblock\n"
    "#]],
    );
    check_fix(
        "if 1:\n    %px --block x\n",
        expect![[r#"
            conditional-magic
              Take it out of the `if`, which is always true: "%px --block x\n"
            options-on-line
              Leave the options out: "if 1:\n    %px x\n"
        "#]],
    );
}

#[test]
fn a_magic_leaves_a_condition_that_is_always_true() {
    check_fix(
        "x\nif True:\n    y\n    %px a\nz\n",
        expect![[r#"
            conditional-magic
              Take it out of the `if`, which is always true: "x\nif True:\n    y\n%px a\nz\n"
        "#]],
    );
    check_cell_fix(
        "  if __name__ == '__main__':\n      # %px no\n      %px a\n",
        expect![[r#"
            conditional-magic
        "#]],
    );
    // Not where something would be left without what holds it, or run at another time.
    for text in [
        "if 1:\n    %px a\nelse:\n    b\n",
        "if 1:\n    %px a\n    b\n",
        "if x:\n    %px a\n",
        "def f():\n    if 1:\n        %px a\n",
        "if 1: x = %px a\n",
    ] {
        let problems = problems_in(text, Dialect::Script);
        assert!(problems.iter().any(|problem| *problem.rule == CONDITIONAL), "{text:?}");
        assert!(problems.iter().all(|problem| problem.fixes.is_empty()), "{text:?}: {problems:?}");
    }
}

#[test]
fn a_comment_that_is_a_marker_is_written_otherwise() {
    check_fix(
        "# %%\n# %%px -t 0\nx\n",
        expect![[r##"
            comment-is-marker
              Write #!%%px, which VS Code runs as a magic: "# %%\n#!%%px -t 0\nx\n"
        "##]],
    );
    check_fix(
        "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:light\n# ---\n#%%px\nx\n",
        expect![[r#"
            comment-is-marker
        "#]],
    );
}

#[test]
fn a_region_gets_its_end() {
    check_fix(
        "%autopx\nx\n",
        expect![[r#"
            open-autopx
              Add %autopx at the end: "%autopx\nx\n# +\n%autopx\n"
        "#]],
    );
    check_fix(
        "# %%\r\nrc[::2].activate('_even')\r\n%autopx_even\r\n# %%\r\nx\r\n\r\n",
        expect![[r##"
            open-autopx
              Add %autopx at the end: "# %%\r\nrc[::2].activate('_even')\r\n%autopx_even\r\n# %%\r\nx\r\n\r\n# %%\r\n%autopx\r\n"
        "##]],
    );
    check_cell_fix(
        "%autopx",
        expect![[r#"
        open-autopx
    "#]],
    );
}

#[test]
fn automagic_gets_its_percent_sign() {
    check_fix(
        "# %%\npx print(1)\n# %%\npxresult\n# %%\nimport plotly.express as px\npx.bar(x)\n",
        expect![[r##"
            automagic
              Write %px: "# %%\n%px print(1)\n# %%\npxresult\n# %%\nimport plotly.express as px\npx.bar(x)\n"
            automagic
              Write %pxresult: "# %%\npx print(1)\n# %%\n%pxresult\n# %%\nimport plotly.express as px\npx.bar(x)\n"
        "##]],
    );
    // In a region it is sent as it is.
    check_fix("# %%\n%autopx\n# %%\npx print(1)\n# %%\n%autopx\n", expect![[""]]);
}

#[test]
fn a_toggle_that_ends_no_region_loses_its_suffix() {
    check_fix(
        "# %%\n%autopx\n# %%\nx\n# %%\n%autopx_even\n",
        expect![[r##"
        open-autopx
          Add %autopx at the end: "# %%\n%autopx\n# %%\nx\n# %%\n%autopx_even\n# %%\n%autopx\n"
        no-end-of-autopx
          Write %autopx: "# %%\n%autopx\n# %%\nx\n# %%\n%autopx\n"
    "##]],
    );
}

#[test]
fn a_magic_inside_a_region_comes_off() {
    check_fix(
        "# %%\n%autopx\n# %%\n%px x\n# %%\n%%px\ny\n# %%\n%%px -t 0\nz\n# %%\n%autopx\n",
        expect![[r##"
            px-inside-autopx
              Take the magic off: the region sends the code as it is: "# %%\n%autopx\n# %%\nx\n# %%\n%%px\ny\n# %%\n%%px -t 0\nz\n# %%\n%autopx\n"
            px-inside-autopx
              Take the magic off: the region sends the code as it is: "# %%\n%autopx\n# %%\n%px x\n# %%\ny\n# %%\n%%px -t 0\nz\n# %%\n%autopx\n"
            px-inside-autopx
        "##]],
    );
}

#[test]
fn no_fix_divides_a_region() {
    check_fix(
        "%autopx\n\na\n%px b = (1,\n2)\nc\n\n%autopx\n",
        expect![[r#"
            px-inside-autopx
              Take the magic off: the region sends the code as it is: "%autopx\n\na\nb = (1,\n2)\nc\n\n%autopx\n"
            open-bracket
              End the lines with backslashes: "%autopx\n\na\n%px b = (1, \\\n2)\nc\n\n%autopx\n"
            broken-cell
        "#]],
    );
}

#[test]
fn a_fix_that_would_change_what_is_sent_is_not_offered() {
    // The hidden magics of the body would become comments.
    check_fix(
        "# %%\n# %%px\n# %timeit x\ny\n",
        expect![[r#"
            comment-is-marker
        "#]],
    );
    // What stands in the cell that opens a region is run here.
    check_cell_fix("%autopx\n%px print(1)\n%autopx", expect![[""]]);
}

#[test]
fn only_blocks_that_changed_are_judged_again() {
    let text = "# %%\n%px --a b\n# %%\n%px print 'x'\n# %%\n%px_odd x\n# %%\n%px (\n";
    let judged_again = |old: &str, new: &str| -> Vec<bool> {
        let mut document = Document::new(text, 0);
        let mut index = Index::new(document.rope(), Dialect::Script, 0, Arc::default());
        let mut lints = Lints::default();
        lints.problems(&index, &index.end());
        // Every block has a problem: those where there are some afterwards were judged again.
        lints.blocks.iter_mut().for_each(|block| block.problems.clear());
        let at = text.find(old).unwrap();
        let range = [at, at + old.len()].map(|at| document.position(at, Encoding::Utf8));
        let change = Change { range: Some((range[0], range[1])), text: new.to_owned() };
        let edits = document.apply(&[change], 0, Encoding::Utf8);
        index.edit(document.rope(), &edits);
        lints.problems(&index, &index.end());
        lints.blocks.iter().map(|block| !block.problems.is_empty()).collect()
    };
    assert_eq!(judged_again("'x'", "'xy'"), [false, true, false, false]);
    assert_eq!(judged_again("%px --a b", "%px --a b\n# %%\n%px [ 1"), [true, true, false, false, false]);
    // A region reaches over all that is below it.
    assert_eq!(judged_again("%px --a b", "%px --a b\n%autopx"), [true, true, true, true]);
}

#[test]
fn a_call_of_magic_becomes_one_of_run_line_magic() {
    check_fix(
        "get_ipython().magic('px import os')\n",
        expect![[r#"
        magic-call
          Write run_line_magic: "get_ipython().run_line_magic('px', 'import os')\n"
    "#]],
    );
    check_fix(
        "x = get_ipython().magic(u\"%px y = 2\")\n",
        expect![[r#"
        magic-call
          Write run_line_magic: "x = get_ipython().run_line_magic(u\"px\", u\"y = 2\")\n"
    "#]],
    );
    check_fix(
        "get_ipython().magic('pxresult')\nget_ipython().magic('matplotlib inline')\n",
        expect![[r#"
        magic-call
          Write run_line_magic: "get_ipython().run_line_magic('pxresult', '')\nget_ipython().magic('matplotlib inline')\n"
    "#]],
    );
    check_fix(
        "get_ipython().magic('p' 'x a')\n",
        expect![[r#"
        magic-call
    "#]],
    );
}

#[test]
fn an_alias_that_the_engines_do_not_get_is_added_below_the_block() {
    check_fix(
        "with rc[:].sync_imports():\n    import numpy as np\n    print(1)\nx = 1\n",
        expect![[r#"
            import-alias
              Add %px import numpy as np below the block: "with rc[:].sync_imports():\n    import numpy as np\n    print(1)\n%px import numpy as np\nx = 1\n"
        "#]],
    );
    check_fix(
        "with rc[::2].sync_imports():\n    from os import path as p\n",
        expect![[r#"
        import-alias
    "#]],
    );
    check_fix(
        "if a:\n    with rc[:].sync_imports():\n        import numpy as np\n",
        expect![[r#"
        conditional-magic
        import-alias
    "#]],
    );
}

#[test]
fn two_words_become_one() {
    check_fix(
        "%px config --targets 0:2\n%px print('hi')\n",
        expect![[r#"
        magic-in-two-words
          Write %pxconfig: "%pxconfig --targets 0:2\n%px print('hi')\n"
    "#]],
    );
    check_fix(
        "%px_a  result -e\n",
        expect![[r#"
        unknown-view
        magic-in-two-words
          Write %pxresult_a: "%pxresult_a -e\n"
    "#]],
    );
    check_fix(
        "%%px config -b\n",
        expect![[r#"
        magic-in-two-words
          Write %pxconfig: "%pxconfig -b\n"
        empty-body
          Write %px: the line itself is sent: "%px config -b\n"
        options
          Take config out: "%%px -b\n"
    "#]],
    );
    check_fix(
        "%%px config -b\nx\n",
        expect![[r#"
        magic-in-two-words
        options
          Take config out: "%%px -b\nx\n"
    "#]],
    );
}
