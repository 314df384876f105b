//! Python that may set targets, activate views, run magics or define them by ways that pxlens does not read: what goes by
//! them below does not run, and something says so.

use super::*;

/// What is sent where all cells are run, with its engines if those are not all, and the codes of the problems.
fn sent(texts: &[&str]) -> (String, Vec<&'static str>) {
    let all = recognize_notebook(texts);
    let mut out = Vec::new();
    for cell in all.iter().flat_map(|(cells, _)| &cells.cells) {
        if !cell.kind.sends() || cell.suite.is_some() || cell.refusal().is_some() {
            continue;
        }
        match cell.targets() {
            Ok(Targets::All) => out.push(cell.code.trim().to_owned()),
            Ok(targets) => out.push(format!("{} on {targets}", cell.code.trim())),
            Err(_) => {}
        }
    }
    let codes = all.iter().flat_map(|(_, problems)| problems).map(|problem| problem.rule.code());
    (out.join("; "), codes.collect())
}

#[test]
fn what_may_set_the_targets_leaves_them_unknown() {
    for cell in [
        "get_ipython().ex('rc[0].activate()')",
        "get_ipython().ev('rc[0].activate()')",
        "eval('rc[0].activate()')",
        "code = 'rc[0].activate()'\nexec(code)",
        "code = '''\nrc[0].activate()\n'''\nprint(1)\nexec(code)",
        "code = \"get_ipython().run_line_magic('pxconfig', '-t 0')\"\nexec(code)",
        "exec(\"get_ipython().run_line_magic('pxconfig', '-t 0')\")",
        "get_ipython().find_line_magic('pxconfig')('--targets 0')",
        "get_ipython().find_magic('pxconfig', 'line')('--targets 0')",
        "get_ipython().find_line_magic(name)('--targets 0')",
        "f = get_ipython().find_line_magic\nf('pxconfig')('-t 0')",
        "f = get_ipython().find_line_magic('pxconfig')\nf('-t 0')",
        "get_ipython().run_cell(''.join(['%pxconfig', ' -t 0']))",
        "get_ipython().run_cell(code)",
        "get_ipython().run_cell('n = 1\\n%pxconfig -t 0')",
        "r = print(get_ipython().run_cell('n = 1\\n%pxconfig -t 0'))",
        "get_ipython().run_line_magic(name, '-t 0')",
        "get_ipython().run_line_magic(*args)",
        "list(map(get_ipython().run_line_magic, ['pxconfig'], ['-t 0']))",
        "getattr(get_ipython(), 'run_line_magic')('pxconfig', '-t 0')",
        "d = {'s': get_ipython()}\nd['s'].run_line_magic('pxconfig', '-t 0')",
        "InteractiveShell.instance().run_line_magic('pxconfig', '-t 0')",
        "sh = shell_of_somebody\nsh.run_line_magic('pxconfig', '-t 0')",
        "get_ipython().magics_manager.magics['line']['pxconfig']('-t 0')",
        "ip.register_magics(ParallelMagics(ip, rc[0]))",
        "m = get_ipython().magics_manager.registry['ParallelMagics']\nm.view = rc[0]",
        "get_ipython().find_line_magic('px').__self__.view = rc[0]",
        "view = rc.activate\nview([0])",
        "def f(x=rc[0].activate()[0]): pass",
        "for v.targets in [1]: pass",
        "[0 for v.targets in [1]]",
        "x = !echo {rc[0].activate()[0]}",
        "%rerun 1",
        "%macro again 1\nagain",
        "!echo {v.set_flags(targets=x)}",
    ] {
        let (sent, codes) = sent(&["v = rc[[0, 1]]\nv.activate()", cell, "%px b = 1"]);
        assert_eq!(sent, "", "{cell}");
        assert!(codes.contains(&"unread-view"), "{codes:?} of {cell}");
    }
}

