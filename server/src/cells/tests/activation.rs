//! Views that statements make, and magics that refer to them.

use expect_test::expect;

use super::*;
use crate::engines::Targets;

/// A line for each px cell: its first line, the targets (frozen: `!`), `block`, and the lines that decided, from 1.
fn plans(texts: &[&str], all: &[(Cells, Vec<Problem>)]) -> String {
    let mut out = String::new();
    for (at, (text, (cells, problems))) in texts.iter().zip(all).enumerate() {
        for cell in &cells.cells {
            let view = &cell.view;
            let targets =
                cell.targets().map_or_else(|error| error.to_string(), |targets| targets.to_string());
            let frozen = if view.is_frozen { "!" } else { "" };
            let block = match cell.magic.options.block.or(view.block) {
                Some(true) => " block",
                Some(false) => " noblock",
                None => "",
            };
            let setting = if view.is_from_setting { " by setting" } else { "" };
            write!(out, "{}: {targets}{frozen}{block}{setting}", &text[cell.magic_range().as_range()])
                .unwrap();
            for (text_of, decider, by) in
                deciders(cell, &all.iter().map(|(cells, _)| cells).collect::<Vec<_>>())
            {
                let sets: Vec<String> = by.sets.iter().map(ToString::to_string).collect();
                let other = if text_of == at { String::new() } else { format!("cell {text_of} ") };
                write!(out, "; {other}line {} {}", decider.line + 1, sets.join(", ")).unwrap();
            }
            if let Some(refusal) = cell.refusal() {
                write!(out, "\n  refused: {refusal}").unwrap();
            }
            out.push('\n');
        }
        for problem in problems {
            let place = &text[problem.range.as_range()];
            writeln!(out, "{:?} {} at {place:?}", problem.severity, problem.rule.code()).unwrap();
        }
    }
    out
}

fn check(text: &str, expected: Expect) {
    check_with(&[], text, expected);
}

fn check_with(views: &[(&str, &str, bool)], text: &str, expected: Expect) {
    let mut named = Views::default();
    views.iter().for_each(|(suffix, targets, block)| named.add(suffix, targets, *block).unwrap());
    expected.assert_eq(&plans(&[text], &[lint::recognize(text, Dialect::Script, &Arc::new(named)).unwrap()]));
}

