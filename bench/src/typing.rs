//! What typing costs: CPU time of the language server for one typed character, and for an answer of all lenses, in a script
//! of 100,000 lines with 2,000 px cells.
//!
//! The server is a process of its own, connected to simulated engines. Its CPU time is what the system counted for all its
//! threads, from a message until they rest; so everything a character sets off is in it: reading the message,
//! the index, diagnostics, the publisher. Beside it stands what an index that reads the whole text at each character would
//! cost for the reading alone, measured in this process.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use pxlens::internals::{Dialect, recognize};
use pxlens_tests::{lsp::Client, sim::Sim};
use serde_json::{Value, json};

use crate::{
    cpu::{own_thread, rested},
    servers::{self, Server},
};

const LINES: usize = 100_000;
const CELLS: usize = 2_000;
const KEYS: usize = 300;
const ANSWERS: usize = 30;
const SCRIPT: &str = "file:///bench/typing.py";
const UNMARKED: &str = "file:///bench/unmarked.py";

pub(crate) async fn measure(against: Option<&Path>) -> Result<()> {
    let servers = servers::all(against)?;
    let sim = Sim::builder().engines(4).start().await;
    tokio::task::spawn_blocking(move || type_into(&servers, &sim)).await?
}

fn type_into(servers: &[Server], sim: &Sim) -> Result<()> {
    let text = script();
    ensure!(text.lines().count() == LINES, "{} lines", text.lines().count());
    println!(
        "Typing into a script of {LINES} lines ({:.1} MB) with {CELLS} px cells: CPU of the server, all threads, until they \
         rest; {KEYS} characters each, {ANSWERS} answers.\n",
        text.len() as f64 / 1e6
    );
    println!("| what | server | p50 ms | p90 ms | mean ms |");
    println!("|---|---|---|---|---|");

    let mut editors =
        servers.iter().map(|server| Editor::open(server, sim, &text)).collect::<Result<Vec<_>>>()?;
    let places = [
        ("a character in the body of a px cell", "    total_1000 += "),
        ("a character in local code", "local_1000 = "),
        ("a character in the options of a px cell", "%%px --targets "),
        ("a character in a %pxconfig above 1,000 px cells", "%pxconfig --progress-after "),
    ];
    for (what, begin) in places {
        let place = place(&text, begin).with_context(|| format!("{begin:?} is there"))?;
        for editor in &mut editors {
            let costs = (0..KEYS).map(|key| editor.type_one(place, key)).collect::<Result<_>>()?;
            row(what, editor.name, costs);
        }
    }
    let unmarked = unmarked();
    ensure!(unmarked.lines().count() == LINES, "{} lines", unmarked.lines().count());
    for editor in &mut editors {
        editor.client.open(UNMARKED, &unmarked);
        rested(editor.client.pid())?;
    }
    for (what, begin) in [
        ("a character in a call, without any marker in the script", "    report_3000(name, "),
        ("a character in an assignment, without any marker in the script", "limit_3000 = "),
    ] {
        let place = place(&unmarked, begin).with_context(|| format!("{begin:?} is there"))?;
        for editor in &mut editors {
            editor.version = 1;
            let costs = (0..KEYS).map(|key| editor.type_into(UNMARKED, place, key)).collect::<Result<_>>()?;
            row(what, editor.name, costs);
        }
    }
    let document = json!({ "textDocument": { "uri": SCRIPT } });
    for (what, method, params) in [
        ("all lenses", "textDocument/codeLens", document),
        ("px/cells", "px/cells", json!({ "uri": SCRIPT })),
    ] {
        for editor in &mut editors {
            let costs = (0..ANSWERS).map(|_| editor.ask(method, &params)).collect::<Result<_>>()?;
            row(what, editor.name, costs);
        }
    }

    let mut costs = Vec::new();
    for _ in 0..ANSWERS {
        let before = own_thread()?;
        let cells = recognize(&text, Dialect::Script)?;
        costs.push(own_thread()? - before);
        // A %pxconfig is a px cell as well.
        ensure!(cells.cells.len() >= CELLS);
    }
    row("for comparison: reading the whole text anew", "", costs);
    println!("\nThe answer of all lenses has {:.2} MB.\n", editors[0].lenses as f64 / 1e6);
    Ok(())
}

