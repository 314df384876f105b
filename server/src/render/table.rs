//! Tables of pandas and polars: the HTML that they send, read into cells, and those of several engines as one.

use serde_json::Value;

use super::{
    line::{BlockLine, Paint},
    numbers::{Detail, Summary, number, spread},
};
use crate::{engines::EngineId, jupyter::content::MimeBundle};

/// Larger tables are shown as their text, in bytes of HTML.
const MOST: usize = 64_000;

/// How many characters the values of engines may take in a cell.
const CELL: usize = 24;

/// A table as an engine shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The names of the columns; those of the index come first.
    head: Vec<String>,
    /// What stands between the names and the rows: types of columns, the name of the index.
    below_head: Vec<Vec<String>>,
    rows: Vec<Vec<String>>,
    /// How many columns are the index.
    index: usize,
    /// Rows and columns without the index, also those that are left out in the middle.
    size: (usize, usize),
}

impl Table {
    /// The table in a bundle, if its HTML is that of a table in which no cell spans others.
    pub(super) fn of(data: &MimeBundle) -> Option<Self> {
        let html = data.get("text/html").and_then(Value::as_str).filter(|html| html.len() <= MOST)?;
        let table = between(html, "class=\"dataframe\">", "</table>")?;
        if table.contains("span=\"") {
            return None; // names or labels that are those of several
        }
        let head = between(table, "<thead>", "</thead>")?;
        let mut heads =
            inner(head, "tr").map(|row| cells(row).map(|(_, text)| text).collect::<Vec<String>>());
        let head = heads.next()?;
        let below_head: Vec<Vec<String>> = heads.collect();
        let body = between(table, "<tbody>", "</tbody>")?;
        let rows: Vec<Vec<(&str, String)>> = inner(body, "tr").map(|row| cells(row).collect()).collect();
        let index = rows.first().map_or(0, |row| row.iter().take_while(|(tag, _)| *tag == "th").count());
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.into_iter().map(|(_, text)| text).collect()).collect();
        if head.len() <= index || rows.iter().chain(&below_head).any(|row| row.len() != head.len()) {
            return None;
        }
        let shown = (rows.len(), head.len() - index);
        let size = said(html).unwrap_or(shown);
        Some(Self { head, below_head, rows, index, size })
    }

    /// `DataFrame 3×2`
    pub(super) fn name(&self) -> String {
        let (rows, columns) = self.size;
        format!("DataFrame {rows}×{columns}")
    }
}

/// How large a table says that it is: `<p>1000 rows × 3 columns</p>` of pandas, `shape: (1_000, 3)` of polars.
fn said(html: &str) -> Option<(usize, usize)> {
    let number = |text: &str| text.trim().replace(['_', ','], "").parse().ok();
    let (before, behind) = html.split_once("<table")?;
    if let Some(shape) = between(before, "shape: (", ")") {
        let (rows, columns) = shape.split_once(", ")?;
        return Some((number(rows)?, number(columns)?));
    }
    let (_, behind) = behind.rsplit_once("</table>")?;
    let (rows, columns) = between(behind, "<p>", " columns</p>")?.split_once(" rows × ")?;
    Some((number(rows)?, number(columns)?))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(start)?;
    behind.split_once(end).map(|(inside, _)| inside)
}

/// What stands in each element of this name.
fn inner<'a>(html: &'a str, tag: &'static str) -> impl Iterator<Item = &'a str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&format!("<{tag}"))?;
        let (_, behind) = behind.split_once('>')?;
        let (inside, next) = behind.split_once(&format!("</{tag}>"))?;
        rest = next;
        Some(inside)
    })
}

/// The cells of a row, each with its tag.
fn cells(row: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let at = rest.find("<t")?;
        let tag = rest.get(at + 1..at + 3).filter(|tag| ["td", "th"].contains(tag))?;
        let (_, behind) = rest[at..].split_once('>')?;
        let (inside, next) = behind.split_once(if tag == "td" { "</td>" } else { "</th>" })?;
        rest = next;
        Some((tag, text_of(inside)))
    })
}

/// The text of HTML: its tags are left out.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('<') {
        text.push_str(before);
        rest = behind.split_once('>').map_or("", |(_, next)| next);
    }
    text.push_str(rest);
    for (entity, char) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        text = text.replace(entity, char);
    }
    super::terminal_text(&text, false).replace('\n', " ").trim().to_owned()
}

