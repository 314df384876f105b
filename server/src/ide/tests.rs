//! Completions, explanations and tokens of texts with a marked cursor.

mod any_text;
mod lenses;

use expect_test::{Expect, expect};

use super::{
    Completion, Known, Nearby,
    complete::complete,
    help::help,
    plan::{Decision, label},
    tokens::tokens,
};
use crate::{
    cells::{
        Dialect, Placed, Sets,
        magic::{MagicKind, OPTIONS, Value},
        recognize,
    },
    engines::{EngineId, Targets},
    text::{Document, TextRange},
};

struct Text {
    document: Document,
    dialect: Dialect,
    cells: Vec<Placed>,
    blocks: Vec<TextRange>,
    cursor: usize,
}

/// A document with the cursor at `$0`, which is removed from the text.
fn read(marked: &str, dialect: Dialect) -> Text {
    let cursor = marked.find("$0").unwrap_or(0);
    let text = marked.replacen("$0", "", 1);
    let found = recognize(&text, dialect).unwrap();
    Text {
        document: Document::new(&text, 1),
        dialect,
        cells: found.cells,
        blocks: found.blocks.into_iter().map(|block| block.range).collect(),
        cursor,
    }
}

impl Text {
    fn with<T>(&self, look: impl FnOnce(Nearby<'_>) -> T) -> T {
        let cells: Vec<&Placed> = self.cells.iter().collect();
        let block = self.blocks.iter().rev().find(|block| (block.start..=block.end).contains(&self.cursor));
        look(Nearby { text: &self.document, dialect: self.dialect, cells: &cells, block: block.copied() })
    }

    fn complete(&self) -> Vec<Completion> {
        let engines = (0..4).map(EngineId).collect();
        let known = Known::of(engines, std::iter::empty(), self.cells.iter(), Some(self.cursor));
        self.with(|nearby| complete(nearby, self.cursor, &known))
    }
}

/// Checks the completions and the text that they replace, and that a notebook stays valid after the first is inserted.
fn check_in(marked: &str, dialect: Dialect, expected: Expect) {
    let text = read(marked, dialect);
    let found = text.complete();
    let mut shown = String::new();
    if let Some(first) = found.first() {
        let whole = text.document.text();
        let labels: Vec<&str> = found.iter().map(|completion| completion.label.as_str()).collect();
        let range = first.edit.as_range();
        assert!(found.iter().all(|completion| completion.edit == first.edit));
        let taken = format!("{}{}{}", &whole[..range.start], first.label, &whole[range.end..]);
        if dialect == Dialect::NotebookJson {
            recognize(&taken, dialect).expect("still JSON");
        }
        shown = format!("{:?} -> {}\n", &whole[range], labels.join(" "));
    }
    expected.assert_eq(&shown);
}

fn check(marked: &str, expected: Expect) {
    check_in(marked, Dialect::Script, expected);
}

#[test]
fn names_complete_at_the_start_of_a_line_and_replace_what_was_typed() {
    check(
        "%$0\n",
        expect![[r#"
        "%" -> %%px %px %pxresult %pxconfig %autopx %result
    "#]],
    );
    check(
        "%%p$0\n",
        expect![[r#"
        "%%p" -> %%px
    "#]],
    );
    check("x = 1\n%px$0 1\n", expect![""]);
    check(
        "if x:\n    %p$0x 1\n",
        expect![[r#"
        "%px" -> %px %pxresult %pxconfig
    "#]],
    );
    check(
        "x = %$0\n",
        expect![[r#"
        "%" -> %px
    "#]],
    );
    check("a = 1\n%%p$0\n", expect![""]);
}

#[test]
fn names_complete_after_a_comment_sign_in_scripts() {
    for (text, typed) in [("# %%p$0", "%%p"), ("#%%p$0", "%%p"), ("#!%%p$0", "%%p"), ("# MAGIC %%p$0", "%%p")]
    {
        let labels: Vec<String> =
            read(text, Dialect::Script).complete().into_iter().map(|c| c.label).collect();
        assert_eq!(labels, ["%%px"], "{text}: {typed}");
    }
    check(
        "a = 1\n# %%p$0\n",
        expect![[r#"
        "%%p" -> %%px
    "#]],
    );
    check(
        "# %% title\n\n%%$0\n",
        expect![[r#"
        "%%" -> %%px
    "#]],
    );
    check_in("# %%p$0", Dialect::NotebookCell, expect![""]);
}

#[test]
fn nothing_is_offered_in_bodies_and_in_python() {
    for text in [
        "%%px\n%$0\n",
        "%%px\nx = 1\n--$0\n",
        "%px --$0\n",
        "%px -t $0\n",
        "x %$0\n",
        "x = y %$0\n",
        "%autopx -$0\n",
        "# a comment %$0\n",
        "%%px x --$0",
        "%%time --$0\nx",
        "%lsmagic $0",
        "x$0",
    ] {
        // A stray word does not stop the completion of options.
        let found = read(text, Dialect::Script).complete();
        assert_eq!(found.is_empty(), text != "%%px x --$0", "{text}: {found:?}");
    }
}

#[test]
fn inside_a_region_only_its_end_is_offered() {
    check_in(
        "%autopx\n\nx = 1\n%$0",
        Dialect::Script,
        expect![[r#"
        "%" -> %autopx
    "#]],
    );
}

#[test]
fn suffixes_of_the_document_are_offered() {
    check(
        "%pxconfig_even -t ::2\n%px_odd 1\n%px_$0\n",
        expect![[r#"
        "%px_" -> %px_even %px_odd
    "#]],
    );
}

#[test]
fn options_complete_if_the_magic_takes_them_and_they_are_not_given_yet() {
    check(
        "%%px --tar$0\nx",
        expect![[r#"
        "--tar" -> --targets
    "#]],
    );
    check(
        "%%px $0\nx",
        expect![[r#"
        "" -> --targets --noblock --block --group-outputs -e -r --out --local --stream --no-stream --verbose --no-verbose --progress-after --signal-on-interrupt
    "#]],
    );
    check(
        "%%px -t 0 --nobl -$0 --stream\nx",
        expect![[r#"
        "-" -> --group-outputs -e -r --out --local --verbose --no-verbose --progress-after --signal-on-interrupt
    "#]],
    );
    check(
        "%pxconfig --$0",
        expect![[r#"
        "--" -> --targets --noblock --block --stream --no-stream --verbose --no-verbose --progress-after --signal-on-interrupt
    "#]],
    );
    check(
        "%pxresult --$0",
        expect![[r#"
        "--" -> --group-outputs --out
    "#]],
    );
    check(
        "%result -$0",
        expect![[r#"
        "-" -> --group-outputs -e -r --out
    "#]],
    );
    check(
        "%%px --no$0block\nx",
        expect![[r#"
        "--noblock" -> --noblock --no-stream --no-verbose
    "#]],
    );
    check(
        "%%px --gr$0=type\nx",
        expect![[r#"
        "--gr" -> --group-outputs
    "#]],
    );
}

#[test]
fn values_are_choices_engines_and_signals() {
    check(
        "%%px --group-outputs $0\nx",
        expect![[r#"
        "" -> type order engine
    "#]],
    );
    check(
        "%pxresult --group-outputs=e$0",
        expect![[r#"
        "e" -> engine
    "#]],
    );
    check(
        "%%px -t $0\nx",
        expect![[r#"
        "" -> all 0 1 2 3 ::2 1::2 :2 2: 0-1,3 -1
    "#]],
    );
    check("%%px -t0$0\nx", expect![""]);
    check(
        "%%px --targets=0,$0\nx",
        expect![[r#"
        "" -> 1 2 3 1-3
    "#]],
    );
    check(
        "%%px --targets [0,2,$0]\nx",
        expect![[r#"
        "" -> 1 3
    "#]],
    );
    check(
        "%pxconfig --signal-on-interrupt SIGT$0",
        expect![[r#"
        "SIGT" -> SIGTERM
    "#]],
    );
    check("%%px -o $0\nx", expect![""]);
}

#[test]
fn a_raw_notebook_stays_json() {
    let notebook =
        |source: &str| format!(r#"{{"cells":[{{"cell_type":"code","source":{source}}}],"nbformat":4}}"#);
    let check = |source: &str, expected| check_in(&notebook(source), Dialect::NotebookJson, expected);
    check(
        r#"["%%p$0"]"#,
        expect![[r#"
        "%%p" -> %%px
    "#]],
    );
    check(
        r#""%%px --tar$0\nx = \"é\"""#,
        expect![[r#"
        "--tar" -> --targets
    "#]],
    );
    check(
        r#"["\n", "%%px -t 0 --gr$0\n", "x"]"#,
        expect![[r#"
        "--gr" -> --group-outputs
    "#]],
    );
    check(
        r#"["x = '\u00e9\ud83d\ude00'\n", "%pxresult --gr$0"]"#,
        expect![[r#"
        "--gr" -> --group-outputs
    "#]],
    );
    check(r#"["%%px\n", "%$0"]"#, expect![""]);
    check(
        r#"["%pxconfig -t 0 \\\n", "  --str$0"]"#,
        expect![[r#"
        "--str" -> --stream
    "#]],
    );
    let markdown = r#"{"cells":[{"cell_type":"markdown","source":["%$0"]}],"nbformat":4}"#;
    check_in(markdown, Dialect::NotebookJson, expect![""]);
}

#[test]
fn every_option_is_offered_exactly_where_it_is_accepted() {
    for entry in OPTIONS {
        let value = match entry.value {
            Value::Switch(_) | Value::Group(_) => "",
            Value::Targets => " 0",
            Value::GroupName => " type",
            Value::Seconds => " 1",
            Value::Signal => " SIGINT",
            Value::Name => " name",
        };
        for magic in [MagicKind::CellPx, MagicKind::PxConfig, MagicKind::PxResult, MagicKind::Result] {
            let line = format!("{}{magic}", magic.signs());
            for name in [entry.long, entry.short].into_iter().filter(|name| !name.is_empty()) {
                let found = recognize(&format!("{line} {name}{value}\nx\n"), Dialect::NotebookCell).unwrap();
                let is_taken = found.cells[0].magic.options.error.is_none();
                let is_offered = magic.options().any(|option| std::ptr::eq(option, entry));
                assert_eq!(is_taken, is_offered, "{line} {name}{value}");
            }
        }
    }
}

#[test]
fn nothing_is_offered_on_the_marker_of_a_plain_cell() {
    check("a = 1\n# %%$0", expect![""]);
    check("a = 1\n# %$0", expect![""]);
}

fn check_help(marked: &str, expected: Expect) {
    let text = read(marked, Dialect::Script);
    let whole = text.document.text();
    let shown = text
        .with(|nearby| help(nearby, text.cursor))
        .map(|help| format!("{:?}\n{}\n", &whole[help.range.as_range()], help.lines.join("\n")));
    expected.assert_eq(&shown.unwrap_or_default());
}

#[test]
fn an_option_is_explained_with_its_value() {
    check_help(
        "%%px --targ$0 0 -a\nx",
        expect![[r#"
        "--targ 0"
        --targets, -t TARGETS
        The engines that run it: all, an id (-1 is the last), 0,2, a slice of those alive such as ::2, range(0,4), or the rank set 0-3,7. Without blanks.
        Default: what a %pxconfig or a view above sets, else all.
        Upstream: ipyparallel evaluates it as Python; it fails on rank sets, and computes a lone 0-2.
    "#]],
    );
    check_help(
        "%pxconfig --progress-after 0.5$0",
        expect![[r#"
        "--progress-after 0.5"
        --progress-after SECONDS
        Seconds until progress is shown: 0 shows it at once, -1 never.
        Default: what a %pxconfig above sets, else 1.
        Upstream: ipyparallel's default is 2; with -1 it may lose output that comes after the reply.
    "#]],
    );
    check_help(
        "%%px -b$0t0\nx",
        expect![[r#"
        "-b"
        --block, -b
        The next cell waits until all engines have ended.
        Default: what a %pxconfig or a view above sets, else --block.
    "#]],
    );
    check_help("%%px --bogus$0\nx", expect![""]);
    check_help("%px --targ$0ets", expect![""]);
    check_help("%%px\n--targ$0ets", expect![""]);
}

#[test]
fn a_magic_is_explained_on_its_name_and_on_a_help_line() {
    check_help(
        "%px$0result",
        expect![[r#"
        "%pxresult"
        %pxresult: shows the newest result of its view again, grouped as asked, without running anything.
        Options: --group-outputs -e -r --out
    "#]],
    );
    check_help(
        "%px$0 1",
        expect![[r#"
        "%px"
        %px: runs the rest of the line on engines; all of it is code, and no option.
    "#]],
    );
    check_help(
        "%%px?$0\n",
        expect![[r#"
        "%%px?"
        %%px: runs the body on engines; this line takes options.
        --targets, -t TARGETS: which engines
        --noblock, -a: do not wait for it
        --block, -b: wait for it
        --group-outputs type|order|engine: how output is laid out
        -e: --group-outputs=engine
        -r: --group-outputs=order
        --out, -o NAME: keep the result under a name
        --local: run it here as well
        --stream: in a terminal: print output as it comes
        --no-stream: in a terminal: print output at the end
        --verbose: in a terminal: announce the engines
        --no-verbose: announce nothing
        --progress-after SECONDS: seconds until progress is shown
        --signal-on-interrupt SIGNAL: what an interrupt sends
    "#]],
    );
}

fn check_tokens(text: &str, dialect: Dialect, expected: Expect) {
    let read = read(text, dialect);
    let whole = read.document.text();
    let mut last = 0;
    let mut shown = String::new();
    for cell in &read.cells {
        for token in tokens(&read.document, dialect, cell) {
            let range = token.range;
            assert!(last <= range.start && range.start < range.end, "{token:?}");
            assert_eq!(read.document.line_of(range.start), read.document.line_of(range.end));
            last = range.end;
            shown.push_str(&format!("{:?} {:?}\n", &whole[range.as_range()], token.kind));
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn names_options_and_values_are_coloured_and_bodies_are_not() {
    check_tokens(
        "%%px --targets=[0,2] -e --bogus -o é -bt::2\nx = %px\n",
        Dialect::Script,
        expect![[r#"
            "%%px" Magic
            "--targets" Option
            "[" Operator
            "0" Number
            "," Operator
            "2" Number
            "]" Operator
            "-e" Option
            "-o" Option
            "é" Text
            "-b" Option
            "t" Option
            "::" Operator
            "2" Number
        "#]],
    );
    check_tokens(
        "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n# %pxconfig --targets all --progress-after -1 \\\n#   --signal-on-interrupt SIGINT\n# x = %px_a -t 1\n# %autopx\n",
        Dialect::Script,
        expect![[r#"
            "%pxconfig" Magic
            "--targets" Option
            "all" Word
            "--progress-after" Option
            "-1" Number
            "--signal-on-interrupt" Option
            "SIGINT" Text
            "%px_a" Magic
            "%autopx" Magic
        "#]],
    );
    check_tokens("get_ipython().run_line_magic('px', 'a')\n", Dialect::Script, expect![""]);
    check_tokens(
        "%%px -o 'a \\\n b'\n",
        Dialect::Script,
        expect![[r#"
        "%%px" Magic
        "-o" Option
    "#]],
    );
    check_tokens(
        r#"{"cells":[{"cell_type":"code","source":["\u0009%pxresult -o \u00e9x \\\n","  -e"]}],"nbformat":4}"#,
        Dialect::NotebookJson,
        expect![[r#"
            "%pxresult" Magic
            "-o" Option
            "\\u00e9x" Text
            "-e" Option
        "#]],
    );
}

#[test]
fn a_label_says_only_what_differs_from_the_default() {
    let label = |targets: &str, chosen: Option<(&str, usize)>, blocks| {
        label(&Targets::parse(targets).unwrap(), chosen, blocks).unwrap_or_default()
    };
    let shown = [
        label("all", Some(("[0-3]", 4)), true),
        label("all", None, false),
        label("::2", Some(("[0,2]", 2)), false),
        label("::2", None, true),
        label("::2", Some(("[0,2,4,6,8,10,12,14,16]", 9)), true),
    ];
    assert_eq!(shown, ["", "→ noblock", "→ [0,2] noblock", "→ ::2", "→ 9 engines"]);
}

#[test]
fn a_decision_is_a_sentence_and_a_slice_says_what_python_would_have_done() {
    let decision = |text: &str, sets: &[Sets], is_frozen| {
        Decision { place: "line 3".into(), text: text.into(), sets: sets.into(), is_frozen }.sentence()
    };
    assert_eq!(
        decision("%pxconfig --targets ::2 --noblock", &[Sets::Targets, Sets::Block], false),
        "line 3: %pxconfig --targets ::2 --noblock sets the targets and blocking"
    );
    assert_eq!(
        decision("rc[::2].activate('_even')", &[Sets::Targets], true),
        "line 3: rc[::2].activate('_even') sets the targets; it chooses among the engines alive when the cell runs, \
         while Python would have frozen them here"
    );
}

#[test]
fn an_alias_is_offered_explained_and_coloured_as_what_it_stands_for() {
    let text = read("%alias_magic p0 px -p \"-t 0\"\n# %%\n%%p$00 --noblock\nx\n", Dialect::Script);
    let help = text.with(|nearby| super::help::help(nearby, text.cursor)).unwrap();
    assert_eq!(help.lines[0], "%%p0 stands for %%px -t 0");
    let tokens = super::tokens::tokens(&text.document, text.dialect, &text.cells[0]);
    let whole = text.document.text();
    let shown: Vec<&str> = tokens.iter().map(|token| &whole[token.range.as_range()]).collect();
    assert_eq!(shown, ["%%p0", "--noblock"]);
    let aliases =
        vec![("%%p0".to_owned(), "%%px -t 0".to_owned()), ("%p0".to_owned(), "%px -t 0".to_owned())];
    let known = Known { aliases, ..Known::default() };
    let found = text.with(|nearby| complete(nearby, text.cursor, &known));
    let labels: Vec<String> =
        found.iter().map(|found| format!("{}: {}", found.label, found.detail)).collect();
    assert_eq!(labels, ["%%px: run the cell on engines", "%%p0: stands for %%px -t 0"]);
}

#[test]
fn a_magic_behind_another_is_coloured_and_explained() {
    let text = read("%time %pxresult$0 -e\n", Dialect::Script);
    let tokens = super::tokens::tokens(&text.document, text.dialect, &text.cells[0]);
    let whole = text.document.text();
    let shown: Vec<&str> = tokens.iter().map(|token| &whole[token.range.as_range()]).collect();
    assert_eq!(shown, ["%pxresult", "-e"]);
    let help = text.with(|nearby| super::help::help(nearby, text.cursor)).unwrap();
    assert!(help.lines[0].starts_with("%pxresult: "));
}
