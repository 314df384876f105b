//! Sessions of several cells, as one notebook each on a real cluster, against what ipyparallel's terminal showed.
//!
//! Cells that do not stream are compared byte for byte, after the mask. Streamed output comes in the order in which engines
//! answer, so that only the text of each engine, its results and its errors are compared. `session_deviations.toml` lists the
//! intended differences, each with its reason.

use std::{collections::BTreeMap, fs};

use pxlens_tests::{
    golden::{Tally, files, mask},
    real::{self, RealCluster},
};
use regex::Regex;
use serde::Deserialize;

use crate::{
    golden_display::AS_CAPTURED,
    per_cell::{Form, Shown, run_each_cell_and_rest},
};

#[derive(Deserialize)]
struct Session {
    session: String,
    preamble: String,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    cell: String,
    terminal: Vec<(String, String)>,
}

impl Cell {
    fn golden(&self) -> Shown {
        let stream = |wanted: &str| {
            let texts = self.terminal.iter().filter(|(stream, _)| stream == wanted);
            texts.map(|(_, text)| text.as_str()).collect::<String>()
        };
        Shown { stdout: stream("stdout"), stderr: stream("stderr") }
    }
}

/// A masked text, also without the notebook's name and the numbers of cells and lines, which count in it.
fn masked(text: &str) -> String {
    let line = Regex::new(r"(pxlens: (?:warning: )?|\b(?:on|in) )(?:cell [0-9]+, )?line [0-9]+")
        .expect("a valid pattern");
    let file = Regex::new(r"\S*cells\.ipynb").expect("a valid pattern");
    let text = line.replace_all(text, "${1}line <n>");
    mask(&file.replace_all(&text, "<file>"))
}

pub(crate) fn whole(shown: &Shown) -> String {
    masked(&format!("<stdout>{}<stderr>{}", shown.stdout, shown.stderr))
}

/// What was shown, sorted by engine, so that the order in which the parts came does not matter.
pub(crate) fn blocks(shown: &Shown) -> String {
    let label = Regex::new(r"^\[(stdout|stderr|output):(\w+)\] ?$").expect("a valid pattern");
    let result = Regex::new(r"^Out\[(\w+):\d+\]: ?(.*)$").expect("a valid pattern");
    let error = Regex::new(r"^\[(\w+):execute\]:?$").expect("a valid pattern");
    let total = Regex::new(r"^\d+ errors$").expect("a valid pattern");
    let mut parts: BTreeMap<(String, &str), String> = BTreeMap::new();
    for text in [&shown.stdout, &shown.stderr] {
        // After a result of one line, text belongs to the last label again.
        let mut label_now = (String::new(), "text");
        let mut now = label_now.clone();
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            if let Some(found) = label.captures(bare) {
                let kind = ["stdout", "stderr", "output"].into_iter().find(|kind| *kind == &found[1]);
                label_now = (found[2].to_owned(), kind.unwrap_or("text"));
                now = label_now.clone();
            } else if let Some(found) = result.captures(bare) {
                let key = (found[1].to_owned(), "result");
                parts.entry(key.clone()).or_default().push_str(line);
                now = if found[2].is_empty() { key } else { label_now.clone() };
            } else if let Some(found) = error.captures(bare) {
                now = (found[1].to_owned(), "error");
            } else if !total.is_match(bare) {
                parts.entry(now.clone()).or_default().push_str(line);
            }
        }
    }
    let shown = parts.iter().filter(|(_, text)| !text.trim().is_empty());
    let part = |((engine, kind), text): (&(String, &str), &String)| {
        format!("<{kind}:{engine}>\n{}\n", text.trim_end())
    };
    masked(&shown.map(part).collect::<String>())
}

/// In the session `engine_death`: cells with the engine that dies in them or is shown again. How much of its last output gets
/// out differs from run to run.
const DYING: [(usize, u32); 5] = [(1, 1), (2, 1), (4, 2), (6, 2), (8, 3)];

/// In the session in which a cell is queued behind one that fails: the failing cell, since a marker between the two would run
/// before the second.
const QUEUED: &[usize] = &[0];

fn without_last_output(shown: &Shown, engine: u32) -> Shown {
    let words =
        Regex::new(&format!(r"\[stdout:(?:None|{engine})\] \nhi {engine}\n")).expect("a valid pattern");
    Shown { stdout: words.replace_all(&shown.stdout, "").into_owned(), stderr: shown.stderr.clone() }
}

