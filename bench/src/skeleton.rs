//! The walking skeleton's memory: 16 simulated engines write 100,000 lines each through cluster client, run task and
//! publisher of the real server, to a client that acknowledges what it paints.
//!
//! The server is a process of its own; its peak is what the system says (`VmHWM`). The simulation lives in this process, and
//! never drops a line by itself. Then the same of one message of 100 MB.

use std::{fs, time::Instant};

use anyhow::{Context, Result, ensure};
use pxlens_tests::{
    lsp::Client,
    sim::{Script, Sim},
};
use serde_json::{Value, json};

use crate::servers;

const ENGINES: u32 = 16;
const LINES: usize = 100_000;
const LINE_BYTES: usize = 64;
const BIG: usize = 100_000_000;

/// Bytes that each engine writes in a flood, and how many engines do.
const FLOOD: usize = 200_000_000;
const FLOOD_ENGINES: u32 = 4;

/// What a flood may take beside three times its largest message, in MB.
const HELD: f64 = 128.0;

/// Bytes of a display in a flood of them.
const DISPLAY: usize = 500_000;

/// Floods of text of other shapes: how many bytes a message and a line have.
const SHAPES: [(&str, usize, usize); 5] = [
    ("lines of 80 bytes, a hundred in a message", 8_000, 80),
    ("lines of 10 kB", 10_000, 10_000),
    ("lines of 1 MB", 1_000_000, 1_000_000),
    ("one line that never ends, 64 kB at a time", 64_000, usize::MAX),
    ("messages of 20 MB with short lines", 20_000_000, 80),
];

pub(crate) async fn measure() -> Result<()> {
    let flood = Script::new().flood(LINES, LINE_BYTES);
    let sim = Sim::builder().engines(ENGINES).on("flood()", flood).start().await;
    tokio::task::spawn_blocking(move || flood_of_lines(&sim)).await??;
    let big = Script::new().stdout("x".repeat(79) + "\n").stdout(("y".repeat(99) + "\n").repeat(BIG / 100));
    let sim = Sim::builder().engines(1).on("big()", big).start().await;
    tokio::task::spawn_blocking(move || one_big_message(&sim)).await??;
    println!("| {FLOOD_ENGINES} engines × {} MB | peak MB | held MB | may be MB |", FLOOD / 1_000_000);
    println!("|---|---|---|---|");
    let mut too_much = Vec::new();
    let mut floods = Vec::new();
    for (shape, message, line) in SHAPES {
        let text = if line == usize::MAX {
            "x".repeat(message)
        } else {
            ("x".repeat(line - 1) + "\n").repeat(message / line)
        };
        let flood = (0..FLOOD / message).fold(Script::new(), |script, _| script.stdout(text.clone()));
        floods.push((shape, message, flood));
    }
    let data = || json!({ "text/plain": "x".repeat(DISPLAY) });
    let cleared = |script: Script, _| script.clear_output(true).display(data());
    let cleared = (0..FLOOD / DISPLAY).fold(Script::new(), cleared);
    floods.push(("displays of 500 kB, each cleared before the next", DISPLAY, cleared));
    let first = Script::new().display_id("bar", data());
    let updated = (1..FLOOD / DISPLAY).fold(first, |script, _| script.update_display("bar", data()));
    floods.push(("displays of 500 kB, each replaced by the next", DISPLAY, updated));
    for (shape, message, flood) in floods {
        let sim = Sim::builder().engines(FLOOD_ENGINES).on("flood()", flood).start().await;
        let watched = tokio::task::spawn_blocking(move || Watched::run(&sim, "flood()")).await??;
        let limit = HELD + 3.0 * message as f64 / f64::from(1 << 20);
        let Watched { before, peak, held, .. } = watched;
        println!("| {shape} | {peak:.1} | {held:.1} | {:.1} |", before + limit);
        if peak - before > limit {
            too_much.push(shape);
        }
    }
    println!();
    ensure!(too_much.is_empty(), "too much memory: {}", too_much.join("; "));
    Ok(())
}