#[test]
fn the_original_documentations_sequence_runs_where_it_says() {
    check(
        "import ipyparallel as ipp\nrc = ipp.Client()\n%pxconfig --block\n%px print('hi')\n%pxconfig --targets ::2\n%px print('hi')\n\
         %pxconfig --noblock\n%px print('are you there?')\n%pxresult\neven = rc[::2]\neven.activate()\n%px print('hi')\n\
         even.block = True\n%px print('hi')\nrc.activate()\neven.activate('_even')\n%px print('hi all')\n%px_even print('not odd')\n",
        expect![[r#"
            %pxconfig --block: all block; line 3 block
            %px print('hi'): all block; line 3 block
            %pxconfig --targets ::2: ::2! block; line 3 block; line 5 targets
            %px print('hi'): ::2! block; line 3 block; line 5 targets
            %pxconfig --noblock: ::2! noblock; line 5 targets; line 7 block
            %px print('are you there?'): ::2! noblock; line 5 targets; line 7 block
            %pxresult: ::2! noblock; line 5 targets; line 7 block
            %px print('hi'): ::2! noblock; line 10 targets, block; line 11 the view
            %px print('hi'): ::2! block; line 10 targets; line 11 the view; line 13 block
            %px print('hi all'): all block; line 15 the view, targets, block
            %px_even print('not odd'): ::2! block; line 10 targets; line 13 block; line 16 the view
        "#]],
    );
}

#[test]
fn the_recorded_session_with_a_suffix_runs_where_ipyparallel_ran_it() {
    let cells = [
        "even = rc[::2]",
        "even.block = True",
        "even.activate('_even')",
        "%px print('hi all', rank)",
        "%px_even print('not odd', rank)",
        "%%px_even --targets 0\nrank",
        "%pxresult_even",
        "%pxconfig_even --no-stream",
        "%px_even rank",
        "%autopx_even",
        "rank",
        "%autopx",
        "%px rank",
    ];
    expect![[r#"
        %px print('hi all', rank): all
        %px_even print('not odd', rank): ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view
        %%px_even --targets 0: 0! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view
        %pxresult_even: ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view
        %pxconfig_even --no-stream: ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view; line 1 stream
        %px_even rank: ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view; cell 7 line 1 stream
        %autopx_even: ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view; cell 7 line 1 stream
        rank: ::2! block; cell 0 line 1 targets; cell 1 line 1 block; cell 2 line 1 the view; cell 7 line 1 stream
        %autopx: all
        %px rank: all
    "#]].assert_eq(&plans(&cells, &recognize_notebook(&cells)));
    let script = cells.map(|cell| format!("# %%\n{cell}\n")).concat();
    let targets = |cells: &[Placed]| cells.iter().map(|cell| cell.targets().unwrap()).collect::<Vec<_>>();
    let one_by_one: Vec<Targets> =
        recognize_cells(&cells).iter().flat_map(|cells| targets(&cells.cells)).collect();
    assert_eq!(targets(&recognize(&script, Dialect::Script).unwrap().cells), one_by_one);
}

#[test]
fn the_recorded_session_with_pxconfig_runs_where_ipyparallel_ran_it() {
    check(
        "%pxconfig --targets ::2\n%px a\n%pxconfig --noblock\n%px b\n%pxresult\n%pxconfig --block --targets all\n%px c\n\
         %pxconfig --no-stream\n%px d\n%pxconfig --targets 1\n%px e\n%pxconfig --stream\n%px f\n",
        expect![[r#"
            %pxconfig --targets ::2: ::2!; line 1 targets
            %px a: ::2!; line 1 targets
            %pxconfig --noblock: ::2! noblock; line 1 targets; line 3 block
            %px b: ::2! noblock; line 1 targets; line 3 block
            %pxresult: ::2! noblock; line 1 targets; line 3 block
            %pxconfig --block --targets all: all block; line 6 targets, block
            %px c: all block; line 6 targets, block
            %pxconfig --no-stream: all block; line 6 targets, block; line 8 stream
            %px d: all block; line 6 targets, block; line 8 stream
            %pxconfig --targets 1: 1 block; line 6 block; line 8 stream; line 10 targets
            %px e: 1 block; line 6 block; line 8 stream; line 10 targets
            %pxconfig --stream: 1 block; line 6 block; line 10 targets; line 12 stream
            %px f: 1 block; line 6 block; line 10 targets; line 12 stream
        "#]],
    );
}

#[test]
fn all_ways_to_make_a_view_are_known() {
    check(
        "rc[0].activate('_a')\nrc[-1].activate('_b')\nrc[0, 2].activate('_c')\nrc[[3]].activate('_d')\nrc[range(1, 3)].activate('_e')\n\
         rc.direct_view().activate('_f')\nrc.direct_view([1], block=True).activate('_g')\nrc.broadcast_view().activate('_h')\n\
         rc.activate(targets=rc.ids[1:], suffix='_i')\nrc[rc.ids[-1]].activate(suffix='_j')\nrc[:].activate('_k')\nrc[slice(2)].activate('_l')\n\
         dv = client.activate([0], '_m')\ndv.set_flags(block=False, targets=slice(None, None, 3))\n\
         ipp.Cluster(n=4).start_and_connect_sync(activate=True)\n\
         %px 1\n%px_a 1\n%px_b 1\n%px_c 1\n%px_d 1\n%px_e 1\n%px_f 1\n%px_g 1\n%px_h 1\n%px_i 1\n%px_j 1\n%px_k 1\n%px_l 1\n%px_m 1\n",
        expect![[r#"
            %px 1: all! block; line 15 the view, targets, block
            %px_a 1: 0 noblock; line 1 the view, targets, block
            %px_b 1: -1! noblock; line 2 the view, targets, block
            %px_c 1: [0,2] noblock; line 3 the view, targets, block
            %px_d 1: [3] noblock; line 4 the view, targets, block
            %px_e 1: [1,2] noblock; line 5 the view, targets, block
            %px_f 1: all noblock; line 6 the view, targets, block
            %px_g 1: [1] block; line 7 the view, targets, block
            %px_h 1: all! noblock; line 8 the view, targets, block
            %px_i 1: 1:! block; line 9 the view, targets, block
            %px_j 1: -1! noblock; line 10 the view, targets, block
            %px_k 1: all! noblock; line 11 the view, targets, block
            %px_l 1: :2! noblock; line 12 the view, targets, block
            %px_m 1: ::3 noblock; line 13 the view; line 14 targets, block
        "#]],
    );
}

#[test]
fn what_is_reached_by_two_ways_is_one_view() {
    check(
        "even = rc[::2]\nsame = even\nsame.activate()\neven.activate('_even')\n%pxconfig_even --targets 1 --block --no-stream\n%px a\n\
         even.targets = 'all'\n%px b\nsame = rc[3]\nsame.block = True\n%px c\nrc.activate()\n%px d\n%px_even e\n",
        expect![[r#"
            %pxconfig_even --targets 1 --block --no-stream: 1 block; line 4 the view; line 5 targets, block, stream
            %px a: 1 block; line 3 the view; line 5 targets, block
            %px b: all block; line 3 the view; line 5 block; line 7 targets
            %px c: all block; line 3 the view; line 5 block; line 7 targets
            %px d: all block; line 12 the view, targets, block
            %px_even e: all block; line 4 the view; line 5 block, stream; line 7 targets
        "#]],
    );
}

#[test]
fn a_new_activation_begins_with_defaults_of_its_own() {
    let cells = recognize(
        "%pxconfig --no-stream --verbose\n%px a\nrc.activate()\n%px b\n%pxconfig --verbose\n%px c\n",
        Dialect::Script,
    )
    .unwrap();
    let shown: Vec<_> =
        cells.cells.iter().map(|cell| (cell.view.config.stream, cell.view.config.verbose)).collect();
    let (off, on) = (Some(false), Some(true));
    assert_eq!(shown, [(off, on), (off, on), (None, None), (None, on), (None, on)]);
}

#[test]
fn a_view_begins_with_the_block_of_its_client() {
    check(
        "rc.block = True\na = rc[0]\nrc.block = False\nb = rc[1]\na.activate('_a')\nb.activate('_b')\n%px_a 1\n%px_b 1\n",
        expect![[r#"
            %px_a 1: 0 block; line 1 block; line 2 targets; line 5 the view
            %px_b 1: 1 noblock; line 3 block; line 4 targets; line 6 the view
        "#]],
    );
}

#[test]
fn names_that_are_given_something_else_are_no_longer_clients_or_views() {
    check(
        "rc = connect()\nrc[0].activate('_a')\nrc.activate()\n%px_a 1\n%px 1\nfrom setup import rc\nrc[0].activate('_a')\n%px_a 1\n\
         dv = rc[1]\ndv = f(dv)\ndv.activate('_b')\ndv.activate()\n%px_b 1\n%px 1\nconda.activate()\nconda.activate('/opt/x')\n%px 1\n",
        expect![[r#"
            %px_a 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views; line 2 the view, targets
            %px 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views; line 3 the view, targets
            %px_a 1: 0 noblock; line 7 the view, targets, block
            %px_b 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views; line 11 the view, targets
            %px 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views; line 12 the view, targets
            %px 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views; line 12 the view, targets
            Hint no-effect at "rc.activate()"
            Error unread-view at "%px_a"
            Error unread-view at "%px"
            Hint no-effect at "dv.activate()"
            Error unread-view at "%px_b"
            Error unread-view at "%px"
            Error unread-view at "%px"
        "#]],
    );
}

#[test]
fn a_loop_of_activate_calls_is_not_told_as_no_view_is_known() {
    let why = "a line above activates views by suffixes that pxlens cannot read, and this may be one of them; write the suffix \
               out, as in view.activate('_even'), or name the targets in the setting pxlens.views";
    for text in [
        "for i in rc.ids:\n    rc[i].activate(str(i))\n%px0 x\n",
        "for i, view in enumerate(views):\n    view.activate(f'_{i}')\n%px0 x\n",
        "rc[0].activate(name)\n%px0 x\n",
        "for i in rc.ids:\n    rc[i].activate(str(i))\n%pxconfig0 --noblock\n%px0 x\n",
    ] {
        let cells = recognize(text, Dialect::Script).unwrap();
        let cell = cells.cells.last().unwrap();
        assert_eq!(cell.targets().unwrap_err().to_string(), why, "{text}");
        assert_eq!(cell.refusal(), None, "{text}");
    }
    // One that is written out is known all the same.
    let text = "for i in rc.ids:\n    rc[i].activate(str(i))\nrc[2].activate('0')\n%px0 x\n";
    assert_eq!(recognize(text, Dialect::Script).unwrap().cells[0].targets(), Ok(Targets::One(2)));
}

#[test]
fn views_that_cannot_be_read_are_refused_and_say_so() {
    check(
        "n = len(rc) // 2\nhalf = rc[:n]\nhalf.activate('_half')\n%px_half 1\n%pxresult_half\n# %%\n%%px_half -t 0\n1\n# %%\n%autopx_half\n\
         # %%\nhalf.targets = 'most'\n# %%\n%autopx_half\n",
        expect![[r#"
            %px_half 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views noblock; line 2 targets, block; line 3 the view
            %pxresult_half: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views noblock; line 2 targets, block; line 3 the view
            %%px_half -t 0: 0 noblock; line 2 targets, block; line 3 the view
            %autopx_half: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views noblock; line 2 targets, block; line 3 the view
            half.targets = 'most': a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views noblock; line 2 targets, block; line 3 the view
            Error unread-view at "%px_half"
            Error unread-view at "%autopx_half"
            Hint open-autopx at "%autopx_half"
            Error no-end-of-autopx at "%autopx_half"
        "#]],
    );
    check(
        "odd = rc[1]\nif flag:\n    even = rc[::2]\n    even.activate('_even')\n    odd.targets = 2\n    odd.block = True\n    rc.activate()\n\
         odd.activate('_odd')\n%px_even 1\n%px_odd 1\n%px 1\nodd.targets = 1\nodd.block = flag\n%px_odd 1\n%pxconfig_even -t 0\n%px_even 1\n",
        expect![[r#"
            %px_even 1: the line above that chooses the engines of this view is in a function, a loop or a condition, and pxlens cannot tell whether it decides; move it to the top level, or name the targets in the setting pxlens.views; line 4 the view, targets
            %px_odd 1: the line above that chooses the engines of this view is in a function, a loop or a condition, and pxlens cannot tell whether it decides; move it to the top level, or name the targets in the setting pxlens.views noblock; line 1 block; line 5 targets; line 8 the view
            %px 1: all
            %px_odd 1: 1 noblock; line 1 block; line 8 the view; line 12 targets
            %pxconfig_even -t 0: 0; line 4 the view; line 15 targets
            %px_even 1: 0; line 4 the view; line 15 targets
            Hint no-effect at "odd.block = True"
            Error unread-view at "%px_even"
            Error unread-view at "%px_odd"
            Hint no-effect at "odd.block = flag"
        "#]],
    );
    check(
        "rc.load_balanced_view().activate('_lb')\n%px_lb 1\n",
        expect![[r#"
        %px_lb 1: all
          refused: no view with the suffix '_lb' is known, so pxlens cannot tell which engines %px_lb means; activate one above, with view.activate('_lb'), or name its targets in the setting pxlens.views
        Hint no-effect at "rc.load_balanced_view().activate('_lb')"
        Error unknown-view at "%px_lb"
    "#]],
    );
}

#[test]
fn what_a_region_sends_to_the_engines_decides_nothing() {
    check(
        "# %%\n%autopx\n# %%\nrc[0].activate('_a')\nwith rc[:].sync_imports():\n    import os\n# %%\n%autopx\n# %%\n%px_a 1\n",
        expect![[r#"
            %autopx: all
            rc[0].activate('_a'): all
            %autopx: all
            %px_a 1: all
              refused: no view with the suffix '_a' is known, so pxlens cannot tell which engines %px_a means; activate one above, with view.activate('_a'), or name its targets in the setting pxlens.views
            Error unknown-view at "%px_a"
        "#]],
    );
    check(
        "%autopx\n\nrc[0].activate()\n\nwith rc[:].sync_imports():\n  import os\n\n%autopx\n\n%px 1\n",
        expect![[r#"
            %autopx: all
            rc[0].activate(): all
            with rc[:].sync_imports():: all
            %autopx: all
            %px 1: all
        "#]],
    );
}

#[test]
fn settings_name_views_that_no_line_makes_or_that_cannot_be_read() {
    let views = [("_even", "::2", true), ("0", "0", false), ("", "0-2", true)];
    check_with(
        &views,
        "%px_even 1\n%px0 1\n%px 1\n%pxconfig_even --noblock\n%px_even 1\nrc[1].activate('_even')\n%px_even 1\n\
         rc[f()].activate('_even')\n%px_even 1\nrc[f()].activate('_odd')\n%px_odd 1\nview.activate('_even')\n%px_even 1\n%pxconfig_even -t {x}\n%px_even 1\n",
        expect![[r#"
            %px_even 1: ::2 block by setting
            %px0 1: 0 noblock by setting
            %px 1: 0-2, block by setting
            %pxconfig_even --noblock: ::2 noblock by setting; line 4 block
            %px_even 1: ::2 noblock by setting; line 4 block
            %px_even 1: 1 noblock; line 6 the view, targets, block
            %px_even 1: ::2 noblock by setting; line 8 the view, block
            %px_odd 1: a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or rc[[0, 2]], or name them in the setting pxlens.views noblock; line 10 the view, targets, block
            %px_even 1: ::2 block by setting; line 12 the view
            %pxconfig_even -t {x}: '{x}' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7; line 12 the view; line 14 targets
              refused: the options hold {…} or $name, which IPython fills in from its own variables; pxlens knows none of them: write the values out to run this
            %px_even 1: the %pxconfig above takes its options from Python variables, which pxlens does not know; write the targets out; line 12 the view; line 14 targets
            Error unread-view at "%px_odd"
            Hint dynamic-options at "%pxconfig_even -t {x}"
        "#]],
    );
}

#[test]
fn an_import_in_a_statement_of_a_block_of_imports_is_a_px_cell_of_its_own() {
    check_script(
        "with rc[:].sync_imports():\n    import cmd\n    if True:\n        import quopri\n        import re\n    else: import abc\n    \
         with open('x'):\n        import json\n    import os\n# %%\nwith rc[0].sync_imports():\n    try: import a\n    except ImportError:\n        \
         import b as c\n# %%\nwith view.sync_imports():\n    for x in y:\n        import d\n",
        expect![[r#"
            SyncImports "sync_imports" sends "import cmd\n" from "import cmd"
            SyncImports "import" sends "import quopri\nimport re\n" from "import quopri" "import re"
            SyncImports "import" sends "import abc\n" from "import abc"
            SyncImports "import" sends "import json\nimport os\n" from "import json" "import os"
            SyncImports "import" on 0 sends "import a\n" from "import a"
            SyncImports "import" on 0 sends "import b\n" from "import b"
            SyncImports "import" on no targets: pxlens finds no line above that makes this view; write one, such as view = rc[:] sends "import d\n" from "import d"
            6 local
            Warning conditional-magic at "import quopri": these imports are in the body of `if True:`, and pxlens cannot tell whether Python reaches them: they run only when you run these lines themselves
            Warning conditional-magic at "import abc": these imports are in the body of `else`, and pxlens cannot tell whether Python reaches them: they run only when you run these lines themselves
            Warning conditional-magic at "import a": these imports are in the body of `try`, and pxlens cannot tell whether Python reaches them: they run only when you run these lines themselves
            Warning conditional-magic at "import b as c": these imports are in the body of `except ImportError:`, and pxlens cannot tell whether Python reaches them: they run only when you run these lines themselves
            Warning import-alias at "b as c": sync_imports ignores `as c` on the engines, which get `b`; below the block, %px import b as c gives them `c`
            Warning unread-view at "import": pxlens finds no line above that makes this view; write one, such as view = rc[:]
            Warning conditional-magic at "import d": these imports are in the body of `for x in y:`, and pxlens cannot tell whether Python reaches them: they run only when you run these lines themselves
        "#]],
    );
}

#[test]
fn a_block_of_imports_is_a_px_cell() {
    check_script(
        "import ipyparallel as ipp\nrc = ipp.Client()\nwith rc[::2].sync_imports():\n    import numpy as np\n\n    from os import (sep,\n        path)\n\
         dv = rc[0]\nwith dv.sync_imports(quiet=True):\n\timport re\n\tx = 1\nwith view.sync_imports():\n  import json\n%px np\n",
        expect![[r#"
            SyncImports "sync_imports" on ::2 sends "import numpy\nfrom os import (sep,\n    path)\n" from "import numpy" "from os import (sep," "    path)"
            SyncImports "sync_imports" on 0 sends "import re\n" from "import re"
            SyncImports "sync_imports" on no targets: pxlens finds no line above that makes this view; write one, such as view = rc[:] sends "import json\n" from "import json"
            LineMagic "%px" sends "np" from "np"
            4 local
            Warning import-alias at "numpy as np": sync_imports ignores `as np` on the engines, which get `numpy`; below the block, %px import numpy as np gives them `np`
            Warning unread-view at "sync_imports": pxlens finds no line above that makes this view; write one, such as view = rc[:]
        "#]],
    );
    check_cell(
        "with rc[:].sync_imports():\n    x = 1; import re; y = \"; import b\"\n    from . import z; import json\n    print('; import a')\n",
        expect![[r#"
            SyncImports "sync_imports" sends "import re\nimport json\n" from "import re" "import json"
            1 local
        "#]],
    );
    check_cell(
        "with rc[:].sync_imports(): import numpy; import os\nwith rc[:].sync_imports():\n  from os import (\n\n  # a\n  sep)\n",
        expect![[r##"
            SyncImports "sync_imports" sends "import numpy\nimport os\n" from "import numpy" "import os"
            SyncImports "sync_imports" sends "from os import (\n\n# a\nsep)\n" from "from os import (" "" "# a" "sep)"
        "##]],
    );
    check(
        "dv = rc[-1]\ndv.block = False\nwith dv.sync_imports():\n    import os\nwith rc.broadcast_view().sync_imports():\n    import re\n",
        expect![[r#"
            with dv.sync_imports():: -1! block; line 1 targets
            with rc.broadcast_view().sync_imports():: all! block
        "#]],
    );
}

#[test]
fn in_a_raw_notebook_imports_lead_back_to_their_lines() {
    let json = r#"{"cells": [{"cell_type": "code", "source": ["with rc[:].sync_imports():\n", "    import \"x\"\n", "    import os"]}], "nbformat": 4}"#;
    let check = |text: &str, expected: Expect| {
        let (cells, problems) = lint::recognize(text, Dialect::NotebookJson, &Arc::default()).unwrap();
        expected.assert_eq(&shown(text, &cells, &problems));
    };
    check(
        json,
        expect![[r#"
            SyncImports "sync_imports" in 0 sends "import \"x\"\nimport os\n" from "import \\\"x\\\"" "import os"
              refused: IPython runs nothing of this cell: expected one or more symbol names after import
            Error broken-cell at "import \\\"x\\\"": IPython runs nothing of this cell: expected one or more symbol names after import
        "#]],
    );
    check(
        &json.replace(r#"\"x\""#, r"\u00e9tat"),
        expect![[r#"
            SyncImports "sync_imports" in 0 sends "import état\nimport os\n" from "import \\u00e9tat" "import os"
        "#]],
    );
}

const MADE: &str = "v = rc[:]\nv.block = True\nv.activate('_a')\n";

#[test]
fn what_may_change_the_targets_is_refused_and_not_guessed() {
    for change in [
        "if DEBUG:\n    v.set_flags(targets=[0])\n",
        "if DEBUG: v.targets = [0]\n",
        "if DEBUG: v.set_flags(targets=[0])\n",
        "def narrow():\n    v.targets = [0]\nnarrow()\n",
        "def narrow(): v.targets = [0]\nnarrow()\n",
        "def narrow():\n    v.set_flags(targets=[0])\n",
        "v.targets += [1]\n",
        "v.block, v.targets = True, [2]\n",
        "if DEBUG:\n    with v.temp_flags(targets=[0]):\n        pass\n        %px_a y\n",
    ] {
        let text = format!("{MADE}{change}%px_a x\n");
        let cells = recognize(&text, Dialect::Script).unwrap();
        let at = if change.contains("temp_flags") { 0 } else { cells.cells.len() - 1 };
        assert!(cells.cells[at].targets().is_err(), "{change}");
    }
}

#[test]
fn what_a_function_does_to_its_own_names_changes_no_view() {
    for change in [
        "def narrow(v):\n    v.targets = [0]\n",
        "def narrow():\n    v = rc[0]\n    v.targets = [0]\n",
        "def narrow():\n    v = make()\n    v.set_flags(targets=[0])\n",
    ] {
        let text = format!("{MADE}{change}%px_a x\n");
        let cells = recognize(&text, Dialect::Script).unwrap();
        assert_eq!(cells.cells[0].targets().ok(), Some(Targets::All), "{change}");
    }
}

#[test]
fn temporary_flags_end_with_their_block() {
    check(
        &format!("{MADE}with v.temp_flags(targets=[0]):\n    %px_a x\n%px_a y\n"),
        expect![[r#"
            %px_a x: [0] block; line 2 block; line 3 the view; line 4 targets
            %px_a y: all! block; line 1 targets; line 2 block; line 3 the view
            Warning conditional-magic at "%px_a x"
        "#]],
    );
}

#[test]
fn an_uncertain_block_and_an_unknown_activate_are_told() {
    for (text, problems) in [
        ("for _ in x: v.set_flags(block=False)\n", 1),
        ("even = make_view(rc); even.activate()\n", 1),
        ("from helpers import dview; dview.activate()\n", 1),
        ("conda.activate()\n", 0),
        ("venv.activate()\n", 0),
    ] {
        let is_known = !text.contains("view");
        let text = format!("{MADE}{text}%px x\n");
        let (cells, found) = lint::recognize(&text, Dialect::Script, &Arc::default()).unwrap();
        let told = found.iter().filter(|problem| problem.rule.code() == "no-effect").count();
        assert_eq!(told, problems, "{text}");
        assert_eq!(cells.cells[0].targets().is_ok(), is_known, "{text}");
    }
}

/// A view of engine 1, and the one of all that `%px` goes by.
const TWO: &str = "rc = ipp.Client()\nv = rc[:]\nw = rc[[1]]\nviews = [v, w]\nv.activate()\n";

#[test]
fn whatever_may_activate_another_view_leaves_the_engines_unknown() {
    for change in [
        "views[1].activate()",
        "d['a'].activate()",
        "mk().activate()",
        "rc = connect()\nrc.activate()",
        "(q := rc[[1]]).activate()",
        "(w if 1 else v).activate()",
        "app.dv.activate()",
        "for q in views: q.activate()",
        "for q in views:\n    q.activate()",
        "async def f():\n    async for q in views: q.activate()\nawait f()",
        "%timeit -n1 w.activate()",
        "%time q = mk(); q.activate()",
        "%%time\nmk().activate()",
        "%memit w.activate()",
        "/w.activate",
        "[q.activate() for q in [w]]",
        "print(w.activate())",
        "x = 1, w.activate()",
        "if w.activate(): pass",
        "def f(q):\n    q.activate()\nv.activate()\nf(w)",
        "def f(q): q.activate()\nv.activate()\nlist(map(f, [w]))",
        "def f():\n    w.activate()\nv.activate()\nf()",
        "class A:\n    def go(self, q):\n        q.activate()\nv.activate()\nA().go(w)",
        "f = lambda q: q.activate()\nv.activate()\nf(w)",
        "f = w.activate\nv.activate()\nf()",
        "list(map(operator.methodcaller('activate'), [w]))",
        "f = getattr(w, 'activate')\nv.activate()\nf()",
        "exec('w.activate()\\n')",
        "c = [w]\nc[0].activate()",
        "client = {1: w}\nclient[1].activate()",
        "rc = F()\nrc.activate()",
        "for c in views: pass\nc.activate()",
        "*c, d = views\nc.activate()",
        "*_, z = views\nz.activate()",
        "with n(w) as c: pass\nc.activate()",
        "with n(w) as q: q.activate()",
        "dv = connect()\ndv.activate()",
        "dv = v if 0 else w\ndv.activate()",
        "dv = None or w\ndv.activate()",
        "v, w = w, v\nv.activate()",
        "print(v := w)\nv.activate()",
        "print(1); v = w[0]\nv.activate()",
        "x = f(1); v = f(w)\nv.activate()",
        "if flag: v = w\nv.activate()",
        "try: x = E()\nexcept E as v: pass\nv.activate()",
        "match x:\n    case v: pass\nv.activate()",
        "def f():\n    global v\n    v = w\nf()\nv.activate()",
        "match 1:\n    case 1: w.activate()",
        "try: 1/0; w.activate()\nexcept E: pass",
        "try:\n    v = w\nexcept E: pass\nv.activate()",
        "%%timeit -n1 -r1\nv = w\nv.activate()",
        "w.activate(suffix())",
        "x.activate([1])",
        "get_ipython().run_line_magic('pxconfig', f'--targets {1}')",
        "print(get_ipython().run_line_magic('pxconfig', '--targets 1'))",
        "x = 1; get_ipython().run_line_magic('pxconfig', '--targets 1')",
        "get_ipython().run_line_magic('pxresult', ''); get_ipython().run_line_magic('pxconfig', '-t 1')",
    ] {
        let cells: Vec<String> = change
            .split("%%")
            .enumerate()
            .map(|(at, cell)| match at {
                0 => format!("{TWO}{cell}"),
                _ => format!("%%{cell}"),
            })
            .collect();
        let mut cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        cells.push("%px x");
        let found = recognize_cells(&cells);
        assert!(found.last().unwrap().cells[0].targets().is_err(), "{change}");
        // The setting says it instead.
        let mut named = Views::default();
        named.add("", "1", true).unwrap();
        let found = recognize_cells_with(&cells, &Arc::new(named));
        assert_eq!(found.last().unwrap().cells[0].targets(), Ok(Targets::One(1)), "{change}");
    }
}

#[test]
fn whatever_may_give_the_active_view_other_targets_leaves_them_unknown() {
    for change in [
        "v.targets[0] = 1",
        "v.targets.append(1)",
        "del v.targets[0]",
        "v.targets += [1]",
        "setattr(v, 'targets', 1)",
        "v.set_trait('targets', 1)",
        "setattr(v, name, 1)",
        "u = [v][0]; u.targets = [1]",
        "views[0].targets = [1]",
        "v, w = w, v\nv.targets = 1",
        "def act(q): q.targets = 1\nact(v)",
        "def act(q):\n    q.set_flags(targets=1)\nact(v)",
        "%timeit -n1 v.targets = f()",
        "%time v.targets = f()",
        "exec('v.targets = 1')",
    ] {
        let text = format!("{TWO}{change}\n%px x\n");
        let cells = recognize_cells(&[&text]);
        assert!(cells[0].cells[0].targets().is_err(), "{change}");
    }
}

#[test]
fn what_is_known_for_certain_is_not_refused() {
    for (change, targets) in [
        ("%time w.activate()", "[1]"),
        ("getattr(w, 'activate')()", "[1]"),
        ("%time w = rc[0]\nw.activate()", "0"),
        ("try:\n    v.activate()\nexcept E: pass", "all"),
        ("try:\n    u = rc[[0]]\nexcept E: pass\nu.activate()", "[0]"),
        ("plot(v)\nf(w, v)", "all"),
        ("print(v.targets, len(w.targets))", "all"),
        ("def f(q):\n    q.activate()", "all"),
        ("conda.activate()\nself.env.activate()", "all"),
        ("rc[0].activate(f'_{i}')\nrc[0].activate('_' + str(1))", "all"),
        ("for i in rc.ids: rc[i].activate(str(i))", "all"),
        ("setattr(args, name, 1)\nx.block = True", "all"),
        ("def act(q): return q.targets\nact(v)", "all"),
        ("w.activate(); v.activate()", "all"),
        ("get_ipython().run_line_magic('pxconfig', '--targets 1')", "1"),
        ("\"\"\"get_ipython().run_line_magic('pxconfig', '-t 1')\"\"\"", "all"),
    ] {
        let text = format!("{TWO}{change}\n%px x\n");
        let cells = recognize_cells(&[&text]);
        let found = cells[0].cells.last().unwrap().targets().map(|targets| targets.to_string());
        assert_eq!(found.as_deref(), Ok(targets), "{change}");
    }
}

#[test]
fn temporary_flags_end_with_the_cell_they_stand_in() {
    let text = format!("{MADE}with v.temp_flags(targets=[0]):\n    pass\n# %%\n%px_a y\n");
    let cells = recognize(&text, Dialect::Script).unwrap();
    assert_eq!(cells.cells[0].targets().ok(), Some(Targets::All));
}

#[test]
fn each_of_many_views_keeps_its_engines() {
    let count = 1000;
    let each = |n| format!("v{n} = rc[{n}]\nv{n}.activate('_{n}')\n%px_{n} x\n");
    let text: String = (0..count).map(each).collect();
    let cells = recognize(&text, Dialect::Script).unwrap();
    let found: Vec<Targets> = cells.cells.iter().map(|cell| cell.targets().unwrap()).collect();
    let expected: Vec<Targets> = (0..count).map(Targets::One).collect();
    assert_eq!(found, expected);
}
