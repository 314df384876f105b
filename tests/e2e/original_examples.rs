//! The examples of the original documentation, in Python 3, on a real 4-engine cluster: what each shows, from a script and
//! from a notebook, is what ipyparallel 9.2 gives with `--no-stream`.
//!
//! `docs/magics.md` lists them with the names of these tests. All examples run in one script and in one notebook, in the order of
//! that page, since what one sets also holds for those below it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use pxlens_tests::{
    golden::mask,
    lsp::{Client, uri},
    real::RealCluster,
    workspace,
};
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    lsp_run,
    per_cell::{Form, Shown, run_each_cell_and_rest},
    program::{Written, pxlens, run},
};

/// The name of an example in the page, and its cell.
type Example = (String, String);

fn fixture(name: &str) -> PathBuf {
    workspace().join("tests/fixtures/original").join(name)
}

fn read(name: &str) -> String {
    let path = fixture(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn of_script() -> Vec<Example> {
    let text = read("magics.py");
    let parts = text.split("\n# %% ").skip(1);
    parts
        .map(|part| {
            let (name, source) = part.split_once('\n').expect("a cell below its marker");
            (name.to_owned(), source.trim_end().to_owned())
        })
        .collect()
}

fn of_notebook() -> Vec<Example> {
    let notebook: Value = serde_json::from_str(&read("magics.ipynb")).expect("a notebook is JSON");
    let cells =
        notebook["cells"].as_array().expect("cells").iter().filter(|cell| cell["cell_type"] == "code");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    cells
        .map(|cell| {
            let lines = cell["source"].as_array().expect("lines");
            (text(&cell["metadata"]["example"]), lines.iter().map(text).collect())
        })
        .collect()
}

/// What each example shows in a document of one form, on a cluster of its own, and the files that are written.
struct Session {
    shown: Vec<(String, Shown)>,
    pictures: Vec<String>,
    /// Connection files of engines that became kernels.
    kernels: Vec<String>,
}

impl Session {
    fn of(form: Form, examples: Vec<Example>) -> Self {
        let cluster = RealCluster::start(4);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (names, cells): (Vec<String>, Vec<String>) = examples.into_iter().unzip();
        let (shown, _) =
            run_each_cell_and_rest(form, &cells, &[], &cluster, |cli| cli.arg("--images").arg(folder.path()));
        let files = |folder: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(folder).expect("the folder is there");
            entries
                .map(|file| file.expect("a readable folder").file_name().to_string_lossy().into_owned())
                .collect()
        };
        let security = cluster.connection_file();
        let kernels = files(security.parent().expect("a file is in a folder"));
        let kernels = kernels.into_iter().filter(|name| name.starts_with("kernel-")).collect();
        Self { shown: names.into_iter().zip(shown).collect(), pictures: files(folder.path()), kernels }
    }
}

fn sessions() -> &'static [Session; 2] {
    static SESSIONS: OnceLock<[Session; 2]> = OnceLock::new();
    SESSIONS
        .get_or_init(|| [Session::of(Form::Script, of_script()), Session::of(Form::Notebook, of_notebook())])
}

/// What an example shows as a script and as a notebook. Fails if it writes to stderr.
fn both(name: &str) -> [&'static str; 2] {
    sessions().each_ref().map(|session| {
        let found = session.shown.iter().find(|(example, _)| example == name);
        let (_, shown) = found.unwrap_or_else(|| panic!("there is no example {name:?}"));
        assert_eq!(shown.stderr, "", "{name}");
        shown.stdout.as_str()
    })
}

/// A text without what differs from run to run: decimal numbers, arrays, execution counts, addresses.
fn steady(text: &str) -> String {
    let rules = [
        (r"array\(\[[^\]]*\]\)", "array(<numbers>)"),
        (r"(?m)^\[[-+0-9.e ]+\]$", "<numbers>"),
        (r"np\.float64\(([^)]*)\)", "$1"),
        (r"-?\d+\.\d+(e[-+]\d+)?", "<number>"),
        (r"Out\[(\d):\d+\]", "Out[$1:n]"),
    ];
    rules.into_iter().fold(mask(text), |text, (pattern, to)| {
        Regex::new(pattern).expect("a valid pattern").replace_all(&text, to).into_owned()
    })
}

#[track_caller]
fn check(name: &str, expected: &str) {
    for shown in both(name) {
        assert_eq!(steady(shown), expected, "{name}");
    }
}

/// The same text under the label of each of these engines.
fn printed(engines: &[u32], text: &str) -> String {
    engines.iter().map(|engine| format!("[stdout:{engine}] \n{text}\n")).collect()
}

fn results(engines: &[u32], text: &str) -> String {
    engines.iter().map(|engine| format!("Out[{engine}:n]: {text}\n")).collect()
}

const ALL: [u32; 4] = [0, 1, 2, 3];
const EVEN: [u32; 2] = [0, 2];

