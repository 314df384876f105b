//! What `pxlens run --plain` prints on a real cluster, against what ipyparallel's `%%px --no-stream` printed.
//!
//! The golden files hold each scenario run in several ways; those labelled `no-stream …` are compared. One mask
//! is applied to both sides: addresses, the files that ipykernel gives cells, and where Python's packages lie.
//! `deviations.toml` lists the differences that are meant; one that is not listed fails the test, and so does a
//! listed one that does not differ any more.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pxlens_tests::real;
use regex::Regex;
use serde_json::Value;

use crate::program::{Written, run};

/// Makes engines as they were when the golden files were captured: the next prompt is `[1]`, and a warning that
/// was shown before is shown again.
pub(crate) const AS_CAPTURED: &str = r#"
rc[:].execute("""
get_ipython().execution_count = 1
getattr(__import__('sys').modules['IPython.core.interactiveshell'], '__warningregistry__', {}).clear()
""", silent=True, block=True)
"#;

pub(crate) fn golden() -> PathBuf {
    std::env::var_os("PXLENS_GOLDEN")
        .map_or_else(|| pxlens_tests::workspace().join("tests/golden"), PathBuf::from)
}

/// What differs from one machine or process to the next.
pub(crate) fn mask(text: &str) -> String {
    let rules = [
        (r"0x[0-9a-f]{6,}", "0xADDRESS"),
        (r#"(?:/[^\s"'\x1b()<>\[\]]*/ipykernel_\d+/|<tmp>/ipykernel/)"#, "<ipykernel>/"),
        (r#"(?:/[^\s"'\x1b()<>\[\]]*/lib/python3\.\d+/site-packages/|<site-packages>/)"#, "<packages>/"),
        (r#"(?:/[^\s"'\x1b()<>\[\]]*/lib/python3\.\d+/|<stdlib>/)"#, "<python>/"),
    ];
    rules.into_iter().fold(text.to_owned(), |text, (pattern, to)| {
        Regex::new(pattern).expect("a valid pattern").replace_all(&text, to).into_owned()
    })
}

/// The two streams of a terminal, which a program's pipes keep apart.
fn streams(writes: &Value) -> [String; 2] {
    let writes: Vec<(String, String)> = serde_json::from_value(writes.clone()).expect("[stream, text] pairs");
    ["stdout", "stderr"].map(|wanted| {
        let texts = writes.iter().filter(|(stream, _)| stream == wanted).map(|(_, text)| text.as_str());
        mask(&texts.collect::<String>())
    })
}

pub(crate) fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths
}

/// What was compared, and how it came out.
#[derive(Default)]
struct Tally {
    compared: usize,
    skipped: usize,
    listed: BTreeSet<(String, String)>,
    deviating: BTreeSet<(String, String)>,
    differences: Vec<String>,
}

impl Tally {
    fn new() -> Self {
        let path = golden().join("deviations.toml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let table: toml::Table = toml::from_str(&text).expect("deviations.toml is TOML");
        let list = table.get("deviation").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let listed = list.iter().map(|one| {
            let field = |name: &str| one[name].as_str().expect("a text").to_owned();
            (field("file"), field("run"))
        });
        Self { listed: listed.filter(|(file, _)| file.starts_with("display/")).collect(), ..Self::default() }
    }

    fn compare(&mut self, file: &str, label: &str, golden: &[String; 2], ours: &[String; 2]) {
        self.compared += 1;
        if golden == ours {
            return;
        }
        let key = (file.to_owned(), label.to_owned());
        if !self.listed.contains(&key) {
            self.differences.push(format!("{file}, {label}:\n  golden {golden:?}\n  ours   {ours:?}"));
        }
        self.deviating.insert(key);
    }

    fn finish(self) {
        let Self { compared, skipped, listed, deviating, differences } = self;
        #[expect(clippy::print_stdout, reason = "what was compared is to be read in the test's output")]
        {
            println!(
                "golden displays: {compared} compared, {} deviating, {skipped} skipped",
                deviating.len()
            );
        }
        let healed: Vec<_> = listed.difference(&deviating).collect();
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
        assert!(healed.is_empty(), "listed in deviations.toml, and not deviating any more: {healed:?}");
        assert!(compared > 0, "no golden run was compared");
    }
}

#[test]
fn golden_displays_on_real_clusters() {
    let mut tally = Tally::new();
    for (folder, engines, colors) in
        [("display", 4, false), ("display/terminal_with_colors", 4, true), ("display/six_engines", 6, false)]
    {
        let mut cluster = real::shared(engines);
        for path in scenarios(&golden().join(folder)) {
            let text = fs::read_to_string(&path).expect("a readable scenario");
            let scenario: Value = serde_json::from_str(&text).expect("a scenario is JSON");
            let name = path.file_name().expect("a file has a name").to_string_lossy();
            for way in scenario["runs"].as_array().expect("a scenario has runs") {
                let label = way["label"].as_str().expect("a run has a label");
                if !label.contains("no-stream") {
                    tally.skipped += 1;
                    continue;
                }
                // The frontends' captures name the parts of their one cell differently.
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
                tally.compare(&file, label, &streams(writes), &[mask(&done.stdout), mask(&done.stderr)]);
            }
        }
    }
    tally.finish();
}
