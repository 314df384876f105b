//! Prefix magics, aliases, calls, old notebooks and imports: what IPython 9.18 and ipyparallel 9.2 make of each.

use expect_test::expect;

use super::*;

#[test]
fn a_magic_before_a_px_magic_is_passed_over() {
    check_script(
        "%time %px x\n%timeit -n 3 -r 1 %px x\nt = %timeit -o %px  f(1)\n%prun %px x\n%time y = %px print('a   b')\n",
        expect![[r#"
            LineMagic "%px" sends "x" from "x"
            LineMagic "%px" sends "x" from "x"
            LineMagic "%px" sends " f(1)" from " f(1)"
            LineMagic "%px" sends "x" from "x"
            LineMagic "%px" sends "print('a b')" from "print('a   b')"
            Hint measured-once at "%timeit -n 3 -r 1 %px x": pxlens runs this once; IPython runs it many times to measure it with %timeit
            Hint measured-once at "t = %timeit -o %px  f(1)": pxlens runs this once; IPython runs it many times to measure it with %timeit
            Hint measured-once at "%prun %px x": pxlens runs this without the profiler of %prun, which sees only the local Python
        "#]],
    );
}

#[test]
fn a_line_that_ipython_refuses_or_reads_as_python_is_local() {
    for line in [
        "%timeit -z %px x",
        "%timeit -qn1 %px x",
        "%time -- %px x",
        "%time %%px",
        "%time x = 1; %px a",
        "%timeit 1; %px a",
        "%prun -q %px \"a",
        "%time %px?",
        "%time",
        "%who %px x",
        "%%time %px x\n1",
        "%%memit\n%px x",
    ] {
        let cells = recognize(&format!("{line}\n"), Dialect::NotebookCell).unwrap();
        assert_eq!(cells.cells.len(), 0, "{line}");
    }
}

#[test]
fn cell_magics_that_run_their_body_run_their_line_too() {
    check_cell(
        "%%timeit -n1 -r1 %px setup\n%px x\n",
        expect![[r#"
        LineMagic "%px" sends "setup" from "setup"
        LineMagic "%px" sends "x" from "x"
        Hint measured-once at "%%timeit -n1 -r1 %px setup": pxlens runs this once; IPython runs it many times to measure it with %timeit
        Hint measured-once at "%px x": pxlens runs this once; IPython runs it many times to measure it with %timeit
    "#]],
    );
    check_cell(
        "%%time --no-raise-error\n%px x\n",
        expect![[r#"
        LineMagic "%px" sends "x" from "x"
    "#]],
    );
}

#[test]
fn a_statement_that_python_gets_as_it_is_runs_nothing() {
    check_script(
        "%memit -r 1 %px x\n%lprun -f f %px f()\n%memit x\n%timeit %autopx\n",
        expect![[r#"
        4 local
        Warning magic-as-python at "%memit -r 1 %px x": %memit hands its statement to Python as it is, where the magic px is a SyntaxError: neither IPython nor pxlens runs it
        Warning magic-as-python at "%lprun -f f %px f()": %lprun hands its statement to Python as it is, where the magic px is a SyntaxError: neither IPython nor pxlens runs it
        Warning measured-once at "%timeit %autopx": %timeit runs %autopx more than once, so nobody can tell whether a region is open: it changes nothing below
    "#]],
    );
}

#[test]
fn time_shows_a_result_and_runs_a_line() {
    check_script(
        "# %%\n%%px --noblock\n7\n# %%\n%time %pxresult\n# %%\n%time %px 1+1\n",
        expect![[r#"
        CellMagic "%%px" sends "7\n" from "7"
        Result "%pxresult"
        LineMagic "%px" sends "1+1" from "1+1"
    "#]],
    );
}

#[test]
fn an_alias_stands_for_its_target_from_its_line_on() {
    let text = "import ipyparallel as ipp\nrc = ipp.Client()\n%alias_magic p0 px -p \"--targets 0\"\n\n# %%\n%%p0\n\
                print(\"only on rank 0\")\n\n# %%\n%%px\nprint(\"all\")\n";
    check_script(
        text,
        expect![[r#"
        CellMagic "%%p0" on 0 sends "print(\"only on rank 0\")\n" from "print(\"only on rank 0\")"
        CellMagic "%%px" sends "print(\"all\")\n" from "print(\"all\")"
        3 local
    "#]],
    );
    check_script(
        "# %%\n%%p0\nx\n# %%\n%alias_magic p0 px\n# %%\n%%p0 -t 1\ny\n",
        expect![[r#"
        CellMagic "%%p0" on 1 sends "y\n" from "y"
        3 local
    "#]],
    );
    check_script(
        "%alias_magic p0 px -p \"--targets 0\"\n%alias_magic both p0 -p=-b\n%p0 x\n# %%\n%%both\nx\n",
        expect![[r#"
            LineMagic "%p0" sends "--targets 0 x" from "%p0 x"
              refused: this magic stands for %px --targets 0: %px takes no options, so the engines would get them as code
            CellMagic "%%both" on 0 sends "x\n" from "x"
            2 local
            Error alias-options at "%p0 x": this magic stands for %px --targets 0: %px takes no options, so the engines would get them as code
        "#]],
    );
    check_script(
        "%alias_magic run px\n%run x = {y}\n%run z\n%alias_magic px time\n%px x\n",
        expect![[r#"
        LineMagic "%run" sends "x = {y}" from "x = {y}"
          refused: this magic stands for %px: IPython fills in {…} and $name on the line of an alias from its own variables; pxlens knows none of them: write %px itself, or the values
        LineMagic "%run" sends "z" from "z"
        3 local
        Hint dynamic-options at "%run x = {y}": this magic stands for %px: IPython fills in {…} and $name on the line of an alias from its own variables; pxlens knows none of them: write %px itself, or the values
    "#]],
    );
    check_script(
        "%alias_magic t timeit\n%alias_magic cfg pxconfig\n%cfg -t 1\n%t -n1 %px x\n# %%\n%%t -n1\n%px y\n",
        expect![[r#"
            Config "%cfg" on 1
            LineMagic "%px" on 1 sends "x" from "x"
            LineMagic "%px" on 1 sends "y" from "y"
            2 local
            Hint measured-once at "%t -n1 %px x": pxlens runs this once; IPython runs it many times to measure it with %timeit
            Hint measured-once at "%px y": pxlens runs this once; IPython runs it many times to measure it with %timeit
        "#]],
    );
    check_script(
        "if a:\n    %alias_magic p0 px\n# %%\n%%p0\nx\n",
        expect![[r#"
        4 local
        Warning conditional-magic at "%alias_magic p0 px": this %alias_magic is in the body of `if a:`, and pxlens cannot tell whether Python reaches it: magics of that name do not run
    "#]],
    );
    check_script(
        "%alias_magic p0 px -p \"--targts 0\"\n# %%\n%%p0\nx\n",
        expect![[r#"
        CellMagic "%%p0" sends "x\n" from "x"
          refused: this magic stands for %%px --targts 0: the options of %%px are wrong: unrecognized arguments: --targts 0
        1 local
        Error options at "%%p0": this magic stands for %%px --targts 0: unrecognized arguments: --targts 0
    "#]],
    );
}

#[test]
fn an_alias_holds_in_the_cells_of_a_notebook_below_it() {
    let cells = recognize_cells(&[
        "%%p0\nx",
        "%alias_magic p0 px -p '-t 0'",
        "%%p0\ny",
        "%autopx",
        "%alias_magic p0 px",
        "%autopx",
        "%%p0\nz",
    ]);
    let shown: Vec<String> = cells
        .iter()
        .map(|cells| {
            let of = |cell: &Placed| format!("{:?} {:?}", cell.kind, cell.targets().unwrap().to_string());
            cells.cells.iter().map(of).collect::<Vec<_>>().join(", ")
        })
        .collect();
    assert_eq!(
        shown,
        [
            "",
            "",
            "CellMagic \"0\"",
            "Autopx \"all\"",
            "AutopxCell \"all\"",
            "Autopx \"all\"",
            "CellMagic \"0\""
        ]
    );
}

#[test]
fn calls_of_the_shell_are_read_in_all_forms() {
    let field = concat!(
        "import ipyparallel as ipp\nrc = ipp.Client()\n\n",
        "get_ipython().magic('px import os')\n",
        "get_ipython().magic(\"px print(os.getpid())\")\n",
        "get_ipython().magic(u'%px y = 2')\n",
        "get_ipython().run_line_magic('px', 'z = 3')\n",
        "get_ipython().run_cell_magic(u'px', u'', u'print(z)')\n",
        "get_ipython().run_cell_magic('px', '--targets :-1', '    print(z)')\n",
        "get_ipython().run_cell_magic('px', '',\n\"\"\"\nw = 4\nprint(w)\n\"\"\")\n",
        "if rc is not None:\n    get_ipython().magic('px %reset -f')\n",
    );
    check_script(
        field,
        expect![[r#"
        LineMagic "px" sends "z = 3" from "z = 3"
        CellMagic "px" sends "print(z)" from "print(z)"
        CellMagic "px" on :-1 sends "    print(z)" from "    print(z)"
        CellMagic "px" sends "\nw = 4\nprint(w)\n" from "" "w = 4" "print(w)"
        7 local
        Error magic-call at "get_ipython().magic('px import os')": IPython 9 has no get_ipython().magic(): write get_ipython().run_line_magic('px', …)
        Error magic-call at "get_ipython().magic(\"px print(os.getpid())\")": IPython 9 has no get_ipython().magic(): write get_ipython().run_line_magic('px', …)
        Error magic-call at "get_ipython().magic(u'%px y = 2')": IPython 9 has no get_ipython().magic(): write get_ipython().run_line_magic('px', …)
        Error magic-call at "get_ipython().magic('px %reset -f')": IPython 9 has no get_ipython().magic(): write get_ipython().run_line_magic('px', …)
    "#]],
    );
    check_script(
        "ip = get_ipython()\nip.run_line_magic('px', 'a')\nx = ip.run_line_magic(line='b', magic_name='px')\n\
         ip.run_cell('%px c')\nip.run_cell('%%px -t 0\\nd\\n')\nip = 1\nip.run_line_magic('px', 'e')\n",
        expect![[r#"
            LineMagic "px" sends "a" from "a"
            LineMagic "px" sends "b" from "b"
            LineMagic "%px" sends "c" from "c"
            CellMagic "%%px" on 0 sends "d\n" from "d"
            3 local
            Warning unread-call at "ip.run_line_magic('px', 'e')": pxlens does not run px where it is called inside of another statement, or by an object that pxlens does not know; write %px on a line of its own
        "#]],
    );
    check_script(
        "get_ipython().run_line_magic('time', '%px x')\nget_ipython().run_cell_magic('time', '', '%px y\\n')\n\
         %time get_ipython().run_line_magic('px', 'z')\n",
        expect![[r#"
            LineMagic "%px" sends "x" from "x"
            LineMagic "%px" sends "y" from "y"
            LineMagic "px" sends "z" from "z"
        "#]],
    );
    check_script(
        "get_ipython().run_line_magic('px', code)\nget_ipython().run_cell('x = 1\\n%px x')\nif a:\n    ip = get_ipython()\n\
         ip.run_line_magic('px', 'a')\nget_ipython().run_cell(f'%px {x}')\nget_ipython().run_cell('x = 1')\n",
        expect![[r#"
            7 local
            Warning unread-call at "get_ipython().run_line_magic('px', code)": pxlens cannot read what this run_line_magic gives to px, and does not run it: only plain strings are read
            Warning unread-call at "get_ipython().run_cell('x = 1\\n%px x')": pxlens cannot read which px magics this call runs, and does not run it: only a plain string with a single magic in it is read
            Warning unread-call at "ip.run_line_magic('px', 'a')": pxlens does not run px where it is called inside of another statement, or by an object that pxlens does not know; write %px on a line of its own
            Warning unread-call at "get_ipython().run_cell(f'%px {x}')": pxlens cannot read which px magics this call runs, and does not run it: only a plain string with a single magic in it is read
        "#]],
    );
}

#[test]
fn the_shell_and_its_aliases_hold_in_the_cells_below() {
    let cells = recognize_cells(&[
        "ip = get_ipython()",
        "ip.run_line_magic('px', 'a')",
        "ip = 1",
        "ip.run_line_magic('px', 'b')",
    ]);
    let counts: Vec<usize> = cells.iter().map(|cells| cells.cells.len()).collect();
    assert_eq!(counts, [0, 1, 0, 0]);
}

#[test]
fn the_shell_goes_by_other_names() {
    for (before, shell) in [
        ("import IPython", "IPython.get_ipython()"),
        ("import IPython.core.getipython as g", "g.get_ipython()"),
        ("sh = IPython.get_ipython()", "sh"),
        ("sh = IPython.core.getipython.get_ipython();  # it", "sh"),
        ("from IPython import get_ipython as gi", "gi()"),
        ("from IPython.core.getipython import (a, get_ipython as gi)  # it", "gi()"),
        ("from IPython import get_ipython as gi\nsh = gi()", "sh"),
        ("from IPython.core.getipython import get_ipython\nsh = get_ipython()", "sh"),
    ] {
        let cell = format!(
            "{before}\n{shell}.run_line_magic('px', 'a')\nx = {shell}.run_line_magic('px', 'b')\n\
             {shell}.run_cell_magic('px', '-t 0', 'c')\n"
        );
        let sent = |cells: Vec<Cells>| {
            let codes = cells.iter().flat_map(|cells| &cells.cells).map(|cell| cell.code.to_string());
            codes.collect::<Vec<_>>().join(";")
        };
        assert_eq!(sent(recognize_cells(&[&cell])), "a;b;c", "{cell}");
        let (first, rest) = cell.split_at(cell.rfind(&format!("\n{shell}.run_line")).unwrap());
        assert_eq!(sent(recognize_cells(&[first, rest])), "a;b;c", "{cell}");
        let nested = format!("{before}\nprint({shell}.run_line_magic('px', 'a'))");
        let problems: usize = recognize_notebook(&[&nested])
            .iter()
            .flat_map(|(_, problems)| problems)
            .filter(|problem| problem.rule.code() == "unread-call" || problem.message.contains("inside"))
            .count();
        assert_eq!(problems, 1, "{nested}");
    }
    for (before, calls, expected) in [
        ("run = get_ipython().run_line_magic", "run('px', 'a')\nx = run('px', 'b')", "a;b"),
        ("ip = get_ipython()\nrun = ip.run_cell_magic", "run('px', '-t 0', 'a')", "a"),
        ("run = get_ipython().run_cell", "run('%px a')", "a"),
        ("run = get_ipython().run_line_magic\nrun = print", "run('px', 'a')", ""),
        ("run = get_ipython().run_line_magic\ndef run(*it): pass", "run('px', 'a')", ""),
        ("run = other.run_line_magic", "run('px', 'a')", ""),
        ("if x:\n    run = get_ipython().run_line_magic", "run('px', 'a')", ""),
        ("run = get_ipython().run_line_magic", "run('time', 'a')\nprint('px', 'a')", ""),
    ] {
        let sent = |cells: Vec<Cells>| {
            let codes = cells.iter().flat_map(|cells| &cells.cells).map(|cell| cell.code.to_string());
            codes.collect::<Vec<_>>().join(";")
        };
        assert_eq!(sent(recognize_cells(&[&format!("{before}\n{calls}")])), expected, "{before}");
        assert_eq!(sent(recognize_cells(&[before, calls])), expected, "{before}");
    }
    for lost in ["gi = other", "def gi(): pass", "from x import gi", "for gi in x: pass", "del gi"] {
        let cell = format!("from IPython import get_ipython as gi\n{lost}\ngi().run_line_magic('px', 'a')");
        assert_eq!(recognize_cells(&[&cell])[0].cells.len(), 0, "{lost}");
    }
    for other in [
        "x.gi().run_line_magic('px', 'a')",
        "f(1).run_line_magic('px', 'a')",
        "x.get_ipython.run_line_magic('px', 'a')",
    ] {
        let cell = format!("from IPython import get_ipython as gi\n{other}");
        assert_eq!(recognize_cells(&[&cell])[0].cells.len(), 0, "{other}");
    }
}

#[test]
fn lines_of_an_old_notebook_are_joined_as_its_format_says() {
    let two = r#"{"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": ["%%px", "a = 1", "b"]}]}]}"#;
    let three = r#"{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "source": ["T"]},
        {"cell_type": "code", "input": ["%px a = 1"]}, {"cell_type": "code", "input": ["%%px\n", "print(a)"]}]}]}"#;
    check(
        Dialect::NotebookJson,
        two,
        expect![[r#"
        CellMagic "%%px" in 0 sends "a = 1\nb\n" from "a = 1" "b"
    "#]],
    );
    check(
        Dialect::NotebookJson,
        three,
        expect![[r#"
        LineMagic "%px" in 1 sends "a = 1" from "a = 1"
        CellMagic "%%px" in 2 sends "print(a)\n" from "print(a)"
    "#]],
    );
    // nbformat goes by the first line of a cell of version 3.
    let bare = three.replace(r#"["%px a = 1"]"#, r#"["import os", "%px a = 1", "%px b = 1"]"#);
    check(
        Dialect::NotebookJson,
        &bare,
        expect![[r#"
            LineMagic "%px" in 1 sends "a = 1" from "a = 1"
            LineMagic "%px" in 1 sends "b = 1" from "b = 1"
            CellMagic "%%px" in 2 sends "print(a)\n" from "print(a)"
            1 local
        "#]],
    );
}

#[test]
fn sync_imports_binds_what_ipyparallel_binds() {
    let si2 = "import ipyparallel as ipp\nrc = ipp.Client()\n# %%\nwith rc[:].sync_imports():\n    from os import path as p\n# %%\n%px p = path\n";
    check_script(
        si2,
        expect![[r#"
        SyncImports "sync_imports" sends "from os import path\n" from "from os import path"
        LineMagic "%px" sends "p = path" from "p = path"
        2 local
        Warning import-alias at "path as p": sync_imports ignores `as p` on the engines, which get `path`; below the block, %px from os import path as p gives them `p`
    "#]],
    );
    check_script(
        "with rc[:].sync_imports():\n    import numpy as np, os as os, sys\n    from a import (b as c,  # as d\n        e)\n    \
         import os.path as p, re; print(1); from . import x; import json as j\n%px import numpy as np\n",
        expect![[r#"
            SyncImports "sync_imports" sends "import numpy, os, sys\nfrom a import (b,  # as d\n    e)\nglobals()[\"os.path\"] = __import__(\"os.path\", fromlist=[\"\"]); import re; import json\n" from "import numpy as np, os as os, sys" "from a import (b as c,  # as d" "    e)" "import os.path as p, re; print(1); from . import x; import json"
            LineMagic "%px" sends "import numpy as np" from "import numpy as np"
            Warning import-alias at "b as c": sync_imports ignores `as c` on the engines, which get `b`; below the block, %px from a import b as c gives them `c`
            Warning import-alias at "os.path as p": sync_imports gives the engines no name for this module; below the block, %px import os.path as p does
            Warning import-alias at "json as j": sync_imports ignores `as j` on the engines, which get `json`; below the block, %px import json as j gives them `j`
        "#]],
    );
    check_script(
        "with rc[:].sync_imports(): import numpy as np\n",
        expect![[r#"
        SyncImports "sync_imports" sends "import numpy\n" from "import numpy"
        Warning import-alias at "numpy as np": sync_imports ignores `as np` on the engines, which get `numpy`; below the block, %px import numpy as np gives them `np`
    "#]],
    );
    check_script(
        "with rc[::2].sync_imports():\n    from m import *\n",
        expect![[r#"
        SyncImports "sync_imports" on ::2 sends "" from ""
          refused: sync_imports cannot import *: ipyparallel fails on the engines, which have no attribute of that name; write %px from … import * below the block
        Error import-alias at "from m import *": sync_imports cannot import *: ipyparallel fails on the engines, which have no attribute of that name; write %px from … import * below the block
    "#]],
    );
}

#[test]
fn two_words_are_told_from_code() {
    check_script(
        "%px config --targets 0:2\n%px print('hi')\n",
        expect![[r#"
        LineMagic "%px" sends "config --targets 0:2" from "config --targets 0:2"
        LineMagic "%px" sends "print('hi')" from "print('hi')"
        Warning magic-in-two-words at "%px config": %px config sends `config` to the engines as code; %pxconfig is one word
    "#]],
    );
    check_script(
        "%px result\n%px config = 1\n%px result.x\n%px_a result -e\n",
        expect![[r#"
        LineMagic "%px" sends "result" from "result"
        LineMagic "%px" sends "config = 1" from "config = 1"
        LineMagic "%px" sends "result.x" from "result.x"
        LineMagic "%px_a" sends "result -e" from "result -e"
          refused: no view with the suffix '_a' is known, so pxlens cannot tell which engines %px_a means; activate one above, with view.activate('_a'), or name its targets in the setting pxlens.views
        Hint magic-in-two-words at "%px result": %px result sends `result` to the engines as code; %pxresult is one word
        Error unknown-view at "%px_a": no view with the suffix '_a' is known, so pxlens cannot tell which engines %px_a means; activate one above, with view.activate('_a'), or name its targets in the setting pxlens.views
        Warning magic-in-two-words at "%px_a result": %px result sends `result` to the engines as code; %pxresult is one word
    "#]],
    );
    check_cell(
        "%%px config --noblock\n",
        expect![[r#"
        CellMagic "%%px" sends "" from ""
          refused: the options of %%px are wrong: unrecognized arguments: config
        Warning magic-in-two-words at "%%px config": %pxconfig is one word with one percent sign
        Error empty-body at "%%px config --noblock": %%px has no body: write code below it, or use %px for a single line
        Error options at "config": unrecognized arguments: config
    "#]],
    );
}