#[test]
fn code_that_runs_no_px_magic_leaves_all_as_it_is() {
    for cell in [
        "exec('x = 1')",
        "code = open('a.py').read()\nexec(code)",
        "get_ipython().run_cell('x = 1')",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "get_ipython().run_line_magic('matplotlib', backend)",
        "def run(code):\n    get_ipython().run_cell(code)",
        "def run(name, line):\n    return get_ipython().run_line_magic(name, line)",
        "get_ipython().find_line_magic('time')('x = 1')",
        "print('find_line_magic')",
        "# get_ipython().find_line_magic('pxconfig')('-t 0')",
        "s = \"get_ipython().find_line_magic('p')\"",
        "client.run_cell(code)",
        "for t in v.targets:\n    print(t)",
        "[t for t in v.targets if t in x]",
        "x = !echo {y}",
        "def f(x=1): pass",
        "f = rc.ids",
        "get_ipython().run_cell('%%time\\nx = 1')",
        "register_ = 'x = 1'",
        "conda = 'conda activate base'",
    ] {
        let (sent, codes) = sent(&["v = rc[[0, 1]]\nv.activate()", cell, "%px b = 1"]);
        assert_eq!(sent, "b = 1 on [0,1]", "{cell}: {codes:?}");
    }
}

#[test]
fn a_px_magic_that_is_run_by_other_ways_is_told() {
    for cell in [
        "get_ipython().find_cell_magic('px')('', 'a = 1')",
        "get_ipython().find_line_magic('px')('a = 1')",
        "get_ipython().magics_manager.magics['cell']['px']('', 'a = 1')",
        "sh.run_cell_magic('px', '', 'a = 1')",
        "sh.run_cell('%px a = 1')",
    ] {
        let (sent, codes) = sent(&[cell, "%px b = 1"]);
        assert!(sent.is_empty() || sent == "b = 1", "{sent} of {cell}");
        assert!(codes.contains(&"unread-call"), "{codes:?} of {cell}");
    }
    let (sent, codes) = sent(&["%time px a = 1", "%px b = 1"]);
    assert_eq!((sent.as_str(), codes), ("b = 1", vec!["automagic"]));
}

#[test]
fn the_body_of_a_magic_of_the_documents_own_may_be_run() {
    let own = "@register_cell_magic\ndef mg(line, cell):\n    get_ipython().run_cell(cell)";
    let (all, codes) = sent(&[own, "%%mg\n%pxconfig -t 0", "%px b = 1"]);
    assert_eq!((all.as_str(), codes), ("", vec!["unread-call", "unread-view"]));
    let (all, codes) = sent(&[own, "%%mg\nrc[0].activate()", "%px b = 1"]);
    assert_eq!((all.as_str(), codes), ("", vec!["unread-view"]));
    let (all, codes) = sent(&[own, "%%mg\n%px a = 1", "%px b = 1"]);
    assert_eq!((all.as_str(), codes), ("b = 1", vec!["unread-call"]));
    // Nothing says that another magic runs its body.
    let (all, codes) = sent(&[own, "%%bash\n%px a = 1\nrc[0].activate()", "%px b = 1"]);
    assert_eq!((all.as_str(), codes), ("b = 1", vec![]));
}

#[test]
fn a_function_that_configures_is_called_where_its_name_stands() {
    for definition in [
        "def use(t):\n    get_ipython().run_line_magic('pxconfig', f'-t {t}')",
        "def use(t):\n    get_ipython().run_line_magic('pxconfig', '-t 0')",
        "def use(t):\n    %pxconfig -t 0",
        "def use(t):\n    if t:\n        %pxconfig -t 0",
        "async def use(t):\n    get_ipython().run_cell('%pxconfig -t 0')",
        "use = lambda t: get_ipython().run_line_magic('pxconfig', t)",
        "@register_line_magic\ndef use(line):\n    get_ipython().run_line_magic('pxconfig', line)",
    ] {
        assert_eq!(sent(&[definition, "%pxconfig -t 1", "%px b = 1"]).0, "b = 1 on 1", "{definition}");
        for call in ["use('-t 0')", "%use -t 0", "x = use('-t 0')"] {
            assert_eq!(
                sent(&[definition, "%pxconfig -t 1", call, "%px b = 1"]).0,
                "",
                "{call} of {definition}"
            );
        }
    }
}