/// A server with the script open.
struct Editor {
    name: &'static str,
    client: Client,
    version: i32,
    /// Bytes of the answer of all lenses.
    lenses: usize,
}

impl Editor {
    fn open(server: &Server, sim: &Sim, text: &str) -> Result<Self> {
        let mut client = Client::vscode(&server.path)
            .args(["lsp"])
            .options(json!({ "trusted": true, "cluster": sim.connection_file() }))
            .start();
        client.open(SCRIPT, text);
        client.ask_until("px/engines", &json!({}), |found| found["clusters"][0]["inUse"] == true);
        let lenses = client.request("textDocument/codeLens", json!({ "textDocument": { "uri": SCRIPT } }));
        let run = lenses.as_array().map_or(0, |all| all.iter().filter(|lens| is_run(lens)).count());
        ensure!(run == CELLS, "{run} of {CELLS} px cells have a lens to run them");
        Ok(Self { name: server.name, client, version: 1, lenses: lenses.to_string().len() })
    }

    /// Types a character, or takes the one before back, so that lines stay as long as lines are.
    fn type_one(&mut self, place: (usize, usize), key: usize) -> Result<Duration> {
        self.type_into(SCRIPT, place, key)
    }

    fn type_into(&mut self, uri: &str, (line, character): (usize, usize), key: usize) -> Result<Duration> {
        self.version += 1;
        let at = json!({ "line": line, "character": character });
        let (end, typed) = match key % 2 {
            0 => (at.clone(), char::from(b'0' + u8::try_from(key % 10)?).to_string()),
            _ => (json!({ "line": line, "character": character + 1 }), String::new()),
        };
        let params = json!({
            "textDocument": { "uri": uri, "version": self.version },
            "contentChanges": [{ "range": { "start": at, "end": end }, "text": typed }],
        });
        let before = rested(self.client.pid())?;
        self.client.notify("textDocument/didChange", params);
        Ok(rested(self.client.pid())? - before)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Duration> {
        let before = rested(self.client.pid())?;
        self.client.request(method, params.clone());
        Ok(rested(self.client.pid())? - before)
    }
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

/// A script without any marker, of functions, calls, loops and assignments, with blank lines now and then.
fn unmarked() -> String {
    const PART: usize = 25;
    let mut text = String::new();
    for number in 0..LINES / PART {
        text.push_str(&format!(
            "def report_{number}(name, value, limit=1.0):\n    \"\"\"Says what is beyond its limit.\"\"\"\n    beyond = value - limit\n\n"
        ));
        text.push_str("    if beyond > 0:\n        print(f'{name}: {beyond:.3f}')\n    return beyond\n\n\n");
        text.push_str(&format!("limit_{number} = load('limits', {number})\nrows = table[{number}]\n\n"));
        text.push_str(&format!("# What is beyond limit {number}\nfor name, value in rows:\n"));
        text.push_str(&format!("    report_{number}(name, value, limit_{number})\n    total += value\n\n"));
        text.push_str(&format!("options = {{\n    'limit': limit_{number},\n    'rows': len(rows),\n}}\n"));
        text.push_str(&format!("store('step_{number}', options)\nstep = step + 1\nshow(total, step)\n\n"));
    }
    text
}

/// The first line of the second half that begins so, and the column behind that.
fn place(text: &str, begin: &str) -> Option<(usize, usize)> {
    let (line, _) = text.lines().enumerate().skip(LINES / 2).find(|(_, line)| line.starts_with(begin))?;
    Some((line, begin.len()))
}

fn row(what: &str, server: &str, mut costs: Vec<Duration>) {
    costs.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let rank = |part: f64| millis(costs[((costs.len() - 1) as f64 * part).round() as usize]);
    let mean = millis(costs.iter().sum()) / costs.len() as f64;
    println!("| {what} | {server} | {:.3} | {:.3} | {mean:.3} |", rank(0.5), rank(0.9));
}
