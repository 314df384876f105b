//! What holds for any text.

use proptest::prelude::*;

use super::{
    super::{magic::MagicKind, mapped::Mapped, options},
    *,
};
use crate::engines::EngineId;

/// A magic's option line, whole words and halves of them.
fn option_line() -> impl Strategy<Value = String> {
    let words = [
        "--targets",
        "--targets=",
        "-t",
        "-t0",
        "--targ",
        "0,2",
        "[0,",
        "2]",
        "::2",
        "-1",
        "-2:",
        "all",
        "'0'",
        "\"all",
        "0-2",
        "0-3,7",
        "range(0,4",
        "slice(None,",
        "None)",
        "{sel}",
        "$sel",
        "$",
        "--block",
        "--noblock",
        "-b",
        "-a",
        "-ab",
        "-eb",
        "--stream",
        "--no-stream",
        "--st",
        "--no",
        "--progress-after",
        "--progress-after=-1",
        "1e9",
        "nan",
        "1__0",
        "--signal-on-interrupt",
        "SIGINT",
        "9",
        "--verbose",
        "--no-verbose",
        "--group-outputs",
        "--group-outputs=bad",
        "-e",
        "-r",
        "--gr",
        "order",
        "--out",
        "-o",
        "ar",
        "--local",
        "--",
        "-",
        "--=",
        "-h",
        "é",
        "\u{a0}",
        "\t",
        "\\",
    ];
    let word =
        prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    (prop::collection::vec((word, 0..3_usize), 0..8), 0..200_usize).prop_map(|(words, cut)| {
        let line: String = words.into_iter().map(|(word, blanks)| word + &" ".repeat(blanks)).collect();
        line.chars().take(cut.max(1)).collect()
    })
}

/// One line of a script, or the beginning of one.
fn line() -> impl Strategy<Value = String> {
    let escapes = ["", "", "", "# ", "#", "#!", "# MAGIC ", "    ", "\t", "# # ", "x = ", "if 1: "];
    let names = [
        "%%px",
        "%px",
        "%pxresult",
        "%result",
        "%pxconfig",
        "%autopx",
        "%%px_even",
        "%px0",
        "%autopx_even",
        "%pxresult_even",
        "%pxconfig_even",
        "%%px?",
        "%%time",
        "%%bash",
        "%%pxé",
        "px",
        "%%",
        "%",
    ];
    let magic = (prop::sample::select(escapes.to_vec()), prop::sample::select(names.to_vec()), option_line())
        .prop_map(|(escape, name, options)| format!("{escape}{name} {options}"));
    let others = [
        "# %%",
        "#%%",
        "# %% [markdown]",
        "# In[3]:",
        "# <codecell>",
        "# COMMAND ----------",
        "# %%px",
        "# noescape",
        "",
        "",
        "    ",
        "a = 1",
        "print('%px no')",
        "'''",
        "\"\"\"",
        "'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\\",
        "x = (1, \\",
        "f'{a",
        "!ls",
        "?px",
        "even = rc[::2]",
        "even.activate('_even')",
        "even.activate(",
        "rc.activate()",
        "rc.activate(0, '0')",
        "dv = rc[:]",
        "dv.block = True",
        "dv.targets = '::2'",
        "dv.targets = [0, 2",
        "with rc[:].sync_imports():",
        "    import numpy",
        "    import numpy as np, os.path",
        "    from os import (path as p, # as",
        "%time %px a",
        "%timeit -n 3 t = %px  a",
        "%prun get_ipython().run_line_magic('px', 'a')",
        "%%timeit %px a",
        "%alias_magic p0 px -p \"-t 0\"",
        "%alias_magic t time",
        "%%p0",
        "%p0 a",
        "%t %px a",
        "ip = get_ipython()",
        "ip.run_line_magic('px', 'a')",
        "ip.run_cell('%%px\\na')",
        "get_ipython().magic(u'%px a')",
        "%px config -t 0",
        "    x()",
        "def f():",
        "class A:",
        "async def f():",
        "    await g()",
        "rc = ipp.Client()",
        "lambda: (yield)",
        "é = '😀'",
        "\u{2028}",
        "\u{feff}",
        "get_ipython().run_cell_magic('px', '--targets ::2', 'a\\n')",
        "get_ipython().run_line_magic('px', ",
        "rc[::2].activate('_even')",
        "even = rc[",
        "even.block = True",
        "import os",
        "if x:",
        "else:",
        "try:",
        "even.targets = ",
        ";",
    ];
    let other = prop::sample::select(others.to_vec()).prop_map(str::to_owned);
    let line = prop_oneof![4 => magic, 5 => other, 1 => any::<String>()];
    (line, prop_oneof![6 => Just(usize::MAX), 1 => 0..12_usize])
        .prop_map(|(line, cut)| line.chars().take(cut).collect())
}