/// Tables of several engines with the same names and as many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    engines: Vec<EngineId>,
    /// One of each engine.
    tables: Vec<Table>,
}

impl Tables {
    /// `None` where the tables are not alike.
    pub(super) fn of(tables: Vec<(EngineId, Table)>) -> Option<Self> {
        let (engines, tables): (Vec<EngineId>, Vec<Table>) = tables.into_iter().unzip();
        let first = tables.first()?;
        let is_like = |table: &Table| {
            (&table.head, &table.below_head) == (&first.head, &first.below_head)
                && (table.index, table.size, table.rows.len()) == (first.index, first.size, first.rows.len())
        };
        tables.iter().all(is_like).then_some(Self { engines, tables })
    }

    fn column_differs(&self, column: usize) -> bool {
        let first = &self.tables[0];
        self.tables
            .iter()
            .any(|table| table.rows.iter().zip(&first.rows).any(|(row, other)| row[column] != other[column]))
    }

    /// `DataFrame 3×2, loss differs`
    pub(super) fn name(&self) -> String {
        let first = &self.tables[0];
        let differ: Vec<&str> = (0..first.head.len())
            .filter(|column| self.column_differs(*column))
            .map(|column| match first.head[column].as_str() {
                _ if column < first.index => "index",
                name => name,
            })
            .collect();
        match differ.as_slice() {
            [] => first.name(),
            [only] => format!("{}, {only} differs", first.name()),
            [one, other] => format!("{}, {one} and {other} differ", first.name()),
            many => format!("{}, {} columns differ", first.name(), many.len()),
        }
    }

