//! Documents that define px magics of their own, to run without a cluster: what stands below is not sent.

use expect_test::expect;

use super::*;

/// What is sent where all cells are run, and the problems with such definitions.
fn sent(texts: &[&str]) -> (String, usize) {
    let all = recognize_notebook(texts);
    let sends = |cell: &&Placed| {
        cell.kind.sends() && cell.suite.is_none() && cell.refusal().is_none() && cell.targets().is_ok()
    };
    let cells = all.iter().flat_map(|(cells, _)| cells.cells.iter()).filter(sends);
    let sent: Vec<&str> = cells.map(|cell| cell.code.trim()).collect();
    let problems = all.iter().flat_map(|(_, problems)| problems);
    let own = problems.filter(|problem| problem.rule.code() == "own-magic").count();
    (sent.join("; "), own)
}

#[test]
fn a_magic_that_the_document_defines_is_none_of_px_below() {
    for (definition, left) in [
        (
            "def px(line, cell):\n    get_ipython().run_cell(cell)\nget_ipython().register_magic_function(px, 'cell')",
            "b; d",
        ),
        ("@register_cell_magic\ndef px(line, cell):\n    print(cell)", "b; d"),
        ("@register_line_magic\ndef px(line):\n    print(line)", "c"),
        ("@register_line_cell_magic\ndef px(line, cell=None):\n    pass", ""),
        ("@magic.register_cell_magic('px')\ndef dry(line, cell):\n    pass", "b; d"),
        (
            "@magics_class\nclass Dry(Magics):\n    @cell_magic\n    def px(self, line, cell):\n        pass",
            "b; d",
        ),
        ("class Dry(Magics):\n    @line_cell_magic\n    def px(self, line, cell=None):\n        pass", ""),
        (
            "get_ipython().register_magic_function(\n    dry,\n    magic_kind='cell',\n    magic_name='px')",
            "b; d",
        ),
        ("get_ipython().register_magic_function(px)", "c"),
        ("if not CLUSTER:\n    @register_cell_magic\n    def px(line, cell):\n        pass", "b; d"),
        ("if not CLUSTER: ip.register_magic_function(px, 'line_cell')", ""),
        ("for name in names:\n    ip.register_magic_function(dry, 'line', name)", "c"),
        ("%%capture\n@register_cell_magic\ndef px(line, cell):\n    print(cell)", "b; d"),
        ("@register_cell_magic\ndef time(line, cell):\n    print(cell)", "b; c"),
    ] {
        let below = ["%px b", "%%px\nc", "%%time\n%px d"];
        let own = usize::from(left != "b; c; d");
        assert_eq!(
            sent(&["%px a", definition, below[0], below[1], below[2]]),
            (format!("a; {left}").trim_end_matches("; ").to_owned(), own),
            "{definition}"
        );
        let script = format!("# %%\n%px a\n# %%\n{definition}\n# %%\n%px b\n# %%\n%%px\nc\n");
        let cells = recognize(&script, Dialect::Script).unwrap().cells;
        let codes: Vec<&str> = cells.iter().map(|cell| cell.code.trim()).collect();
        assert_eq!(
            codes,
            "a; b; c".split("; ").filter(|code| *code == "a" || left.contains(code)).collect::<Vec<_>>(),
            "{definition}"
        );
    }
}

#[test]
fn a_configuration_that_may_be_hidden_leaves_the_targets_unknown() {
    let noop = "@register_line_magic\ndef pxconfig(line):\n    pass";
    assert_eq!(
        sent(&[noop, "%px a", "%pxconfig --targets 0", "%px b", "%%px -t 0\nc"]),
        ("a; c".to_owned(), 1)
    );
}

#[test]
fn what_defines_no_px_magic_changes_nothing() {
    for cell in [
        "@register_cell_magic\ndef dry(line, cell):\n    pass",
        "def px(line, cell):\n    pass",
        "@property\ndef result(self):\n    pass",
        "@mine\ndef result():\n    pass",
        "from IPython.core.magic import register_cell_magic",
        "text = '''\n@register_cell_magic\ndef px(line, cell):\n    pass\n'''",
        "# @register_cell_magic\ndef px(line, cell): pass",
        "print('register_cell_magic')",
        "%%bash\n@register_cell_magic\ndef px(line, cell): pass",
        "x = (1\n@register_cell_magic\ndef px(line, cell): pass",
    ] {
        assert_eq!(sent(&[cell, "%px a", "%%px\nb"]), ("a; b".to_owned(), 0), "{cell}");
    }
}

#[test]
fn the_definition_says_what_it_hides() {
    check_script(
        "# %%\n@register_cell_magic\ndef px(line, cell):\n    print(cell)\n# %%\n%%px\na = 1\n# %%\n%px b\n",
        expect![[r#"
            LineMagic "%px" sends "b" from "b"
            5 local
            Warning own-magic at "def px(line, cell):": this line defines %%px: below it IPython runs that magic, and pxlens does not run it
        "#]],
    );
}

/// It was told to lack a view with the suffix `local`.
#[test]
fn a_magic_that_only_begins_as_px_does_is_the_documents_own() {
    check_script(
        "# %%\n@register_cell_magic\ndef pxlocal(line, cell):\n    print(cell)\n# %%\n%%pxlocal\na = 1\n# %%\n%%px\nb\n",
        expect![[r#"
            CellMagic "%%px" sends "b\n" from "b"
            5 local
            Warning own-magic at "def pxlocal(line, cell):": this line defines %%pxlocal: below it IPython runs that magic, and pxlens does not run it
        "#]],
    );
}
