//! Scripts: each row of the tables of spellings, borders and escapes, and what IPython 9.18 does with each.

use expect_test::expect;

use super::*;

#[test]
fn a_cell_magic_takes_its_cell() {
    check_cell(
        "%%px\na\n \t\n  ",
        expect![[r#"
        CellMagic "%%px" sends "a\n\n\n" from "a" "" ""
    "#]],
    );
    check_cell(
        "%%px --targets ::2\na = 1\nb\n",
        expect![[r#"
        CellMagic "%%px" on ::2 sends "a = 1\nb\n" from "a = 1" "b"
    "#]],
    );
    check_cell(
        "\n  \n%%px\na",
        expect![[r#"
        CellMagic "%%px" sends "a\n" from "a"
    "#]],
    );
    check_cell(
        "%%px  -t 0  \n\n  a\n\n",
        expect![[r#"
        CellMagic "%%px" on 0 sends "\n  a\n\n" from "" "  a" ""
    "#]],
    );
    check_script(
        "%%px\na = 1\n%px b\n\n\n",
        expect![[r#"
        CellMagic "%%px" sends "a = 1\n%px b\n" from "a = 1" "%px b"
    "#]],
    );
    check_cell(
        "%%px\n%%timeit\na\n",
        expect![[r#"
        CellMagic "%%px" sends "%%timeit\na\n" from "%%timeit" "a"
    "#]],
    );
}

#[test]
fn a_cell_magic_has_to_come_first() {
    check_cell(
        "# comment\n%%px\na\n",
        expect![[r#"
        2 local
        Error misplaced-cell-magic at "%%px": %%px has to stand on the first line of its cell: here IPython takes it for a line magic named %px, and fails
    "#]],
    );
    check_cell(
        "  %%px\na\n",
        expect![[r#"
        2 local
        Error misplaced-cell-magic at "%%px": %%px has to stand at the beginning of its line: here IPython takes it for a line magic named %px, and fails
    "#]],
    );
    check_cell(
        "%%pxresult\n",
        expect![[r#"
        1 local
        Error line-magic at "%%pxresult": %pxresult is a line magic: write it with a single %
    "#]],
    );
    check_cell(
        "a = '''\n%%px\n'''\n",
        expect![[r#"
        3 local
    "#]],
    );
}

#[test]
fn blanks_that_all_lines_begin_with_do_not_count() {
    check_cell(
        "  %%px\n    a\n\n  b\n",
        expect![[r#"
        CellMagic "%%px" sends "  a\n\nb\n" from "  a" "" "b"
    "#]],
    );
}

#[test]
fn a_cell_magic_without_a_body_does_not_run() {
    check_cell(
        "%%px\n",
        expect![[r#"
        CellMagic "%%px" sends "" from ""
          refused: %%px has no body: write code below it, or use %px for a single line
        Error empty-body at "%%px": %%px has no body: write code below it, or use %px for a single line
    "#]],
    );
    check_cell(
        "%%px",
        expect![[r#"
        CellMagic "%%px" sends "" from ""
          refused: %%px has no body: write code below it, or use %px for a single line
        Error empty-body at "%%px": %%px has no body: write code below it, or use %px for a single line
    "#]],
    );
    check_cell(
        "%%px\n\n",
        expect![[r#"
        CellMagic "%%px" sends "\n" from ""
    "#]],
    );
    check_script(
        "%%px\n\n",
        expect![[r#"
        CellMagic "%%px" sends "" from ""
          refused: %%px has no body: write code below it, or use %px for a single line
        Error empty-body at "%%px": %%px has no body: write code below it, or use %px for a single line
    "#]],
    );
}

#[test]
fn line_magics_stand_wherever_a_statement_may() {
    check_cell(
        "\\\n%px a\nx = \\\n  %px b\n",
        expect![[r#"
        LineMagic "%px" sends "a" from "a"
        LineMagic "%px" sends "b" from "b"
        2 local
    "#]],
    );
    check_cell(
        "%px  a  \n",
        expect![[r#"
        LineMagic "%px" sends " a" from " a"
    "#]],
    );
    check_cell(
        "if 1:\n    %px a\n",
        expect![[r#"
            LineMagic "%px" sends "a" from "a"
            1 local
            Warning conditional-magic at "%px a": this %px is in the body of `if 1:`, and pxlens cannot tell whether Python reaches it: it runs only when you run this line itself
        "#]],
    );
    check_cell(
        "x = %px a\nd['k'] =%px b\n",
        expect![[r#"
        LineMagic "%px" sends "a" from "a"
        LineMagic "%px" sends "b" from "b"
    "#]],
    );
    check_cell(
        "%px\n",
        expect![[r#"
        LineMagic "%px" sends "" from ""
    "#]],
    );
    check_cell(
        "%px a; b = 'é'",
        expect![[r#"
        LineMagic "%px" sends "a; b = 'é'" from "a; b = 'é'"
    "#]],
    );
    check_cell(
        "%pxconfig -t 0\n%px a\nb\n%pxresult -e\n%result\n",
        expect![[r#"
        Config "%pxconfig" on 0
        LineMagic "%px" on 0 sends "a" from "a"
        Result "%pxresult" on 0
        Result "%result" on 0
        1 local
    "#]],
    );
}

#[test]
fn a_backslash_continues_a_line_magic() {
    check_cell(
        "%px a = 1 \\\n+ 2\nb\n",
        expect![[r#"
        LineMagic "%px" sends "a = 1  + 2" from "a = 1 \\\n+ 2"
        1 local
    "#]],
    );
    check_cell(
        "x = %px a \\\n  b \\\n c",
        expect![[r#"
        LineMagic "%px" sends "a    b   c" from "a \\\n  b \\\n c"
    "#]],
    );
    check_cell(
        "%px a \\",
        expect![[r#"
        LineMagic "%px" sends "a \\" from "a \\"
    "#]],
    );
    check_cell(
        "%px \\\na",
        expect![[r#"
        LineMagic "%px" sends " a" from "\\\na"
    "#]],
    );
}

#[test]
fn an_open_bracket_does_not_continue_a_line_magic() {
    check_cell(
        "%px a = (1,\n2)\n%px b = '''\n%px c = '('\n",
        expect![[r#"
            LineMagic "%px" sends "a = (1," from "a = (1,"
              refused: IPython runs nothing of this cell: a closing bracket does not match
            LineMagic "%px" sends "b = '''" from "b = '''"
              refused: IPython runs nothing of this cell: a closing bracket does not match
            LineMagic "%px" sends "c = '('" from "c = '('"
              refused: IPython runs nothing of this cell: a closing bracket does not match
            1 local
            Warning open-bracket at "a = (1,": a bracket or string that is open does not continue a %px line: only this line is sent. Use %%px, or end the line with a backslash
            Error broken-cell at "2)": IPython runs nothing of this cell: a closing bracket does not match
            Warning open-bracket at "b = '''": a bracket or string that is open does not continue a %px line: only this line is sent. Use %%px, or end the line with a backslash
        "#]],
    );
    check_cell(
        "%px --targets 1 x\n%px -x\n",
        expect![[r#"
        LineMagic "%px" sends "--targets 1 x" from "--targets 1 x"
        LineMagic "%px" sends "-x" from "-x"
        Warning options-on-line at "--targets 1 x": %px takes no options: all of this line is sent as code. Use %%px for options
    "#]],
    );
}

#[test]
fn questions_do_not_run() {
    check_cell(
        "%%px?\n",
        expect![[r#"
        1 local
    "#]],
    );
    check_cell(
        "%px?\n%px??\n%px a?\n?%px\n",
        expect![[r#"
        1 local
    "#]],
    );
    check_cell(
        "%px print('a?')\n%px a # why?\n%px 0?\n%px f('a?\n%px f()?\n",
        expect![[r#"
            LineMagic "%px" sends "print('a?')" from "print('a?')"
            LineMagic "%px" sends "a # why?" from "a # why?"
            LineMagic "%px" sends "0?" from "0?"
            LineMagic "%px" sends "f('a?" from "f('a?"
            LineMagic "%px" sends "f()?" from "f()?"
            Warning open-bracket at "f('a?": a bracket or string that is open does not continue a %px line: only this line is sent. Use %%px, or end the line with a backslash
        "#]],
    );
}

#[test]
fn what_is_no_magic_is_local() {
    check_cell(
        "px a\n% px a\na;%px b\nif 1: %px a\na = b = %px c\n",
        expect![[r#"
            5 local
            Hint automagic at "px a": pxlens does not run px without a percent sign, as IPython's automagic may do: write %px
        "#]],
    );
    check_cell(
        "s = '''\n%px a\n'''\nx = [\n%px b\n]\ny = (\\\n%px c)\n",
        expect![[r#"
        8 local
    "#]],
    );
    check_cell("# %px a\n# %%px\n#!%px b\n", expect![""]);
    check_cell(
        "%time x\n!ls \"\n%px a\nx = !ls '(\n%px b\n",
        expect![[r#"
        LineMagic "%px" sends "a" from "a"
        LineMagic "%px" sends "b" from "b"
        3 local
    "#]],
    );
}

#[test]
fn a_suffix_names_a_view_that_is_not_known_yet() {
    check_cell(
        "%px0 a\n%pxconfig_even -t 0\n",
        expect![[r#"
            LineMagic "%px0" sends "a" from "a"
              refused: no view with the suffix '0' is known, so pxlens cannot tell which engines %px0 means; activate one above, with view.activate('0'), or name its targets in the setting pxlens.views
            Config "%pxconfig_even" on 0
              refused: IPython ends this cell before it comes to this line: pxlens knows no view that makes %px0
            Error unknown-view at "%px0": no view with the suffix '0' is known, so pxlens cannot tell which engines %px0 means; activate one above, with view.activate('0'), or name its targets in the setting pxlens.views
            Error unknown-view at "%pxconfig_even": no view with the suffix '_even' is known, so pxlens cannot tell which engines %pxconfig_even means; activate one above, with view.activate('_even'), or name its targets in the setting pxlens.views
        "#]],
    );
    check_cell(
        "%%px_even\na\n",
        expect![[r#"
            CellMagic "%%px_even" sends "a\n" from "a"
              refused: no view with the suffix '_even' is known, so pxlens cannot tell which engines %px_even means; activate one above, with view.activate('_even'), or name its targets in the setting pxlens.views
            Error unknown-view at "%%px_even": no view with the suffix '_even' is known, so pxlens cannot tell which engines %px_even means; activate one above, with view.activate('_even'), or name its targets in the setting pxlens.views
        "#]],
    );
    check_cell(
        "%px-x a\n",
        expect![[r#"
            1 local
            Error broken-cell at "%px-x a": IPython runs nothing behind this line in its cell: there is no magic named "px-x"
        "#]],
    );
}

#[test]
fn an_outer_cell_magic_that_runs_its_body_lets_px_through() {
    check_cell(
        "%%time\n%%px -t 0\na\n",
        expect![[r#"
        CellMagic "%%px" on 0 sends "a\n" from "a"
    "#]],
    );
    check_cell(
        "%%capture out\n\n%px a\nb\n",
        expect![[r#"
        LineMagic "%px" sends "a" from "a"
        1 local
    "#]],
    );
    check_script(
        "# %%\n# %%time\n# %%px\n# %whos\n",
        expect![[r##"
        CellMagic "%%px" sends "%whos\n" from "%whos"
        Warning comment-is-marker at "# %%px": pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, and would run the lines below it locally
    "##]],
    );
    check_cell(
        "%%bash\n%%px\n%px a\n",
        expect![[r#"
        3 local
    "#]],
    );
}

#[test]
fn markers_divide_a_script() {
    check_script(
        "import x\n# %% first\n%%px\na\n\n#%%\n%px b\nlocal\n\n# %% [markdown]\n# %px no\n# <codecell>\n%%px\nc\n# In[3]:\n\n%%px\nd",
        expect![[r#"
            CellMagic "%%px" sends "a\n" from "a"
            LineMagic "%px" sends "b" from "b"
            CellMagic "%%px" sends "c\n" from "c"
            CellMagic "%%px" sends "d\n" from "d"
            2 local
        "#]],
    );
    check_script(
        "# Databricks notebook source\n%px a\n# COMMAND ----------\n%%px\nb\n",
        expect![[r#"
        LineMagic "%px" sends "a" from "a"
        CellMagic "%%px" sends "b\n" from "b"
    "#]],
    );
}

#[test]
fn a_magic_in_a_comment_behind_a_marker_runs() {
    check_script(
        "# %%\n# %%px --targets ::2\na = 1\n\n# %%\n# %%px\nb\n",
        expect![[r##"
        CellMagic "%%px" on ::2 sends "a = 1\n" from "a = 1"
        CellMagic "%%px" sends "b\n" from "b"
        Warning comment-is-marker at "# %%px --targets ::2": pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, and would run the lines below it locally
    "##]],
    );
    check_script(
        "#%%\n\n#%%px\nb\n",
        expect![[r##"
        CellMagic "%%px" sends "b\n" from "b"
        Warning comment-is-marker at "#%%px": pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, and would run the lines below it locally
    "##]],
    );
}

#[test]
fn a_cell_magic_in_a_comment_is_no_border() {
    check_script(
        "x = 1\n# %%px\na\n# %%px -t 0\nb\n#%%px\nc\n",
        expect![[r#"
            4 local
        "#]],
    );
    check_script(
        "# %%\n# text\n# %%px\na\n",
        expect![[r#"
            1 local
        "#]],
    );
    check_script(
        "#  %%px\na\n",
        expect![[r#"
            1 local
        "#]],
    );
    check_script(
        "# %%px\n# %%px\na\n",
        expect![[r#"
            1 local
        "#]],
    );
}

#[test]
fn vs_codes_escape_runs() {
    check_script(
        "# %%\n#!%%px -t 0\na\n#!%whos\n# %%\n#!%px b\n",
        expect![[r#"
        CellMagic "%%px" on 0 sends "a\n%whos\n" from "a" "%whos"
        LineMagic "%px" sends "b" from "b"
    "#]],
    );
}

#[test]
fn databricks_escape_hides_the_whole_cell() {
    check_script(
        "# COMMAND ----------\n# MAGIC %%px\n# MAGIC a = 1\n# MAGIC\n# MAGIC   b\n# COMMAND ----------\n# MAGIC %px c \\\n# MAGIC  + d\n",
        expect![[r#"
            CellMagic "%%px" sends "a = 1\n\n  b\n" from "a = 1" "" "  b"
            LineMagic "%px" sends "c   + d" from "c \\\n# MAGIC  + d"
        "#]],
    );
}

#[test]
fn line_magics_in_comments_run_where_the_header_says_so() {
    check_jupytext(
        "# %px a\n#%px b\nif True:\n    # %px c\n# x = %px d\n# # %px no\n# %px no # noescape\n# %px e # escape\n",
        expect![[r##"
            LineMagic "%px" sends "a" from "a"
            LineMagic "%px" sends "b" from "b"
            LineMagic "%px" sends "c" from "c"
            LineMagic "%px" sends "d" from "d"
            LineMagic "%px" sends "e # escape" from "e # escape"
            1 local
            Warning conditional-magic at "# %px c": this %px is in the body of `if True:`, and pxlens cannot tell whether Python reaches it: it runs only when you run this line itself
        "##]],
    );
    check_jupytext(
        "# %px a = 1 \\\n# + 2\nb\n",
        expect![[r#"
        LineMagic "%px" sends "a = 1  + 2" from "a = 1 \\\n# + 2"
        1 local
    "#]],
    );
}

#[test]
fn in_a_body_in_comments_only_magic_lines_are_freed() {
    check_jupytext(
        "# %%px\n# a comment\n# %whos\nif 1:\n    # !ls \\\n    # -l\n    b\ns = '''\n# %whos\n'''\n",
        expect![[r##"
            CellMagic "%%px" sends "# a comment\n%whos\nif 1:\n    !ls \\\n    -l\n    b\ns = '''\n# %whos\n'''\n" from "# a comment" "%whos" "if 1:" "    # !ls \\" "    # -l" "    b" "s = '''" "# %whos" "'''"
            Warning comment-is-marker at "# %%px": pxlens runs this on the engines; VS Code's interactive window takes the line for the border of a cell, and would run the lines below it locally
        "##]],
    );
    check_script(
        "# %%\n%%px\n# %whos\n",
        expect![[r##"
        CellMagic "%%px" sends "# %whos\n" from "# %whos"
    "##]],
    );
}

#[test]
fn calls_of_the_magics_run() {
    check_script(
        "get_ipython().run_cell_magic('px', '--targets ::2', 'a = \"x\"\\nb\\n')\n",
        expect![[r#"
        CellMagic "px" on ::2 sends "a = \"x\"\nb\n" from "a = \"x\"" "b"
    "#]],
    );
    check_script(
        "x = get_ipython().run_line_magic('px', 'a=1'); f(\n%px no\n)\nget_ipython().run_line_magic('pxconfig', '-t 0')\n%px b\n",
        expect![[r#"
            LineMagic "px" sends "a=1" from "a=1"
              refused: IPython runs nothing of this cell: a magic stands inside of brackets
            Config "pxconfig" on 0
              refused: IPython runs nothing of this cell: a magic stands inside of brackets
            LineMagic "%px" sends "b" from "b"
              refused: IPython runs nothing of this cell: a magic stands inside of brackets
            2 local
            Error broken-cell at "%px no": IPython runs nothing of this cell: a magic stands inside of brackets
        "#]],
    );
    check_script(
        "get_ipython().run_cell_magic('px', '', '''a\nb\n''')\nget_ipython().run_cell_magic('time', '', 'a')\nget_ipython().run_line_magic('px', a)\n",
        expect![[r#"
            CellMagic "px" sends "a\nb\n" from "a" "b"
            2 local
            Warning unread-call at "get_ipython().run_line_magic('px', a)": pxlens cannot read what this run_line_magic gives to px, and does not run it: only plain strings are read
        "#]],
    );
}

#[test]
fn a_script_without_markers_is_divided_at_blank_lines() {
    check_script(
        "\n\n%%px\na\n# comment\n%px b\n",
        expect![[r##"
        CellMagic "%%px" sends "a\n# comment\n%px b\n" from "a" "# comment" "%px b"
    "##]],
    );
    check_script(
        "a\n%px b\n\n%px c\n\n%%px\nd\n\ne\n",
        expect![[r#"
            LineMagic "%px" sends "b" from "b"
            LineMagic "%px" sends "c" from "c"
            CellMagic "%%px" sends "d\n" from "d"
            2 local
        "#]],
    );
    check_script(
        "a\n%%px\nb\n",
        expect![[r#"
            3 local
            Error misplaced-cell-magic at "%%px": %%px has to stand on the first line of its cell: here IPython takes it for a line magic named %px, and fails; a line # + above it begins a cell
        "#]],
    );
    check_script("", expect![""]);
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_reach_the_engines() {
    check_script(
        "\u{feff}# %%\r\n%%px\r\na\r\n\r\nb\r\n\r\n# %%\r%px c\r",
        expect![[r#"
        CellMagic "%%px" sends "a\n\nb\n" from "a" "" "b"
        LineMagic "%px" sends "c" from "c"
    "#]],
    );
}

#[test]
fn ranges_run_from_the_magic_to_the_last_line_that_is_not_blank() {
    let text = "# %%\n%%px\na\n\n# %%\nif 1:\n    %px b \\\n      c\n";
    let cells = recognize(text, Dialect::Script).unwrap();
    let ranges: Vec<(&str, &str)> = cells
        .cells
        .iter()
        .map(|cell| (&text[cell.range().as_range()], &text[cell.magic_range().as_range()]))
        .collect();
    assert_eq!(ranges, [("%%px\na", "%%px"), ("%px b \\\n      c", "%px b \\\n      c")]);
    let blocks: Vec<(&str, Range<u32>, u32)> = cells
        .blocks
        .iter()
        .map(|block| (&text[block.range.as_range()], block.px_cells.clone(), block.local_lines))
        .collect();
    assert_eq!(blocks, [("# %%\n%%px\na\n", 0..1, 0), ("# %%\nif 1:\n    %px b \\\n      c", 1..2, 1)]);
}