fn flood_of_lines(sim: &Sim) -> Result<()> {
    let watched = Watched::run(sim, "flood()")?;
    let text = ENGINES as usize * LINES * LINE_BYTES;
    println!(
        "Walking skeleton: {ENGINES} engines × {LINES} lines of {LINE_BYTES} bytes ({} MB of text)\n",
        text / 1_000_000
    );
    watched.print();
    ensure!(
        watched.grouped == ENGINES as usize,
        "every engine is in one group: {} are in groups",
        watched.grouped
    );
    ensure!(watched.spilled == text, "the files hold {} of {text} bytes", watched.spilled);
    Ok(())
}

fn one_big_message(sim: &Sim) -> Result<()> {
    let watched = Watched::run(sim, "big()")?;
    println!("One message of {} MB\n", BIG / 1_000_000);
    watched.print();
    ensure!(watched.spilled == BIG + 80, "the file holds {} of {} bytes", watched.spilled, BIG + 80);
    Ok(())
}

/// What was seen of a language server while a px cell ran in it.
struct Watched {
    before: f64,
    peak: f64,
    /// Once all was shown.
    held: f64,
    seconds: f64,
    updates: usize,
    /// Bytes of the largest update.
    largest: usize,
    /// Engines in the groups of the result.
    grouped: usize,
    /// Bytes in the run's files.
    spilled: usize,
}

impl Watched {
    fn run(sim: &Sim, code: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut client = Client::vscode(servers::built()?)
            .args(["lsp"])
            .options(json!({
                "trusted": true,
                "cluster": sim.connection_file(),
                "limits": { "folder": folder.path() },
            }))
            .start();
        let uri = "file:///bench/flood.py";
        client.open(uri, &format!("%%px\n{code}\n"));
        let before = resident(client.pid(), "VmRSS:")?;
        let begun = Instant::now();
        client.request("px/run", json!({ "uri": uri, "scope": "all" }));
        let last = client.expect("px/outputs", |outputs| {
            outputs["cells"].as_array().is_some_and(|cells| cells.iter().any(|cell| is_over(&cell["state"])))
        });
        let seconds = begun.elapsed().as_secs_f64();
        let mut sizes: Vec<usize> =
            client.heard("px/outputs").iter().map(|update| update.to_string().len()).collect();
        sizes.push(last.to_string().len());
        let peak = resident(client.pid(), "VmHWM:")?;
        let result =
            client.request("px/result", json!({ "uri": uri, "position": { "line": 0, "character": 0 } }));
        let held = resident(client.pid(), "VmRSS:")?;
        let mut spilled = 0;
        for run in fs::read_dir(folder.path())? {
            for file in fs::read_dir(run?.path())? {
                spilled += usize::try_from(file?.metadata()?.len())?;
            }
        }
        Ok(Self {
            before,
            peak,
            held,
            seconds,
            updates: sizes.len(),
            largest: sizes.into_iter().max().unwrap_or_default(),
            grouped: result["groups"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|group| group["engines"].as_array().map_or(0, Vec::len))
                .sum(),
            spilled,
        })
    }

    fn print(&self) {
        println!(
            "| resident before MB | peak resident MB | seconds | updates to the editor | bytes of the largest | bytes in files |"
        );
        println!("|---|---|---|---|---|---|");
        let Self { before, peak, seconds, updates, largest, spilled, .. } = self;
        println!("| {before:.1} | {peak:.1} | {seconds:.1} | {updates} | {largest} | {spilled} |\n");
    }
}

fn is_over(state: &Value) -> bool {
    matches!(state.as_str(), Some("succeeded" | "failed"))
}

/// A size from `/proc/PID/status`, in MB.
pub(crate) fn resident(pid: u32, key: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(key)).context("the size is there on Linux")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}
