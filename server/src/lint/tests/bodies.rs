//! Quick fixes in the code that is sent, in raw notebooks, and in any text.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[test]
fn python_2_becomes_python_3() {
    check_fix(
        "%px print 'hi'\n",
        expect![[r#"
        old-print
          Write print(…): "%px print('hi')\n"
    "#]],
    );
    check_fix(
        "%%px --targets ::2\nprint \"I am even\"\nif x:\n    print ev, ; y # ev\n",
        expect![[r#"
        old-print
          Write print(…): "%%px --targets ::2\nprint(\"I am even\")\nif x:\n    print ev, ; y # ev\n"
        old-print
          Write print(…): "%%px --targets ::2\nprint \"I am even\"\nif x:\n    print(ev, end=' ') ; y # ev\n"
    "#]],
    );
    check_fix(
        "print 'a; # b', (1,\n2)\nprint (1)\nprint in x\nprint -1\nprint\nprint = 1\n%px x\n",
        expect![[r#"
            broken-cell
        "#]],
    );
    check_fix("s = '''\nprint a\n'''\nprinted(a)\n%px x\n", expect![[""]]);
    check_fix(
        "s = '''\nprint a\n'''\nprinted a\n%px x\n",
        expect![[r#"
            broken-cell
        "#]],
    );
    check_fix("%%px\n%%bash\nprint a\n", expect![[""]]);
    check_fix("print a\n", expect![[""]]);
}

#[test]
fn the_old_package_becomes_the_new_one() {
    check_fix(
        "from IPython.parallel import Client\n%px x\n",
        expect![[r#"
        old-import
          Write ipyparallel: "from ipyparallel import Client\n%px x\n"
    "#]],
    );
    check_fix(
        "%%px\nimport IPython.parallel as p\nfrom IPython.parallel.util import x\n",
        expect![[r#"
        old-import
          Write ipyparallel: "%%px\nimport ipyparallel as p\nfrom IPython.parallel.util import x\n"
        old-import
          Write ipyparallel: "%%px\nimport IPython.parallel as p\nfrom ipyparallel.util import x\n"
    "#]],
    );
    check_fix(
        "from IPython import parallel\nfrom IPython.parallels import x\n%px x\n",
        expect![[r#"
        old-import
          Write import ipyparallel as parallel: "import ipyparallel as parallel\nfrom IPython.parallels import x\n%px x\n"
    "#]],
    );
}

#[test]
fn fixes_in_raw_notebooks_keep_the_json() {
    let notebook = |source: &str| format!(r#"{{"cells": [{{"cell_type": "code", "source": {source}}}]}}"#);
    let json =
        |source: &str, expected: Expect| check_dialect(Dialect::NotebookJson, &notebook(source), expected);
    json(
        r##"["# \"why\"\n", "%%px --targets 0\n", "x"]"##,
        expect![[r#"
        misplaced-cell-magic
          Move %%px to the first line of its cell: "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%%px --targets 0\\n# \\\"why\\\"\\n\", \"\", \"x\"]}]}"
    "#]],
    );
    json(
        r#""%px a = ('\"',\nb)""#,
        expect![[r#"
            open-bracket
              Make it a %%px cell: "{\"cells\": [{\"cell_type\": \"code\", \"source\": \"%%px\\na = ('\\\"',\\nb)\"}]}"
              End the lines with backslashes: "{\"cells\": [{\"cell_type\": \"code\", \"source\": \"%px a = ('\\\"', \\\\\\nb)\"}]}"
            broken-cell
        "#]],
    );
    json(
        r#"["%px --block print(\"\u00e9\")"]"#,
        expect![[r#"
        options-on-line
          Make it a %%px cell: "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%%px --block\\nprint(\\\"é\\\")\"]}]}"
          Leave the options out: "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%px print(\\\"\\u00e9\\\")\"]}]}"
    "#]],
    );
    json(
        r#"["%%px --targets \"[0, 2]\"\n", "print \"a\\n\"\n"]"#,
        expect![[r#"
        targets
          Write 0,2: "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%%px --targets 0,2\\n\", \"print \\\"a\\\\n\\\"\\n\"]}]}"
        old-print
          Write print(…): "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"%%px --targets \\\"[0, 2]\\\"\\n\", \"print(\\\"a\\\\n\\\")\\n\"]}]}"
    "#]],
    );
    json(
        r#"["%autopx"]"#,
        expect![[r#"
        open-autopx
    "#]],
    );
}

/// Lines of cells with something wrong in them, in any order.
fn wrong_lines() -> impl Strategy<Value = String> {
    let lines = [
        "%%px --targts 0",
        "%%px --targets \"[0, 2]\"",
        "  %%px -t 0-2",
        "%%px --stream -a",
        "%%px",
        "%%px a = \"é\\n\"",
        "# \"why\" \\",
        "# %%px",
        "#!%%px -t ALL",
        "%px --block x = '\\t'",
        "%px a = (\"1\",",
        "x = %px [",
        "2)]",
        "%px print \"😀\", ",
        "print 'a', b",
        "from IPython.parallel import Client",
        "%autopx",
        "%%pxresult --group-outputs typ",
        "%pxconfig --no",
        "# %%",
        "s = '''",
        "'''",
        "",
        "get_ipython().run_cell_magic('px', '--targts 0', 'print x\\n')",
    ];
    let ends = prop::sample::select(vec!["\n", "\r\n"]);
    (prop::collection::vec(prop::sample::select(lines.to_vec()), 1..8), ends)
        .prop_map(|(lines, end)| lines.iter().flat_map(|line| [*line, end]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_fix_is_whole_wherever_it_is_offered(source in wrong_lines(), lines in any::<bool>()) {
        let json = match lines {
            true => serde_json::json!(source.split_inclusive('\n').collect::<Vec<_>>()),
            false => serde_json::json!(source),
        };
        let cells = serde_json::json!([{ "cell_type": "code", "source": json }]);
        let json = serde_json::json!({ "cells": cells }).to_string();
        for (dialect, text) in [
            (Dialect::Script, &source),
            (Dialect::NotebookCell, &source),
            (Dialect::NotebookJson, &json),
        ] {
            let problems = problems_in(text, dialect);
            for problem in &problems {
                for fix in &problem.fixes {
                    let fixed = applied(text, fix);
                    let left = recognize(&fixed, dialect, &Arc::default());
                    prop_assert!(left.is_ok(), "{} of {text:?} gives {fixed:?}", fix.title);
                }
            }
        }
    }
}
