//! What is sent, where the code around the px magics decides that in a way of its own.

use super::*;

/// What runs with all cells of a script, each with its targets; and the codes of what is said.
fn sent(text: &str) -> (String, String) {
    let (cells, problems) = lint::recognize(text, Dialect::Script, &Arc::default()).unwrap();
    let sends = |cell: &&Placed| cell.kind.sends() && cell.suite.is_none() && cell.refusal().is_none();
    let shown = cells.cells.iter().filter(sends).map(|cell| match cell.targets() {
        Ok(targets) => format!("{} on {targets}", cell.code.trim()),
        Err(_) => format!("{} on no targets", cell.code.trim()),
    });
    let codes = problems.iter().map(|problem| problem.rule.code());
    let codes: Vec<&str> = codes.filter(|code| *code != "comment-is-marker").collect();
    (shown.collect::<Vec<_>>().join("; "), codes.join(" "))
}

fn check_sent(table: &[(&str, &str, &str)]) {
    for (text, expected, said) in table {
        assert_eq!(sent(text), ((*expected).to_owned(), (*said).to_owned()), "{text}");
    }
}

const HEADER: &str = "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n\
                      #       format_name: percent\n# ---\n\n";

#[test]
fn what_stands_below_a_toggle_in_its_cell_is_run_here() {
    check_sent(&[
        ("# %%\n%autopx\n%pxconfig --targets 0\n\n# %%\na = 1\n\n# %%\n%autopx\n", "a = 1 on 0", ""),
        // The region goes by the view that it began with, as with IPython.
        (
            "# %%\n%autopx\nrc[1].activate()\n\n# %%\na = 1\n\n# %%\n%autopx\n\n# %%\n%px b\n",
            "a = 1 on all; b on 1",
            "",
        ),
    ]);
}

#[test]
fn the_body_of_a_local_px_cell_is_run_here_too() {
    for (body, b, said) in [
        ("import os\nx = os.getpid()", "b on all", ""),
        ("rc[0].activate()", "b on 0", ""),
        ("v = rc[:]\nv.activate()\nv.targets = 1", "b on 1", ""),
        ("%pxconfig --targets 0", "b on no targets", "unread-call unread-view"),
        ("get_ipython().run_line_magic('pxconfig', '-t 0')", "b on no targets", "unread-call unread-view"),
        ("%alias_magic px time", "", ""),
        ("@register_line_magic\ndef px(line):\n    pass", "", "own-magic"),
        ("%px a = 1", "b on all", "unread-call"),
        ("def f(:\nrc[0].activate()", "b on all", ""),
    ] {
        for (begin, escape) in
            [("%%px --local\n", ""), ("%%px -t 1 --local\n", ""), ("# %%px --local\n", "# ")]
        {
            if !escape.is_empty() && body.contains('%') {
                continue; // beside it, comments do not count
            }
            let header = if escape.is_empty() { "" } else { HEADER };
            let text = format!("{header}# %%\n{begin}{body}\n\n# %%\n{escape}%px b\n");
            let (found, problems) = sent(&text);
            let found = found.split("; ").filter(|found| found.starts_with("b on")).collect::<String>();
            assert_eq!((found.as_str(), problems.as_str()), (b, said), "{text}");
        }
    }
    check_sent(&[
        (
            "def f(v):\n    v.activate()\n\n# %%\n%%px --local\nf(rc[0])\n\n# %%\n%px b\n",
            "f(rc[0]) on all; b on no targets",
            "unread-view",
        ),
        (
            "get_ipython().run_cell_magic('px', '--local', 'rc[0].activate()\\n')\n\n%px b\n",
            "rc[0].activate() on all; b on 0",
            "",
        ),
        ("# %%\n%%px\nrc[0].activate()\n\n# %%\n%px b\n", "rc[0].activate() on all; b on all", ""),
    ]);
}

#[test]
fn a_cell_magic_of_any_name_takes_its_body() {
    for magic in ["%%!", "%%! ls", "%%!ls", "%%", "%% time", "%%1", "%%-x", "%%time\n%%!", "%%capture\n%% x"]
    {
        for body in ["%px a", "%autopx", "%pxconfig --targets 0", "rc[0].activate()"] {
            let text = format!("# %%\n{magic}\n{body}\n\n# %%\n%px b\n");
            assert_eq!(sent(&text).0, "b on all", "{text}");
        }
    }
}

#[test]
fn the_body_of_another_cell_magic_in_a_comment_says_nothing_of_views() {
    for (magic, sign) in
        [("# %%bash", "# "), ("# %%script bash", "# "), ("# %%writefile f", "# "), ("# %%of_mine", "# ")]
    {
        let text = format!("{HEADER}# %%\n{magic}\nrc[0].activate()\n\n# %%\n{sign}%px b\n");
        assert_eq!(sent(&text).0, "b on all", "{text}");
    }
    let text = "# %%\n#!%%bash\nrc[0].activate()\n\n# %%\n#!%px b\n";
    assert_eq!(sent(text).0, "b on all", "{text}");
}

