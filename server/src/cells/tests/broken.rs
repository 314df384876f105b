//! Cells that IPython does not run, or not to their end: nothing of them is sent, sets something or begins a region.

use super::*;

/// What is sent where all cells are run, and how many problems say that IPython fails.
fn sent(texts: &[&str]) -> (String, usize) {
    let all = recognize_notebook(texts);
    let sends = |cell: &&Placed| cell.kind.sends() && cell.suite.is_none() && cell.refusal().is_none();
    let cells = all.iter().flat_map(|(cells, _)| cells.cells.iter()).filter(sends);
    let sent: Vec<&str> = cells.map(|cell| cell.code.trim()).collect();
    let failing =
        all.iter().flat_map(|(_, problems)| problems).filter(|problem| lint::fails(problem)).count();
    (sent.join("; "), failing)
}

#[test]
fn nothing_of_a_cell_that_python_cannot_read_is_sent_or_set() {
    for cell in [
        "x = (1",
        "x = [1, 2)",
        "x = 1)",
        "x = 'it",
        "x = '''it",
        "x = f'{a",
        "x = 1 \\",
        "if x:",
        "if x:\ny = 1",
        "x = 1\n    y = 2",
        "if x:\n        y = 1\n    z = 2",
        "print 'hello'",
        "print x",
        "exec 'x = 1'",
        "@deco\n%px k\ndef f(): pass",
        "@deco",
        "@deco\nasync with x: pass",
        "if x: y\n    z",
        "else: x",
        "x = [\n%px k\n]",
        "if x: pass\ny = 1\nelse: pass",
        "for x in y:\n    pass\nexcept E: pass",
        "try:\n    x",
        "try: x\ny",
        "try: x\nelse: y",
        "if x:\n    try: y\nz",
        "pip install -q mpi4py",
        "for i in range(3): %px step = i",
        "pass; %px b",
        "print(%px b)",
        "a += %px b",
        "a = b = %px c",
        "try: x\nexcept E, F as e: y",
        "raise E, 'm'",
        "a <> b",
        "x = 1L",
        "x = 0777",
        "x = ur'y'",
        "x = `y`",
        "def f((a, b)): pass",
        "if x\n    y",
        "if x = 1: pass",
        "x = = 2",
        "x = “a”",
        "f(a=1, 2)",
        "1 = x",
        "x++",
        "x = f(a b)",
        "x = 5 if y",
        "import",
        "x = {'a': 1, 'b'}",
        "def f(a=1, b): pass",
        "f()?",
        "class = 1",
        "x = y := 1",
        "del f()",
        "x = 1 2",
        "lambda x: %px y",
        "async x",
        "x = rb'é'",
        "x = b'' ''",
        ";import os",
        ",import os",
        "//import os",
        "/f a)",
        ",f \"",
        "/",
        "def f():\n    '''\n    >>> f()\n    '''\nx = = 1",
        "x = 1\n...: y = = 2",
        "x = 1\ny = 2\nIn [1]: z = = 1",
        "x = '\\N{no such name}'",
        "# a word\n  x = 1\ny = 2",
        "1 2",
        "\"a\" b",
        "pip install x",
        "raise E, \"m\"",
        "x = ur'a'",
        "x = `a`",
        "try: x\nexcept E, e:\n    pass",
        "{1: 2, 3}",
        "$x",
        "def f(x) return x",
        "f() = 1",
        "if x: print y",
        "x = 5 6",
        "from x import",
        "class: pass",
        "else = 1",
        "x = lambda (a, b): a",
        "f(**a, *b)",
        "x = [1 2]",
        "x = not",
        "None = 1",
        "a b",
        "def f(:\n    pass",
        "while: pass",
        "with x as: pass",
    ] {
        let broken = format!("%px a\n%pxconfig --targets 1\nw = rc[[1]]; w.activate()\n%autopx\n{cell}");
        assert_eq!(sent(&[&broken, "b = 1", "%px c"]), ("c".to_owned(), 1), "{cell}");
        let all = recognize_cells(&[&broken, "%px c"]);
        assert_eq!(all[1].cells[0].targets(), Ok(Targets::All), "{cell}");
    }
}

