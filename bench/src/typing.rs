//! What typing costs: CPU time of the language server for one typed character, and for an answer of all lenses, in a script
//! of 100,000 lines with 2,000 px cells.
//!
//! The server is a process of its own, connected to simulated engines. Its CPU time is what the system's scheduler counted
//! for all its threads, from a message until they rest; so everything a character sets off is in it: reading the message,
//! the index, diagnostics, the publisher. Beside it stands what an index that reads the whole text at each character would
//! cost for the reading alone, measured in this process.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use pxlens::cells::{Dialect, recognize};
use pxlens_tests::{lsp::Client, sim::Sim};
use serde_json::{Value, json};

use crate::skeleton::server;

const LINES: usize = 100_000;
const CELLS: usize = 2_000;
const KEYS: usize = 300;
const ANSWERS: usize = 30;
/// How long threads must have rested to count as done.
const REST: Duration = Duration::from_millis(4);

pub(crate) async fn measure() -> Result<()> {
    let sim = Sim::builder().engines(4).start().await;
    tokio::task::spawn_blocking(move || type_into(&sim)).await?
}

fn type_into(sim: &Sim) -> Result<()> {
    let text = script();
    ensure!(text.lines().count() == LINES, "{} lines", text.lines().count());
    println!(
        "Typing into a script of {LINES} lines ({:.1} MB) with {CELLS} px cells: CPU of the server, all threads, until they \
         rest; {KEYS} characters each, {ANSWERS} answers.\n",
        text.len() as f64 / 1e6
    );
    println!("| what | p50 ms | p90 ms | mean ms |");
    println!("|---|---|---|---|");

    let mut client = Client::vscode(server()?)
        .args(["lsp"])
        .options(json!({ "trusted": true, "cluster": sim.connection_file() }))
        .start();
    let uri = "file:///bench/typing.py";
    client.open(uri, &text);
    let document = json!({ "textDocument": { "uri": uri } });
    client.ask_until("px/engines", &json!({}), |found| found["clusters"][0]["inUse"] == true);
    let lenses = client.request("textDocument/codeLens", document.clone());
    let run = lenses.as_array().map_or(0, |all| all.iter().filter(|lens| is_run(lens)).count());
    ensure!(run == CELLS, "{run} of {CELLS} px cells have a lens to run them");
    let bytes = lenses.to_string().len();

    let mut version = 1;
    let places = [
        ("a character in the body of a px cell", "    total_1000 += "),
        ("a character in local code", "local_1000 = "),
        ("a character in the options of a px cell", "%%px --targets "),
        ("a character in a %pxconfig above 1,000 px cells", "%pxconfig --progress-after "),
    ];
    for (what, begin) in places {
        let (line, character) = place(&text, begin).with_context(|| format!("{begin:?} is there"))?;
        let mut costs = Vec::new();
        for key in 0..KEYS {
            version += 1;
            let typed = char::from(b'0' + u8::try_from(key % 10)?).to_string();
            let at = json!({ "line": line, "character": character });
            // Every other one is taken back, so that lines stay as long as lines are.
            let (end, typed) = match key % 2 {
                0 => (at.clone(), typed),
                _ => (json!({ "line": line, "character": character + 1 }), String::new()),
            };
            let params = json!({
                "textDocument": { "uri": uri, "version": version },
                "contentChanges": [{ "range": { "start": at, "end": end }, "text": typed }],
            });
            let before = rested(client.pid())?;
            client.notify("textDocument/didChange", params);
            costs.push(rested(client.pid())? - before);
        }
        row(what, costs);
    }

    for (what, method, params) in
        [("all lenses", "textDocument/codeLens", document), ("px/cells", "px/cells", json!({ "uri": uri }))]
    {
        let mut costs = Vec::new();
        for _ in 0..ANSWERS {
            let before = rested(client.pid())?;
            client.request(method, params.clone());
            costs.push(rested(client.pid())? - before);
        }
        row(what, costs);
    }

    let mut costs = Vec::new();
    for _ in 0..ANSWERS {
        let before = own_thread()?;
        let cells = recognize(&text, Dialect::Script)?;
        costs.push(own_thread()? - before);
        // A %pxconfig is a px cell as well.
        ensure!(cells.cells.len() >= CELLS);
    }
    row("for comparison: reading the whole text anew", costs);
    println!("\nThe answer of all lenses has {:.2} MB.\n", bytes as f64 / 1e6);
    Ok(())
}

