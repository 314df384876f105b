//! A document's cells run by one `pxlens run --plain`, and what each of them showed.
//!
//! Between the cells stands a line of a view of its own, which prints its number on engine 0 and leaves everything as it
//! was: the newest run of the other views, and the engine's count of inputs.

use pxlens_tests::{cli::Cli, real::RealCluster};
use serde_json::json;

use crate::program::{Written, run};

/// How the cells are written down.
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

/// The line that ends what cell `number` shows.
fn marker(number: usize) -> String {
    let print = |stream: &str| format!("__import__('sys').{stream}.write({:?})", mark(number));
    format!("%px_mark get_ipython().execution_count -= 1; {}; {};", print("stdout"), print("stderr"))
}

/// The document: the cells, each followed by its marker, but for those that are to be queued together with the next.
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

/// Runs the cells, each after the one before, also after one that failed. `with` adds to the command line.
pub(crate) fn run_apart(
    form: Form,
    cells: &[String],
    cluster: &RealCluster,
    with: impl FnOnce(Cli) -> Cli,
) -> Vec<Shown> {
    let (shown, rest) = run_apart_with_rest(form, cells, &[], cluster, with);
    assert_eq!(rest, Shown::default(), "shown after the last cell");
    shown
}

/// Likewise, with what was shown after the last cell: words about runs that nothing waited for and nothing asked for. Behind
/// the cells of the numbers `queued` nothing is waited for, so these must show nothing.
pub(crate) fn run_apart_with_rest(
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
