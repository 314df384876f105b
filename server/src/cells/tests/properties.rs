//! What holds for any text.

use proptest::prelude::*;

use super::{
    super::{
        mapped::Mapped,
        options::{self, Taker},
    },
    *,
};

/// Pieces of scripts and notebooks, so that chance meets what matters.
pub(super) fn fragments() -> impl Strategy<Value = String> {
    let parts = [
        "%%px",
        "%px ",
        "%px_even a",
        "%pxconfig --targets 0",
        "%autopx",
        "%pxresult",
        "# ",
        "#",
        "#!",
        "# MAGIC ",
        "# %%",
        "# %% [markdown]",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "    ",
        "\t",
        "x = ",
        "a = 1",
        "'''",
        "\"\"\"",
        "'",
        "\"",
        "(",
        ")",
        "\\",
        "\\\n",
        "%%time",
        "%%bash",
        "?",
        "é",
        "😀",
        "\u{2028}",
        "\u{feff}",
        "get_ipython().run_cell_magic('px', '', 'a\\n')",
        "get_ipython().run_line_magic('px', ",
        " --targets 0,2",
        " -t",
        "{n}",
        "# noescape",
        "!ls",
        "rc[::2].activate('_even')\n",
        "even = rc[",
        "even.block = True\n",
        "with rc[:].sync_imports():\n",
        "import os\n",
        "if x:\n",
        "else:",
        "try:\n",
        "rc.activate(",
        "even.targets = ",
        ";",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..24).prop_map(|parts| parts.concat())
}

fn any_source() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), fragments()]
}

/// Every range lies in the text on character borders, and ordinals and blocks agree.
fn check_ranges(text: &str, cells: &Cells) {
    let mut ranges: Vec<TextRange> = cells.problems.iter().map(|problem| problem.range).collect();
    ranges.extend(cells.blocks.iter().map(|block| block.range));
    for (ordinal, cell) in (0..).zip(&cells.cells) {
        assert_eq!(cell.ordinal, ordinal);
        ranges.extend([cell.range, cell.magic_range, cell.magic.name_range]);
        assert!(cell.range.start <= cell.magic_range.start && cell.magic_range.end <= cell.range.end);
        ranges.extend(cell.magic.options.targets.iter().map(|targets| targets.range));
        for line in 0..cell.lines.len() as u32 {
            let range = cell.lines.document_range(line).unwrap();
            ranges.push(range);
            let code = cell.code.split('\n').nth(line as usize).unwrap();
            for (column, _) in code.char_indices() {
                let offset = cell.lines.document_offset(line, column).unwrap();
                ranges.push(TextRange::new(offset, offset));
                assert!((range.start..=range.end).contains(&offset));
            }
        }
        assert_eq!(cell.lines.document_range(cell.lines.len() as u32), None);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_script_and_any_cell_is_read(text in any_source()) {
        for dialect in [Dialect::Script, Dialect::NotebookCell] {
            check_ranges(&text, &recognize(&text, dialect).unwrap());
        }
    }

    #[test]
    fn any_text_is_a_notebook_or_says_why_not(text in any_source()) {
        if let Ok(cells) = recognize(&text, Dialect::NotebookJson) {
            check_ranges(&text, &cells);
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
        let raw = recognize(&json, Dialect::NotebookJson).unwrap();
        check_ranges(&json, &raw);
        let synchronised = recognize_cells(&texts);
        for (text, cells) in texts.iter().zip(&synchronised) {
            check_ranges(text, cells);
        }
        let key = |cell: &PxCell| (cell.kind, cell.code.clone(), cell.refusal().map(str::to_owned), cell.magic.suffix.clone());
        let raw: Vec<_> = raw.cells.iter().map(key).collect();
        let synchronised: Vec<_> = synchronised.iter().flat_map(|cells| &cells.cells).map(key).collect();
        prop_assert_eq!(raw, synchronised);
    }

    #[test]
    fn any_option_line_is_read(line in any_source()) {
        let text = Mapped::plain(&line, 0);
        for taker in [Taker::Px, Taker::Config, Taker::Result] {
            let options = options::parse(&line, taker, |range| text.range(range));
            for range in options.error.map(|error| error.range).into_iter().chain(options.targets.map(|t| t.range)) {
                prop_assert!(line.get(range.as_range()).is_some());
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