/// A script or the text of a cell, so that chance meets what matters.
pub(super) fn fragments() -> impl Strategy<Value = String> {
    let ends = prop::sample::select(vec!["\n", "\n", "\n", "\n", "\r\n", "\r", ""]);
    prop::collection::vec((line(), ends), 0..16)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

fn any_source() -> impl Strategy<Value = String> {
    prop_oneof![1 => any::<String>(), 4 => fragments()]
}

/// A string as JSON may spell it: some characters as escapes, the odd ones among them.
fn spelled(text: &str, dice: u64) -> String {
    let mut json = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        let way = (dice >> (at % 60)) % 5;
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '/' if way == 0 => json.push_str("\\/"),
            '\n' if way < 4 => json.push_str("\\n"),
            c if way == 0 || c < ' ' => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| json.push_str(&format!("\\u{unit:04X}")));
            }
            c => json.push(c),
        }
    }
    // Half of a character.
    json + ["", "", "\\ud83d", "\\ude00", "\\ud83d\\n"][(dice % 5) as usize] + "\""
}

/// A notebook's file: of nbformat 3 or 4, with the source as one string or as lines.
fn notebook() -> impl Strategy<Value = String> {
    let cell = (any_source(), any::<u64>(), 0..6_u8).prop_map(|(source, dice, form)| {
        let lines: Vec<String> = source.split_inclusive('\n').map(|line| spelled(line, dice)).collect();
        let source = match form {
            0 => format!("[ {} ]", lines.join(",\n")),
            1 => spelled(&source, dice),
            2 => format!("[[{}], {}null]", spelled(&source, dice), lines.iter().map(|line| line.clone() + ", ").collect::<String>()),
            3 => "null".to_owned(),
            _ => format!("[{}]", lines.join(",")),
        };
        let (kind, key) = [("code", "source"), ("code", "input"), ("markdown", "source")][usize::from(form % 3)];
        let deep = "[".repeat(usize::from(form) * 20) + &"]".repeat(usize::from(form) * 20);
        let metadata = if deep.is_empty() { "{}" } else { &deep };
        format!("{{\"id\": \"i{dice}\", \"cell_type\": \"{kind}\", \"metadata\": {metadata},\r\n \"{key}\": {source}}}")
    });
    (prop::collection::vec(cell, 0..5), any::<bool>()).prop_map(|(cells, is_old)| {
        let cells = cells.join(", ");
        match is_old {
            true => format!("{{\"worksheets\": [{{\"cells\": [{cells}]}}, {{}}], \"nbformat\": 3}}"),
            false => format!("\u{feff}{{\"nbformat\": 4, \"cells\": [{cells}]}}"),
        }
    })
}

/// The same text with a piece of it gone, twice or replaced.
fn broken(text: String, from: f64, length: usize, with: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = ((chars.len() as f64) * from) as usize;
    let to = (from + length).min(chars.len());
    let [before, piece, after] =
        [&chars[..from], &chars[from..to], &chars[to..]].map(|part| part.iter().collect::<String>());
    match with {
        "twice" => before + &piece + &piece + &after,
        with => before + with + &after,
    }
}

fn broken_notebook() -> impl Strategy<Value = String> {
    let with = ["", "twice", "\"", "\\", "\\u", "\\ud8", "{", "]", ",", "\n", "1e999", "null", "é"];
    (notebook(), 0.0..1.0_f64, 0..40_usize, prop::sample::select(with.to_vec()))
        .prop_map(|(text, from, length, with)| broken(text, from, length, with))
}