#[test]
fn script_and_notebook_hold_the_same_examples() {
    assert_eq!(of_script(), of_notebook());
    assert!(of_script().len() > 30);
}

#[test]
fn the_files_of_the_examples_run_as_they_are() {
    // Not a shared cluster: the engines become kernels.
    let cluster = RealCluster::start(4);
    for name in ["magics.py", "magics.ipynb"] {
        let done = run(&fixture(name), &cluster.connection_file()).run();
        assert_eq!(done.status, 0, "{name}: {done:?}");
        assert!(
            done.stdout.contains("[0-3] hi") && done.stdout.contains("[0,2] We aren't odd!"),
            "{name}: {done:?}"
        );
    }
}

/// The notebook is opened cell by cell, as VS Code does, and all of it is run at once.
#[test]
fn the_examples_run_in_an_editor() {
    let cluster = RealCluster::start(4);
    let file = Written::new("magics.ipynb", "{}");
    let notebook = uri(file.path());
    let mut client = lsp_run::start(Client::vscode(pxlens()), &file, &cluster);
    let examples = of_notebook();
    let address = |at: usize| format!("{}#c{at}", notebook.replace("file:", "vscode-notebook-cell:"));
    let cells: Vec<Value> =
        (0..examples.len()).map(|at| json!({"kind": 2, "document": address(at)})).collect();
    let texts = examples.iter().enumerate().map(
        |(at, (_, text))| json!({"uri": address(at), "languageId": "python", "version": 1, "text": text}),
    );
    client.notify(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1, "cells": cells},
            "cellTextDocuments": texts.collect::<Vec<_>>(),
        }),
    );
    let started = client.request("px/run", json!({"uri": address(0), "scope": "all"}));
    for run in started["runs"].as_array().expect("runs") {
        client.ask_until("px/result", &json!({"run": run["run"]}), |answer| answer["state"] == "succeeded");
    }
    for (name, expected) in [
        ("In [29]", "[0-3] hi"),
        ("In [40]", "Out: [<matplotlib.lines.Line2D"),
        ("In [6]", "[0,2] I am even"),
        ("In [7]", "[1] I am number 1"),
        ("In [8]", "[0-3] still 'all' by default"),
        ("In [34]", "Average max eigenvalue is: "),
        ("In [9], of %pxconfig", "[0,2] are you there?"),
        ("In [15]", "[0,2] hi"),
        ("In [18]", "[0-3] hi all"),
        ("In [19]", "[0,2] We aren't odd!"),
        ("In [51], of %connect_info", "shell_port"),
    ] {
        let at = examples.iter().position(|(example, _)| example == name).expect("an example");
        let found = client.request("px/cells", json!({"uri": address(at)}));
        let run = &found["cells"][0]["run"];
        let result = client.request("px/result", json!({"run": run, "groupBy": "fold"}));
        assert!(result["text"].as_str().is_some_and(|text| text.contains(expected)), "{name}: {result:#}");
    }
}

#[test]
fn making_a_client_is_left_to_the_kernel() {
    check("In [2]", "");
}

#[test]
fn sync_imports_imports_on_the_engines() {
    check("In [25]", "");
    // This example uses what the one above imported.
    check("In [27]", "");
}

#[test]
fn px_with_an_assignment_shows_nothing() {
    check("In [27]", "");
}

#[test]
fn px_with_an_expression_shows_the_result_of_each_engine() {
    check("In [28]", &results(&ALL, "array(<numbers>)"));
}

#[test]
fn px_with_a_print_shows_it_under_each_label() {
    check("In [29]", &printed(&ALL, "hi"));
}

#[test]
fn px_runs_a_magic_on_the_engines() {
    for shown in both("In [28], of the magics on engines") {
        assert_eq!(
            shown.matches("Populating the interactive namespace from numpy and matplotlib").count(),
            4,
            "{shown}"
        );
        for engine in ALL {
            assert!(shown.contains(&format!("[stdout:{engine}] \n")), "{shown}");
        }
    }
}

#[test]
fn px_shows_the_plot_of_each_engine() {
    let displays: String =
        ALL.iter().map(|engine| format!("[output:{engine}]\n<Figure size 640x480 with 1 Axes>\n")).collect();
    check("In [40]", &(displays + &results(&ALL, "[<matplotlib.lines.Line2D at 0xADDRESS>]")));
    for session in sessions() {
        assert_eq!(
            session.pictures.len(),
            5,
            "one of each engine, of random numbers, and a sheet of all: {:?}",
            session.pictures
        );
    }
}

#[test]
fn targets_as_a_slice_choose_engines_for_one_cell() {
    check("In [6]", &printed(&EVEN, "I am even"));
}

#[test]
fn targets_as_one_integer_show_no_label() {
    check("In [7]", "I am number 1\n");
}

