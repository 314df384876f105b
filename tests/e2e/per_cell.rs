//! Runs the cells of a document by one `pxlens run --plain`, and tells the output of each cell from that of the others.
//!
//! For that, each cell is followed by a marker: a px line of a view of its own, which prints the cell's number on engine 0. It
//! changes neither the newest run of other views nor the engine's execution count.

use pxlens_tests::{cli::Cli, real::RealCluster};
use serde_json::json;

use crate::program::{Written, run};

/// In which kind of document the cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Between `# %%` markers.
    Script,
    /// As code cells.
    Notebook,
}

/// What one cell showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

const VIEW: &str = "import ipyparallel as ipp\nrc = ipp.Client()\nrc.activate(0, '_mark')";

fn mark(number: usize) -> String {
    format!("<<<{number}>>>\n")
}

/// The px line behind cell `number`.
fn marker(number: usize) -> String {
    let print = |stream: &str| format!("__import__('sys').{stream}.write({:?})", mark(number));
    format!("%px_mark get_ipython().execution_count -= 1; {}; {};", print("stdout"), print("stderr"))
}

/// The document: the cells, each followed by its marker. No marker follows those with an index in `queued`, so that the next cell
/// is queued right behind them.
fn document(form: Form, cells: &[String], queued: &[usize]) -> Written {
    let marked = cells.iter().enumerate().flat_map(|(number, cell)| {
        let marker = (!queued.contains(&number)).then(|| marker(number));
        std::iter::once(cell.clone()).chain(marker)
    });
    let sources = [VIEW.to_owned()].into_iter().chain(marked);
    match form {
        Form::Script => {
            let parts: Vec<String> = sources.map(|source| format!("# %%\n{source}\n")).collect();
            Written::new("cells.py", parts.concat())
        }
        Form::Notebook => {
            let cell = |source: String| {
                let lines: Vec<&str> = source.split_inclusive('\n').collect();
                json!({"cell_type": "code", "metadata": {}, "execution_count": null, "outputs": [], "source": lines})
            };
            let cells: Vec<_> = sources.map(cell).collect();
            let notebook = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells});
            Written::new("cells.ipynb", format!("{notebook:#}\n"))
        }
    }
}

/// Runs the cells in order, going on after one that fails. `with` adds to the command line.
pub(crate) fn run_each_cell(
    form: Form,
    cells: &[String],
    cluster: &RealCluster,
    with: impl FnOnce(Cli) -> Cli,
) -> Vec<Shown> {
    let (shown, rest) = run_each_cell_and_rest(form, cells, &[], cluster, with);
    assert_eq!(rest, Shown::default(), "shown after the last cell");
    shown
}

/// Likewise; also returns what was shown after the last cell: notes about `--noblock` runs that no `%pxresult` shows. The cells
/// with an index in `queued` are run together with the next one; they must show nothing.
pub(crate) fn run_each_cell_and_rest(
    form: Form,
    cells: &[String],
    queued: &[usize],
    cluster: &RealCluster,
    with: impl FnOnce(Cli) -> Cli,
) -> (Vec<Shown>, Shown) {
    let document = document(form, cells, queued);
    let command = run(document.path(), &cluster.connection_file()).args(["--plain", "--keep-going"]);
    let done = with(command).run();
    assert!(!done.stderr.contains("panicked"), "{done:?}");
    let (mut stdout, mut stderr) = (done.stdout.as_str(), done.stderr.as_str());
    let mut shown = Vec::new();
    for number in 0..cells.len() {
        if queued.contains(&number) {
            shown.push(Shown::default());
            continue;
        }
        let mark = mark(number);
        let cut = |text: &mut &str| {
            let (before, after) =
                text.split_once(mark.as_str()).unwrap_or_else(|| panic!("no {mark:?} in {done:?}"));
            let before = before.to_owned();
            *text = after;
            before
        };
        shown.push(Shown { stdout: cut(&mut stdout), stderr: cut(&mut stderr) });
    }
    (shown, Shown { stdout: stdout.to_owned(), stderr: stderr.to_owned() })
}
