//! What golden tests share: where the files are, what is masked, which deviations are listed, and a tally of what was compared.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use serde::Deserialize;

use crate::workspace;

/// `$PXLENS_GOLDEN` where it is set, else [`own_folder`].
pub fn folder() -> PathBuf {
    std::env::var_os("PXLENS_GOLDEN").map_or_else(own_folder, PathBuf::from)
}

/// `tests/golden` of this workspace, where recordings and deviations are even if the golden data is elsewhere.
pub fn own_folder() -> PathBuf {
    workspace().join("tests/golden")
}

/// A text without what differs between machines and processes: addresses, process ids in `ipykernel_*` paths, and the
/// folders of Python's packages.
pub fn mask(text: &str) -> String {
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

/// The files of a folder of the golden data that end in `.<extension>`, by name.
pub fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    files_in(&folder().join(under), extension)
}

/// The files of a folder that end in `.<extension>`, by name.
pub fn files_in(path: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// An intended difference from the golden data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    /// The golden file, relative to the folder. A pattern with `*`, which stands for anything, may also match runs that do
    /// not deviate.
    file: String,
    /// The run in that file, or a pattern likewise.
    run: String,
    /// The section of the reference that says why.
    #[allow(dead_code, reason = "for readers of the list; every deviation must name one")]
    section: String,
    /// Why, for readers of the tally.
    #[serde(default)]
    why: String,
    /// The text of pxlens.
    #[serde(default)]
    ours: String,
    /// Instead of `ours`: the run of the same file whose golden text is that of pxlens.
    ours_as: Option<String>,
}

impl Deviation {
    fn fits(&self, file: &str, run: &str) -> bool {
        fits(&self.file, file) && fits(&self.run, run)
    }

    fn is_pattern(&self) -> bool {
        self.file.contains('*') || self.run.contains('*')
    }
}

/// Whether a text matches a pattern, in which the first `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

/// Compares texts of pxlens with golden ones, and counts them.
#[derive(Debug)]
pub struct Tally {
    /// Each with how often it was seen.
    listed: Vec<(Deviation, usize)>,
    compared: usize,
    skipped: BTreeMap<String, usize>,
    failures: Vec<String>,
}

impl Tally {
    /// A tally with the deviations in `deviations.toml` of files under this folder.
    pub fn new(under: &str) -> Self {
        Self::listed_in("deviations.toml", under)
    }

    /// Likewise, with the deviations in another file of `tests/golden`.
    pub fn listed_in(list: &str, under: &str) -> Self {
        let path = own_folder().join(list);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let listed: Listed =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::with(
            listed.deviation.into_iter().filter(|deviation| deviation.file.starts_with(under)).collect(),
        )
    }

    fn with(listed: Vec<Deviation>) -> Self {
        Self {
            listed: listed.into_iter().map(|deviation| (deviation, 0)).collect(),
            compared: 0,
            skipped: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Counts a run that is not compared, with the reason.
    pub fn skip(&mut self, why: &str) {
        *self.skipped.entry(why.to_owned()).or_default() += 1;
    }

    /// Compares one run of a file.
    pub fn compare(&mut self, file: &str, run: &str, golden: &str, ours: &str) {
        self.compare_among(file, run, golden, ours, &BTreeMap::new());
    }

    /// Compares one run of a file; `others` has the golden texts of its runs, for deviations with `ours_as`.
    pub fn compare_among(
        &mut self,
        file: &str,
        run: &str,
        golden: &str,
        ours: &str,
        others: &BTreeMap<String, String>,
    ) {
        self.compared += 1;
        // A name takes precedence over a pattern.
        let found = [false, true].iter().find_map(|is_pattern| {
            self.listed
                .iter()
                .position(|(listed, _)| listed.is_pattern() == *is_pattern && listed.fits(file, run))
        });
        let Some((deviation, seen)) = found.map(|at| &mut self.listed[at]) else {
            if golden != ours {
                let texts = format!("--- golden\n{golden}\n--- pxlens\n{ours}");
                self.failures.push(format!("{file}, {run}: differs from the golden text\n{texts}"));
            }
            return;
        };
        let is_pattern = deviation.is_pattern();
        if golden == ours && is_pattern {
            return;
        }
        *seen += 1;
        let expected = match &deviation.ours_as {
            None => Some(&deviation.ours),
            Some(other) => others.get(other),
        };
        if golden == ours {
            self.failures.push(format!("{file}, {run}: listed as a deviation, but does not deviate"));
        } else if expected.is_none_or(|expected| expected != ours) {
            self.failures.push(format!(
                "{file}, {run}: deviates otherwise than listed\n--- golden\n{golden}\n--- pxlens\n{ours}"
            ));
        }
    }

    /// One sentence for each difference that is not listed, and for each listed one that was not found.
    fn failures(&self) -> Vec<String> {
        let unseen = self.listed.iter().filter(|(_, seen)| *seen == 0).map(|(deviation, _)| {
            format!("{}, {}: listed as a deviation, but never compared", deviation.file, deviation.run)
        });
        self.failures.iter().cloned().chain(unseen).collect()
    }

    /// Prints the tally. Panics if a difference is not listed, or a listed one was not found.
    #[allow(clippy::print_stdout, reason = "the tally is the report of a golden test")]
    pub fn finish(self, name: &str) {
        let deviating: usize = self.listed.iter().map(|(_, seen)| seen).sum();
        let skipped: usize = self.skipped.values().sum();
        println!(
            "{name}: {} compared, {deviating} deviating, {skipped} skipped {:?}",
            self.compared, self.skipped
        );
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (deviation, seen) in self.listed.iter().filter(|(deviation, _)| !deviation.why.is_empty()) {
            *reasons.entry(&deviation.why).or_default() += seen;
        }
        for (why, count) in reasons {
            println!("  {count:4} {why}");
        }
        let failures = self.failures();
        assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
    }
}

#[test]
fn a_tally_fails_on_unlisted_deviations_and_on_listed_ones_that_are_not_found() {
    let listed = |run: &str, ours: &str| Deviation {
        file: "display/x.json".to_owned(),
        run: run.to_owned(),
        section: "6.5".to_owned(),
        ours: ours.to_owned(),
        ..Deviation::default()
    };
    let pattern =
        Deviation { file: "display/*".to_owned(), ours_as: Some("first".to_owned()), ..listed("again*", "") };
    let mut tally = Tally::with(vec![
        listed("meant", "b"),
        listed("other", "c"),
        listed("gone", "b"),
        listed("unseen", ""),
        pattern,
    ]);
    let others = BTreeMap::from([("first".to_owned(), "f".to_owned())]);
    for (run, ours) in [("again and again", "f"), ("again, as golden", "a"), ("again, otherwise", "b")] {
        tally.compare_among("display/x.json", run, "a", ours, &others);
    }
    for (run, golden, ours) in [
        ("same", "a", "a"),
        ("meant", "a", "b"),
        ("unlisted", "a", "b"),
        ("other", "a", "b"),
        ("gone", "b", "b"),
    ] {
        tally.compare("display/x.json", run, golden, ours);
    }
    let failures = tally.failures();
    let first_lines: Vec<&str> = failures.iter().filter_map(|failure| failure.lines().next()).collect();
    assert_eq!(
        first_lines,
        [
            "display/x.json, again, otherwise: deviates otherwise than listed",
            "display/x.json, unlisted: differs from the golden text",
            "display/x.json, other: deviates otherwise than listed",
            "display/x.json, gone: listed as a deviation, but does not deviate",
            "display/x.json, unseen: listed as a deviation, but never compared",
        ]
    );
}
