//! Blocks of Python with magics in them, and the statements that are read out of them.

use std::{fmt::Write, sync::Arc};

use expect_test::{Expect, expect};

use super::*;
use crate::cells::{CellKind, block, found};

/// The statements of a notebook's cell, a line each: the text, and what it does.
fn check(text: &str, expected: Expect) {
    let source = Mapped::plain(text, 0);
    let mut at = 0;
    let lines: Vec<Range<usize>> = text
        .split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            start..start + line.trim_end_matches('\n').len()
        })
        .collect();
    let block = BlockText::cell(&source, &lines);
    let scan = block::scan(block, &Arc::default());
    let mut out = String::new();
    for statement in &scan.statements {
        let maybe = if statement.is_certain { "" } else { "perhaps " };
        writeln!(out, "{:?}: {maybe}{}", &text[statement.range.as_range()], act(&statement.act)).unwrap();
    }
    for found in scan.found.iter().filter(|found| found.kind == CellKind::SyncImports) {
        let found::Imports { view, taken: lines, .. } = found.imports.as_ref().unwrap();
        let place = &text[found.range.as_range()];
        writeln!(out, "{place:?}: {lines} lines import {:?} on {}", found.code.text(), expr(view)).unwrap();
    }
    expected.assert_eq(&out);
}

