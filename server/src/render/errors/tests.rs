//! What is read from tracebacks as IPython 7 to 9 write them.

use expect_test::{Expect, expect};

use super::*;
use crate::render::sample::Sample;

/// One engine raises with this traceback, having said that the cell is `In [n]`.
fn check(code: &str, n: u32, traceback: &str, expected: Expect) {
    let run = Sample::asked(&[0], code, false).input(0, n).raise(0, "E", "bad", &[traceback]).run();
    let found = &errors(&run, code)[0];
    let line = found.code_line.map(|line| code.lines().nth(line as usize).unwrap_or("<beyond the end>"));
    expected.assert_eq(&match (found.code_line, line, found.column) {
        (Some(n), Some(line), Some(column)) => format!("{n}:{column} {line}"),
        (Some(n), Some(line), None) => format!("{n} {line}"),
        _ => "no line".to_owned(),
    });
}

#[test]
fn the_innermost_frame_in_the_cell_counts() {
    check(
        "def f(a):\n    return a/0\nf(1)\n",
        3,
        "Cell In[3], line 3\n      1 def f(a):\n----> 3 f(1)\n\nCell In[3], line 2, in f(a)\n----> 2     return a/0\n\nE: bad",
        expect!["1     return a/0"],
    );
}

#[test]
fn frames_of_other_cells_and_of_libraries_do_not_count() {
    check(
        "import json\njson.loads(f(2))\n",
        9,
        "Cell In[9], line 2\n----> 2 json.loads(f(2))\n\nFile /lib/json/__init__.py:346, in loads(s)\n--> 346     x\n\nCell In[3], line 1, in f(a)\n----> 1     return a/0\n",
        expect!["1 json.loads(f(2))"],
    );
}

#[test]
fn blank_lines_at_the_start_are_not_counted_by_ipython() {
    check("\n\n1/0\n", 1, "Cell In[1], line 1\n----> 1 1/0\n\nE: bad", expect!["2 1/0"]);
}

#[test]
fn a_syntax_error_has_a_column() {
    check(
        "if 1:\n    x = = 1\n",
        2,
        "  Cell In[2], line 2\n    x = = 1\n        ^\nSyntaxError: invalid syntax\n",
        expect!["1:8     x = = 1"],
    );
    check(
        "x = 'é'; y = = 2",
        2,
        "  \x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, line 1\x1b[39m\n    x = 'é'; y = = 2\n                 ^\nE",
        expect!["0:13 x = 'é'; y = = 2"],
    );
}

/// Fuzzing found it: the caret stood beyond the end of the line.
#[test]
fn a_caret_under_another_line_gives_no_column() {
    check(
        "a\ndx",
        3,
        "Cell In[3], line 2\n    def f(a b):\n            ^\nSyntaxError: invalid syntax",
        expect!["1 dx"],
    );
}

#[test]
fn the_body_of_a_cell_magic_is_counted_from_below_it() {
    check(
        "%%time\nx=1\n1/0\n",
        4,
        "Cell In[4], line 1\n----> 1 get_ipython().run_cell_magic('time', '', 'x=1\\n1/0\\n')\n\nFile <timed exec>:2\n      1 'Could not get source'\nE: bad",
        expect!["2 1/0"],
    );
}

#[test]
fn a_string_that_the_cell_executes_is_not_the_cell() {
    check(
        "x = 1\nexec('1/0')",
        6,
        "Cell In[6], line 2\n----> 2 exec('1/0')\n\nFile <string>:1\n----> 1 'Could not get source'\nE: bad",
        expect!["1 exec('1/0')"],
    );
}

#[test]
fn a_magic_line_is_found_by_its_number_since_its_text_is_translated() {
    check(
        "x = 1\n%timeit -n1 1/0\n",
        14,
        "Cell In[14], line 2\n----> 2 get_ipython().run_line_magic('timeit', '-n1 1/0')\n\nFile <magic-timeit>:1, in inner(_it)\n",
        expect!["1 %timeit -n1 1/0"],
    );
}

