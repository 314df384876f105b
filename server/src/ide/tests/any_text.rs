//! Arbitrary texts and places cause no panic, and inserting a completion keeps a notebook valid.

use proptest::prelude::*;

use super::read;
use crate::{
    cells::{Dialect, recognize},
    ide::{help::help, tokens::tokens},
};

/// Texts made of complete and incomplete pieces of px magics.
fn scraps() -> impl Strategy<Value = String> {
    let scraps = [
        "%%px",
        "%px",
        "%pxresult",
        "%pxconfig",
        "%autopx",
        "_é",
        " ",
        "\n",
        "\r\n",
        "# ",
        "#!",
        "# MAGIC ",
        "x = ",
        "\\\n",
        "\\",
        "-t",
        "--targets",
        "=",
        "0,",
        "[0",
        "::2",
        "--",
        "-",
        "-o",
        "'",
        "\"",
        "😀",
        "?",
        "{",
        "%",
        "\u{2028}",
        "\t",
        "# %%\n",
    ];
    prop::collection::vec(prop::sample::select(scraps.to_vec()), 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_and_no_place_makes_it_panic(text in scraps(), part in 0.0..1.0) {
        let json = format!(
            r#"{{"cells":[{{"cell_type":"code","source":[{},{}]}}],"nbformat":4}}"#,
            serde_json::json!(text),
            serde_json::json!(text),
        );
        for (text, dialect) in
            [(&text, Dialect::Script), (&text, Dialect::NotebookCell), (&json, Dialect::NotebookJson)]
        {
            let mut read = read(&text.replace("$0", ""), dialect);
            let wanted = (text.len() as f64 * part) as usize;
            read.cursor = (0..=wanted).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            for completion in read.complete() {
                let edit = completion.edit;
                prop_assert!(edit.start <= read.cursor && read.cursor <= edit.end, "{:?}", completion);
                let mut taken = text.clone();
                taken.replace_range(edit.as_range(), &completion.label);
                prop_assert!(recognize(&taken, dialect).is_ok(), "{}", taken);
            }
            if let Some(help) = read.with(|nearby| help(nearby, read.cursor)) {
                prop_assert!(text.get(help.range.as_range()).is_some());
            }
            let mut last = 0;
            for token in read.cells.iter().flat_map(|cell| tokens(&read.document, dialect, cell)) {
                prop_assert!(last <= token.range.start && !token.range.is_empty());
                last = token.range.end;
                prop_assert!(text.get(token.range.as_range()).is_some());
            }
        }
    }
}