fn act(act: &Act) -> String {
    match act {
        Act::Bind { names, value } => format!("{} = {}", names.join(" = "), expr(value)),
        Act::Forget(names) => format!("forget {}", names.join(", ")),
        Act::Unset(names) => format!("unset {}", names.join(", ")),
        Act::Evaluate(value) => expr(value),
        Act::Import(names) => {
            let name = |(name, from): &(Box<str>, Imported)| format!("{name}: {from:?}");
            format!("from {}", names.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        Act::SetBlock { object, value } => format!("{}.block = {}", expr(object), expr(value)),
        Act::SetTargets { object, value } => format!("{}.targets = {}", expr(object), expr(value)),
        Act::BeginFlags { call, .. } => format!("with {}", expr(call)),
        Act::EndFlags { object } => format!("end of the flags of {}", expr(object)),
        Act::Configure { suffix } => format!("configures {suffix:?}"),
        Act::Set(magic) => format!("set {}", magic.suffix),
        Act::Define { name, acts } => {
            format!("{name} does {}", acts.iter().map(self::act).collect::<Vec<_>>().join(", "))
        }
    }
}

fn expr(value: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(expr).collect::<Vec<_>>().join(", ");
    match value {
        Expr::Name(name) => name.to_string(),
        Expr::Int(number) => number.to_string(),
        Expr::Bool(bool) => bool.to_string(),
        Expr::None => "None".to_owned(),
        Expr::Text(text) => format!("{text:?}"),
        Expr::Sequence(items) => format!("[{}]", list(items)),
        Expr::Slice(parts) => parts.iter().map(expr).collect::<Vec<_>>().join(":"),
        Expr::Subscript(parts) => format!("{}[{}]", expr(&parts[0]), expr(&parts[1])),
        Expr::Attribute(object, name) => format!("{}.{name}", expr(object)),
        Expr::Call(call) => {
            let keywords: String =
                call.keywords.iter().map(|(name, value)| format!(" {name}={}", expr(value))).collect();
            format!("{}({}{keywords})", expr(&call.function), list(&call.arguments))
        }
        Expr::Made => "a text".to_owned(),
        Expr::Other => "?".to_owned(),
    }
}

#[test]
fn views_are_made_in_many_ways() {
    check(
        "rc = ipp.Client(profile='x')\neven, odd = rc[::2], rc[1::2]\na = b = rc[0, 2]; a.block = True\n\
         v: ipp.DirectView = rc.direct_view([0, -1])  # all\nv.targets = rc.ids[:2]\nx = rc[n]\nn = 2\n",
        expect![[r#"
            "rc = ipp.Client(profile='x')": rc = ipp.Client( profile="x")
            "even, odd = rc[::2], rc[1::2]": even = rc[None:None:2]
            "even, odd = rc[::2], rc[1::2]": odd = rc[1:None:2]
            "a = b = rc[0, 2]": a = b = rc[[0, 2]]
            "a.block = True": a.block = true
            "v: ipp.DirectView = rc.direct_view([0, -1])": v = rc.direct_view([0, -1])
            "v.targets = rc.ids[:2]": v.targets = rc.ids[None:2:None]
            "x = rc[n]": x = rc[n]
            "n = 2": n = 2
        "#]],
    );
}

#[test]
fn what_cannot_matter_is_passed_over_or_forgotten() {
    check(
        "import os\nfrom setup import rc, dv as view\nx = f(1)\ny += 1\nd['k'] = rc\nobj.size = 3\nprint(x)\nfor c in (1, 2):\n    pass\n\
         'rc.activate()'\n# rc.activate()\ndel c, d[0]\ndef rc(): pass\nactivate\n",
        expect![[r#"
            "import os": forget os
            "import os": from os: Elsewhere
            "from setup import rc, dv as view": unset rc, view
            "from setup import rc, dv as view": from rc: Elsewhere, view: Elsewhere
            "x = f(1)": forget x, y, c
            "del c, d[0]": unset c
            "def rc(): pass": forget rc
        "#]],
    );
}

#[test]
fn statements_in_functions_loops_and_conditions_may_or_may_not_happen() {
    check(
        "if fast:\n    even = rc[::2]\n    even.activate('_even')\nelse: odd.activate('_odd')\ndef f():\n    dv.block = False\n    dv.activate('_f')\n\
         for i in range(4):\n    rc[i].activate('_' + str(i))\n[v.activate('_all') for v in views]\nafter = rc[0]\n",
        expect![[r#"
            "even = rc[::2]": perhaps even = rc[None:None:2]
            "even.activate('_even')": perhaps even.activate("_even")
            "odd.activate('_odd')": perhaps odd.activate("_odd")
            "def f():": forget f
            "dv.block = False": perhaps dv.block = false
            "dv.block = False": f does dv.block = false, dv.activate("_f")
            "dv.activate('_f')": perhaps dv.activate("_f")
            "for i in range(4):": forget i
            "rc[i].activate('_' + str(i))": perhaps rc[i].activate(a text)
            "v.activate('_all')": perhaps v.activate("_all")
            "after = rc[0]": after = rc[0]
        "#]],
    );
}

#[test]
fn with_try_and_main_are_read_as_if_outside() {
    check(
        "if __name__ == '__main__':\n    with ipp.Cluster(n=4) as rc:\n        rc[:].activate('_a')\n        try:\n            b = rc[1]\n\
         \x20       except KeyError as error:\n            b = rc[2]\n        else:\n            b.activate('_b')\n        finally:\n            b.block = True\n",
        expect![[r#"
            "ipp.Cluster(n=4) as rc": rc = ipp.Cluster( n=4).__enter__()
            "rc[:].activate('_a')": rc[None:None:None].activate("_a")
            "b = rc[1]": b = rc[1]
            "except KeyError as error:": forget error
            "b = rc[2]": perhaps b = rc[2]
            "b.activate('_b')": b.activate("_b")
            "b.block = True": b.block = true
        "#]],
    );
}

#[test]
fn magics_that_are_no_python_hide_nothing() {
    check(
        "even = rc[::2]\n%px print(\"it's\neven.activate('_even')\n!awk '{print $1\n%px s = '''\nodd = rc[1::2]\n%time (\nx = !ls (\n\
         odd.activate('_odd')\neven = %px 1\ns = '''\n%px odd.activate('_no')\n'''\nt = ('%d'\n  % 1)\nrc.activate(0, '0')\n",
        expect![[r#"
            "even = rc[::2]": even = rc[None:None:2]
            "even.activate('_even')": even.activate("_even")
            "odd = rc[1::2]": odd = rc[1:None:2]
            "x = !ls (": forget x
            "odd.activate('_odd')": odd.activate("_odd")
            "even = %px 1": forget even
            "s = '''\n%px odd.activate('_no')\n'''": s = "\n%px odd.activate('_no')\n"
            "s = '''\n%px odd.activate('_no')\n'''": perhaps s does ?.activate( targets=?)
            "t = ('%d'\n  % 1)": t = a text
            "rc.activate(0, '0')": rc.activate(0, "0")
        "#]],
    );
    check("%%bash\nrc.activate('_a')\n", expect![[""]]);
    check("%%px\nrc.activate('_a')\n", expect![[""]]);
    check(
        "\n%%time\nrc.activate(0, '_a')\n",
        expect![[r#"
            "rc.activate(0, '_a')": rc.activate(0, "_a")
        "#]],
    );
}

#[test]
fn a_broken_statement_hides_no_other() {
    check(
        "even = rc[::2\nodd = rc[1]\n]\nx = = 1\neven.activate(\n'_even')\n",
        expect![[r#"
            "even = rc[::2": forget even, odd, x
            "even.activate(\n'_even')": even.activate("_even")
        "#]],
    );
}

#[test]
fn imports_for_engines_are_taken_without_their_aliases() {
    check(
        "with rc[:].sync_imports():\n    # both\n    import numpy as np, os\n    from os import (\n        path,\n        sep)\n    x = 1\n    from . import mine\n\
         print(1)\nwith dv.sync_imports(quiet=True): import re; import sys\nwith view.importer:\n  import json\nwith rc[:].sync_imports():\n    pass\n\
         def f():\n  with dv.sync_imports():\n    import os\n",
        expect![[r#"
            "import numpy as np, os": forget np, os
            "import numpy as np, os": from np: Elsewhere, os: Elsewhere
            "from os import (\n        path,\n        sep)": unset path, sep
            "from os import (\n        path,\n        sep)": from path: Elsewhere, sep: Elsewhere
            "x = 1": x = 1
            "from . import mine": unset mine
            "import json": forget json
            "import json": from json: Elsewhere
            "def f():": forget f
            "with rc[:].sync_imports():\n    # both\n    import numpy as np, os\n    from os import (\n        path,\n        sep)": 5 lines import "import numpy, os\nfrom os import (\n    path,\n    sep)\n" on rc[None:None:None]
            "with dv.sync_imports(quiet=True): import re; import sys": 1 lines import "import re\nimport sys\n" on dv
            "with view.importer:\n  import json": 2 lines import "import json\n" on view
            "with dv.sync_imports():\n    import os": 2 lines import "import os\n" on dv
        "#]],
    );
}
