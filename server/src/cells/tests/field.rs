//! Documents of `tests/field` whose matter is what is a px cell, and what is wrong. Each stands for files that people have in
//! public.

use std::{fs, path::Path};

use expect_test::{Expect, expect};

use super::*;

/// The format, the px cells with the lines they stand on, and what is wrong.
fn check(name: &str, expected: Expect) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/field")).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (cells, problems) = lint::recognize(&text, Dialect::Script, &Arc::default()).unwrap();
    let line = |byte: usize| text[..byte].matches('\n').count() + 1;
    let mut out = String::new();
    writeln!(out, "{}", cells.format.unwrap()).unwrap();
    for cell in &cells.cells {
        let (first, last) = (line(cell.range().start), line(cell.range().end));
        writeln!(out, "{first}-{last} {:?} {:?}", cell.kind, cell.code).unwrap();
    }
    for problem in problems {
        writeln!(out, "{}: {}", line(problem.range.start), problem.rule.code()).unwrap();
    }
    expected.assert_eq(&out);
}

#[test]
fn beside_live_magics_those_in_comments_are_switched_off() {
    check(
        "01_commented_out_line.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
        7-7 LineMagic "x = 1"
        8-8 LineMagic "print(x)"
    "#]],
    );
    check(
        "14_try_px.py",
        expect![[r#"
            light (no markers: cells end at blank lines, as in jupytext's light format)
            7-7 LineMagic "1/0"
            13-13 LineMagic "a = 1"
            17-17 LineMagic "a = 5"
            19-19 LineMagic "a = 10"
            21-21 Result ""
            22-22 LineMagic "a"
            7: conditional-magic
        "#]],
    );
}

#[test]
fn a_cell_that_was_commented_out_is_none() {
    check(
        "03_commented_out_cell_plain.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
    "#]],
    );
    check(
        "07_commented_in_light.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
    "#]],
    );
    check(
        "08_hash_hash.py",
        expect![[r#"
        percent (jupytext header)
    "#]],
    );
    check(
        "23_double_hash.py",
        expect![[r#"
        percent (by its markers)
    "#]],
    );
}

#[test]
fn markdown_and_raw_cells_hold_no_px_cell() {
    check(
        "16_markdown_cell.py",
        expect![[r#"
        percent (by its markers)
        29-30 CellMagic "a = 1\n"
        29: comment-is-marker
    "#]],
    );
    check(
        "18_databricks.py",
        expect![[r#"
        databricks (Databricks' first line)
        6-8 CellMagic "import os\nprint(os.getpid())\n"
        22-22 LineMagic "print(2)"
    "#]],
    );
}

#[test]
fn prose_in_an_ordinary_module_is_prose() {
    check(
        "21_unrelated_comment.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
    "#]],
    );
    check(
        "32_prose_comment.py",
        expect![[r#"
            light (no markers: cells end at blank lines, as in jupytext's light format)
            7: unread-call
        "#]],
    );
    check(
        "34_prose_toplevel.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
    "#]],
    );
}

#[test]
fn jupytexts_light_format_ends_cells() {
    check(
        "27_light_markers.py",
        expect![[r#"
        light (jupytext header)
        21-22 CellMagic "a = 1\n"
        28-31 CellMagic "b = 2\n\nc = 3\n"
        21: comment-is-marker
    "#]],
    );
    check(
        "30_light_local_writes.py",
        expect![[r#"
        light (jupytext header)
        15-20 CellMagic "\ndef bands(k):\n    return k ** 2\n\nvalues = [1, 2, 3]\n"
        15: comment-is-marker
    "#]],
    );
}

#[test]
fn what_ipython_no_longer_has_is_a_diagnostic() {
    check(
        "02_magic_call.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
        7-7 LineMagic "z = 3"
        8-8 CellMagic "print(z)"
        9-9 CellMagic "    print(z)"
        10-14 CellMagic "\nw = 4\nprint(w)\n"
        4: magic-call
        5: magic-call
        6: magic-call
        16: magic-call
    "#]],
    );
    check(
        "09_px_config_typo.py",
        expect![[r#"
        light (no markers: cells end at blank lines, as in jupytext's light format)
        1-1 LineMagic "config --targets 0:2"
        2-2 LineMagic "print('hi')"
        1: magic-in-two-words
    "#]],
    );
}

#[test]
fn what_stands_in_a_body_is_told() {
    check(
        "19_loop.py",
        expect![[r#"
        hydrogen (by its markers)
        3-3 LineMagic "x = i"
        6-6 LineMagic "import os; os.abort()"
        8-8 LineMagic "print(\"in f\")"
        10-10 LineMagic "print(\"top\")"
        3: conditional-magic
        6: conditional-magic
        8: conditional-magic
    "#]],
    );
    check(
        "guard.py",
        expect![[r#"
        hydrogen (by its markers)
        4-4 Config ""
        6-6 LineMagic "print(\"all of us\")"
        4: conditional-magic
    "#]],
    );
    check(
        "expect.py",
        expect![[r#"
        hydrogen (by its markers)
        3-3 LineMagic "1/0"
        7-7 LineMagic "print(\"after try\")"
        3: conditional-magic
    "#]],
    );
}
