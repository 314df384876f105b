//! Tables: a text, and the px cells in it.

mod activation;
mod around;
mod broken;
mod field;
mod formats;
mod freed;
mod golden;
mod inactive;
mod index;
mod notebooks;
mod options;
mod oracle;
mod own_magics;
mod properties;
mod scopes;
mod scripts;
mod spellings;
mod unread;
mod views;
mod wish;

use std::fmt::Write;

use expect_test::Expect;

use super::*;
use crate::lint::{self, Problem};

/// A px cell in one line or two: kind, magic, options, what is sent, and the document's text behind each line of it.
fn shown(text: &str, cells: &Cells, problems: &[Problem]) -> String {
    let mut out = String::new();
    for cell in &cells.cells {
        write!(out, "{:?} {:?}", cell.kind, &text[cell.name_range().as_range()]).unwrap();
        if let Some(place) = &cell.notebook_cell {
            write!(out, " in {}", place.index).unwrap();
        }
        match cell.targets() {
            Ok(Targets::All) => {}
            Ok(targets) => write!(out, " on {targets}").unwrap(),
            Err(error) => write!(out, " on no targets: {error}").unwrap(),
        }
        if cell.lines.len() > 0 {
            write!(out, " sends {:?} from", cell.code).unwrap();
            for line in 0..cell.lines.len() {
                let range = cell.code_range(line as u32).unwrap();
                write!(out, " {:?}", &text[range.as_range()]).unwrap();
            }
        }
        if let Some(refusal) = cell.refusal() {
            write!(out, "\n  refused: {refusal}").unwrap();
        }
        out.push('\n');
    }
    let local: u32 = cells.blocks.iter().map(|block| block.local_lines).sum();
    if local > 0 {
        writeln!(out, "{local} local").unwrap();
    }
    for problem in problems {
        let place = &text[problem.range.as_range()];
        writeln!(out, "{:?} {} at {place:?}: {}", problem.severity, problem.rule.code(), problem.message)
            .unwrap();
    }
    out
}

/// What decided about a px cell, in order: which of the texts it stands in, and where.
fn deciders<'a>(cell: &'a PxCell, all: &[&Cells]) -> Vec<(usize, Decider, &'a DecidedBy)> {
    let place = |by: &'a DecidedBy| {
        let mut places = all.iter().enumerate();
        places.find_map(|(text, cells)| Some((text, cells.decider(by)?, by)))
    };
    let mut found: Vec<_> = cell.view.decided_by.iter().filter_map(place).collect();
    assert_eq!(found.len(), cell.view.decided_by.len(), "each line that decides is known");
    found.sort_by_key(|(text, decider, _)| (*text, *decider));
    found
}

/// The cells of a notebook, and what is wrong in each.
fn recognize_notebook(texts: &[&str]) -> Vec<(Cells, Vec<Problem>)> {
    let (all, end) = read_cells(texts, &Arc::default());
    all.iter().map(|(rope, index)| (index.cells(rope), lint::problems(index, &end))).collect()
}

fn check(dialect: Dialect, text: &str, expected: Expect) {
    let shown = match lint::recognize(text, dialect, &Arc::default()) {
        Ok((cells, problems)) => shown(text, &cells, &problems),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

/// A script of jupytext's percent format, by its header.
fn check_jupytext(text: &str, expected: Expect) {
    let header = "# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:percent\n# ---\n# %%\n";
    check(Dialect::Script, &format!("{header}{text}"), expected);
}

fn check_script(text: &str, expected: Expect) {
    check(Dialect::Script, text, expected);
}

fn check_cell(text: &str, expected: Expect) {
    check(Dialect::NotebookCell, text, expected);
}