#[test]
fn nothing_of_a_cell_with_a_line_that_python_cannot_read_is_sent_or_set() {
    for cell in [
        "pip install -q mpi4py",
        "for i in range(3): %px step = i",
        "pass; %px b",
        "print(%px b)",
        "a = b = %px c",
        "if x:\n    a += %px b",
        "return %px b",
        "try: x\nexcept E, e:\n    pass",
        "raise E, 'm'",
        "x = 0777",
        "x = = 2",
        "x = “a”",
        "f(a=1, 2)",
        "%time x = 1\ny = !ls\n%px k\nz = %px k\nx++",
    ] {
        let broken = format!("%px a\n%pxconfig --targets 1\nw = rc[[1]]; w.activate()\n%autopx\n{cell}");
        assert_eq!(sent(&[&broken, "b = 1", "%px c"]), ("c".to_owned(), 1), "{cell}");
        let all = recognize_cells(&[&broken, "%px c"]);
        assert_eq!(all[1].cells[0].targets(), Ok(Targets::All), "{cell}");
        let script = format!("# %%\n{broken}\n# %%\n%px c\n");
        let cells = recognize(&script, Dialect::Script).unwrap().cells;
        let sends = cells.iter().filter(|cell| cell.kind.sends() && cell.refusal().is_none());
        assert_eq!(sends.map(|cell| &*cell.code).collect::<Vec<_>>(), ["c"], "{cell}");
    }
}

/// IPython compiles a cell statement by statement while it runs it.
#[test]
fn a_cell_ends_at_a_statement_that_python_does_not_compile() {
    for cell in [
        "return 1",
        "yield 1",
        "x = yield 1",
        "break",
        "if x:\n    continue",
        "if x:\n    %px k\n    return",
        "class A:\n    return 1",
        "def f():\n    for x in y: pass\n    else: break",
        "def f(x, x): pass",
        "def f():\n    await x",
        "nonlocal x",
        "def f():\n    from x import *",
        "from __future__ import nothing",
        "__debug__ = 1",
        "*x = 1",
        "*x",
        "f(a=1, a=2)",
        "match x:\n    case a: pass\n    case b: pass",
        "match x:\n    case {'a': 1, **y} | [1, *z] if w: pass",
        "try: x\nexcept: pass\nexcept E: pass",
        "[(x := 1) for x in y]",
        "[(yield x) for x in y]",
        "async def f():\n    yield 1\n    return 2",
        "x = f'{(yield)}'",
    ] {
        let broken = format!("%px a\n%pxconfig --targets 1\n{cell}\n%px b\n%pxconfig --targets 2\n%autopx");
        assert_eq!(sent(&[&broken, "%px c"]), ("a; c".to_owned(), 1), "{cell}");
        let all = recognize_cells(&[&broken, "%px c"]);
        assert_eq!(all[1].cells[0].targets(), Ok(Targets::One(1)), "{cell}");
        let broken = format!("%px a\n%px(1)\n{cell}");
        assert_eq!(sent(&[&broken]), ("a".to_owned(), 1), "{cell}");
    }
    for cell in [
        "def f():\n    return 1",
        "def f():\n    yield 1\n    return 2",
        "x = lambda: (yield)",
        "await x",
        "async with x as y: pass\nasync for x in y: pass",
        "x = [await y async for y in z]",
        "x = [await y for y in z]\nx = {y async for y in z}",
        "def f():\n    return (x async for x in y)",
        "async def f():\n    return [await x for x in [await y for y in z]]",
        "while x:\n    if y: break\n    with z: continue\nelse: w",
        "for x in y:\n    try: z\n    finally: continue",
        "def f(): pass\nfrom __future__ import annotations\nfrom x import *",
        "x = 1\nglobal x",
        "def f(x):\n    def g():\n        nonlocal x",
        "class A:\n    x = [y for y in z]\n    def f(self): return [y := 1 for z in x]",
        "try: x\nexcept E: y\nexcept: z",
        "*x, = y\nprint(*x)\nz = [*x, *y]",
        "if (x := 1): pass\nprint([y := 1 for z in x])",
        "@(yield_)\nclass A(b, c=d): pass",
    ] {
        assert_eq!(sent(&[&format!("%px a\n{cell}\n%px b")]), ("a; b".to_owned(), 0), "{cell}");
    }
}

#[test]
fn what_ipython_makes_python_of_is_read() {
    for cell in [
        "!ls $x -l | wc",
        "x = !ls (",
        "f?",
        "  ?f".trim_start(),
        "x = %who_ls a\n%cd a b c",
        "if x:\n    %cd a b c\n    !ls\nelse: y",
        "%timeit -n 3 f()\n%cd a \\\n  b c",
        "get_ipython().run_line_magic('px', 'k')",
        "/f a b",
        ",f a b",
        "x != 1",
        ">>> x = 1",
        "x = y != z",
        "for i in x:\n    %px k",
        "x = [\n  1,  # what?\n]",
        "'''\n%px is a magic\n'''",
        "for a in b:\n  if (a and\nc):  # why\n\n    # a word\n    %px x\n  %px y",
    ] {
        let (sent, failing) = sent(&[&format!("%px a\n{cell}\n%px b")]);
        assert!(sent.starts_with('a') && sent.ends_with('b') && failing == 0, "{sent} of {cell}");
    }
}