#[test]
fn what_changes_how_the_shell_runs_magics_hides_those_of_px() {
    for cell in [
        "ip.run_line_magic = lambda *a: None",
        "InteractiveShell.run_cell_magic = f",
        "get_ipython().find_line_magic = f",
        "setattr(ip, 'run_line_magic', f)",
        "mock.patch.object(ip, 'run_line_magic').start()",
        "ParallelMagics.px = f",
        "ip.input_transformers_cleanup.append(f)",
        "ip.input_transformers_post = []",
        "ip.input_transformers_post += [f]",
        "get_ipython().ast_transformers.append(T())",
    ] {
        assert_eq!(sent(&[cell, "%px b = 1"]), (String::new(), vec!["own-magic"]), "{cell}");
    }
    for cell in [
        "print(ip.input_transformers_post)",
        "ip.run_line_magic == f",
        "from ipyparallel.client.magics import ParallelMagics",
        "InteractiveShell.ast_node_interactivity = 'all'",
        "nlp.run_cell_ = f",
    ] {
        assert_eq!(sent(&[cell, "%px b = 1"]).0, "b = 1", "{cell}");
    }
}

#[test]
fn magics_that_strings_or_loops_define_hide_those_of_px() {
    for cell in [
        "for n in ['px']:\n    register_line_magic(n)(print)",
        "exec('from IPython.core.magic import register_line_magic as r\\n@r\\ndef px(l): pass')",
        "get_ipython().ex('register_line_magic(px)')",
    ] {
        let (sent, codes) = sent(&[cell, "%px b = 1"]);
        assert_eq!((sent.as_str(), codes), ("", vec!["own-magic"]), "{cell}");
    }
    assert_eq!(sent(&["exec('x = 1')\nregister_line_magic(f)", "%px b = 1"]).0, "b = 1");
}

#[test]
fn a_region_keeps_the_view_that_it_began_with() {
    let cell = "v = rc[0]\nv.activate()";
    for opening in [format!("%autopx\n{cell}"), format!("%time %autopx\n{cell}")] {
        assert_eq!(sent(&[&opening, "a = 1", "%autopx", "%px b = 1"]).0, "a = 1; b = 1 on 0");
    }
    // What is set of the view itself holds in the region as well.
    assert_eq!(
        sent(&["%autopx\n%pxconfig -t 0", "a = 1", "%autopx", "%px b = 1"]).0,
        "a = 1 on 0; b = 1 on 0"
    );
    let above = "v = rc[[1, 2]]\nv.activate()";
    let opening = "%autopx\nv.targets = 1\nrc[0].activate()";
    assert_eq!(sent(&[above, opening, "a = 1", "%autopx", "%px b = 1"]).0, "a = 1 on 1; b = 1 on 0");
    let opening = "%autopx\nif x: rc[0].activate()";
    assert_eq!(sent(&[above, opening, "a = 1", "%autopx", "%px b = 1"]).0, "a = 1 on [1,2]");
    assert_eq!(sent(&["%autopx", "a = 1", "%autopx", cell, "%autopx", "c = 1"]).0, "a = 1; c = 1 on 0");
}