    /// The table of all: where a cell differs, it holds what each engine has.
    pub(super) fn lines(&self, base: Paint) -> Vec<BlockLine> {
        let first = &self.tables[0];
        let rows: Vec<Vec<Cell>> = (0..first.rows.len())
            .map(|row| (0..first.head.len()).map(|column| self.cell(row, column)).collect())
            .collect();
        let below_head = first.below_head.iter().map(|row| row.iter().cloned().map(Cell::Same).collect());
        let below_head: Vec<Vec<Cell>> = below_head.collect();
        let width = |column: usize| {
            let of_rows = rows.iter().chain(&below_head).map(|row| row[column].width());
            of_rows.chain([first.head[column].chars().count()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..first.head.len()).map(width).collect();
        let head: Vec<Cell> = first.head.iter().map(|name| Cell::Same(name.clone())).collect();
        std::iter::once(&head)
            .chain(&below_head)
            .chain(&rows)
            .map(|row| {
                let mut line = BlockLine::default();
                for (column, cell) in row.iter().enumerate() {
                    if column > 0 {
                        line.add("  ", base);
                    }
                    let pad = " ".repeat(widths[column] - cell.width());
                    let is_left = column < first.index;
                    line.add(if is_left { "" } else { &pad }, base);
                    cell.draw(&mut line, base);
                    line.add(if is_left { &pad } else { "" }, base);
                }
                line
            })
            .collect()
    }

    /// Whether each cell shows what each engine has there.
    pub(super) fn shows_all(&self) -> bool {
        let first = &self.tables[0];
        let is_whole = first.size == (first.rows.len(), first.head.len() - first.index);
        let mut cells =
            (0..first.rows.len()).flat_map(|row| (0..first.head.len()).map(move |column| (row, column)));
        is_whole
            && cells.all(|(row, column)| {
                let texts = self.texts(row, column);
                texts.iter().all(|text| *text == texts[0]) || Summary::values(&texts, CELL).is_some()
            })
    }

    fn texts(&self, row: usize, column: usize) -> Vec<&str> {
        self.tables.iter().map(|table| table.rows[row][column].as_str()).collect()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let texts = self.texts(row, column);
        if texts.iter().all(|text| *text == texts[0]) {
            return Cell::Same(texts[0].to_owned());
        }
        if let Some(values) = Summary::values(&texts, CELL) {
            return Cell::Differs(values.range);
        }
        let numbers: Option<Vec<f64>> = texts.iter().map(|text| number(text)).collect();
        Cell::Differs(match numbers {
            Some(numbers) => spread(&numbers, &texts, false, &self.engines, Detail::Range).range,
            None => {
                let mut distinct = texts;
                distinct.sort_unstable();
                distinct.dedup();
                format!("{} texts", distinct.len())
            }
        })
    }
}

/// A cell of a table of several engines.
enum Cell {
    Same(String),
    Differs(String),
}

impl Cell {
    fn width(&self) -> usize {
        match self {
            Self::Same(text) => text.chars().count(),
            Self::Differs(text) => text.chars().count() + 2,
        }
    }

    fn draw(&self, line: &mut BlockLine, base: Paint) {
        match self {
            Self::Same(text) => line.add(text, base),
            Self::Differs(text) => {
                line.add("‹", Paint::Note);
                line.add(text, base);
                line.add("›", Paint::Note);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::sample::bundle;

    /// As `DataFrame._repr_html_` writes it, with an index.
    fn pandas(rows: &[(&str, &str)], more: &str) -> MimeBundle {
        let rows: String = rows
            .iter()
            .enumerate()
            .map(|(n, (step, loss))| format!("<tr>\n<th>{n}</th>\n<td>{step}</td>\n<td>{loss}</td>\n</tr>\n"))
            .collect();
        let html = format!(
            "<div>\n<style scoped>\n</style>\n<table border=\"1\" class=\"dataframe\">\n<thead>\n<tr style=\"text-align: right;\">\n\
             <th></th>\n<th>step</th>\n<th>loss &lt;mean&gt;</th>\n</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n{more}</div>"
        );
        bundle(&[("text/html", &html)])
    }

    fn check(tables: &[MimeBundle], name: &str, expected: Expect) {
        let tables = (0..).map(EngineId).zip(tables.iter().map(|data| Table::of(data).expect("a table")));
        let tables = Tables::of(tables.collect()).expect("they are alike");
        assert_eq!(tables.name(), name);
        let lines: String = tables.lines(Paint::Result).iter().map(|line| line.text() + "\n").collect();
        expected.assert_eq(&lines);
    }

    #[test]
    fn what_differs_stands_in_its_cell() {
        check(
            &[pandas(&[("1", "0.5"), ("10", "0.25")], ""), pandas(&[("1", "0.5"), ("10", "0.75")], "")],
            "DataFrame 2×2, loss <mean> differs",
            expect![[r#"
                   step  loss <mean>
                0     1          0.5
                1    10  ‹0.25 0.75›
            "#]],
        );
        let many: Vec<MimeBundle> = (0..12).map(|n| pandas(&[(&n.to_string(), "x")], "")).collect();
        check(
            &many,
            "DataFrame 1×2, step differs",
            expect![[r"
                     step  loss <mean>
                0  ‹0…11›            x
            "]],
        );
    }

    #[test]
    fn a_table_says_how_large_it_is() {
        let name = |data: &MimeBundle| Table::of(data).map(|table| table.name());
        let elided = pandas(&[("1", "2"), ("...", "...")], "<p>1000 rows × 2 columns</p>\n");
        assert_eq!(name(&elided).as_deref(), Some("DataFrame 1000×2"));
        let polars = "<div><style></style><small>shape: (1_200, 2)</small><table border=\"1\" class=\"dataframe\"><thead><tr>\
                      <th>a</th><th>b</th></tr><tr><td>i64</td><td>str</td></tr></thead><tbody><tr><td>1</td>\
                      <td>&quot;x&quot;</td></tr></tbody></table></div>";
        let table = Table::of(&bundle(&[("text/html", polars)])).expect("a table");
        assert_eq!((table.name().as_str(), &*table.rows[0][1]), ("DataFrame 1200×2", "\"x\""));
        let of_text = pandas(&[("shape: (224, 3)", "1 rows × 9 columns")], "");
        assert_eq!(name(&of_text).as_deref(), Some("DataFrame 1×2"));
        // A column of other type is another table.
        let other = Table::of(&bundle(&[("text/html", &polars.replace("i64", "i32"))])).expect("a table");
        assert_eq!(Tables::of(vec![(EngineId(0), table), (EngineId(1), other)]), None);
    }

    #[test]
    fn what_is_no_such_table_is_none() {
        for html in [
            "<b>1</b>",
            "<table class=\"dataframe\"><thead><tr><th colspan=\"2\">a</th></tr></thead><tbody></tbody></table>",
            "<table class=\"dataframe\"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
            "<table class=\"dataframe\"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1",
            "<table class=\"dataframe\">",
        ] {
            assert_eq!(Table::of(&bundle(&[("text/html", html)])), None, "{html}");
        }
    }
}