#[test]
fn a_cell_ends_at_a_magic_that_does_not_exist() {
    for line in ["%%px", "%%px --targets 0", "%%bash", "%px\tk = 1", "%autopx;", "%time\t%px k", "%px(1)"] {
        let broken = format!("%px a\n{line}\n%px b\n%pxconfig --targets 1\nrc[[1]].activate()\n%autopx");
        assert_eq!(sent(&[&broken, "c = 1", "%px d"]), ("a; d".to_owned(), 1), "{line}");
        let all = recognize_cells(&[&broken, "%px d"]);
        assert_eq!(all[1].cells[0].targets(), Ok(Targets::All), "{line}");
    }
    assert_eq!(sent(&["%%px\t--targets 0\na = 1", "%px b"]).0, "b");
}

#[test]
fn a_question_mark_asks_for_help_only_at_the_very_end_of_a_line() {
    for line in [
        "%px? ",
        "%px?  ",
        "%px?\t",
        "%px?? ",
        "%px? x",
        "%px?;",
        "%pxx? ",
        "x = %px? ",
        "%time? ",
        "%%px? ",
        "%%who? ",
    ] {
        assert_eq!(sent(&[&format!("%px a\n{line}\n%px b"), "%px c"]), ("a; c".to_owned(), 1), "{line}");
    }
    for line in ["what? ", "x.y?? ", "px? "] {
        assert_eq!(sent(&[&format!("%px a\n{line}\n%px b")]), (String::new(), 1), "{line}");
    }
    for line in
        ["%px?", "%px??", "%pxx?", "x = %px?", "%time?", "%px a?", "?px ", "%%px?", "%%capture?", "what?"]
    {
        assert_eq!(sent(&[&format!("%px a\n{line}\n%px b")]), ("a; b".to_owned(), 0), "{line}");
    }
    assert_eq!(sent(&["%px a? \n%px b"]), ("a?; b".to_owned(), 0));
    assert_eq!(sent(&["%%px?\n%px b"]), ("b".to_owned(), 0));
    assert_eq!(sent(&["%%px? \n%px b", "%px c"]), ("c".to_owned(), 1));
}

#[test]
fn nothing_runs_below_a_cell_magic_that_refuses_its_line() {
    for magic in [
        "%%capture --bad",
        "%%capture a b",
        "%%capture 'it",
        "%%time x",
        "%%time --bad",
        "%%timeit -z",
        "%%timeit -n",
        "%%prun -q -T",
        "%%time\n%%capture a b",
    ] {
        let broken = format!("{magic}\n%px a\n%pxconfig --targets 1\n%autopx");
        assert_eq!(sent(&[&broken, "b = 1", "%px c"]), ("c".to_owned(), 1), "{magic}");
        assert_eq!(recognize_cells(&[&broken, "%px c"])[1].cells[0].targets(), Ok(Targets::All), "{magic}");
    }
    for magic in [
        "%%capture",
        "%%capture out --no-stderr",
        "%%time",
        "%%time --no-raise-error",
        "%%timeit -n1 -r1",
        "%%prun -q",
    ] {
        assert_eq!(sent(&[&format!("{magic}\n%px a\nx = 1")]), ("a".to_owned(), 0), "{magic}");
    }
}

#[test]
fn a_backslash_at_the_end_of_a_cell_goes_on_with_nothing() {
    for (cell, code) in [
        ("%px a \\", "a \\"),
        ("%px a \\\n\n\n", "a \\"),
        ("x = %px a \\\n", "a \\"),
        ("%px a \\\n\n%px b", "a; b"),
        ("%px a \\\n  b", "a    b"),
    ] {
        for marker in ["# %%", "# +"] {
            let script = format!("{marker}\n{cell}\n\n{marker}\nz = 1\n");
            let cells = recognize(&script, Dialect::Script).unwrap().cells;
            let sent: Vec<&str> = cells.iter().map(|cell| cell.code.trim()).collect();
            assert_eq!(sent.join("; "), code, "{script}");
        }
    }
    // In a notebook a blank line at the end is a line.
    assert_eq!(&*recognize_cells(&["%px a \\\n"])[0].cells[0].code, "a \\");
    assert_eq!(recognize_cells(&["%px a \\\n\n"])[0].cells[0].code.trim(), "a");
}

