//! Notebooks as raw JSON.

use expect_test::expect;

use super::*;

fn check_json(text: &str, expected: Expect) {
    check(Dialect::NotebookJson, text, expected);
}

#[test]
fn code_cells_of_every_nbformat_are_read() {
    check_json(
        r##"{"cells": [
  {"cell_type": "markdown", "source": ["%px no"]},
  {"cell_type": "code", "id": "a1", "source": [
    "%%px -t 0\n",
    "a = \"x\"\n",
    "b"
  ]},
  {"cell_type": "code", "source": "%px c\nlocal"},
  {"cell_type": "code", "source": []},
  {"cell_type": "raw", "source": "%px no"}
 ], "nbformat": 4, "nbformat_minor": 5}"##,
        expect![[r#"
            CellMagic "%%px" in 1 on 0 sends "a = \"x\"\nb\n" from "a = \\\"x\\\"" "b"
            LineMagic "%px" in 2 sends "c" from "c"
            1 local
        "#]],
    );
    check_json(
        r#"{"nbformat": 3, "worksheets": [{"cells": [
  {"cell_type": "code", "language": "python", "input": ["%%px\n", "a"], "outputs": []},
  {"cell_type": "code", "input": "%px b"}
 ]}, {"cells": [{"cell_type": "code", "input": "%px c"}]}]}"#,
        expect![[r#"
            CellMagic "%%px" in 0 sends "a\n" from "a"
            LineMagic "%px" in 1 sends "b" from "b"
            LineMagic "%px" in 2 sends "c" from "c"
        "#]],
    );
}