fn is_run(lens: &Value) -> bool {
    lens["command"]["title"].as_str().is_some_and(|title| title.starts_with("▶ Run on"))
}

/// A script as people write them: px cells with and without options, local code between them, a `%pxconfig` at times.
fn script() -> String {
    let mut text = String::new();
    for number in 0..CELLS {
        let mut part = String::new();
        let options = match number % 4 {
            0 => " --targets ::2",
            1 => " --noblock -e",
            2 => " --targets 0,2 --stream",
            _ => "",
        };
        part.push_str(&format!("# %% Step {number}\n%%px{options}\nimport numpy as np\n\n"));
        part.push_str(&format!("def step_{number}(values, weight=1.0):\n"));
        part.push_str("    \"\"\"Adds up what is left – “weighted”.\"\"\"\n");
        part.push_str(&format!("    total_{number} = 0.0\n"));
        for index in 0..12 {
            part.push_str(&format!(
                "    total_{number} += weight * values[{index}] if len(values) > {index} else 0\n"
            ));
        }
        part.push_str(&format!("    return total_{number}\n\nprint(rank, step_{number}(range(12)))\n\n"));
        part.push_str("# %%\n");
        if number % 250 == 0 {
            part.push_str(&format!("%pxconfig --progress-after {number}\n"));
        }
        part.push_str(&format!("local_{number} = [\n    ('a', 1),\n    ('b', 2),\n]\n"));
        part.push_str(&format!("# What came back of step {number}\nfor name, value in local_{number}:\n"));
        let lines = LINES / CELLS - 1;
        for index in part.lines().count()..lines {
            part.push_str(&format!("    print(f'{{name}}: {{value:>{index}}}')\n"));
        }
        part.push('\n');
        text.push_str(&part);
    }
    text
}

/// The first line of the second half that begins so, and the column behind that.
fn place(text: &str, begin: &str) -> Option<(usize, usize)> {
    let (line, _) = text.lines().enumerate().skip(LINES / 2).find(|(_, line)| line.starts_with(begin))?;
    Some((line, begin.len()))
}

fn row(what: &str, mut costs: Vec<f64>) {
    costs.sort_by(f64::total_cmp);
    let rank = |part: f64| costs[((costs.len() - 1) as f64 * part).round() as usize] * 1e3;
    let mean = costs.iter().sum::<f64>() / costs.len() as f64 * 1e3;
    println!("| {what} | {:.3} | {:.3} | {mean:.3} |", rank(0.5), rank(0.9));
}

/// The CPU seconds of a process once it rests.
fn rested(pid: u32) -> Result<f64> {
    let mut last = (threads(pid)?, Instant::now());
    loop {
        std::thread::sleep(REST / 4);
        let now = threads(pid)?;
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > REST {
            return Ok(now as f64 / 1e9);
        }
    }
}

/// What all threads of a process ran so far, in nanoseconds.
fn threads(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that ended meanwhile has nothing to add.
        sum += schedstat(&thread?.path().join("schedstat")).unwrap_or(0);
    }
    Ok(sum)
}

/// What this thread ran so far, in seconds.
fn own_thread() -> Result<f64> {
    Ok(schedstat("/proc/thread-self/schedstat".as_ref())? as f64 / 1e9)
}

fn schedstat(path: &std::path::Path) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    Ok(text.split_whitespace().next().context("the time on the CPU comes first")?.parse()?)
}