#[test]
fn a_cell_without_options_runs_on_all_engines_again() {
    check("In [8]", &printed(&ALL, "still 'all' by default"));
}

#[test]
fn a_noblock_cell_shows_nothing_by_itself() {
    check("In [9]", "");
}

#[test]
fn pxresult_shows_what_a_noblock_cell_gave() {
    check("In [10]", &results(&ALL, "<number>"));
}

#[test]
fn group_outputs_engine_shows_one_engine_after_the_other() {
    let of = |engine| {
        printed(&[engine], "<numbers>") + &format!("[output:{engine}]\n") + &results(&[engine], "<number>")
    };
    check("In [50]", &ALL.map(of).concat());
}

#[test]
fn block_false_of_the_view_makes_the_cells_below_noblock() {
    check("In [39]", "");
    check("In [40], of %pxresult", "");
}

#[test]
fn pxresult_shows_what_a_px_line_of_a_noblock_view_gave() {
    check("In [41]", &printed(&ALL, "hi"));
}

#[test]
fn autopx_sends_the_cells_up_to_the_next_one() {
    for silent in ["In [30]", "In [31]", "In [32]", "In [33]", "In [35]"] {
        check(silent, "");
    }
    check("In [34]", &printed(&ALL, "Average max eigenvalue is: <number>"));
}

#[test]
fn pxconfig_sets_blocking_for_the_cells_below() {
    check("In [3]", "");
    check("In [5]", &printed(&ALL, "hi"));
}

#[test]
fn pxconfig_sets_targets_for_the_cells_below() {
    check("In [6], of %pxconfig", "");
    check("In [7], of %pxconfig", &printed(&EVEN, "hi"));
}

#[test]
fn pxconfig_sets_noblock_for_the_cells_below() {
    check("In [8], of %pxconfig", "");
    check("In [9], of %pxconfig", "");
    check("In [10], of %pxconfig", &printed(&EVEN, "are you there?"));
}

#[test]
fn an_activated_view_is_the_one_of_the_cells_below() {
    for silent in ["In [11]", "In [12]", "In [14]"] {
        check(silent, "");
    }
    // The view is activated with its own `block`, which is False by default.
    check("In [13]", "");
    check("In [15]", &printed(&EVEN, "hi"));
}

#[test]
fn activating_the_client_restores_all_engines() {
    check("In [16]", "");
    check("In [18]", &printed(&ALL, "hi all"));
}

#[test]
fn a_suffix_makes_magics_of_its_own() {
    check("In [17]", "");
    check("In [19]", &printed(&EVEN, "We aren't odd!"));
}

#[test]
fn bind_kernel_makes_kernels_of_the_engines() {
    // What bind_kernel() prints bypasses IPython, and may come after the cell has ended.
    _ = both("In [50], of the kernels");
    for session in sessions() {
        assert_eq!(session.kernels.len(), 4, "{:?}", session.kernels);
    }
}

#[test]
fn qtconsole_shows_nothing_where_none_is_installed() {
    check("In [51]", "");
}

#[test]
fn connect_info_shows_how_to_connect_to_each_engine() {
    for shown in both("In [51], of %connect_info") {
        let engines: Vec<&str> = shown.split("[stdout:").skip(1).collect();
        let mut ports = BTreeSet::new();
        for (engine, part) in ALL.iter().zip(&engines) {
            let (number, part) = part.split_once("] \n").expect("a label");
            assert_eq!(number, engine.to_string());
            let (json, words) = part.split_once("\n\n").expect("a blank line after the JSON");
            let info: Value = serde_json::from_str(json).expect("connection info is JSON");
            for port in ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] {
                assert!(
                    ports.insert(info[port].as_u64().expect("a port")),
                    "{port} of {engine} is another's"
                );
            }
            assert_eq!(info["ip"], "127.0.0.1");
            assert!(info["key"].as_str().is_some_and(|key| !key.is_empty()));
            assert!(words.starts_with(
                "Paste the above JSON into a file, and connect with:\n    $> jupyter <app> --existing"
            ));
        }
        assert_eq!(engines.len(), 4, "{shown}");
    }
}

/// Each row of the table names an example and its test, and no example is missing.
#[test]
fn the_table_of_the_documentation_names_each_example_and_its_test() {
    let page = std::fs::read_to_string(workspace().join("docs/magics.md")).expect("docs/magics.md is there");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| In ["))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let tests = include_str!("original_examples.rs");
    for row in &rows {
        let test = row.last().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        let test = test.unwrap_or_else(|| panic!("the last column names a test: {row:?}"));
        assert!(tests.contains(&format!("#[test]\nfn {test}()")), "there is no test {test}");
    }
    let listed: Vec<&str> = rows.iter().filter_map(|row| row.first().copied()).collect();
    let examples = of_script();
    assert_eq!(listed, examples.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
}
