//! The walking skeleton's memory: 16 simulated engines write 100,000 lines each through cluster client, run task and
//! publisher of the real server, to a client that acknowledges what it paints.
//!
//! The server is a process of its own; its peak is what the system says (`VmHWM`). The simulation lives in this process, and
//! never drops a line by itself.

use std::{fs, path::PathBuf, time::Instant};

use anyhow::{Context, Result, ensure};
use pxlens_tests::{
    lsp::Client,
    sim::{Script, Sim},
};
use serde_json::{Value, json};

const ENGINES: u32 = 16;
const LINES: usize = 100_000;
const LINE_BYTES: usize = 64;

pub(crate) async fn measure() -> Result<()> {
    let sim =
        Sim::builder().engines(ENGINES).on("flood()", Script::new().flood(LINES, LINE_BYTES)).start().await;
    tokio::task::spawn_blocking(move || flood(&sim)).await?
}

fn flood(sim: &Sim) -> Result<()> {
    let mut client = Client::vscode(server()?)
        .args(["lsp"])
        .options(json!({ "trusted": true, "cluster": sim.connection_file() }))
        .start();
    let uri = "file:///bench/flood.py";
    client.open(uri, "%%px\nflood()\n");
    let before = resident(client.pid(), "VmRSS:")?;
    let begun = Instant::now();
    client.request("px/run", json!({ "uri": uri, "scope": "all" }));
    let last = client.expect("px/outputs", |outputs| {
        outputs["cells"].as_array().is_some_and(|cells| cells.iter().any(|cell| is_over(&cell["state"])))
    });
    let seconds = begun.elapsed().as_secs_f64();
    let updates = 1 + client.heard("px/outputs").len();
    let peak = resident(client.pid(), "VmHWM:")?;
    let result =
        client.request("px/result", json!({ "uri": uri, "position": { "line": 0, "character": 0 } }));
    let groups = result["groups"].as_array().map_or(0, Vec::len);
    ensure!(groups == ENGINES as usize, "every engine wrote lines of its own, so each is a group: {result}");
    let text = ENGINES as usize * LINES * LINE_BYTES;
    println!(
        "Walking skeleton: {ENGINES} engines × {LINES} lines of {LINE_BYTES} bytes ({} MB of text)\n",
        text / 1_000_000
    );
    println!(
        "| resident before MB | peak resident MB | seconds | updates to the editor | bytes of the last one |"
    );
    println!("|---|---|---|---|---|");
    println!("| {before:.1} | {peak:.1} | {seconds:.1} | {updates} | {} |\n", last.to_string().len());
    Ok(())
}

fn is_over(state: &Value) -> bool {
    matches!(state.as_str(), Some("succeeded" | "failed"))
}

/// The server's binary: beside this one, where `cargo xtask bench` builds both.
pub(crate) fn server() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(format!("pxlens{}", std::env::consts::EXE_SUFFIX));
    ensure!(path.exists(), "{} is missing: run `cargo xtask bench`, which builds it", path.display());
    Ok(path)
}

/// A size from `/proc/PID/status`, in MB.
fn resident(pid: u32, key: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(key)).context("the size is there on Linux")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024.0)
}