#[test]
fn escapes_lead_back_to_their_place() {
    let text =
        r#"{"cells": [{"cell_type": "code", "source": "%%px\n\u00e9 = '\ud83d\ude00\\' # é\/\t|\r\nx"}]}"#;
    check_json(
        text,
        expect![[r#"
        CellMagic "%%px" in 0 sends "é = '😀\\' # é/\t|\nx\n" from "\\u00e9 = '\\ud83d\\ude00\\\\' # é\\/\\t|" "x"
    "#]],
    );
    let cells = recognize(text, Dialect::NotebookJson).unwrap();
    let cell = &cells.cells[0];
    let code = cell.code.lines().next().unwrap();
    let column = code.find('|').unwrap();
    let offset = cell.code_offset(0, column).unwrap();
    assert_eq!(&text[offset..offset + 1], "|");
    let smile = code.find('😀').unwrap();
    let offset = cell.code_offset(0, smile).unwrap();
    assert!(text[offset..].starts_with(r"\ud83d\ude00"));
    assert_eq!(cell.code_offset(0, smile + 2), Some(offset), "the middle of a character is its beginning");
}

#[test]
fn lone_surrogates_become_replacement_characters() {
    check_json(
        r#"{"cells": [{"cell_type": "code", "source": "%px '\ud83d\u0041' \udc00"}]}"#,
        expect![[r#"
        LineMagic "%px" in 0 sends "'�A' �" from "'\\ud83d\\u0041' \\udc00"
    "#]],
    );
}

#[test]
fn comments_hide_no_magics_in_notebooks() {
    check_json(
        r##"{"cells": [{"cell_type": "code", "source": "# %%px\n# %px a\n#!%px b\n# %%\n%px c"}]}"##,
        expect![[r#"
            LineMagic "%px" in 0 sends "c" from "c"
        "#]],
    );
}

#[test]
fn a_byte_order_mark_moves_every_place() {
    check_json(
        "\u{feff}{\"cells\": [{\"cell_type\": \"code\", \"source\": \"%px a\"}]}",
        expect![[r#"
        LineMagic "%px" in 0 sends "a" from "a"
    "#]],
    );
}

#[test]
fn views_carry_from_cell_to_cell() {
    let text = r#"{"cells": [
{"cell_type": "code", "source": ["%pxconfig\n", "%pxconfig -t 1"], "id": "c"},
{"cell_type": "code", "source": "%px a"}]}"#;
    let cells = recognize(text, Dialect::NotebookJson).unwrap();
    let cell = cells.cells.last().unwrap();
    assert_eq!(cell.targets(), Ok(Targets::One(1)));
    let by = &cell.view.decided_by[0];
    assert_eq!(cells.decider(by).map(|decider| decider.line), Some(1));
}

#[test]
fn what_is_no_notebook_says_where() {
    check_json(
        "{\"cells\": [\n  {\"cell_type\": \"code\", \"source\": \"a\n\"}]}",
        expect![[
            r#"this notebook cannot be read: control character (\u0000-\u001F) found while parsing a string, at line 2, column 36"#
        ]],
    );
    check_json(
        "{\"cells\": [{\"cell_type\": \"code\"},]}",
        expect!["this notebook cannot be read: trailing comma, at line 1, column 34"],
    );
    check_json(
        "{\"cells\": [{}]}",
        expect!["this notebook cannot be read: missing field `cell_type`, at line 1, column 13"],
    );
    check_json(
        "{\"nbformat\": 4}",
        expect!["this notebook cannot be read: it has no list of cells, at line 1, column 1"],
    );
    check_json("", expect!["this notebook cannot be read: the file is empty, at line 1, column 1"]);
    check_json(
        "[1]",
        expect!["this notebook cannot be read: a notebook is a JSON object, at line 1, column 1"],
    );
    check_json("{\"cells\": [], \"worksheets\": []}", expect![""]);
}

/// A cell of a notebook that is meant for the engines, below a cell.
fn sent_plain(above: &str, text: &str) -> Index {
    let first = Index::new(&Rope::from_str(above), Dialect::NotebookCell, 0, Arc::default());
    let mut index = Index::new(&Rope::from_str(text), Dialect::NotebookCell, 1, Arc::clone(first.after()));
    index.send_plain();
    index
}

#[test]
fn a_plain_cell_that_is_meant_for_the_engines_is_sent_whole_and_to_all() {
    let index = sent_plain("%pxconfig -t 1", "\nx = 1\n%matplotlib inline\n\nprint(x)");
    let block = index.block(0);
    let [cell] = block.cells else { panic!("{:?}", block.cells) };
    assert_eq!((cell.kind, &*cell.code), (CellKind::Plain, "\nx = 1\n%matplotlib inline\n\nprint(x)\n"));
    assert_eq!((cell.targets(), cell.refusal(), block.local_lines), (Ok(Targets::All), None, 0));
    assert_eq!(cell.lines.block_range(4).map(|range| range.in_block().start), Some(27));
}

#[test]
fn what_is_no_plain_cell_stays_what_it_is() {
    for (above, text, expected) in [
        ("", "%px a\nb", vec![CellKind::LineMagic]),
        ("%autopx", "a", vec![CellKind::AutopxCell]),
        ("", "# a\n\n", vec![]),
        ("", "import ipyparallel as ipp", vec![]),
        ("import ipyparallel as ipp\nc = ipp.Client()", "v = c[:]", vec![]),
        ("", "v = rc[:]", vec![]),
        ("rc = 1", "rc[0]", vec![CellKind::Plain]),
        ("", "c[0]", vec![CellKind::Plain]),
    ] {
        let index = sent_plain(above, text);
        let kinds: Vec<CellKind> = index.block(0).cells.iter().map(|cell| cell.kind).collect();
        assert_eq!(kinds, expected, "{text}");
    }
}

#[test]
fn a_plain_cell_is_told_anew_when_it_or_what_is_above_it_changes() {
    let mut index = sent_plain("", "v = c[:]");
    assert_eq!((index.block(0).cells.len(), index.block(0).set_up), (1, None));
    let above = Index::new(&Rope::from_str("c = Client()"), Dialect::NotebookCell, 0, Arc::default());
    index.begin_with(above.after());
    assert_eq!((index.block(0).cells.len(), index.block(0).set_up), (0, Some(0)));
    let mut document = crate::text::Document::new("v = c[:]", 0);
    let change = crate::text::Change { range: None, text: "v = 1".to_owned() };
    let edits = document.apply(&[change], 1, crate::text::Encoding::Utf8);
    index.edit(document.rope(), &edits);
    assert_eq!((index.block(0).cells.len(), index.block(0).set_up), (1, None));
}

/// Such a cell ended the reading: "end byte index 64 is not a char boundary".
#[test]
fn an_import_across_a_line_separator_is_read() {
    let cells =
        recognize_cells(&["with rc[:].sync_imports():\n    from os import (path as p, # as\n\u{2028}\n"]);
    assert_eq!(cells.len(), 1);
}

/// What stood behind the separator ran.
#[test]
fn a_comment_ends_at_the_end_of_its_line_alone() {
    for separator in ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\u{85}", "\u{2028}", "\u{2029}"] {
        for (above, count) in [
            ("# old: ", 1),
            ("x = 1 # c ", 1),
            ("x = 'a' # it's ", 1),
            ("def f():\n    # c ", 1),
            ("x = '# no comment'", 2),
            ("%px '# of the engines'", 3),
        ] {
            let cell = format!("{above}{separator}%px a = 1\n%px b = 2\n");
            let found = recognize_cells(&[&cell]);
            let codes: Vec<&str> = found[0].cells.iter().map(|cell| cell.code.trim()).collect();
            assert_eq!(codes.len(), count, "{cell:?}: {codes:?}");
            assert_eq!(codes.last(), Some(&"b = 2"));
        }
    }
    let cell = "# c \u{2028}rc[0].activate()\n%px a = 1\n";
    assert_eq!(recognize_cells(&[cell])[0].cells[0].targets().unwrap().to_string(), "all");
}