/// A target expression, or what somebody takes for one.
fn expression() -> impl Strategy<Value = String> {
    let parts = [
        "0",
        "1",
        "12",
        "-",
        "-1",
        "99999999999999999999",
        ",",
        ",",
        "[",
        "]",
        "(",
        ")",
        ":",
        ":",
        "::2",
        " ",
        "\t",
        "all",
        "ALL",
        "None",
        "True",
        "range(",
        "slice(",
        "0-3",
        "7",
        "'",
        "\"",
        "{",
        "}",
        "0x1",
        "1_0",
        ".",
        "é",
        "٣",
        "[0,",
        "0-3,7",
        "x",
    ];
    prop_oneof![1 => any::<String>(), 4 => prop::collection::vec(prop::sample::select(parts.to_vec()), 0..9).prop_map(|parts| parts.concat())]
}

/// Every range lies in the text on character borders, and ordinals and blocks agree.
fn check_ranges(text: &str, cells: &Cells, problems: &[Problem]) {
    let mut ranges: Vec<TextRange> = problems.iter().map(|problem| problem.range).collect();
    ranges.extend(cells.blocks.iter().map(|block| block.range));
    for (ordinal, cell) in (0..).zip(&cells.cells) {
        assert_eq!(cell.ordinal, ordinal);
        ranges.extend([cell.range(), cell.magic_range(), cell.name_range()]);
        assert!(cell.range().start <= cell.magic_range().start && cell.magic_range().end <= cell.range().end);
        ranges.extend(cell.magic.options.targets.iter().map(|targets| cell.place(targets.range)));
        for line in 0..cell.lines.len() as u32 {
            let range = cell.code_range(line).unwrap();
            ranges.push(range);
            let code = cell.code.split('\n').nth(line as usize).unwrap();
            for (column, _) in code.char_indices() {
                let offset = cell.code_offset(line, column).unwrap();
                ranges.push(TextRange::new(offset, offset));
                assert!((range.start..=range.end).contains(&offset));
            }
        }
        assert_eq!(cell.code_range(cell.lines.len() as u32), None);
    }
    for range in ranges {
        assert!(text.get(range.as_range()).is_some(), "{range:?}");
    }
    let mut next = 0;
    for block in &cells.blocks {
        assert_eq!(block.px_cells.start, next);
        next = block.px_cells.end;
    }
    assert_eq!(next as usize, cells.cells.len());
}

