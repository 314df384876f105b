//! The tour in `examples/`: its cells give the same groups in the script and in the notebook.

use std::path::PathBuf;

use pxlens_tests::{cli::Done, real};
use serde_json::Value;

use crate::program::{events, run};

fn example(name: &str) -> PathBuf {
    pxlens_tests::workspace().join("examples").join(name)
}

/// What was shown, one text per run, sorted. Without titles, which name lines, and with two masks: for the headings of errors,
/// whose text is cut to make room for the name of the file, and for times.
fn groups(done: &Done) -> Vec<String> {
    let shown: Vec<&str> = done.stdout.lines().filter(|line| !line.starts_with("── px cell")).collect();
    let took = regex::Regex::new(r"· [0-9.]+ m?s\b").expect("a valid pattern");
    let place = regex::Regex::new(r"(✗ \[1\] TypeError): .* · tour\.(py|ipynb cell [0-9]+,) line [0-9]+ ─+");
    let place = place.expect("a valid pattern");
    let shown = took.replace_all(&shown.join("\n"), "· <time>").into_owned();
    let shown = place.replace_all(&shown, "$1 · <place>");
    let mut runs: Vec<String> = shown.split("Parallel execution on").map(str::to_owned).collect();
    runs.sort();
    runs
}

/// The exact code of each cell, and how it ended on each engine.
fn runs(done: &Done) -> Vec<[Value; 3]> {
    let wanted =
        |event: &Value| ["run", "result", "error", "ended"].iter().any(|name| event["event"] == *name);
    let mut runs: Vec<[Value; 3]> = events(done)
        .iter()
        .filter(|event| wanted(event))
        .map(|event| {
            let what = match event["event"].as_str() {
                Some("run") => event["code"].clone(),
                Some("result") => event["data"]["text/plain"].clone(),
                Some("error") => event["evalue"].clone(),
                _ => event["state"].clone(),
            };
            [event["cell"].clone(), event["engine"].clone(), what]
        })
        .collect();
    runs.sort_by_key(|parts| parts.iter().map(Value::to_string).collect::<Vec<_>>());
    runs
}

#[test]
fn the_tour_gives_the_same_groups_as_a_script_and_as_a_notebook() {
    let mut cluster = real::shared(4);
    let mut tour = |name: &str, flag: &str| {
        cluster.reset_counts();
        run(&example(name), &cluster.connection_file()).args(["--keep-going", flag]).run()
    };
    let (script, notebook) = (tour("tour.py", "--group-by=fold"), tour("tour.ipynb", "--group-by=fold"));
    assert_eq!(script.status, notebook.status);
    assert!(script.stdout.contains("[0-3]"), "engines fold into one group: {}", script.stdout);
    let with_error = |run: &String| run.contains("✗ [1] TypeError · <place>");
    assert!(groups(&script).iter().any(with_error), "{}", script.stdout);
    assert_eq!(groups(&script), groups(&notebook));

    let (script, notebook) = (tour("tour.py", "--json"), tour("tour.ipynb", "--json"));
    assert_eq!(runs(&script), runs(&notebook));
    assert!(runs(&script).len() > 8, "the tour runs some cells");
}