#[test]
fn below_a_stub_of_get_ipython_nothing_is_sent() {
    for stub in [
        "def get_ipython(): return Quiet()",
        "def get_ipython():\n    return Quiet()",
        "get_ipython = Mock()",
        "get_ipython = lambda: None",
        "x = get_ipython = Mock()",
        "get_ipython: object = Mock()",
        "from x import y as get_ipython",
        "from x import get_ipython",
        "import quiet as get_ipython",
        "try:\n    def get_ipython(): return Quiet()\nfinally:\n    pass",
        "if QUIET:\n    get_ipython = Mock()",
    ] {
        let text = format!("# %%\n%px a\n\n# %%\n{stub}\n\n# %%\n%px b\n\n# %%\n%%px\nc\n");
        assert_eq!(sent(&text), ("a on all".to_owned(), "own-magic".to_owned()), "{text}");
    }
    for other in [
        "from IPython import get_ipython",
        "from IPython.core.getipython import get_ipython",
        "import IPython; get_ipython = IPython.get_ipython",
        "try:\n    get_ipython()\nexcept NameError:\n    def get_ipython():\n        return Quiet()",
        "if 'get_ipython' not in globals():\n    get_ipython = Mock()",
        "def f():\n    get_ipython = Mock()",
        "f(get_ipython=1)",
        "ip = get_ipython()",
        "x.get_ipython = Mock()",
    ] {
        let text = format!("# %%\n{other}\n\n# %%\n%px b\n");
        assert_eq!(sent(&text), ("b on all".to_owned(), String::new()), "{text}");
    }
}

#[test]
fn match_behind_a_semicolon_is_a_name() {
    for line in [
        "import re; match = re.search('a', 'a')",
        "x = 1; match",
        "x = 1; match.group()",
        "x = 1;match(1)",
        "x = 1; match = 2; match = 3",
        "x = 1; type = 2; case = 3",
    ] {
        assert_eq!(sent(&format!("{line}\n%px a\n")), ("a on all".to_owned(), String::new()), "{line}");
    }
    assert_eq!(sent("x = 1; match x:\n    case 1: pass\n%px a\n").0, "");
}

#[test]
fn what_is_surely_no_magic_ends_its_cell() {
    for line in
        ["% px b", "%", "%PX b", "%%!", "%% px b", "%px-x b", "%px.a b", "%bash", "%capture", "%script bash"]
    {
        assert_eq!(sent(&format!("%px a\n{line}\n%px c\n")).0, "a on all", "{line}");
        assert_eq!(sent(&format!("%px a\n{line}\n%px c\n")).1, "broken-cell", "{line}");
    }
    for line in ["%system ls", "%sx ls", "%mine", "%time x"] {
        assert_eq!(sent(&format!("{line}\n%px c\n")), ("c on all".to_owned(), String::new()), "{line}");
    }
    let own = "@register_line_magic\ndef bash(line):\n    pass\n\n# %%\n%bash\n%px c\n";
    assert_eq!(sent(own), ("c on all".to_owned(), String::new()));
}

#[test]
fn what_compiles_a_body_as_a_whole_runs_all_or_nothing() {
    for (text, expected) in [
        ("%%time\n%px a\nreturn", ""),
        ("%%prun\n%px a\nbreak", ""),
        ("%%capture\n%px a\nreturn", "a on all"),
        ("%%time\n%%capture\n%px a\nreturn", "a on all"),
        ("%%time\n%px a\n(yield)", "a on all"),
        ("%%timeit\n%px a\nawait f()", ""),
        ("%%prun\n%px a\nawait f()", ""),
        ("%%time\n%px a\nasync def f(): await g()", "a on all"),
        ("%%timeit\n%px a\nfrom os import *", ""),
        ("%%timeit\n%px a\nfrom __future__ import annotations", ""),
        ("%%prun\n%px a\nfrom os import *", "a on all"),
    ] {
        assert_eq!(sent(&format!("# %%\n{text}\n")).0, expected, "{text}");
    }
}

#[test]
fn what_a_call_or_a_magic_runs_as_code_says_what_it_says_of_views() {
    for (line, expected) in [
        ("get_ipython().run_cell(\"n = 1\\n%pxconfig --targets 0\")", "b on no targets"),
        ("get_ipython().run_cell('rc[0].activate()')", "b on 0"),
        ("get_ipython().run_cell('n = 1')", "b on all"),
        ("x = %time rc[0].activate()", "b on 0"),
        ("x = %timeit -o rc[0].activate()", "b on no targets"),
        ("x = %time f()", "b on all"),
    ] {
        let text = format!("# %%\n{line}\n\n# %%\n%px b\n");
        assert_eq!(sent(&text).0, expected, "{text}");
    }
}

#[test]
fn what_ends_its_cell_ends_it_for_the_magics_below_it_too() {
    for line in [
        "raise SystemExit",
        "raise ValueError('x')",
        "assert False",
        "assert 0, 'no'",
        "import sys; sys.exit()",
        "sys.exit(1)",
    ] {
        let text = format!("# %%\n%px a\n{line}\n%px b\n\n# %%\n%px c\n");
        assert_eq!(sent(&text), ("a on all; c on all".to_owned(), "broken-cell".to_owned()), "{text}");
    }
    for line in ["if x: raise SystemExit", "def f():\n    raise E", "assert x", "assert 1", "exit()"] {
        assert_eq!(sent(&format!("{line}\n%px b\n")), ("b on all".to_owned(), String::new()), "{line}");
    }
}

#[test]
fn a_called_magic_goes_by_its_exact_name() {
    for call in
        ["run_line_magic('px ', 'a')", "run_line_magic('%px', 'a')", "run_cell_magic('%%px', '', 'a')"]
    {
        assert_eq!(sent(&format!("get_ipython().{call}\n%px b\n")).0, "", "{call}");
    }
}

#[test]
fn an_alias_of_a_magic_that_runs_its_body_runs_it() {
    for (magic, body, expected) in [
        ("capture", "%px a", "a on all; b on all"),
        ("time", "%px a", "a on all; b on all"),
        ("time", "rc[0].activate()", "b on 0"),
        ("timeit", "rc[0].activate()", "b on no targets"),
        ("bash", "rc[0].activate()", "b on all"),
    ] {
        let text = format!("# %%\n%alias_magic -c q {magic}\n\n# %%\n%%q\n{body}\n\n# %%\n%px b\n");
        assert_eq!(sent(&text).0, expected, "{text}");
    }
}