fn check_read(text: &str, dialect: Dialect) {
    let (cells, problems) = lint::recognize(text, dialect, &Arc::default()).unwrap();
    check_ranges(text, &cells, &problems);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_script_and_any_cell_is_read(text in any_source()) {
        for dialect in [Dialect::Script, Dialect::NotebookCell] {
            check_read(&text, dialect);
        }
    }

    #[test]
    fn any_text_is_a_notebook_or_says_why_not(text in prop_oneof![any_source(), broken_notebook()]) {
        if let Ok((cells, problems)) = lint::recognize(&text, Dialect::NotebookJson, &Arc::default()) {
            check_ranges(&text, &cells, &problems);
        }
    }

    #[test]
    fn a_notebook_as_json_holds_what_its_cells_hold(sources in prop::collection::vec(any_source(), 0..4), lines in any::<bool>()) {
        let texts: Vec<&str> = sources.iter().map(String::as_str).collect();
        let source = |text: &str| match lines {
            true => serde_json::json!(text.split_inclusive('\n').collect::<Vec<_>>()),
            false => serde_json::json!(text),
        };
        let cells: Vec<_> = texts
            .iter()
            .map(|text| serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": source(text)}))
            .collect();
        let json = serde_json::to_string_pretty(&serde_json::json!({"cells": cells, "nbformat": 4})).unwrap();
        let (raw, problems) = lint::recognize(&json, Dialect::NotebookJson, &Arc::default()).unwrap();
        check_ranges(&json, &raw, &problems);
        let synchronised = recognize_notebook(&texts);
        for (text, (cells, problems)) in texts.iter().zip(&synchronised) {
            check_ranges(text, cells, problems);
        }
        let key = |cell: &Placed| (cell.kind, cell.code.clone(), cell.refusal().map(str::to_owned), cell.magic.suffix.clone());
        let raw: Vec<_> = raw.cells.iter().map(key).collect();
        let synchronised: Vec<_> = synchronised.iter().flat_map(|(cells, _)| &cells.cells).map(key).collect();
        prop_assert_eq!(raw, synchronised);
    }

    #[test]
    fn a_notebook_is_read_whatever_its_spelling(text in notebook()) {
        check_read(&text, Dialect::NotebookJson);
    }

    #[test]
    fn any_target_expression_is_read_or_refused(text in expression(), ids in prop::collection::btree_set(0..20_u32, 0..6)) {
        let ids: Vec<_> = ids.into_iter().map(EngineId).collect();
        for read in [Targets::parse(&text), Targets::parse_flag(&text)] {
            match read {
                Ok(targets) => {
                    prop_assert_eq!(Targets::parse(&targets.to_string()), Ok(targets.clone()));
                    if let Ok(resolved) = targets.resolve(&ids) {
                        prop_assert!(!resolved.engines.is_empty() && resolved.engines.iter().all(|id| ids.contains(id)));
                    }
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn any_option_line_is_read(line in prop_oneof![any_source(), option_line()]) {
        let text = Mapped::plain(&line, 0);
        for of in [MagicKind::CellPx, MagicKind::PxConfig, MagicKind::PxResult] {
            let options = options::parse(&line, of, |range| text.range(range));
            for range in options.error.map(|error| error.range).into_iter().chain(options.targets.map(|t| t.range)) {
                prop_assert!(line.get(range.in_block().as_range()).is_some());
            }
        }
    }
}

#[test]
fn a_script_of_a_hundred_thousand_lines_is_read() {
    let cell = "# %%\n%%px --targets 0\nx = '''\n%px no\n'''\ny = (1,\n2)\n\n# %%\n%px x\nlocal()\n";
    let count = 100_000 / cell.lines().count();
    let cells = recognize(&cell.repeat(count), Dialect::Script).unwrap();
    assert_eq!(cells.cells.len(), 2 * count);
    assert_eq!(cells.blocks.len(), 2 * count);
    for line in [
        "%autopx\na\n",
        "get_ipython().run_line_magic('px', '''\n",
        "%px a \\\n",
        "x = (\n",
        "  # %%px\n",
        "%pxconfig -b\n",
    ] {
        let text = line.repeat(100_000);
        assert!(recognize(&text, Dialect::Script).unwrap().cells.len() <= 200_000);
    }
    for line in [
        "x = y[0]\n",
        "# %%\ndv = rc[::2]\ndv.activate('_a')\n",
        "with rc[:].sync_imports():\n",
        "  with rc[:].sync_imports(): import os\n",
        "if x: rc.activate(\n",
    ] {
        assert!(recognize(&line.repeat(2_000), Dialect::Script).unwrap().cells.len() <= 2_000);
    }
}

#[test]
fn a_notebook_that_is_nested_without_end_is_read_or_refused() {
    for depth in [100, 10_000, 1_000_000] {
        let nest = "[".repeat(depth) + &"]".repeat(depth);
        let cell = |source: &str, metadata: &str| {
            let text = format!(
                "{{\"cells\": [{{\"cell_type\": \"code\", \"metadata\": {metadata}, \"source\": {source}}}]}}"
            );
            if let Ok((cells, problems)) = lint::recognize(&text, Dialect::NotebookJson, &Arc::default()) {
                check_ranges(&text, &cells, &problems);
            }
        };
        cell(&nest, "{}");
        cell("\"%px a\"", &nest);
        cell("\"%px a\"", &"[".repeat(depth));
        assert!(recognize(&nest, Dialect::NotebookJson).is_err());
        let script = "(".repeat(depth) + "\n%px a\n# %%\n%%px --targets " + &nest + "\nb\n";
        check_read(&script, Dialect::Script);
    }
}