#[test]
fn a_magic_of_a_view_that_nothing_makes_ends_its_cell() {
    for magic in ["%px_nope a = 1", "%autopx_nope", "%pxconfig_nope -t 0", "%pxresult_nope"] {
        let cell = format!("%px a = 1\n{magic}\n%px c = 1\n%pxconfig -t 1\nrc[0].activate()");
        let (sent, codes) = sent(&[&cell, "d = 1", "%px b = 1"]);
        assert_eq!((sent.as_str(), codes), ("a = 1; b = 1", vec!["unknown-view"]), "{magic}");
    }
    assert_eq!(sent(&["%autopx_nope", "%autopx", "a = 1", "%autopx", "%px b = 1"]).0, "a = 1; b = 1");
    assert_eq!(sent(&["%px_nope a\n%autopx", "a = 1", "%autopx", "b = 1"]).0, "b = 1");
    let opening = "rc[0].activate('_a')\n%autopx_a";
    assert_eq!(sent(&[opening, "a = 1", "%autopx", "b = 1"]).0, "a = 1 on 0");
    assert_eq!(sent(&["if x:\n    %px_nope a = 1\n%px b = 1"]).0, "b = 1");
}

#[test]
fn what_a_measuring_magic_refuses_ends_its_cell() {
    for line in ["%timeit -z %px b = 1", "%time -x %px b = 1", "%time x = = 1", "%time return", "%prun x y"] {
        assert_eq!(
            sent(&[&format!("%px a = 1\n{line}\n%px c = 1"), "%px d = 1"]).0,
            "a = 1; d = 1",
            "{line}"
        );
    }
    for line in [
        "%time x = 1",
        "%time !ls",
        "%time",
        "%timeit -n 3 f(x)",
        "%time f?",
        "%time x = !ls",
        "if x:\n    %time y z",
    ] {
        assert_eq!(sent(&[&format!("%px a = 1\n{line}\n%px c = 1")]).0, "a = 1; c = 1", "{line}");
    }
    for cell in ["%%timeit x = = 1\n%px b = 1", "%%timeit return\n%px b = 1", "%%timeit\n%px b = 1\nreturn"] {
        assert_eq!(sent(&[cell, "%px d = 1"]).0, "d = 1", "{cell}");
    }
    assert_eq!(sent(&["%%%px\na = 1", "%px d = 1"]), ("d = 1".to_owned(), vec!["broken-cell"]));
}

#[test]
fn imports_on_the_engines_alone_are_none_of_ipyparallels() {
    let block = |argument: &str| format!("with rc[:].sync_imports({argument}):\n    import os");
    for argument in ["local=False", "False", "local=x"] {
        let (sent, codes) = sent(&[&block(argument)]);
        assert_eq!((sent.as_str(), codes), ("", vec!["import-alias"]), "{argument}");
    }
    for argument in ["", "local=True", "True"] {
        assert_eq!(sent(&[&block(argument)]).0, "import os", "{argument}");
    }
}

/// They were read as Python, and what stood behind them as nothing.
#[test]
fn prompts_of_a_pasted_session_are_taken_off_as_ipython_does() {
    for (cell, expected) in [
        ("In [1]: rc[0].activate()", "x on 0"),
        (">>> rc[0].activate()", "x on 0"),
        ("In [12]: %pxconfig --targets 0", "x on 0"),
        ("[ins] In [1]: v = rc[0]\n         ...: v.activate()", "x on 0"),
        ("# A comment.\nIn [2]: rc[0].activate()", "x on 0"),
        ("\n    >>> rc[0].activate()", "x on 0"),
        ("In [1]: %alias_magic px time", ""),
        ("In [1]: %px b = 1", "b = 1; x"),
        (">>> %px b = 1\n>>> %px c = 1", "b = 1; c = 1; x"),
        ("In [1]: %%px\n   ...: b = 1\n   ...: c = 2", "b = 1\nc = 2; x"),
        ("In [1]: if a:\n   ...:     %px b = 1", "x"),
        ("a\nb\nIn [1]: rc[0].activate()", "x"),
        ("a\nb\n>>> rc[0].activate()", "x on 0"),
        (">>>x\n%px b = 1", "b = 1; x"),
        (">>> for i in a:\n...     %px b = 1\n>>> %px c = 1", "c = 1; x"),
        ("'''\n>>> rc[0].activate()\n'''", "x"),
        ("def f():\n    ...\n%px b = 1", "b = 1; x"),
        ("In [1]: \n   ...: %%px\n   ...: b = 1", "x"),
        (">>> \n>>> %px b = 1", "b = 1; x"),
        ("def f():\n    '''\n    >>> f()\n    '''\n%px b = 1", "b = 1; x"),
        ("%%px\ns = '''\n>>> b\n'''", "s = '''\nb\n'''; x"),
        ("%%px\n'''\n>>> b\n'''", "'''\n>>> b\n'''; x"),
        ("    %%px\n    >>> b\n    ...   c", "b\n  c; x"),
    ] {
        assert_eq!(sent(&[cell, "%px x"]).0, expected, "{cell}");
    }
    let script = "# %%\nIn [1]: rc[0].activate()\n\n# %%\n>>> %px é = 1\n";
    let (cells, _) = lint::recognize(script, Dialect::Script, &Arc::default()).unwrap();
    let cell = &cells.cells[0];
    assert_eq!((&*cell.code, cell.targets().unwrap().to_string()), ("é = 1", "0".to_owned()));
    assert_eq!(&script[cell.magic_range().as_range()], "%px é = 1");
}

