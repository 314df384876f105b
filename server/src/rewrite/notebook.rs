//! Rewrites that reach over the cells of a synchronised notebook: an `%autopx` region, a `%pxconfig` and what it decides for.
//!
//! The cells are read as a script with a marker above each; what that leads to is taken over where it changes cells and no
//! marker, and where the cells then do what they did.

use super::{Rewrite, Source, applied, autopx, config, same};
use crate::{
    cells::{Cells, Dialect, Wanted, recognize_as, recognize_cells},
    text::TextRange,
};

/// A change of several cells of a notebook that leaves what its px cells do as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotebookRewrite {
    /// What it does, as an order.
    pub title: String,
    /// Which of the texts, and what is replaced in it; as in [`Rewrite::edits`].
    pub edits: Vec<(usize, Vec<(TextRange, String)>)>,
    /// Why it cannot be done; then there are no edits.
    pub disabled: Option<String>,
}

const BORDER: &str = "# %%\n";

/// The rewrites for what stands at a selection of one of the texts of a notebook's code cells, which are given in order.
pub(crate) fn offers_in_notebook(texts: &[&str], here: usize, at: TextRange) -> Vec<NotebookRewrite> {
    let mut script = String::new();
    let mut ranges = Vec::new();
    for text in texts {
        script.push_str(BORDER);
        ranges.push(TextRange::new(script.len(), script.len() + text.len()));
        script.push_str(text);
        script.push('\n');
    }
    let Some(own) = ranges.get(here) else { return Vec::new() };
    let at = TextRange::new(own.start + at.start, own.start + at.end);
    let wanted = Wanted::default();
    let Ok(cells) = recognize_as(&script, Dialect::Script, wanted) else { return Vec::new() };
    let source = Source { text: &script, dialect: Dialect::Script, wanted, cells: &cells };
    let offers = [autopx::offer(&source, at), config::offer(&source, at)];
    offers.into_iter().flatten().filter_map(|offer| in_cells(texts, &ranges, offer)).collect()
}

/// A rewrite of the script as one of the cells.
fn in_cells(texts: &[&str], ranges: &[TextRange], offer: Rewrite) -> Option<NotebookRewrite> {
    let Rewrite { title, edits, disabled } = offer;
    if disabled.is_some() {
        return Some(NotebookRewrite { title, edits: Vec::new(), disabled });
    }
    // A marker makes no cell in a notebook.
    if edits.iter().any(|(_, new)| new.contains(BORDER.trim_end())) {
        let why = "it would take a cell of its own; split the cell first".to_owned();
        return Some(NotebookRewrite { title, edits: Vec::new(), disabled: Some(why) });
    }
    let edits: Vec<(usize, Vec<(TextRange, String)>)> = ranges
        .iter()
        .enumerate()
        .map(|(index, range)| (index, edits.iter().filter_map(|edit| within(*range, edit)).collect()))
        .filter(|(_, edits): &(usize, Vec<_>)| !edits.is_empty())
        .collect();
    let mut after: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    for (index, edits) in &edits {
        after[*index] = applied(texts[*index], edits);
    }
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    let is_same = same::same(&together(texts), &together(&after), true);
    is_same.then_some(NotebookRewrite { title, edits, disabled: None })
}

/// What an edit of the script does to one cell.
fn within(cell: TextRange, (range, new): &(TextRange, String)) -> Option<(TextRange, String)> {
    let (start, end) = (range.start.clamp(cell.start, cell.end), range.end.clamp(cell.start, cell.end));
    // What is put in goes where the edit begins.
    let is_here = (cell.start..=cell.end).contains(&range.start);
    let new = if is_here { new.clone() } else { String::new() };
    (start < end || !new.is_empty()).then(|| (TextRange::new(start - cell.start, end - cell.start), new))
}

/// All that the cells of a notebook hold, to be compared.
fn together(texts: &[&str]) -> Cells {
    let mut all = Cells::default();
    for cells in recognize_cells(texts) {
        all.cells.extend(cells.cells);
        all.blocks.extend(cells.blocks);
    }
    all
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// The cells after each rewrite that is offered at the beginning of one of them.
    fn check(texts: &[&str], here: usize, expected: Expect) {
        let mut shown = String::new();
        for offer in offers_in_notebook(texts, here, TextRange::new(0, 0)) {
            shown.push_str(&format!("{}\n", offer.title));
            if let Some(why) = offer.disabled {
                shown.push_str(&format!("  not: {why}\n"));
                continue;
            }
            for (index, text) in texts.iter().enumerate() {
                let edits =
                    offer.edits.iter().find(|(at, _)| *at == index).map(|(_, edits)| edits.as_slice());
                let after = applied(text, edits.unwrap_or_default());
                shown.push_str(&format!("  {after:?}\n"));
            }
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_region_over_cells_becomes_cell_magics_and_its_toggles_go() {
        check(
            &["import os", "%autopx", "a = 1\nb = 2", "", "print(a)", "%autopx\n", "x"],
            1,
            expect![[r#"
                Turn this %autopx region into %%px cells
                  "import os"
                  ""
                  "%%px\na = 1\nb = 2"
                  ""
                  "%%px\nprint(a)"
                  ""
                  "x"
            "#]],
        );
    }

    #[test]
    fn a_config_goes_to_the_cells_it_decides_for() {
        check(
            &["%pxconfig --targets ::2\n%pxconfig --noblock", "%%px -t 0\n1", "%%px\n2", "%px 3"],
            0,
            expect![[r#"
                Put this %pxconfig on the cells it decides for
                  "%pxconfig --noblock"
                  "%%px -t 0\n1"
                  "%%px --targets ::2\n2"
                  "%%px --targets ::2\n3"
            "#]],
        );
    }

    #[test]
    fn a_line_among_others_would_take_a_cell_of_its_own() {
        check(
            &["%pxconfig --targets ::2", "x = 1\n%px 3"],
            0,
            expect![[r#"
                Put this %pxconfig on the cells it decides for
                  not: it would take a cell of its own; split the cell first
            "#]],
        );
    }

    #[test]
    fn what_is_a_comment_in_a_notebook_stays_one() {
        check(
            &["%autopx", "# %%px\n1", "%autopx"],
            0,
            expect![[r#"
            Turn this %autopx region into %%px cells
              ""
              "%%px\n# %%px\n1"
              ""
        "#]],
        );
        check(&["# %%px\n1"], 0, expect![[""]]);
    }
}