/// What decides in a session whether the next cell streams, and whether it is a px cell.
struct Mode {
    streams: BTreeMap<String, bool>,
    by_default: bool,
    autopx: Option<String>,
}

impl Mode {
    /// Whether a cell is a px cell, and whether its output streams. Takes note of what it sets for later cells.
    fn of(&mut self, cell: &str) -> (bool, bool) {
        let magic = Regex::new(r"(?m)^(?:\w+ = )?%{1,2}(result|pxresult|pxconfig|autopx|px)(\w*)(.*)$");
        let Some(found) = magic.expect("a valid pattern").captures(cell) else {
            let streams = self.autopx.as_ref().map(|suffix| self.streams(suffix));
            return (streams.is_some(), streams == Some(true));
        };
        let (name, suffix, options) = (&found[1], found[2].to_owned(), &found[3]);
        let wish = match options {
            line if line.contains("--no-str") => Some(false),
            line if line.contains("--stream") => Some(true),
            _ => None,
        };
        match name {
            "autopx" => {
                self.autopx = if self.autopx.is_some() { None } else { Some(suffix) };
                (true, false)
            }
            "pxconfig" => {
                self.streams.extend(wish.map(|wish| (suffix, wish)));
                (true, false)
            }
            "px" => (true, wish.unwrap_or_else(|| self.streams(&suffix)) && !options.contains("--noblock")),
            _ => (true, false),
        }
    }

    fn streams(&self, suffix: &str) -> bool {
        self.streams.get(suffix).copied().unwrap_or(self.by_default)
    }
}

fn replay(session: &Session, file: &str, cluster: &RealCluster, tally: &mut Tally) {
    let cells: Vec<String> = session.cells.iter().map(|cell| cell.cell.clone()).collect();
    let is_interactive = session.preamble != "NONINTERACTIVE";
    let queued = if session.session == "noblock_queue_abort_after_error" { QUEUED } else { &[] };
    let (shown, rest) =
        run_each_cell_and_rest(Form::Notebook, &cells, queued, cluster, |cli| match is_interactive {
            true => cli,
            false => cli.env("IPP_NONINTERACTIVE", "1"),
        });
    let mut mode = Mode { streams: BTreeMap::new(), by_default: is_interactive, autopx: None };
    for (number, (cell, ours)) in (1..).zip(session.cells.iter().zip(&shown)) {
        let (mut golden, mut ours) = (cell.golden(), ours.clone());
        let dying = DYING.iter().find(|(cell, _)| session.session == "engine_death" && *cell == number);
        if let Some((_, engine)) = dying {
            [golden, ours] = [golden, ours].map(|shown| without_last_output(&shown, *engine));
        }
        let (is_px, streams) = mode.of(&cell.cell);
        if !is_px && golden != Shown::default() {
            assert_eq!(ours, Shown::default(), "{file}: local code {:?} showed something", cell.cell);
            tally.skip("local Python, which pxlens leaves to the kernel");
            continue;
        }
        let label = format!("cell {number}");
        if streams {
            tally.compare(file, &label, &blocks(&golden), &blocks(&ours));
        } else {
            tally.compare(file, &label, &whole(&golden), &whole(&ours));
        }
    }
    tally.compare(file, "after the last cell", &whole(&Shown::default()), &whole(&rest));
}

#[test]
fn golden_sessions_on_real_clusters() {
    let folder = "display/magics_sessions";
    let mut tally = Tally::listed_in("session_deviations.toml", folder);
    let mut shared = real::shared(4);
    let mut sessions = 0;
    for path in files(folder, "json") {
        let text = fs::read_to_string(&path).expect("a readable session");
        let session: Session = serde_json::from_str(&text).expect("a session is JSON");
        let file = format!("{folder}/{}.json", session.session);
        if session.session == "engine_death" {
            replay(&session, &file, &RealCluster::start(4), &mut tally);
        } else {
            shared.python(AS_CAPTURED);
            replay(&session, &file, &shared, &mut tally);
        }
        sessions += 1;
    }
    assert_eq!(sessions, 21);
    tally.finish("golden sessions on real clusters");
}