#[test]
fn older_ipython_versions_are_read_too() {
    check("a\n1/0", 5, "Input In [5], in <cell line: 2>()\n----> 2 1/0\n\nE", expect!["1 1/0"]);
    check(
        "def f():\n  1/0\nf()",
        5,
        "<ipython-input-5-0a1b2c> in <module>\n      2   1/0\n----> 3 f()\n\n<ipython-input-5-0a1b2c> in f()\n----> 2   1/0\n",
        expect!["1   1/0"],
    );
    check(
        "x = 1\n1/0",
        5,
        "/tmp/ipykernel_211/2354412189.py in <module>\n      1 x = 1\n----> 2 1/0\n\nE",
        expect!["1 1/0"],
    );
    check("f(1)", 5, "/tmp/ipykernel_211/1111.py in f(a)\n----> 1   return a/0\n\nE", expect!["no line"]);
    check(
        "def (",
        1,
        "  File \"<ipython-input-1-0a1b2c>\", line 1\n    def (\n        ^\nSyntaxError: invalid syntax",
        expect!["0:4 def ("],
    );
}

#[test]
fn an_error_without_a_traceback_has_no_line() {
    check("%nosuch", 1, "", expect!["no line"]);
    check("x", 1, "E: Cell In[1], line 1", expect!["no line"]);
}

#[test]
fn a_title_is_one_line() {
    for (ename, evalue, title) in [
        ("ValueError", "bad", "ValueError: bad"),
        ("KeyError", "", "KeyError"),
        ("E", "two\nlines\x07", "E: two"),
        ("SyntaxError", "invalid syntax (3342919947.py, line 1)", "SyntaxError: invalid syntax"),
        ("Bad\n[0-1] all\tis well\n", "x\ty", "Bad [0-1] all is well: x y"),
    ] {
        let run = Sample::new(1).raise(0, ename, evalue, &[]).run();
        assert_eq!(errors(&run, "x")[0].title(), title);
    }
}

#[test]
fn a_title_is_short_whatever_was_raised() {
    let name = "E".repeat(99) + "…";
    for (ename, evalue, title) in [
        ("E", "y".repeat(1_000_000), format!("E: {}…", "y".repeat(296))),
        (&*"E".repeat(1_000_000), String::new(), name.clone()),
        (&*"E".repeat(1_000_000), "y".repeat(1_000_000), format!("{name}: {}…", "y".repeat(197))),
    ] {
        let run = Sample::new(1).raise(0, ename, &evalue, &[]).run();
        assert_eq!(errors(&run, "x")[0].title(), title);
    }
}