#[test]
fn what_python_reads_is_no_broken_cell() {
    for cell in [
        "x = f\"{d[\"k\"]}\"",
        "x = f'{x!r:>{width}}' f\"{{\" '}'",
        "x = f'''{a:\n}'''",
        "x = f\"{\n1}\"",
        "x = rf'\\{x}' '\\'', rb'('",
        "x = '\\\n('",
        "!echo 'it's (",
        "x = !echo (",
        "%cd it's",
        "print?",
        "what?",
        "if x:\n    # %px k\n    pass",
        "if x: pass\nelse: pass",
        "match x:\n    case 1:\n        pass",
        "@deco\n# a word\n\n@other(\n  1)\nasync def f(): pass",
        "print(x)\nprint (x)\nprint\nprint, x\nprint in x\nprint >> f, x\nprint -1",
        "exec('x')\nexecute = 1\nprinter = 2",
        "x = {'a': 1,\n  # it's\n}",
        "x = (5\n  %px\n)\nx = (5\n  %px if y else z)",
        "class A:\n\tx = 1\n\n\tdef f(self):\n\t\tpass",
        "if x:\n  y\nelif (a and\n  b):\n      z",
        "try:\n    x\nexcept E:\n    y\nexcept: z\nelse:\n    a\nfinally: b",
        "for x in y:\n    if x: break\n    elif y: z\n    else: w\nelse:\n    a",
        "if x:\n    try:\n        y\n    finally:\n        z\nelse: a",
        "try: x\n# a word\n\nexcept* E: y",
        "x = 1 \\\n\ny = 2",
        "x: int\nlambda: 1\nd[1:2]",
        "with a as b, \\\n     c as d:\n    pass",
        "# '\n# (",
        "x = 5 # it's (",
        "%matplotlib inline\n%load_ext x.y-z\n%time x = 1",
        "%pip install -q mpi4py",
        "for i in range(3): step = %what i",
        "x: int = %what b",
        "a, b = %what c",
        "d[0] = %what c",
        "d[\n0] = %what c",
        "x = !ls it's \\\n(\ny = 1",
        "x = \\\n  !ls (",
        "x != y",
        "if x:\n    !ls (\nelse:\n    x = !ls (",
        "if x:\n    what?\nelse:\n    %what?",
        "if x: what?",
        "d[0]??\nit's?\nx = y?",
        "/f x\n,f a b\n;f a b",
        "await x",
        "async with x as y: pass\nx = [z async for z in y]",
        "match x:\n    case {'a': 1, **y}: z\n    case [1, *_] | 2 if w: pass",
        "match = 1\ntype = 2\ncase = match",
        "type X[T] = list[T]\ndef f[T](x: T) -> T: pass",
        "def f(a, /, b, *, c=1, **d): pass",
        "x = 0o777 + 0xFF + 1_000 + 1j + 1e3",
        "x = '“a”'  # “b”",
        "print(*a, **b, sep='')",
        "x = y = z = 1",
        "x = (y := 1)",
        "with (a as b, c as d): pass",
        "x = [*a, *b]\nx = *a, b\nfor x in *a, b: pass",
        "@x[0].y\ndef f(): ...",
        "def f(): return *a, b",
        "try: x\nexcept (E, F) as e: y",
        "x = 'a' f'{b}', rb''[0:1].decode()",
        "x = u'y' 'z'",
        "global x\nx = 1",
        "from x import (a, b,)\nfrom . import y\nimport a.b as c, d",
        "x = lambda *a, **b: (yield)",
        ">>> x = 1\n>>> y = 2",
        "x = 1\n    >>> y = 2",
        ",f it's (\n;f it's (\n/f 1 2",
        "\x0cx = 1\n\x0c\ny = 2",
        "if x:\n\ty\n\tz\nelse:\n        w",
        "x = '\\d'",
        "é = 1\nＡ = 2",
        "x.\\\ny",
        "if x: pass; y\nwhile 0: break",
        "x = 1;",
        "print >>sys.stderr, 'x'",
        "print(1)",
        "print -1",
        "print",
        "x = 0",
        "x = 00",
        "x = 0o17",
        "f(a=1, *b, **c)",
        "f(*a, b)",
        "f(x for x in y)",
        "def f(a, /, b=1, *, c, **d): pass",
        "def f(a=1, *args, b): pass",
        "def f(a: int = 1, *args: int, b: int): pass",
        "lambda a, b=1, *c, d: 0",
        "match x:\n    case 1 | 2:\n        pass",
        "type X = int",
        "try:\n    x\nexcept* E as e:\n    pass",
        "try:\n    x\nexcept (A, B) as e:\n    pass",
        "x = f'{a!r:>{b}}' f\"{d[\"k\"]}\"",
        "async with x as y: pass",
        "x = [await y async for y in z]",
        "def f():\n    return 1",
        "while x: break",
        "for x in y:\n    if z: continue",
        "a[*b]",
        "for x in *a, b: pass",
        "x: int",
        "x: int = 1",
        "a, *b = c",
        "(x := 1)",
        "@a.b[0](c)\nclass D(E, metaclass=F): pass",
        "def f[T](x: T) -> T: pass",
        "global x",
        "x = yield_",
        "if x: raise E('a') from e",
        "x = 1_000 + 0b1 + 1j + 1e5",
        "del a, b[0]",
        "assert x, 'm'",
        "match = 1",
        "print = 2",
        "type = 3",
        "exec('x')",
        "case = 2",
        "lambda: (yield)",
        "x = '''\n%px a\n'''",
        "if x:\n\ty = 1\n",
        "x = \\\n  1",
        "x.print",
        "nonlocal_ = 1",
        "def f():\n    x = 1\n    def g():\n        nonlocal x",
        "x = 0x1 if 0 else 1",
        "x = b'a' rb'b' Rb'c'",
        "try: x\nexcept A, B:\n    pass",
        "try: x\nexcept a.b, c.d: y",
        "x = t'{y}'",
    ] {
        let text = format!("%px a\n{cell}\n%px b");
        assert_eq!(sent(&[&text]), ("a; b".to_owned(), 0), "{cell}");
    }
}