/// The toggle that ended such a region in IPython began one here, and local code was sent.
#[test]
fn below_a_toggle_that_may_have_run_nothing_of_a_region_is_sent() {
    for above in [
        "autopx",
        "if rc.ids:\n    %autopx",
        "def toggle():\n    %autopx\ntoggle()",
        "def toggle():\n    get_ipython().run_line_magic('autopx', '')\ntoggle()",
        "try:\n    %autopx_x\nexcept E:\n    pass",
    ] {
        assert_eq!(sent(&[above, "%autopx", "local = 1", "%px x"]).0, "x", "{above}");
    }
    assert_eq!(sent(&["%px a = 1", "%autopx", "b = 2"]).0, "a = 1; b = 2");
    assert_eq!(
        sent(&["%autopx", "if x:\n    %autopx", "%autopx", "local = 1", "%autopx", "c = 3"]).0,
        "c = 3"
    );
}

/// They were passed over, and what stood below ran on all engines.
#[test]
fn names_of_magics_that_helpers_are_handed_are_told_and_leave_the_targets_unknown() {
    let helper = "def run_magic(name, line=''):\n    get_ipython().run_line_magic(name, line)";
    for cell in [
        "run_magic('pxconfig', '--targets 0')",
        "if a:\n    run_magic(\"%pxconfig\", '--targets 0')",
        "magics('pxconfig --targets 0', 'matplotlib agg')",
        "magic.pxconfig('--targets 0')",
        "for name, line in [('matplotlib', 'agg'), ('pxconfig', '-t 0')]:\n    run_magic(name, line)",
        "def set_up():\n    for name, line in [('pxconfig', '-t 0')]:\n        run_magic(name, line)\nset_up()",
    ] {
        let (code, problems) = sent(&[helper, cell, "%px x"]);
        assert!(code.is_empty() && problems.contains(&"unread-call"), "{cell}: {code} {problems:?}");
    }
    assert_eq!(sent(&[helper, "magic('px', 'import os')", "%px x"]), ("x".to_owned(), vec!["unread-call"]));
    assert_eq!(sent(&[helper, "run_magic('autopx')", "%autopx", "local = 1"]).0, "");
    for cell in [
        "print('pxconfig --targets 0')",
        "width = unit('px')",
        "size('px')",
        "data.get('result')",
        "save('pxresult')",
        "log('pxconfig sets the targets')",
        "# run_magic('pxconfig', '-t 0')",
        "text = \"run_magic('px', 'x')\"",
        "run_magic('matplotlib', 'agg')",
    ] {
        assert_eq!(sent(&[helper, cell, "%px x"]).0, "x", "{cell}");
    }
}