#[test]
fn the_same_stack_is_one_group_and_texts_that_differ_are_its_variants() {
    let traceback = |n: u32, text: &str| format!("Cell In[{n}], line 2\n----> 2 raise E(rank)\n\nE: {text}");
    let mut sample = Sample::asked(&[0, 1, 2, 3, 4, 5], "rank\nraise E(rank)", false);
    for (slot, n, text) in [(0, 4, "odd"), (1, 4, "even"), (2, 7, "even"), (3, 4, "even"), (4, 4, "third")] {
        sample = sample.input(slot, n).raise(slot, "E", text, &[&traceback(n, text)]);
    }
    let run = sample.raise(5, "UsageError", "no magic", &[]).run();
    let text: String = errors(&run, &run.request.code)
        .iter()
        .map(|group| {
            let variants: String = group
                .variants
                .iter()
                .map(|variant| format!("    {} {}\n", variant.ranks, variant.evalue))
                .collect();
            format!("{} {} line {:?}\n{variants}", group.ranks, group.ename, group.code_line)
        })
        .collect();
    expect![[r#"
        [0-4] E line Some(1)
            [1-3] even
            [0] odd
            [4] third
        [5] UsageError line None
            [5] no magic
    "#]]
    .assert_eq(&text);
}

/// Frames, causes and place of one engine's error, in a few lines.
fn summary(code: &str, n: u32, [ename, evalue]: [&str; 2], traceback: &str) -> String {
    let run = Sample::asked(&[0], code, false).input(0, n).raise(0, ename, evalue, &[traceback]).run();
    let group = errors(&run, code).remove(0);
    let mut text = format!("{} · line {:?}\n", group.title(), group.code_line);
    for Cause { title, direct } in &group.causes {
        text += &format!("direct {direct}: {title}\n");
    }
    for Frame { place, line, function } in &group.frames {
        text += &format!("{place:?} {line:?} {function:?}\n");
    }
    text
}

#[test]
fn a_chain_is_read_with_its_frames() {
    let text = summary(
        "def f(a):\n    return a/0\ntry:\n    f(1)\nexcept Exception as e:\n    raise RuntimeError('two') from e",
        1,
        ["RuntimeError", "two"],
        "---------------------------------------------------------------------------\nZeroDivisionError                         Traceback (most recent call last)\nCell In[1], line 4\n      3 try:\n----> 4     f(1)\n      5 except Exception as e:\n\nCell In[1], line 2, in f(a)\n      1 def f(a):\n----> 2     return a/0\n\nZeroDivisionError: division by zero\n\nThe above exception was the direct cause of the following exception:\n\nRuntimeError                              Traceback (most recent call last)\nCell In[1], line 6\n      4     f(1)\n      5 except Exception as e:\n----> 6     raise RuntimeError('two') from e\n\nRuntimeError: two",
    );
    expect![[r#"
            RuntimeError: two · line Some(5)
            direct true: ZeroDivisionError: division by zero
            Cell(1) Some(4) None
            Cell(1) Some(2) Some("f")
            Cell(1) Some(6) None
        "#]]
    .assert_eq(&text);
}

#[test]
fn frames_in_files_are_read_in_every_mode_and_version() {
    let frames = concat!(
        "ZeroDivisionError: division by zero · line Some(1)\n",
        "Cell(3) Some(2) None\n",
        "File(\"/tmp/x/mod.py\") Some(2) Some(\"outer\")\n",
        "File(\"/tmp/x/mod.py\") Some(6) Some(\"inner\")\n",
    );
    for traceback in [
        // Context.
        "---------------------------------------------------------------------------\nZeroDivisionError                         Traceback (most recent call last)\nCell In[3], line 2\n      1 import mod\n----> 2 mod.outer(3)\n\nFile /tmp/x/mod.py:2, in outer(x)\n      1 def outer(x):\n----> 2     return inner(x)\n\nFile /tmp/x/mod.py:6, in inner(x)\n      4 def inner(x):\n      5     y = 1\n----> 6     return x / 0\n\nZeroDivisionError: division by zero",
        // Verbose.
        "---------------------------------------------------------------------------\nZeroDivisionError                         Traceback (most recent call last)\nCell In[3], line 2\n      1 import mod\n----> 2 mod.outer(3)\n\nFile /tmp/x/mod.py:2, in outer(x=3)\n      1 def outer(x):\n----> 2     return inner(x)\n        x = 3\nFile /tmp/x/mod.py:6, in inner(x=3)\n      4 def inner(x):\n      5     y = 1\n----> 6     return x / 0\n        x = 3\nZeroDivisionError: division by zero",
        // Plain.
        "Traceback (most recent call last):\n\n  Cell In[3], line 2\n    mod.outer(3)\n\n  File /tmp/x/mod.py:2 in outer\n    return inner(x)\n\n  File /tmp/x/mod.py:6 in inner\n    return x / 0\n\nZeroDivisionError: division by zero\n",
        // IPython 8, then 7.
        "Input In [3], in <cell line: 2>()\n      1 import mod\n----> 2 mod.outer(3)\n\nFile /tmp/x/mod.py:2, in outer(x)\n----> 2     return inner(x)\n\nFile /tmp/x/mod.py:6, in inner(x)\n----> 6     return x / 0\n\nZeroDivisionError: division by zero",
        "<ipython-input-3-0a1b2c> in <module>\n      1 import mod\n----> 2 mod.outer(3)\n\n/tmp/x/mod.py in outer(x)\n----> 2     return inner(x)\n\n/tmp/x/mod.py in inner(x)\n----> 6     return x / 0\n\nZeroDivisionError: division by zero",
    ] {
        let text =
            summary("import mod\nmod.outer(3)", 3, ["ZeroDivisionError", "division by zero"], traceback);
        assert_eq!(text, frames, "{traceback}");
    }
}

/// As IPython 9 prints it: to stderr, and nothing of it is in the error.
const GROUP: &str = "  + Exception Group Traceback (most recent call last):\n  |   File \"/lib/IPython/core/interactiveshell.py\", line 3823, in run_code\n  |     exec(code_obj, self.user_global_ns, self.user_ns)\n  |   File \"/tmp/ipykernel_8566/1001373405.py\", line 2, in <module>\n  |     raise ExceptionGroup('both', es)\n  | ExceptionGroup: both (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/tmp/ipykernel_8566/1001373405.py\", line 1, in f\n    |     raise ValueError('v')\n    | ValueError: v\n    +---------------- 2 ----------------\n    | KeyError: 'k'\n    +------------------------------------\n";

#[test]
fn an_exception_group_that_was_printed_to_stderr_has_its_line() {
    let code = "es = [ValueError('v'), KeyError('k')]\nraise ExceptionGroup('both', es)";
    let mut sample = Sample::asked(&[0, 1, 2], code, false);
    for (slot, text) in
        [(0, GROUP.to_owned()), (1, GROUP.replace("8566", "9")), (2, GROUP.replace("KeyError", "OSError"))]
    {
        sample = sample.input(slot, 1).stderr(slot, "before\n").stderr(slot, &text).raise(
            slot,
            "ExceptionGroup",
            "both (2 sub-exceptions)",
            &[],
        );
    }
    let groups = errors(&sample.run(), code);
    let found: Vec<_> =
        groups.iter().map(|group| (group.ranks.to_string(), group.code_line, group.printed)).collect();
    assert_eq!(found, [("[0-1]".to_owned(), Some(1), true), ("[2]".to_owned(), Some(1), true)]);
    assert!(groups[1].traceback.contains("OSError: 'k'"));
}

#[test]
fn what_shares_its_outer_frames_is_one_tree() {
    let raise = |line: u32, name: &str| {
        format!(
            "Cell In[1], line 4\n----> 4 f(rank)\n\nCell In[1], line {line}, in f(a)\n----> {line}     raise {name}\n\n{name}: x"
        )
    };
    let mut sample = Sample::new(6);
    for (slot, line, name) in [(0, 2, "A"), (1, 3, "B"), (2, 3, "B"), (3, 2, "C"), (4, 2, "A")] {
        sample = sample.input(slot, 1).raise(slot, name, "x", &[&raise(line, name)]);
    }
    let run = sample.input(5, 1).raise(5, "D", "x", &["Cell In[1], line 5\n----> 5 g()\n\nD: x"]).run();
    let groups = errors(&run, "");
    fn write(trees: &[Branch], groups: &[ErrorGroup], depth: usize, into: &mut String) {
        for tree in trees {
            let name = if tree.branches.is_empty() { groups[tree.group].ename.as_str() } else { "" };
            into.push_str(&format!("{}{} {:?} {name}\n", "  ".repeat(depth), tree.ranks, tree.steps));
            write(&tree.branches, groups, depth + 1, into);
        }
    }
    let mut text = String::new();
    write(&trees(&groups), &groups, 0, &mut text);
    expect![[r#"
        [0-4] 0..1 
          [0,4] 1..3 A
          [1-2] 1..3 B
          [3] 1..3 C
        [5] 0..2 D
    "#]]
    .assert_eq(&text);
}

#[test]
fn values_in_frames_split_no_group_and_are_kept() {
    let traceback =
        |x: u32| format!("Cell In[1], line 1, in f(x={x})\n----> 1 raise E\n        x = {x}\nE: x");
    let run = (0..3).fold(Sample::new(3), |sample, slot| {
        sample.input(slot, 1).raise(slot, "E", "x", &[&traceback(slot.min(1))])
    });
    let groups = errors(&run.run(), "raise E");
    assert_eq!((groups.len(), groups[0].variants.len(), groups[0].title()), (1, 2, "E: x".to_owned()));
    assert!(groups[0].variants[1].traceback.contains("x = 0"));
}

#[test]
fn a_caret_of_several_characters_marks_them() {
    let read = |code: &str, traceback: &str| {
        let run =
            Sample::asked(&[0], code, false).input(0, 1).raise(0, "SyntaxError", "", &[traceback]).run();
        let group = errors(&run, code).remove(0);
        (group.code_line, group.column, group.width)
    };
    let wide = "  Cell In[1], line 1\n    x = 'aé日😀' 4 + foo(1 2)\n               ^^^\nSyntaxError: invalid syntax\n";
    assert_eq!(read("x = 'aé日😀' 4 + foo(1 2)", wide), (Some(0), Some(11), 3));
    let tabs = "  Cell In[1], line 3\n    y = = 'é' + 2\n        ^\nSyntaxError: invalid syntax\n";
    assert_eq!(read("x = 1\nif x:\n\ty = = 'é' + 2", tabs), (Some(2), Some(5), 1));
}

/// What tracebacks are made of, in any order.
const PIECE: &str = "(Cell In\\[1\\], line 2|File /a/b\\.py:3, in f\\(x\\)|  File \"a\", line 99999999999|----> 2 x|\\^\\^|  \\+ Exception Group Traceback \\(most recent call last\\):|  \\| x|\\[\\.\\.\\. skipping similar frames|E: bad|During handling of the above exception, another exception occurred:|-{30}|<timed exec>:2| |é|.|\n){0,40}";

proptest::proptest! {
    #[test]
    fn whatever_a_traceback_is_each_line_is_in_one_step(text in PIECE, code in "(x|y\n|%%time\n|\n){0,6}") {
        let run = Sample::asked(&[0, 1], &code, false).input(0, 1).raise(0, "E", "bad", &[&text]).raise(1, "E", &text, &[]);
        let run = run.stderr(1, &text).run();
        for group in errors(&run, &code) {
            let mut next = 0;
            for step in &group.steps {
                assert_eq!(step.lines.start, next);
                assert!(step.lines.end > next);
                next = step.lines.end;
            }
            assert_eq!(next, group.traceback.lines().count());
        }
        trees(&errors(&run, &code));
    }
}

#[test]
fn calls_that_repeat_are_shown_as_ipython_shows_them() {
    let call = |name: &str, to: &str, line: u32| {
        format!(
            "Cell In[1], line {line}, in \u{1b}[36m{name}(n)\u{1b}[39m\n----> {line}     return {to}(n)\n\n"
        )
    };
    let raised = |calls: String, text: &str| {
        let traceback = format!("Cell In[1], line 9\n----> 9 f(0)\n\n{calls}RecursionError: {text}");
        let run = Sample::new(1).input(0, 1).raise(0, "RecursionError", text, &[&traceback]).run();
        let code = "def f(n):\n    return f(n)\n\ndef g(n):\n    return f(n)\n\n\n\nf(0)";
        (errors(&run, code).remove(0), traceback)
    };
    let (group, sent) = raised(call("f", "f", 2).repeat(970), "deep");
    expect![[r#"
        Cell In[1], line 9
        ----> 9 f(0)

        Cell In[1], line 2, in f(n)
        ----> 2     return f(n)

            [... skipping similar frames: f at line 2 (968 times)]

        Cell In[1], line 2, in f(n)
        ----> 2     return f(n)

        RecursionError: deep"#]]
    .assert_eq(&group.traceback);
    assert_eq!((group.code_line, group.frames.len()), (Some(1), 3));
    let colored = without(&group.repeats, &terminal_text(&sent, true));
    assert!(colored.contains('\u{1b}'), "{colored}");
    assert_eq!(terminal_text(&colored, false), group.traceback);
    // Two that call each other, the last of them once less.
    let pair = call("f", "g", 2) + &call("g", "f", 5);
    let (group, _) = raised(pair.repeat(480) + &call("f", "g", 2), "deep");
    assert!(
        group.traceback.contains("f at line 2 (478 times), g at line 5 (478 times)]"),
        "{}",
        group.traceback
    );
    assert_eq!(group.frames.len(), 1 + 4 + 1);
    // Few of them are shown one by one, and what the exception says is no call.
    let (group, _) = raised(call("f", "f", 2).repeat(4), &"Cell In[1], line 2, in f(n)\n\n".repeat(9));
    assert!(!group.traceback.contains("skipping"), "{}", group.traceback);
}

#[test]
fn a_traceback_of_a_megabyte_is_read_in_one_go() {
    let frame = |n: usize| {
        format!("Cell In[1], line 2, in r(n={n})\n      1 def r(n):\n----> 2     return r(n+1)\n\n")
    };
    let frames: String = (0..15_000).map(frame).collect();
    let text = format!(
        "Cell In[1], line 3\n----> 3 r(0)\n\n{frames}    [... skipping similar frames: r at line 2 (988 times)]\n\nRecursionError: too deep"
    );
    assert!(text.len() > 1_000_000);
    let run = (0..50).fold(Sample::new(50), |sample, slot| {
        sample.input(slot, 1).raise(slot, "RecursionError", "too deep", &[&text])
    });
    let groups = errors(&run.run(), "def r(n):\n    return r(n+1)\nr(0)");
    assert_eq!((groups.len(), groups[0].frames.len(), groups[0].code_line), (1, 15_001, Some(1)));
}