#[test]
fn f_strings_are_read_as_python_3_12_reads_them() {
    let text = "x = f\"{'''\n%px a = 1\n'''}\"\n%px b = 2";
    assert_eq!(sent(&[text]), ("b = 2".to_owned(), 0));
    for literal in
        ["f'''{'''\n%px a\n'''}'''", "f'{\"\"\"\n%px a\n\"\"\"}'", "f'{f\"{(\n1\n)}\"}'", "f'{x:\"}'"]
    {
        let text = format!("x = {literal}\n%px b");
        assert_eq!(sent(&[&text]), ("b".to_owned(), 0), "{literal}");
    }
}

#[test]
fn a_region_ends_where_ipython_ends_it() {
    for end in ["%autopx;", "%autopx()", "%autopx, x", "%autopx", "\n  %autopx x", "%autopx?"] {
        assert_eq!(sent(&["%autopx", "a = 1", end, "b = 2", "%px c"]).0, "a = 1; c", "{end}");
    }
    // IPython sends these to the engines, where they fail.
    for no_end in ["%time %autopx", "x = %autopx", "get_ipython().run_line_magic('autopx', '')", "%ap"] {
        let cells = ["%alias_magic ap autopx", "%autopx", no_end, "b = 2", "%autopx", "c = 3"];
        assert_eq!(sent(&cells).0, "b = 2", "{no_end}");
    }
    let suffixed = ["rc[0].activate('_x')", "%autopx_x", "a = 1", "%autopx_x", "b = 2", "%autopx", "c = 3"];
    assert_eq!(sent(&suffixed).0, "a = 1; b = 2");
    // Called where it is not read, nobody knows whether a region is open.
    assert_eq!(sent(&["print(get_ipython().run_line_magic('autopx', ''))", "%autopx", "a = 1"]).0, "");
}

