//! What `pxlens run --plain` prints on a real cluster, against what ipyparallel's `%%px --no-stream` printed.
//!
//! The golden files hold each scenario run in several ways; those labelled `no-stream …` are compared, after
//! [`mask`] on both sides. `deviations.toml` lists the intended differences; one that is not listed fails the test, and so
//! does a listed one that does not occur.

use std::{collections::BTreeMap, fs};

use pxlens_tests::{
    golden::{Tally, files, mask},
    real,
};
use serde_json::Value;

use crate::{
    per_cell::{Form, run_each_cell},
    program::{Written, run},
};

/// Brings engines into the state in which the golden files were captured: the next prompt is `[1]`, and a warning that was
/// shown before is shown again.
pub(crate) const AS_CAPTURED: &str = r#"
rc[:].execute("""
get_ipython().execution_count = 1
getattr(__import__('sys').modules['IPython.core.interactiveshell'], '__warningregistry__', {}).clear()
""", silent=True, block=True)
"#;

/// What was written to each of the two streams, which a terminal mixes and pipes do not.
fn streams(writes: &Value) -> String {
    let writes: Vec<(String, String)> = serde_json::from_value(writes.clone()).expect("[stream, text] pairs");
    let [stdout, stderr] = ["stdout", "stderr"].map(|wanted| {
        let texts = writes.iter().filter(|(stream, _)| stream == wanted).map(|(_, text)| text.as_str());
        texts.collect::<String>()
    });
    shown(&stdout, &stderr)
}

fn shown(stdout: &str, stderr: &str) -> String {
    mask(&format!("<stdout>{stdout}<stderr>{stderr}"))
}

#[test]
fn golden_displays_on_real_clusters() {
    let mut tally = Tally::new("display/");
    for (folder, engines, colors) in
        [("display", 4, false), ("display/terminal_with_colors", 4, true), ("display/six_engines", 6, false)]
    {
        let mut cluster = real::shared(engines);
        for path in files(folder, "json") {
            let text = fs::read_to_string(&path).expect("a readable scenario");
            let scenario: Value = serde_json::from_str(&text).expect("a scenario is JSON");
            let name = path.file_name().expect("a file has a name").to_string_lossy();
            for way in scenario["runs"].as_array().expect("a scenario has runs") {
                let label = way["label"].as_str().expect("a run has a label");
                if !label.contains("no-stream") {
                    tally.skip(match label.contains("noblock") {
                        true => "%pxresult: see the test below",
                        false => "streams: --plain prints what --no-stream prints",
                    });
                    continue;
                }
                // The captures with colors use other names for the one cell and its output.
                let cell = way["terminal"].get(0).unwrap_or(&way["cells"][0]);
                let writes = cell.get("events").unwrap_or(&cell["terminal"]);
                let code = cell["cell"].as_str().expect("the cell's text");
                let script = Written::new("scenario.py", format!("{code}\n"));
                cluster.python(AS_CAPTURED);
                let mut command = run(script.path(), &cluster.connection_file()).arg("--plain");
                if colors {
                    command = command.env("CLICOLOR_FORCE", "1");
                }
                let done = command.run();
                let file = format!("{folder}/{name}");
                let failed = cell["success"] == false;
                assert_eq!(done.status, i32::from(failed), "{file}, {label}: exit status; {}", done.stderr);
                tally.compare(&file, label, &streams(writes), &shown(&done.stdout, &done.stderr));
            }
        }
    }
    tally.finish("golden displays on real clusters");
}

/// [`AS_CAPTURED`] as a px cell. IPython counts a cell before it runs it, so that the count stays as the code sets it.
const RESET: &str = r#"%%px
get_ipython().execution_count = 1
getattr(__import__('sys').modules['IPython.core.interactiveshell'], '__warningregistry__', {}).clear()
"#;

/// The cells of one way to run a scenario, each with what it wrote.
fn cells_of(way: &Value) -> Vec<(String, String)> {
    let cells = way["terminal"].as_array().or_else(|| way["cells"].as_array()).expect("a run has cells");
    let cell = |cell: &Value| {
        let writes = cell.get("events").unwrap_or(&cell["terminal"]);
        (cell["cell"].as_str().expect("the cell's text").to_owned(), streams(writes))
    };
    cells.iter().map(cell).collect()
}

#[test]
fn golden_pxresults_on_real_clusters() {
    let mut tally = Tally::listed_in("pxresult_deviations.toml", "display/");
    for (folder, engines, colors) in
        [("display", 4, false), ("display/terminal_with_colors", 4, true), ("display/six_engines", 6, false)]
    {
        let cluster = real::shared(engines);
        for path in files(folder, "json") {
            let text = fs::read_to_string(&path).expect("a readable scenario");
            let scenario: Value = serde_json::from_str(&text).expect("a scenario is JSON");
            let file = format!("{folder}/{}", path.file_name().expect("a file has a name").to_string_lossy());
            let ways = scenario["runs"].as_array().expect("a scenario has runs");
            let label = |way: &Value| way["label"].as_str().expect("a run has a label").to_owned();
            let others: BTreeMap<String, String> =
                ways.iter().map(|way| (label(way), cells_of(way)[0].1.clone())).collect();

            let asked: Vec<&Value> = ways.iter().filter(|way| label(way).contains("noblock")).collect();
            let golden: Vec<(String, String, String)> = asked
                .iter()
                .flat_map(|way| {
                    let parts = cells_of(way).into_iter().enumerate();
                    parts.map(|(at, (code, text))| {
                        let run = if at == 0 { format!("{}, when sent", label(way)) } else { label(way) };
                        (run, code, text)
                    })
                })
                .collect();
            let cells: Vec<String> = golden
                .chunks(2)
                .flat_map(|pair| [RESET.to_owned(), pair[0].1.clone(), pair[1].1.clone()])
                .collect();
            let all = run_each_cell(Form::Notebook, &cells, &cluster, |cli| match colors {
                true => cli.env("CLICOLOR_FORCE", "1"),
                false => cli,
            });
            let of_runs = all.chunks(3).flat_map(|chunk| &chunk[1..]);
            for ((run, _, golden), ours) in golden.iter().zip(of_runs) {
                tally.compare_among(&file, run, golden, &shown(&ours.stdout, &ours.stderr), &others);
            }
        }
    }
    tally.finish("golden %pxresults on real clusters");
}
