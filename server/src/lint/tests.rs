//! Quick fixes: a text, and what each fix of its problems makes of it.

mod bodies;

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
fn an_unknown_option_becomes_the_nearest_one() {
    check_fix(
        "%%px --targts 0\nx\n",
        expect![[r#"
        options
          Write --targets: "%%px --targets 0\nx\n"
          Take --targts 0 out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px --target=0 --blok\nx\n",
        expect![[r#"
        options
          Write --block: "%%px --target=0 --block\nx\n"
          Take --blok out: "%%px --target=0\nx\n"
    "#]],
    );
    check_fix(
        "%%px --non-block\nx\n",
        expect![[r#"
        options
          Write --noblock: "%%px --noblock\nx\n"
          Take --non-block out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px --bogus 3 -b\nx\n",
        expect![[r#"
        options
          Take --bogus 3 out: "%%px -b\nx\n"
    "#]],
    );
    check_fix(
        "%pxconfig --local\n",
        expect![[r#"
        options
          Take --local out: "%pxconfig \n"
    "#]],
    );
    check_fix(
        "%pxconfig --no\n",
        expect![[r#"
        options
          Write --noblock: "%pxconfig --noblock\n"
          Write --no-stream: "%pxconfig --no-stream\n"
          Write --no-verbose: "%pxconfig --no-verbose\n"
          Take --no out: "%pxconfig \n"
    "#]],
    );
    check_fix(
        "%%px --block=1\nx\n",
        expect![[r#"
        options
          Write --block: "%%px --block\nx\n"
          Take --block=1 out: "%%px\nx\n"
    "#]],
    );
}

#[test]
fn a_wrong_choice_becomes_one_of_the_choices() {
    check_fix(
        "%%px --group-outputs=engines\nx\n",
        expect![[r#"
        options
          Write engine: "%%px --group-outputs=engine\nx\n"
          Write order: "%%px --group-outputs=order\nx\n"
          Write type: "%%px --group-outputs=type\nx\n"
          Take --group-outputs=engines out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%pxresult --group-outputs typ\n",
        expect![[r#"
        options
          Write type: "%pxresult --group-outputs type\n"
          Write order: "%pxresult --group-outputs order\n"
          Write engine: "%pxresult --group-outputs engine\n"
          Take --group-outputs typ out: "%pxresult \n"
    "#]],
    );
}

#[test]
fn target_expressions_lose_blanks_and_quotes() {
    check_fix(
        "%%px --targets [0, 2]\nx\n",
        expect![[r#"
        options
          Write 0,2: "%%px --targets 0,2\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets \"[0, 2]\" -b\nx\n",
        expect![[r#"
        targets
          Write 0,2: "%%px --targets 0,2 -b\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets=\"0, 2\"\nx\n",
        expect![[r#"
        options
          Write 0,2: "%%px --targets=0,2\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets '0\nx\n",
        expect![[r#"
        options
          Take the quote out: "%%px --targets 0\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '::2'\nx\n",
        expect![[r#"
        targets
          Write ::2: "%%px -t ::2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '[0]'\nx\n",
        expect![[r#"
        targets
          Write [0]: "%%px -t [0]\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '-2:'\nx\n",
        expect![[r#"
        targets
          Write -2:: "%%px --targets=-2:\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t -2:\nx\n",
        expect![[r#"
        options
          Write --targets=-2:: "%%px --targets=-2:\nx\n"
          Take -t -2: out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t ALL\nx\n",
        expect![[r#"
        targets
          Write all: "%%px -t all\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t foo\nx\n",
        expect![[r#"
        targets
    "#]],
    );
}

#[test]
fn a_lone_range_gets_both_readings() {
    check_fix(
        "%%px --targets 0-2\nx\n",
        expect![[r#"
        targets
          Write 0:3, for engines 0 to 2: "%%px --targets 0:3\nx\n"
          Write -2, what ipyparallel computes: "%%px --targets -2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t1-3\nx\n",
        expect![[r#"
        targets
          Write 1:4, for engines 1 to 3: "%%px -t1:4\nx\n"
          Write -2, what ipyparallel computes: "%%px -t-2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t \"0-2\"\nx\n",
        expect![[r#"
        targets
          Write 0:3, for engines 0 to 2: "%%px -t 0:3\nx\n"
          Write -2, what ipyparallel computes: "%%px -t -2\nx\n"
    "#]],
    );
    check_fix(
        "%%px 0:2\nx\n",
        expect![[r#"
        options
          Write --targets 0:2: "%%px --targets 0:2\nx\n"
          Take 0:2 out: "%%px\nx\n"
    "#]],
    );
}

#[test]
fn streaming_what_nobody_waits_for_is_taken_out() {
    check_fix(
        "%%px --stream --noblock\nx\n",
        expect![[r#"
        stream-noblock
          Take --stream out: "%%px --noblock\nx\n"
    "#]],
    );
    check_fix(
        "%pxconfig -a --st\n%pxconfig -a --stre\n",
        expect![[r#"
        stream-noblock
          Take --stream out: "%pxconfig -a\n%pxconfig -a --stre\n"
        stream-noblock
          Take --stream out: "%pxconfig -a --st\n%pxconfig -a\n"
    "#]],
    );
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
    "#]],
    );
    check_fix(
        "b = 1\n%px a = [\n  1,\n]\nb\n",
        expect![[r#"
            open-bracket
              Make it a %%px cell: "b = 1\n# +\n%%px\na = [\n  1,\n]\n# +\nb\n"
              End the lines with backslashes: "b = 1\n%px a = [ \\\n  1, \\\n]\nb\n"
        "#]],
    );
    check_fix(
        "%px a = '''\nb\n'''\n",
        expect![[r#"
        open-bracket
          Make it a %%px cell: "%%px\na = '''\nb\n'''\n"
    "#]],
    );
    check_fix(
        "%px a = [  # one\n1]\n",
        expect![[r#"
        open-bracket
          Make it a %%px cell: "%%px\na = [  # one\n1]\n"
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
    "#]],
    );
    check_cell_fix(
        "b\n%px a = (1,\n2)\n",
        expect![[r#"
        open-bracket
          End the lines with backslashes: "b\n%px a = (1, \\\n2)\n"
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
        options-on-line
          Leave the options out: "if 1:\n    %px x\n"
    "#]],
    );
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
        "# %%\r\n%autopx_even\r\n# %%\r\nx\r\n\r\n",
        expect![[r##"
        unknown-view
        open-autopx
          Add %autopx_even at the end: "# %%\r\n%autopx_even\r\n# %%\r\nx\r\n\r\n# %%\r\n%autopx_even\r\n"
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
        "%autopx\na\n%px b = (1,\n2)\nc\n%autopx\n",
        expect![[r#"
        px-inside-autopx
          Take the magic off: the region sends the code as it is: "%autopx\na\nb = (1,\n2)\nc\n%autopx\n"
        open-bracket
          End the lines with backslashes: "%autopx\na\n%px b = (1, \\\n2)\nc\n%autopx\n"
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
    // Without the magic this cell would send nothing.
    check_cell_fix(
        "%autopx\n%px print(1)\n%autopx",
        expect![[r#"
            px-inside-autopx
        "#]],
    );
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