#[test]
fn a_region_sends_what_jupytext_frees_of_a_cell() {
    let header = "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n\
                  #       format_name: percent\n# ---\n\n";
    let check = |text: &str, expected: &[&str]| {
        let cells = recognize(text, Dialect::Script).unwrap().cells;
        let sent: Vec<&str> = cells.iter().filter(|cell| cell.kind.sends()).map(|cell| &*cell.code).collect();
        assert_eq!(sent, expected, "{text}");
    };
    for (cell, freed) in [
        ("# %%script false\nboom()", "%%script false\nboom()\n"),
        ("# %%writefile a.py\nboom()", "%%writefile a.py\nboom()\n"),
        ("# !touch a\nx = 1", "!touch a\nx = 1\n"),
        ("x = 1\n# %time x = 2\n# a word", "x = 1\n%time x = 2\n# a word\n"),
        ("# %matplotlib inline", "%matplotlib inline\n"),
        ("# !hostname", "!hostname\n"),
    ] {
        let region = format!("# %%\n# %autopx\n\n# %%\n{cell}\n\n# %%\n# %autopx\n");
        check(&format!("{header}{region}"), &[freed]);
    }
    let light = header.replace("percent", "light");
    check(&format!("{light}# %autopx\n\n# !hostname\n\n# %autopx\n"), &["!hostname\n"]);
    let bang = "#%%\n#!%autopx\n#%%\n#!%%script false\nboom()\n#%%\n#!%autopx\n";
    check(bang, &["%%script false\nboom()\n"]);
    let databricks = "# Databricks notebook source\n# MAGIC %autopx\n\n# COMMAND ----------\n\n# MAGIC %time y = 2\n\
                      # MAGIC z = 1\n\n# COMMAND ----------\n\n# MAGIC %autopx\n";
    check(databricks, &["%time y = 2\nz = 1\n"]);
    // Where the comment does not count, and jupytext frees it all the same, nothing of the cell is sent.
    let live = "# %%\n%autopx\n\n# %%\n# %%px\nboom()\n\n# %%\n%autopx\n";
    check(&format!("{header}{live}"), &[]);
}

#[test]
fn an_empty_comment_magics_keeps_comments_as_they_are() {
    let sent = |value: &str| {
        let header = format!(
            "# ---\n# jupyter:\n#   jupytext:\n#     comment_magics: {value}\n#     text_representation:\n\
             #       extension: .py\n#       format_name: percent\n# ---\n\n# %%\nx = 1\n# %px a = 1\n"
        );
        recognize(&header, Dialect::Script).unwrap().cells.len()
    };
    for (value, count) in
        [("", 0), ("null", 0), ("~", 0), ("[]", 0), ("{}", 0), ("no", 0), ("true", 1), ("1", 1)]
    {
        assert_eq!(sent(value), count, "{value:?}");
    }
}

#[test]
fn a_notebook_of_another_language_holds_no_magics() {
    let count = |metadata: &str, cell: &str| {
        let text = format!(
            r#"{{"cells": [{{"cell_type": "code", "source": "%px a = 1", "metadata": {cell}}}], "metadata": {metadata}, "nbformat": 4}}"#
        );
        recognize(&text, Dialect::NotebookJson).unwrap().cells.len()
    };
    for language in ["octave", "matlab", "julia", "R"] {
        assert_eq!(
            count(&format!(r#"{{"kernelspec": {{"language": "{language}"}}}}"#), "{}"),
            0,
            "{language}"
        );
        assert_eq!(
            count(&format!(r#"{{"language_info": {{"name": "{language}"}}}}"#), "{}"),
            0,
            "{language}"
        );
    }
    for metadata in ["{}", "null", r#"{"kernelspec": {"language": "python"}}"#, r#"{"kernelspec": 1}"#] {
        assert_eq!(count(metadata, "{}"), 1, "{metadata}");
    }
    assert_eq!(count("{}", r#"{"vscode": {"languageId": "sql"}}"#), 0);
}

/// The codes of the problems of a script.
fn codes(text: &str) -> Vec<&'static str> {
    let (_, problems) = lint::recognize(text, Dialect::Script, &Arc::default()).unwrap();
    problems.iter().map(|problem| problem.rule.code()).collect()
}

#[test]
fn a_region_that_is_lost_and_comments_that_do_not_count_are_told() {
    let header = "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n\
                  #       format_name: percent\n# ---\n\n";
    let lost = "# %%\n# %autopx\n\n# %%\na = 1\n\n# %% active=\"ipynb\"\n# # %autopx\n\n# %%\n# %autopx\n";
    assert_eq!(codes(&format!("{header}{lost}")), ["unsure-autopx"]);
    let switched_off = "# %%\n# %%px\na = 1\n\n# %%\n# %px b\n\n# %%\n%px c\n";
    assert_eq!(codes(switched_off), ["commented-magic"]);
    assert_eq!(codes(&format!("{header}{switched_off}")), ["commented-magic"]);
    assert_eq!(codes("# %%\n# %px is told of here\n%px c\n"), [""; 0]);
}

#[test]
fn an_alias_of_what_does_not_exist_is_no_px_magic() {
    assert_eq!(sent(&["%alias_magic ppp pp\n%alias_magic pp px", "%ppp a"]).0, "");
}
